//! Parts: immutable Parquet files with the sorted rows of one signal and UTC day.
//!
//! Here is what spans and logs have in common, and the one place that knows how their columns are
//! encoded; what metrics parts hold is in [`crate::metrics`]. The columns are described in
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

/// An immutable Parquet file and what the manifest knows of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where it is in [`crate::Store::objects`].
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
