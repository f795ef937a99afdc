//! Ranges of time.

/// A range of time in milliseconds since 1970. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeRange {
    /// The first millisecond.
    pub min_ms: i64,
    /// The last millisecond.
    pub max_ms: i64,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { min_ms: i64::MIN, max_ms: i64::MAX };

    /// Whether a time is in the range.
    #[must_use]
    pub fn contains(&self, time_ms: i64) -> bool {
        self.min_ms <= time_ms && time_ms <= self.max_ms
    }

    /// Whether a time is in both ranges.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min_ms <= other.max_ms && other.min_ms <= self.max_ms
    }

    /// Whether all of the other range is in this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.min_ms <= other.min_ms && other.max_ms <= self.max_ms
    }
}

/// The times of a series that are wanted and not deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    pub(crate) range: TimeRange,
    /// Ascending and disjoint.
    pub(crate) deleted: &'a [TimeRange],
}

/// What happens to a sample or a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    Deleted,
    OutOfRange,
}

impl Kept<'_> {
    #[inline]
    pub(crate) fn fate(&self, time_ms: i64) -> Fate {
        if !self.range.contains(time_ms) {
            return Fate::OutOfRange;
        }
        if self.deleted.is_empty() {
            return Fate::Kept;
        }
        let after = self.deleted.partition_point(|range| range.max_ms < time_ms);
        let is_deleted = self.deleted.get(after).is_some_and(|range| range.contains(time_ms));
        if is_deleted { Fate::Deleted } else { Fate::Kept }
    }

    /// Whether no sample in a range is kept.
    pub(crate) fn excludes(&self, chunk: &TimeRange) -> bool {
        !self.range.overlaps(chunk) || self.deleted.iter().any(|range| range.covers(chunk))
    }
}

/// Sorts ranges and joins those that touch.
pub(crate) fn join(ranges: &mut Vec<TimeRange>) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, range| {
        let touches = next.min_ms <= range.max_ms.saturating_add(1);
        if touches {
            range.max_ms = range.max_ms.max(next.max_ms);
        }
        touches
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(min_ms: i64, max_ms: i64) -> TimeRange {
        TimeRange { min_ms, max_ms }
    }

    #[test]
    fn ranges_that_touch_are_joined() {
        let mut ranges = vec![range(20, 30), range(1, 5), range(6, 7), range(25, 40)];
        join(&mut ranges);
        assert_eq!(ranges, [range(1, 7), range(20, 40)]);
    }

    #[test]
    fn deleted_times_are_found_at_both_ends() {
        let deleted = [range(10, 20), range(30, 30)];
        let kept = Kept { range: range(5, 31), deleted: &deleted };
        let fates: Vec<Fate> = [4, 5, 9, 10, 20, 21, 30, 31, 32].map(|t| kept.fate(t)).into();
        let (k, d, o) = (Fate::Kept, Fate::Deleted, Fate::OutOfRange);
        assert_eq!(fates, [o, k, k, d, d, k, d, k, o]);
        assert!(kept.excludes(&range(12, 20)) && !kept.excludes(&range(12, 21)));
    }
}
