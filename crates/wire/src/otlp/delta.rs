//! Accumulates points of delta temporality into the cumulative series that PromQL expects.
//!
//! Decoding is pure, accumulation is stateful: the decoder returns [`Delta`]s, and a receiver owns
//! one [`DeltaAccumulator`]. It is a state machine without a clock: the same requests in the same
//! order give the same samples. Totals are stored with the samples, so that accumulation continues
//! after a restart: [`Accumulated::totals`] holds the changes of one request,
//! [`DeltaAccumulator::snapshot`] all totals. Idle series are evicted and restart at zero: a
//! counter reset, which `rate` and `increase` handle, because a zero sample marks the start of the
//! first interval.

mod native;
mod totals;

use std::collections::HashMap;
use std::sync::Arc;

use signals::Timestamp;
use signals::metric::{Labels, NativeHistogram, SeriesBatch};
use signals::time::SECOND;

use super::metrics::histogram::Series;
use super::metrics::series::SeriesTable;
use super::reject::Rejections;
use crate::decoded::DataPoints;

pub use totals::{DamagedTotals, UPDATE_BYTES_MAX};

/// A point of delta temporality: the change since the previous point.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// The labels of the series; for a classic histogram, those of the family and the point.
    pub labels: Labels,
    /// Start of the interval in milliseconds since 1970; 0 if unknown.
    pub start_ms: i64,
    /// End of the interval.
    pub timestamp_ms: i64,
    /// Whether the sum is monotonic.
    pub is_monotonic: bool,
    /// The change.
    pub value: DeltaValue,
}

/// The change in one interval.
#[derive(Debug, Clone, PartialEq)]
pub enum DeltaValue {
    /// A sum.
    Sum(f64),
    /// A histogram with explicit bounds.
    Classic(ClassicHistogram),
    /// An exponential histogram.
    Native(Arc<NativeHistogram>),
}

/// Buckets, sum and count; bucket counts are not cumulative.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassicHistogram {
    /// Upper bounds of all buckets except the last, ascending.
    pub bounds: Vec<f64>,
    /// Empty, or one more than `bounds`.
    pub counts: Vec<f64>,
    /// Sum of all observations, if meaningful.
    pub sum: Option<f64>,
    /// Number of observations.
    pub count: f64,
}

/// Accumulates deltas. The number of series is bounded; idle series are evicted.
#[derive(Debug)]
pub struct DeltaAccumulator {
    series: HashMap<Labels, State>,
    /// Resulting number of series: a classic histogram has one per bucket.
    series_count: usize,
    series_max: usize,
    idle_ns_max: i64,
    swept_at: Timestamp,
    /// Version of the latest change.
    version: u64,
}

#[derive(Debug, Clone)]
struct State {
    timestamp_ms: i64,
    seen_at: Timestamp,
    total: Total,
    /// Version of the change that produced it.
    version: u64,
}

#[derive(Debug, Clone)]
enum Total {
    Sum(f64),
    Classic(Arc<Series>, ClassicHistogram),
    Native(NativeHistogram),
}

/// The result of accumulating the deltas of one request.
#[derive(Debug, Default)]
pub struct Accumulated {
    /// The cumulative samples.
    pub batch: SeriesBatch,
    /// The samples that belong to one data point.
    pub points: DataPoints,
    /// The changed totals, to be stored with the samples and read by [`DeltaAccumulator::restore`].
    pub totals: Vec<u8>,
    /// Number of rejected deltas.
    pub rejected: usize,
    /// Reasons of rejections; empty if there are none.
    pub message: String,
    /// Reverts the accumulation.
    pub undo: Undo,
}

/// The changes of one request, newest last.
#[derive(Debug, Default)]
#[must_use = "give it back with `undo` when the batch was not stored"]
pub struct Undo(Vec<Change>);

#[derive(Debug)]
struct Change {
    labels: Labels,
    before: Option<State>,
    /// Version of the resulting state.
    version: u64,
}

const OUT_OF_ORDER: &str = "delta point is not newer than the previous one";
const TOO_MANY: &str = "too many series of delta temporality";
const NOT_A_DELTA: &str = "delta is negative or not a finite number";

impl Default for DeltaAccumulator {
    fn default() -> Self {
        Self::new(200_000, 3_600 * SECOND)
    }
}

impl DeltaAccumulator {
    /// Keeps at most `series_max` series; each is evicted after `idle_ns_max` without a point.
    #[must_use]
    pub fn new(series_max: usize, idle_ns_max: i64) -> Self {
        Self {
            series: HashMap::new(),
            series_count: 0,
            series_max,
            idle_ns_max,
            swept_at: Timestamp::MIN,
            version: 0,
        }
    }

    /// Number of series in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Accumulates the deltas of one request.
    ///
    /// Samples may be stored in any order: each holds the full total at its time.
    pub fn add(&mut self, deltas: Vec<Delta>, received_at: Timestamp) -> Accumulated {
        self.sweep(received_at);
        let (mut samples, mut rejections) = (SeriesTable::default(), Rejections::default());
        let (mut points, mut undo) = (DataPoints::default(), Undo::default());
        for delta in deltas {
            match self.add_one(delta, received_at, &mut samples, &mut points) {
                Ok(change) => undo.0.push(change),
                Err(reason) => rejections.add(1, reason, ""),
            }
        }
        Accumulated {
            batch: samples.into_batch(),
            points,
            totals: self.changed(&undo),
            rejected: rejections.count(),
            message: rejections.message("data points"),
            undo,
        }
    }

    /// Reverts the deltas of a request that was not stored, so that the sender can retry it.
    ///
    /// A series changed by a later request is left unchanged: that request has reported the full
    /// total. A retry of the point is rejected as not newer, but it is already included.
    pub fn undo(&mut self, undo: Undo) {
        for Change { labels, before, version } in undo.0.into_iter().rev() {
            if self.series.get(&labels).is_none_or(|state| state.version != version) {
                continue;
            }
            if let Some(state) = before {
                self.put(labels, state);
            } else {
                let state = self.series.remove(&labels);
                self.series_count -= state.map_or(0, |state| state.total.series_count());
            }
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        // If the wall clock jumped back, all series count as just seen.
        if now.saturating_sub(self.swept_at) < self.idle_ns_max / 4 && now >= self.swept_at {
            return;
        }
        self.swept_at = now;
        let idle_ns_max = self.idle_ns_max;
        self.series.retain(|_, state| now.saturating_sub(state.seen_at) <= idle_ns_max);
        self.series_count = self.series.values().map(|state| state.total.series_count()).sum();
    }

    fn put(&mut self, labels: Labels, state: State) {
        self.series_count += state.total.series_count();
        let before = self.series.insert(labels, state);
        self.series_count -= before.map_or(0, |state| state.total.series_count());
    }

    fn add_one(
        &mut self,
        delta: Delta,
        received_at: Timestamp,
        samples: &mut SeriesTable,
        points: &mut DataPoints,
    ) -> Result<Change, &'static str> {
        let Delta { labels, start_ms, timestamp_ms, is_monotonic, value } = delta;
        value.check(is_monotonic)?;
        let before = self.series.get(&labels);
        if before.is_some_and(|state| state.timestamp_ms >= timestamp_ms) {
            return Err(OUT_OF_ORDER);
        }
        if before.is_none() && self.series_count + value.series_count() > self.series_max {
            return Err(TOO_MANY);
        }
        let before = before.cloned();
        let first_sample = samples.samples();
        let total =
            before.as_ref().and_then(|state| state.total.plus(&value)).unwrap_or_else(|| {
                let total = Total::from_first(&labels, value);
                // One millisecond after the start, where the last sample before a restart may be.
                if is_monotonic && start_ms > 0 && start_ms + 1 < timestamp_ms {
                    total.zero().write(&labels, start_ms + 1, samples);
                }
                total
            });
        total.write(&labels, timestamp_ms, samples);
        points.push(first_sample, samples.samples(), true);
        self.version += 1;
        let version = self.version;
        self.put(labels.clone(), State { timestamp_ms, seen_at: received_at, total, version });
        Ok(Change { labels, before, version })
    }
}

impl DeltaValue {
    /// The maximum number of resulting series.
    pub(crate) fn series_count(&self) -> usize {
        if let Self::Classic(point) = self { point.bounds.len() + 3 } else { 1 }
    }

    fn check(&self, is_monotonic: bool) -> Result<(), &'static str> {
        let is_good = match self {
            Self::Sum(value) => value.is_finite() && (!is_monotonic || *value >= 0.0),
            Self::Classic(point) => point.sum.is_none_or(f64::is_finite),
            Self::Native(point) => point.sum.is_finite(),
        };
        if is_good { Ok(()) } else { Err(NOT_A_DELTA) }
    }
}

impl Total {
    fn series_count(&self) -> usize {
        if let Self::Classic(_, point) = self { point.bounds.len() + 3 } else { 1 }
    }

    fn from_first(labels: &Labels, value: DeltaValue) -> Self {
        match value {
            DeltaValue::Sum(value) => Self::Sum(value),
            DeltaValue::Classic(point) => {
                Self::Classic(Arc::new(Series::new(labels, &point.bounds)), point)
            }
            DeltaValue::Native(point) => Self::Native(Arc::unwrap_or_clone(point)),
        }
    }

    /// The total after a delta; `None` if they are incompatible and the total restarts.
    fn plus(&self, value: &DeltaValue) -> Option<Self> {
        match (self, value) {
            (Self::Sum(total), DeltaValue::Sum(value)) => Some(Self::Sum(total + value)),
            (Self::Classic(series, total), DeltaValue::Classic(value))
                if total.bounds == value.bounds && total.counts.len() == value.counts.len() =>
            {
                let counts = total.counts.iter().zip(&value.counts).map(|(a, b)| a + b).collect();
                let total = ClassicHistogram {
                    bounds: total.bounds.clone(),
                    counts,
                    sum: total.sum.zip(value.sum).map(|(a, b)| a + b),
                    count: total.count + value.count,
                };
                Some(Self::Classic(Arc::clone(series), total))
            }
            (Self::Native(total), DeltaValue::Native(value)) => {
                native::plus(total, value).map(Self::Native)
            }
            _ => None,
        }
    }

    fn zero(&self) -> Self {
        match self {
            Self::Sum(_) => Self::Sum(0.0),
            Self::Classic(series, total) => {
                let zero = ClassicHistogram {
                    bounds: total.bounds.clone(),
                    counts: vec![0.0; total.counts.len()],
                    sum: total.sum.map(|_| 0.0),
                    count: 0.0,
                };
                Self::Classic(Arc::clone(series), zero)
            }
            Self::Native(total) => Self::Native(NativeHistogram {
                schema: total.schema,
                zero_threshold: total.zero_threshold,
                ..NativeHistogram::default()
            }),
        }
    }

    fn write(&self, labels: &Labels, at: i64, samples: &mut SeriesTable) {
        match self {
            Self::Sum(value) => {
                let series = samples.series(labels.clone());
                samples.sample(series, at, *value);
            }
            Self::Classic(series, total) => {
                let mut places = Vec::with_capacity(total.bounds.len() + 3);
                series.place(total.sum.is_some(), samples, &mut places);
                total.write(&places, at, false, samples);
            }
            Self::Native(total) => {
                let series = samples.series(labels.clone());
                samples.histogram(series, at, Arc::new(total.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
