//! Aggregations that select series rather than compute new ones.

use lang::promql::{Aggregate, Aggregation};
use signals::Labels;

use crate::Error;
use crate::aggregate::parameter_span;
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{Grid, Row};
use crate::label_hash::label_hash;
use crate::parameter_range::{Range, check_count};

impl Evaluator<'_> {
    /// `topk`, `bottomk`, `limitk` and `limit_ratio`: series unchanged, where they are selected.
    pub(crate) fn pick(
        &self,
        aggregate: &Aggregate,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let op = aggregate.op;
        let parameter = self.parameter(aggregate, grid)?;
        let groups = self.grouped(aggregate, grid)?;
        let range = Range::of(&parameter, grid);
        if op == Aggregation::LimitRatio {
            if range.is_zero() {
                return Ok(());
            }
            self.check_ratio(&range, parameter_span(aggregate))?;
        } else {
            if range.greatest < 1.0 {
                return Ok(());
            }
            check_count(&range)?;
        }
        let ignores_histograms = matches!(op, Aggregation::Topk | Aggregation::Bottomk);
        for (_, mut rows) in groups {
            if ignores_histograms && rows.iter().any(|row| !row.histograms.is_empty()) {
                self.note_ignored(op, aggregate.span);
                for row in &mut rows {
                    row.histograms.clear();
                }
            }
            self.hold(rows.len() * grid.steps)?;
            let mut is_picked = vec![vec![false; grid.steps]; rows.len()];
            let mut order: Vec<usize> = Vec::new();
            for step in 0..grid.steps {
                self.check()?;
                order.clear();
                order.extend(
                    (0..rows.len())
                        .filter(|at| rows.get(*at).is_some_and(|row| row.is_present(step))),
                );
                keep_best(op, parameter.at(step), &rows, step, &mut order);
                for at in &order {
                    if let Some(place) =
                        is_picked.get_mut(*at).and_then(|steps| steps.get_mut(step))
                    {
                        *place = true;
                    }
                }
            }
            let mut picked: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
            // An instant query returns them best first; a range query sorts by labels later.
            let sequence: Vec<usize> =
                if grid.steps == 1 { order.clone() } else { (0..picked.len()).collect() };
            for at in sequence {
                if let (Some(mut row), Some(steps)) =
                    (picked.get_mut(at).and_then(Option::take), is_picked.get(at))
                {
                    row.retain_steps(|step| steps.get(step).copied().unwrap_or(false));
                    if row.has_any() {
                        sink(row)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Keeps in `order` (rows present at the step) those that the operator selects, best first.
fn keep_best(op: Aggregation, parameter: f64, rows: &[Row], step: usize, order: &mut Vec<usize>) {
    let value = |at: &usize| {
        rows.get(*at).and_then(|row| row.values.get(step)).copied().unwrap_or(f64::NAN)
    };
    match op {
        Aggregation::Topk | Aggregation::Bottomk => {
            // Stable, so that equal values keep the order of series; NaN is always last.
            order.sort_by(|a, b| {
                let (a, b) = (value(a), value(b));
                a.is_nan().cmp(&b.is_nan()).then(if op == Aggregation::Topk {
                    b.partial_cmp(&a).unwrap_or(std::cmp::Ordering::Equal)
                } else {
                    a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
                })
            });
            order.truncate(limit(parameter));
        }
        Aggregation::Limitk => order.truncate(limit(parameter)),
        _ => {
            order.retain(|at| rows.get(*at).is_some_and(|row| is_in_ratio(&row.labels, parameter)));
        }
    }
}

fn limit(parameter: f64) -> usize {
    if parameter >= 1.0 { parameter.min(u32::MAX.into()) as usize } else { 0 }
}

/// Whether a series is in the first `ratio` of all (or, if negative, the last), by its hash.
fn is_in_ratio(labels: &Labels, ratio: f64) -> bool {
    let place = label_hash(labels) as f64 / u64::MAX as f64;
    if ratio >= 0.0 {
        place < ratio.min(1.0) || ratio >= 1.0
    } else {
        place >= 1.0 + ratio.max(-1.0)
    }
}
