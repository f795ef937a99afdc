//! Laws of parts: no answer depends on whether samples are in memory, flushed or merged.

use std::sync::Arc;

use arrow::array::{Array, ArrayAccessor, AsArray, StringArray};
use arrow::datatypes::{Int32Type, TimestampMillisecondType};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use signals::metric::{
    BucketSpan, Exemplar, HistogramSample, Metadata, MetricKind, NAME_LABEL, NativeHistogram,
    STALE_NAN_BITS, Sample, Samples, StartTime,
};
use signals::{MatchOp, Matcher, MemoryBudget, MemoryReservation, SeriesBatch};

use super::*;
use crate::metrics::labels::{LabelProjection, LabelQuery};
use crate::metrics::tests::append_admitted;
use crate::metrics::{Head, HeadLimits, PartReader, SeriesChunks, read};
use crate::{Part, part::merge::MergeSizes};

fn memory(bytes_max: usize) -> MemoryReservation {
    MemoryBudget::new("test", bytes_max).reservation()
}

fn caches() -> MemoryBudget {
    MemoryBudget::new("caches", 64 << 20)
}

/// Head and parts, flushed and merged by hand.
struct Rig {
    head: Head,
    objects: Arc<InMemory>,
    reader: PartReader,
    parts: Vec<Arc<Part>>,
}

impl Rig {
    fn new() -> Self {
        let objects = Arc::new(InMemory::new());
        let reader = PartReader::new(Arc::clone(&objects) as Arc<dyn ObjectStore>, &caches());
        let limits = HeadLimits { late_window_ms: i64::MAX, ..HeadLimits::default() };
        Self { head: Head::new(limits), objects, reader, parts: Vec::new() }
    }

    async fn put(&self, bytes: Vec<u8>, summary: PartSummary) -> Arc<Part> {
        assert_eq!(summary.bytes, bytes.len() as u64);
        let path = Path::from(format!(
            "metrics/{}.parquet",
            self.objects.to_string().len() + rand::random::<u32>() as usize
        ));
        self.objects.put(&path, bytes.into()).await.unwrap();
        let PartSummary { bytes, rows, min_time, max_time, .. } = summary;
        Arc::new(Part { path, bytes, rows, min_time, max_time })
    }

    async fn flush(&mut self) {
        let Some(frozen) = self.head.freeze() else { return };
        for day in frozen.days() {
            let mut bytes = Vec::new();
            let summary = write(&frozen, *day, String::new(), &mut bytes).unwrap();
            let part = self.put(bytes, summary).await;
            self.parts.push(part);
        }
        self.head.release(&frozen);
    }

    /// Merges the parts of each day.
    async fn merge(&mut self) {
        let mut merged = Vec::new();
        let day = |part: &Arc<Part>| signals::time::day_of(part.min_time);
        self.parts.sort_by_key(day);
        for inputs in self.parts.chunk_by(|a, b| day(a) == day(b)) {
            let (mut bytes, sizes) = (Vec::new(), MergeSizes::of(usize::MAX));
            let summary = merge(&self.reader, inputs, None, String::new(), sizes, &mut bytes).await;
            merged.push(self.put(bytes, summary.unwrap()).await);
        }
        self.parts = merged;
    }

    async fn select(&self, matchers: &[Matcher], start_ms: i64, end_ms: i64) -> Vec<SeriesChunks> {
        let parts = || self.parts.clone();
        let (range, memory) = ((start_ms, end_ms), memory(usize::MAX));
        read::select(&self.head, parts, &self.reader, matchers, range, 1000, &memory).await.unwrap()
    }

    /// Labels and samples as text that keeps bits.
    async fn answer(&self, matchers: &[Matcher], start_ms: i64, end_ms: i64) -> Vec<String> {
        let mut lines = Vec::new();
        let mut samples = Samples::default();
        for series in self.select(matchers, start_ms, end_ms).await {
            series.read(start_ms, end_ms, &mut samples).unwrap();
            let values: Vec<u64> = samples.values.iter().map(|value| value.to_bits()).collect();
            if !values.is_empty() || !samples.histograms.is_empty() {
                lines.push(format!(
                    "{:?} {:?} {:x?} {:?}",
                    series.labels, samples.timestamps, values, samples.histograms
                ));
            }
        }
        lines
    }

    async fn everything(&self) -> Vec<String> {
        self.answer(&[], i64::MIN, i64::MAX).await
    }
}

fn labels(metric: &str, i: usize) -> Labels {
    Labels::from_pairs([(NAME_LABEL, metric), ("job", "test"), ("instance", &format!("host-{i}"))])
}

fn equal(name: &str, value: &str) -> Matcher {
    Matcher::new(name, MatchOp::Equal, value).unwrap()
}

fn histogram(i: u32) -> Arc<NativeHistogram> {
    Arc::new(NativeHistogram {
        schema: 3,
        count: f64::from(i * 3),
        sum: f64::from(i) * 0.3,
        positive_spans: vec![BucketSpan { offset: (i / 50) as i32, length: 2 }],
        positive_counts: vec![f64::from(i), f64::from(i * 2)],
        ..NativeHistogram::default()
    })
}

/// Ten series each of three metrics, `steps` samples of each from `start_ms`.
fn scrape(start_ms: i64, steps: i64) -> SeriesBatch {
    let mut batch = SeriesBatch::default();
    for metric in ["up", "requests_total", "temperature"] {
        for i in 0..10 {
            let series = batch.series.len() as u32;
            batch.series.push(labels(metric, i).into());
            for step in 0..steps {
                let value = match metric {
                    "up" => 1.0,
                    "requests_total" => (step * 7 + i as i64) as f64,
                    _ => (step as f64).sin() * 10.0 + i as f64,
                };
                batch.samples.push(Sample {
                    series,
                    timestamp_ms: start_ms + step * 15_000,
                    value,
                });
            }
        }
    }
    let series = batch.series.len() as u32;
    batch.series.push(labels("latency", 0).into());
    for step in 0..steps {
        batch.histograms.push(HistogramSample {
            series,
            timestamp_ms: start_ms + step * 15_000,
            histogram: histogram(step as u32),
        });
    }
    let labels = Labels::from_pairs([("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")]);
    batch.exemplars.push(Exemplar { series, timestamp_ms: start_ms, value: 0.25, labels });
    batch.metadata.push(Metadata {
        metric: "up".to_owned(),
        kind: MetricKind::Gauge,
        help: "whether it runs".to_owned(),
        unit: String::new(),
    });
    batch
}

const START_MS: i64 = 1_700_006_400_000;

#[tokio::test]
async fn answers_stay_the_same_through_flush_and_merge() {
    let mut rig = Rig::new();
    rig.head.append(&scrape(START_MS, 300)).unwrap();
    let questions: Vec<(Vec<Matcher>, i64, i64)> = vec![
        (vec![], i64::MIN, i64::MAX),
        (vec![equal(NAME_LABEL, "up")], i64::MIN, i64::MAX),
        (vec![equal(NAME_LABEL, "none")], i64::MIN, i64::MAX),
        (vec![equal("instance", "host-3")], START_MS + 100_000, START_MS + 900_000),
        (vec![equal(NAME_LABEL, "latency"), equal("job", "test")], START_MS, START_MS + 60_000),
        (
            vec![
                Matcher::new(NAME_LABEL, MatchOp::Regex, "up|temp.*").unwrap(),
                Matcher::new("instance", MatchOp::NotRegex, "host-[0-7]").unwrap(),
            ],
            START_MS,
            START_MS,
        ),
        (vec![], START_MS + 999_999_999, i64::MAX),
    ];
    let mut before = Vec::new();
    for (matchers, start_ms, end_ms) in &questions {
        before.push(rig.answer(matchers, *start_ms, *end_ms).await);
    }
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [31, 10, 0, 3, 1, 4, 0]);
    for round in ["flushed", "merged"] {
        if round == "flushed" {
            rig.flush().await;
        } else {
            rig.merge().await;
        }
        for ((matchers, start_ms, end_ms), expected) in questions.iter().zip(&before) {
            assert_eq!(
                rig.answer(matchers, *start_ms, *end_ms).await,
                *expected,
                "{round} {matchers:?}"
            );
        }
    }
    assert_eq!(rig.head.stats().samples, 0);
    assert_eq!(rig.parts.len(), 1);
}

#[tokio::test]
async fn special_values_late_samples_and_new_values_survive_flush_and_merge() {
    let mut rig = Rig::new();
    let stale = f64::from_bits(STALE_NAN_BITS);
    let values =
        [0.0, -0.0, f64::NAN, stale, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 1e300];
    let batch = |samples: &[(i64, f64)]| SeriesBatch {
        series: vec![labels("special", 0).into()],
        samples: samples
            .iter()
            .map(|(t, value)| Sample { series: 0, timestamp_ms: START_MS + t, value: *value })
            .collect(),
        ..SeriesBatch::default()
    };
    let samples: Vec<(i64, f64)> = (0..).map(|i| i * 1000).zip(values).collect();
    rig.head.append(&batch(&samples)).unwrap();
    rig.flush().await;
    rig.head.append(&batch(&[(500, 0.5), (3000, 3.0), (20_000, 20.0)])).unwrap();
    let expected = rig.everything().await;
    assert_eq!(rig.select(&[], i64::MIN, i64::MAX).await.len(), 1);
    rig.flush().await;
    assert_eq!(rig.everything().await, expected);
    rig.merge().await;
    assert_eq!(rig.everything().await, expected);
    let mut read = Samples::default();
    rig.select(&[], i64::MIN, i64::MAX).await[0]
        .read(START_MS, START_MS + 3000, &mut read)
        .unwrap();
    assert_eq!(read.timestamps, [0, 500, 1000, 2000, 3000].map(|t| START_MS + t));
    assert_eq!(read.values[4], 3.0);
}

#[tokio::test]
async fn exemplars_and_metadata_survive_flush_merge_and_restart() {
    let mut rig = Rig::new();
    rig.head.append(&scrape(START_MS, 2)).unwrap();
    rig.flush().await;
    rig.head.append(&scrape(START_MS + 60_000, 2)).unwrap();
    rig.flush().await;
    rig.merge().await;
    assert_eq!(rig.parts.len(), 1);
    let restarted = Head::new(HeadLimits::default());
    restarted.restore_metadata(rig.reader.metadata(&rig.parts).await.unwrap());
    assert_eq!(restarted.metadata(), scrape(0, 1).metadata);
    let parts = || rig.parts.clone();
    let found = read::exemplars(
        &restarted,
        parts,
        &rig.reader,
        &[equal("job", "test")],
        START_MS,
        i64::MAX,
    )
    .await
    .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, labels("latency", 0));
    assert_eq!(
        found[0].1.iter().map(|exemplar| exemplar.timestamp_ms).collect::<Vec<_>>(),
        [START_MS, START_MS + 60_000]
    );
    let series =
        read::series(&restarted, parts, &rig.reader, &[], i64::MIN, i64::MAX, 100).await.unwrap();
    assert_eq!(series.len(), 31);
}

/// The answer to a query about labels, in order: `name=value series`.
async fn counted(rig: &Rig, reader: &PartReader, query: &LabelQuery<'_>) -> Vec<String> {
    let parts = || rig.parts.clone();
    let memory = memory(usize::MAX);
    let counts = read::labels(&rig.head, parts, reader, query, &memory).await.unwrap();
    assert!(memory.bytes() > 0 || counts.is_empty());
    let mut lines = Vec::new();
    counts.visit(|name, value, series| lines.push(format!("{name}={value} {series}")));
    lines.sort();
    lines
}

/// The same from whole series.
async fn counted_from_series(rig: &Rig, query: &LabelQuery<'_>) -> Vec<String> {
    let LabelQuery { projection, matchers, start_ms, end_ms } = *query;
    let mut counts = std::collections::BTreeMap::new();
    for series in rig.select(matchers, start_ms, end_ms).await {
        for (name, value) in series.labels.iter() {
            let pair = match projection {
                LabelProjection::Names => format!("{name}="),
                LabelProjection::ValuesOf(other) if name != other => continue,
                LabelProjection::ValuesOf(_) | LabelProjection::Pairs => format!("{name}={value}"),
            };
            *counts.entry(pair).or_insert(0) += 1;
        }
    }
    counts.into_iter().map(|(pair, series)| format!("{pair} {series}")).collect()
}

#[tokio::test]
async fn labels_are_the_same_in_memory_in_parts_and_in_parts_without_rows_of_labels() {
    let mut rig = Rig::new();
    rig.head.append(&scrape(START_MS, 3)).unwrap();
    let no_matchers = [];
    let some = [
        Matcher::new(NAME_LABEL, MatchOp::Regex, "up|temp.*").unwrap(),
        Matcher::new("instance", MatchOp::NotRegex, "host-[0-7]").unwrap(),
    ];
    let none = [equal("job", "other")];
    for round in ["in memory", "flushed", "merged"] {
        match round {
            "flushed" => rig.flush().await,
            "merged" => rig.merge().await,
            _ => {}
        }
        for matchers in [&no_matchers[..], &some, &none, &[equal(NAME_LABEL, "latency")]] {
            for projection in [
                LabelProjection::Names,
                LabelProjection::ValuesOf("instance"),
                LabelProjection::Pairs,
            ] {
                for (start_ms, end_ms) in [(i64::MIN, i64::MAX), (START_MS + 86_400_000, i64::MAX)]
                {
                    let query = LabelQuery { projection, matchers, start_ms, end_ms };
                    let mut expected = counted_from_series(&rig, &query).await;
                    let mut found = counted(&rig, &rig.reader, &query).await;
                    if matches!(projection, LabelProjection::Names) {
                        let name = |line: &String| line.split(' ').next().unwrap().to_owned();
                        expected = expected.iter().map(name).collect();
                        found = found.iter().map(name).collect();
                    }
                    assert_eq!(found, expected, "{round} {query:?}");
                }
            }
        }
        let query = LabelQuery {
            projection: LabelProjection::Pairs,
            matchers: &[],
            start_ms: 0,
            end_ms: i64::MAX,
        };
        let none = memory(100);
        let parts = || rig.parts.clone();
        let refused = read::labels(&rig.head, parts, &rig.reader, &query, &none).await;
        assert!(matches!(refused, Err(StoreError::Memory(_))), "{round}");
        // A matcher that all series satisfy makes the reader look at the series.
        let all = [Matcher::new("job", MatchOp::Regex, ".*").unwrap()];
        let of_series = LabelQuery { matchers: &all, ..query };
        assert_eq!(
            counted(&rig, &rig.reader, &query).await,
            counted(&rig, &rig.reader, &of_series).await,
            "{round}"
        );
    }
}

#[tokio::test]
async fn a_chunk_has_the_start_of_its_samples_through_flush_and_merge() {
    let mut rig = Rig::new();
    // Start, and the sample of that start, in seconds.
    for (start, second) in
        [(Some(0), 10), (Some(0), 20), (Some(25), 30), (Some(25), 40), (None, 50)]
    {
        let mut batch = SeriesBatch {
            series: vec![labels("requests_total", 0).into()],
            samples: vec![Sample { series: 0, timestamp_ms: START_MS + second * 1000, value: 1.0 }],
            ..SeriesBatch::default()
        };
        let start = start.map(|start| START_MS + start * 1000);
        batch.start_times.extend(start.map(|start_ms| StartTime { series: 0, start_ms }));
        rig.head.append(&batch).unwrap();
        if second == 20 {
            rig.flush().await;
        }
    }
    rig.flush().await;
    let expected = vec![(Some(0), 10, 20), (Some(25), 30, 50)];
    assert_eq!(starts(&rig).await, expected);
    rig.merge().await;
    assert_eq!(starts(&rig).await, expected);
}

/// Start, first and last sample of the chunks of all parts, in seconds.
async fn starts(rig: &Rig) -> Vec<(Option<i64>, i64, i64)> {
    let mut starts = Vec::new();
    for part in &rig.parts {
        let bytes = rig.objects.get(&part.path).await.unwrap().bytes().await.unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        for batch in reader.map(Result::unwrap) {
            let times = |name: &str| {
                let column = batch.column_by_name(name).unwrap();
                column.as_primitive::<TimestampMillisecondType>().clone()
            };
            let kinds = batch.column_by_name("kind").unwrap();
            let kinds = kinds.as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
            let (start, min, max) = (times("start_time"), times("min_time"), times("max_time"));
            let second = |time: i64| (time - START_MS) / 1000;
            for row in (0..batch.num_rows()).filter(|row| kinds.value(*row) == "float") {
                let start = start.is_valid(row).then(|| second(start.value(row)));
                starts.push((start, second(min.value(row)), second(max.value(row))));
            }
        }
    }
    starts
}

#[tokio::test]
async fn each_utc_day_is_its_own_part() {
    let mut rig = Rig::new();
    let midnight = START_MS - START_MS.rem_euclid(86_400_000) + 86_400_000;
    rig.head.append(&scrape(midnight - 60_000, 8)).unwrap();
    let expected = rig.everything().await;
    rig.flush().await;
    assert_eq!(rig.parts.len(), 2);
    assert_eq!(rig.parts[0].max_time, (midnight - 15_000) * 1_000_000);
    assert_eq!(rig.parts[1].min_time, midnight * 1_000_000);
    assert_eq!(rig.everything().await, expected);
}

#[tokio::test]
async fn many_small_flushes_merge_into_large_chunks() {
    let mut rig = Rig::new();
    for i in 0..40 {
        rig.head.append(&scrape(START_MS + i * 40 * 15_000, 40)).unwrap();
        rig.flush().await;
    }
    let expected = rig.everything().await;
    let rows_before: u64 = rig.parts.iter().map(|part| part.rows).sum();
    let bytes_before: u64 = rig.parts.iter().map(|part| part.bytes).sum();
    rig.merge().await;
    assert_eq!(rig.everything().await, expected);
    let (rows, bytes) = (rig.parts[0].rows, rig.parts[0].bytes);
    assert!(
        rows * 20 < rows_before && bytes * 5 < bytes_before,
        "{rows_before} -> {rows} rows, {bytes_before} -> {bytes} bytes"
    );
    rig.merge().await;
    assert_eq!(rig.everything().await, expected);
}

#[tokio::test]
async fn limits_of_series_and_bytes_hold_for_parts() {
    let mut rig = Rig::new();
    rig.head.append(&scrape(START_MS, 10)).unwrap();
    rig.flush().await;
    let (parts, all) = (|| rig.parts.clone(), (i64::MIN, i64::MAX));
    let by_series =
        read::select(&rig.head, parts, &rig.reader, &[], all, 30, &memory(usize::MAX)).await;
    assert!(matches!(by_series, Err(StoreError::Unavailable(_))));
    let small = memory(5_000);
    let by_bytes = read::select(&rig.head, parts, &rig.reader, &[], all, 100, &small).await;
    assert!(matches!(by_bytes, Err(StoreError::Memory(_))));
    assert!(small.bytes() <= 5_000);
    rig.head.append(&scrape(START_MS + 3_600_000, 10)).unwrap();
    rig.flush().await;
    let (parts, enough) = (|| rig.parts.clone(), memory(usize::MAX));
    let found = read::select(&rig.head, parts, &rig.reader, &[], all, 100, &enough).await.unwrap();
    let held: usize = found.iter().map(SeriesChunks::memory).sum();
    assert_eq!((found.len(), enough.bytes()), (31, held), "a series of two parts is held once");
    assert_eq!(
        read::series(&rig.head, parts, &rig.reader, &[], i64::MIN, i64::MAX, 100)
            .await
            .unwrap()
            .len(),
        31
    );
}

#[tokio::test]
async fn a_cut_or_changed_part_is_an_error_and_never_another_answer() {
    let mut rig = Rig::new();
    rig.head.append(&scrape(START_MS, 5)).unwrap();
    rig.flush().await;
    let expected = rig.everything().await;
    let part = Arc::clone(&rig.parts[0]);
    let whole = rig.objects.get(&part.path).await.unwrap().bytes().await.unwrap();
    let mut wrong = 0;
    for i in 0..400 {
        let mut bytes = whole.to_vec();
        if i % 4 == 0 {
            bytes.truncate(bytes.len() * i / 400);
        } else {
            let place = bytes.len() * i / 400;
            bytes[place] ^= 0x11;
        }
        let summary = PartSummary {
            bytes: bytes.len() as u64,
            rows: part.rows,
            samples: 0,
            min_time: part.min_time,
            max_time: part.max_time,
        };
        let damaged = rig.put(bytes, summary).await;
        let parts = || vec![Arc::clone(&damaged)];
        let Ok(selected) = read::select(
            &rig.head,
            parts,
            &rig.reader,
            &[],
            (i64::MIN, i64::MAX),
            1000,
            &memory(usize::MAX),
        )
        .await
        else {
            continue;
        };
        for (series, expected) in selected.iter().zip(&expected) {
            let mut samples = Samples::default();
            // What is read despite the damage is what was written, unless labels or times of rows were hit.
            if series.read(i64::MIN, i64::MAX, &mut samples).is_ok()
                && !expected.contains(&format!("{:?}", samples.timestamps))
            {
                wrong += 1;
            }
        }
    }
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn readers_in_other_languages_find_plain_columns() {
    let mut rig = Rig::new();
    rig.head.append(&scrape(START_MS, 4)).unwrap();
    rig.flush().await;
    let bytes = rig.objects.get(&rig.parts[0].path).await.unwrap().bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    let batch = reader.into_iter().next().unwrap().unwrap();
    // Names of time zones are only read where another crate of the workspace asks arrow for it.
    let text = |column: &arrow::array::ArrayRef| {
        let column = match column.data_type() {
            arrow::datatypes::DataType::Timestamp(unit, Some(zone)) if zone.as_ref() == "UTC" => {
                arrow::compute::cast(column, &arrow::datatypes::DataType::Timestamp(*unit, None))
                    .unwrap()
            }
            _ => Arc::clone(column),
        };
        arrow::util::display::array_value_to_string(&column, 1).unwrap()
    };
    let row: Vec<String> = batch
        .columns()
        .iter()
        .enumerate()
        .filter(|(i, _)| ![2, 14].contains(i))
        .map(|(_, column)| text(column))
        .collect();
    let expected = [
        "requests_total",
        "{instance: host-0, job: test}",
        "float",
        "2023-11-15T00:00:00",
        "2023-11-15T00:00:45",
        "4",
        "42.0",
        "0.0",
        "21.0",
        "0.0",
        "21.0",
        "0",
        "whole",
        "",
    ];
    assert_eq!(row, expected);
}

/// One and another and the one again, all of one time, flushed after any of them.
#[tokio::test]
async fn of_values_of_one_time_the_first_that_was_sent_stays() {
    let batch = |is_histogram: bool, value: u32| {
        let mut batch =
            SeriesBatch { series: vec![labels("m", 0).into()], ..SeriesBatch::default() };
        let timestamp_ms = START_MS;
        if is_histogram {
            let histogram = histogram(value);
            batch.histograms.push(HistogramSample { series: 0, timestamp_ms, histogram });
        } else {
            batch.samples.push(Sample { series: 0, timestamp_ms, value: value.into() });
        }
        batch
    };
    for is_histogram in [false, true] {
        let expected = Rig::new();
        expected.head.append(&batch(is_histogram, 1)).unwrap();
        for flushes in 0..8 {
            let mut rig = Rig::new();
            for (i, value) in [1, 0, 0].into_iter().enumerate() {
                rig.head.append(&batch(is_histogram, value)).unwrap();
                if flushes & 1 << i != 0 {
                    rig.flush().await;
                }
            }
            assert_eq!(
                rig.everything().await,
                expected.everything().await,
                "histogram: {is_histogram}, flushes: {flushes:03b}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn flushing_and_merging_at_any_moment_changes_no_answer(
        writes in prop::collection::vec((0_usize..3, 0_i64..200, 0_u8..4, 0_u8..12), 1..300),
        from in 0_i64..200, length in 0_i64..100,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut rig, memory) = (Rig::new(), Rig::new());
            for (series, step, value, action) in writes {
                let mut batch = SeriesBatch { series: vec![labels("m", series).into()], ..SeriesBatch::default() };
                let timestamp_ms = START_MS + step * 1_000_000;
                if series == 2 {
                    batch.histograms.push(HistogramSample { series: 0, timestamp_ms, histogram: histogram(value.into()) });
                } else {
                    batch.samples.push(Sample { series: 0, timestamp_ms, value: f64::from(value) / 2.0 });
                }
                // A head that has forgotten a series does not refuse another value of its time.
                for head in [&rig.head, &memory.head] { append_admitted(head, &batch); }
                match action {
                    0 => rig.flush().await,
                    1 => rig.merge().await,
                    _ => {}
                }
            }
            prop_assert_eq!(rig.everything().await, memory.everything().await);
            let (start_ms, end_ms) = (START_MS + from * 1_000_000, START_MS + (from + length) * 1_000_000);
            let matchers = [equal("instance", "host-1")];
            prop_assert_eq!(rig.answer(&matchers, start_ms, end_ms).await, memory.answer(&matchers, start_ms, end_ms).await);
            Ok(())
        })?;
    }
}

#[test]
fn readers_miss_nothing_while_writers_write_and_flushes_flush() {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

    const WRITES: i64 = 600;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let rig = Rig::new();
    let parts = Mutex::new(Vec::new());
    let (acknowledged, is_done) = (AtomicI64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 1..=WRITES {
                let samples = [0, 1].map(|series| Sample {
                    series,
                    timestamp_ms: START_MS + i,
                    value: i as f64,
                });
                let series = vec![labels("a", 0).into(), labels("b", 7).into()];
                rig.head
                    .append(&SeriesBatch {
                        series,
                        samples: samples.to_vec(),
                        ..SeriesBatch::default()
                    })
                    .unwrap();
                acknowledged.store(i, Ordering::SeqCst);
            }
            is_done.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            while !is_done.load(Ordering::SeqCst) {
                let Some(frozen) = rig.head.freeze() else { continue };
                let mut bytes = Vec::new();
                let summary = write(&frozen, frozen.days()[0], String::new(), &mut bytes).unwrap();
                let part = runtime.block_on(rig.put(bytes, summary));
                parts.lock().unwrap().push(part);
                rig.head.release(&frozen);
            }
        });
        let mut samples = Samples::default();
        while !is_done.load(Ordering::SeqCst) {
            let least = acknowledged.load(Ordering::SeqCst);
            let list = || parts.lock().unwrap().clone();
            let selected = runtime
                .block_on(read::select(
                    &rig.head,
                    list,
                    &rig.reader,
                    &[],
                    (i64::MIN, i64::MAX),
                    10,
                    &memory(usize::MAX),
                ))
                .unwrap();
            assert!(least == 0 || selected.len() == 2);
            for series in selected {
                series.read(i64::MIN, i64::MAX, &mut samples).unwrap();
                assert!(samples.timestamps.len() as i64 >= least);
                assert!(samples.timestamps.iter().zip(1..).all(|(t, i)| *t == START_MS + i));
            }
        }
    });
}
