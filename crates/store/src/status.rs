//! The state of the store in numbers, for the program's own metrics and for people.

use std::sync::atomic::Ordering;

use signals::{Signal, Timestamp};

use crate::open_store::OpenStore;

/// What is stored of one signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignalStatus {
    /// Rows in memory: spans, log records, or samples.
    pub head_rows: u64,
    /// Their memory.
    pub head_bytes: u64,
    /// Parts.
    pub parts: u64,
    /// Rows of the parts.
    pub part_rows: u64,
    /// Size of the parts.
    pub part_bytes: u64,
}

/// The store in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What is stored of spans.
    pub spans: SignalStatus,
    /// What is stored of logs.
    pub logs: SignalStatus,
    /// What is stored of metrics.
    pub metrics: SignalStatus,
    /// Metric series in memory.
    pub active_series: u64,
    /// New series that were refused because there are too many.
    pub refused_series: u64,
    /// Size of the write-ahead log.
    pub log_bytes: u64,
    /// When the head was last brought into parts; `None` before the first time.
    pub flushed_at: Option<Timestamp>,
    /// Why nothing can be stored until a restart.
    pub fatal: Option<String>,
    /// Whether the disk has too little room to accept more.
    pub is_disk_low: bool,
    /// Damaged pieces quarantined since the start.
    pub quarantined: u64,
    /// Parts that a manifest lists and that are not there.
    pub missing_parts: u64,
    /// Segments of the write-ahead log that were gone at the start, with acknowledged rows.
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
