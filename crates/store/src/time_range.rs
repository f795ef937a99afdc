//! Ranges of time.

use signals::Timestamp;

/// Half-open range of time in nanoseconds: `start <= t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// First instant of the range.
    pub start: Timestamp,
    /// First instant after the range.
    pub end: Timestamp,
}

impl TimeRange {
    /// The range from one millisecond to another, both included.
    #[must_use]
    pub fn of_ms(start_ms: i64, end_ms: i64) -> Self {
        let millisecond = signals::time::MILLISECOND;
        Self {
            start: start_ms.saturating_mul(millisecond),
            end: end_ms.saturating_add(1).saturating_mul(millisecond),
        }
    }
}
