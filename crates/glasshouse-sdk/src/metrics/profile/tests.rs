//! All metric and span names of the stacks with profiles, from a service that does everything once.

use std::collections::BTreeSet;
use std::time::Duration;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

use super::super::{Format, render};
use super::*;
use crate::llm::{ErrorClass, Usage};
use crate::record::{CloseReason, HttpExchange, LlmCall, McpSide, SseOutcome, TaskOutcome};
use crate::telemetry::Telemetry;

const SECOND: Duration = Duration::from_secs(1);

fn call(error: Option<ErrorClass>) -> LlmCall<'static> {
    LlmCall {
        operation: "chat",
        provider: "openai",
        request_model: "gpt-4o",
        response_model: "gpt-4o-2024-08-06",
        duration: SECOND,
        time_to_first_token: Some(Duration::from_millis(200)),
        usage: error.is_none().then(|| Usage::new(100, 20)),
        cost_usd: error.is_none().then_some(0.25),
        cost_source: "computed",
        error,
    }
}

/// A service that did everything once, and failed once in each class.
fn busy() -> Telemetry {
    let telemetry = Telemetry::recording(super::super::Registry::new(100));
    telemetry.llm().call(&call(None));
    for class in ErrorClass::ALL {
        telemetry.llm().call(&call(Some(class)));
    }
    telemetry.llm().output_chunk("chat", "openai", "gpt-4o", Duration::from_millis(20));
    telemetry.llm().batch_size("gpt-4o", 4);
    telemetry.agents().invocation("alex", None, SECOND, 3, 2);
    telemetry.tools().execution("web_search", "web", None, SECOND);
    telemetry.tools().execution("web_search", "web", Some("timeout"), SECOND);
    for tool in ["search_repositories", ""] {
        let method = if tool.is_empty() { "tools/list" } else { "tools/call" };
        telemetry.mcp().operation(McpSide::Client, "github", method, tool, None, SECOND);
    }
    std::mem::forget(telemetry.sessions().begin());
    telemetry.tasks().started("solve");
    telemetry.tasks().finished("solve", TaskOutcome::Cancelled, SECOND);
    telemetry.http().started("GET");
    telemetry.http().finished(&HttpExchange {
        method: "GET",
        route: "/api/tasks/{id}",
        status: Some(200),
        error: None,
        duration: SECOND,
        request_bytes: 0,
        response_bytes: 512,
    });
    telemetry.sse().opened("/events");
    telemetry.sse().event("connected", SseOutcome::Ok, 40);
    telemetry.sse().closed("/events", CloseReason::Completed, SECOND);
    telemetry.web_vitals().vital("LCP", "web-vital", "/tasks/:id", 1234.0);
    telemetry.memory().operation("search", "success", SECOND);
    telemetry.memory().items(7);
    telemetry.memory().search_results(3);
    telemetry.budget().update("session-1", 1000, 800);
    telemetry.drift().check("gpt-4o", 0.18, "warning", SECOND);
    telemetry.router().decision("gpt-4o", "cheapest", SECOND);
    telemetry.queue().depth("gateway", 5);
    telemetry.queue().wait("gateway", SECOND);
    telemetry.cache().hit("embedding");
    telemetry.cache().miss("embedding");
    telemetry.gpu().utilization("0", 91.0);
    telemetry.gpu().memory("0", 10, 20);
    telemetry.gpu().temperature("0", 70.0);
    telemetry.database().query("findMany", "users", SECOND);
    telemetry
}

fn exposed(profile: &str) -> String {
    let profile = Profile::built_in(profile).expect("a built-in profile");
    render(&apply(&[profile], busy().collect()), &[], Format::Prometheus)
}

/// Every sample that a profile must export, as `name{labels} value`; histograms by their count.
#[test]
fn each_profile_spells_the_metrics_as_its_stack_does() {
    for (profile, samples) in [
        ("alex", ALEX),
        ("ai-platform", AI_PLATFORM),
        ("botticelli", BOTTICELLI),
        ("refly", REFLY),
        ("otel-1.41", OTEL_1_41),
        ("otel", OTEL),
    ] {
        let text = exposed(profile);
        let lines: BTreeSet<&str> = text.lines().collect();
        for sample in samples {
            assert!(lines.contains(sample), "{profile} lacks {sample}\n{text}");
        }
    }
}

const ALEX: &[&str] = &[
    r#"alex_llm_requests_total{model="gpt-4o",status="success"} 1"#,
    r#"alex_llm_requests_total{model="gpt-4o",status="error"} 16"#,
    r#"alex_llm_tokens_input_total{model="gpt-4o"} 100"#,
    r#"alex_llm_tokens_output_total{model="gpt-4o"} 20"#,
    r#"alex_llm_latency_seconds_count{model="gpt-4o"} 17"#,
    r#"alex_cost_total{model="gpt-4o"} 0.25"#,
    r#"alex_tool_executions_total{status="success",tool_name="web_search"} 1"#,
    r#"alex_tool_executions_total{status="error",tool_name="web_search"} 1"#,
    r#"alex_tool_duration_seconds_count{tool_name="web_search"} 2"#,
    "alex_sessions_active 1",
    r#"alex_tasks_executions_total{status="cancelled"} 1"#,
    r#"alex_tasks_execution_duration_seconds_count{status="cancelled"} 1"#,
    r#"alex_http_requests_total{http_method="GET",http_route="/api/tasks/{id}",http_status_code="200"} 1"#,
    r#"alex_http_latency_seconds_count{http_method="GET",http_route="/api/tasks/{id}",http_status_code="200"} 1"#,
    r#"alex_http_response_size_bytes_sum{http_method="GET",http_route="/api/tasks/{id}",http_status_code="200"} 512"#,
    "alex_sse_connections_active 0",
    "alex_sse_connection_duration_seconds_count 1",
    r#"alex_sse_messages_total{event_type="connected",status="ok"} 1"#,
    r#"alex_sse_message_size_bytes_sum{event_type="connected",status="ok"} 40"#,
    r#"alex_frontend_web_vital_sum{label="web-vital",name="LCP",page="/tasks/:id"} 1234"#,
];

const AI_PLATFORM: &[&str] = &[
    r#"inference_requests_total{model="gpt-4o",status="success"} 1"#,
    r#"inference_requests_total{model="gpt-4o",status="error"} 16"#,
    r#"inference_duration_seconds_count{model="gpt-4o"} 17"#,
    r#"inference_tokens_total{model="gpt-4o",type="prompt"} 100"#,
    r#"inference_tokens_total{model="gpt-4o",type="completion"} 20"#,
    r#"inference_batch_size_sum{model="gpt-4o"} 4"#,
    r#"mcp_requests_total{operation="search_repositories",server="github",status="success"} 1"#,
    r#"mcp_requests_total{operation="tools/list",server="github",status="success"} 1"#,
    r#"mcp_operation_duration_seconds_count{operation="search_repositories",server="github"} 1"#,
    r#"http_requests_total{endpoint="/api/tasks/{id}",method="GET",status="200"} 1"#,
    r#"http_request_duration_seconds_count{endpoint="/api/tasks/{id}",method="GET"} 1"#,
    r#"memory_operations_total{operation="search",status="success"} 1"#,
    r#"memory_operation_duration_seconds_count{operation="search"} 1"#,
    "memory_items_total 7",
    "memory_search_results_sum 3",
    "memory_budget_total_bytes 1000",
    "memory_budget_used_bytes 800",
    "memory_budget_utilization 0.8",
    r#"drift_score{model="gpt-4o"} 0.18"#,
    r#"drift_checks_total{model="gpt-4o",status="warning"} 1"#,
    "drift_detection_duration_seconds_count 1",
    r#"router_decisions_total{model="gpt-4o",reason="cheapest"} 1"#,
    "router_decision_duration_seconds_count 1",
    r#"request_queue_depth{service="gateway"} 5"#,
    r#"request_queue_wait_seconds_count{service="gateway"} 1"#,
    r#"cache_hits_total{cache_type="embedding"} 1"#,
    r#"cache_misses_total{cache_type="embedding"} 1"#,
    r#"gpu_utilization_percent{gpu_id="0"} 91"#,
    r#"gpu_memory_used_bytes{gpu_id="0"} 10"#,
    r#"gpu_memory_total_bytes{gpu_id="0"} 20"#,
    r#"gpu_temperature_celsius{gpu_id="0"} 70"#,
];

const BOTTICELLI: &[&str] = &[
    r#"llm_requests_total{model="gpt-4o",provider="openai"} 17"#,
    r#"llm_errors_total{error_type="rate_limit",model="gpt-4o",provider="openai"} 2"#,
    r#"llm_errors_total{error_type="auth",model="gpt-4o",provider="openai"} 2"#,
    r#"llm_errors_total{error_type="network",model="gpt-4o",provider="openai"} 1"#,
    r#"llm_errors_total{error_type="timeout",model="gpt-4o",provider="openai"} 1"#,
    r#"llm_errors_total{error_type="invalid_request",model="gpt-4o",provider="openai"} 4"#,
    r#"llm_errors_total{error_type="unknown",model="gpt-4o",provider="openai"} 6"#,
    r#"llm_duration_seconds_count{model="gpt-4o",provider="openai"} 17"#,
    r#"llm_tokens_total{model="gpt-4o",provider="openai"} 120"#,
    r#"llm_tokens_prompt_total{model="gpt-4o",provider="openai"} 100"#,
    r#"llm_tokens_completion_total{model="gpt-4o",provider="openai"} 20"#,
];

const REFLY: &[&str] = &[
    r#"llm_invocation_count_total{model_name="gpt-4o",status="success"} 1"#,
    r#"llm_invocation_duration_sum{model_name="gpt-4o"} 17000"#,
    r#"llm_token_count_total{model_name="gpt-4o",token_type="input"} 100"#,
    r#"llm_token_count_total{model_name="gpt-4o",token_type="output"} 20"#,
    r#"tool_invocation_count_total{status="success",tool_name="web_search",toolset_key="web"} 1"#,
    r#"tool_execution_duration_sum{tool_name="web_search",toolset_key="web"} 2000"#,
    r#"http_server_duration_count{http_method="GET",http_route="/api/tasks/{id}"} 1"#,
    r#"http_server_duration_bucket{http_method="GET",http_route="/api/tasks/{id}",le="1000.0"} 1"#,
    r#"db_query_duration_sum{model="users",operation="findMany"} 1000"#,
    r#"db_query_count_total{model="users",operation="findMany"} 1"#,
    r#"db_slow_query_count_total{model="users",operation="findMany"} 1"#,
    "# TYPE process_cpu_seconds_total counter",
    "# TYPE process_resident_memory_bytes gauge",
];

const OTEL_1_41: &[&str] = &[
    r#"gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06",gen_ai_token_type="input"} 100"#,
    r#"gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06",gen_ai_token_type="output"} 20"#,
];

const OTEL: &[&str] = &[
    r#"gen_ai_client_inference_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06"} 1"#,
    r#"gen_ai_client_inference_usage_input_tokens_total{gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024-08-06",gen_ai_token_modality="text"} 100"#,
    r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/api/tasks/{id}",http_response_status_code="200"} 1"#,
    r#"http_server_active_requests{http_request_method="GET"} 0"#,
    r#"gen_ai_execute_tool_duration_seconds_count{gen_ai_tool_name="web_search",glasshouse_toolset_key="web"} 1"#,
    r#"gen_ai_invoke_agent_inference_calls_sum{gen_ai_agent_name="alex"} 3"#,
    "# TYPE process_memory_usage_bytes gauge",
];

#[test]
fn two_profiles_at_once_show_both_spellings_and_no_name_twice() {
    let profiles = ["otel", "alex"].map(|name| Profile::built_in(name).expect("built in"));
    let metrics = apply(&profiles, busy().collect());
    let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_ref()).collect();
    assert!(names.contains(&"gen_ai.client.inference.duration"));
    assert!(names.contains(&"alex.llm.requests.total"));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn a_profile_that_cannot_be_used_says_why() {
    let unknown = Profile::built_in("alexa").unwrap_err().to_string();
    assert!(unknown.contains("alexa") && unknown.contains("ai-platform"), "{unknown}");
    let rule = |rest: &str| format!("metrics:\n  - {{ name: x, from: y, {rest} }}");
    for text in [
        "metrics: 3".to_owned(),
        "metrik: []".to_owned(),
        rule("as: sum"),
        rule("as: counter, scale: .nan"),
        rule("as: counter, scale: 0"),
        rule("as: histogram, scale: -1"),
        rule("as: histogram, take: count"),
        "metrics:\n  - { name: '', from: y, as: counter }".to_owned(),
        format!("{}\n  - {{ name: x, from: z, as: gauge }}", rule("as: counter")),
    ] {
        let error = Profile::parse("mine.yaml", &text).unwrap_err().to_string();
        assert!(error.contains("mine.yaml") && !error.contains('\n'), "{error}");
    }
    assert!(Profile::parse("empty.yaml", "").is_ok());
}

#[test]
fn a_rule_for_another_kind_of_metric_shows_nothing_wrong() {
    let text = "metrics:
      - { name: a, from: gen_ai.client.inference.duration, as: counter }
      - { name: b, from: glasshouse.llm.cost, as: histogram }
      - { name: c, from: glasshouse.llm.cost, as: counter }";
    let metrics = apply(&[Profile::parse("mine.yaml", text).unwrap()], busy().collect());
    let has = |name: &str| metrics.iter().any(|metric| metric.name == name);
    assert!(!has("a") && !has("b") && has("c"));
}

#[test]
fn an_exemplar_is_scaled_into_the_bucket_that_it_belongs_to() {
    let telemetry = Telemetry::recording(super::super::Registry::new(100));
    let context = crate::log::trace_context(&"a".repeat(32), &"b".repeat(16)).unwrap();
    let _attached = context.attach();
    // 0.07 * 1000 is slightly more than 70.
    telemetry.tools().execution("t", "", None, Duration::from_millis(70));
    let rule = "metrics:
      - { name: t, from: gen_ai.execute_tool.duration, as: histogram, scale: 1000 }";
    let metrics = apply(&[Profile::parse("mine.yaml", rule).unwrap()], telemetry.collect());
    let exemplar = metrics[0].points[0].exemplars.iter().flatten().next().unwrap();
    assert_eq!(exemplar.value.to_string(), "70");
}

#[test]
fn spans_are_renamed_and_nothing_of_them_is_lost() {
    let rules = SpanRules::of(&[Profile::built_in("alex").expect("built in")]);
    for (attributes, name, added) in [
        (
            vec![
                KeyValue::new("gen_ai.operation.name", "chat"),
                KeyValue::new("gen_ai.request.model", "gpt-4o"),
                KeyValue::new("gen_ai.usage.input_tokens", 100),
                KeyValue::new("gen_ai.usage.output_tokens", 20),
                KeyValue::new("session.id", "s1"),
            ],
            "alex.llm.generate",
            vec![("alex.llm.token_count", Value::I64(120)), ("alex.session_id", "s1".into())],
        ),
        (
            vec![
                KeyValue::new("gen_ai.operation.name", "execute_tool"),
                KeyValue::new("gen_ai.tool.name", "web_search"),
            ],
            "alex.tool.execute",
            vec![("alex.tool_name", "web_search".into())],
        ),
        (
            vec![
                KeyValue::new("glasshouse.task.name", "t"),
                KeyValue::new("glasshouse.task.id", "9"),
            ],
            "alex.session.solve_task",
            vec![("alex.task_id", "9".into())],
        ),
        (vec![KeyValue::new("glasshouse.iteration", 2)], "alex.react.iteration", vec![]),
        (
            vec![
                KeyValue::new("http.request.method", "GET"),
                KeyValue::new("http.route", "/a"),
                KeyValue::new("http.response.status_code", 200),
            ],
            "alex.http.request",
            vec![("http.status_code", Value::I64(200))],
        ),
        (
            vec![KeyValue::new("glasshouse.sse.close_reason", "completed")],
            "alex.sse.connection",
            vec![("alex.sse.close_reason", "completed".into())],
        ),
        (vec![KeyValue::new("other", 1)], "as it was", vec![]),
    ] {
        let mut span = span(attributes.clone());
        rules.rewrite(&mut span);
        assert_eq!(span.name, name);
        for pair in &attributes {
            assert!(span.attributes.contains(pair), "{name} lost {pair:?}");
        }
        for (key, value) in added {
            assert_eq!(attribute(&span.attributes, key), Some(&value), "{name}: {key}");
        }
    }
}

fn span(attributes: Vec<KeyValue>) -> SpanData {
    let now = std::time::SystemTime::UNIX_EPOCH;
    SpanData {
        span_context: SpanContext::empty_context(),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "as it was".into(),
        start_time: now,
        end_time: now,
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: opentelemetry::InstrumentationScope::default(),
    }
}

/// The documentation is complete.
#[test]
fn the_documentation_names_every_metric_and_its_profile_is_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sdk.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    for metric in busy().collect() {
        assert!(page.contains(&format!("`{}`", metric.name)), "{} is missing", metric.name);
    }
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let profile = Profile::parse("docs/sdk.md", example.expect("an example")).expect("a profile");
    let text = render(&apply(&[profile], busy().collect()), &[], Format::Prometheus);
    for sample in [
        r#"shop_answers_total{model="gpt-4o",outcome="good",tier="gold"} 1"#,
        r#"shop_answers_total{model="gpt-4o",outcome="slow",tier="gold"} 1"#,
        r#"shop_answers_total{model="gpt-4o",outcome="bad",tier="gold"} 15"#,
        "shop_answer_time_milliseconds_sum 17000",
    ] {
        assert!(text.lines().any(|line| line == sample), "{sample} is missing in\n{text}");
    }
}
