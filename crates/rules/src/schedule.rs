//! When a group is evaluated.

use std::hash::Hasher as _;
use std::time::Duration;

use twox_hash::XxHash64;

use crate::Identity;

/// The last evaluation time at or before `now_ms`. Groups with one interval are spread over it by
/// their names, always at the same offset.
pub(crate) fn slot(identity: &Identity, interval_ms: i64, now_ms: i64) -> i64 {
    let mut hasher = XxHash64::with_seed(0);
    hasher.write(identity.to_string().as_bytes());
    // The interval is at least 1 ms.
    let interval = interval_ms.max(1);
    let offset = (hasher.finish() % interval.unsigned_abs()) as i64;
    (now_ms - offset).div_euclid(interval) * interval + offset
}

/// What a group does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It waits until it is due.
    Wait { due_ms: i64, wait: Duration },
    /// It is evaluated at a time. So many evaluations before were missed, and are not made up for.
    Evaluate { time_ms: i64, missed: u64 },
}

/// What a group does at `now_ms` that is due at `due_ms`. If the clock was set back by more than
/// an interval, the group is due as many intervals earlier.
pub(crate) fn next(due_ms: i64, interval_ms: i64, now_ms: i64) -> Next {
    let interval = interval_ms.max(1);
    let early = due_ms.saturating_sub(now_ms);
    if early > 0 {
        let early = if early > interval { early % interval } else { early };
        let wait = Duration::from_millis(early.unsigned_abs());
        return Next::Wait { due_ms: now_ms.saturating_add(early), wait };
    }
    let missed = now_ms.saturating_sub(due_ms) / interval;
    let time_ms = due_ms.saturating_add(missed * interval);
    Next::Evaluate { time_ms, missed: missed.unsigned_abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_evaluated_once_an_interval_whatever_the_clock_does() {
        let wait = |due_ms, ms| Next::Wait { due_ms, wait: Duration::from_millis(ms) };
        let evaluate = |time_ms, missed| Next::Evaluate { time_ms, missed };
        // Due at 10,000 with an interval of 1,000: what happens at which time.
        for (now_ms, next_is) in [
            (9_000, wait(10_000, 1_000)),
            (9_999, wait(10_000, 1)),
            (10_000, evaluate(10_000, 0)),
            (10_999, evaluate(10_000, 0)),
            // The evaluation before was slow, or the clock was set forward.
            (11_000, evaluate(11_000, 1)),
            (15_500, evaluate(15_000, 5)),
            // The clock was set back.
            (8_999, wait(9_000, 1)),
            (5_500, wait(6_000, 500)),
            (5_000, wait(5_000, 0)),
            (-5_500, wait(-5_000, 500)),
        ] {
            assert_eq!(next(10_000, 1_000, now_ms), next_is, "{now_ms}");
        }
    }

    #[test]
    fn the_times_of_a_group_are_always_the_same() {
        let group = |name: &str| Identity { file: "rules.yml".into(), name: name.to_owned() };
        let first = slot(&group("a"), 60_000, 1_000_000);
        assert!(first <= 1_000_000 && first > 940_000, "{first}");
        for now_ms in [first, first + 1, first + 59_999] {
            assert_eq!(slot(&group("a"), 60_000, now_ms), first);
        }
        assert_eq!(slot(&group("a"), 60_000, first - 1), first - 60_000);
        assert_eq!(slot(&group("a"), 60_000, -1).rem_euclid(60_000), first.rem_euclid(60_000));
        assert_ne!(slot(&group("b"), 60_000, 1_000_000), first);
    }
}
