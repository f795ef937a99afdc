//! How soon samples are as small as they get, while they arrive, are flushed and are merged.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use signals::metric::Sample;
use signals::time::{MILLISECOND, SECOND};
use signals::{Batch, Clock, SeriesBatch, Signal};

use super::harness::*;
use super::probes::cpu_seconds;
use crate::metrics::tests::probes::generate::{host_labels, scrape_like};
use crate::part::merge::MergeSizes;
use crate::{Part, Store, WriteRequest, metrics};

const MINUTE: i64 = 60 * SECOND;
/// Samples that are older than this should be small.
const SETTLED: i64 = 30 * MINUTE;

/// What was found after an hour.
struct Measured {
    hour: usize,
    parts: usize,
    /// Of the parts whose newest sample is old enough, and of one part made of them.
    bytes: u64,
    merged: u64,
    /// Bytes that merges have written.
    written: u64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.bytes as f64 / self.merged as f64
    }
}

/// Scrapes for some hours, flushed every ten minutes and maintained every minute.
async fn scraped(series: usize, interval_ms: i64, hours: usize) -> Vec<Measured> {
    let mut bench = Bench::new();
    bench.config.compaction_fan_in = crate::Config::default().compaction_fan_in;
    let a_minute = (60_000 / interval_ms) as usize;
    let shape = scrape_like(series, 60 * hours * a_minute, interval_ms);
    bench.clock.jump_to(shape[0].timestamps[0] * MILLISECOND);
    let (store, _) = bench.open().await.unwrap();
    let labels: Vec<_> = (0..series).map(|i| host_labels(i % 50, i / 50)).collect();
    let mut known: HashMap<String, u64> = HashMap::new();
    let mut hours_measured = Vec::new();
    for minute in 0..60 * hours {
        bench.clock.advance(Duration::from_secs(60));
        let series = labels.iter().cloned().map(Into::into).collect();
        let mut batch = SeriesBatch { series, ..SeriesBatch::default() };
        for step in minute * a_minute..(minute + 1) * a_minute {
            for (series, points) in (0u32..).zip(&shape) {
                let (timestamp_ms, value) = (points.timestamps[step], points.values[step]);
                batch.samples.push(Sample { series, timestamp_ms, value });
            }
        }
        let batches = vec![Batch::Metrics(batch)];
        let request = WriteRequest { received_at: 0, batches, ..WriteRequest::default() };
        store.append(request).await.unwrap();
        if minute % 10 == 9 {
            store.flush().await.unwrap();
        }
        store.maintain().await.unwrap();
        let parts = store.inner.state.parts(Signal::Metrics, EVERYTHING);
        let level = |part: &Arc<Part>| part.path.as_ref().split('-').nth_back(1).map(str::to_owned);
        let is_merged = |part: &&Arc<Part>| level(part).as_deref() != Some("0");
        known
            .extend(parts.iter().filter(is_merged).map(|part| (part.path.to_string(), part.bytes)));
        if minute % 60 == 59 {
            hours_measured
                .push(measure(&store, &bench, minute / 60 + 1, known.values().sum()).await);
        }
    }
    hours_measured
}

async fn measure(store: &Store, bench: &Bench, hour: usize, written: u64) -> Measured {
    let parts = store.inner.state.parts(Signal::Metrics, EVERYTHING);
    let is_old = |part: &&Arc<Part>| part.min_time < bench.clock.now() - SETTLED;
    let old: Vec<Arc<Part>> = parts.iter().filter(is_old).cloned().collect();
    let (reader, sizes) = (&store.inner.metric_parts, MergeSizes::of(usize::MAX));
    let merged =
        metrics::part::merge(reader, &old, None, String::new(), sizes, Vec::new()).await.unwrap();
    let bytes = old.iter().map(|part| part.bytes).sum();
    Measured { hour, parts: parts.len(), bytes, merged: merged.bytes, written }
}

#[tokio::test]
async fn what_is_older_than_half_an_hour_is_nearly_as_small_as_it_gets() {
    for (series, interval_ms, hours) in [(400, 15_000, 4), (30, 1_000, 2)] {
        for measured in scraped(series, interval_ms, hours).await {
            let (hour, ratio) = (measured.hour, measured.ratio());
            assert!(ratio <= 1.3, "every {interval_ms} ms, hour {hour}: {ratio:.2}");
        }
    }
}

#[tokio::test]
async fn a_part_that_is_alone_in_its_day_is_encoded_once() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let items: Vec<Item> = (0..3_000).map(sample).collect();
    send(&store, &items).await.unwrap();
    store.flush().await.unwrap();
    let flushed = store.status().metrics.part_bytes;
    bench.clock.advance(Duration::from_mins(19));
    store.maintain().await.unwrap();
    assert_eq!(store.status().metrics.part_bytes, flushed);
    bench.clock.advance(Duration::from_mins(2));
    store.maintain().await.unwrap();
    let encoded = store.inner.state.parts(Signal::Metrics, EVERYTHING);
    assert!(encoded[0].bytes < flushed, "{} of {flushed} bytes", encoded[0].bytes);
    bench.clock.advance(Duration::from_hours(48));
    store.maintain().await.unwrap();
    assert_eq!(store.inner.state.parts(Signal::Metrics, EVERYTHING)[0].path, encoded[0].path);
    assert_eq!(stored(&store).await, ledger(items));
}

#[tokio::test]
#[ignore = "a measurement for decision 0017"]
async fn a_day_of_scrapes() {
    println!("interval | hour | parts | B/sample | ratio to one part | written / at rest");
    for (series, interval_ms, hours) in [(500, 15_000, 23), (100, 1_000, 6)] {
        let started = cpu_seconds();
        for measured in scraped(series, interval_ms, hours).await {
            let samples = (measured.hour * 3_600_000) as f64 / interval_ms as f64 * series as f64;
            println!(
                "{interval_ms} ms | {} | {} | {:.2} | {:.2} | {:.2}",
                measured.hour,
                measured.parts,
                measured.bytes as f64 / samples,
                measured.ratio(),
                measured.written as f64 / measured.merged as f64
            );
        }
        println!("{:.1} CPU s", cpu_seconds() - started);
    }
}
