//! LogQL, TraceQL and trace lookup through the public engine over a real store on disk: the same
//! answers before a flush, after it, and with later rows in memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::Arc;

use query::logql::{Direction, Value};
use query::traces::SearchRequest;
use query::{Engine, Limits, QueryError};
use signals::attributes::Value as Attribute;
use signals::log::{LogBuilder, Record as LogRecord};
use signals::span::{Kind, Span, SpanBuilder, SpanRows, StatusCode};
use signals::time::{ManualClock, SECOND};
use signals::{Batch, Labels, MemoryBudget, SpanId, Timestamp, TraceId};
use store::{Config, Dependencies, NoTotals, Store, TimeRange, WriteRequest};

/// 2026-11-20T12:00:00Z.
const NOW: Timestamp = 1_795_176_000 * SECOND;
const STREAM: &str = r#"{env="prod", service_name="api"}"#;

async fn opened(folder: &tempfile::TempDir, limits: Limits) -> (Store, Engine) {
    let clock = Arc::new(ManualClock::at(NOW));
    let mut dependencies = Dependencies::disk(folder.path());
    dependencies.clock = Arc::clone(&clock) as _;
    let (store, _) =
        Store::open(Config::default(), dependencies, Arc::new(NoTotals)).await.unwrap();
    let engine = Engine::new(store.clone(), clock, limits);
    (store, engine)
}

async fn append(store: &Store, batch: Batch) {
    let request =
        WriteRequest { received_at: NOW, batches: vec![batch], ..WriteRequest::default() };
    store.append(request).await.unwrap();
}

fn trace_id(number: i64) -> TraceId {
    TraceId::parse(&format!("{:x}", number + 1)).unwrap()
}

/// Lines `first..first + 10`, a second apart, every fifth an error.
fn logs(first: i64) -> Batch {
    let mut builder = LogBuilder::default();
    let resource = builder.resource("api", STREAM, r#"{"service.name":"api","host.name":"h1"}"#);
    let scope = builder.scope("lib", "", "");
    for i in first..first + 10 {
        builder.attributes().push("user.id", Attribute::Int(i % 2));
        let body = format!(r#"{{"n":{i},"msg":"request done"}}"#);
        let mut record = LogRecord::new(NOW - (100 - i) * SECOND, &body);
        record.severity_number = if i % 5 == 0 { 17 } else { 9 };
        record.trace_id = Some(trace_id(i));
        builder.append(resource, scope, &record).unwrap();
    }
    Batch::Logs(builder.finish().unwrap())
}

/// Traces `first..first + 10` of two spans each, a second apart; every fifth has an error.
fn spans(first: i64) -> Batch {
    let mut builder = SpanBuilder::default();
    let front = builder.resource("front", r#"{"service.name":"front"}"#);
    let back = builder.resource("back", r#"{"service.name":"back"}"#);
    let scope = builder.scope("", "", "");
    for i in first..first + 10 {
        let start = NOW - (100 - i) * SECOND;
        builder.attributes().push("http.status_code", Attribute::Int(200 + i));
        let mut span = Span::new(trace_id(i), SpanId([1; 8]), start);
        (span.name, span.kind, span.duration_ns) = ("GET /", Kind::Server, SECOND);
        builder.append(front, scope, &span).unwrap();
        let mut child = Span::new(trace_id(i), SpanId([2; 8]), start + 1);
        child.parent_span_id = Some(SpanId([1; 8]));
        (child.name, child.kind, child.duration_ns) = ("query", Kind::Client, SECOND / 2);
        if i % 5 == 0 {
            child.status_code = StatusCode::Error;
        }
        builder.append(back, scope, &child).unwrap();
    }
    Batch::Spans(builder.finish().unwrap())
}

async fn lines(engine: &Engine, query: &str, limit: usize) -> Vec<String> {
    let range = (NOW - 200 * SECOND, NOW);
    let answer = engine
        .logql_range(query, range.0, range.1, 1_000, limit, Direction::Backward)
        .await
        .unwrap();
    let Value::Streams(streams) = &answer.value else { panic!("{query} gives no lines") };
    streams.iter().flat_map(|stream| &stream.entries).map(|entry| entry.line.clone()).collect()
}

async fn number(engine: &Engine, query: &str) -> Vec<(String, f64)> {
    let answer = engine.logql_instant(query, NOW, 100, Direction::Backward).await.unwrap();
    let Value::Vector(samples) = &answer.value else { panic!("{query} gives no vector") };
    let label =
        |labels: &Labels| labels.iter().map(|(_, value)| value).collect::<Vec<_>>().join(",");
    samples.iter().map(|sample| (label(&sample.labels), sample.value)).collect()
}

/// All answers over `appended` times ten lines and ten traces.
async fn check(engine: &Engine, appended: i64) {
    let count = 10 * appended;
    check_logs(engine, count).await;
    check_traces(engine, count).await;
}

async fn check_logs(engine: &Engine, count: i64) {
    let last = count - 1;
    assert_eq!(lines(engine, STREAM, 100).await.len() as i64, count);
    let newest = format!(r#"{{"n":{last},"msg":"request done"}}"#);
    assert_eq!(lines(engine, r#"{service_name="api"} |= "done""#, 1).await, [newest]);
    for (query, expected) in [
        (r#"{service_name="api"} | detected_level="error""#, count / 5),
        (r#"{env=~"pr.*"} | json | n < 5"#, 5),
        (r#"{env="prod"} | user_id="1""#, count / 2),
        (r#"{env="prod"} | host_name="h1" | scope_name="lib""#, count),
        (r#"{env="prod"} | trace_id="00000000000000000000000000000003""#, 1),
        (r#"{env="prod"} != "done""#, 0),
        (r#"{env="test"}"#, 0),
    ] {
        assert_eq!(lines(engine, query, 100).await.len() as i64, expected, "{query}");
    }
    let names: Vec<String> = (0..1_500).map(|i| format!("checkout-{i:05}")).collect();
    let names = names.join("|");
    let long = format!(r#"{{service_name=~"api|{names}"}} |~ "done|{names}""#);
    assert_eq!(lines(engine, &long, 100).await.len() as i64, count);
    let by_level = r#"sum by (detected_level) (count_over_time({env="prod"}[5m]))"#;
    let errors = count as f64 / 5.0;
    assert_eq!(
        number(engine, by_level).await,
        [("error".to_owned(), errors), ("info".to_owned(), count as f64 - errors)]
    );
    let sum = r#"sum(sum_over_time({env="prod"} | json | unwrap n [5m]))"#;
    assert_eq!(number(engine, sum).await, [(String::new(), (0..count).sum::<i64>() as f64)]);
    let always = TimeRange { start: 0, end: NOW };
    assert_eq!(engine.log_labels(always, "").await.unwrap(), ["env", "service_name"]);
    assert_eq!(engine.log_label_values("env", always, "").await.unwrap(), ["prod"]);
    let selectors = [r#"{env="prod"}"#.to_owned()];
    let expected = Labels::from_pairs([("env", "prod"), ("service_name", "api")]);
    assert_eq!(engine.log_series(&selectors, always).await.unwrap(), [expected]);
    let log_query = engine.logql_instant(STREAM, NOW, 1, Direction::Backward).await;
    assert!(matches!(log_query, Err(QueryError::Invalid(_))));
}

async fn check_traces(engine: &Engine, count: i64) {
    let trace = engine.trace(trace_id(3), None).await.unwrap().unwrap();
    let rows = SpanRows::new(&trace).unwrap();
    assert_eq!((rows.len(), rows.name(0), rows.name(1)), (2, "GET /", "query"));
    assert!(engine.trace(trace_id(999), None).await.unwrap().is_none());
    for (query, expected) in [
        ("{ }", count),
        ("{ status = error }", count / 5),
        ("{ resource.service.name = \"front\" } > { status = error }", count / 5),
        ("{ span.http.status_code < 205 }", 5),
        ("{ rootName = \"GET /\" && name = \"query\" }", count),
        ("{ } | count() > 2", 0),
    ] {
        let traceql = Some(query.to_owned());
        let request = SearchRequest { traceql, limit: 100, ..SearchRequest::default() };
        let found = engine.search(request).await.unwrap();
        assert_eq!(found.len() as i64, expected, "{query}");
        assert!(found.is_sorted_by(|a, b| a.start_time >= b.start_time), "{query}");
    }
    let request = SearchRequest {
        service: Some("back".to_owned()),
        tags: vec![("error".to_owned(), "true".to_owned())],
        limit: 1,
        ..SearchRequest::default()
    };
    let found = engine.search(request).await.unwrap();
    assert_eq!(found.first().map(|found| found.trace_id), Some(trace_id(count - 5)));
    assert_eq!(engine.services(None).await.unwrap(), ["back", "front"]);
    let operations = engine.operations("front", None).await.unwrap();
    assert_eq!(operations.len(), 1);
    assert_eq!((operations[0].name.as_str(), operations[0].kind.as_str()), ("GET /", "server"));
    let names = engine.tag_names("span", None).await.unwrap();
    assert_eq!(names[0].names, ["http.status_code"]);
    let values = engine.tag_values("span.http.status_code", "", None).await.unwrap();
    assert_eq!(values.len() as i64, count);
}

#[tokio::test]
async fn answers_do_not_depend_on_where_rows_are() {
    let folder = tempfile::tempdir().unwrap();
    let (store, engine) = opened(&folder, Limits::default()).await;
    append(&store, logs(0)).await;
    append(&store, spans(0)).await;
    check(&engine, 1).await;
    store.flush().await.unwrap();
    check(&engine, 1).await;
    append(&store, logs(10)).await;
    append(&store, spans(10)).await;
    check(&engine, 2).await;
    store.flush().await.unwrap();
    check(&engine, 2).await;
}

#[tokio::test]
async fn an_answer_counts_in_the_memory_of_queries_until_it_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let memory = MemoryBudget::new("queries", 64 << 20);
    let limits = Limits { memory: memory.clone(), ..Limits::default() };
    let (store, engine) = opened(&folder, limits).await;
    append(&store, logs(0)).await;
    append(&store, spans(0)).await;
    let traceql = Some("{ }".to_owned());
    let request =
        SearchRequest { traceql, limit: 10, spans_per_set: 3, ..SearchRequest::default() };
    let found = engine.search(request).await.unwrap();
    assert!((10 * 512..64 << 10).contains(&memory.bytes_taken()), "{}", memory.bytes_taken());
    drop(found);
    assert_eq!(memory.bytes_taken(), 0);
    let trace = engine.trace(trace_id(1), None).await.unwrap();
    assert!(memory.bytes_taken() > 1_000, "{}", memory.bytes_taken());
    drop(trace);
    let lines = engine.logql_range(STREAM, 0, NOW, 1, 10, Direction::Forward).await.unwrap();
    assert!(memory.bytes_taken() > 10 * 100, "{}", memory.bytes_taken());
    drop(lines);
    assert_eq!(memory.bytes_taken(), 0);
}
