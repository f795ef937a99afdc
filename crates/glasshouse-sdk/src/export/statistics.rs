//! What became of everything that was handed to the worker. Only counts: lines about it are written
//! by `warnings`.

use super::settings::Signal;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start, per signal.
#[derive(Debug, Default)]
pub(crate) struct ExportStatistics {
    pub(crate) spans: SignalStatistics,
    pub(crate) logs: SignalStatistics,
    /// Items are data points.
    pub(crate) metrics: SignalStatistics,
}

impl ExportStatistics {
    /// The counts of one signal.
    pub(crate) fn of(&self, signal: Signal) -> &SignalStatistics {
        match signal {
            Signal::Spans => &self.spans,
            Signal::Logs => &self.logs,
            Signal::Metrics => &self.metrics,
        }
    }
}

/// Spans and records end in exactly one of `exported` and the three `dropped_…`.
#[derive(Debug, Default)]
pub(crate) struct SignalStatistics {
    /// Items that the backend took.
    pub(crate) exported: AtomicU64,
    /// Items that found their queue full.
    pub(crate) dropped_queue_full: AtomicU64,
    /// Items that the backend refused, wholly or by `partial_success`, or that could not be encoded.
    pub(crate) dropped_rejected: AtomicU64,
    /// Items left when the time for shutting down was over, or offered afterwards.
    pub(crate) dropped_shutdown: AtomicU64,
    /// Requests that failed, each try.
    pub(crate) failed_exports: AtomicU64,
}

/// Adds without ordering: counts are read for display.
pub(super) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// Reads a count.
pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
