//! Binary operators between numbers and series.

use std::collections::{HashMap, HashSet};

use lang::logql::{Binary, BinaryOp, Many, Matching};
use signals::Labels;

use super::grid::{Grid, Row, Rows};
use crate::QueryError;

/// The result of an operator on two numbers; comparisons return 1 or 0. Division and modulo by zero
/// are NaN, as in Loki.
fn number(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => {
            if b == 0.0 {
                f64::NAN
            } else {
                a / b
            }
        }
        BinaryOp::Mod => {
            if b == 0.0 {
                f64::NAN
            } else {
                a % b
            }
        }
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Equal => as_number(a == b),
        BinaryOp::NotEqual => as_number(a != b),
        BinaryOp::Greater => as_number(a > b),
        BinaryOp::GreaterOrEqual => as_number(a >= b),
        BinaryOp::Less => as_number(a < b),
        BinaryOp::LessOrEqual => as_number(a <= b),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => f64::NAN,
    }
}

fn as_number(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// The value that an operator returns; `None` if a comparison filters it out. `kept` is the value
/// that a comparison keeps.
fn operator_result(binary: &Binary, a: f64, b: f64, kept: f64) -> Option<f64> {
    let value = number(binary.op, a, b);
    if !binary.op.is_comparison() || binary.returns_bool {
        return Some(value);
    }
    (value == 1.0).then_some(kept)
}

/// Runs an operator.
pub(super) fn run(
    binary: &Binary,
    left: Grid,
    right: Grid,
    steps: usize,
) -> Result<Grid, QueryError> {
    match (left, right) {
        (Grid::Scalar(a), Grid::Scalar(b)) => Ok(Grid::Scalar(number(binary.op, a, b))),
        (Grid::Rows(rows), Grid::Scalar(b)) => {
            Ok(Grid::Rows(mapped(rows, |value| operator_result(binary, value, b, value))))
        }
        (Grid::Scalar(a), Grid::Rows(rows)) => {
            Ok(Grid::Rows(mapped(rows, |value| operator_result(binary, a, value, value))))
        }
        (Grid::Rows(left), Grid::Rows(right)) if binary.op.is_set() => {
            Ok(Grid::Rows(set(binary, left, right, steps)))
        }
        (Grid::Rows(left), Grid::Rows(right)) => {
            joined(binary, &left, &right, steps).map(Grid::Rows)
        }
    }
}

fn mapped(rows: Rows, value: impl Fn(f64) -> Option<f64>) -> Rows {
    let is_ordered = rows.is_ordered;
    let rows = rows.rows.into_iter().map(|row| Row {
        labels: row.labels,
        values: row.values.into_iter().map(|point| point.and_then(&value)).collect(),
    });
    Rows { is_ordered, ..Rows::unordered(rows.collect()) }
}

/// The labels that must match on both sides.
fn signature(labels: &Labels, matching: Option<&Matching>) -> Labels {
    match matching {
        None => labels.clone(),
        Some(matching) => {
            labels.without(|name| matching.labels.iter().any(|label| label == name) != matching.on)
        }
    }
}

fn value(row: &Row, step: usize) -> Option<f64> {
    row.values.get(step).copied().flatten()
}

/// `and`, `or` and `unless`.
fn set(binary: &Binary, left: Rows, right: Rows, steps: usize) -> Rows {
    let matching = binary.matching.as_ref();
    // The steps at which each signature of the deciding side has a value.
    let presence = |rows: &[Row]| {
        let mut present: HashMap<Labels, Vec<bool>> = HashMap::new();
        for row in rows {
            let flags = present
                .entry(signature(&row.labels, matching))
                .or_insert_with(|| vec![false; steps]);
            for (step, flag) in flags.iter_mut().enumerate() {
                *flag |= value(row, step).is_some();
            }
        }
        present
    };
    let filtered =
        |rows: Vec<Row>, present: &HashMap<Labels, Vec<bool>>, keeps_present: bool| -> Vec<Row> {
            rows.into_iter()
                .map(|mut row| {
                    let flags = present.get(&signature(&row.labels, matching));
                    for (step, point) in row.values.iter_mut().enumerate() {
                        let is_present =
                            flags.and_then(|flags| flags.get(step)).copied().unwrap_or_default();
                        if is_present != keeps_present {
                            *point = None;
                        }
                    }
                    row
                })
                .collect()
        };
    match binary.op {
        BinaryOp::And => Rows::unordered(filtered(left.rows, &presence(&right.rows), true)),
        BinaryOp::Unless => Rows::unordered(filtered(left.rows, &presence(&right.rows), false)),
        _ => {
            let mut rows: HashMap<Labels, Row> = HashMap::new();
            let others = filtered(right.rows, &presence(&left.rows), false);
            for row in left.rows.into_iter().chain(others) {
                match rows.get_mut(&row.labels) {
                    Some(present) => {
                        for (point, other) in present.values.iter_mut().zip(row.values) {
                            *point = point.or(other);
                        }
                    }
                    None => {
                        rows.insert(row.labels.clone(), row);
                    }
                }
            }
            Rows::unordered(rows.into_values().collect())
        }
    }
}

/// Arithmetic and comparisons between series that match.
fn joined(binary: &Binary, left: &Rows, right: &Rows, steps: usize) -> Result<Rows, QueryError> {
    let matching = binary.matching.as_ref();
    let many = matching.and_then(|matching| matching.many.as_ref());
    let is_right_many = matches!(many, Some(Many::Right(_)));
    let (many_rows, one_rows) =
        if is_right_many { (&right.rows, &left.rows) } else { (&left.rows, &right.rows) };
    let one_side = if is_right_many { "left" } else { "right" };
    let signatures =
        |rows: &[Row]| rows.iter().map(|row| signature(&row.labels, matching)).collect::<Vec<_>>();
    let (many_signatures, one_signatures) = (signatures(many_rows), signatures(one_rows));
    let mut by_signature: HashMap<&Labels, Vec<usize>> = HashMap::new();
    for (place, signature) in one_signatures.iter().enumerate() {
        by_signature.entry(signature).or_default().push(place);
    }
    let mut results: HashMap<Labels, Vec<Option<f64>>> = HashMap::new();
    let mut order: Vec<Labels> = Vec::new();
    for step in 0..steps {
        for (signature, places) in &by_signature {
            if places
                .iter()
                .filter(|place| one_rows.get(**place).and_then(|row| value(row, step)).is_some())
                .count()
                > 1
            {
                return Err(QueryError::Invalid(format!(
                    "found duplicate series on the {one_side} hand-side for the match group {signature:?};many-to-many matching not allowed: matching labels must be unique on one side"
                )));
            }
        }
        let mut matched: HashSet<&Labels> = HashSet::new();
        let mut made: HashSet<Labels> = HashSet::new();
        for (row, signature) in many_rows.iter().zip(&many_signatures) {
            let Some(many_value) = value(row, step) else { continue };
            let mut one = by_signature
                .get(signature)
                .into_iter()
                .flatten()
                .filter_map(|place| one_rows.get(*place));
            let Some((one_row, one_value)) = one.find_map(|one| Some((one, value(one, step)?)))
            else {
                continue;
            };
            let (a, b) =
                if is_right_many { (one_value, many_value) } else { (many_value, one_value) };
            let point = operator_result(binary, a, b, a);
            if many.is_none() && !matched.insert(signature) {
                return Err(QueryError::Invalid(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)".to_owned(),
                ));
            }
            let Some(point) = point else { continue };
            let labels = result_labels(&row.labels, &one_row.labels, matching);
            if many.is_some() && !made.insert(labels.clone()) {
                return Err(QueryError::Invalid(
                    "multiple matches for labels: grouping labels must ensure unique matches"
                        .to_owned(),
                ));
            }
            let values = results.entry(labels.clone()).or_insert_with(|| {
                order.push(labels);
                vec![None; steps]
            });
            if let Some(slot) = values.get_mut(step) {
                *slot = Some(point);
            }
        }
    }
    let rows = order
        .into_iter()
        .filter_map(|labels| results.remove(&labels).map(|values| Row { labels, values }));
    Ok(Rows::unordered(rows.collect()))
}

/// The labels of a result: those of the many side, plus the labels requested from the other side.
fn result_labels(many: &Labels, one: &Labels, matching: Option<&Matching>) -> Labels {
    let Some(matching) = matching else { return many.clone() };
    match &matching.many {
        None => {
            many.without(|name| matching.labels.iter().any(|label| label == name) != matching.on)
        }
        Some(Many::Left(include) | Many::Right(include)) => {
            include.iter().fold(many.clone(), |labels, name| {
                labels.with(name, one.get(name).unwrap_or_default())
            })
        }
    }
}
