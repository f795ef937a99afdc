//! PromQL through the engine and the real store, from memory and from parts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests are tests too")]

use std::sync::Arc;

use query::promql::{Options, Settings, Value};
use query::{Engine, Limits, QueryError};
use signals::metric::{Exemplar, Labels, Metadata, MetricKind, Sample, SeriesBatch, StartTime};
use signals::time::ManualClock;
use signals::{Batch, Clock, MemoryBudget};
use store::{Config, Dependencies, NoTotals, Store, WriteRequest};

/// 2026-01-01T00:00:00Z
const START_MS: i64 = 1_767_225_600_000;

struct StoredSeries {
    _folder: tempfile::TempDir,
    store: Store,
    engine: Engine,
}

/// Two counters of an hour, every 15 s, one of which starts again.
fn batch() -> SeriesBatch {
    let series = ["a", "b"]
        .map(|job| Labels::from_pairs([("__name__", "requests_total"), ("job", job)]).into())
        .to_vec();
    let mut batch = SeriesBatch { series, ..SeriesBatch::default() };
    for step in 0..240u32 {
        let timestamp_ms = START_MS + i64::from(step) * 15_000;
        let values = [f64::from(step) * 15.0, f64::from(step % 100) * 30.0];
        for (series, value) in (0..).zip(values) {
            batch.samples.push(Sample { series, timestamp_ms, value });
        }
    }
    batch.exemplars.push(Exemplar {
        series: 0,
        timestamp_ms: START_MS + 60_000,
        value: 0.5,
        labels: Labels::from_pairs([("trace_id", "abc")]),
    });
    batch.metadata.push(Metadata {
        metric: "requests_total".into(),
        kind: MetricKind::Counter,
        help: "Requests.".into(),
        unit: String::new(),
    });
    batch
}

async fn stored(limits: Limits) -> StoredSeries {
    let folder = tempfile::tempdir().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at((START_MS + 3_600_000) * 1_000_000));
    let dependencies =
        Dependencies { clock: Arc::clone(&clock), ..Dependencies::disk(folder.path()) };
    let config = Config { free_bytes_min: 0, ..Config::default() };
    let (store, _) = Store::open(config, dependencies, Arc::new(NoTotals)).await.unwrap();
    append(&store, batch()).await;
    let engine = Engine::new(store.clone(), clock, limits);
    StoredSeries { _folder: folder, store, engine }
}

async fn append(store: &Store, batch: SeriesBatch) {
    let batches = vec![Batch::Metrics(batch)];
    store.append(WriteRequest { batches, ..WriteRequest::default() }).await.unwrap();
}

async fn vector(engine: &Engine, query: &str) -> Vec<(String, f64)> {
    let time_ms = START_MS + 2_700_000;
    let answer = engine.promql_instant(query, time_ms, &Options::default()).await.unwrap();
    let Value::Vector(samples) = &answer.value else { panic!("{query} is no vector") };
    samples.iter().map(|sample| (format!("{:?}", sample.labels), sample.value)).collect()
}

#[tokio::test]
async fn answers_do_not_depend_on_where_the_samples_are() {
    let stored = stored(Limits::default()).await;
    for place in ["head", "parts"] {
        let rates = vector(&stored.engine, "sum by (job) (rate(requests_total[5m]))").await;
        // As Prometheus rounds: 285 in 285 s is extrapolated by the factor 300 / 285 / 300.
        let expected = [("a", 0.999_999_999_999_999_9), ("b", 1.999_999_999_999_999_8)];
        let expected = expected.map(|(job, rate)| (format!("{{job=\"{job}\"}}"), rate));
        assert_eq!(rates, expected, "{place}");
        let both = vector(&stored.engine, r#"requests_total{job=~"a|b"} > 2500"#).await;
        assert_eq!(both.len(), 1, "{place}: {both:?}");
        // As a dashboard's variable with many values writes it.
        let names: Vec<String> = (0..4_000).map(|i| format!("checkout-{i:05}")).collect();
        let long = format!(r#"requests_total{{job=~"a|{}"}}"#, names.join("|"));
        assert_eq!(vector(&stored.engine, &long).await.len(), 1, "{place}");
        stored.store.flush().await.unwrap();
    }
}

#[tokio::test]
async fn clamping_keeps_nan() {
    let StoredSeries { engine, .. } = &stored(Limits::default()).await;
    for query in [
        "clamp(vector(NaN), 0, 1)",
        "clamp_min(vector(NaN), 0)",
        "clamp_max(vector(NaN), 1)",
        "clamp(vector(1), 0, NaN)",
    ] {
        let samples = vector(engine, query).await;
        assert!(
            matches!(samples.as_slice(), [(_, value)] if value.is_nan()),
            "{query}: {samples:?}"
        );
    }
}

#[tokio::test]
async fn a_range_query_has_its_steps_and_no_more_than_eleven_thousand() {
    let StoredSeries { engine, .. } = &stored(Limits::default()).await;
    let options = Options::default();
    let range = |end_ms, step_ms| {
        engine.promql_range("requests_total", START_MS, end_ms, step_ms, &options)
    };
    let answer = range(START_MS + 600_000, 60_000).await.unwrap();
    let Value::Matrix(series) = &answer.value else { panic!("no matrix") };
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].points.len(), 11);
    assert_eq!(series[0].points[10], (START_MS + 600_000, 600.0));
    let cases = [
        (
            START_MS + 11_001_000,
            1_000,
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ),
        (
            START_MS,
            0,
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ),
        (START_MS - 1, 1_000, "end timestamp must not be before start time"),
    ];
    for (end_ms, step_ms, message) in cases {
        let error = range(end_ms, step_ms).await.unwrap_err();
        assert!(matches!(error, QueryError::Invalid(_)), "{error:?}");
        assert_eq!(error.to_string(), message);
    }
    let extreme = engine.promql_range("vector(1)", i64::MIN, i64::MAX, i64::MAX, &options).await;
    assert!(extreme.is_err(), "{extreme:?}");
}

#[tokio::test]
async fn what_the_data_forbid_is_no_mistake_in_the_query() {
    let StoredSeries { engine, .. } = &stored(Limits::default()).await;
    let cases = [
        ("requests_total + on() requests_total", true),
        ("requests_total / on() group_left requests_total", true),
        (r#"label_replace(requests_total, "job", "x", "", "")"#, true),
        (r#"label_replace(requests_total, "", "x", "job", ".*")"#, true),
        (r#"label_replace(requests_total, "a", "$1", "job", "(")"#, true),
        ("topk(NaN, requests_total)", true),
        ("requests_total +", false),
        ("rate(requests_total)", false),
    ];
    for (query, is_execution) in cases {
        let asked = engine.promql_instant(query, START_MS, &Options::default()).await;
        let error = asked.unwrap_err();
        assert_eq!(matches!(error, QueryError::Execution(_)), is_execution, "{query}: {error:?}");
        assert_eq!(matches!(error, QueryError::Invalid(_)), !is_execution, "{query}: {error:?}");
    }
}

#[tokio::test]
async fn series_are_in_the_order_of_their_labels() {
    let StoredSeries { engine, store, .. } = &stored(Limits::default()).await;
    let jobs = ["bb", "c", "aaa"];
    let labels = |job| Labels::from_pairs([("__name__", "up"), ("job", job)]);
    let series = jobs.map(|job| labels(job).into()).to_vec();
    let samples = (0..3).map(|series| Sample { series, timestamp_ms: START_MS, value: 1.0 });
    let batch = SeriesBatch { series, samples: samples.collect(), ..SeriesBatch::default() };
    append(store, batch).await;
    let found = engine.series(&["up".to_owned()], START_MS, START_MS, 2).await.unwrap();
    let found: Vec<_> = found.iter().map(|labels| labels.get("job")).collect();
    assert_eq!(found, [Some("aaa"), Some("bb")]);
}

#[tokio::test]
async fn a_query_stops_at_its_bounds() {
    let limits = Limits { samples_max: 300, ..Limits::default() };
    let StoredSeries { engine, .. } = &stored(limits).await;
    let query = "sum(rate(requests_total[1h]))";
    let error =
        engine.promql_instant(query, START_MS + 3_600_000, &Options::default()).await.unwrap_err();
    assert!(matches!(error, QueryError::TooLarge(_)), "{error:?}");
    let options = Options { limit: 1, ..Options::default() };
    let answer = engine.promql_instant("requests_total", START_MS, &options).await.unwrap();
    assert_eq!(answer.warnings, ["results truncated due to limit"]);
}

#[tokio::test]
async fn rows_in_flight_are_counted() {
    let memory = MemoryBudget::new("queries", 100 << 20);
    let StoredSeries { engine, .. } = &stored(Limits { memory, ..Limits::default() }).await;
    let ask = async |query: &str| engine.promql_instant(query, START_MS, &Options::default()).await;
    // Each row has 12.8 million steps.
    for query in [
        "absent_over_time(requests_total[25h:7ms])",
        "max_over_time(abs(requests_total)[25h:7ms])",
        "max_over_time(vector(time())[25h:7ms])",
    ] {
        let error = ask(query).await.unwrap_err();
        assert!(matches!(error, QueryError::TooLarge(_)), "{query}: {error:?}");
    }
    ask("max_over_time(abs(requests_total)[25h:1m])").await.unwrap();
}

#[tokio::test]
async fn labels_series_exemplars_and_metadata_are_listed() {
    let StoredSeries { engine, .. } = &stored(Limits::default()).await;
    let (start, end) = (START_MS, START_MS + 3_600_000);
    let none: [String; 0] = [];
    let only_a = [r#"requests_total{job="a"}"#.to_owned()];
    assert_eq!(engine.label_names(&none, start, end, 0).await.unwrap(), ["__name__", "job"]);
    assert_eq!(engine.label_values("job", &none, start, end, 0).await.unwrap(), ["a", "b"]);
    assert_eq!(engine.label_values("job", &only_a, start, end, 0).await.unwrap(), ["a"]);
    assert_eq!(engine.label_values("job", &none, start, end, 1).await.unwrap(), ["a"]);
    assert_eq!(engine.series(&only_a, start, end, 0).await.unwrap().len(), 1);
    let bad = engine.series(&["{".to_owned()], start, end, 0).await.unwrap_err();
    assert_eq!(bad.to_string(), "1:2: parse error: unexpected end of input inside braces");
    let exemplars = engine.query_exemplars("rate(requests_total[5m])", start, end).await.unwrap();
    assert_eq!(exemplars.len(), 1);
    assert_eq!(exemplars[0].1[0].value, 0.5);
    assert_eq!(engine.metric_metadata().await.unwrap()[0].help, "Requests.");
}

#[tokio::test]
async fn errors_have_the_places_that_prometheus_gives() {
    let StoredSeries { engine, .. } = &stored(Limits::default()).await;
    let cases = [
        ("sum(requests_total", "1:19: parse error: unclosed left parenthesis"),
        (
            "rate(requests_total)",
            "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
        ),
        ("requests_total[5m", "1:18: parse error: unclosed left bracket"),
    ];
    for (query, message) in cases {
        let error = engine.promql_instant(query, START_MS, &Options::default()).await.unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[tokio::test]
async fn start_times_are_known_in_memory_and_in_parts_and_used_where_that_is_switched_on() {
    let StoredSeries { store, engine, .. } = &stored(Limits::default()).await;
    let settings = Settings { uses_start_times: true, ..Settings::default() };
    let with_starts = engine.clone().with_promql(settings);
    // The counter starts again between two scrapes, and has counted more until the second.
    for (start_s, time_s, value) in [(0, 2_580, 10.0), (0, 2_640, 12.0), (2_650, 2_700, 15.0)] {
        let series = vec![Labels::from_pairs([("__name__", "restarted_total")]).into()];
        let timestamp_ms = START_MS + time_s * 1000;
        let samples = vec![Sample { series: 0, timestamp_ms, value }];
        let start_times = vec![StartTime { series: 0, start_ms: START_MS + start_s * 1000 }];
        append(store, SeriesBatch { series, samples, start_times, ..SeriesBatch::default() }).await;
    }
    let value = async |engine: &Engine, query| vector(engine, query).await[0].1;
    for place in ["memory", "a part"] {
        let start = "start_timestamp(restarted_total)";
        assert!(vector(engine, start).await.is_empty(), "{place}");
        let expected = (START_MS / 1000 + 2_650) as f64;
        assert_eq!(value(&with_starts, start).await, expected, "{place}");
        // From 10 to 12, and 15 since the restart; the window has no more than its samples.
        let increase = "increase(restarted_total[2m1s])";
        let [without, with] = [value(engine, increase).await, value(&with_starts, increase).await];
        assert!((4.9..5.1).contains(&without), "{place}: {without}");
        assert!((16.9..17.2).contains(&with), "{place}: {with}");
        store.flush().await.unwrap();
    }
}
