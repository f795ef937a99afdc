//! Points of delta temporality, added up into the cumulative series that PromQL expects.
//!
//! Decoding is pure, adding up is not: the decoder hands out [`Delta`]s, and whoever receives
//! requests owns one [`DeltaAccumulator`]. It is a state machine without a clock: the same
//! requests in the same order give the same samples, so replaying the write-ahead log through a
//! fresh one restores it as far as the log reaches. What was accumulated before the log begins
//! (and series that were idle for long, and so forgotten) starts again at zero, which is a
//! counter reset: `rate` and `increase` stay right, because a zero is written where the first
//! delta's interval began.

mod native;

use std::collections::HashMap;
use std::sync::Arc;

use signals::metric::{Labels, NativeHistogram};
use signals::time::SECOND;
use signals::{Batch, Timestamp};

use super::Decoded;
use super::metrics::histogram::Series;
use super::metrics::series::SeriesTable;
use super::reject::Rejections;

/// One point that says what happened since the point before.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// The series; of a classic histogram, the family with the labels of the point.
    pub labels: Labels,
    /// When the interval began, in milliseconds since 1970; 0 where unknown.
    pub start_ms: i64,
    /// When it ended.
    pub timestamp_ms: i64,
    /// Whether the sum can only grow.
    pub is_monotonic: bool,
    /// What happened.
    pub value: DeltaValue,
}

/// What happened in an interval.
#[derive(Debug, Clone, PartialEq)]
pub enum DeltaValue {
    /// Of a sum.
    Sum(f64),
    /// Of a histogram with explicit bounds.
    Classic(ClassicHistogram),
    /// Of an exponential histogram.
    Native(Arc<NativeHistogram>),
}

/// Buckets, sum and count; counts are of each bucket alone.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassicHistogram {
    /// Upper bounds of all buckets but the last, ascending.
    pub bounds: Vec<f64>,
    /// Empty, or one more than bounds.
    pub counts: Vec<f64>,
    /// Sum of all observations, where it makes sense.
    pub sum: Option<f64>,
    /// All observations.
    pub count: f64,
}

/// Adds deltas up. Bounded in series, which are forgotten when they are idle.
#[derive(Debug)]
pub struct DeltaAccumulator {
    series: HashMap<Labels, State>,
    /// Series that come of them: a classic histogram makes one of each bucket.
    series_count: usize,
    series_max: usize,
    idle_ns_max: i64,
    swept_at: Timestamp,
}

#[derive(Debug, Clone)]
struct State {
    timestamp_ms: i64,
    seen_at: Timestamp,
    total: Total,
}

#[derive(Debug, Clone)]
enum Total {
    Sum(f64),
    Classic(Series, ClassicHistogram),
    Native(NativeHistogram),
}

/// What [`Decoded::accumulate`] changed.
#[derive(Debug, Default)]
#[must_use = "give it back with `undo` when the batch was not stored"]
pub struct Undo(Vec<(Labels, Option<State>)>);

const OUT_OF_ORDER: &str = "delta point is not newer than the one before it";
const TOO_MANY: &str = "too many series of delta temporality";
const NOT_A_DELTA: &str = "delta is negative or not a finite number";

impl Default for DeltaAccumulator {
    fn default() -> Self {
        Self::new(200_000, 3_600 * SECOND)
    }
}

impl DeltaAccumulator {
    /// Keeps at most `series_max` series, each until no point came for `idle_ns_max`.
    #[must_use]
    pub fn new(series_max: usize, idle_ns_max: i64) -> Self {
        Self {
            series: HashMap::new(),
            series_count: 0,
            series_max,
            idle_ns_max,
            swept_at: Timestamp::MIN,
        }
    }

    /// Number of series it remembers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether it remembers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Takes back what was added for a batch that was then not stored, so that the sender can
    /// send it again. Nothing may have been added since.
    pub fn undo(&mut self, undo: Undo) {
        for (labels, before) in undo.0.into_iter().rev() {
            if let Some(state) = before {
                self.put(labels, state);
            } else {
                let state = self.series.remove(&labels);
                self.series_count -= state.map_or(0, |state| state.total.series_count());
            }
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        // The wall clock may have jumped back: then everything counts as just seen.
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

    fn add(
        &mut self,
        delta: Delta,
        received_at: Timestamp,
        samples: &mut SeriesTable,
        undo: &mut Undo,
    ) -> Result<(), &'static str> {
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
        let total =
            before.as_ref().and_then(|state| state.total.plus(&value)).unwrap_or_else(|| {
                let total = Total::from_first(&labels, value);
                // One after the start: the sample before a restart lies on it.
                if is_monotonic && start_ms > 0 && start_ms + 1 < timestamp_ms {
                    total.zero().write(&labels, start_ms + 1, samples);
                }
                total
            });
        total.write(&labels, timestamp_ms, samples);
        let state = State { timestamp_ms, seen_at: received_at, total };
        self.put(labels.clone(), state);
        undo.0.push((labels, before));
        Ok(())
    }
}

impl DeltaValue {
    fn series_count(&self) -> usize {
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
            DeltaValue::Classic(point) => Self::Classic(Series::new(labels, &point.bounds), point),
            DeltaValue::Native(point) => Self::Native(Arc::unwrap_or_clone(point)),
        }
    }

    /// The total after a delta; `None` where they do not fit and the total starts again.
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
                Some(Self::Classic(series.clone(), total))
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
                Self::Classic(series.clone(), zero)
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
                samples.sample(labels.clone(), at, *value);
            }
            Self::Classic(series, total) => series.push(samples, at, total, false),
            Self::Native(total) => {
                samples.histogram(labels.clone(), at, Arc::new(total.clone()));
            }
        }
    }
}

impl Decoded {
    /// Adds the [`Self::deltas`] up and puts the samples into [`Self::batches`]; those that do not
    /// fit are counted as rejected.
    ///
    /// Batches must be stored in the order in which they were accumulated, so the accumulator has
    /// to stay locked until that is done; when it fails, give the result to
    /// [`DeltaAccumulator::undo`]. Does nothing for requests without deltas.
    pub fn accumulate(
        &mut self,
        accumulator: &mut DeltaAccumulator,
        received_at: Timestamp,
    ) -> Undo {
        let mut undo = Undo::default();
        if self.deltas.is_empty() {
            return undo;
        }
        accumulator.sweep(received_at);
        let (mut samples, mut rejections) = (SeriesTable::default(), Rejections::default());
        for delta in std::mem::take(&mut self.deltas) {
            if let Err(reason) = accumulator.add(delta, received_at, &mut samples, &mut undo) {
                rejections.add(1, reason, "");
            }
        }
        let batch = samples.into_batch();
        if !batch.series.is_empty() {
            self.batches.push(Batch::Metrics(batch));
        }
        self.accepted = self.accepted.saturating_sub(rejections.count());
        self.rejected += rejections.count();
        let message = rejections.message("data points");
        if !self.message.is_empty() && !message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str(&message);
        undo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(timestamp_ms: i64, value: f64) -> Delta {
        let labels = Labels::from_pairs([("__name__", "requests_total")]);
        let value = DeltaValue::Sum(value);
        Delta { labels, start_ms: timestamp_ms - 10, timestamp_ms, is_monotonic: true, value }
    }

    /// Time and value of all samples of a request with these deltas, and the number of rejected.
    fn add(
        accumulator: &mut DeltaAccumulator,
        deltas: Vec<Delta>,
        at: Timestamp,
    ) -> (Vec<(i64, f64)>, usize) {
        let mut decoded = Decoded { accepted: deltas.len(), deltas, ..Decoded::default() };
        let _ = decoded.accumulate(accumulator, at);
        let samples = decoded.batches.iter().flat_map(|batch| match batch {
            Batch::Metrics(batch) => batch.samples.clone(),
            _ => vec![],
        });
        (samples.map(|sample| (sample.timestamp_ms, sample.value)).collect(), decoded.rejected)
    }

    #[test]
    fn deltas_add_up_from_a_zero_at_the_start() {
        let mut accumulator = DeltaAccumulator::default();
        let (samples, rejected) = add(&mut accumulator, vec![sum(100, 3.0), sum(110, 4.0)], 0);
        assert_eq!((samples, rejected), (vec![(91, 0.0), (100, 3.0), (110, 7.0)], 0));
        assert_eq!(add(&mut accumulator, vec![sum(120, 1.0)], 0), (vec![(120, 8.0)], 0));
    }

    #[test]
    fn what_is_not_newer_or_not_a_delta_is_rejected() {
        let mut accumulator = DeltaAccumulator::default();
        add(&mut accumulator, vec![sum(100, 3.0)], 0);
        for delta in [sum(100, 1.0), sum(99, 1.0), sum(110, -1.0), sum(110, f64::NAN)] {
            assert_eq!(add(&mut accumulator, vec![delta], 0), (vec![], 1));
        }
        assert_eq!(add(&mut accumulator, vec![sum(110, 2.0)], 0), (vec![(110, 5.0)], 0));
    }

    #[test]
    fn undo_lets_the_sender_send_again() {
        let mut accumulator = DeltaAccumulator::default();
        add(&mut accumulator, vec![sum(100, 3.0)], 0);
        let deltas = vec![sum(110, 1.0), sum(120, 1.0)];
        let mut decoded = Decoded { deltas: deltas.clone(), ..Decoded::default() };
        let undo = decoded.accumulate(&mut accumulator, 0);
        accumulator.undo(undo);
        assert_eq!(add(&mut accumulator, deltas, 0), (vec![(110, 4.0), (120, 5.0)], 0));
    }

    #[test]
    fn series_are_bounded_and_forgotten_when_idle() {
        let mut accumulator = DeltaAccumulator::new(1, 1_000);
        add(&mut accumulator, vec![sum(100, 3.0)], 0);
        let mut other = sum(100, 1.0);
        other.labels = Labels::from_pairs([("__name__", "other")]);
        assert_eq!(add(&mut accumulator, vec![other.clone()], 500).1, 1);
        assert_eq!(add(&mut accumulator, vec![other], 2_000).1, 0);
        assert_eq!(accumulator.len(), 1);
    }

    #[test]
    fn classic_histograms_add_up_bucket_by_bucket() {
        let point = |timestamp_ms, counts: [f64; 2]| Delta {
            labels: Labels::from_pairs([("__name__", "h")]),
            start_ms: 0,
            timestamp_ms,
            is_monotonic: true,
            value: DeltaValue::Classic(ClassicHistogram {
                bounds: vec![1.0],
                counts: counts.to_vec(),
                sum: Some(2.0),
                count: counts[0] + counts[1],
            }),
        };
        let mut accumulator = DeltaAccumulator::default();
        add(&mut accumulator, vec![point(1, [1.0, 2.0])], 0);
        let (samples, _) = add(&mut accumulator, vec![point(2, [1.0, 0.0])], 0);
        // _bucket{le="1"}, _bucket{le="+Inf"}, _sum, _count
        assert_eq!(samples, [(2, 2.0), (2, 4.0), (2, 4.0), (2, 4.0)]);
    }
}
