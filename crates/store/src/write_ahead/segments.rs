//! The segments of the log that are there.

use std::collections::VecDeque;

use super::list::Listed;

/// A segment that is not written any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) path: String,
    pub(crate) listed: Listed,
    /// The greatest sequence in it.
    pub(crate) last_sequence: u64,
    pub(crate) bytes: u64,
}

/// All segments.
#[derive(Default)]
pub(super) struct Segments {
    pub(super) closed: VecDeque<Segment>,
    /// What is being written; none while the disk has had no room for it.
    pub(super) active_path: Option<String>,
    pub(super) active_bytes: u64,
    pub(super) active: Option<Listed>,
}

impl Segments {
    /// Those that should be there, oldest first, without those whose records end at `released`.
    pub(super) fn listed(&self, released: u64) -> Vec<Listed> {
        let kept = self.closed.iter().filter(|segment| segment.last_sequence > released);
        kept.map(|segment| segment.listed).chain(self.active).collect()
    }
}
