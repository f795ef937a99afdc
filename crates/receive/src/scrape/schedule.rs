//! When a target is scraped.

use std::hash::BuildHasher;
use std::time::Duration;

use foldhash::fast::FixedState;

use super::target::Target;

/// How far the time of a scrape may be from its schedule to be stored as scheduled, so that equal
/// intervals are stored as equal.
const TOLERANCE_MS_MAX: i64 = 2;

/// The times of the scrapes of one target.
#[derive(Debug)]
pub(super) struct Schedule {
    interval_ms: i64,
    /// The last scheduled time, in milliseconds since 1970.
    scheduled_ms: i64,
    offset: Duration,
}

impl Schedule {
    /// Targets of the same interval are spread over it by their address and labels, so that a
    /// target keeps its place over restarts.
    pub(super) fn new(target: &Target, now_ms: i64) -> Self {
        let identity = (target.url.as_str(), target.labels.as_bytes());
        let hash = FixedState::default().hash_one(identity);
        let interval_ms = i64::try_from(target.interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let phase = i64::try_from(hash % interval_ms as u64).unwrap_or_default();
        let wait_ms = (phase - now_ms).rem_euclid(interval_ms);
        let offset = Duration::from_millis(wait_ms as u64);
        Self { interval_ms, scheduled_ms: now_ms + wait_ms, offset }
    }

    /// The time until the first scrape.
    pub(super) fn offset(&self) -> Duration {
        self.offset
    }

    /// The time that the samples of a scrape at this time get.
    pub(super) fn align(&mut self, now_ms: i64) -> i64 {
        let tolerance = TOLERANCE_MS_MAX.min(self.interval_ms / 100).max(0);
        let intervals = (now_ms - self.scheduled_ms + tolerance).div_euclid(self.interval_ms);
        self.scheduled_ms += intervals * self.interval_ms;
        let is_on_schedule = (now_ms - self.scheduled_ms).abs() <= tolerance;
        if is_on_schedule { self.scheduled_ms } else { now_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrapes_that_are_nearly_on_time_are_stored_on_time() {
        let mut schedule =
            Schedule { interval_ms: 1_000, scheduled_ms: 5_000, offset: Duration::ZERO };
        for (now_ms, stored_ms) in [
            (5_001, 5_000),
            (6_002, 6_000),
            (6_998, 7_000),
            (8_003, 8_003),
            (9_000, 9_000),
            // Scrapes were missed, and the clock went back.
            (19_001, 19_000),
            (3_500, 3_500),
            (4_002, 4_000),
        ] {
            assert_eq!(schedule.align(now_ms), stored_ms, "{now_ms}");
        }
    }
}
