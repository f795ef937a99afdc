//! The existing segments of the log.

use std::collections::VecDeque;

use super::list::Listed;

/// A segment that is no longer written to.
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
    /// The segment being written; `None` while the disk has no room for one.
    pub(super) active_path: Option<String>,
    pub(super) active_bytes: u64,
    pub(super) active: Option<Listed>,
}

impl Segments {
    /// The segments that should exist, oldest first, without those whose records end at `released`.
    pub(super) fn listed(&self, released: u64) -> Vec<Listed> {
        let kept = self.closed.iter().filter(|segment| segment.last_sequence > released);
        kept.map(|segment| segment.listed).chain(self.active).collect()
    }
}
