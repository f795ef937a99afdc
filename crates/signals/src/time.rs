//! Time is passed in rather than read from the system, so that tests control it.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};

/// Nanoseconds since the Unix epoch. Negative is before it; the range ends in April 2262.
pub type Timestamp = i64;

/// Nanoseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000_000;
/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000 * MILLISECOND;
/// Nanoseconds in a day of 24 hours.
pub const DAY: i64 = 86_400 * SECOND;

/// A time as RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn to_rfc3339(timestamp: Timestamp) -> String {
    DateTime::from_timestamp_nanos(timestamp).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A source of time.
pub trait Clock: Debug + Send + Sync {
    /// The wall clock. It may jump in both directions.
    fn now(&self) -> Timestamp;
    /// Time since an arbitrary origin; monotonic.
    fn monotonic(&self) -> Duration;
}

/// The system clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
        }
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that advances only on request, for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
    moved: AtomicI64,
}

impl ManualClock {
    /// A clock set to `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now: AtomicI64::new(now), moved: AtomicI64::new(0) }
    }

    /// Advances both clocks by `duration`.
    pub fn advance(&self, duration: Duration) {
        let nanoseconds = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.now.fetch_add(nanoseconds, Ordering::SeqCst);
        self.moved.fetch_add(nanoseconds, Ordering::SeqCst);
    }

    /// Sets the wall clock, as an administrator or a time daemon would.
    pub fn jump_to(&self, now: Timestamp) {
        self.now.store(now, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.now.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.moved.load(Ordering::SeqCst).unsigned_abs())
    }
}

/// The UTC day of a timestamp, counted from 1970-01-01.
#[must_use]
pub fn day_of(timestamp: Timestamp) -> i32 {
    // A day is over 2^46 ns, so the quotient of any i64 fits.
    i32::try_from(timestamp.div_euclid(DAY)).unwrap_or(0)
}
