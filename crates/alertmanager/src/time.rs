//! Arithmetic of times that saturates: times come from senders, who may write anything.

use std::time::Duration;

use signals::Timestamp;

/// A duration in nanoseconds.
pub(crate) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// A time and what follows after a duration.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.saturating_add(nanos(duration))
}

/// The time that passes from `from` to `to`; none if `to` is earlier.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_nanos(to.saturating_sub(from).try_into().unwrap_or(0))
}
