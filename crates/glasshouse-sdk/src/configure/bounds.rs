//! Numeric limits and their descriptions, shared by file, environment and code.

use std::time::Duration;

use super::value;

pub(crate) const INTERVAL: &str = "milliseconds from 100 to 86400000";
pub(crate) const TIMEOUT: &str = "milliseconds from 1 to 600000";
pub(crate) const SERIES: &str = "a whole number from 1 to 1000000";
pub(crate) const CONTENT: &str = "bytes from 0 to 1048576";

pub(crate) fn interval(text: &str) -> Option<Duration> {
    value::milliseconds(text, 100, 86_400_000)
}

pub(crate) fn timeout(text: &str) -> Option<Duration> {
    value::milliseconds(text, 1, 600_000)
}

pub(crate) fn series(text: &str) -> Option<usize> {
    value::count(text, 1, 1_000_000)
}

pub(crate) fn content(text: &str) -> Option<usize> {
    value::count(text, 0, 1 << 20)
}
