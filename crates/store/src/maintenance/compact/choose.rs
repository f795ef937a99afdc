//! Which parts of a day are merged, and when.
//!
//! Only adjacent parts are merged, which preserves the order of arrival. When a day is over, its
//! remaining parts become one part.
//!
//! Before that, parts of spans and logs are merged by level: a fan-in of parts of one level becomes
//! one part of the next, so that a row is written once per level. This hardly shrinks a row.
//!
//! Merging does shrink samples: it joins short chunks and re-encodes them. Flushed parts of metrics
//! are therefore merged, even a single one, once the oldest of them has reached a certain age,
//! together with all parts before them that are at most [`GROWTH`] times as large as the merge so
//! far. Part sizes then grow from the newest to the oldest, and little of the day remains outside
//! its largest part (decision 0017).

use std::ops::Range;

use signals::time::SECOND;
use signals::{Signal, Timestamp};

use crate::manifest::Entry;

/// A past day is merged once it has received no data for this long.
const QUIET: i64 = 3_600 * SECOND;
/// Samples are re-encoded at most this long after their flush.
const SETTLED: i64 = 1_200 * SECOND;
/// Maximum number of inputs of a merge; bounds its memory.
const INPUTS_MAX: usize = 16;
/// A part of metrics is merged with its successors unless it is more than this many times larger.
const GROWTH: u64 = 3;
/// A merge makes a flushed part of metrics this many times smaller.
const SHRINKS_BY: u64 = 3;

/// Bounds of merging.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// This many flushed parts, or parts of rows of one level, are merged regardless of their age.
    pub(super) fan_in: usize,
    /// Parts that have reached this size are not merged further.
    pub(super) part_bytes_target: u64,
    /// Maximum total size of the inputs of a merge.
    pub(super) part_bytes_max: u64,
}

/// Parts of a day, oldest first, that should become one now.
pub(super) fn choose(
    signal: Signal,
    parts: &[Entry],
    is_over: bool,
    now: Timestamp,
    limits: &Limits,
) -> Option<Range<usize>> {
    let is_before = |age: i64| move |part: &Entry| part.created < now.saturating_sub(age);
    if is_over && parts.iter().all(is_before(QUIET)) {
        let all =
            (0..parts.len()).map(|start| start..end(parts, start, INPUTS_MAX, limits, |_| true));
        if let Some(range) = all.into_iter().find(|range| range.len() >= 2) {
            return Some(range);
        }
    }
    if signal == Signal::Metrics {
        return flushed(parts, is_before(SETTLED), limits);
    }
    let level = |start: usize| {
        let level = parts.get(start).map(|part| part.level);
        start..end(parts, start, limits.fan_in, limits, |part| Some(part.level) == level)
    };
    (0..parts.len()).map(level).find(|range| range.len() == limits.fan_in)
}

/// The flushed parts of metrics, if there are enough or the first is old enough, and the parts
/// before them that are at most [`GROWTH`] times as large.
fn flushed(
    parts: &[Entry],
    is_settled: impl Fn(&Entry) -> bool,
    limits: &Limits,
) -> Option<Range<usize>> {
    let is_flushed = |part: &Entry| part.level == 0;
    let first = parts.iter().position(is_flushed)?;
    let end = end(parts, first, INPUTS_MAX, limits, is_flushed).max(first + 1);
    let flushed = parts.get(first..end)?;
    if flushed.len() < limits.fan_in && !flushed.first().is_some_and(is_settled) {
        return None;
    }
    let mut bytes: u64 = flushed.iter().map(|part| part.bytes).sum();
    let mut merged = bytes / SHRINKS_BY;
    let mut start = first;
    while let Some(before) = start.checked_sub(1).and_then(|before| parts.get(before)) {
        bytes = bytes.saturating_add(before.bytes);
        let is_small = before.bytes <= merged.saturating_mul(GROWTH)
            && before.bytes < limits.part_bytes_target;
        if !is_small || bytes > limits.part_bytes_max || end - start == INPUTS_MAX {
            break;
        }
        merged += before.bytes;
        start -= 1;
    }
    Some(start..end)
}

/// The end of the parts that may be merged with the one at `start`: at most `most`, all alike.
fn end(
    parts: &[Entry],
    start: usize,
    most: usize,
    limits: &Limits,
    is_alike: impl Fn(&Entry) -> bool,
) -> usize {
    let mut bytes: u64 = 0;
    let fits = |part: &&Entry| {
        bytes = bytes.saturating_add(part.bytes);
        part.bytes < limits.part_bytes_target && bytes <= limits.part_bytes_max && is_alike(part)
    };
    let rest = parts.get(start..).unwrap_or_default();
    start + rest.iter().take(most).take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::origin::SequenceRange;

    const NOW: Timestamp = 1_000_000 * SECOND;
    const MINUTE: i64 = 60 * SECOND;

    /// `(level, bytes, minutes since the flush)`.
    type Made = (u32, u64, i64);

    fn parts(made: &[Made]) -> Vec<Entry> {
        let part = |(level, bytes, minutes): &Made| Entry {
            path: String::new(),
            bytes: *bytes,
            rows: 1,
            min_time: 0,
            max_time: 0,
            level: *level,
            created: NOW - minutes * MINUTE,
            crc32c: None,
            range: SequenceRange { writer: String::new(), after: 0, sequence: 0 },
            others: Vec::new(),
        };
        made.iter().map(part).collect()
    }

    /// What it is, its signal, whether the day is over, its parts, and what is merged.
    type Case<'a> = (&'a str, Signal, bool, &'a [Made], Option<Range<usize>>);

    #[test]
    fn parts_are_merged_by_level_by_age_and_when_their_day_is_over() {
        use Signal::{Logs, Metrics};
        let limits = Limits { fan_in: 3, part_bytes_target: 1_000, part_bytes_max: 1_500 };
        let quiet = 61;
        let cases: &[Case<'_>] = &[
            ("nothing", Logs, false, &[], None),
            ("too few", Logs, false, &[(0, 9, 50), (0, 9, 40)], None),
            ("as many as the fan-in", Logs, false, &[(0, 9, 0), (0, 9, 0), (0, 9, 0)], Some(0..3)),
            (
                "of one level",
                Logs,
                false,
                &[(1, 99, 0), (0, 9, 0), (0, 9, 0), (0, 9, 0), (0, 9, 0)],
                Some(1..4),
            ),
            ("not large ones", Logs, false, &[(0, 1_000, 0), (0, 9, 0), (0, 9, 0)], None),
            ("a day that is over", Logs, true, &[(2, 99, quiet), (0, 9, quiet)], Some(0..2)),
            ("that is still written", Logs, true, &[(2, 99, quiet), (0, 9, 59)], None),
            ("one part of rows", Logs, true, &[(0, 99, quiet)], None),
            ("one large part", Logs, true, &[(0, 1_000, quiet), (0, 9, quiet)], None),
            ("young samples", Metrics, false, &[(0, 9, 19)], None),
            ("samples that have settled", Metrics, false, &[(0, 9, 21)], Some(0..1)),
            ("in a large part", Metrics, false, &[(0, 9_999, 21)], Some(0..1)),
            ("encoded once", Metrics, true, &[(1, 9, quiet)], None),
            ("with younger ones", Metrics, false, &[(0, 9, 21), (0, 9, 1)], Some(0..2)),
            ("enough young ones", Metrics, false, &[(0, 9, 1), (0, 9, 1), (0, 9, 1)], Some(0..3)),
            (
                "with smaller ones before",
                Metrics,
                false,
                &[(3, 400, 90), (2, 50, 60), (1, 30, 30), (0, 60, 21), (0, 60, 1)],
                Some(1..5),
            ),
            (
                "with none that is much larger",
                Metrics,
                false,
                &[(1, 121, 30), (0, 120, 21)],
                Some(1..2),
            ),
        ];
        for (what, signal, is_over, made, expected) in cases {
            let chosen = choose(*signal, &parts(made), *is_over, NOW, &limits);
            assert_eq!(chosen, *expected, "{what}");
        }
    }

    #[test]
    fn merges_of_a_day_write_each_sample_a_dozen_times_at_most() {
        let limits = Limits { fan_in: 8, part_bytes_target: u64::MAX, part_bytes_max: u64::MAX };
        let (mut day, mut written, mut most) = (Vec::new(), 0, 0);
        for flush in 1..=144_i64 {
            // The newest of three has just been flushed, the oldest twenty minutes ago.
            day.extend(parts(&[(0, 300, if flush % 3 == 1 { 21 } else { 1 })]));
            let Some(range) = (flush % 3 == 0)
                .then(|| choose(Signal::Metrics, &day, false, NOW, &limits))
                .flatten()
            else {
                continue;
            };
            let merged: u64 = day[range.clone()]
                .iter()
                .map(|part| if part.level == 0 { part.bytes / SHRINKS_BY } else { part.bytes })
                .sum();
            written += merged;
            day.splice(range, parts(&[(1, merged, 1)]));
            most = most.max(day.len());
        }
        assert!(written / (144 * 100) <= 12, "{written} bytes were written");
        assert!(most <= 6, "{most} parts");
    }
}
