//! Accumulating, reverting and restoring.

use signals::metric::BucketSpan;

use super::*;

fn sum(timestamp_ms: i64, value: f64) -> Delta {
    let labels = Labels::from_pairs([("__name__", "requests_total")]);
    let value = DeltaValue::Sum(value);
    Delta { labels, start_ms: timestamp_ms - 10, timestamp_ms, is_monotonic: true, value }
}

/// Time and value of all samples for these deltas, and the number of rejections.
fn add(
    accumulator: &mut DeltaAccumulator,
    deltas: Vec<Delta>,
    at: Timestamp,
) -> (Vec<(i64, f64)>, usize) {
    let Accumulated { batch, rejected, .. } = accumulator.add(deltas, at);
    (batch.samples.iter().map(|sample| (sample.timestamp_ms, sample.value)).collect(), rejected)
}

#[test]
fn deltas_add_up_from_a_zero_at_the_start() {
    let mut accumulator = DeltaAccumulator::default();
    let (samples, rejected) = add(&mut accumulator, vec![sum(100, 3.0), sum(110, 4.0)], 0);
    assert_eq!((samples, rejected), (vec![(91, 0.0), (100, 3.0), (110, 7.0)], 0));
    assert_eq!(add(&mut accumulator, vec![sum(120, 1.0)], 0), (vec![(120, 8.0)], 0));
}

#[test]
fn what_is_not_newer_or_not_a_delta_is_rejected() {
    let mut accumulator = DeltaAccumulator::default();
    add(&mut accumulator, vec![sum(100, 3.0)], 0);
    for delta in [sum(100, 1.0), sum(99, 1.0), sum(110, -1.0), sum(110, f64::NAN)] {
        assert_eq!(add(&mut accumulator, vec![delta], 0), (vec![], 1));
    }
    assert_eq!(add(&mut accumulator, vec![sum(110, 2.0)], 0), (vec![(110, 5.0)], 0));
}

#[test]
fn undo_lets_the_sender_send_again() {
    let mut accumulator = DeltaAccumulator::default();
    add(&mut accumulator, vec![sum(100, 3.0)], 0);
    let deltas = vec![sum(110, 1.0), sum(120, 1.0)];
    let undo = accumulator.add(deltas.clone(), 0).undo;
    accumulator.undo(undo);
    assert_eq!(add(&mut accumulator, deltas, 0), (vec![(110, 4.0), (120, 5.0)], 0));
}

#[test]
fn series_are_bounded_and_forgotten_when_idle() {
    let mut accumulator = DeltaAccumulator::new(1, 1_000);
    add(&mut accumulator, vec![sum(100, 3.0)], 0);
    let mut other = sum(100, 1.0);
    other.labels = Labels::from_pairs([("__name__", "other")]);
    assert_eq!(add(&mut accumulator, vec![other.clone()], 500).1, 1);
    assert_eq!(add(&mut accumulator, vec![other], 2_000).1, 0);
    assert_eq!(accumulator.len(), 1);
}

#[test]
fn classic_histograms_add_up_bucket_by_bucket() {
    let point = |timestamp_ms, counts: [f64; 2]| Delta {
        labels: Labels::from_pairs([("__name__", "h")]),
        start_ms: 0,
        timestamp_ms,
        is_monotonic: true,
        value: DeltaValue::Classic(ClassicHistogram {
            bounds: vec![1.0],
            counts: counts.to_vec(),
            sum: Some(2.0),
            count: counts[0] + counts[1],
        }),
    };
    let mut accumulator = DeltaAccumulator::default();
    add(&mut accumulator, vec![point(1, [1.0, 2.0])], 0);
    let (samples, _) = add(&mut accumulator, vec![point(2, [1.0, 0.0])], 0);
    // _bucket{le="1"}, _bucket{le="+Inf"}, _sum, _count
    assert_eq!(samples, [(2, 2.0), (2, 4.0), (2, 4.0), (2, 4.0)]);
}

#[test]
fn what_another_request_added_to_is_not_taken_back() {
    let mut accumulator = DeltaAccumulator::default();
    let mut other = sum(110, 5.0);
    other.labels = Labels::from_pairs([("__name__", "other")]);
    let failed = accumulator.add(vec![sum(110, 1.0), other.clone()], 0).undo;
    assert_eq!(add(&mut accumulator, vec![sum(120, 2.0)], 0), (vec![(120, 3.0)], 0));
    accumulator.undo(failed);
    // The other request reported the full total: a retry does not count the first delta twice.
    assert_eq!(add(&mut accumulator, vec![sum(110, 1.0)], 0), (vec![], 1));
    assert_eq!(add(&mut accumulator, vec![sum(130, 1.0)], 0), (vec![(130, 4.0)], 0));
    // A series that only the failed request had is removed.
    assert_eq!(add(&mut accumulator, vec![other], 0), (vec![(101, 0.0), (110, 5.0)], 0));
}

/// Deltas of all three kinds.
fn every_kind(timestamp_ms: i64) -> Vec<Delta> {
    let delta = |name: &str, value| Delta {
        labels: Labels::from_pairs([("__name__", name), ("job", "shop")]),
        start_ms: 0,
        timestamp_ms,
        is_monotonic: true,
        value,
    };
    let classic = |sum| ClassicHistogram {
        bounds: vec![0.5, 1.0],
        counts: vec![1.0, 2.0, 3.0],
        sum,
        count: 6.0,
    };
    let native = NativeHistogram {
        schema: 2,
        zero_threshold: 1e-128,
        zero_count: 1.0,
        count: 4.0,
        sum: -2.5,
        positive_spans: vec![BucketSpan { offset: -3, length: 1 }],
        positive_counts: vec![1.0],
        negative_spans: vec![BucketSpan { offset: 7, length: 2 }],
        negative_counts: vec![1.0, 1.0],
        ..NativeHistogram::default()
    };
    vec![
        delta("sum", DeltaValue::Sum(2.0)),
        delta("classic", DeltaValue::Classic(classic(Some(9.5)))),
        delta("classic_without_sum", DeltaValue::Classic(classic(None))),
        delta("native", DeltaValue::Native(Arc::new(native))),
    ]
}

/// The samples of another request, which are equal if the totals are.
fn next(accumulator: &mut DeltaAccumulator) -> String {
    let batch = accumulator.add(every_kind(1_000), 0).batch;
    format!("{:?} {:?} {:?}", batch.series, batch.samples, batch.histograms)
}

#[test]
fn totals_go_on_after_a_restart_in_whatever_order_and_how_often_they_are_restored() {
    let mut before = DeltaAccumulator::default();
    let mut updates: Vec<Vec<u8>> = Vec::new();
    for at in [100, 110, 120] {
        let mut deltas = every_kind(at);
        deltas.extend(every_kind(at + 1));
        updates.push(before.add(deltas, 0).totals);
    }
    updates.extend(before.snapshot());
    let restored = |updates: &[&Vec<u8>]| {
        let mut accumulator = DeltaAccumulator::default();
        for update in updates {
            accumulator.restore(update).unwrap();
        }
        (accumulator.len(), accumulator.series_count, next(&mut accumulator))
    };
    let all: Vec<_> = updates.iter().collect();
    let backwards: Vec<_> = updates.iter().rev().chain(&updates).collect();
    let expected = (before.len(), before.series_count, next(&mut before));
    assert_eq!(restored(&all), expected);
    assert_eq!(restored(&all[2..3]), expected, "each update holds the whole totals");
    assert_eq!(restored(&all[3..]), expected, "and so does the snapshot");
    assert_eq!(restored(&backwards), expected);
}

#[test]
fn the_updates_of_a_snapshot_are_bounded() {
    let mut accumulator = DeltaAccumulator::default();
    let deltas: Vec<_> = (0..2_100)
        .map(|i| {
            let mut delta = sum(100, 1.0);
            delta.labels = Labels::from_pairs([
                ("__name__", format!("m{i}").as_str()),
                ("long", &"x".repeat(4_000)),
            ]);
            delta
        })
        .collect();
    let update = accumulator.add(deltas, 0).totals;
    let snapshot = accumulator.snapshot();
    assert_eq!(snapshot.len(), 2);
    assert!(snapshot.iter().all(|update| update.len() <= UPDATE_BYTES_MAX));
    for updates in [vec![update], snapshot] {
        let mut restored = DeltaAccumulator::default();
        for update in updates {
            restored.restore(&update).unwrap();
        }
        assert_eq!(restored.len(), 2_100);
    }
}

#[test]
fn damaged_totals_are_an_error_that_says_where() {
    let mut accumulator = DeltaAccumulator::default();
    let update = accumulator.add(every_kind(100), 0).totals;
    for length in 0..update.len() {
        let mut restored = DeltaAccumulator::default();
        if restored.restore(&update[..length]).is_ok() {
            assert!(restored.len() < 4, "{length}");
        }
    }
    assert_eq!(DeltaAccumulator::default().restore(&[2]), Err(DamagedTotals { offset: 0 }));
    let mut cut = update.clone();
    cut.truncate(5);
    assert_eq!(DeltaAccumulator::default().restore(&cut), Err(DamagedTotals { offset: 1 }));
    let mut huge = update;
    huge[1..5].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(DeltaAccumulator::default().restore(&huge), Err(DamagedTotals { offset: 1 }));
}

#[test]
fn restoring_stays_within_the_bound() {
    let mut accumulator = DeltaAccumulator::default();
    let update = accumulator.add(every_kind(100), 0).totals;
    let mut small = DeltaAccumulator::new(7, 1_000);
    small.restore(&update).unwrap();
    assert!(small.series_count <= 7, "{}", small.series_count);
}
