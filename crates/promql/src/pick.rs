//! Aggregations that select series rather than compute new ones.

use lang::promql::{Aggregate, Aggregation};
use signals::Labels;

use crate::Error;
use crate::aggregate::parameter_span;
use crate::best::{Best, Entry};
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{ABSENT, Grid, Row, is_absent};
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
        let mut best = Best::default();
        for (_, mut rows) in groups {
            if ignores_histograms && rows.iter().any(|row| !row.histograms.is_empty()) {
                self.note_ignored(op, aggregate.span);
                for row in &mut rows {
                    row.histograms.clear();
                }
            }
            self.hold(rows.len() * (grid.steps + size_of::<Entry>()))?;
            let mut is_picked = vec![vec![false; grid.steps]; rows.len()];
            for step in 0..grid.steps {
                self.check()?;
                for (_, at) in choose(op, parameter.at(step), &rows, step, &mut best) {
                    if let Some(place) =
                        is_picked.get_mut(*at).and_then(|steps| steps.get_mut(step))
                    {
                        *place = true;
                    }
                }
            }
            let mut picked: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
            // An instant query returns them best first; a range query sorts by labels later.
            let sequence: Vec<usize> = if grid.is_instant {
                best.entries().iter().map(|(_, at)| *at).collect()
            } else {
                (0..picked.len()).collect()
            };
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

/// The rows present at the step that the operator selects, best first.
fn choose<'b>(
    op: Aggregation,
    parameter: f64,
    rows: &[Row],
    step: usize,
    best: &'b mut Best,
) -> &'b [Entry] {
    best.clear(op == Aggregation::Bottomk);
    let limit = limit(parameter);
    for (at, row) in rows.iter().enumerate() {
        let value = row.values.get(step).copied().unwrap_or(ABSENT);
        if is_absent(value) && row.histogram_at(step).is_none() {
            continue;
        }
        match op {
            Aggregation::Topk | Aggregation::Bottomk if limit > 0 => best.offer((value, at), limit),
            Aggregation::Topk | Aggregation::Bottomk => break,
            Aggregation::Limitk if best.entries().len() >= limit => break,
            Aggregation::LimitRatio if !is_in_ratio(&row.labels, parameter) => {}
            // The value of a histogram is 0.
            _ => best.push((if is_absent(value) { 0.0 } else { value }, at)),
        }
    }
    if matches!(op, Aggregation::Topk | Aggregation::Bottomk) {
        return best.sorted();
    }
    best.entries()
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
