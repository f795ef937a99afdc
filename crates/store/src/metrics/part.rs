//! Parts of metrics: Parquet files with a row per chunk, described in `docs/formats/parts-metrics.md`.

use std::io::Write;
use std::sync::Arc;

use signals::Timestamp;

use super::{Frozen, PartReader};
use crate::{Part, StoreError};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartSummary {
    /// Size of the file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
    /// Samples in its chunks.
    pub samples: u64,
    /// Time of the first sample.
    pub min_time: Timestamp,
    /// Time of the last sample.
    pub max_time: Timestamp,
}

/// Writes what was frozen of one UTC day. Slow and synchronous: not for a thread that serves.
///
/// # Errors
/// [`StoreError::Io`] when the sink fails.
pub fn write<W: Write + Send>(
    _frozen: &Frozen,
    _day: i32,
    _sink: W,
) -> Result<PartSummary, StoreError> {
    todo!()
}

/// Writes one part that holds what the inputs of one day hold, oldest first; later ones win.
///
/// Inputs must be neighbours in the order of the manifest. Memory follows one series, and one
/// batch of each input.
///
/// # Errors
/// [`StoreError::Io`] when an input cannot be read or is damaged, or the sink fails.
#[expect(clippy::unused_async, reason = "reads parts")]
pub async fn merge<W: Write + Send>(
    _reader: &PartReader,
    _inputs: &[Arc<Part>],
    _sink: W,
) -> Result<PartSummary, StoreError> {
    todo!()
}
