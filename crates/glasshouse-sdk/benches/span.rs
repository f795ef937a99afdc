//! What a span with ten attributes costs: the SDK's helper with its metrics, against `tracing` with
//! `tracing-opentelemetry` and against a bare OpenTelemetry tracer, all without an exporter.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use glasshouse_sdk::Telemetry;
use glasshouse_sdk::llm::{self, Usage};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Tracer, TracerProvider};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;

/// Takes spans and does nothing with them.
#[derive(Debug)]
struct DiscardSpans;

impl SpanProcessor for DiscardSpans {
    fn on_start(&self, _span: &mut Span, _context: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        black_box(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn provider() -> SdkTracerProvider {
    SdkTracerProvider::builder().with_span_processor(DiscardSpans).build()
}

/// The ten attributes, as all three say them.
fn attributes() -> Vec<KeyValue> {
    vec![
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", black_box("openai").to_owned()),
        KeyValue::new("gen_ai.request.model", black_box("gpt-4o").to_owned()),
        KeyValue::new("gen_ai.request.max_tokens", black_box(100_i64)),
        KeyValue::new("gen_ai.request.temperature", black_box(0.5)),
        KeyValue::new("gen_ai.response.model", black_box("gpt-4o-2024-08-06").to_owned()),
        KeyValue::new("gen_ai.response.id", black_box("r-1").to_owned()),
        KeyValue::new("gen_ai.usage.input_tokens", black_box(1000_i64)),
        KeyValue::new("gen_ai.usage.output_tokens", black_box(100_i64)),
        KeyValue::new("gen_ai.usage.cost", black_box(0.0035)),
    ]
}

#[expect(clippy::too_many_lines, reason = "one block for each way that is compared")]
fn spans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a_span_with_ten_attributes");

    let tracer = provider().tracer("bench");
    group.bench_function("opentelemetry", |bencher| {
        bencher.iter(|| {
            let mut span = tracer
                .span_builder(format!("chat {}", black_box("gpt-4o")))
                .with_kind(SpanKind::Client)
                .with_attributes(attributes())
                .start(&tracer);
            span.end();
        });
    });

    let subscriber = || {
        tracing_subscriber::registry().with(
            tracing_opentelemetry::layer()
                .with_tracer(provider().tracer("bench"))
                .with_location(false)
                .with_threads(false)
                .with_target(false),
        )
    };
    tracing::subscriber::with_default(subscriber(), || {
        group.bench_function("tracing_fields", |bencher| {
            bencher.iter(|| {
                let span = tracing::info_span!(
                    "chat",
                    otel.kind = "client",
                    otel.name = format!("chat {}", black_box("gpt-4o")),
                    gen_ai.operation.name = "chat",
                    gen_ai.provider.name = black_box("openai"),
                    gen_ai.request.model = black_box("gpt-4o"),
                    gen_ai.request.max_tokens = black_box(100_i64),
                    gen_ai.request.temperature = black_box(0.5),
                    gen_ai.response.model = Empty,
                    gen_ai.response.id = Empty,
                    gen_ai.usage.input_tokens = Empty,
                    gen_ai.usage.output_tokens = Empty,
                    gen_ai.usage.cost = Empty,
                );
                span.record("gen_ai.response.model", black_box("gpt-4o-2024-08-06"));
                span.record("gen_ai.response.id", black_box("r-1"));
                span.record("gen_ai.usage.input_tokens", black_box(1000_i64));
                span.record("gen_ai.usage.output_tokens", black_box(100_i64));
                span.record("gen_ai.usage.cost", black_box(0.0035));
            });
        });
        group.bench_function("tracing_set_attribute", |bencher| {
            bencher.iter(|| {
                let span = tracing::info_span!("chat", otel.kind = "client", otel.name = Empty);
                for pair in attributes() {
                    span.set_attribute(pair.key, pair.value);
                }
            });
        });

        let telemetry = Telemetry::unexported();
        let call = |telemetry: &Telemetry| {
            let mut call = llm::chat(telemetry, black_box("openai"), black_box("gpt-4o"))
                .max_tokens(black_box(100))
                .temperature(black_box(0.5))
                .start();
            call.response_model(black_box("gpt-4o-2024-08-06"));
            call.response_id(black_box("r-1"));
            call.usage(Usage::new(black_box(1000), black_box(100)));
            call.cost_usd(black_box(0.0035));
            call.finish();
        };
        group.bench_function("glasshouse_without_metrics", |bencher| {
            let silent = Telemetry::noop();
            bencher.iter(|| call(&silent));
        });
        group.bench_function("glasshouse", |bencher| bencher.iter(|| call(&telemetry)));
    });

    let telemetry = Telemetry::unexported();
    group.bench_function("glasshouse_without_traces", |bencher| {
        bencher.iter(|| {
            let mut call = llm::chat(&telemetry, black_box("openai"), black_box("gpt-4o")).start();
            call.usage(Usage::new(black_box(1000), black_box(100)));
            call.finish();
        });
    });
    group.finish();
}

criterion_group!(benches, spans);
criterion_main!(benches);
