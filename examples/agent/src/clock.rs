//! The clock: an example service uses real time, and only this module reads it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The current instant, for durations.
#[expect(clippy::disallowed_methods, reason = "an example service lives in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Time since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "an example service lives in real time")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
