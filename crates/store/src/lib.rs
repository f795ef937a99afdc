//! Where telemetry rests: write-ahead log, memory head, Parquet parts, manifest, compaction and
//! retention, for spans, logs and metrics.
//!
//! What is acknowledged is durable and visible: [`Store::append`] returns after `fdatasync`, and
//! every read sees head and parts as one. The store knows no protocol (payloads in the
//! write-ahead log are decoded again by the [`Replay`] that is passed in) and no query language.

pub mod metrics;

use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use object_store::ObjectStore;
use signals::metric::{Exemplar, Metadata};
use signals::{Batch, Labels, Matcher, Signal, Timestamp};

pub use metrics::{Samples, SeriesChunks};

/// Failures of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot take this now; the sender should retry.
    #[error("{0}")]
    Unavailable(String),
    /// A file or object could not be read or written.
    #[error("{0}")]
    Io(String),
}

/// One accepted request as it is written ahead: the wire body, to be decoded again at replay.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which decoder reads the payload; owned by `wire`, opaque here.
    pub format: u8,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The uncompressed body.
    pub payload: Bytes,
}

/// Decodes write-ahead records again at start.
pub trait Replay: Send + Sync {
    /// The batches that were acknowledged when this record arrived.
    ///
    /// # Errors
    /// A description, when the payload cannot be decoded; the record is then quarantined.
    fn decode(&self, record: &Record) -> Result<Vec<Batch>, String>;
}

/// Half-open range of time in nanoseconds: `start <= t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

/// An immutable Parquet file and what the manifest knows of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where it is in [`Store::objects`].
    pub path: object_store::path::Path,
    /// Size of the file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Least and greatest time of its rows, both inside.
    pub min_time: Timestamp,
    /// See `min_time`.
    pub max_time: Timestamp,
}

/// Rows of one signal that may lie in a range: the head's batches and the parts, consistent with
/// each other. Rows outside the range may be included; readers filter.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Rows in memory, oldest batch first.
    pub head: Vec<RecordBatch>,
    /// Files, oldest first.
    pub parts: Vec<Arc<Part>>,
}

/// Everything that is stored. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Writes the record ahead, makes the batches visible, and returns once both are durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when memory or disk is full or the store is closing: nothing was kept.
    pub async fn append(&self, _record: Record, _batches: Vec<Batch>) -> Result<(), StoreError> {
        todo!()
    }

    /// The rows of spans or logs that may lie in the range.
    pub fn snapshot(&self, _signal: Signal, _range: TimeRange) -> Snapshot {
        todo!()
    }

    /// Where the parts are.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        todo!()
    }

    /// The series that satisfy all matchers and may have samples in `start_ms..=end_ms`, in order of labels.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a part cannot be read; [`StoreError::Unavailable`] past `series_max`.
    pub async fn select(
        &self,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _series_max: usize,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        todo!()
    }

    /// Label sets only, for `/series`, label names and label values.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub async fn series(
        &self,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _series_max: usize,
    ) -> Result<Vec<Labels>, StoreError> {
        todo!()
    }

    /// Exemplars of the series that satisfy all matchers, with times in `start_ms..=end_ms`.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub async fn exemplars(
        &self,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
    ) -> Result<Vec<(Labels, Vec<Exemplar>)>, StoreError> {
        todo!()
    }

    /// Type, help and unit of each metric family, in order of names.
    pub fn metadata(&self) -> Vec<Metadata> {
        todo!()
    }
}
