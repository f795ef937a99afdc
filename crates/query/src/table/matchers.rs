//! The series that a query's conditions on `name` and `labels['…']` select.
//!
//! The matchers may select too many series, never too few: the conditions are still checked on
//! every sample.

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use signals::metric::NAME_LABEL;
use signals::{MatchOp, Matcher};

use super::metrics::column;

/// Longest pattern built from a list of values; longer lists do not restrict the series.
const PATTERN_BYTES_MAX: usize = 4000;
/// Maximum depth of nested conjunctions and disjunctions.
const DEPTH_MAX: usize = 64;

/// Matchers that every series satisfying all `filters` satisfies.
pub(super) fn of(filters: &[Expr]) -> Vec<Matcher> {
    let mut matchers = Vec::new();
    for filter in filters {
        collect(filter, &mut matchers, 0);
    }
    matchers
}

fn collect(filter: &Expr, matchers: &mut Vec<Matcher>, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) = filter {
        collect(left, matchers, depth + 1);
        collect(right, matchers, depth + 1);
    } else if let Some((label, values)) = allowed(filter, 0) {
        matchers.extend(matcher(label, &values));
    }
}

fn matcher(label: &str, values: &[&str]) -> Option<Matcher> {
    // In SQL an absent label is null, so no label has the empty value.
    if values.iter().any(|value| value.is_empty()) {
        return None;
    }
    if let [value] = values {
        return Matcher::new(label, MatchOp::Equal, *value).ok();
    }
    let patterns: Vec<String> = values.iter().map(|value| regex::escape(value)).collect();
    let pattern = patterns.join("|");
    (pattern.len() <= PATTERN_BYTES_MAX)
        .then(|| Matcher::new(label, MatchOp::Regex, pattern).ok())
        .flatten()
}

/// The label of a condition, and the values that it allows.
fn allowed(filter: &Expr, depth: usize) -> Option<(&str, Vec<&str>)> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let one = |label, value| Some((label_of(label)?, vec![text(value)?]));
            one(left, right).or_else(|| one(right, left))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) if depth < DEPTH_MAX => {
            let (label, mut values) = allowed(left, depth + 1)?;
            let (other, more) = allowed(right, depth + 1)?;
            values.extend(more);
            (label == other).then_some((label, values))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            Some((label_of(expr)?, list.iter().map(text).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn label_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(name) if name.name == column::NAME => Some(NAME_LABEL),
        Expr::ScalarFunction(function) if function.func.name() == "get_field" => {
            match function.args.as_slice() {
                [Expr::Column(labels), key] if labels.name == column::LABELS => {
                    // The map of labels does not contain the metric's name.
                    text(key).filter(|key| *key != NAME_LABEL)
                }
                _ => None,
            }
        }
        Expr::Cast(cast) => label_of(&cast.expr),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::functions::core::expr_fn::get_field;
    use datafusion::logical_expr::lit;
    use datafusion::prelude::ident;

    #[test]
    fn equalities_become_matchers_and_nothing_else_does() {
        let name = || ident("name");
        let job = || get_field(ident("labels"), "job");
        let cases = [
            (name().eq(lit("up")), "__name__=\"up\""),
            (lit("up").eq(name()), "__name__=\"up\""),
            (job().eq(lit("api")).and(name().eq(lit("up"))), "job=\"api\" __name__=\"up\""),
            (job().in_list(vec![lit("a.b"), lit("c")], false), "job=~\"a\\\\.b|c\""),
            (job().eq(lit("a")).or(job().eq(lit("b"))), "job=~\"a|b\""),
            (job().eq(lit("a")).or(name().eq(lit("b"))), ""),
            (job().in_list(vec![lit("a")], true), ""),
            (job().eq(lit("")), ""),
            (get_field(ident("labels"), "__name__").eq(lit("up")), ""),
            (name().not_eq(lit("up")), ""),
        ];
        for (filter, expected) in cases {
            let found: Vec<String> =
                of(std::slice::from_ref(&filter)).iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), expected, "{filter}");
        }
    }
}
