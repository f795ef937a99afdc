//! Encodes OTLP spans in two JSON mappings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span, Status, TracesData, span};
use serde_json::{Map, Value, json};

/// A JSON mapping of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonStyle {
    /// OTLP's: ids in hexadecimal, enums as numbers. Used by Jaeger's v3 API.
    Otlp,
    /// Protobuf's: ids in base64, enums by name. Used by Tempo.
    Protobuf,
}

const SPAN_KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// The array `resourceSpans`.
pub(super) fn resource_spans(traces: &TracesData, style: JsonStyle) -> Value {
    let each = traces.resource_spans.iter().map(|resource_spans| {
        let attributes =
            resource_spans.resource.as_ref().map(|resource| attributes(&resource.attributes));
        let scopes: Vec<_> =
            resource_spans.scope_spans.iter().map(|each| scope_spans(each, style)).collect();
        json!({
            "resource": { "attributes": attributes.unwrap_or_default() },
            "scopeSpans": scopes,
        })
    });
    each.collect()
}

fn scope_spans(scope_spans: &ScopeSpans, style: JsonStyle) -> Value {
    let spans: Vec<_> = scope_spans.spans.iter().map(|each| span(each, style)).collect();
    json!({ "scope": scope_spans.scope.as_ref().map(scope), "spans": spans })
}

/// Omits default values, as protobuf's mapping does.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.put(key, text);
        }
    }

    fn count(&mut self, key: &str, count: u32) {
        if count > 0 {
            self.put(key, count);
        }
    }

    fn id(&mut self, key: &str, id: &[u8], style: JsonStyle) {
        let text = match style {
            JsonStyle::Otlp => hex::encode(id),
            JsonStyle::Protobuf => STANDARD.encode(id),
        };
        self.text(key, &text);
    }

    fn attributes(&mut self, pairs: &[KeyValue]) {
        if !pairs.is_empty() {
            self.put("attributes", attributes(pairs));
        }
    }

    fn enumeration(&mut self, key: &str, number: i32, names: &[&str], style: JsonStyle) {
        let name = usize::try_from(number).ok().and_then(|i| names.get(i));
        match (style, name) {
            (JsonStyle::Protobuf, Some(name)) => self.put(key, *name),
            _ => self.put(key, number),
        }
    }
}

fn scope(scope: &InstrumentationScope) -> Value {
    let mut object = Object::default();
    object.text("name", &scope.name);
    object.text("version", &scope.version);
    object.attributes(&scope.attributes);
    object.0.into()
}

fn span(span: &Span, style: JsonStyle) -> Value {
    let mut object = Object::default();
    object.id("traceId", &span.trace_id, style);
    object.id("spanId", &span.span_id, style);
    object.text("traceState", &span.trace_state);
    object.id("parentSpanId", &span.parent_span_id, style);
    object.count("flags", span.flags);
    object.put("name", span.name.as_str());
    object.enumeration("kind", span.kind, &SPAN_KINDS, style);
    object.put("startTimeUnixNano", span.start_time_unix_nano.to_string());
    object.put("endTimeUnixNano", span.end_time_unix_nano.to_string());
    object.attributes(&span.attributes);
    object.count("droppedAttributesCount", span.dropped_attributes_count);
    if !span.events.is_empty() {
        object.put("events", span.events.iter().map(event).collect::<Vec<_>>());
    }
    object.count("droppedEventsCount", span.dropped_events_count);
    if !span.links.is_empty() {
        object.put("links", span.links.iter().map(|each| link(each, style)).collect::<Vec<_>>());
    }
    object.count("droppedLinksCount", span.dropped_links_count);
    object
        .put("status", span.status.as_ref().map_or_else(|| json!({}), |each| status(each, style)));
    object.0.into()
}

fn status(status: &Status, style: JsonStyle) -> Value {
    let mut object = Object::default();
    object.text("message", &status.message);
    if status.code != 0 {
        object.enumeration("code", status.code, &STATUS_CODES, style);
    }
    object.0.into()
}

fn event(event: &span::Event) -> Value {
    let mut object = Object::default();
    object.put("timeUnixNano", event.time_unix_nano.to_string());
    object.text("name", &event.name);
    object.attributes(&event.attributes);
    object.count("droppedAttributesCount", event.dropped_attributes_count);
    object.0.into()
}

fn link(link: &span::Link, style: JsonStyle) -> Value {
    let mut object = Object::default();
    object.id("traceId", &link.trace_id, style);
    object.id("spanId", &link.span_id, style);
    object.text("traceState", &link.trace_state);
    object.attributes(&link.attributes);
    object.count("droppedAttributesCount", link.dropped_attributes_count);
    object.count("flags", link.flags);
    object.0.into()
}

fn attributes(pairs: &[KeyValue]) -> Vec<Value> {
    let each = pairs.iter().map(|pair| {
        let value = pair.value.as_ref().map_or_else(|| json!({}), any_value);
        json!({ "key": pair.key, "value": value })
    });
    each.collect()
}

fn any_value(value: &AnyValue) -> Value {
    use any_value::Value::{
        ArrayValue, BoolValue, BytesValue, DoubleValue, IntValue, KvlistValue, StringValue,
        StringValueStrindex,
    };
    match &value.value {
        None | Some(StringValueStrindex(_)) => json!({}),
        Some(StringValue(text)) => json!({ "stringValue": text }),
        Some(BoolValue(value)) => json!({ "boolValue": value }),
        Some(IntValue(number)) => json!({ "intValue": number.to_string() }),
        Some(DoubleValue(number)) => json!({ "doubleValue": double(*number) }),
        Some(BytesValue(bytes)) => json!({ "bytesValue": STANDARD.encode(bytes) }),
        Some(ArrayValue(list)) => {
            let values: Vec<_> = list.values.iter().map(any_value).collect();
            json!({ "arrayValue": { "values": values } })
        }
        Some(KvlistValue(list)) => json!({ "kvlistValue": { "values": attributes(&list.values) } }),
    }
}

fn double(number: f64) -> Value {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        number.into()
    }
}
