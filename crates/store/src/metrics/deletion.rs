//! Which samples are deleted.

use signals::{Labels, Matcher};

/// The samples of some series in a range of time. Exemplars of those series are included.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// A series is affected if it satisfies all matchers of one of these.
    pub selectors: Vec<Vec<Matcher>>,
    /// First time, inclusive, in milliseconds since 1970.
    pub start_ms: i64,
    /// Last time, inclusive; nothing is deleted if it is before the first one.
    pub end_ms: i64,
}

impl Deletion {
    /// The range of time in which samples of this series are deleted, if any are. It is not empty.
    pub(super) fn of(&self, labels: &Labels) -> Option<(i64, i64)> {
        let is_met =
            |matcher: &Matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default());
        let is_affected = self.selectors.iter().any(|matchers| matchers.iter().all(is_met));
        (is_affected && self.start_ms <= self.end_ms).then_some((self.start_ms, self.end_ms))
    }
}
