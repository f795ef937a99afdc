//! Spans: 8 services of an agent application, 20 spans per trace, about 435 bytes each.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::patch::{self, marker, marker_positions, put, splitmix64};
use crate::send::Payload;

const PAYLOADS: u64 = 32;
const TRACES: u32 = 50;
const SPANS_PER_TRACE: u32 = 20;
const SERVICES: [&str; 8] =
    ["gateway", "agent", "planner", "llm-gateway", "tool-runner", "memory", "search", "billing"];
const OPERATIONS: [&str; 10] = [
    "POST /v1/chat",
    "alex.session.solve_task",
    "alex.react.iteration",
    "alex.llm.generate",
    "alex.tool.execute",
    "SELECT memories",
    "HGETALL session",
    "GET /search",
    "publish usage",
    "embed",
];

/// The meaning of a marker, in its upper byte.
const TRACE_HIGH: u32 = 0;
const TRACE_LOW: u32 = 1 << 24;
const SPAN_ID: u32 = 2 << 24;
const START: u32 = 3 << 24;
const END: u32 = 4 << 24;

/// A text attribute.
pub(crate) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    key_value(key, any_value::Value::StringValue(value.into()))
}

/// An integer attribute.
pub(crate) fn int(key: &str, value: i64) -> KeyValue {
    key_value(key, any_value::Value::IntValue(value))
}

fn key_value(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A resource with five attributes.
pub(crate) fn resource(service: &str, instance: u32) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", service),
            text("service.version", "4.12.0"),
            text("k8s.namespace.name", "production"),
            text("k8s.pod.name", format!("{service}-7d9f8b6c4-{instance:05x}")),
            text("host.name", format!("node-{}", instance % 12)),
        ],
        ..Resource::default()
    }
}

/// The payloads of the workload.
pub(crate) fn payloads() -> Vec<Payload> {
    (0..PAYLOADS).map(payload).collect()
}

fn payload(seed: u64) -> Payload {
    let mut random = StdRng::seed_from_u64(seed);
    let mut of_service: Vec<Vec<Span>> = vec![Vec::new(); SERVICES.len()];
    for trace in 0..TRACES {
        for position in 0..SPANS_PER_TRACE {
            let number = trace * SPANS_PER_TRACE + position;
            let parent =
                (position > 0).then(|| trace * SPANS_PER_TRACE + random.random_range(0..position));
            let service = if position == 0 { 0 } else { random.random_range(0..SERVICES.len()) };
            of_service[service].push(span(trace, number, parent, &mut random));
        }
    }
    let scope = InstrumentationScope {
        name: "bench".into(),
        version: "1".into(),
        ..InstrumentationScope::default()
    };
    let resource_spans = of_service
        .into_iter()
        .enumerate()
        .map(|(service, spans)| ResourceSpans {
            resource: Some(resource(SERVICES[service], seed as u32 % 5)),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope.clone()),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        })
        .collect();
    let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    let positions = marker_positions(&body);
    let renew = move |body: &mut Vec<u8>, n: u64| {
        let base = patch::start_ns() + n * 2_000_000;
        for &(at, number) in &positions {
            let (kind, i) = (number & 0xFF00_0000, u64::from(number & 0x00FF_FFFF));
            let start = base + i * 37_000;
            let value = match kind {
                START => start,
                END => start + 200_000 + splitmix64(n ^ i) % 80_000_000,
                _ => splitmix64(seed ^ (n << 32) ^ u64::from(number)) | 1,
            };
            put(body, at, value);
        }
    };
    Payload { body, items: u64::from(TRACES * SPANS_PER_TRACE), renew: Box::new(renew) }
}

fn span(trace: u32, number: u32, parent: Option<u32>, random: &mut StdRng) -> Span {
    let is_error = random.random_bool(0.02);
    let mut trace_id = marker(TRACE_HIGH | trace).to_le_bytes().to_vec();
    trace_id.extend(marker(TRACE_LOW | trace).to_le_bytes());
    let model = if random.random_bool(0.3) { "gpt-4o" } else { "gpt-4o-mini" };
    Span {
        trace_id,
        span_id: marker(SPAN_ID | number).to_le_bytes().to_vec(),
        parent_span_id: parent
            .map_or_else(Vec::new, |parent| marker(SPAN_ID | parent).to_le_bytes().to_vec()),
        name: (*OPERATIONS.choose(random).unwrap_or(&"span")).to_owned(),
        kind: random.random_range(1..=5),
        start_time_unix_nano: marker(START | number),
        end_time_unix_nano: marker(END | number),
        attributes: vec![
            text("http.request.method", if random.random_bool(0.5) { "POST" } else { "GET" }),
            text("http.route", format!("/v1/sessions/{{id}}/{}", random.random_range(0..12))),
            int("http.response.status_code", if is_error { 500 } else { 200 }),
            text(
                "server.address",
                format!("10.42.{}.{}", random.random_range(0..8), random.random_range(1..250)),
            ),
            text("gen_ai.request.model", model),
            int("gen_ai.usage.input_tokens", random.random_range(50..9000)),
            int("gen_ai.usage.output_tokens", random.random_range(10..900)),
            text("alex.session_id", format!("session-{:04x}", random.random_range(0..4096))),
            text("user.id", format!("u{:06}", random.random_range(0..50_000))),
            int("thread.id", random.random_range(1..64)),
        ],
        status: Some(Status { code: if is_error { 2 } else { 0 }, message: String::new() }),
        ..Span::default()
    }
}
