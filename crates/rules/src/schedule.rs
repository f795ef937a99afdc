//! When a group is evaluated.

use std::hash::Hasher as _;

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
