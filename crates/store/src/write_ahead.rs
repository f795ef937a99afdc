//! The write-ahead log: every acknowledged request, as it was admitted, until its rows are in
//! parts.
//!
//! One log for all signals, in segments; one thread writes and syncs groups of records. Whose
//! rows are where is not known here. The format is described in `docs/formats/write-ahead-log.md`.

pub(crate) mod follower;
mod followers;
pub(crate) mod format;
pub(crate) mod list;
pub(crate) mod quarantine;
mod queue;
pub(crate) mod reader;
pub(crate) mod record;
mod rows;
mod samples;
pub(crate) mod segments;
pub(crate) mod writer;

/// The folder of the segments.
pub(crate) const FOLDER: &str = "wal";
