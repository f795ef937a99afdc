//! Parts: immutable Parquet files with the sorted rows of one signal and UTC day.
//!
//! Here is what spans and logs have in common, and the one place that knows how their columns are
//! encoded; what metrics parts hold is in [`crate::metrics`]. The columns are described in
//! `docs/formats/parts-spans.md` and `parts-logs.md`.

pub(crate) mod copies;
pub(crate) mod merge;
pub(crate) mod object;
pub(crate) mod order;
pub(crate) mod write;
