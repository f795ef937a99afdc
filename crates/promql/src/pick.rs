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
use crate::scalar::Scalar;

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
        let mut choice = Choice::new(op, &parameter);
        for (_, mut rows) in groups {
            if ignores_histograms && rows.iter().any(|row| !row.histograms.is_empty()) {
                self.note_ignored(op, aggregate.span);
                for row in &mut rows {
                    row.histograms.clear();
                }
            }
            self.hold(rows.len() * (grid.steps + STEPS_AT_ONCE * size_of::<Entry>()))?;
            let mut is_picked = vec![vec![false; grid.steps]; rows.len()];
            for first in (0..grid.steps).step_by(STEPS_AT_ONCE) {
                self.check()?;
                let steps = first..grid.steps.min(first + STEPS_AT_ONCE);
                choice.choose(&rows, steps.clone());
                for (step, best) in steps.zip(&choice.best) {
                    for (_, at) in best.entries() {
                        if let Some(place) =
                            is_picked.get_mut(*at).and_then(|steps| steps.get_mut(step))
                        {
                            *place = true;
                        }
                    }
                }
            }
            let mut picked: Vec<Option<Row>> = rows.into_iter().map(Some).collect();
            // An instant query returns them best first; a range query sorts by labels later.
            let sequence: Vec<usize> = match choice.best.first() {
                Some(best) if grid.is_instant => best.entries().iter().map(|(_, at)| *at).collect(),
                _ => (0..picked.len()).collect(),
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

/// The values of one row for these steps are read together, as they are in one line of the cache.
const STEPS_AT_ONCE: usize = 8;

/// What an operator selects at a few steps.
struct Choice<'p> {
    op: Aggregation,
    parameter: &'p Scalar,
    /// The selected rows of each step, best first.
    best: Vec<Best>,
}

impl<'p> Choice<'p> {
    fn new(op: Aggregation, parameter: &'p Scalar) -> Self {
        Self { op, parameter, best: Vec::new() }
    }

    /// Selects among the rows that are present at each of these steps.
    fn choose(&mut self, rows: &[Row], steps: std::ops::Range<usize>) {
        self.best.resize_with(steps.len(), Best::default);
        for best in &mut self.best {
            best.clear(self.op == Aggregation::Bottomk);
        }
        for (at, row) in rows.iter().enumerate() {
            let place = match self.op {
                Aggregation::LimitRatio => place_of(&row.labels),
                _ => 0.0,
            };
            for (step, best) in steps.clone().zip(&mut self.best) {
                let value = row.values.get(step).copied().unwrap_or(ABSENT);
                if is_absent(value) && row.histogram_at(step).is_none() {
                    continue;
                }
                let parameter = self.parameter.at(step);
                // The value of a histogram is 0.
                let entry = (if is_absent(value) { 0.0 } else { value }, at);
                let is_selected = match self.op {
                    Aggregation::LimitRatio => is_in_ratio(place, parameter),
                    Aggregation::Limitk => best.entries().len() < limit(parameter),
                    _ => {
                        best.offer(entry, limit(parameter));
                        false
                    }
                };
                if is_selected {
                    best.push(entry);
                }
            }
        }
        if matches!(self.op, Aggregation::Topk | Aggregation::Bottomk) {
            self.best.iter_mut().for_each(Best::sort);
        }
    }
}

fn limit(parameter: f64) -> usize {
    if parameter >= 1.0 { parameter.min(u32::MAX.into()) as usize } else { 0 }
}

/// The place of a series among all, from 0 to 1, by its hash.
fn place_of(labels: &Labels) -> f64 {
    label_hash(labels) as f64 / u64::MAX as f64
}

/// Whether a place is in the first `ratio` of all (or, if negative, the last).
fn is_in_ratio(place: f64, ratio: f64) -> bool {
    if ratio >= 0.0 {
        place < ratio.min(1.0) || ratio >= 1.0
    } else {
        place >= 1.0 + ratio.max(-1.0)
    }
}
