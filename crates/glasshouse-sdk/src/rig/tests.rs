//! Spans as created by rig 0.44. `examples/rig` tests the same with the real crate.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::field::Empty;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::llm;
use crate::metrics::{Reading, Registry};

/// The metrics after `work`: name, the given label, and the value or count.
fn counted(work: impl FnOnce(&Telemetry)) -> Vec<(String, String, f64)> {
    let telemetry = Telemetry::recording(Registry::new(2000));
    let provider = SdkTracerProvider::builder().build();
    let subscriber = tracing_subscriber::registry()
        .with(RigLayer::new(&telemetry).filtered())
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")));
    tracing::subscriber::with_default(subscriber, || work(&telemetry));
    let mut found = Vec::new();
    for metric in telemetry.collect() {
        for point in &metric.points {
            let value = match &point.reading {
                Reading::Integer(value) => *value as f64,
                Reading::Float(value) => *value,
                Reading::Histogram { counts, .. } => counts.iter().sum::<u64>() as f64,
            };
            let error = point.label("error.type").unwrap_or_default().to_owned();
            found.push((metric.name.to_string(), error, value));
        }
    }
    found
}

fn of(found: &[(String, String, f64)], name: &str, error: &str) -> f64 {
    let of = found.iter().filter(|(metric, class, _)| metric == name && class == error);
    of.map(|(_, _, value)| value).sum()
}

const CALLS_MADE: &str = "gen_ai.client.inference.duration";

macro_rules! completion {
    ($target:literal) => {
        tracing::info_span!(
            target: $target,
            "chat",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = Empty,
            gen_ai.request.model = Empty,
            gen_ai.response.model = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            gen_ai.input.messages = Empty,
        )
    };
}

#[test]
fn a_call_is_counted_once_when_a_provider_took_it() {
    let found = counted(|_| {
        let around = completion!("rig::agent_chat");
        around.in_scope(|| {
            let call = completion!("rig::completions");
            call.record("gen_ai.provider.name", "openai");
            call.record("gen_ai.request.model", "gpt-4o");
            call.record("gen_ai.response.model", "gpt-4o-2024-08-06");
            call.record("gen_ai.usage.input_tokens", 1000_u64);
            call.record("gen_ai.usage.output_tokens", -1_i64);
        });
        // A similar span of another library.
        let other = completion!("other::completions");
        other.record("gen_ai.provider.name", "openai");
    });
    assert_eq!(of(&found, CALLS_MADE, ""), 1.0);
    assert_eq!(of(&found, "gen_ai.client.inference.usage.input_tokens", ""), 1000.0);
    assert!((of(&found, "glasshouse.llm.cost", "") - 0.0025).abs() < 1e-12);
}

#[test]
fn a_count_that_cannot_be_true_does_not_spoil_the_sums() {
    let found = counted(|_| {
        let call = completion!("rig::completions");
        call.record("gen_ai.provider.name", "openai");
        call.record("gen_ai.response.model", "gpt-4o");
        call.record("gen_ai.usage.input_tokens", u64::MAX);
    });
    assert_eq!(of(&found, CALLS_MADE, ""), 1.0);
    assert_eq!(of(&found, "gen_ai.client.inference.usage.input_tokens", ""), 0.0);
}

#[test]
fn a_call_without_an_answer_has_failed() {
    let found = counted(|_| {
        completion!("rig::completions").record("gen_ai.provider.name", "x");
    });
    assert_eq!(of(&found, CALLS_MADE, "unknown"), 1.0);
}

#[test]
fn a_call_inside_a_span_of_this_crate_is_not_counted_twice() {
    let found = counted(|telemetry| {
        let call = llm::chat(telemetry, "openai", "gpt-4o").start();
        call.in_scope(|| {
            completion!("rig::completions").record("gen_ai.provider.name", "openai");
        });
        call.finish();
    });
    assert_eq!(of(&found, CALLS_MADE, ""), 1.0);
    assert_eq!(of(&found, CALLS_MADE, "unknown"), 0.0);
}

#[test]
fn tools_are_counted_with_their_outcome() {
    let tool = |outcome: &str, error: &str| {
        counted(|_| {
            let span = tracing::info_span!(
                target: "rig_agent::agent::telemetry",
                "execute_tool",
                gen_ai.operation.name = "execute_tool",
                gen_ai.tool.name = Empty,
                gen_ai.tool.call.arguments = Empty,
                gen_ai.tool.call.outcome = Empty,
                gen_ai.tool.error.type = Empty,
            );
            if !outcome.is_empty() {
                span.record("gen_ai.tool.name", "weather");
                span.record("gen_ai.tool.call.outcome", outcome);
            }
            if !error.is_empty() {
                span.record("gen_ai.tool.error.type", error);
            }
        })
    };
    for (outcome, error, class) in [
        ("success", "", ""),
        ("error", "other", "tool_error"),
        ("error", "timeout", "timeout"),
        ("denied", "", "tool_error"),
    ] {
        let found = tool(outcome, error);
        assert_eq!(of(&found, "gen_ai.execute_tool.duration", class), 1.0, "{outcome} {error}");
    }
    let skipped = tool("", "");
    assert!(skipped.iter().all(|(name, _, _)| name != "gen_ai.execute_tool.duration"));
}
