//! The data structures of the executor: a grid of steps, and one row of values per series.

use std::sync::Arc;

use signals::Labels;
use signals::metric::{NAME_LABEL, NativeHistogram, STALE_NAN_BITS};

use crate::evaluator::HISTOGRAM_BYTES;
use crate::signature::kept;

/// Marks a step without a value. No arithmetic produces it, as it is a signalling NaN, and
/// selectors drop stale markers.
pub(crate) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

/// Whether a step has no value.
pub(crate) fn is_absent(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// Evaluation times of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) start_ms: i64,
    pub(crate) step_ms: i64,
    pub(crate) steps: usize,
    /// Whether it starts where it ends, so that the order of rows is kept.
    pub(crate) is_instant: bool,
    /// Refers to its counts of samples, see [`crate::sample_counts`].
    pub(crate) counts: usize,
}

impl Grid {
    /// `start..=end` in steps; `None` when there are more than `steps_max`.
    pub(crate) fn new(start_ms: i64, end_ms: i64, step_ms: i64, steps_max: usize) -> Option<Self> {
        let step_ms = step_ms.max(1);
        let width = end_ms.checked_sub(start_ms)?;
        let steps = if width < 0 { 0 } else { usize::try_from(width / step_ms).ok()? + 1 };
        let is_instant = start_ms == end_ms;
        (steps <= steps_max).then_some(Self { start_ms, step_ms, steps, is_instant, counts: 0 })
    }

    pub(crate) fn time(&self, step: usize) -> i64 {
        self.start_ms + self.step_ms * step as i64
    }

    pub(crate) fn end_ms(&self) -> i64 {
        self.time(self.steps.saturating_sub(1))
    }
}

/// The values of one series at each step of a grid.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) labels: Labels,
    /// Whether the name is dropped at the end of the query.
    pub(crate) drops_name: bool,
    /// One value per step; [`ABSENT`] if there is none, or a histogram.
    pub(crate) values: Vec<f64>,
    /// Histograms by step, ascending; no step has both.
    pub(crate) histograms: Vec<(u32, Arc<NativeHistogram>)>,
}

impl Row {
    pub(crate) fn empty(labels: Labels, steps: usize) -> Self {
        Self { labels, drops_name: false, values: vec![ABSENT; steps], histograms: Vec::new() }
    }

    /// Approximate memory in bytes. A histogram that is repeated for several steps counts once.
    pub(crate) fn memory(&self) -> usize {
        let is_other = |a: &(u32, Arc<_>), b: &(u32, Arc<_>)| !Arc::ptr_eq(&a.1, &b.1);
        let histograms = self.histograms.windows(2).filter(|pair| match pair {
            [a, b] => is_other(a, b),
            _ => false,
        });
        let histograms = usize::from(!self.histograms.is_empty()) + histograms.count();
        size_of::<Self>()
            + self.labels.as_bytes().len()
            + size_of_val(self.values.as_slice())
            + size_of_val(self.histograms.as_slice())
            + histograms * HISTOGRAM_BYTES
    }

    /// Repeats the value of the only step.
    pub(crate) fn repeat(&mut self, steps: usize) {
        let value = self.values.first().copied().unwrap_or(ABSENT);
        self.values.clear();
        self.values.resize(steps, value);
        if let Some((_, histogram)) = self.histograms.pop() {
            self.histograms =
                (0..steps as u32).map(|step| (step, Arc::clone(&histogram))).collect();
        }
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.histograms.is_empty() || self.values.iter().any(|value| !is_absent(*value))
    }

    pub(crate) fn histogram_at(&self, step: usize) -> Option<&Arc<NativeHistogram>> {
        if self.histograms.is_empty() {
            return None;
        }
        let at = self.histograms.binary_search_by_key(&(step as u32), |(at, _)| *at).ok()?;
        self.histograms.get(at).map(|(_, histogram)| histogram)
    }

    /// Whether the step has a value or a histogram.
    pub(crate) fn is_present(&self, step: usize) -> bool {
        self.values.get(step).is_some_and(|value| !is_absent(*value))
            || self.histogram_at(step).is_some()
    }

    /// Copies the value or histogram of a step; steps are copied in order.
    pub(crate) fn copy_step(&mut self, from: &Self, step: usize) {
        if let (Some(into), Some(value)) = (self.values.get_mut(step), from.values.get(step)) {
            *into = *value;
        }
        if let Some(histogram) = from.histogram_at(step) {
            self.histograms.push((step as u32, Arc::clone(histogram)));
        }
    }

    /// Removes value and histogram of the steps for which `keep` is false.
    pub(crate) fn retain_steps(&mut self, keep: impl Fn(usize) -> bool) {
        for (step, value) in self.values.iter_mut().enumerate() {
            if !keep(step) {
                *value = ABSENT;
            }
        }
        self.histograms.retain(|(step, _)| keep(*step as usize));
    }
}

/// Whether any of the rows has a value, for each step.
pub(crate) fn present_steps(rows: &[Row], steps: usize) -> Vec<bool> {
    (0..steps).map(|step| rows.iter().any(|row| row.is_present(step))).collect()
}

/// Whether a label identifies what was measured: name, type and unit. These are dropped from values
/// that no longer have that meaning.
pub(crate) fn is_identity(name: &str) -> bool {
    matches!(name, NAME_LABEL | "__type__" | "__unit__")
}

/// Labels without the metric's name, type and unit.
pub(crate) fn without_name(labels: &Labels) -> Labels {
    kept(labels, |name| !is_identity(name))
}
