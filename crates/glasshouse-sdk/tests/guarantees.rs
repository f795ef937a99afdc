//! The guarantees for operators (catalogue section 11, O-01 to O-13), through the public API of the
//! crate. O-04 to O-08 and O-12 are tested next to the code that provides them, under the same
//! names.

#![expect(clippy::expect_used, reason = "a test that cannot be set up must say so")]
#![expect(clippy::disallowed_methods, reason = "guarantees in seconds are about real time")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use futures::StreamExt as _;
use glasshouse_sdk::http::ObservabilityLayer;
use glasshouse_sdk::sse::{self, Event, SseOptions};
use glasshouse_sdk::task::{self, TaskOptions};
use glasshouse_sdk::{Configuration, Exporter, Guard, LogFormat, Telemetry, tool};
use tower::ServiceExt as _;

/// What is written as log lines.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("lines are UTF-8")
    }
}

/// A service that touches nothing global and sends nothing.
fn quiet() -> Configuration {
    glasshouse_sdk::configure()
        .global(false)
        .service_name("agent")
        .tracing_exporter(Exporter::None)
        .metrics_push_enabled(false)
        .logs_export_enabled(false)
        .log_format(LogFormat::Off)
}

/// The value of the first sample whose line starts so.
fn sample(exposition: &str, start: &str) -> Option<f64> {
    let line = exposition.lines().find(|line| line.starts_with(start))?;
    line.split(" # ").next()?.rsplit(' ').next()?.parse().ok()
}

fn scrape(address: SocketAddr, accept: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the listener is there");
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    )
    .expect("the request is sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the answer is read");
    text
}

/// Takes connections and never answers.
fn hanging_backend() -> (SocketAddr, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    (listener.local_addr().expect("an address"), listener)
}

fn app(telemetry: &Telemetry) -> Router {
    async fn create(State(telemetry): State<Telemetry>) -> &'static str {
        let options = TaskOptions { session_id: Some("s1".into()), ..TaskOptions::default() };
        let work =
            tool::execute(&telemetry, "web_search").run(async { Ok::<_, std::io::Error>(()) });
        let work = task::observe_with(&telemetry, "solve", options, work, task::by_result);
        let _ = tokio::spawn(work).await;
        "done"
    }
    async fn events(State(telemetry): State<Telemetry>) -> http::Response<Body> {
        let events = futures::stream::iter([Ok::<_, sse::SerializationError>(Event::new("done"))]);
        let options = SseOptions::new("/api/tasks/{id}/events");
        sse::response(sse::observe(&telemetry, events, options)).map(Body::new)
    }
    Router::new()
        .route("/api/tasks", post(create))
        .route("/api/tasks/{id}/events", get(events))
        .layer(ObservabilityLayer::new(telemetry))
        .with_state(telemetry.clone())
}

async fn request(app: &Router, method: &str, path: &str) -> u16 {
    let request = http::Request::builder().method(method).uri(path).body(Body::empty());
    let response = app.clone().oneshot(request.expect("a request")).await.expect("a response");
    let status = response.status().as_u16();
    let _ = response.into_body().into_data_stream().collect::<Vec<_>>().await;
    status
}

#[tokio::test]
async fn o_01_one_handle_serves_router_streams_and_tasks() {
    let (telemetry, _guard) = quiet().start();
    let app = app(&telemetry);
    assert_eq!(request(&app, "POST", "/api/tasks").await, 200);
    assert_eq!(request(&app, "GET", "/api/tasks/7/events").await, 200);
    let text = telemetry.exposition();
    for (start, expected) in [
        (
            r#"glasshouse_task_duration_seconds_count{glasshouse_task_name="solve",glasshouse_task_outcome="success"}"#,
            1.0,
        ),
        (r#"gen_ai_execute_tool_duration_seconds_count{gen_ai_tool_name="web_search"}"#, 1.0),
        (
            r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/api/tasks/{id}/events",http_response_status_code="200"}"#,
            1.0,
        ),
        (
            r#"glasshouse_sse_messages_total{glasshouse_sse_event_type="connected",glasshouse_sse_status="ok"}"#,
            1.0,
        ),
        (
            r#"glasshouse_sse_messages_total{glasshouse_sse_event_type="done",glasshouse_sse_status="ok"}"#,
            1.0,
        ),
        (r#"http_server_active_requests{http_request_method="GET"}"#, 0.0),
        ("glasshouse_sessions_active", 0.0),
    ] {
        assert_eq!(sample(&text, start), Some(expected), "{start}\n{text}");
    }
}

#[tokio::test]
async fn o_02_a_wrong_configuration_or_exporter_never_stops_the_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("observability.yaml");
    std::fs::write(&file, "observability:\n  tracing:\n    exporter: pigeon\n    sample_rate: 7\n")
        .expect("the file is written");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let lines = Lines::default();
    let (telemetry, guard) = glasshouse_sdk::configure()
        .global(false)
        .config_file(&file)
        .otlp_endpoint("https://no-tls-here:4318")
        .naming_profile("no-such-profile")
        .price("a-model", "{ not JSON")
        .metrics_address(taken.local_addr().expect("an address"))
        .log_format(LogFormat::Json)
        .log_output(lines.clone())
        .start();
    let app = app(&telemetry);
    assert_eq!(request(&app, "POST", "/api/tasks").await, 200, "the service runs");
    let problems = guard.problems().join("\n");
    for named in [
        "observability.tracing.exporter",
        "zipkin",
        "observability.tracing.sample_rate",
        "no-such-profile",
        "botticelli",
        "a-model",
        &taken.local_addr().expect("an address").to_string(),
    ] {
        assert!(problems.contains(named), "{named} is not named in:\n{problems}");
    }
    for problem in guard.problems() {
        let json = serde_json::Value::String(problem.clone()).to_string();
        let times = lines.text().matches(&json).count();
        assert_eq!(times, 1, "warned {times} times of {problem}\n{}", lines.text());
    }
}

#[test]
fn o_03_the_end_comes_within_five_seconds_whatever_the_backend_does() {
    let (address, _backend) = hanging_backend();
    let begin = Instant::now();
    let (telemetry, guard) = glasshouse_sdk::configure()
        .global(false)
        .otlp_endpoint(format!("http://{address}"))
        .metrics_address(SocketAddr::from(([127, 0, 0, 1], 0)))
        .log_format(LogFormat::Off)
        .start();
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        (0..100).for_each(|number| tracing::info_span!("work", number).in_scope(|| ()));
    });
    let metrics = guard.metrics_address().expect("metrics are served");
    assert!(scrape(metrics, "*/*").contains("target_info"));
    assert!(!guard.shutdown(), "something was left");
    assert!(begin.elapsed() < Duration::from_secs(7), "took {:?}", begin.elapsed());
    assert!(TcpStream::connect(metrics).is_err(), "the metrics listener is closed");
}

#[test]
fn what_the_export_has_to_say_is_in_the_log_of_its_own_start() {
    let lines = Lines::default();
    let (_telemetry, guard) = glasshouse_sdk::configure()
        .global(false)
        .otlp_endpoint("http://127.0.0.1:1")
        .log_format(LogFormat::Json)
        .log_output(lines.clone())
        .start();
    guard.shutdown();
    assert!(lines.text().contains("an export failed"), "{}", lines.text());
}

#[test]
fn o_10_metrics_and_tracing_are_switched_independently() {
    for (metrics, tracing) in [(true, false), (false, true), (true, true), (false, false)] {
        let (telemetry, _guard) = quiet().metrics_enabled(metrics).tracing_enabled(tracing).start();
        let has_trace = tracing::dispatcher::with_default(&telemetry.dispatch(), || {
            let span = tracing::info_span!("work");
            let _entered = span.enter();
            telemetry.cache().hit("embedding");
            let mut headers = http::HeaderMap::new();
            glasshouse_sdk::propagation::inject(&mut headers);
            headers.contains_key("traceparent")
        });
        assert_eq!(has_trace, tracing, "tracing is {tracing}");
        let counted = telemetry.exposition().contains("glasshouse_cache_lookups_total");
        assert_eq!(counted, metrics, "metrics are {metrics}");
    }
}

#[test]
fn o_11_the_exporter_is_a_setting() {
    for (exporter, path) in [
        (Exporter::Otlp, "POST /v1/traces"),
        (Exporter::Zipkin, "POST /api/v2/spans"),
        (Exporter::Jaeger, "POST /api/traces"),
    ] {
        let (address, backend) = hanging_backend();
        let url = format!("http://{address}");
        let configuration = quiet().tracing_exporter(exporter);
        let (telemetry, guard) = match exporter {
            Exporter::Zipkin => configuration.zipkin_endpoint(format!("{url}/api/v2/spans")),
            Exporter::Jaeger => configuration.jaeger_endpoint(format!("{url}/api/traces")),
            _ => configuration.otlp_endpoint(url),
        }
        .start();
        tracing::dispatcher::with_default(&telemetry.dispatch(), || {
            tracing::info_span!("work").in_scope(|| ());
        });
        let answer = std::thread::spawn(move || answer_once(&backend));
        assert!(guard.shutdown(), "{exporter:?} sends everything");
        let request = answer.join().expect("the backend was asked");
        assert!(request.starts_with(path), "{exporter:?}: {request}");
    }
}

/// Reads one request and answers 200; gives its head.
fn answer_once(backend: &TcpListener) -> String {
    let (mut stream, _) = backend.accept().expect("a connection");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(buffer.get(..read).unwrap_or_default());
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    String::from_utf8_lossy(&request).into_owned()
}

#[test]
fn o_13_the_address_of_the_metrics_is_logged() {
    let lines = Lines::default();
    let (_telemetry, guard) = quiet()
        .metrics_address(SocketAddr::from(([127, 0, 0, 1], 0)))
        .log_format(LogFormat::Json)
        .log_output(lines.clone())
        .start();
    let address = guard.metrics_address().expect("metrics are served");
    assert!(lines.text().contains(&format!("http://{address}/metrics")), "{}", lines.text());
}

#[test]
fn o_17_a_measurement_in_a_sampled_span_is_an_exemplar_of_its_trace() {
    let (telemetry, guard) = quiet().metrics_address(SocketAddr::from(([127, 0, 0, 1], 0))).start();
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        tracing::info_span!("work").in_scope(|| telemetry.cache().hit("embedding"));
    });
    let address = guard.metrics_address().expect("metrics are served");
    assert!(scrape(address, "application/openmetrics-text").contains("# {trace_id=\""));
    assert!(!scrape(address, "text/plain").contains("trace_id"));
}

#[test]
fn metrics_are_exact_whatever_the_sample_rate() {
    for rate in [0.0, 0.1, 1.0] {
        let (telemetry, _guard) = quiet().sample_rate(rate).start();
        tracing::dispatcher::with_default(&telemetry.dispatch(), || {
            for _ in 0..1000 {
                tool::execute(&telemetry, "web_search").start().finish();
            }
        });
        let start = r#"gen_ai_execute_tool_duration_seconds_count{gen_ai_tool_name="web_search"}"#;
        assert_eq!(sample(&telemetry.exposition(), start), Some(1000.0), "rate {rate}");
    }
}

#[test]
fn budgets_have_series_by_session_only_when_asked_for() {
    for (by_session, expected) in [
        (false, vec!["memory_budget_used_bytes 700", "memory_budget_utilization 0.6"]),
        (
            true,
            vec![
                r#"memory_budget_used_bytes{session_id="a"} 100"#,
                r#"memory_budget_utilization{session_id="b"} 0.6"#,
            ],
        ),
    ] {
        let configuration = quiet().naming_profile("ai-platform");
        let (telemetry, _guard) = configuration.budgets_by_session(by_session).start();
        telemetry.budget().update("a", 1000, 100);
        telemetry.budget().update("b", 1000, 600);
        let text = telemetry.exposition();
        for line in expected {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        telemetry.budget().remove("a");
        telemetry.budget().remove("b");
        assert!(!telemetry.exposition().contains("memory_budget_used_bytes"), "all are over");
    }
}

#[test]
fn the_guard_may_be_dropped_inside_a_runtime() {
    fn drop_inside(guard: Guard) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async move { drop(guard) });
    }
    let (address, _backend) = hanging_backend();
    let (_telemetry, guard) = quiet().otlp_endpoint(format!("http://{address}")).start();
    let begin = Instant::now();
    drop_inside(guard);
    assert!(begin.elapsed() < Duration::from_secs(7));
}

#[test]
fn what_finds_the_queue_full_is_counted_in_the_metrics() {
    let (address, _backend) = hanging_backend();
    let (telemetry, guard) = quiet()
        .tracing_exporter(Exporter::Otlp)
        .otlp_endpoint(format!("http://{address}"))
        .metrics_address(([127, 0, 0, 1], 0).into())
        .start();
    tracing::dispatcher::with_default(&telemetry.dispatch(), || {
        // 2048 wait at most, and 512 are on their way.
        for _ in 0..5000 {
            tracing::info_span!("one of many").in_scope(|| ());
        }
    });
    let text = scrape(guard.metrics_address().expect("served"), "text/plain");
    let dropped = |signal: &str| {
        let labels = format!("{{glasshouse_signal=\"{signal}\",error_type=\"queue_full\"}}");
        sample(&text, &format!("glasshouse_sdk_dropped_total{labels}")).expect("a sample")
    };
    assert!((2440.0..=2952.0).contains(&dropped("spans")), "{}", dropped("spans"));
    assert!(dropped("logs") < f64::EPSILON);
    assert!(!guard.shutdown(), "the backend took nothing");
}

#[test]
fn lines_in_a_buffer_of_the_user_are_written_when_the_guard_is_dropped() {
    let lines = Lines::default();
    let (telemetry, guard) = quiet()
        .log_format(LogFormat::Json)
        .log_output(std::io::BufWriter::new(lines.clone()))
        .start();
    // A global subscriber is never dropped.
    let dispatch = telemetry.dispatch();
    tracing::dispatcher::with_default(&dispatch, || tracing::info!("the last one"));
    drop(guard);
    assert!(lines.text().contains("the last one"), "{}", lines.text());
}

#[test]
fn a_file_that_would_never_end_is_not_read() {
    let (_telemetry, guard) = quiet().price_file("/dev/zero").naming_profile_file("/").start();
    assert_eq!(guard.problems().len(), 2);
    for problem in guard.problems() {
        assert!(problem.contains("not a regular file"), "{problem}");
    }
}
