//! Series and their newest samples in memory. Does no input or output.

use std::sync::Arc;

use signals::metric::{Exemplar, Metadata};
use signals::{Labels, Matcher, SeriesBatch};

use super::SeriesChunks;
use crate::StoreError;

/// Bounds of the head.
#[derive(Debug, Clone)]
pub struct HeadLimits {
    /// Series in memory; a batch's new series past this are refused, known ones always continue.
    pub series_max: usize,
    /// How much older than the newest sample of its series a sample may be.
    pub late_window_ms: i64,
    /// Different UTC days between two flushes; bounds the number of parts that one flush writes.
    pub days_max: usize,
    /// Exemplars kept of one series between two flushes, the newest.
    pub exemplars_per_series_max: usize,
    /// Exemplars kept in all.
    pub exemplars_max: usize,
    /// Metric families with metadata.
    pub families_max: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            series_max: 1_000_000,
            late_window_ms: 24 * 3_600_000,
            days_max: 128,
            exemplars_per_series_max: 64,
            exemplars_max: 200_000,
            families_max: 50_000,
        }
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Plain and histogram samples that were stored.
    pub samples: u64,
    /// Of these, older than the newest of their series.
    pub late_samples: u64,
    /// Samples that were there already, with the same value.
    pub duplicate_samples: u64,
    /// Samples past the late window, past the days limit, or outside the years 1678 to 2262.
    pub out_of_bounds_samples: u64,
    /// Samples of series that were refused.
    pub refused_samples: u64,
    /// Histograms whose spans and counts disagree, and samples of no series of the batch.
    pub invalid_samples: u64,
    /// Exemplars that were stored.
    pub exemplars: u64,
    /// New series.
    pub created_series: u64,
    /// New series refused because of [`HeadLimits::series_max`].
    pub refused_series: u64,
}

/// What the head holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadStats {
    /// Series in memory.
    pub series: u64,
    /// Samples in memory.
    pub samples: u64,
    /// Memory of all of it, estimated.
    pub bytes: u64,
    /// New series refused since the start.
    pub refused_series: u64,
}

/// Series and their newest samples. Cheap to clone: all clones are one head.
#[derive(Debug, Clone)]
pub struct Head {
    limits: Arc<HeadLimits>,
}

/// What one flush writes: the samples that the head held at one instant.
#[derive(Debug, Clone)]
pub struct Frozen {
    days: Vec<i32>,
}

impl Frozen {
    /// The UTC days with something to write, ascending, counted from 1970-01-01.
    pub fn days(&self) -> &[i32] {
        &self.days
    }
}

impl Head {
    /// An empty head.
    pub fn new(limits: HeadLimits) -> Self {
        Self { limits: Arc::new(limits) }
    }

    /// Takes in what can be taken in; what this returns from is visible to every reader.
    pub fn append(&self, _batch: &SeriesBatch) -> Appended {
        let _ = &self.limits;
        todo!()
    }

    /// What the head holds.
    pub fn stats(&self) -> HeadStats {
        todo!()
    }

    /// Closes the book on all samples taken in so far; `None` when there are none.
    ///
    /// They stay readable until [`Self::release`]. Freezing again before that is allowed: each
    /// frozen set then holds what came since the one before.
    pub fn freeze(&self) -> Option<Frozen> {
        todo!()
    }

    /// Forgets what was frozen, once its parts are in the manifest; series that had no samples
    /// for a whole flush leave memory.
    pub fn release(&self, _frozen: &Frozen) {
        todo!()
    }

    /// The series that satisfy all matchers and have samples in `start_ms..=end_ms`, in order of labels.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] past `series_max`.
    pub fn select(
        &self,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
        _series_max: usize,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        todo!()
    }

    /// Exemplars in `start_ms..=end_ms` of the series that satisfy all matchers, in order of labels, then time.
    pub fn exemplars(
        &self,
        _matchers: &[Matcher],
        _start_ms: i64,
        _end_ms: i64,
    ) -> Vec<(Labels, Vec<Exemplar>)> {
        todo!()
    }

    /// Type, help and unit of each family, in order of names.
    pub fn metadata(&self) -> Vec<Metadata> {
        todo!()
    }

    /// Puts back what parts knew of families ([`super::PartReader::metadata`]); what the head knows already is newer and stays.
    pub fn restore_metadata(&self, _families: Vec<Metadata>) {
        todo!()
    }
}
