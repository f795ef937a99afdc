//! Histograms of the store's own work, for the metrics of the process.

use std::time::Duration;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use signals::Signal;

type Labelled<const N: usize> =
    Family<[(&'static str, &'static str); N], Histogram, fn() -> Histogram>;

/// Durations of the store's work, and sizes of what it writes. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Instruments {
    log_sync: Histogram,
    log_write: Histogram,
    flush: Histogram,
    merge: Labelled<1>,
    part: Labelled<2>,
}

impl Default for Instruments {
    fn default() -> Self {
        Self {
            log_sync: short_durations(),
            log_write: sizes(),
            flush: long_durations(),
            merge: Family::new_with_constructor(long_durations),
            part: Family::new_with_constructor(sizes),
        }
    }
}

impl Instruments {
    /// A group of records was written and synced.
    pub(crate) fn log_written(&self, bytes: usize) {
        self.log_write.observe(bytes as f64);
    }

    /// The log was synced.
    pub(crate) fn log_synced(&self, duration: Duration) {
        self.log_sync.observe(duration.as_secs_f64());
    }

    /// The head was flushed.
    pub(crate) fn flushed(&self, duration: Duration) {
        self.flush.observe(duration.as_secs_f64());
    }

    /// Parts were merged.
    pub(crate) fn merged(&self, signal: Signal, duration: Duration) {
        self.merge.get_or_create(&[("signal", signal.name())]).observe(duration.as_secs_f64());
    }

    /// A part was written, by `flush` or `merge`.
    pub(crate) fn part_written(&self, signal: Signal, by: &'static str, bytes: u64) {
        let labels = [("signal", signal.name()), ("written_by", by)];
        self.part.get_or_create(&labels).observe(bytes as f64);
    }

    /// Registers them with the metrics of the process.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let store = registry.sub_registry_with_prefix("glasshouse_store");
        for (name, help, histogram) in [
            ("log_sync_duration_seconds", "Syncs of the write-ahead log", &self.log_sync),
            ("log_write_size_bytes", "Groups of records written to the log", &self.log_write),
            ("flush_duration_seconds", "Flushes of the head into parts", &self.flush),
        ] {
            store.register(name, help, histogram.clone());
        }
        store.register("merge_duration_seconds", "Merges of parts", self.merge.clone());
        store.register("part_size_bytes", "Parts that were written", self.part.clone());
    }
}

/// From a quarter of a millisecond to eight seconds.
fn short_durations() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
}

/// From ten milliseconds to five minutes.
fn long_durations() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 2.0, 16))
}

/// From a kibibyte to a gibibyte.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1024.0, 4.0, 11))
}
