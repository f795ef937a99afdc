//! Where telemetry rests: write-ahead log, memory head, Parquet parts, manifest, compaction and
//! retention, for spans, logs and metrics.
//!
//! What is acknowledged is durable and visible: [`Store::append`] returns after `fdatasync`, and
//! every read sees head and parts as one. The store knows no protocol (payloads in the
//! write-ahead log are decoded again by the [`Replay`] that is passed in) and no query language.

mod calendar;
pub mod config;
pub mod files;
mod flush;
mod head;
mod inner;
mod maintain;
mod manifest;
pub mod metrics;
pub mod objects;
mod part;
mod recover;
mod state;
mod status;
#[cfg(test)]
mod tests;
mod write_ahead;

use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use object_store::ObjectStore;
use signals::metric::{Exemplar, Metadata};
use signals::{Batch, Labels, Matcher, MemoryExhausted, MemoryReservation, Signal, Timestamp};

use inner::Inner;

pub use config::{Config, Memory, Seams};
pub use metrics::{Samples, SeriesChunks};
pub use recover::RecoveryReport;
pub use status::{SignalStatus, Status};
pub use write_ahead::quarantine::Quarantined;

/// Failures of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot take this now; the sender should retry.
    #[error("{0}")]
    Unavailable(String),
    /// There is no memory for this now; later there may be.
    #[error(transparent)]
    Memory(#[from] MemoryExhausted),
    /// A file or object could not be read or written.
    #[error("{0}")]
    Io(String),
    /// A request is larger than the store ever takes; sending it again does not help.
    #[error("{0}")]
    TooLarge(String),
    /// The disk failed in a way after which only a restart tells what it holds.
    #[error("{0}")]
    Fatal(String),
    /// A setting is wrong; the message names it.
    #[error("{0}")]
    Config(String),
    /// Another process has the data folder; the message names both.
    #[error("{0}")]
    Locked(String),
    /// The data were written by a newer program; nothing was changed.
    #[error("{0}")]
    Format(String),
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
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

impl TimeRange {
    /// The range of both milliseconds and all between.
    #[must_use]
    pub fn of_ms(start_ms: i64, end_ms: i64) -> Self {
        let millisecond = signals::time::MILLISECOND;
        Self {
            start: start_ms.saturating_mul(millisecond),
            end: end_ms.saturating_add(1).saturating_mul(millisecond),
        }
    }
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

/// Everything that is stored. Cheap to clone: all clones are one store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "store in {}", self.inner.files.location())
    }
}

impl Store {
    /// Opens a data folder, making it if there is none, and replays its write-ahead log.
    ///
    /// # Errors
    /// [`StoreError::Config`], [`StoreError::Locked`], [`StoreError::Format`], and
    /// [`StoreError::Io`] when the folder cannot be read or written. Damaged data are no error:
    /// they are put aside and named in the report.
    pub async fn open(
        config: Config,
        seams: Seams,
        replay: Arc<dyn Replay>,
    ) -> Result<(Self, RecoveryReport), StoreError> {
        let (inner, report) = Inner::open(config, seams, replay).await?;
        Ok((Self { inner }, report))
    }

    /// Starts flushing and maintaining in the background, until [`Self::close`].
    pub fn spawn(&self) {
        self.inner.spawn();
    }

    /// Takes nothing more, brings everything into parts, and frees the folder. What could not be
    /// brought into parts is still in the write-ahead log.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the last flush failed; the store is closed all the same.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }

    /// Brings everything that is visible now into parts.
    ///
    /// # Errors
    /// [`StoreError::Io`]; nothing is lost, and the next flush goes on where this one stopped.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush().await
    }

    /// One round of compaction and retention.
    ///
    /// # Errors
    /// [`StoreError::Io`]; what is stored stays as it is.
    pub async fn maintain(&self) -> Result<(), StoreError> {
        self.inner.maintain().await
    }

    /// The store in numbers.
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// Turns to a reason when the write-ahead log failed for good: the process should then end
    /// with an error, and be started again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the store is still starting.
    pub fn fatal(&self) -> Result<tokio::sync::watch::Receiver<Option<String>>, StoreError> {
        Ok(self.inner.log()?.fatal())
    }

    /// Takes out of the batches what there is no room for: samples of new series past
    /// [`metrics::HeadLimits::series_max`] and of too many different days at once. Returns how
    /// many items that were, for the sender to be told; what stays may be appended.
    pub fn admit(&self, batches: &mut [Batch]) -> usize {
        let metrics = &self.inner.state.metrics;
        let refused = batches.iter_mut().map(|batch| match batch {
            Batch::Metrics(series) => metrics.admit(series),
            Batch::Spans(_) | Batch::Logs(_) => 0,
        });
        refused.sum()
    }

    /// Writes the record ahead, makes the batches visible, and returns once both are durable.
    ///
    /// # Errors
    /// [`StoreError::Memory`] and [`StoreError::Unavailable`] when memory or disk is full or the store
    /// is closing: nothing was kept.
    /// [`StoreError::TooLarge`] when the record is over 128 MiB.
    pub async fn append(&self, record: Record, batches: Vec<Batch>) -> Result<(), StoreError> {
        self.inner.append(record, batches).await
    }

    /// The rows of spans or logs that may lie in the range.
    pub fn snapshot(&self, signal: Signal, range: TimeRange) -> Snapshot {
        self.inner.state.snapshot(signal, range)
    }

    /// Where the parts are.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.objects)
    }

    /// The series that satisfy all matchers and may have samples in `start_ms..=end_ms`, in order of
    /// labels. What they hold is taken from `memory` while it is read.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a part cannot be read; [`StoreError::Unavailable`] past `series_max`;
    /// [`StoreError::Memory`].
    pub async fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        memory: &MemoryReservation,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        let (state, reader) = (&self.inner.state, &self.inner.metric_parts);
        let parts = || state.parts(Signal::Metrics, TimeRange::of_ms(start_ms, end_ms));
        let range = (start_ms, end_ms);
        metrics::read::select(&state.metrics, parts, reader, matchers, range, series_max, memory)
            .await
    }

    /// Label sets only, for `/series`, label names and label values.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub async fn series(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<Labels>, StoreError> {
        let (state, reader) = (&self.inner.state, &self.inner.metric_parts);
        let parts = || state.parts(Signal::Metrics, TimeRange::of_ms(start_ms, end_ms));
        metrics::read::series(&state.metrics, parts, reader, matchers, start_ms, end_ms, series_max)
            .await
    }

    /// Exemplars of the series that satisfy all matchers, with times in `start_ms..=end_ms`.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub async fn exemplars(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<(Labels, Vec<Exemplar>)>, StoreError> {
        let (state, reader) = (&self.inner.state, &self.inner.metric_parts);
        let parts = || state.parts(Signal::Metrics, TimeRange::of_ms(start_ms, end_ms));
        metrics::read::exemplars(&state.metrics, parts, reader, matchers, start_ms, end_ms).await
    }

    /// Type, help and unit of each metric family, in order of names.
    pub fn metadata(&self) -> Vec<Metadata> {
        self.inner.state.metrics.metadata()
    }
}
