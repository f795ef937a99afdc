//! The state of one series: atomics and exemplars.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceContextExt, TraceId};
use parking_lot::Mutex;

/// Exists while the current context of this thread is accessible.
struct HasContext;

impl Drop for HasContext {
    fn drop(&mut self) {}
}

thread_local! {
    /// Thread-locals are dropped in reverse order of initialisation: the context outlives this one.
    static HAS_CONTEXT: HasContext = {
        Context::map_current(|_| ());
        HasContext
    };
}

/// An exemplar: a measurement in this series and its trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) value: f64,
    /// Nanoseconds since the Unix epoch.
    pub(crate) time_ns: u64,
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
}

/// The latest exemplar of each bucket; a counter has one bucket.
#[derive(Debug)]
struct Exemplars(Box<[Mutex<Option<Exemplar>>]>);

/// The value of a series.
#[derive(Debug)]
pub(crate) struct Cell {
    value: Value,
    /// Created with the first exemplar: most series have none.
    exemplars: OnceLock<Exemplars>,
    /// Start time of the series, in nanoseconds since the Unix epoch.
    start_ns: u64,
}

#[derive(Debug)]
enum Value {
    Integer(AtomicI64),
    /// The bits of an `f64`.
    Float(AtomicU64),
    Histogram {
        bounds: &'static [f64],
        /// One more entry than `bounds`.
        counts: Box<[AtomicU64]>,
        /// The bits of an `f64`.
        sum: AtomicU64,
    },
}

/// The value of a series at a point in time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading {
    Integer(i64),
    Float(f64),
    /// `counts` has one more entry than `bounds`; buckets are not cumulative.
    Histogram {
        bounds: Vec<f64>,
        counts: Vec<u64>,
        sum: f64,
    },
}

impl Cell {
    pub(super) fn integer() -> Self {
        Self::new(Value::Integer(AtomicI64::new(0)))
    }

    pub(super) fn float() -> Self {
        Self::new(Value::Float(AtomicU64::new(0.0_f64.to_bits())))
    }

    pub(super) fn histogram(bounds: &'static [f64]) -> Self {
        Self::new(Value::Histogram {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0.0_f64.to_bits()),
        })
    }

    fn new(value: Value) -> Self {
        Self { value, exemplars: OnceLock::new(), start_ns: now_ns() }
    }

    pub(super) fn start_ns(&self) -> u64 {
        self.start_ns
    }

    /// Adds to a counter; a negative amount decreases an up-down counter.
    pub(super) fn add_integer(&self, amount: i64) {
        if let Value::Integer(value) = &self.value {
            let before = value.fetch_add(amount, Ordering::Relaxed);
            if before.checked_add(amount).is_none() {
                // Saturates: a wrapped counter would look like a reset.
                value.store(if amount < 0 { i64::MIN } else { i64::MAX }, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn add_float(&self, amount: f64) {
        if let Value::Float(value) = &self.value {
            add(value, amount);
        }
    }

    /// Sets a gauge.
    pub(super) fn set(&self, amount: f64) {
        if let Value::Float(value) = &self.value {
            value.store(amount.to_bits(), Ordering::Relaxed);
        }
    }

    /// Records a measurement. Non-finite values would corrupt the sum permanently and are ignored.
    pub(super) fn observe(&self, measured: f64) {
        if let Value::Histogram { bounds, counts, sum } = &self.value
            && measured.is_finite()
        {
            if let Some(count) = counts.get(bucket(bounds, measured)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            add(sum, measured);
        }
    }

    /// Keeps the measurement as an exemplar if the current span is sampled. Never blocks: if
    /// another thread is writing the exemplar, that one is kept.
    pub(super) fn record_exemplar(&self, measured: f64) {
        // While the thread exits, accessing the context would abort the process.
        if !measured.is_finite() || HAS_CONTEXT.try_with(|_| ()).is_err() {
            return;
        }
        Context::map_current(|context| {
            if !context.has_active_span() {
                return;
            }
            let span = context.span();
            let span = span.span_context();
            if !span.is_sampled() {
                return;
            }
            let (buckets, index) = match &self.value {
                Value::Histogram { bounds, .. } => (bounds.len() + 1, bucket(bounds, measured)),
                _ => (1, 0),
            };
            let exemplars = self
                .exemplars
                .get_or_init(|| Exemplars((0..buckets).map(|_| Mutex::new(None)).collect()));
            if let Some(mut slot) = exemplars.0.get(index).and_then(|slot| slot.try_lock()) {
                *slot = Some(Exemplar {
                    value: measured,
                    time_ns: now_ns(),
                    trace_id: span.trace_id(),
                    span_id: span.span_id(),
                });
            }
        });
    }

    /// Reads the series. The buckets and the sum of a histogram are not read atomically: a
    /// concurrent measurement may be in one and not in the other.
    pub(super) fn read(&self) -> Reading {
        match &self.value {
            Value::Integer(value) => Reading::Integer(value.load(Ordering::Relaxed)),
            Value::Float(value) => Reading::Float(f64::from_bits(value.load(Ordering::Relaxed))),
            Value::Histogram { bounds, counts, sum } => Reading::Histogram {
                bounds: bounds.to_vec(),
                counts: counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(),
                sum: f64::from_bits(sum.load(Ordering::Relaxed)),
            },
        }
    }

    /// The existing exemplars, by bucket.
    pub(super) fn exemplars(&self) -> Vec<Option<Exemplar>> {
        let slots = self.exemplars.get().map(|exemplars| exemplars.0.iter());
        slots.into_iter().flatten().map(|slot| *slot.lock()).collect()
    }

    #[cfg(test)]
    pub(super) fn load_integer(&self) -> i64 {
        match self.read() {
            Reading::Integer(value) => value,
            other => panic!("not an integer: {other:?}"),
        }
    }
}

/// The index of the first bucket whose upper bound is not below the measurement.
fn bucket(bounds: &[f64], measured: f64) -> usize {
    bounds.partition_point(|bound| *bound < measured)
}

fn add(bits: &AtomicU64, amount: f64) {
    let mut seen = bits.load(Ordering::Relaxed);
    loop {
        let sum = (f64::from_bits(seen) + amount).to_bits();
        match bits.compare_exchange_weak(seen, sum, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => seen = now,
        }
    }
}

/// Nanoseconds since the Unix epoch; 0 for earlier times.
pub(crate) fn now_ns() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a series in someone's service is in real time")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_on_a_bound_belongs_to_the_bucket_below() {
        let bounds = [1.0, 2.0, 5.0];
        for (measured, expected) in [(0.0, 0), (1.0, 0), (1.1, 1), (2.0, 1), (5.0, 2), (9.0, 3)] {
            assert_eq!(bucket(&bounds, measured), expected, "{measured}");
        }
    }

    #[test]
    fn what_is_not_finite_is_not_counted() {
        let cell = Cell::histogram(&[1.0]);
        for measured in [f64::NAN, 0.5, f64::INFINITY, f64::NEG_INFINITY] {
            cell.observe(measured);
        }
        let Reading::Histogram { counts, sum, .. } = cell.read() else { panic!("a histogram") };
        assert_eq!((counts, sum), (vec![1, 0], 0.5));
    }

    #[test]
    fn two_threads_lose_nothing() {
        let cell = Cell::float();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..10_000).for_each(|_| cell.add_float(0.5)));
            }
        });
        assert_eq!(cell.read(), Reading::Float(10_000.0));
    }
}
