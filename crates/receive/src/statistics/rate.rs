//! Items per second over the last minute, in sixty one-second buckets.

/// Number of buckets, one per second.
const SECONDS: u64 = 60;

/// A sliding-window counter.
#[derive(Debug)]
pub(super) struct Rate {
    buckets: [u32; SECONDS as usize],
    first: Option<u64>,
    last: u64,
}

impl Default for Rate {
    fn default() -> Self {
        Self { buckets: [0; SECONDS as usize], first: None, last: 0 }
    }
}

impl Rate {
    /// Counts items in a second of the monotonic clock.
    pub(super) fn add(&mut self, second: u64, items: u64) {
        if self.first.is_none() {
            self.first = Some(second);
            self.last = second;
        }
        let passed = second.saturating_sub(self.last).min(SECONDS);
        for skipped in 1..=passed {
            if let Some(bucket) = self.buckets.get_mut(((self.last + skipped) % SECONDS) as usize) {
                *bucket = 0;
            }
        }
        // For a gap of more than a minute the loop above has cleared all buckets.
        self.last = self.last.max(second);
        if let Some(bucket) = self.buckets.get_mut((self.last % SECONDS) as usize) {
            *bucket = bucket.saturating_add(u32::try_from(items).unwrap_or(u32::MAX));
        }
    }

    /// Items per second up to `second`, over a minute or the time since the first item.
    pub(super) fn per_second(&self, second: u64) -> f64 {
        let Some(first) = self.first else { return 0.0 };
        let idle = second.saturating_sub(self.last);
        if idle >= SECONDS {
            return 0.0;
        }
        let oldest = second.saturating_sub(SECONDS - 1).max(first);
        let sum: u64 = (oldest..=self.last)
            .filter_map(|at| self.buckets.get((at % SECONDS) as usize))
            .map(|items| u64::from(*items))
            .sum();
        sum as f64 / (second.saturating_sub(oldest) + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_has_its_rate_at_any_age() {
        let mut rate = Rate::default();
        for second in 5..500 {
            rate.add(second, 10);
            assert_eq!(rate.per_second(second), 10.0, "{second}");
        }
        assert_eq!(rate.per_second(529), 5.0);
        assert_eq!(rate.per_second(600), 0.0);
        rate.add(10_000, 120);
        assert_eq!(rate.per_second(10_000), 2.0);
    }
}
