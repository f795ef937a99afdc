//! Vector aggregations: one value per group of series, at each step.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use lang::logql::{Group, Grouping, VectorAggregation, VectorOp};
use signals::Labels;

use super::grid::{Row, Rows};
use super::over_time::{mean, variance};

/// The labels of a series' group.
pub(super) fn group_labels(labels: &Labels, grouping: Option<&Grouping>) -> Labels {
    match grouping {
        None => Labels::empty(),
        Some(Grouping { kind: Group::By, labels: names }) => {
            labels.without(|name| !names.iter().any(|kept| kept == name))
        }
        Some(Grouping { kind: Group::Without, labels: names }) => {
            labels.without(|name| names.iter().any(|dropped| dropped == name))
        }
    }
}

/// Runs an aggregation.
pub(super) fn run(aggregation: &VectorAggregation, input: Rows, steps: usize) -> Rows {
    if matches!(aggregation.op, VectorOp::Sort | VectorOp::SortDesc) {
        return sorted(input, aggregation.op == VectorOp::SortDesc, steps);
    }
    let mut groups: BTreeMap<Labels, Vec<Row>> = BTreeMap::new();
    for row in input.rows {
        groups
            .entry(group_labels(&row.labels, aggregation.grouping.as_ref()))
            .or_default()
            .push(row);
    }
    let k = aggregation.parameter.unwrap_or(1) as usize;
    match aggregation.op {
        VectorOp::Topk | VectorOp::ApproxTopk => {
            sorted(best_of_groups(groups, k, steps, descending), true, steps)
        }
        VectorOp::Bottomk => sorted(best_of_groups(groups, k, steps, ascending), false, steps),
        op => {
            let rows = groups
                .into_iter()
                .map(|(labels, rows)| {
                    let values = (0..steps)
                        .map(|step| {
                            folded(
                                op,
                                rows.iter()
                                    .filter_map(|row| row.values.get(step).copied().flatten()),
                            )
                        })
                        .collect();
                    Row { labels, values }
                })
                .collect();
            Rows::unordered(rows)
        }
    }
}

fn folded(op: VectorOp, values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    if values.is_empty() {
        return None;
    }
    let all = || values.iter().copied();
    Some(match op {
        VectorOp::Sum => all().sum(),
        VectorOp::Avg => mean(all()),
        VectorOp::Count => values.len() as f64,
        // A number replaces a NaN before it.
        VectorOp::Max => all().reduce(|a, b| if b > a || a.is_nan() { b } else { a })?,
        VectorOp::Min => all().reduce(|a, b| if b < a || a.is_nan() { b } else { a })?,
        VectorOp::Stdvar => variance(all()),
        VectorOp::Stddev => variance(all()).sqrt(),
        VectorOp::ApproxTopk
        | VectorOp::Bottomk
        | VectorOp::Sort
        | VectorOp::SortDesc
        | VectorOp::Topk => return None,
    })
}

/// Descending; NaN last.
fn descending(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Ascending; NaN last.
fn ascending(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Keeps the values of the best `k` series of each group at each step.
fn best_of_groups(
    groups: BTreeMap<Labels, Vec<Row>>,
    k: usize,
    steps: usize,
    order: fn(f64, f64) -> Ordering,
) -> Rows {
    let mut kept = Vec::new();
    for (_, mut rows) in groups {
        rows.sort_by(|a, b| a.labels.iter().cmp(b.labels.iter()));
        for step in 0..steps {
            let mut places: Vec<(usize, f64)> = rows
                .iter()
                .enumerate()
                .filter_map(|(place, row)| Some((place, row.values.get(step).copied().flatten()?)))
                .collect();
            places.sort_by(|a, b| order(a.1, b.1));
            for (place, _) in places.iter().skip(k) {
                if let Some(value) = rows.get_mut(*place).and_then(|row| row.values.get_mut(step)) {
                    *value = None;
                }
            }
        }
        kept.extend(rows);
    }
    Rows::unordered(kept)
}

/// Sorts by the only value; with more than one step there is no order.
fn sorted(mut input: Rows, is_descending: bool, steps: usize) -> Rows {
    if steps != 1 {
        return input;
    }
    let order = if is_descending { descending } else { ascending };
    let value = |row: &Row| row.values.first().copied().flatten().unwrap_or(f64::NAN);
    input.rows.sort_by(|a, b| {
        order(value(a), value(b)).then_with(|| a.labels.iter().cmp(b.labels.iter()))
    });
    input.is_ordered = true;
    input
}
