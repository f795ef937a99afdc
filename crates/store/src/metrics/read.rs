//! Head and parts read as one.

use std::sync::Arc;

use object_store::ObjectStore;
use signals::metric::{Exemplar, Metadata, NativeHistogram};
use signals::{Labels, Matcher};

use super::Head;
use crate::{Part, StoreError};

/// Samples of one series, columns side by side, times ascending without repeats.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Milliseconds since 1970 of `values`.
    pub timestamps: Vec<i64>,
    /// Plain samples.
    pub values: Vec<f64>,
    /// Native histograms, interleaved in time with the plain samples.
    pub histograms: Vec<(i64, Arc<NativeHistogram>)>,
}

/// One selected series; its samples are decoded on demand so that memory follows one series, not all.
#[derive(Debug, Clone)]
pub struct SeriesChunks {
    /// The labels.
    pub labels: Labels,
}

impl SeriesChunks {
    /// Decodes the samples with `start_ms <= t <= end_ms` into cleared `samples`.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a chunk is damaged.
    pub fn read(
        &self,
        _start_ms: i64,
        _end_ms: i64,
        _samples: &mut Samples,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// How many samples the chunks hold at most, before any is decoded.
    pub fn samples_max(&self) -> u64 {
        todo!()
    }
}

/// Bounds of reading.
#[derive(Debug, Clone)]
pub struct ReadLimits {
    /// Encoded samples that one selection may hold in memory.
    pub chunk_bytes_max: usize,
    /// Parquet footers kept in memory.
    pub footer_cache_bytes_max: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { chunk_bytes_max: 512 << 20, footer_cache_bytes_max: 64 << 20 }
    }
}

/// Reads parts of metrics, and remembers their footers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PartReader {
    objects: Arc<dyn ObjectStore>,
    limits: Arc<ReadLimits>,
}

impl PartReader {
    /// A reader of parts in `objects`.
    pub fn new(objects: Arc<dyn ObjectStore>, limits: ReadLimits) -> Self {
        Self { objects, limits: Arc::new(limits) }
    }

    /// What parts, oldest first, know of metric families; called once at start.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a part cannot be read.
    #[expect(clippy::unused_async, reason = "reads parts")]
    pub async fn metadata(&self, _parts: &[Arc<Part>]) -> Result<Vec<Metadata>, StoreError> {
        let _ = (&self.objects, &self.limits);
        todo!()
    }
}

/// The series of head and parts that satisfy all matchers and may have samples in
/// `start_ms..=end_ms`, in order of labels.
///
/// `parts` lists the manifest's parts that overlap the range, oldest first; it is called after
/// the head was asked, so that a flush in between hides nothing.
///
/// # Errors
/// [`StoreError::Io`] when a part cannot be read; [`StoreError::Unavailable`] past `series_max`
/// or [`ReadLimits::chunk_bytes_max`].
#[expect(clippy::unused_async, reason = "reads parts")]
pub async fn select(
    _head: &Head,
    _parts: impl FnOnce() -> Vec<Arc<Part>>,
    _reader: &PartReader,
    _matchers: &[Matcher],
    _start_ms: i64,
    _end_ms: i64,
    _series_max: usize,
) -> Result<Vec<SeriesChunks>, StoreError> {
    todo!()
}

/// Label sets only; as [`select`].
///
/// # Errors
/// As [`select`].
#[expect(clippy::unused_async, reason = "reads parts")]
pub async fn series(
    _head: &Head,
    _parts: impl FnOnce() -> Vec<Arc<Part>>,
    _reader: &PartReader,
    _matchers: &[Matcher],
    _start_ms: i64,
    _end_ms: i64,
    _series_max: usize,
) -> Result<Vec<Labels>, StoreError> {
    todo!()
}

/// Exemplars with times in `start_ms..=end_ms` of the series that satisfy all matchers, in order of labels, then time.
///
/// # Errors
/// As [`select`].
#[expect(clippy::unused_async, reason = "reads parts")]
pub async fn exemplars(
    _head: &Head,
    _parts: impl FnOnce() -> Vec<Arc<Part>>,
    _reader: &PartReader,
    _matchers: &[Matcher],
    _start_ms: i64,
    _end_ms: i64,
) -> Result<Vec<(Labels, Vec<Exemplar>)>, StoreError> {
    todo!()
}
