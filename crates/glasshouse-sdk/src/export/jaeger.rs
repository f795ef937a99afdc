//! Encodes spans as Jaeger's Thrift `Batch`, by OpenTelemetry's former rules
//! (`specification/trace/sdk_exporters/jaeger.md`) and Jaeger's `jaeger.thrift`. The request body
//! is the bare struct in Thrift's binary protocol, without a message header.

use super::value::{duration_microseconds, microseconds, text};
use bytes::{BufMut, Bytes, BytesMut};
use opentelemetry::{
    KeyValue, Value,
    trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceId},
};
use opentelemetry_sdk::{Resource, trace::SpanData};

const BOOL: u8 = 2;
const DOUBLE: u8 = 4;
const I32: u8 = 8;
const I64: u8 = 10;
const STRING: u8 = 11;
const STRUCT: u8 = 12;
const LIST: u8 = 15;

const CHILD_OF: i32 = 0;
const FOLLOWS_FROM: i32 = 1;

/// The encoded reporting process.
pub(super) struct JaegerProcess(Bytes);

impl JaegerProcess {
    pub(super) fn new(resource: &Resource) -> Self {
        let mut out = Writer::default();
        out.string(1, &super::service_name(resource));
        let mut tags = Tags::default();
        for (key, value) in resource {
            if key.as_str() != "service.name" {
                tags.value(key.as_str(), value);
            }
        }
        tags.write(&mut out, 2);
        out.stop();
        Self(out.0.freeze())
    }

    /// The body of one `POST` request.
    pub(super) fn encode(&self, spans: &[SpanData]) -> Bytes {
        let mut out = Writer::default();
        out.field(STRUCT, 1);
        out.0.put_slice(&self.0);
        out.list(2, STRUCT, spans.len());
        for each in spans {
            span(&mut out, each);
        }
        out.stop();
        out.0.freeze()
    }
}

fn span(out: &mut Writer, span: &SpanData) {
    let context = &span.span_context;
    let (high, low) = halves(context.trace_id());
    out.i64(1, low);
    out.i64(2, high);
    out.i64(3, span_id(context.span_id()));
    out.i64(4, span_id(span.parent_span_id));
    out.string(5, &span.name);
    let has_parent = span.parent_span_id != SpanId::INVALID;
    let references = span.links.len() + usize::from(has_parent);
    if references > 0 {
        out.list(6, STRUCT, references);
        if has_parent {
            reference(out, CHILD_OF, context.trace_id(), span.parent_span_id);
        }
        for link in span.links.iter() {
            let to: &SpanContext = &link.span_context;
            reference(out, FOLLOWS_FROM, to.trace_id(), to.span_id());
        }
    }
    out.i32(7, i32::from(context.is_sampled()));
    out.i64(8, signed(microseconds(span.start_time)));
    out.i64(9, signed(duration_microseconds(span.start_time, span.end_time)));
    tags(span).write(out, 10);
    if !span.events.is_empty() {
        out.list(11, STRUCT, span.events.len());
        for event in span.events.iter() {
            log(out, event);
        }
    }
    out.stop();
}

fn reference(out: &mut Writer, kind: i32, trace: TraceId, span: SpanId) {
    let (high, low) = halves(trace);
    out.i32(1, kind);
    out.i64(2, low);
    out.i64(3, high);
    out.i64(4, span_id(span));
    out.stop();
}

fn tags(span: &SpanData) -> Tags {
    let mut tags = Tags::default();
    let failed = matches!(span.status, Status::Error { .. });
    for attribute in &span.attributes {
        // The status determines `error`.
        if !(failed && attribute.key.as_str() == "error") {
            tags.value(attribute.key.as_str(), &attribute.value);
        }
    }
    let kind = match span.span_kind {
        SpanKind::Client => Some("client"),
        SpanKind::Server => Some("server"),
        SpanKind::Producer => Some("producer"),
        SpanKind::Consumer => Some("consumer"),
        SpanKind::Internal => None,
    };
    if let Some(kind) = kind {
        tags.string("span.kind", kind);
    }
    let scope = &span.instrumentation_scope;
    if !scope.name().is_empty() {
        tags.string("otel.scope.name", scope.name());
        tags.string("otel.library.name", scope.name());
    }
    if let Some(version) = scope.version() {
        tags.string("otel.scope.version", version);
        tags.string("otel.library.version", version);
    }
    for attribute in scope.attributes() {
        tags.value(attribute.key.as_str(), &attribute.value);
    }
    match &span.status {
        Status::Error { description } => {
            tags.string("otel.status_code", "ERROR");
            tags.value("error", &Value::Bool(true));
            if !description.is_empty() {
                tags.string("otel.status_description", description);
            }
        }
        Status::Ok => tags.string("otel.status_code", "OK"),
        Status::Unset => {}
    }
    tags.count("otel.dropped_attributes_count", span.dropped_attributes_count);
    tags.count("otel.dropped_events_count", span.events.dropped_count);
    tags.count("otel.dropped_links_count", span.links.dropped_count);
    tags
}

fn log(out: &mut Writer, event: &Event) {
    let mut fields = Tags::default();
    // An attribute named `event` overrides the event's name.
    if !event.attributes.iter().any(|attribute| attribute.key.as_str() == "event") {
        fields.string("event", &event.name);
    }
    for KeyValue { key, value, .. } in &event.attributes {
        fields.value(key.as_str(), value);
    }
    fields.count("otel.event.dropped_attributes_count", event.dropped_attributes_count);
    out.i64(1, signed(microseconds(event.timestamp)));
    fields.write(out, 2);
    out.stop();
}

/// A list of `Tag`, preceded by its length.
#[derive(Default)]
struct Tags {
    out: Writer,
    count: usize,
}

impl Tags {
    fn value(&mut self, key: &str, value: &Value) {
        let out = &mut self.out;
        self.count += 1;
        out.string(1, key);
        match value {
            Value::F64(number) => {
                out.i32(2, 1);
                out.field(DOUBLE, 4);
                out.0.put_f64(*number);
            }
            Value::Bool(flag) => {
                out.i32(2, 2);
                out.field(BOOL, 5);
                out.0.put_u8(u8::from(*flag));
            }
            Value::I64(number) => {
                out.i32(2, 3);
                out.i64(6, *number);
            }
            other => {
                out.i32(2, 0);
                out.string(3, &text(other));
            }
        }
        out.stop();
    }

    fn string(&mut self, key: &str, value: &str) {
        self.count += 1;
        self.out.string(1, key);
        self.out.i32(2, 0);
        self.out.string(3, value);
        self.out.stop();
    }

    fn count(&mut self, key: &str, count: u32) {
        if count > 0 {
            self.value(key, &Value::I64(count.into()));
        }
    }

    fn write(&self, out: &mut Writer, id: i16) {
        out.list(id, STRUCT, self.count);
        out.0.put_slice(&self.out.0);
    }
}

/// Thrift's binary protocol.
#[derive(Default)]
struct Writer(BytesMut);

impl Writer {
    fn field(&mut self, kind: u8, id: i16) {
        self.0.put_u8(kind);
        self.0.put_i16(id);
    }

    fn stop(&mut self) {
        self.0.put_u8(0);
    }

    fn i32(&mut self, id: i16, value: i32) {
        self.field(I32, id);
        self.0.put_i32(value);
    }

    fn i64(&mut self, id: i16, value: i64) {
        self.field(I64, id);
        self.0.put_i64(value);
    }

    fn string(&mut self, id: i16, value: &str) {
        self.field(STRING, id);
        // The queue is limited to 64 MiB, so the length always fits.
        self.0.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.0.put_slice(value.as_bytes());
    }

    fn list(&mut self, id: i16, kind: u8, length: usize) {
        self.field(LIST, id);
        self.0.put_u8(kind);
        self.0.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
    }
}

/// The high and low half; Thrift has only signed integers, so the bits are reinterpreted.
fn halves(trace: TraceId) -> (i64, i64) {
    let number = u128::from_be_bytes(trace.to_bytes());
    (((number >> 64) as u64).cast_signed(), (number as u64).cast_signed())
}

fn span_id(span: SpanId) -> i64 {
    i64::from_be_bytes(span.to_bytes())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
