//! The clock. An example service lives in real time, and this is where it looks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The moment, for durations.
#[expect(clippy::disallowed_methods, reason = "an example service lives in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Time since 1970.
#[expect(clippy::disallowed_methods, reason = "an example service lives in real time")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
