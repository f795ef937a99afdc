//! Numbers about the store, for the program's own metrics and for users.

use std::sync::atomic::Ordering;

use signals::{Signal, Timestamp};

use crate::open_store::OpenStore;

/// Status of one signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignalStatus {
    /// Rows in memory: spans, log records, or samples.
    pub head_rows: u64,
    /// Memory of these rows, in bytes.
    pub head_bytes: u64,
    /// Number of parts.
    pub parts: u64,
    /// Number of rows in parts.
    pub part_rows: u64,
    /// Size of the parts, in bytes.
    pub part_bytes: u64,
}

/// Status of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Status of spans.
    pub spans: SignalStatus,
    /// Status of logs.
    pub logs: SignalStatus,
    /// Status of metrics.
    pub metrics: SignalStatus,
    /// Metric series in memory.
    pub active_series: u64,
    /// New series refused because of the limit on series.
    pub refused_series: u64,
    /// Size of the write-ahead log, in bytes.
    pub log_bytes: u64,
    /// Time of the last flush; `None` before the first one.
    pub flushed_at: Option<Timestamp>,
    /// Why nothing can be stored until a restart.
    pub fatal: Option<String>,
    /// Whether the disk has too little free space to accept more.
    pub is_disk_low: bool,
    /// Damaged pieces quarantined since the start.
    pub quarantined: u64,
    /// Parts that a manifest lists but that are missing.
    pub missing_parts: u64,
    /// Segments of the write-ahead log that were missing at the start, with acknowledged rows.
    pub missing_segments: u64,
}

impl OpenStore {
    pub(crate) fn status(&self) -> Status {
        let signal = |signal: Signal| {
            let counts = self.state.counts(signal);
            SignalStatus {
                head_rows: counts.head_rows,
                head_bytes: counts.head_bytes,
                parts: counts.parts,
                part_rows: counts.part_rows,
                part_bytes: counts.part_bytes,
            }
        };
        let log = self.log.get();
        let metrics = self.state.metrics.stats();
        Status {
            spans: signal(Signal::Spans),
            logs: signal(Signal::Logs),
            metrics: signal(Signal::Metrics),
            active_series: metrics.series,
            refused_series: metrics.counts.refused_series,
            log_bytes: log.map_or(0, crate::write_ahead::writer::Log::bytes),
            flushed_at: self.flusher.flushed_at(),
            fatal: log.and_then(|log| log.fatal().borrow().clone()),
            is_disk_low: self.is_disk_low(),
            quarantined: self.quarantined.load(Ordering::Relaxed),
            missing_parts: self.state.missing_parts(),
            missing_segments: self.missing_segments.load(Ordering::Relaxed),
        }
    }
}
