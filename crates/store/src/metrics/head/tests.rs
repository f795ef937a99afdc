//! Laws of the head.

mod memory;

use proptest::prelude::*;
use signals::SeriesKey;
use signals::metric::{HistogramSample, MetricKind, STALE_NAN_BITS, Sample, Samples};

use super::*;

const DAY_MS: i64 = 86_400_000;

fn labels(text: &str) -> Labels {
    Labels::from_pairs(text.split(',').map(|pair| pair.split_once('=').unwrap()))
}

fn batch(series: &str, samples: &[(i64, f64)]) -> SeriesBatch {
    let sample = |(timestamp_ms, value): &(i64, f64)| Sample {
        series: 0,
        timestamp_ms: *timestamp_ms,
        value: *value,
    };
    SeriesBatch {
        series: vec![labels(series).into()],
        samples: samples.iter().map(sample).collect(),
        ..SeriesBatch::default()
    }
}

fn head_of(series: &[&str]) -> Head {
    let head = Head::new(HeadLimits::default());
    for series in series {
        head.append(&batch(series, &[(1000, 1.0)])).unwrap();
    }
    head
}

fn matcher(text: &str) -> Matcher {
    for (operator, op) in [
        ("!=", MatchOp::NotEqual),
        ("=~", MatchOp::Regex),
        ("!~", MatchOp::NotRegex),
        ("=", MatchOp::Equal),
    ] {
        if let Some((name, value)) = text.split_once(operator) {
            return Matcher::new(name, op, value).unwrap();
        }
    }
    panic!("{text}");
}

fn selected(head: &Head, matchers: &[&str]) -> Vec<String> {
    let matchers: Vec<Matcher> = matchers.iter().map(|text| matcher(text)).collect();
    let selected = head.select(&matchers, i64::MIN, i64::MAX, 1000).unwrap();
    assert_eq!(
        head.series(&matchers, i64::MIN, i64::MAX, 1000).unwrap(),
        selected.iter().map(|s| s.labels.clone()).collect::<Vec<_>>()
    );
    selected
        .iter()
        .map(|series| {
            series
                .labels
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect()
}

fn samples_of(head: &Head, series: &str) -> Vec<(i64, f64)> {
    read(head, series, i64::MIN, i64::MAX)
}

fn read(head: &Head, series: &str, start_ms: i64, end_ms: i64) -> Vec<(i64, f64)> {
    let wanted = labels(series);
    let selected = head.select(&[], start_ms, end_ms, 1000).unwrap();
    let Some(series) = selected.iter().find(|series| series.labels == wanted) else {
        return Vec::new();
    };
    let mut samples = Samples::default();
    series.read(start_ms, end_ms, &mut samples).unwrap();
    samples.timestamps.into_iter().zip(samples.values).collect()
}

#[test]
fn matchers_select_as_prometheus_does() {
    let head = head_of(&[
        "__name__=up,job=a",
        "__name__=up,job=b,zone=x",
        "__name__=down,job=a,zone=y",
        "job=c",
    ]);
    let (up_a, up_b, down, bare) =
        ("__name__=up,job=a", "__name__=up,job=b,zone=x", "__name__=down,job=a,zone=y", "job=c");
    let cases: [(&[&str], &[&str]); 17] = [
        (&[], &[down, up_a, up_b, bare]),
        (&["__name__=up"], &[up_a, up_b]),
        (&["__name__=up", "job=b"], &[up_b]),
        (&["__name__=up", "job!=b"], &[up_a]),
        (&["job=~a|c"], &[down, up_a, bare]),
        (&["job=~[ab]"], &[down, up_a, up_b]),
        (&["job!~[ab]"], &[bare]),
        (&["zone="], &[up_a, bare]),
        (&["zone!="], &[down, up_b]),
        (&["zone=~.*"], &[down, up_a, up_b, bare]),
        (&["zone=~.+"], &[down, up_b]),
        (&["zone=~x|"], &[up_a, up_b, bare]),
        (&["zone!~.+"], &[up_a, bare]),
        (&["zone!=x", "job=a"], &[down, up_a]),
        (&["none=x"], &[]),
        (&["none!=x"], &[down, up_a, up_b, bare]),
        (&["__name__=up", "__name__=down"], &[]),
    ];
    for (matchers, expected) in cases {
        assert_eq!(selected(&head, matchers), expected, "{matchers:?}");
    }
}

#[test]
fn samples_in_order_late_and_repeated_are_read_in_order_once() {
    let head = Head::new(HeadLimits::default());
    let stale = f64::from_bits(STALE_NAN_BITS);
    assert_eq!(
        head.append(&batch("a=1", &[(1000, 1.0), (2000, 2.0), (2000, 2.0)])).unwrap().duplicates,
        1
    );
    let appended = head.append(&batch("a=1", &[(1500, 1.5), (1000, 9.0), (3000, stale)])).unwrap();
    assert_eq!((appended.samples, appended.out_of_order), (3, 2));
    let read = samples_of(&head, "a=1");
    assert_eq!(read[..3], [(1000, 9.0), (1500, 1.5), (2000, 2.0)]);
    assert_eq!((read[3].0, read[3].1.to_bits()), (3000, STALE_NAN_BITS));
}

#[test]
fn the_first_value_at_the_newest_time_stays() {
    let head = Head::new(HeadLimits::default());
    for value in [1.0, 2.0, 1.0, 3.0] {
        head.append(&batch("a=1", &[(1000, value)])).unwrap();
        assert_eq!(samples_of(&head, "a=1"), [(1000, 1.0)]);
    }
}

#[test]
fn samples_outside_the_late_window_are_counted() {
    let head = Head::new(HeadLimits { late_window_ms: 500, ..HeadLimits::default() });
    let appended = head
        .append(&batch(
            "a=1",
            &[(1000, 1.0), (499, 0.0), (500, 0.5), (i64::MAX, 0.0), (i64::MIN, 0.0)],
        ))
        .unwrap();
    assert_eq!((appended.samples, appended.refused.len()), (2, 3));
    assert_eq!(samples_of(&head, "a=1"), [(500, 0.5), (1000, 1.0)]);
}

#[test]
fn a_far_future_sample_does_not_stop_other_series() {
    let head = Head::new(HeadLimits::default());
    head.append(&batch("a=1", &[(100 * 365 * DAY_MS, 1.0)])).unwrap();
    assert_eq!(head.append(&batch("a=2", &[(1000, 1.0)])).unwrap().samples, 1);
}

fn reasons(appended: &SeriesAppended) -> Vec<(Item, u32, Reason)> {
    appended.refused.iter().map(|refused| (refused.item, refused.index, refused.reason)).collect()
}

#[test]
fn days_of_one_flush_are_bounded() {
    let head = Head::new(HeadLimits { days_max: 3, ..HeadLimits::default() });
    let samples: Vec<(i64, f64)> = (0..5).map(|day| (day * DAY_MS, 1.0)).collect();
    let appended = head.append(&batch("a=1", &samples)).unwrap();
    assert_eq!(appended.samples, 3);
    let too_many = |index| (Item::Sample, index, Reason::TooManyDays);
    assert_eq!(reasons(&appended), [too_many(3), too_many(4)]);
    assert_eq!(head.freeze().unwrap().days(), [0, 1, 2]);
    assert_eq!(head.append(&batch("a=1", &samples[3..5])).unwrap().refused, []);
}

#[test]
fn known_series_continue_when_the_series_limit_is_reached() {
    let head = Head::new(HeadLimits { series_max: 2, ..HeadLimits::default() });
    for i in 0..4 {
        let one = batch(&format!("a={i}"), &[(1000, 1.0), (2000, 1.0)]);
        let appended = head.append(&one).unwrap();
        assert_eq!(appended.samples, if i < 2 { 2 } else { 0 });
        assert_eq!(appended.series[0].is_some(), i < 2);
    }
    assert_eq!(head.append(&batch("a=1", &[(3000, 1.0)])).unwrap().samples, 1);
    let stats = head.stats();
    assert_eq!((stats.series, stats.samples), (2, 5));
    assert_eq!((stats.counts.refused_series, stats.counts.refused_samples), (2, 4));
}

#[test]
fn what_is_admitted_is_applied_whatever_was_admitted_beside_it() {
    let head = Head::new(HeadLimits { series_max: 2, days_max: 1, ..HeadLimits::default() });
    let mut batches: Vec<_> = (0..4).map(|i| batch(&format!("a={i}"), &[(1000, 1.0)])).collect();
    let admitted: Vec<_> = batches
        .iter_mut()
        .map(|batch| head.admit(batch, Limits::Apply).unwrap())
        .filter(|(_, appended)| appended.samples == 1)
        .map(|(admitted, _)| admitted)
        .collect();
    assert_eq!(admitted.len(), 2);
    head.apply(&admitted.iter().collect::<Vec<_>>(), 1);
    assert_eq!(head.stats().samples, 2);
}

#[test]
fn a_series_is_appended_to_by_reference() {
    let head = head_of(&["a=1", "a=2"]);
    let references: Vec<SeriesRef> =
        head.resolve(&[labels("a=2"), labels("a=3")]).into_iter().flatten().collect();
    let sample = |series, value| Sample { series, timestamp_ms: 2000, value };
    let batch = SeriesBatch {
        series: references.iter().copied().map(SeriesKey::Ref).collect(),
        samples: vec![sample(0, 2.0), sample(1, 3.0)],
        ..SeriesBatch::default()
    };
    let appended = head.append(&batch).unwrap();
    assert_eq!(appended.series, references.iter().copied().map(Some).collect::<Vec<_>>());
    assert_eq!(samples_of(&head, "a=2"), [(1000, 1.0), (2000, 2.0)]);
    assert_eq!(samples_of(&head, "a=3"), [(2000, 3.0)]);
    assert_eq!(head.labels(references[1]), Some(labels("a=3")));
}

#[test]
fn a_reference_of_a_series_that_left_is_unknown_also_when_its_slot_is_taken_again() {
    let head = Head::new(HeadLimits::default());
    let old = head.append(&batch("a=1", &[(1000, 1.0)])).unwrap().series[0].unwrap();
    for time in [2000, 3000] {
        head.append(&batch("b=1", &[(time, 1.0)])).unwrap();
        let frozen = head.freeze().unwrap();
        head.release(&frozen);
    }
    // All shards get enough series to fill every hole.
    for i in 0..200 {
        head.append(&batch(&format!("c={i}"), &[(4000, 1.0)])).unwrap();
    }
    let by_reference = SeriesBatch {
        series: vec![old.into()],
        samples: vec![Sample { series: 0, timestamp_ms: 5000, value: 1.0 }],
        ..SeriesBatch::default()
    };
    assert!(matches!(head.append(&by_reference), Err(StoreError::UnknownSeries)));
    assert_eq!(head.labels(old), None);
    assert_eq!(selected(&head, &["a=1"]), Vec::<String>::new());
    assert_eq!(selected(&head, &["c=~.+"]).len(), 200);
}

#[test]
fn a_series_of_a_batch_in_flight_stays_through_any_number_of_flushes() {
    let head = Head::new(HeadLimits::default());
    let (admitted, _) = head.admit(&mut batch("a=1", &[(1000, 1.0)]), Limits::Apply).unwrap();
    for time in 2000..2004 {
        head.append(&batch("b=1", &[(time, 1.0)])).unwrap();
        let frozen = head.freeze().unwrap();
        head.release(&frozen);
    }
    head.apply(&[&admitted], 1);
    assert_eq!(samples_of(&head, "a=1"), [(1000, 1.0)]);
}

#[test]
fn duplicates_other_values_and_samples_out_of_order_are_told_apart() {
    let head = Head::new(HeadLimits::default());
    let samples = [(1000, 1.0), (2000, 2.0), (2000, 2.0), (2000, 3.0), (1500, 1.5)];
    let appended = head.append(&batch("a=1", &samples)).unwrap();
    assert_eq!((appended.samples, appended.duplicates, appended.out_of_order), (4, 1, 1));
    let (reason, labels) = (Reason::Duplicate, labels("a=1"));
    assert_eq!(appended.refused, [Refused { item: Item::Sample, index: 3, reason }]);
    assert_eq!(appended.examples, [Example { reason, labels, timestamp_ms: 2000 }]);
    assert_eq!(samples_of(&head, "a=1"), [(1000, 1.0), (1500, 1.5), (2000, 2.0)]);
}

#[test]
fn any_number_of_workers_applies_the_same() {
    let series: Vec<String> = (0..300).map(|i| format!("a={i}")).collect();
    let read = |workers| {
        let head = Head::new(HeadLimits::default());
        for round in 0..2 {
            let mut batch = SeriesBatch {
                series: series.iter().map(|series| labels(series).into()).collect(),
                ..SeriesBatch::default()
            };
            for step in 0..60 {
                // The later of two values of one time wins.
                batch.samples.extend((0..300).flat_map(|series| {
                    [1.0, 2.0].map(|value| Sample {
                        series,
                        timestamp_ms: 1000 * (step + 60 * round),
                        value: value * f64::from(series),
                    })
                }));
            }
            let (admitted, _) = head.admit(&mut batch, Limits::AlreadyApplied).unwrap();
            head.apply(&[&admitted], workers);
        }
        series.iter().map(|series| samples_of(&head, series)).collect::<Vec<_>>()
    };
    let expected = read(1);
    assert_eq!(expected[7][119], (119_000, 14.0));
    for workers in [2, 3, 16, 40] {
        assert_eq!(read(workers), expected, "{workers}");
    }
}

#[test]
fn a_selection_of_too_many_series_is_an_error() {
    let head = head_of(&["a=1", "a=2", "a=3"]);
    assert!(head.select(&[], i64::MIN, i64::MAX, 3).is_ok());
    assert!(matches!(head.select(&[], i64::MIN, i64::MAX, 2), Err(StoreError::Unavailable(_))));
}

#[test]
fn frozen_samples_are_read_until_they_are_released() {
    let head = head_of(&["a=1"]);
    let frozen = head.freeze().unwrap();
    assert!(head.freeze().is_none());
    head.append(&batch("a=1", &[(2000, 2.0), (500, 0.5)])).unwrap();
    assert_eq!(samples_of(&head, "a=1"), [(500, 0.5), (1000, 1.0), (2000, 2.0)]);
    head.release(&frozen);
    assert_eq!(samples_of(&head, "a=1"), [(500, 0.5), (2000, 2.0)]);
}

#[test]
fn idle_series_leave_memory_after_a_whole_flush_without_samples() {
    let head = head_of(&["a=1,z=1", "a=2,z=2", "a=3,z=3", "a=4,z=1"]);
    head.release(&head.freeze().unwrap());
    assert_eq!(head.stats().series, 4);
    for series in ["a=2,z=2", "a=4,z=1"] {
        head.append(&batch(series, &[(2000, 2.0)])).unwrap();
    }
    head.release(&head.freeze().unwrap());
    let stats = head.stats();
    assert_eq!((stats.series, stats.samples), (2, 0));
    for series in ["a=2,z=2", "a=4,z=1", "a=5,z=1", "a=1,z=1"] {
        head.append(&batch(series, &[(3000, 3.0)])).unwrap();
    }
    assert_eq!(selected(&head, &["z=1"]), ["a=1,z=1", "a=4,z=1", "a=5,z=1"]);
    assert_eq!(selected(&head, &["a=~[1-4]", "z!=1"]), ["a=2,z=2"]);
    assert_eq!(head.append(&batch("a=2,z=2", &[(2000, 2.5)])).unwrap().out_of_order, 1);
}

#[test]
fn a_chunk_never_crosses_a_utc_day() {
    let head = Head::new(HeadLimits::default());
    head.append(&batch("a=1", &[(DAY_MS - 1, 1.0), (DAY_MS, 2.0), (5, 0.5)])).unwrap();
    let frozen = head.freeze().unwrap();
    assert_eq!(frozen.days(), [0, 1]);
    let chunks =
        |day| frozen.series("", day).unwrap()[0].1.iter().map(|chunk| chunk.count).sum::<u16>();
    assert_eq!((chunks(0), chunks(1)), (2, 1));
}

fn histogram(count: u32) -> Arc<NativeHistogram> {
    Arc::new(NativeHistogram {
        count: f64::from(count),
        zero_count: f64::from(count),
        ..NativeHistogram::default()
    })
}

#[test]
fn histograms_in_order_late_and_repeated_are_read_in_order_once() {
    let head = Head::new(HeadLimits::default());
    let times = [1000, 2000, 2000, 1500, 1500, 3000];
    let sample = |(i, t): (usize, &i64)| HistogramSample {
        series: 0,
        timestamp_ms: *t,
        histogram: histogram(i as u32 / 2),
    };
    let histograms = times.iter().enumerate().map(sample).collect();
    let appended = head
        .append(&SeriesBatch {
            series: vec![labels("a=1").into()],
            histograms,
            ..SeriesBatch::default()
        })
        .unwrap();
    assert_eq!(appended.refused.len(), 1, "another histogram of a known time");
    assert_eq!((appended.samples, appended.out_of_order, appended.duplicates), (5, 2, 0));
    for _ in 0..2 {
        let mut samples = Samples::default();
        head.select(&[], 0, 5000, 10).unwrap()[0].read(0, 5000, &mut samples).unwrap();
        let expected = [
            (1000, histogram(0)),
            (1500, histogram(2)),
            (2000, histogram(0)),
            (3000, histogram(2)),
        ];
        assert_eq!(samples.histograms, expected);
        head.freeze();
    }
}

#[test]
fn invalid_samples_are_counted_and_the_rest_is_kept() {
    let lying = NativeHistogram { positive_counts: vec![1.0], ..NativeHistogram::default() };
    let head = Head::new(HeadLimits::default());
    let mut batch = batch("a=1", &[(1, 1.0)]);
    batch.samples.push(Sample { series: 7, timestamp_ms: 1, value: 1.0 });
    batch.histograms.push(HistogramSample {
        series: 0,
        timestamp_ms: 2,
        histogram: Arc::new(lying),
    });
    let appended = head.append(&batch).unwrap();
    assert_eq!(appended.samples, 1);
    assert_eq!(
        reasons(&appended),
        [(Item::Sample, 1, Reason::NoSeries), (Item::Histogram, 0, Reason::InvalidHistogram)]
    );
}

fn exemplar(timestamp_ms: i64) -> Exemplar {
    Exemplar { series: 0, timestamp_ms, value: 0.5, labels: labels("trace_id=7") }
}

#[test]
fn the_newest_exemplars_are_kept_once() {
    let head = Head::new(HeadLimits {
        exemplars_per_series_max: 2,
        exemplars_max: 3,
        ..HeadLimits::default()
    });
    for series in ["a=1", "a=2", "a=3"] {
        for t in [1, 2, 2, 3] {
            head.append(&SeriesBatch {
                series: vec![labels(series).into()],
                exemplars: vec![exemplar(t)],
                ..SeriesBatch::default()
            })
            .unwrap();
        }
    }
    let read = head.exemplars(&[matcher("a=~.+")], 2, 9);
    let expected =
        [(labels("a=1"), vec![exemplar(2), exemplar(3)]), (labels("a=2"), vec![exemplar(3)])];
    assert_eq!(read, expected);
    assert_eq!(head.exemplars(&[matcher("a=1")], 3, 3)[0].1, [exemplar(3)]);
    head.release(&head.freeze().unwrap());
    assert!(head.exemplars(&[], 0, 9).is_empty());
}

#[test]
fn metadata_is_kept_and_what_parts_knew_does_not_replace_it() {
    let family = |help: &str| Metadata {
        metric: "up".to_owned(),
        kind: MetricKind::Gauge,
        help: help.to_owned(),
        unit: String::new(),
    };
    let head = Head::new(HeadLimits { families_max: 1, ..HeadLimits::default() });
    let with =
        |help: &str| SeriesBatch { metadata: vec![family(help)], ..batch("a=1", &[(1, 1.0)]) };
    head.append(&with("old")).unwrap();
    head.append(&with("new")).unwrap();
    head.restore_metadata(vec![
        family("oldest"),
        Metadata { metric: "down".to_owned(), ..family("") },
    ]);
    assert_eq!(head.metadata(), [family("new")]);
    let frozen = head.freeze().unwrap();
    assert_eq!(frozen.families(0), [family("new")]);
    head.release(&frozen);
    head.append(&with("new")).unwrap();
    head.append(&batch("a=1", &[(2, 1.0)])).unwrap();
    assert_eq!(head.freeze().unwrap().families(0), []);
    head.append(&batch("a=1", &[(DAY_MS, 1.0)])).unwrap();
    assert_eq!(head.freeze().unwrap().families(1), [family("new")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_last_admitted_value_of_each_time_is_read(writes in prop::collection::vec((0_i64..300, any::<u8>(), 0_u8..20), 1..900)) {
        let head = Head::new(HeadLimits { late_window_ms: i64::MAX, ..HeadLimits::default() });
        let mut model = BTreeMap::new();
        let mut frozen = Vec::new();
        for (timestamp, value, action) in writes {
            let timestamp = timestamp * 1_000_000;
            head.append(&batch("a=1", &[(timestamp, f64::from(value))])).unwrap();
            // A sample at the newest time is refused.
            if model.last_key_value().is_none_or(|(newest, _)| *newest != timestamp) {
                model.insert(timestamp, f64::from(value));
            }
            if action == 0 {
                frozen.extend(head.freeze());
            }
        }
        let expected: Vec<(i64, f64)> = model.into_iter().collect();
        prop_assert_eq!(samples_of(&head, "a=1"), expected.clone());
        let inside: Vec<(i64, f64)> = expected.into_iter().filter(|(t, _)| (50_000_000..=200_000_000).contains(t)).collect();
        prop_assert_eq!(read(&head, "a=1", 50_000_000, 200_000_000), inside);
    }
}
