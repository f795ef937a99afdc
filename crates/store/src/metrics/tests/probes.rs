//! Measurements behind decisions 0002 and 0003 and behind the figures of `docs/formats/chunks.md`.
//! Not tests: each prints a table and asserts nothing about time. Run all of them with
//! `cargo test --release -p store metrics::tests::probes -- --ignored --nocapture --test-threads 1`.

mod counting;
pub(crate) mod generate;

use std::sync::Arc;

use chunks::{Chunk, FloatAppender, encode_pco};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use signals::metric::{NAME_LABEL, Sample, Samples};
use signals::{Clock, Labels, MatchOp, Matcher, MemoryBudget, SeriesBatch, time::SystemClock};

use self::counting::CountingStore;
use self::generate::{Shape, host_labels, random_walk, scrape_like, scraped};
use crate::Part;
use crate::metrics::head::Limits;
use crate::metrics::labels::{LabelProjection, LabelQuery};
use crate::metrics::part::probe::{PageLayout, write_rows};
use crate::metrics::{Head, HeadLimits, PartReader, SeriesChunks, part};
use crate::part::merge::MergeSizes;
use crate::tests::probes::cpu_seconds;

/// Runs some work and measures it in seconds.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let clock = SystemClock::new();
    let start = clock.monotonic();
    let done = work();
    (done, clock.monotonic().saturating_sub(start).as_secs_f64())
}

fn append(mut appender: FloatAppender, (timestamps, values): (&[i64], &[f64])) -> Chunk {
    for (timestamp_ms, value) in timestamps.iter().zip(values) {
        appender.push(*timestamp_ms, *value);
    }
    appender.into_chunk()
}

#[test]
#[ignore = "a measurement for decision 0003"]
fn probe_codecs() {
    let shapes = [
        ("scraped, 1 s", scraped()),
        ("scrape-like, 1 s", Some(scrape_like(400, 8000, 1000))),
        ("scrape-like, 15 s", Some(scrape_like(400, 8000, 15_000))),
        ("random walk, 2 decimals", Some(random_walk(200, 8000, 2))),
        ("random walk, all bits", Some(random_walk(200, 8000, 17))),
    ];
    println!(
        "data | samples a chunk | xor | whole or xor | pco | smallest (B a sample) | encode whole/xor, pco | decode whole/xor, pco (M samples/s)"
    );
    for (name, shape) in shapes {
        let Some(shape) = shape else {
            println!("{name}: set GLASSHOUSE_SCRAPES to a file of `series<TAB>time:value …` lines");
            continue;
        };
        for size in [120, 480, 2000] {
            println!("{name} | {size} | {}", codec_row(&shape, size));
        }
    }
}

fn codec_row(shape: &Shape, size: usize) -> String {
    let pieces: Vec<(&[i64], &[f64])> = shape
        .iter()
        .flat_map(|series| {
            series.timestamps.chunks_exact(size).zip(series.values.chunks_exact(size))
        })
        .collect();
    let samples = (pieces.len() * size) as f64;
    let bytes = |chunks: &[Chunk]| {
        chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>() as f64 / samples
    };
    let xor: Vec<Chunk> = pieces.iter().map(|piece| append(FloatAppender::xor(), *piece)).collect();
    let (plain, plain_seconds) = timed(|| {
        pieces.iter().map(|piece| append(FloatAppender::new(), *piece)).collect::<Vec<_>>()
    });
    let (dense, dense_seconds) =
        timed(|| pieces.iter().filter_map(|(t, v)| encode_pco(t, v)).collect::<Vec<_>>());
    let smallest: Vec<Chunk> = plain
        .iter()
        .zip(&dense)
        .map(|(a, b)| if a.bytes.len() <= b.bytes.len() { a.clone() } else { b.clone() })
        .collect();
    let decode = |chunks: &[Chunk]| {
        let mut read = Samples::default();
        let ((), seconds) = timed(|| {
            for chunk in chunks {
                read.clear();
                chunk
                    .decode(
                        i64::MIN,
                        i64::MAX,
                        &mut read.timestamps,
                        &mut read.values,
                        &mut read.histograms,
                    )
                    .unwrap();
            }
        });
        samples / seconds / 1e6
    };
    format!(
        "{:.2} | {:.2} | {:.2} | {:.2} | {:.0}, {:.1} | {:.0}, {:.0}",
        bytes(&xor),
        bytes(&plain),
        bytes(&dense),
        bytes(&smallest),
        samples / plain_seconds / 1e6,
        samples / dense_seconds / 1e6,
        decode(&plain),
        decode(&dense)
    )
}

const METRICS: usize = 100;
const HOSTS: usize = 10_000;

#[tokio::test]
#[ignore = "a measurement for decision 0002"]
#[expect(clippy::too_many_lines, reason = "a measurement is one story")]
async fn probe_pages() {
    // A million rows, each with its own labels and a chunk of 120 samples.
    let shape = scrape_like(500, 120, 15_000);
    let chunks: Vec<Chunk> = shape
        .iter()
        .map(|series| append(FloatAppender::new(), (&series.timestamps, &series.values)))
        .collect();
    let equal = |name: &str, value: &str| Matcher::new(name, MatchOp::Equal, value).unwrap();
    let questions = [
        ("one metric of 100", vec![equal(NAME_LABEL, "metric_042_total")], HOSTS),
        ("1 % of the series of each metric", vec![equal("rack", "rack-17")], METRICS * HOSTS / 100),
        (
            "1 % of the series of one metric",
            vec![equal(NAME_LABEL, "metric_042_total"), equal("rack", "rack-17")],
            HOSTS / 100,
        ),
        (
            "one series",
            vec![equal(NAME_LABEL, "metric_042_total"), equal("instance", "host-4217:9100")],
            1,
        ),
    ];
    println!(
        "chunk page | rows a page | file | chunks | question | rows | labels read | chunks wanted | chunks read | ranges | coalesced at 1 MiB | ms"
    );
    for (page_bytes, batch_rows) in [(8 << 10, 16), (32 << 10, 64), (64 << 10, 64), (1 << 20, 1024)]
    {
        let rows = (0..METRICS).flat_map(|metric| (0..HOSTS).map(move |host| (metric, host)));
        let rows = rows.map(|(metric, host)| {
            (host_labels(metric, host), &chunks[(metric * 31 + host * 7) % chunks.len()])
        });
        let mut bytes = Vec::new();
        let summary = write_rows(
            rows,
            PageLayout { chunk_page_bytes: page_bytes, write_batch_rows: batch_rows },
            &mut bytes,
        )
        .unwrap();
        let chunk_bytes: usize = (0..METRICS * HOSTS)
            .map(|i| chunks[(i / HOSTS * 31 + i % HOSTS * 7) % chunks.len()].bytes.len())
            .sum();
        let store = Arc::new(CountingStore::default());
        let path = Path::from("probe.parquet");
        store.put(&path, bytes.into()).await.unwrap();
        let part = Arc::new(Part {
            path,
            bytes: summary.bytes,
            rows: summary.rows,
            min_time: summary.min_time,
            max_time: summary.max_time,
        });
        let reader = PartReader::new(
            Arc::clone(&store) as Arc<dyn ObjectStore>,
            &MemoryBudget::new("caches", 64 << 20),
        );
        let parts = [part];
        let memory = MemoryBudget::new("probe", usize::MAX).reservation();
        // The footer is read once and kept.
        reader
            .select(&parts, &[equal(NAME_LABEL, "none")], i64::MIN, i64::MAX, 1, &memory)
            .await
            .unwrap();
        for (name, matchers, expected) in &questions {
            reader.series(&parts, matchers, i64::MIN, i64::MAX, usize::MAX).await.unwrap();
            store.reset();
            reader.series(&parts, matchers, i64::MIN, i64::MAX, usize::MAX).await.unwrap();
            let labels_read = store.read();
            store.reset();
            let clock = SystemClock::new();
            let selected = reader
                .select(&parts, matchers, i64::MIN, i64::MAX, usize::MAX, &memory)
                .await
                .unwrap();
            let milliseconds = clock.monotonic().as_secs_f64() * 1000.0;
            assert_eq!(selected.len(), *expected);
            let wanted: usize = selected.iter().map(SeriesChunks::bytes).sum();
            let all = store.read();
            println!(
                "{} KiB | {} | {} | {} | {name} | {} | {} | {} | {} | {} | {} | {milliseconds:.1}",
                page_bytes >> 10,
                page_bytes * METRICS * HOSTS / chunk_bytes,
                summary.bytes,
                chunk_bytes,
                selected.len(),
                labels_read.bytes,
                wanted,
                all.bytes - labels_read.bytes,
                all.ranges - labels_read.ranges,
                all.coalesced_bytes - labels_read.coalesced_bytes,
            );
        }
    }
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap_or(0) * 1024
}

fn scrape_batch(labels: &[Labels], shape: &Shape, step: usize) -> SeriesBatch {
    let sample = |(series, points): (usize, &generate::Series)| Sample {
        series: series as u32,
        timestamp_ms: points.timestamps[step],
        value: points.values[step],
    };
    let samples =
        (0..labels.len()).map(|series| sample((series, &shape[series % shape.len()]))).collect();
    let series = labels.iter().cloned().map(Into::into).collect();
    SeriesBatch { series, samples, ..SeriesBatch::default() }
}

#[test]
#[ignore = "a measurement of the head"]
#[expect(clippy::too_many_lines, reason = "a measurement is one story")]
fn probe_head() {
    const SERIES: usize = 200_000;
    const STEPS: usize = 240;
    let shape = scrape_like(500, STEPS, 15_000);
    let labels: Vec<Labels> = (0..SERIES).map(|i| host_labels(i % 815, i / 815)).collect();
    let before = resident_bytes();
    let head = Head::new(HeadLimits::default());
    let batches = labels.chunks(1000).collect::<Vec<_>>();
    let first = timed(|| {
        for labels in &batches {
            head.append(&scrape_batch(labels, &shape, 0)).unwrap();
        }
    })
    .1;
    println!(
        "{SERIES} new series: {:.2} µs a series, {} B a series resident, {} by its own account",
        first * 1e6 / SERIES as f64,
        (resident_bytes() - before) / SERIES,
        head.stats().bytes as usize / SERIES
    );
    let mut seconds = 0.0;
    for step in 1..STEPS {
        for labels in &batches {
            let batch = scrape_batch(labels, &shape, step);
            seconds += timed(|| head.append(&batch).unwrap()).1;
        }
        if [40, 120, STEPS - 1].contains(&step) {
            let stats = head.stats();
            println!(
                "after {} samples a series: {} B a series resident, {} by its own account",
                step + 1,
                (resident_bytes() - before) / SERIES,
                stats.bytes as usize / SERIES
            );
        }
    }
    println!("append: {:.2} M samples/s", (SERIES * (STEPS - 1)) as f64 / seconds / 1e6);
    let matcher = |name: &str, op, value: &str| Matcher::new(name, op, value).unwrap();
    for matchers in [
        vec![matcher(NAME_LABEL, MatchOp::Equal, "metric_042_total")],
        vec![
            matcher(NAME_LABEL, MatchOp::Equal, "metric_042_total"),
            matcher("instance", MatchOp::Regex, "host-1.*"),
        ],
        vec![matcher("instance", MatchOp::Equal, "host-42:9100")],
        vec![matcher(NAME_LABEL, MatchOp::Regex, ".+")],
    ] {
        let (selected, seconds) =
            timed(|| head.select(&matchers, i64::MIN, i64::MAX, usize::MAX).unwrap());
        let mut read = Samples::default();
        let ((), decode) = timed(|| {
            for series in &selected {
                series.read(i64::MIN, i64::MAX, &mut read).unwrap();
            }
        });
        println!(
            "select {}: {} series in {:.2} ms, decoded in {:.2} ms",
            matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            selected.len(),
            seconds * 1e3,
            decode * 1e3
        );
    }
    let (frozen, seconds) = timed(|| head.freeze().unwrap());
    println!("freeze: {:.1} ms", seconds * 1e3);
    let mut bytes = Vec::new();
    let ((), seconds) = timed(|| {
        for day in frozen.days() {
            part::write(&frozen, *day, String::new(), &mut bytes).unwrap();
        }
    });
    println!(
        "write: {:.2} s, {} bytes, {:.2} M samples/s",
        seconds,
        bytes.len(),
        (SERIES * STEPS) as f64 / seconds / 1e6
    );
    println!("release: {:.1} ms", timed(|| head.release(&frozen)).1 * 1e3);
}

#[test]
#[ignore = "a measurement of workers"]
fn probe_workers() {
    const SERIES: usize = 200_000;
    const STEPS: usize = 40;
    let shape = scrape_like(500, STEPS, 15_000);
    let labels: Vec<Labels> = (0..SERIES).map(|i| host_labels(i % 815, i / 815)).collect();
    println!("workers | admit, µs CPU a sample | apply, µs CPU a sample | apply, µs wall a sample");
    for workers in [1, 2, 4] {
        let head = Head::new(HeadLimits::default());
        let references: Vec<_> = head.resolve(&labels).into_iter().map(Option::unwrap).collect();
        let (mut admit, mut apply, mut wall) = (0.0, 0.0, 0.0);
        for step in 0..STEPS {
            // As many as a group of the write-ahead log brings at once.
            for chunk in references.chunks(50_000) {
                let sample = |(series, points): (usize, &generate::Series)| Sample {
                    series: series as u32,
                    timestamp_ms: points.timestamps[step],
                    value: points.values[step],
                };
                let mut batch = SeriesBatch {
                    series: chunk.iter().map(|reference| (*reference).into()).collect(),
                    samples: (0..chunk.len())
                        .map(|i| sample((i, &shape[i % shape.len()])))
                        .collect(),
                    ..SeriesBatch::default()
                };
                let since = cpu_seconds();
                let (admitted, _) = head.admit(&mut batch, Limits::Apply).unwrap();
                admit += cpu_seconds() - since;
                let since = cpu_seconds();
                wall += timed(|| head.apply(&[&admitted], workers)).1;
                apply += cpu_seconds() - since;
            }
        }
        let of_sample = 1e6 / (SERIES * STEPS) as f64;
        println!(
            "{workers} | {:.3} | {:.3} | {:.3}",
            admit * of_sample,
            apply * of_sample,
            wall * of_sample
        );
    }
}

#[tokio::test]
#[ignore = "a measurement of labels"]
async fn probe_labels() {
    println!(
        "series | where | names | values of instance | all pairs | rows of labels, B a series"
    );
    for hosts in [100, 1_000] {
        let labels: Vec<Labels> =
            (0..1_000 * hosts).map(|i| host_labels(i % 1_000, i / 1_000)).collect();
        let shape = scrape_like(500, 1, 15_000);
        let head = Head::new(HeadLimits { series_max: 2_000_000, ..HeadLimits::default() });
        for labels in labels.chunks(10_000) {
            head.append(&scrape_batch(labels, &shape, 0)).unwrap();
        }
        let objects = Arc::new(InMemory::new());
        let reader = PartReader::new(objects.clone(), &MemoryBudget::new("caches", 64 << 20));
        let mut parts = Vec::new();
        let memory = MemoryBudget::new("labels", usize::MAX).reservation();
        for place in ["head", "part"] {
            let mut times = Vec::new();
            for projection in [
                LabelProjection::Names,
                LabelProjection::ValuesOf("instance"),
                LabelProjection::Pairs,
            ] {
                let question =
                    LabelQuery { projection, matchers: &[], start_ms: 0, end_ms: i64::MAX };
                let clock = SystemClock::new();
                let start = clock.monotonic();
                let counts = crate::metrics::read::labels(
                    &head,
                    || parts.clone(),
                    &reader,
                    &question,
                    &memory,
                )
                .await;
                times.push(clock.monotonic().saturating_sub(start).as_secs_f64() * 1e3);
                assert!(!counts.unwrap().into_names().is_empty());
            }
            println!(
                "{} | {place} | {:.2} ms | {:.2} ms | {:.1} ms",
                labels.len(),
                times[0],
                times[1],
                times[2]
            );
            let Some(frozen) = head.freeze() else { continue };
            let mut bytes = Vec::new();
            let summary =
                part::write(&frozen, frozen.days()[0], String::new(), &mut bytes).unwrap();
            println!("{} bytes in {} rows", summary.bytes, summary.rows);
            head.release(&frozen);
            let path = Path::from("labels.parquet");
            objects.put(&path, bytes.into()).await.unwrap();
            let part::PartSummary { bytes, rows, min_time, max_time, .. } = summary;
            parts.push(Arc::new(Part { path, bytes, rows, min_time, max_time }));
        }
    }
}

#[tokio::test]
#[ignore = "a measurement of bytes at rest"]
async fn probe_at_rest() {
    const SERIES: usize = 3000;
    println!("interval | samples a flush | flushed B/sample | merged B/sample | merge M samples/s");
    for (interval_ms, steps, flush_every) in
        [(15_000, 5760, 40), (15_000, 5760, 480), (1000, 7200, 600)]
    {
        let shape = scrape_like(500, steps, interval_ms);
        let labels: Vec<Labels> = (0..SERIES).map(|i| host_labels(i % 815, i / 815)).collect();
        let head = Head::new(HeadLimits::default());
        let objects = Arc::new(InMemory::new());
        let reader = PartReader::new(
            Arc::clone(&objects) as Arc<dyn ObjectStore>,
            &MemoryBudget::new("caches", 64 << 20),
        );
        let mut parts = Vec::new();
        for step in 0..steps {
            head.append(&scrape_batch(&labels, &shape, step)).unwrap();
            if (step + 1) % flush_every == 0 {
                let frozen = head.freeze().unwrap();
                for day in frozen.days() {
                    let mut bytes = Vec::new();
                    let summary = part::write(&frozen, *day, String::new(), &mut bytes).unwrap();
                    let path = Path::from(format!("{step}-{day}.parquet"));
                    objects.put(&path, bytes.into()).await.unwrap();
                    parts.push(Arc::new(Part {
                        path,
                        bytes: summary.bytes,
                        rows: summary.rows,
                        min_time: summary.min_time,
                        max_time: summary.max_time,
                    }));
                }
                head.release(&frozen);
            }
        }
        let samples = (SERIES * steps) as f64;
        let flushed: u64 = parts.iter().map(|part| part.bytes).sum();
        let mut bytes = Vec::new();
        let clock = SystemClock::new();
        part::merge(&reader, &parts, None, String::new(), MergeSizes::of(usize::MAX), &mut bytes)
            .await
            .unwrap();
        let seconds = clock.monotonic().as_secs_f64();
        println!(
            "{} s | {flush_every} | {:.2} | {:.2} | {:.1}",
            interval_ms / 1000,
            flushed as f64 / samples,
            bytes.len() as f64 / samples,
            samples / seconds / 1e6
        );
        describe(bytes);
    }
}

/// Prints the sizes of the columns of a part.
fn describe(bytes: Vec<u8>) {
    let bytes = bytes::Bytes::from(bytes);
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let mut columns = std::collections::BTreeMap::new();
    for row_group in reader.metadata().row_groups() {
        for column in row_group.columns() {
            *columns.entry(column.column_path().string()).or_insert(0) += column.compressed_size();
        }
    }
    println!(
        "  {} rows; bytes by column {columns:?}",
        reader.metadata().file_metadata().num_rows()
    );
}
