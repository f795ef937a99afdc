//! The three signals, and a batch of one of them.

use arrow::array::RecordBatch;

use crate::SeriesBatch;

/// A kind of telemetry; each has its own storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans of distributed traces.
    Spans,
    /// Log records.
    Logs,
    /// Samples of metric series.
    Metrics,
}

impl Signal {
    /// All signals, in the order used in every listing.
    pub const ALL: [Self; 3] = [Self::Spans, Self::Logs, Self::Metrics];

    /// The name used in paths, configuration keys and own metrics: `spans`, `logs`, `metrics`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}

/// The accepted items of one signal in a request, ready for the store.
#[derive(Debug, Clone)]
pub enum Batch {
    /// Rows of [`crate::span::schema`].
    Spans(RecordBatch),
    /// Rows of [`crate::log::schema`].
    Logs(RecordBatch),
    /// Series with their new samples.
    Metrics(SeriesBatch),
}

impl Batch {
    /// The signal of this batch.
    #[must_use]
    pub fn signal(&self) -> Signal {
        match self {
            Self::Spans(_) => Signal::Spans,
            Self::Logs(_) => Signal::Logs,
            Self::Metrics(_) => Signal::Metrics,
        }
    }

    /// Number of spans, log records or samples (floats and histograms together).
    #[must_use]
    pub fn items(&self) -> usize {
        match self {
            Self::Spans(rows) | Self::Logs(rows) => rows.num_rows(),
            Self::Metrics(series) => series.samples.len() + series.histograms.len(),
        }
    }
}
