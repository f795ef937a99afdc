//! Blocks without damage.

use signals::metric::{BucketSpan, NativeHistogram, ResetHint, STALE_NAN_BITS};
use tsdb::{Folder, Limits, TimeRange};

use crate::chunks::{Float, Histogram, histograms, xor, xor2};
use crate::write::{Series, block, meta, tombstones};
use crate::{BLOCKS, Item, Numbers, float, items, read, read_whole};

const UP: &[(&str, &str)] = &[("__name__", "up")];
const UP_LABELS: &str = r#"{__name__="up"}"#;

/// Samples with regular and irregular times, and values of all kinds.
pub(crate) fn floats(count: usize, seed: u64) -> Vec<Float> {
    let mut numbers = Numbers(seed);
    let mut time = -5_000;
    let mut value = 0.0;
    (0..count)
        .map(|number| {
            time += match number % 50 {
                7 => 15_000 + (numbers.next() % 9_000) as i64,
                20 => 70_000,
                33 => 400_000_000_000,
                34 => 1,
                _ => 15_000,
            };
            value = match number % 40 {
                3 => f64::from_bits(STALE_NAN_BITS),
                4 => f64::NAN,
                9 => f64::INFINITY,
                13..=19 => value,
                21 => f64::from_bits(numbers.next()),
                _ => number as f64 * 0.1,
            };
            let start = if number < 60 { 0 } else { time - 100 - (number as i64 / 20) };
            (time, value, start)
        })
        .collect()
}

fn expected(labels: &str, samples: &[Float]) -> Vec<Item> {
    samples.iter().map(|(time, value, _)| float(labels, *time, *value)).collect()
}

#[test]
fn floats_of_both_encodings_and_all_versions_come_back_bit_for_bit() {
    let samples = floats(300, 1);
    let (first, second) = samples.split_at(170);
    for version in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let other: &[(&str, &str)] = &[("__name__", "up"), ("job", "ü")];
        let series =
            [(UP, vec![xor(first), xor(second)]), (other, vec![xor2(first), xor2(second)])];
        block(&folder.path().join(BLOCKS[0]), &series, version);
        let found = read_whole(folder.path());
        let starts = found.iter().filter(|item| matches!(item, Item::Start(..))).count();
        let found: Vec<Item> =
            found.into_iter().filter(|item| matches!(item, Item::Float(..))).collect();
        let mut wanted = expected(UP_LABELS, &samples);
        wanted.extend(expected(r#"{__name__="up", job="ü"}"#, &samples));
        assert_eq!(found, wanted, "version {version}");
        assert_eq!(starts, 240, "version {version}");
    }
}

pub(crate) fn histogram(number: usize) -> NativeHistogram {
    let n = number as f64;
    NativeHistogram {
        schema: 3,
        zero_threshold: 2.0_f64.powi(-128),
        zero_count: n,
        count: 14.0 * n + 1.0,
        sum: n * 0.7,
        positive_spans: vec![
            BucketSpan { offset: -2, length: 2 },
            BucketSpan { offset: 0, length: 0 },
            BucketSpan { offset: 7, length: 1 },
        ],
        positive_counts: vec![n, 3.0 * n, n + 1.0],
        negative_spans: vec![BucketSpan { offset: 100_000, length: 2 }],
        negative_counts: vec![8.0 * n, n],
        custom_bounds: Vec::new(),
        reset_hint: ResetHint::Unknown,
    }
}

fn stale() -> NativeHistogram {
    NativeHistogram { sum: f64::from_bits(STALE_NAN_BITS), ..NativeHistogram::default() }
}

fn custom(number: usize) -> NativeHistogram {
    let n = number as f64;
    NativeHistogram {
        schema: -53,
        count: 3.0 * n,
        sum: -1.0,
        positive_spans: vec![BucketSpan { offset: 1, length: 3 }],
        positive_counts: vec![n; 3],
        custom_bounds: vec![-1.0, 0.25, 1e9],
        ..NativeHistogram::default()
    }
}

fn gauge(number: usize) -> NativeHistogram {
    let zero_threshold = 0.3;
    NativeHistogram { reset_hint: ResetHint::Gauge, zero_threshold, ..histogram(100 - number) }
}

fn half(number: usize) -> NativeHistogram {
    let mut half = histogram(number);
    half.count /= 2.0;
    half.positive_counts.iter_mut().for_each(|count| *count *= 0.3);
    half
}

type Make = fn(usize) -> NativeHistogram;

#[test]
fn histograms_of_all_encodings_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let of = |at: usize, make: Make| -> Vec<Histogram> {
        let time = |number: usize| number as i64 * 15_000 + (number as i64 % 4) * 3;
        let mut samples: Vec<Histogram> = (0..140)
            .map(|number| (time(number), make(number % 90), number as i64 / 100 * 5 + 1))
            .collect();
        if at.is_multiple_of(2) {
            samples.push((3_000_000, stale(), 6));
        }
        samples
    };
    let kinds: [(&str, bool, Make); 5] = [
        ("custom", false, custom),
        ("float", true, half),
        ("gauge", false, gauge),
        ("int", false, histogram),
        ("zero", true, |_| NativeHistogram::default()),
    ];
    let labels = kinds.map(|(name, ..)| [("__name__", name)]);
    for has_starts in [false, true] {
        let (mut series, mut wanted): (Vec<Series<'_>>, Vec<Item>) = Default::default();
        for (at, (name, is_float, make)) in kinds.into_iter().enumerate() {
            let samples = of(at, make);
            series.push((&labels[at], vec![histograms(&samples, is_float, has_starts)]));
            wanted.extend(samples.into_iter().map(|(time, histogram, _)| {
                Item::Histogram(format!("{{__name__={name:?}}}"), time, histogram.into())
            }));
        }
        block(&folder.path().join(BLOCKS[0]), &series, 2);
        let mut found = read_whole(folder.path());
        let all = found.len();
        found.retain(|item| matches!(item, Item::Histogram(..)));
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(wanted) {
            // As text, in which NaN is equal.
            assert_eq!(format!("{found:?}"), format!("{wanted:?}"));
            if let Item::Histogram(_, 3_000_000, stale) = found {
                assert_eq!(stale.sum.to_bits(), STALE_NAN_BITS);
            }
        }
        assert_eq!(all - found.len(), if has_starts { 10 } else { 0 });
    }
}

#[test]
fn deleted_samples_and_those_outside_of_the_range_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(BLOCKS[0]);
    let samples: Vec<Float> = (0..100).map(|number| (number, number as f64, 0)).collect();
    let (first, second) = samples.split_at(50);
    block(&path, &[(UP, vec![xor(first), xor(second)])], 2);
    // Magic number, version, 22 bytes of symbols, aligned to 16, are the second unit.
    tombstones(&path, &[(2, 60, 69), (2, 65, 79), (3, 0, 99)]);
    let range = TimeRange { min_ms: 45, max_ms: 84 };
    let (found, reports) = read(folder.path(), range, Limits::default());
    let wanted: Vec<i64> = (45..60).chain(80..85).collect();
    let wanted: Vec<Item> =
        wanted.into_iter().map(|time| float(UP_LABELS, time, time as f64)).collect();
    assert_eq!(found, wanted);
    assert_eq!((reports[0].samples, reports[0].deleted, reports[0].damaged()), (20, 20, 0));
    let outside = TimeRange { min_ms: 100, max_ms: 200 };
    assert_eq!(read(folder.path(), outside, Limits::default()).0, []);
}

#[test]
fn ranges_of_time_give_each_sample_once() {
    let folder = tempfile::tempdir().unwrap();
    let samples = floats(200, 4);
    let chunks = vec![xor(&samples[..70]), xor(&samples[70..140]), xor2(&samples[140..])];
    block(&folder.path().join(BLOCKS[0]), &[(UP, chunks)], 2);
    let (mut found, mut min_ms) = (Vec::new(), i64::MIN);
    for max_ms in [0, 100_000, samples[69].0, samples[150].0, samples[150].0 + 1, i64::MAX] {
        let range = TimeRange { min_ms, max_ms };
        found.extend(read(folder.path(), range, Limits::default()).0);
        min_ms = max_ms.wrapping_add(1);
    }
    found.retain(|item| matches!(item, Item::Float(..)));
    assert_eq!(found, expected(UP_LABELS, &samples));
}

#[test]
fn batches_are_as_small_as_asked_for_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(BLOCKS[0]);
    let samples = floats(200, 3);
    block(&path, &[(UP, vec![xor(&samples[..90]), xor2(&samples[90..])])], 2);
    let limits = Limits { batch_bytes: 500, ..Limits::default() };
    let opened = Folder::open(folder.path(), limits).unwrap();
    let batches: Vec<_> = opened.blocks()[0].batches(TimeRange::ALL).unwrap().collect();
    assert!(batches.iter().all(|batch| batch.samples.len() <= 20 && batch.series.len() == 1));
    let mut found = items(batches);
    found.retain(|item| matches!(item, Item::Float(..)));
    assert_eq!(found, expected(UP_LABELS, &samples));
}

#[test]
fn blocks_are_ordered_and_those_that_are_broken_or_replaced_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [old, broken, new] = BLOCKS.map(|name| folder.path().join(name));
    let at = |time| [(UP, vec![xor(&[(time, 1.0, 0)])])];
    block(&new, &at(5), 2);
    block(&old, &at(7), 2);
    block(&broken, &at(9), 2);
    let temporary = format!("{}.tmp-for-creation", BLOCKS[0]);
    std::fs::create_dir(folder.path().join(temporary)).unwrap();
    std::fs::write(broken.join("meta.json"), r#"{"version": 2, "minTime": 1, "maxTime": 2}"#)
        .unwrap();
    let opened = Folder::open(folder.path(), Limits::default()).unwrap();
    let names: Vec<&str> = opened.blocks().iter().map(tsdb::Block::name).collect();
    assert_eq!(names, [BLOCKS[2], BLOCKS[0]]);
    assert_eq!(opened.refused().len(), 1);
    let refused = opened.refused()[0].to_string();
    assert!(refused.ends_with("meta.json: at byte 0: the version is unknown"), "{refused}");
    assert_eq!(opened.head_start_ms(), 8);

    let parents = format!(r#"{{"ulid": "{}"}}, {{"ulid": "{}"}}"#, BLOCKS[0], BLOCKS[1]);
    meta(&new, 5, 10, &parents);
    let opened = Folder::open(folder.path(), Limits::default()).unwrap();
    assert_eq!((opened.blocks().len(), opened.refused().len()), (1, 0));
    assert_eq!(opened.replaced(), &BLOCKS[..2]);

    let index = std::fs::read(new.join("index")).unwrap();
    std::fs::write(new.join("index"), [&index[..9], &[9], &index[10..]].concat()).unwrap();
    let opened = Folder::open(folder.path(), Limits::default()).unwrap();
    assert_eq!(opened.replaced(), [] as [String; 0], "a broken block replaces nothing");
}

#[test]
fn a_symbol_table_larger_than_allowed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    block(&folder.path().join(BLOCKS[0]), &[(UP, vec![xor(&[(1, 1.0, 0)])])], 2);
    let limits = Limits { symbols_bytes_max: 10, ..Limits::default() };
    let opened = Folder::open(folder.path(), limits).unwrap();
    let error = opened.refused()[0].to_string();
    assert!(error.ends_with("index: the symbol table takes 16 bytes, more than 10"), "{error}");
}
