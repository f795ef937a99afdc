//! Items as batches, and a ledger: what was sent, what was acknowledged, what is stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{RecordBatch, RecordBatchReader};
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use signals::log::{LogBuilder, LogRows};
use signals::metric::{Sample, Samples};
use signals::span::{Span, SpanBuilder, SpanRows};
use signals::time::{DAY, MILLISECOND, ManualClock, SECOND};
use signals::{
    Batch, Clock, Labels, MatchOp, Matcher, MemoryBudget, SeriesBatch, Signal, SpanId, TraceId,
};

use crate::tests::sim_files::SimFiles;
use crate::write_ahead::format::parse_segment_name;
use crate::{
    Config, Dependencies, NoTotals, Part, RecoveryReport, Store, StoreError, TimeRange,
    WriteRequest,
};

/// 2026-11-20T12:00:00Z.
pub(crate) const NOON: i64 = 20_777 * DAY + 43_200 * SECOND;
pub(crate) const EVERYTHING: TimeRange = TimeRange { start: i64::MIN, end: i64::MAX };

/// One span or log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) signal: Signal,
    pub(crate) id: u64,
    pub(crate) time: i64,
}

/// How often each item is there.
pub(crate) type Ledger = BTreeMap<Item, usize>;

pub(crate) fn batches(items: &[Item]) -> Vec<Batch> {
    let mut spans = SpanBuilder::default();
    let mut logs = LogBuilder::default();
    let mut metrics = SeriesBatch::default();
    let span_resource = spans.resource("cart", "{}");
    let span_scope = spans.scope("", "", "");
    for item in items {
        match item.signal {
            Signal::Spans => {
                let trace = TraceId(u128::from(item.id / 3 + 1).to_be_bytes());
                let span = Span::new(trace, SpanId((item.id + 1).to_be_bytes()), item.time);
                spans.append(span_resource, span_scope, &span).unwrap();
            }
            Signal::Metrics => {
                let labels = [("__name__", "m".to_owned()), ("shard", (item.id % 3).to_string())];
                metrics.samples.push(Sample {
                    series: metrics.series.len() as u32,
                    timestamp_ms: item.time / MILLISECOND,
                    value: item.id as f64,
                });
                metrics.series.push(Labels::from_pairs(labels).into());
            }
            Signal::Logs => {
                let stream = format!("{{service_name=\"cart\", shard=\"{}\"}}", item.id % 3);
                let resource = logs.resource("cart", &stream, "{}");
                let scope = logs.scope("", "", "");
                let body = item.id.to_string();
                let line = signals::log::Record::new(item.time, &body);
                logs.append(resource, scope, &line).unwrap();
            }
        }
    }
    let mut batches = Vec::new();
    if !spans.is_empty() {
        batches.push(Batch::Spans(spans.finish().unwrap()));
    }
    if !logs.is_empty() {
        batches.push(Batch::Logs(logs.finish().unwrap()));
    }
    if !metrics.samples.is_empty() {
        batches.push(Batch::Metrics(metrics));
    }
    batches
}

pub(crate) fn config() -> Config {
    Config {
        free_bytes_min: 0,
        compaction_fan_in: 2,
        metrics_retention: Duration::from_hours(7 * 24),
        ..Config::default()
    }
}

pub(crate) struct Bench {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) files: SimFiles,
    pub(crate) config: Config,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let files = SimFiles::new(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, files, config: config() }
    }

    /// The segments of the log, oldest first.
    pub(crate) fn segments(&self) -> Vec<String> {
        let name = |path: &String| path.strip_prefix("wal/").and_then(parse_segment_name);
        self.files.paths("wal/").into_iter().filter(|path| name(path).is_some()).collect()
    }

    pub(crate) async fn open(&self) -> Result<(Store, RecoveryReport), StoreError> {
        let files = Arc::new(self.files.clone());
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Store::open(self.config.clone(), Dependencies::local(files, clock), Arc::new(NoTotals))
            .await
    }
}

pub(crate) fn span(id: u64) -> Item {
    Item { signal: Signal::Spans, id, time: NOON + id as i64 * SECOND }
}

pub(crate) fn log(id: u64) -> Item {
    Item { signal: Signal::Logs, id, time: NOON + id as i64 * SECOND }
}

pub(crate) fn sample(id: u64) -> Item {
    Item { signal: Signal::Metrics, id, time: NOON + id as i64 * SECOND }
}

pub(crate) async fn send(store: &Store, items: &[Item]) -> Result<(), StoreError> {
    let request =
        WriteRequest { received_at: NOON, batches: batches(items), ..WriteRequest::default() };
    let appended = store.append(request).await?;
    assert_eq!(appended.items(), items.len(), "{appended:?}");
    Ok(())
}

/// Everything that a store gives to readers.
pub(crate) async fn stored(store: &Store) -> Ledger {
    let mut ledger = Ledger::new();
    stored_samples(store, &mut ledger).await;
    for signal in [Signal::Spans, Signal::Logs] {
        let snapshot = store.snapshot(signal, EVERYTHING).await.unwrap();
        let mut batches = snapshot.head;
        for part in snapshot.parts {
            batches.push(part_rows(store.objects().as_ref(), &part).await);
        }
        for batch in &batches {
            count_rows(signal, batch, &mut ledger);
        }
    }
    ledger
}

/// Adds the rows of a batch of spans or logs.
pub(crate) fn count_rows(signal: Signal, batch: &RecordBatch, ledger: &mut Ledger) {
    if signal == Signal::Spans {
        let rows = SpanRows::new(batch).unwrap();
        for row in 0..rows.len() {
            let id = u64::from_be_bytes(rows.span_id(row).0) - 1;
            *ledger.entry(Item { signal, id, time: rows.start_time(row) }).or_default() += 1;
        }
    } else {
        let rows = LogRows::new(batch).unwrap();
        for row in 0..rows.len() {
            let id = rows.body(row).parse().unwrap();
            *ledger.entry(Item { signal, id, time: rows.timestamp(row) }).or_default() += 1;
        }
    }
}

/// Every sample that a store gives to readers.
pub(crate) async fn stored_samples(store: &Store, ledger: &mut Ledger) {
    let matcher = Matcher::new("__name__", MatchOp::Equal, "m").unwrap();
    let (first, last) = (NOON / MILLISECOND - 1_000_000_000, NOON / MILLISECOND + 1_000_000_000);
    let mut samples = Samples::default();
    let memory = MemoryBudget::new("test", usize::MAX).reservation();
    for series in store.select(&[matcher], first, last, 100, &memory).await.unwrap() {
        series.read(first, last, &mut samples).unwrap();
        for (time, value) in samples.timestamps.iter().zip(&samples.values) {
            let item =
                Item { signal: Signal::Metrics, id: *value as u64, time: time * MILLISECOND };
            *ledger.entry(item).or_default() += 1;
        }
    }
}

/// All rows of a part.
pub(crate) async fn part_rows(objects: &dyn ObjectStore, part: &Part) -> RecordBatch {
    let bytes = objects.get(&part.path).await.unwrap().bytes().await.unwrap();
    assert_eq!(bytes.len() as u64, part.bytes);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    let schema = reader.schema();
    let read: Vec<_> = reader.map(Result::unwrap).collect();
    let rows = arrow::compute::concat_batches(&schema, &read).unwrap();
    assert_eq!(rows.num_rows() as u64, part.rows);
    rows
}

pub(crate) fn ledger(items: impl IntoIterator<Item = Item>) -> Ledger {
    let mut ledger = Ledger::new();
    for item in items {
        *ledger.entry(item).or_default() += 1;
    }
    ledger
}
