//! Counts rejected items and summarises the reasons in one message.

use std::fmt::Write as _;

use signals::Timestamp;

use crate::Limits;

/// Longest example in a message.
const EXAMPLE_CHARACTERS_MAX: usize = 300;

/// Maximum number of distinct causes in a message.
const CAUSES_MAX: usize = 5;

/// Timestamps below this are before 26 April 1970: most likely seconds, milliseconds or
/// microseconds sent as nanoseconds.
const SUSPICIOUS_BELOW_NS: i64 = 10_000_000_000_000_000;

/// Rejected items of a request.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    count: usize,
    causes: Vec<Cause>,
    suspicious_times: usize,
}

#[derive(Debug)]
struct Cause {
    reason: &'static str,
    count: usize,
    example: String,
}

impl Rejections {
    /// Counts rejected items. `example` identifies the first item of each cause.
    pub(crate) fn add(&mut self, count: usize, reason: &'static str, example: &str) {
        self.count += count;
        if let Some(cause) = self.causes.iter_mut().find(|cause| cause.reason == reason) {
            cause.count += count;
        } else if self.causes.len() < CAUSES_MAX {
            let example = example.chars().take(EXAMPLE_CHARACTERS_MAX).collect();
            self.causes.push(Cause { reason, count, example });
        }
    }

    /// Records the time of an accepted item.
    #[inline]
    pub(crate) fn accepted_at(&mut self, time: Timestamp) {
        self.suspicious_times += usize::from(time < SUSPICIOUS_BELOW_NS);
    }

    /// Number of rejected items.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// One sentence per cause; empty if there are none.
    pub(crate) fn message(&self, items: &str) -> String {
        let mut message = String::new();
        for cause in &self.causes {
            let separator = if message.is_empty() { "" } else { "; " };
            let Cause { reason, count, example } = cause;
            let _ = write!(message, "{separator}{count} {items} rejected: {reason}");
            if !example.is_empty() {
                let _ = write!(message, " (first: {example:?})");
            }
        }
        if self.suspicious_times > 0 {
            let separator = if message.is_empty() { "" } else { "; " };
            let count = self.suspicious_times;
            let _ = write!(
                message,
                "{separator}{count} {items} have times in early 1970: timestamps must be nanoseconds, \
                 these look like milliseconds or seconds"
            );
        }
        message
    }
}

/// Reason for rejecting an item: see [`Limits::decoded_bytes_max`].
pub(crate) const REQUEST_TOO_LARGE: &str =
    "the request exceeds the memory limit; send smaller batches";
/// Reason for rejecting an item.
pub(crate) const TIME_OUT_OF_RANGE: &str = "time is before 1970 or after 2262";
/// Reason for rejecting an item.
pub(crate) const TIME_IN_FUTURE: &str = "timestamp is too far in the future";

/// Validates a time from the wire; 0, which means unknown, is replaced by `otherwise`.
#[inline]
pub(crate) fn checked_time(
    unix_nano: u64,
    otherwise: Timestamp,
    received_at: Timestamp,
    limits: &Limits,
) -> Result<Timestamp, &'static str> {
    if unix_nano == 0 {
        return Ok(otherwise);
    }
    let time = i64::try_from(unix_nano).map_err(|_| TIME_OUT_OF_RANGE)?;
    if time > received_at.saturating_add(limits.future_ns_max) {
        return Err(TIME_IN_FUTURE);
    }
    Ok(time)
}
