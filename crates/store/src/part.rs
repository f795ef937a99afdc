//! Parts: immutable Parquet files with the sorted rows of one signal and UTC day.
//!
//! This module holds what spans and logs share, and is the only one that knows how their columns
//! are encoded; metrics parts are in [`crate::metrics`]. The columns are described in
//! `docs/formats/parts-spans.md` and `parts-logs.md`.

pub(crate) mod copies;
pub(crate) mod decoded;
pub(crate) mod gather;
pub(crate) mod keys;
pub(crate) mod layout;
pub(crate) mod merge;
pub(crate) mod object;
pub(crate) mod order;
pub(crate) mod write;

use signals::Timestamp;

/// An immutable Parquet file and its metadata from the manifest.
#[derive(Debug, Clone)]
pub struct Part {
    /// Path in [`crate::Store::objects`].
    pub path: object_store::path::Path,
    /// Size of the file.
    pub bytes: u64,
    /// Number of rows.
    pub rows: u64,
    /// Time of its earliest row.
    pub min_time: Timestamp,
    /// Time of its latest row.
    pub max_time: Timestamp,
}
