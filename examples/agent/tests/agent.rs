//! The example from outside: over HTTP, and by what its telemetry says.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent::{Running, Settings};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use glasshouse_sdk::{Configuration, Exporter, LogFormat};
use reqwest::Client;
use serde_json::{Value, json};

/// How long something that happens in the background may take.
const PATIENCE: Duration = Duration::from_secs(20);

fn settings(configure: impl Fn() -> Configuration + Send + Sync + 'static) -> Settings {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Settings {
        address: any,
        metrics_address: Some(any),
        failures: false,
        pace: 0.0,
        model_timeout: Duration::from_millis(400),
        configure: Arc::new(move |_: &str| configure()),
        ..Settings::default()
    }
}

fn silent() -> Configuration {
    let configuration = glasshouse_sdk::configure().tracing_exporter(Exporter::None);
    configuration.log_format(LogFormat::Off)
}

struct Visitor {
    running: Option<Running>,
    client: Client,
}

impl Visitor {
    fn new(settings: &Settings) -> Self {
        let running = agent::start(settings).unwrap();
        assert_eq!(running.problems(), Vec::<String>::new());
        Self { running: Some(running), client: Client::new() }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running().page())
    }

    async fn begin(&self, task: &Value) -> String {
        let response = self.client.post(self.url("/api/tasks")).json(task).send().await.unwrap();
        assert_eq!(response.status(), 202);
        let answer: Value = response.json().await.unwrap();
        answer["task_id"].as_str().unwrap().to_owned()
    }

    /// All events of a task: type and data.
    async fn events(&self, id: &str, after: Option<u64>) -> Vec<(String, Value)> {
        let mut request = self.client.get(self.url(&format!("/api/tasks/{id}/events")));
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let text = request.send().await.unwrap().text().await.unwrap();
        let fields = |event: &str| {
            let field = |name: &str| {
                event
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap_or_default()
                    .to_owned()
            };
            (field("event: "), serde_json::from_str(&field("data: ")).unwrap_or_default())
        };
        text.split("\n\n").filter(|event| event.contains("event: ")).map(fields).collect()
    }

    /// What all services say at `/metrics`.
    async fn metrics(&self) -> String {
        let mut all = String::new();
        for (_, address) in self.running().metrics_of_services() {
            let url = format!("http://{address}/metrics");
            all.push_str(&self.client.get(url).send().await.unwrap().text().await.unwrap());
        }
        all
    }

    /// Asks until the metrics are as they should be.
    async fn metrics_until(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let asking = async {
            loop {
                let metrics = self.metrics().await;
                if is_so(&metrics) {
                    return metrics;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let Ok(metrics) = tokio::time::timeout(PATIENCE, asking).await else {
            panic!("{what}, but the metrics are\n{}", self.metrics().await)
        };
        metrics
    }

    async fn stop(mut self) {
        let running = self.running.take().unwrap();
        assert!(tokio::task::spawn_blocking(|| running.stop()).await.unwrap(), "in time");
    }
}

/// The sum of all series of a metric whose labels hold these texts.
fn sum(metrics: &str, name: &str, labels: &[&str]) -> f64 {
    let of_metric = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (series, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.split_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let value = value.split_whitespace().next()?.parse::<f64>().ok()?;
        labels.iter().all(|label| series.contains(label)).then_some(value)
    });
    of_metric.sum()
}

#[tokio::test]
async fn a_task_is_solved_and_every_part_of_it_is_counted() {
    let visitor = Visitor::new(&settings(silent));
    let task = json!({ "task": "Find out why checkout latency doubled", "session_id": "s-1" });
    let id = visitor.begin(&task).await;
    let events = visitor.events(&id, None).await;
    let kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds.first(), Some(&"connected"));
    assert_eq!(kinds.last(), Some(&"done"));
    assert_eq!(events[0].1["session_id"], "s-1");
    assert_eq!(events.last().unwrap().1["outcome"], "success");
    for kind in ["iteration", "llm", "tool", "token", "result"] {
        assert!(kinds.contains(&kind), "{kind} in {kinds:?}");
    }
    let failed: Vec<&Value> =
        events.iter().map(|(_, data)| &data["error"]).filter(|error| !error.is_null()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    let beacon = r#"{"name":"LCP","value":812.5,"page":"/tasks/:id"}"#;
    let sent = visitor.client.post(visitor.url("/api/metrics/web-vitals")).body(beacon);
    let sent = sent.header("content-type", "text/plain;charset=UTF-8").send().await.unwrap();
    assert!(sent.status().is_success(), "{}", sent.status());

    let active = [
        "http_server_active_requests",
        "glasshouse_sse_connections_active",
        "glasshouse_sessions_active",
        "glasshouse_tasks_active",
    ];
    let metrics = visitor
        .metrics_until("gauges return to 0", |metrics| {
            active.iter().all(|name| sum(metrics, name, &[]) == 0.0)
        })
        .await;
    let calls = kinds.iter().filter(|kind| **kind == "llm").count() as f64;
    assert_eq!(sum(&metrics, "gen_ai_client_inference_duration_seconds_count", &[]), calls);
    let tools = kinds.iter().filter(|kind| **kind == "tool").count() as f64;
    assert_eq!(sum(&metrics, "gen_ai_execute_tool_duration_seconds_count", &[]), tools);
    assert_eq!(sum(&metrics, "glasshouse_task_duration_seconds_count", &["success"]), 1.0);
    for (name, labels) in [
        ("gen_ai_client_inference_usage_input_tokens_total", &["gpt-4o"][..]),
        ("gen_ai_client_inference_usage_cache_read_input_tokens_total", &["gpt-4o"]),
        ("gen_ai_client_inference_time_to_first_chunk_seconds_count", &["gpt-4o"]),
        ("glasshouse_llm_cost_total", &["gpt-4o"]),
        ("gen_ai_server_request_duration_seconds_count", &["gpt-4o"]),
        ("gen_ai_invoke_agent_duration_seconds_count", &["alex"]),
        ("mcp_client_operation_duration_seconds_count", &["tools/call", "web_search"]),
        ("mcp_server_operation_duration_seconds_count", &["tools/call", "web_search"]),
        ("glasshouse_sse_messages_total", &["connected", "ok"]),
        ("http_server_request_duration_seconds_count", &["/api/tasks", "202"]),
        ("http_server_request_duration_seconds_count", &["/api/tasks/{task_id}/events", "200"]),
        ("http_server_request_duration_seconds_count", &["/v1/chat/completions"]),
        ("http_server_request_duration_seconds_count", &["/mcp"]),
        ("browser_web_vital_count", &["LCP", "/tasks/:id"]),
        ("db_client_operation_duration_seconds_count", &["findMany", "turns"]),
        ("glasshouse_memory_operation_duration_seconds_count", &["store"]),
        ("glasshouse_router_decisions_total", &["complex"]),
        ("glasshouse_queue_wait_seconds_count", &["alex-agent"]),
        ("glasshouse_cache_lookups_total", &["search", "miss"]),
        ("glasshouse_memory_budget_usage_bytes", &[]),
        ("glasshouse_memory_items", &[]),
        ("process_cpu_time_seconds_total", &[]),
    ] {
        assert!(sum(&metrics, name, labels) > 0.0, "{name} {labels:?} in\n{metrics}");
    }
    assert!(!metrics.contains("s-1"), "a session is no label");
    visitor.stop().await;
}

#[tokio::test]
async fn every_class_of_error_appears_when_its_model_is_asked() {
    let visitor = Visitor::new(&settings(silent));
    let classes = [
        "rate_limit",
        "quota",
        "auth",
        "permission",
        "context_length",
        "content_filter",
        "invalid_request",
        "not_found",
        "overloaded",
        "server_error",
        "timeout",
        "network",
        "parse",
    ];
    for class in classes {
        let task = json!({ "task": "What time is it?", "model": format!("fail:{class}") });
        let id = visitor.begin(&task).await;
        let events = visitor.events(&id, None).await;
        assert_eq!(events.last().unwrap().1["outcome"], "error", "{class}");
        let told: Vec<_> = events.iter().filter(|(kind, _)| kind == "error").collect();
        assert_eq!(told[0].1["class"], class);
        let is_counted = |metrics: &str| {
            let label = format!("error_type=\"{class}\"");
            sum(metrics, "gen_ai_client_inference_duration_seconds_count", &[&label]) == 1.0
        };
        visitor.metrics_until(class, is_counted).await;
    }
    let metrics = visitor.metrics().await;
    assert_eq!(sum(&metrics, "glasshouse_task_duration_seconds_count", &["error"]), 13.0);
    visitor.stop().await;
}

#[tokio::test]
async fn a_stream_goes_on_where_it_ended_and_a_task_can_be_cancelled() {
    let visitor = Visitor::new(&settings(silent));
    let id = visitor.begin(&json!({ "task": "How much is 17 % of 2,340 plus 12?" })).await;
    let all = visitor.events(&id, None).await;
    assert!(
        all.iter().any(
            |(kind, data)| kind == "result" && data["text"].as_str().unwrap().contains("409.8")
        )
    );
    let later = visitor.events(&id, Some(3)).await;
    assert_eq!(later.len(), all.len() - 3);
    assert_eq!(later[0].0, "connected");
    assert_eq!(later[1..], all[4..]);

    let slow = json!({ "task": "What time is it?", "model": "fail:timeout" });
    let id = visitor.begin(&slow).await;
    let cancel = visitor.client.post(visitor.url(&format!("/api/tasks/{id}/cancel")));
    assert_eq!(cancel.send().await.unwrap().status(), 202);
    let events = visitor.events(&id, None).await;
    assert_eq!(events.last().unwrap().1["outcome"], "cancelled");
    visitor
        .metrics_until("the task counts as cancelled", |metrics| {
            sum(metrics, "glasshouse_task_duration_seconds_count", &["cancelled"]) == 1.0
        })
        .await;

    for (body, status) in [
        (r#"{"task":""}"#, 400),
        (r#"{"task":"x","session_id":"a b"}"#, 400),
        (r#"{"task":"x","model":"gpt-9"}"#, 400),
        (r#"{"task":"x","more":1}"#, 422),
        ("{", 400),
    ] {
        let sent = visitor
            .client
            .post(visitor.url("/api/tasks"))
            .header("content-type", "application/json");
        let response = sent.body(body).send().await.unwrap();
        assert_eq!(response.status(), status, "{body}");
        assert!(response.json::<Value>().await.unwrap()["error"].is_string(), "{body}");
    }
    for path in ["/api/tasks/none/events", "/api/tasks/none", "/api/none", "/favicon.ico"] {
        assert_eq!(
            visitor.client.get(visitor.url(path)).send().await.unwrap().status(),
            404,
            "{path}"
        );
    }
    for path in ["/", "/tasks/1", "/healthz", "/what/ever"] {
        assert_eq!(
            visitor.client.get(visitor.url(path)).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    let metrics = visitor.metrics().await;
    assert!(sum(&metrics, "http_server_request_duration_seconds_count", &["/{*address}"]) > 0.0);
    assert!(!metrics.contains("/what/ever"));
    visitor.stop().await;
}

/// Spans in Zipkin's JSON, as they come in.
async fn sink() -> (SocketAddr, Arc<Mutex<Vec<Value>>>) {
    let spans: Arc<Mutex<Vec<Value>>> = Arc::default();
    let take = |State(spans): State<Arc<Mutex<Vec<Value>>>>, body: String| async move {
        let Ok(Value::Array(more)) = serde_json::from_str(&body) else { return };
        spans.lock().unwrap().extend(more);
    };
    let router = Router::new().route("/api/v2/spans", post(take)).with_state(Arc::clone(&spans));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, spans)
}

#[tokio::test]
async fn one_trace_spans_the_three_services() {
    let (address, spans) = sink().await;
    let visitor = Visitor::new(&settings(move || {
        silent()
            .zipkin_endpoint(format!("http://{address}/api/v2/spans"))
            .tracing_exporter(Exporter::Zipkin)
    }));
    let id = visitor
        .begin(&json!({ "task": "Find out why checkout latency doubled", "session_id": "s-7" }))
        .await;
    let events = visitor.events(&id, None).await;
    let trace_id = events[0].1["trace_id"].as_str().unwrap().to_owned();
    visitor.stop().await;

    let spans = spans.lock().unwrap();
    let text = |span: &Value, key: &str| span[key].as_str().unwrap_or_default().to_owned();
    let of_trace: Vec<&Value> =
        spans.iter().filter(|span| text(span, "traceId") == trace_id).collect();
    let service =
        |span: &Value| span["localEndpoint"]["serviceName"].as_str().unwrap_or_default().to_owned();
    for name in ["alex-agent", "llm-gateway", "tool-runner"] {
        let names: Vec<String> = of_trace
            .iter()
            .filter(|span| service(span) == name)
            .map(|span| text(span, "name"))
            .collect();
        assert!(!names.is_empty(), "{name} in {of_trace:#?}");
    }
    let find = |name: &str| {
        of_trace.iter().find(|span| text(span, "name").eq_ignore_ascii_case(name)).unwrap_or_else(
            || {
                let names: Vec<_> =
                    of_trace.iter().map(|span| (service(span), text(span, "name"))).collect();
                panic!("{name} in {names:#?}")
            },
        )
    };
    let parent_of = |span: &Value| {
        let parent = text(span, "parentId");
        of_trace.iter().find(|span| text(span, "id") == parent).map(|span| text(span, "name"))
    };
    for (name, parent) in [
        ("task solve_task", "post /api/tasks"),
        ("invoke_agent alex", "task solve_task"),
        ("react.iteration", "invoke_agent alex"),
        ("chat gpt-4o", "react.iteration"),
        ("post /v1/chat/completions", "chat gpt-4o"),
        ("execute_tool web_search", "react.iteration"),
        ("tools/call web_search", "execute_tool web_search"),
        ("post /mcp", "execute_tool web_search"),
    ] {
        let of_name = of_trace.iter().filter(|span| text(span, "name").eq_ignore_ascii_case(name));
        let parents: Vec<_> = of_name.map(|span| parent_of(span).unwrap_or_default()).collect();
        find(name);
        assert!(
            parents.iter().any(|found| found.eq_ignore_ascii_case(parent)),
            "{name} is below {parents:?}, not {parent}"
        );
    }
    // Whoever is asked knows the session.
    assert_eq!(find("tools/call web_search")["tags"]["session.id"], "s-7");
}

#[tokio::test]
async fn each_naming_profile_spells_the_same_numbers() {
    for (profile, name) in [
        ("otel", "gen_ai_client_inference_duration_seconds_count"),
        ("alex", "alex_llm_requests_total"),
        ("ai-platform", "inference_requests_total"),
        ("botticelli", "llm_requests_total"),
        ("refly", "llm_invocation_count_total"),
    ] {
        let visitor = Visitor::new(&settings(move || silent().naming_profile(profile)));
        let id = visitor.begin(&json!({ "task": "What time is it?" })).await;
        let events = visitor.events(&id, None).await;
        let calls = events.iter().filter(|(kind, _)| kind == "llm").count() as f64;
        visitor.metrics_until(name, |metrics| sum(metrics, name, &[]) == calls).await;
        visitor.stop().await;
    }
}

#[tokio::test]
async fn visitors_come_and_everything_stops_in_time() {
    let visitor = Visitor::new(&Settings { traffic: true, failures: true, ..settings(silent) });
    visitor
        .metrics_until("visitors finish a task and report vitals", |metrics| {
            sum(metrics, "glasshouse_task_duration_seconds_count", &[]) >= 1.0
                && sum(metrics, "browser_web_vital_count", &["LCP"]) >= 1.0
        })
        .await;
    visitor.stop().await;
}
