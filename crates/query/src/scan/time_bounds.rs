//! The time range implied by a query's conditions, so that parts outside it are never opened.
//!
//! The range may be too wide, never too narrow: the conditions are still checked on every row.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use signals::Timestamp;
use store::TimeRange;

/// Maximum depth of nested conjunctions; deeper ones do not narrow the range.
const DEPTH_MAX: usize = 64;

/// The time range of the rows that satisfy all `filters`.
pub(crate) fn of(filters: &[Expr], time_column: &str) -> TimeRange {
    let mut range = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
    for filter in filters {
        narrow(&mut range, filter, time_column, 0);
    }
    range
}

fn narrow(range: &mut TimeRange, filter: &Expr, time_column: &str, depth: usize) {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) if depth < DEPTH_MAX => {
            narrow(range, left, time_column, depth + 1);
            narrow(range, right, time_column, depth + 1);
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            if let (true, Some(time)) = (is_column(left, time_column), literal(right)) {
                apply(range, *op, time);
            } else if let (Some(time), true, Some(op)) =
                (literal(left), is_column(right, time_column), op.swap())
            {
                apply(range, op, time);
            }
        }
        Expr::Between(between) if !between.negated && is_column(&between.expr, time_column) => {
            if let Some(low) = literal(&between.low) {
                apply(range, Operator::GtEq, low);
            }
            if let Some(high) = literal(&between.high) {
                apply(range, Operator::LtEq, high);
            }
        }
        _ => {}
    }
}

fn apply(range: &mut TimeRange, op: Operator, time: Timestamp) {
    let after = time.saturating_add(1);
    match op {
        Operator::Eq => {
            range.start = range.start.max(time);
            range.end = range.end.min(after);
        }
        Operator::Gt => range.start = range.start.max(after),
        Operator::GtEq => range.start = range.start.max(time),
        Operator::Lt => range.end = range.end.min(time),
        Operator::LtEq => range.end = range.end.min(after),
        _ => {}
    }
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Column(column) if column.name == name)
}

fn literal(expr: &Expr) -> Option<Timestamp> {
    match expr {
        Expr::Literal(ScalarValue::TimestampNanosecond(time, _), _) => *time,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::time;
    use datafusion::prelude::ident;

    #[test]
    fn bounds_narrow_the_range_from_either_side() {
        let t = || ident("start_time");
        let cases = [
            (vec![t().gt_eq(time(10)), t().lt(time(20))], (10, 20)),
            (vec![t().gt(time(10)).and(t().lt_eq(time(20)))], (11, 21)),
            (vec![time(10).lt(t()), time(20).gt_eq(t())], (11, 21)),
            (vec![t().between(time(10), time(20))], (10, 21)),
            (vec![t().eq(time(10))], (10, 11)),
            (vec![t().not_between(time(10), time(20))], (i64::MIN, i64::MAX)),
            (vec![t().lt(time(5)).or(t().gt(time(9)))], (i64::MIN, i64::MAX)),
            (vec![ident("other").lt(time(5))], (i64::MIN, i64::MAX)),
        ];
        for (filters, (start, end)) in cases {
            assert_eq!(of(&filters, "start_time"), TimeRange { start, end }, "{filters:?}");
        }
    }
}
