//! SQL and scans over a real store on disk: the same answers before a flush, after it, and with
//! later rows in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use futures::TryStreamExt;
use query::{Engine, Limits};
use signals::attributes::Value;
use signals::metric::{NAME_LABEL, Sample};
use signals::span::{Span, SpanBuilder};
use signals::time::{ManualClock, SECOND};
use signals::{Batch, Labels, SeriesBatch, SpanId, Timestamp, TraceId};
use store::{Config, Dependencies, NoTotals, Store, WriteRequest};

/// 2026-11-20T12:00:00Z.
const NOW: Timestamp = 1_795_176_000 * SECOND;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn opened(folder: &tempfile::TempDir) -> (Store, Engine) {
    let clock = Arc::new(ManualClock::at(NOW));
    let mut dependencies = Dependencies::disk(folder.path());
    dependencies.clock = Arc::clone(&clock) as _;
    let (store, _) =
        Store::open(Config::default(), dependencies, Arc::new(NoTotals)).await.unwrap();
    let engine = Engine::new(store.clone(), clock, Limits::default());
    (store, engine)
}

async fn append(store: &Store, batch: Batch) {
    let request =
        WriteRequest { received_at: NOW, batches: vec![batch], ..WriteRequest::default() };
    store.append(request).await.unwrap();
}

/// Ten spans, a second apart, of which every third is of the one trace.
fn spans(first: i64) -> Batch {
    let mut builder = SpanBuilder::default();
    let resource = builder.resource("api", r#"{"k8s.pod.name":"api-1"}"#);
    let scope = builder.scope("", "", "");
    for i in first..first + 10 {
        builder
            .attributes()
            .push("http.route", Value::String(if i % 2 == 0 { "/a" } else { "/b" }));
        let trace = if i % 3 == 0 { TRACE } else { "1" };
        let span = Span {
            name: "GET",
            duration_ns: i,
            ..Span::new(
                TraceId::parse(trace).unwrap(),
                SpanId((1 + i as u64).to_be_bytes()),
                NOW - (100 - i) * SECOND,
            )
        };
        builder.append(resource, scope, &span).unwrap();
    }
    Batch::Spans(builder.finish().unwrap())
}

/// Two series with ten samples each, a second apart.
fn samples(first: i64) -> Batch {
    let labels = |job| Labels::from_pairs([(NAME_LABEL, "up"), ("job", job)]);
    let series = vec![labels("a").into(), labels("b").into()];
    let mut batch = SeriesBatch { series, ..SeriesBatch::default() };
    for i in first..first + 10 {
        for series in 0..2 {
            let timestamp_ms = (NOW - (100 - i) * SECOND) / 1_000_000;
            batch.samples.push(Sample { series, timestamp_ms, value: i as f64 });
        }
    }
    Batch::Metrics(batch)
}

async fn rows(engine: &Engine, sql: &str) -> Vec<RecordBatch> {
    engine.sql(sql).await.unwrap().batches.try_collect().await.unwrap()
}

async fn count(engine: &Engine, sql: &str) -> i64 {
    let batches = rows(engine, sql).await;
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// All answers over `appended` times ten spans, samples and so on.
async fn check(engine: &Engine, appended: i64) {
    let spans = 10 * appended;
    assert_eq!(count(engine, "SELECT count(*) FROM spans").await, spans);
    let of_trace = (0..spans).filter(|i| i % 3 == 0).count() as i64;
    let sql = format!("SELECT count(*) FROM spans WHERE trace_id = '{TRACE}'");
    assert_eq!(count(engine, &sql).await, of_trace);
    let sql = "SELECT count(*) FROM spans WHERE attributes['http.route'] = '/a' \
               AND resource_attributes['k8s.pod.name'] = 'api-1'";
    assert_eq!(count(engine, sql).await, spans / 2);
    let sql = "SELECT count(*) FROM spans WHERE start_time < now() - INTERVAL '95 seconds'";
    assert_eq!(count(engine, sql).await, 5);

    assert_eq!(count(engine, "SELECT count(*) FROM metrics").await, 2 * spans);
    let sql = "SELECT sum(value) FROM metrics WHERE name = 'up' AND labels['job'] = 'a'";
    let sum = rows(engine, sql).await[0].column(0).as_primitive::<Float64Type>().value(0);
    assert_eq!(sum, (0..spans).sum::<i64>() as f64);

    let sql = format!(
        "SELECT duration_ns FROM spans WHERE start_time >= to_timestamp_nanos({}) \
         ORDER BY start_time DESC LIMIT 3",
        NOW - 98 * SECOND
    );
    let found = rows(engine, &sql).await;
    let found: Vec<i64> = found
        .iter()
        .flat_map(|b| b.column(0).as_primitive::<Int64Type>().values())
        .copied()
        .collect();
    assert_eq!(found, [spans - 1, spans - 2, spans - 3]);
}

#[tokio::test]
async fn answers_do_not_depend_on_where_rows_are() {
    let folder = tempfile::tempdir().unwrap();
    let (store, engine) = opened(&folder).await;
    append(&store, spans(0)).await;
    append(&store, samples(0)).await;
    check(&engine, 1).await;
    store.flush().await.unwrap();
    check(&engine, 1).await;
    append(&store, spans(10)).await;
    append(&store, samples(10)).await;
    check(&engine, 2).await;
    store.flush().await.unwrap();
    check(&engine, 2).await;
    store.maintain().await.unwrap();
    check(&engine, 2).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_empty_store_has_empty_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (store, engine) = opened(&folder).await;
    for table in ["spans", "logs", "metrics"] {
        assert_eq!(count(&engine, &format!("SELECT count(*) FROM {table}")).await, 0);
        let all = rows(&engine, &format!("SELECT * FROM {table}")).await;
        assert_eq!(all.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_permit_is_held_until_the_answer_is_read_or_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = opened(&folder).await;
    let limits = Limits { concurrency: 1, ..Limits::default() };
    let engine = Engine::new(store.clone(), Arc::new(ManualClock::at(NOW)), limits);
    // More batches than are made before somebody reads.
    let rows = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let many = format!("SELECT 1 FROM {rows} a, {rows} b, {rows} c, {rows} d, {rows} e");
    let answer = engine.sql(&many).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), engine.sql("SELECT 1"));
    assert!(waiting.await.is_err());
    drop(answer);
    let answer = engine.sql("SELECT 1").await.unwrap();
    assert_eq!(answer.batches.try_collect::<Vec<_>>().await.unwrap().len(), 1);
    store.close().await.unwrap();
}
