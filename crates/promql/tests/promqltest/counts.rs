//! The counts of samples that a query looks at.

use promql::memory::Memory;
use promql::{SampleCounts, Settings};

use crate::script;

/// A sample every 10 seconds for ten minutes.
const SERIES: &[&str] = &[
    "requests{shop=\"a\"} 0+10x60",
    "requests{shop=\"b\"} 0+20x60",
    // 176 bytes, a span of 8 and two buckets of 8: 12 times a sample of 16.
    "latency {{schema:0 count:2 sum:3 buckets:[1 1]}}x60",
];

fn counts(query: &str, start_s: i64, range: Option<(i64, i64)>) -> SampleCounts {
    let settings = Settings { counts_samples: true, ..Settings::default() };
    let mut memory = Memory::new(usize::MAX);
    script::load(&mut memory, "10s", SERIES, false).unwrap();
    let range = range.map(|(end_s, step_s)| (end_s * 1000, step_s * 1000));
    script::answer(&memory, &settings, query, start_s * 1000, range).unwrap().samples.unwrap()
}

fn of_steps(counts: &[(i64, u64)]) -> Vec<u64> {
    counts.iter().map(|(_, count)| *count).collect()
}

#[test]
fn an_instant_query_counts_the_samples_of_its_selectors() {
    // The query at 201 s, the samples, and those that were read.
    let cases = [
        ("1", 0, 0),
        ("requests", 2, 2),
        ("requests{shop=\"a\"} + requests", 3, 3),
        ("latency", 12, 12),
        ("timestamp(latency)", 1, 1),
        ("requests{shop=\"a\"}[1m]", 6, 6),
        ("rate(requests[1m])", 12, 12),
        ("rate(requests[1m] @ 20)", 6, 6),
        ("rate(latency[1m])", 72, 72),
        ("requests{shop=\"a\"}[20s:5s]", 4, 4),
        // Four windows of six samples, and those of the inner windows at once: 150, ..., 200.
        ("rate(requests{shop=\"a\"}[1m])[20s:5s]", 24, 8),
        // The four values of the subquery.
        ("max_over_time(rate(requests{shop=\"a\"}[1m])[20s:5s])", 4, 8),
    ];
    for (query, total, read) in cases {
        let counts = counts(query, 201, None);
        assert_eq!((counts.total, counts.read), (total, read), "{query}");
        assert_eq!(counts.per_step, [(201_000, total)], "{query}");
        assert_eq!(counts.read_per_step, [(201_000, read)], "{query}");
    }
}

#[test]
fn a_range_query_counts_the_samples_of_each_step() {
    // The query from 200 s to 220 s in steps of 10 s, the samples of each, and those that were read
    // for it.
    let cases: &[(&str, [u64; 3], [u64; 3])] = &[
        ("requests", [2, 2, 2], [2, 2, 2]),
        ("requests @ 100", [2, 2, 2], [2, 0, 0]),
        ("sum(rate(requests[1m]))", [12, 12, 12], [12, 2, 2]),
        ("rate(requests[1m] @ 100)", [12, 12, 12], [12, 0, 0]),
        ("predict_linear(requests[1m] @ 100, 60)", [12, 12, 12], [12, 0, 0]),
        ("rate(latency[1m])", [72, 72, 72], [72, 12, 12]),
        ("max_over_time(requests{shop=\"a\"}[20s:10s])", [2, 2, 2], [2, 1, 1]),
    ];
    for (query, per_step, read_per_step) in cases {
        let counts = counts(query, 200, Some((220, 10)));
        assert_eq!(of_steps(&counts.per_step), per_step, "{query}");
        assert_eq!(of_steps(&counts.read_per_step), read_per_step, "{query}");
        assert_eq!(counts.total, per_step.iter().sum::<u64>(), "{query}");
        assert_eq!(counts.read, read_per_step.iter().sum::<u64>(), "{query}");
        let times: Vec<i64> = counts.per_step.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [200_000, 210_000, 220_000], "{query}");
    }
}

#[test]
fn samples_are_not_counted_unless_that_is_asked_for() {
    let answer = script::answer(&Memory::new(0), &Settings::default(), "1", 0, None).unwrap();
    assert_eq!(answer.samples, None);
}
