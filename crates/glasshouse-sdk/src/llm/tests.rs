//! Calls to models as spans and metrics, without a provider.

use std::io;

use futures::StreamExt;
use futures::stream;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry_sdk::trace::Sampler;
use serde_json::json;

use super::*;
use crate::metrics::Registry;
use crate::scope::recorded::{Recorded, attributes};
use crate::session::Session;

const DURATION: &str = "gen_ai.client.inference.duration";
const INPUT: &str = "gen_ai.client.inference.usage.input_tokens";
const COST: &str = "glasshouse.llm.cost";
const FIRST: &str = "gen_ai.client.inference.time_to_first_chunk";
const GAPS: &str = "gen_ai.client.inference.time_per_output_chunk";

fn with_content(policy: ContentPolicy) -> Recorded {
    let telemetry = Telemetry::with_policies(Registry::new(2000), PriceTable::built_in(), policy);
    Recorded::of(telemetry, Sampler::AlwaysOn)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line for each attribute and metric")]
fn a_call_has_the_attributes_and_metrics_of_the_conventions() {
    let recorded = Recorded::new();
    let session = Session::new("s-1").attach();
    let mut call = chat(&recorded.telemetry, "openai", "gpt-4o")
        .conversation("c-1")
        .agent("planner")
        .max_tokens(100)
        .temperature(0.5)
        .top_p(f64::NAN)
        .stop_sequences(["a", "b"])
        .choice_count(1)
        .streaming(true)
        .server("api.openai.com", 443)
        .start();
    drop(session);
    call.first_token();
    call.chunk();
    call.response_model("gpt-4o-2024-08-06");
    call.response_id("r-1");
    call.finish_reason("stop");
    call.usage(Usage { cache_read_tokens: 400, reasoning_tokens: 10, ..Usage::new(1000, 100) });
    call.finish();

    let spans = recorded.spans();
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(span.name, "chat gpt-4o");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    let said = attributes(span);
    for (key, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-4o"),
        ("gen_ai.conversation.id", "c-1"),
        ("gen_ai.agent.name", "planner"),
        ("gen_ai.request.max_tokens", "100"),
        ("gen_ai.request.temperature", "0.5"),
        ("gen_ai.request.stop_sequences", "[\"a\",\"b\"]"),
        ("gen_ai.request.stream", "true"),
        ("server.address", "api.openai.com"),
        ("server.port", "443"),
        ("session.id", "s-1"),
        ("gen_ai.response.model", "gpt-4o-2024-08-06"),
        ("gen_ai.response.id", "r-1"),
        ("gen_ai.response.finish_reasons", "[\"stop\"]"),
        ("gen_ai.usage.input_tokens", "1000"),
        ("gen_ai.usage.output_tokens", "100"),
        ("gen_ai.usage.cache_read.input_tokens", "400"),
        ("gen_ai.usage.reasoning.output_tokens", "10"),
        ("gen_ai.usage.cost", "0.003"),
        ("glasshouse.cost.source", "computed"),
    ] {
        assert_eq!(said.get(key).map(String::as_str), Some(value), "{key}");
    }
    for key in [
        "error.type",
        "gen_ai.request.top_p",
        "gen_ai.request.choice.count",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.input.messages",
    ] {
        assert!(!said.contains_key(key), "{key}");
    }
    assert!(said.contains_key("gen_ai.response.time_to_first_chunk"));
    let labels = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-4o"),
        ("gen_ai.response.model", "gpt-4o-2024-08-06"),
        ("error.type", ""),
    ];
    assert_eq!(recorded.count(DURATION, &labels), 1.0);
    assert_eq!(recorded.count(INPUT, &labels), 1000.0);
    assert_eq!(recorded.count(FIRST, &labels), 1.0);
    assert_eq!(recorded.count(GAPS, &labels[..3]), 1.0);
    assert!(
        (recorded.count(COST, &[("glasshouse.cost.source", "computed")]) - 0.003).abs() < 1e-12
    );
}

#[test]
fn a_call_without_a_conversation_or_session_invents_none() {
    let recorded = Recorded::new();
    chat(&recorded.telemetry, "openai", "").conversation("").start().finish();
    let spans = recorded.spans();
    assert_eq!(spans[0].name, "chat");
    let said = attributes(&spans[0]);
    for key in ["gen_ai.conversation.id", "session.id", "gen_ai.request.model"] {
        assert!(!said.contains_key(key), "{key}");
    }
}

#[test]
fn every_call_ends_exactly_once_with_its_class() {
    type End = fn(LlmSpan);
    let ends: [(&str, End); 6] = [
        ("", LlmSpan::finish),
        ("cancelled", |call| drop(call)),
        ("timeout", |call| call.error(ErrorClass::Timeout, "the prompt was: secret")),
        ("quota", |call| {
            call.provider_error(Some(429), &["insufficient_quota"], "secret");
        }),
        ("rate_limit", |call| call.provider_error(Some(429), &["a secret sentence"], "secret")),
        ("content_filter", |mut call| {
            call.finish_reason("content_filter");
            call.finish();
        }),
    ];
    for (class, end) in ends {
        let recorded = Recorded::new();
        end(chat(&recorded.telemetry, "openai", "m").start());
        assert_eq!(recorded.count(DURATION, &[]), 1.0, "{class}");
        assert_eq!(recorded.count(DURATION, &[("error.type", class)]), 1.0, "{class}");
        let spans = recorded.spans();
        assert_eq!(spans.len(), 1, "{class}");
        let said = attributes(&spans[0]);
        if class.is_empty() {
            assert_eq!(spans[0].status, Status::Unset);
            continue;
        }
        assert_eq!(said.get("error.type").map(String::as_str), Some(class));
        assert_eq!(spans[0].status, Status::error(class));
        assert!(!format!("{:?}", spans[0]).contains("secret"), "{class}: content has left");
    }
}

#[test]
fn provided_cost_goes_before_the_table_and_no_price_is_not_zero() {
    let price = |finish: fn(&mut LlmSpan), model: &str| {
        let recorded = Recorded::new();
        let mut call = chat(&recorded.telemetry, "openai", model).start();
        finish(&mut call);
        call.finish();
        let said = attributes(&recorded.spans()[0]);
        let get = |key: &str| said.get(key).cloned().unwrap_or_default();
        let unpriced = recorded.count("glasshouse.llm.unpriced_calls", &[]);
        (get("gen_ai.usage.cost"), get("glasshouse.cost.source"), unpriced)
    };
    let used: fn(&mut LlmSpan) = |call| call.usage(Usage::new(1_000_000, 0));
    let answered_by: fn(&mut LlmSpan) = |call| {
        call.usage(Usage::new(1_000_000, 0));
        call.response_model("gpt-4o-mini");
    };
    let provided: fn(&mut LlmSpan) = |call| {
        call.usage(Usage::new(1_000_000, 0));
        call.cost_usd(-1.0);
        call.cost_usd(0.25);
    };
    let batch: fn(&mut LlmSpan) = |call| {
        call.usage(Usage::new(1_000_000, 0));
        call.service_tier(ServiceTier::Flex);
    };
    for (finish, model, usd, source, unpriced) in [
        (used, "gpt-4o", "2.5", "computed", 0.0),
        (answered_by, "gpt-4o", "0.15", "computed", 0.0),
        (provided, "gpt-4o", "0.25", "provided", 0.0),
        (batch, "gpt-4o", "2.5", "partial", 0.0),
        (used, "house-7b", "", "unpriced", 1.0),
        (|_| {}, "gpt-4o", "", "", 0.0),
    ] {
        assert_eq!(price(finish, model), (usd.to_owned(), source.to_owned(), unpriced), "{model}");
    }
}

#[test]
fn metrics_are_exact_when_spans_are_not_sampled_or_not_taken_at_all() {
    let unsampled = Recorded::of(Telemetry::recording(Registry::new(2000)), Sampler::AlwaysOff);
    let mut call = chat(&unsampled.telemetry, "openai", "gpt-4o").start();
    call.usage(Usage::new(1000, 0));
    call.finish();
    assert!(unsampled.spans().is_empty());
    assert_eq!(unsampled.count(INPUT, &[]), 1000.0);

    let telemetry = Telemetry::recording(Registry::new(2000));
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
        let mut call = chat(&telemetry, "openai", "gpt-4o").start();
        call.usage(Usage::new(1000, 0));
        call.finish();
    });
    let calls = telemetry.collect().into_iter().find(|metric| metric.name == DURATION);
    assert_eq!(calls.map(|metric| metric.points.len()), Some(1));
}

#[test]
fn content_leaves_only_with_capture_on_redacted_and_bounded() {
    let record = |recorded: &Recorded| {
        let request = chat(&recorded.telemetry, "openai", "m")
            .tool_definitions(|| json!([{ "name": "secret_tool" }]));
        let mut call = request.start();
        call.system_instructions(|| json!([{ "type": "text", "content": "secret system" }]));
        call.input_messages(|| json!([{ "role": "user", "parts": [{ "content": "secret ask" }] }]));
        call.output_messages(|| json!(["secret".repeat(100_000)]));
        call.error(ErrorClass::Unknown, "secret error");
        recorded.spans()
    };
    let off = record(&Recorded::new());
    assert!(!format!("{off:?}").contains("secret"));

    let on = record(&with_content(ContentPolicy::capturing().max_bytes(1000)));
    let said = attributes(&on[0]);
    assert!(said["gen_ai.input.messages"].contains("secret ask"));
    assert!(said["gen_ai.system_instructions"].contains("secret system"));
    assert!(said["gen_ai.tool.definitions"].contains("secret_tool"));
    assert!(said["gen_ai.output.messages"].len() <= 1000);
    assert_eq!(on[0].status, Status::error("secret error"));

    let redacting = ContentPolicy::capturing().redact(|_, value| *value = json!("gone"));
    let redacted = record(&with_content(redacting));
    assert!(!format!("{redacted:?}").contains("secret"));
}

#[tokio::test]
async fn any_future_can_be_run_as_a_call() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    let inner = chat(telemetry, "openai", "m")
        .run(
            async {
                tokio::task::yield_now().await;
                // Spans inside are children of the call.
                tracing::info_span!("inner").in_scope(|| {});
                Ok::<_, io::Error>(7)
            },
            |call, answer| call.usage(Usage::new(*answer, 0)),
            ErrorClass::from_io,
        )
        .await;
    assert_eq!(inner.ok(), Some(7));
    let failed = embeddings(telemetry, "openai", "m")
        .run(
            async { Err::<(), _>(io::Error::from(io::ErrorKind::TimedOut)) },
            |_, ()| {},
            ErrorClass::from_io,
        )
        .await;
    assert!(failed.is_err());
    // Dropped before its end.
    let pending = chat(telemetry, "openai", "m").run(
        std::future::pending::<Result<(), io::Error>>(),
        |_, ()| {},
        ErrorClass::from_io,
    );
    assert!(futures::poll!(Box::pin(pending)).is_pending());

    for class in ["", "timeout", "cancelled"] {
        assert_eq!(recorded.count(DURATION, &[("error.type", class)]), 1.0, "{class}");
    }
    let spans = recorded.spans();
    let call = spans.iter().find(|span| span.name == "chat m").expect("a call");
    let inner = spans.iter().find(|span| span.name == "inner").expect("a span inside");
    assert_eq!(inner.parent_span_id, call.span_context.span_id());
    assert!(spans.iter().any(|span| span.name == "embeddings m"));
}

#[tokio::test]
async fn a_stream_ends_its_call_at_its_end_at_an_error_and_where_it_is_dropped() {
    type Part = Result<u64, io::Error>;
    let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
    for (parts, taken, class, gaps, usage) in [
        (vec![Ok(1), Ok(2), Ok(3)], 9, "", 2.0, 3.0),
        (vec![], 9, "", 0.0, 0.0),
        (vec![Ok(1), broken(), Ok(2)], 9, "network", 0.0, 1.0),
        (vec![Ok(1), Ok(2), Ok(3)], 2, "cancelled", 1.0, 2.0),
        (vec![Ok(1)], 0, "cancelled", 0.0, 0.0),
    ] {
        let recorded = Recorded::new();
        let parts: Vec<Part> = parts;
        let stream = chat(&recorded.telemetry, "openai", "m").stream(
            stream::iter(parts),
            |call, part| call.usage(Usage::new(*part, 0)),
            ErrorClass::from_io,
        );
        let _seen: Vec<Part> = stream.take(taken).collect().await;
        assert_eq!(recorded.count(DURATION, &[]), 1.0, "{class} {taken}");
        assert_eq!(recorded.count(DURATION, &[("error.type", class)]), 1.0, "{class} {taken}");
        assert_eq!(recorded.count(GAPS, &[]), gaps, "{class} {taken}");
        assert_eq!(recorded.count(INPUT, &[]), usage, "{class} {taken}");
        let said = attributes(&recorded.spans()[0]);
        assert_eq!(said.get("gen_ai.request.stream").map(String::as_str), Some("true"));
    }
}

#[tokio::test]
async fn a_panic_in_the_caller_s_code_is_a_fault_and_no_cancellation() {
    use futures::FutureExt;
    use std::panic::AssertUnwindSafe;

    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    let fail = || async {
        tokio::task::yield_now().await;
        assert!(std::hint::black_box(false), "for the test");
        Ok::<(), io::Error>(())
    };
    let call = chat(telemetry, "openai", "m").run(fail(), |_, ()| {}, ErrorClass::from_io);
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    // The stream outlives the panic, and is dropped after it.
    let parts = stream::iter([Ok::<_, io::Error>(1)]).map(|_| panic!("for the test"));
    let parts: stream::BoxStream<'_, Result<u64, io::Error>> = parts.boxed();
    let stream = chat(telemetry, "openai", "m").stream(parts, |_, _| {}, ErrorClass::from_io);
    assert!(AssertUnwindSafe(stream.collect::<Vec<_>>()).catch_unwind().await.is_err());
    assert_eq!(recorded.count(DURATION, &[("error.type", "unknown")]), 2.0);
    assert_eq!(recorded.count(DURATION, &[]), 2.0);

    let tool = crate::tool::execute(telemetry, "search").run(fail());
    assert!(AssertUnwindSafe(tool).catch_unwind().await.is_err());
    let agent =
        crate::agent::invoke(telemetry, "planner").run(crate::agent::iteration(1).run(fail()));
    assert!(AssertUnwindSafe(agent).catch_unwind().await.is_err());
    let served = crate::mcp::server_call(telemetry, "s", "tools/call", "search", None)
        .run(fail(), |_| Ok(()));
    assert!(AssertUnwindSafe(served).catch_unwind().await.is_err());
    for (metric, class) in [
        ("gen_ai.execute_tool.duration", "tool_error"),
        ("gen_ai.invoke_agent.duration", "unknown"),
        ("mcp.server.operation.duration", "unknown"),
    ] {
        assert_eq!(recorded.count(metric, &[("error.type", class)]), 1.0, "{metric}");
    }
    let spans = recorded.spans();
    assert_eq!(spans.len(), 6);
    assert!(spans.iter().all(|span| span.status != Status::Unset), "{spans:?}");
}

#[test]
fn an_attribute_that_is_said_for_each_part_of_a_stream_is_kept_once() {
    let recorded = Recorded::new();
    let mut call = chat(&recorded.telemetry, "openai", "m").start();
    let before = format!("{call:?}").len();
    for number in 0..10_000_i64 {
        call.attribute("app.part", number);
    }
    assert!(format!("{call:?}").len() < before + 1000, "the memory of a call is bounded");
    call.finish();
    let kept: Vec<_> = recorded.spans()[0]
        .attributes
        .iter()
        .filter(|pair| pair.key.as_str() == "app.part")
        .map(|pair| pair.value.to_string())
        .collect();
    assert_eq!(kept, ["9999"]);
}

#[test]
fn a_cost_or_count_that_cannot_be_true_does_not_spoil_the_sums() {
    let recorded = Recorded::new();
    let mut call = chat(&recorded.telemetry, "openai", "gpt-4o").start();
    call.usage(Usage::new(1_000_000, 0));
    call.usage(Usage::new(u64::MAX, 1));
    call.cost_usd(1e308);
    call.finish();
    assert_eq!(recorded.count(INPUT, &[]), 1_000_000.0);
    assert!((recorded.count(COST, &[]) - 2.5).abs() < 1e-9);

    let prices = PriceTable::empty().with_model("m", 1e300, 0.0);
    let dear = prices.cost("openai", "m", ServiceTier::Standard, &Usage::new(1 << 40, 0));
    assert_eq!(dear, None);
}

#[test]
fn no_span_has_an_attribute_twice() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    let request = chat(telemetry, "openai", "m").streaming(true).temperature(0.1);
    request.streaming(true).temperature(0.2).start().finish();
    let tool = crate::tool::execute(telemetry, "search").toolset("a").toolset("b");
    tool.start().finish();
    let agent = crate::agent::invoke(telemetry, "a").attribute("app.x", 1).attribute("app.x", 2);
    agent.start().finish();
    for span in recorded.spans() {
        assert_eq!(attributes(&span).len(), span.attributes.len(), "{span:?}");
    }
    let said = attributes(&recorded.spans()[0]);
    assert_eq!(said["gen_ai.request.temperature"], "0.2");
}
