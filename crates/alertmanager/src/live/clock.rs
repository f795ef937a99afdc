//! The wall clock as it would be without jumps.

use std::time::Duration;

use signals::{Clock, Timestamp};

use crate::time::nanos;

/// A change of the wall clock, beyond the time that has passed, that is a jump. Corrections of a time
/// daemon are smaller.
const JUMP_MIN: i64 = signals::time::SECOND;

/// Notices jumps of a clock.
#[derive(Debug)]
pub(super) struct SteadyClock {
    wall: Timestamp,
    monotonic: Duration,
    /// The last time that was returned; time does not go backwards between jumps.
    now: Timestamp,
}

impl SteadyClock {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        let wall = clock.now();
        Self { wall, monotonic: clock.monotonic(), now: wall }
    }

    /// Reads the clock. Returns by how many nanoseconds it has jumped since it was read last.
    pub(super) fn jump(&mut self, clock: &dyn Clock) -> Option<i64> {
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let passed = nanos(monotonic.saturating_sub(self.monotonic));
        let by = wall.saturating_sub(self.wall).saturating_sub(passed);
        (self.wall, self.monotonic) = (wall, monotonic);
        if by.saturating_abs() < JUMP_MIN {
            self.now = self.now.max(wall);
            return None;
        }
        self.now = wall;
        Some(by)
    }

    /// The time that was read last.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use signals::time::{ManualClock, SECOND};

    use super::*;

    #[test]
    fn jumps_are_told_from_time_that_passes() {
        let clock = ManualClock::at(1_000 * SECOND);
        let mut steady = SteadyClock::new(&clock);
        clock.advance(Duration::from_secs(100));
        assert_eq!((steady.jump(&clock), steady.now()), (None, 1_100 * SECOND));
        clock.jump_to(5_000 * SECOND);
        assert_eq!((steady.jump(&clock), steady.now()), (Some(3_900 * SECOND), 5_000 * SECOND));
        clock.advance(Duration::from_secs(1));
        clock.jump_to(2_001 * SECOND);
        assert_eq!((steady.jump(&clock), steady.now()), (Some(-3_000 * SECOND), 2_001 * SECOND));
        clock.jump_to(2_001 * SECOND - 1_000);
        assert_eq!((steady.jump(&clock), steady.now()), (None, 2_001 * SECOND));
    }
}
