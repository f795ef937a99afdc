//! Export counts; `warnings` logs them.

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

/// Each span and record is counted in exactly one of `exported` and `dropped_…`.
#[derive(Debug, Default)]
pub(crate) struct SignalStatistics {
    /// Items accepted by the backend.
    pub(crate) exported: AtomicU64,
    /// Items dropped because the queue was full.
    pub(crate) dropped_queue_full: AtomicU64,
    /// Items rejected by the backend, entirely or in `partial_success`, or not encodable.
    pub(crate) dropped_rejected: AtomicU64,
    /// Items left at the shutdown deadline, or sent afterwards.
    pub(crate) dropped_shutdown: AtomicU64,
    /// Failed requests, including retries.
    pub(crate) failed_exports: AtomicU64,
}

/// Adds with relaxed ordering: counts are only displayed.
pub(super) fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// Reads a count.
pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
