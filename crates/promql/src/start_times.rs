//! What the start times of samples say about counters.

/// Whether the counter started anew between two samples, each given as its start time and time.
pub(crate) fn is_restart(before: (i64, i64), after: (i64, i64)) -> bool {
    let ((before_start, before_ms), (start, time_ms)) = (before, after);
    // Unknown, or not before its own sample.
    if start == 0 || start >= time_ms {
        return false;
    }
    if start != before_ms {
        return start > before_ms;
    }
    // It starts where the sample before is: the next interval of deltas, or a counter of which the
    // start is unknown.
    before_start != 0 && before_start < before_ms
}

/// Whether a sample starts before the previous one, and not with it.
pub(crate) fn is_overlap(before: (i64, i64), start: i64) -> bool {
    let (before_start, before_ms) = before;
    start != 0 && start < before_ms && start != before_start
}

/// The start time and time of a sample; an unknown start time is 0.
pub(crate) fn with_start(starts: &[i64], at: usize, time_ms: i64) -> (i64, i64) {
    (starts.get(at).copied().unwrap_or_default(), time_ms)
}
