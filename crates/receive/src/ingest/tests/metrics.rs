//! Metrics through the receiver into a real store: accepted samples, reported rejections, and the
//! state after a flush and after a crash.

use std::path::{Path, PathBuf};

use axum::Router;
use serde_json::{Value, json};
use signals::Matcher;
use signals::matcher::MatchOp;
use signals::metric::{Labels, NAME_LABEL, Samples};
use store::Totals as _;
use wire::otlp::Encoding;

use super::*;
use crate::decode;

const MINUTE_NS: i64 = 60_000_000_000;

/// A receiver and a store in a temporary directory.
struct Process {
    folder: PathBuf,
    receiver: Arc<Receiver>,
    store: Store,
    now: Timestamp,
}

impl Process {
    async fn start(folder: &Path, config: Config) -> Self {
        let totals = Arc::new(DeltaTotals::new());
        let dependencies = Dependencies::disk(folder);
        let (store, report) =
            Store::open(config, dependencies, Arc::clone(&totals) as _).await.unwrap();
        assert!(report.quarantined.is_empty(), "{:?}", report.quarantined);
        let clock = Arc::new(SystemClock::new());
        let now = clock.now();
        let receiver = Receiver::new(store.clone(), totals, Limits::default(), clock);
        Self { folder: folder.to_owned(), receiver: Arc::new(receiver), store, now }
    }

    /// Simulates a crash and opens the store in a new process.
    async fn kill(self, config: Config) -> (tempfile::TempDir, Self) {
        let crashed = tempfile::tempdir().unwrap();
        let status = std::process::Command::new("cp")
            .args(["-a", "."])
            .arg(crashed.path())
            .current_dir(&self.folder)
            .status()
            .unwrap();
        assert!(status.success());
        let next = Self::start(crashed.path(), config).await;
        (crashed, next)
    }

    fn router(&self) -> Router {
        otlp::http::router(Arc::clone(&self.receiver))
    }

    /// Sends metrics and returns `partialSuccess`; null if everything was accepted.
    async fn send(&self, metrics: &Value) -> Value {
        let (status, answer) = send(self.router(), metrics).await;
        assert_eq!(status, 200, "{answer}");
        answer["partialSuccess"].clone()
    }

    /// All samples of a metric, by labels without the name.
    async fn samples(&self, name: &str) -> Vec<(String, Vec<f64>)> {
        let matchers = [Matcher::new(NAME_LABEL, MatchOp::Equal, name).unwrap()];
        let (last, memory) = (i64::MAX / 2_000_000, self.receiver.limits().memory.reservation());
        let found = self.store.select(&matchers, 0, last, 100, &memory).await.unwrap();
        let mut samples = Samples::default();
        let mut all = Vec::new();
        for series in found {
            series.read(0, last, &mut samples).unwrap();
            let labels: Labels = series.labels.without(|name| name == NAME_LABEL);
            all.push((format!("{labels:?}"), samples.values.clone()));
        }
        all
    }

    async fn values(&self, name: &str) -> Vec<f64> {
        self.samples(name).await.into_iter().flat_map(|(_, values)| values).collect()
    }

    /// A data point from some minutes ago.
    fn point(&self, minutes_ago: i64, more: &Value) -> Value {
        let end = self.now - minutes_ago * MINUTE_NS;
        let mut point = json!({ "timeUnixNano": end.to_string(), "startTimeUnixNano": (end - MINUTE_NS).to_string() });
        point.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        point
    }

    /// A counter with delta temporality.
    fn delta(&self, minutes_ago: i64, value: i64) -> Value {
        let point = self.point(minutes_ago, &json!({ "asInt": value.to_string() }));
        json!([{ "name": "events", "sum": { "aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [point] } }])
    }
}

async fn send(router: Router, metrics: &Value) -> (u16, Value) {
    let resource =
        json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] });
    let request = json!({ "resourceMetrics": [{ "resource": resource, "scopeMetrics": [{ "metrics": metrics }] }] });
    let request = Request::post("/v1/metrics")
        .header("content-type", "application/json")
        .body(Body::from(request.to_string()))
        .unwrap();
    let (status, _, body) = ask(router, request).await;
    (status, serde_json::from_slice(&body).unwrap())
}

/// A gauge with one series per label value.
fn gauge(process: &Process, minutes_ago: i64, places: &[&str]) -> Value {
    let points: Vec<_> = places
        .iter()
        .map(|place| {
            let attribute = json!([{ "key": "place", "value": { "stringValue": place } }]);
            process.point(minutes_ago, &json!({ "asInt": "1", "attributes": attribute }))
        })
        .collect();
    json!([{ "name": "heat", "gauge": { "dataPoints": points } }])
}

fn few_series(series_max: usize) -> Config {
    let mut config = Config::default();
    config.metric_limits.series_max = series_max;
    config
}

#[tokio::test]
async fn a_total_is_the_same_before_and_after_flushes_and_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), Config::default()).await;
    assert_eq!(process.send(&process.delta(50, 3)).await, Value::Null);
    assert_eq!(process.send(&process.delta(40, 4)).await, Value::Null);
    // Flush twice, so that no segment with the requests is left.
    process.store.flush().await.unwrap();
    process.store.flush().await.unwrap();
    assert_eq!(process.send(&process.delta(30, 5)).await, Value::Null);
    let (_folder, process) = process.kill(Config::default()).await;
    assert_eq!(process.send(&process.delta(20, 6)).await, Value::Null);
    assert_eq!(process.values("events_total").await, [0.0, 3.0, 7.0, 12.0, 18.0]);
    process.store.flush().await.unwrap();
    let (_folder, process) = process.kill(Config::default()).await;
    assert_eq!(process.send(&process.delta(10, 1)).await, Value::Null);
    assert_eq!(process.values("events_total").await, [0.0, 3.0, 7.0, 12.0, 18.0, 19.0]);
    // A request stored before the crash is recognised afterwards.
    let again = process.send(&process.delta(20, 6)).await;
    assert_eq!(again["rejectedDataPoints"], "1", "{again}");
}

#[tokio::test]
async fn what_was_refused_is_said_and_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), few_series(2)).await;
    let answer = process.send(&gauge(&process, 10, &["a", "b", "c", "d"])).await;
    assert_eq!(answer["rejectedDataPoints"], "2", "{answer}");
    let message = answer["errorMessage"].as_str().unwrap();
    assert!(message.contains("limit of series"), "{message}");
    assert_eq!(process.receiver.statistics().snapshot().signals[2].accepted, 2);
    let stored = process.samples("heat").await;
    assert_eq!(stored.len(), 2, "{stored:?}");
    // A larger limit does not change earlier decisions.
    let (_folder, process) = process.kill(Config::default()).await;
    assert_eq!(process.samples("heat").await, stored);
}

#[tokio::test]
async fn a_refused_histogram_is_one_data_point() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), few_series(2)).await;
    let point = |minutes_ago| {
        let buckets = json!({ "count": "3", "sum": 1.5, "bucketCounts": [1, 1, 1], "explicitBounds": [1, 2] });
        process.point(minutes_ago, &buckets)
    };
    for temporality in [1, 2] {
        let points = [point(20 - temporality), point(10 - temporality)];
        let histogram = json!({ "aggregationTemporality": temporality, "dataPoints": points });
        let answer = process.send(&json!([{ "name": "latency", "histogram": histogram }])).await;
        assert_eq!(answer["rejectedDataPoints"], "2", "temporality {temporality}: {answer}");
    }
}

#[tokio::test]
async fn a_series_that_left_memory_is_sent_by_its_labels_again() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), Config::default()).await;
    for minutes_ago in [50, 40] {
        assert_eq!(process.send(&gauge(&process, minutes_ago, &["a"])).await, Value::Null);
    }
    for _ in 0..4 {
        process.store.flush().await.unwrap();
    }
    for minutes_ago in [30, 20] {
        assert_eq!(process.send(&gauge(&process, minutes_ago, &["a"])).await, Value::Null);
    }
    // Deltas in the same request are accumulated once.
    let both = |minutes_ago| {
        let (Value::Array(gauge), Value::Array(delta)) =
            (gauge(&process, minutes_ago, &["a"]), process.delta(minutes_ago, 2))
        else {
            panic!("lists of metrics")
        };
        Value::Array([gauge, delta].concat())
    };
    assert_eq!(process.send(&both(15)).await, Value::Null);
    for _ in 0..4 {
        process.store.flush().await.unwrap();
    }
    assert_eq!(process.send(&both(10)).await, Value::Null);
    assert_eq!(process.values("heat").await.len(), 6);
    assert_eq!(process.values("events_total").await, [0.0, 2.0, 4.0]);
}

#[tokio::test]
async fn series_are_known_from_the_second_request_on() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), Config::default()).await;
    let metrics = gauge(&process, 10, &["a", "b"]);
    let request = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": metrics }] }] });
    let body = || decode::Body {
        signal: Signal::Metrics,
        decoder: Box::new(process.receiver.export(Signal::Metrics, Encoding::Json)),
        received_at: process.now,
        bytes: request.to_string().into(),
        memory: process.receiver.limits().memory.reservation(),
    };
    let decoding = &process.receiver.decoding;
    assert!(!decoding.decode(&body()).unwrap().unknown.is_empty());
    let request = Request::post("/v1/metrics")
        .header("content-type", "application/json")
        .body(Body::from(request.to_string()))
        .unwrap();
    assert_eq!(ask(process.router(), request).await.0, 200);
    let decoded = decoding.decode(&body()).unwrap();
    assert!(decoded.unknown.is_empty());
    let [Batch::Metrics(batch)] = &decoded.batches[..] else { panic!("one batch") };
    assert!(batch.series.iter().all(|series| series.labels().is_none()));
}

#[tokio::test]
async fn deltas_of_concurrent_requests_are_each_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), Config::default()).await;
    let requests = (1..=40).map(|i| {
        let (router, delta) = (process.router(), process.delta(50 - i, i));
        tokio::spawn(async move { (i, send(router, &delta).await) })
    });
    let mut expected = 0;
    for request in requests.collect::<Vec<_>>() {
        let (value, (status, answer)) = request.await.unwrap();
        assert_eq!(status, 200, "{answer}");
        // A point overtaken by a newer one is rejected with a message.
        expected += if answer["partialSuccess"].is_null() { value } else { 0 };
    }
    let values = process.values("events_total").await;
    assert_eq!(values.last(), Some(&(expected as f64)));
    assert!(values.is_sorted(), "{values:?}");
}

#[tokio::test]
async fn deltas_that_were_not_stored_may_be_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), Config::default()).await;
    process.store.close().await.unwrap();
    let delta = process.delta(10, 3);
    for _ in 0..2 {
        let (status, answer) = send(process.router(), &delta).await;
        assert_eq!(status, 503, "{answer}");
    }
    assert!(process.receiver.totals.snapshot().is_empty());
}
