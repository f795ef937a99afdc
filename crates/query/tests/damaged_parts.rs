//! A damaged part fails one query, which names the file; the next one answers with the rest.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use query::logql::{Direction, Value};
use query::traces::SearchRequest;
use query::{Engine, Limits, QueryError};
use signals::log::{LogBuilder, Record as LogRecord};
use signals::metric::{NAME_LABEL, Sample};
use signals::span::{Span, SpanBuilder};
use signals::time::{ManualClock, SECOND};
use signals::{Batch, Labels, SeriesBatch, SpanId, Timestamp, TraceId};
use store::{Config, Dependencies, NoTotals, Store, StoreError, WriteRequest};

/// 2026-11-20T12:00:00Z.
const NOW: Timestamp = 1_795_176_000 * SECOND;
const ROWS: u64 = 2_000;

/// Rows and samples whose numbers are odd or even.
fn batches(of: u64) -> Vec<Batch> {
    let (mut spans, mut logs) = (SpanBuilder::default(), LogBuilder::default());
    let mut series = SeriesBatch {
        series: vec![Labels::from_pairs([(NAME_LABEL, "up"), ("of", &*of.to_string())]).into()],
        ..SeriesBatch::default()
    };
    let (span_resource, span_scope) = (spans.resource("api", "{}"), spans.scope("", "", ""));
    let resource = logs.resource("api", r#"{service_name="api"}"#, "{}");
    let scope = logs.scope("", "", "");
    for id in (0..ROWS).map(|n| 2 * n + of) {
        let time = NOW - 3_000 * SECOND + id as i64 * SECOND / 2;
        // Ids that do not compress, as they come.
        let noise = (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let trace = TraceId([noise, noise].concat().try_into().unwrap());
        spans.append(span_resource, span_scope, &Span::new(trace, SpanId(noise), time)).unwrap();
        let body = format!("line {id} {noise:?}");
        logs.append(resource, scope, &LogRecord::new(time, &body)).unwrap();
        series.samples.push(Sample { series: 0, timestamp_ms: time / 1_000_000, value: id as f64 });
    }
    vec![
        Batch::Spans(spans.finish().unwrap()),
        Batch::Logs(logs.finish().unwrap()),
        Batch::Metrics(series),
    ]
}

/// How many items a query sees.
async fn count(engine: &Engine, language: &str) -> Result<u64, QueryError> {
    let sql = async |sql: &str| {
        let rows: Vec<RecordBatch> = engine.sql(sql).await?.batches.try_collect().await?;
        Ok(rows[0].column(0).as_primitive::<Int64Type>().value(0) as u64)
    };
    match language {
        "SQL on spans" => sql("SELECT count(DISTINCT span_id) FROM spans").await,
        "SQL on logs" => sql("SELECT count(DISTINCT body) FROM logs").await,
        "SQL on metrics" => sql("SELECT count(DISTINCT value) FROM metrics").await,
        "LogQL" => {
            let query = r#"sum(count_over_time({service_name="api"} |= "line" [2h]))"#;
            let answer = engine.logql_instant(query, NOW, 1, Direction::Backward).await?;
            let Value::Vector(samples) = &answer.value else { unreachable!("a vector") };
            Ok(samples[0].value as u64)
        }
        "TraceQL" => {
            let (traceql, limit) = (Some("{ }".to_owned()), 3 * ROWS as usize);
            let request = SearchRequest { traceql, limit, ..SearchRequest::default() };
            Ok(engine.search(request).await?.len() as u64)
        }
        other => unreachable!("{other}"),
    }
}

fn first_part(folder: &Path, signal: &str) -> PathBuf {
    let day =
        std::fs::read_dir(folder.join("parts").join(signal)).unwrap().next().unwrap().unwrap();
    let mut files: Vec<_> =
        std::fs::read_dir(day.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

#[tokio::test]
async fn a_damaged_part_fails_one_query_by_name_and_the_next_does_without_it() {
    for (language, signal) in [
        ("SQL on spans", "spans"),
        ("SQL on logs", "logs"),
        ("SQL on metrics", "metrics"),
        ("LogQL", "logs"),
        ("TraceQL", "spans"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let mut dependencies = Dependencies::disk(folder.path());
        dependencies.clock = Arc::clone(&clock) as _;
        let config = Config::default();
        let (store, _) = Store::open(config, dependencies, Arc::new(NoTotals)).await.unwrap();
        let engine = Engine::new(store.clone(), clock, Limits::default());
        for of in 0..2 {
            let batches = batches(of);
            let request = WriteRequest { received_at: NOW, batches, ..WriteRequest::default() };
            store.append(request).await.unwrap();
            store.flush().await.unwrap();
        }
        assert_eq!(count(&engine, language).await.unwrap(), 2 * ROWS, "{language}");
        let file = first_part(folder.path(), signal);
        let mut bytes = std::fs::read(&file).unwrap();
        // The footer stays: it may be cached.
        let pages = bytes.len() * 3 / 5;
        bytes[4..pages].fill(0x5a);
        std::fs::write(&file, bytes).unwrap();

        let error = count(&engine, language).await.unwrap_err();
        let name = file.file_name().unwrap().to_str().unwrap();
        let names_it = matches!(&error, QueryError::Store(StoreError::Unreadable { path, .. }) if path.ends_with(name));
        assert!(names_it, "{language}: {error:?}");
        assert_eq!(store.status().quarantined, 1, "{language}");
        let (rest, warnings) = query::warnings::gather(Box::pin(count(&engine, language))).await;
        assert_eq!(rest.unwrap(), ROWS, "{language}");
        assert_eq!(warnings.len(), 1, "{language}: {warnings:?}");
        assert!(warnings[0].contains(name), "{language}: {warnings:?}");
        store.close().await.unwrap();
    }
}
