//! Encodes spans as OTLP, for responses with complete traces.

mod json;

use std::collections::HashMap;

use arrow::array::RecordBatch;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status, TracesData, span,
};
use prost::Message as _;
use serde_json::{Map, Value};
use signals::attributes::json as attribute_json;
use signals::rows::ColumnError;
use signals::span::SpanRows;
use signals::{SpanId, TraceId};

pub use json::JsonStyle;

/// Encodes spans as protobuf `TracesData`, which equals Tempo's `Trace` on the wire.
///
/// # Errors
/// [`ColumnError`] if it is not a batch of spans.
pub fn encode_traces(batch: &RecordBatch) -> Result<Vec<u8>, ColumnError> {
    Ok(traces_data(batch)?.encode_to_vec())
}

/// Encodes spans as the JSON array `resourceSpans`.
///
/// # Errors
/// [`ColumnError`] if it is not a batch of spans.
pub fn encode_traces_json(batch: &RecordBatch, style: JsonStyle) -> Result<Value, ColumnError> {
    Ok(json::resource_spans(&traces_data(batch)?, style))
}

/// Groups spans by resource and scope, in order of first appearance.
fn traces_data(batch: &RecordBatch) -> Result<TracesData, ColumnError> {
    let rows = SpanRows::new(batch)?;
    let mut traces = TracesData::default();
    let mut resources: HashMap<&str, usize> = HashMap::new();
    let mut scopes: HashMap<(usize, &str, &str, &str), usize> = HashMap::new();
    for row in 0..rows.len() {
        let resource = rows.resource_attributes(row);
        let resource_place = *resources.entry(resource).or_insert_with(|| {
            let resource = Resource {
                attributes: pairs(&attribute_json::object(resource)),
                ..Resource::default()
            };
            traces
                .resource_spans
                .push(ResourceSpans { resource: Some(resource), ..ResourceSpans::default() });
            traces.resource_spans.len() - 1
        });
        let Some(resource_spans) = traces.resource_spans.get_mut(resource_place) else { continue };
        let (name, version, attributes) =
            (rows.scope_name(row), rows.scope_version(row), rows.scope_attributes(row));
        let scope_place =
            *scopes.entry((resource_place, name, version, attributes)).or_insert_with(|| {
                let scope = InstrumentationScope {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    attributes: pairs(&attribute_json::object(attributes)),
                    ..InstrumentationScope::default()
                };
                resource_spans
                    .scope_spans
                    .push(ScopeSpans { scope: Some(scope), ..ScopeSpans::default() });
                resource_spans.scope_spans.len() - 1
            });
        if let Some(scope_spans) = resource_spans.scope_spans.get_mut(scope_place) {
            scope_spans.spans.push(span(&rows, row));
        }
    }
    Ok(traces)
}

fn span(rows: &SpanRows<'_>, row: usize) -> Span {
    let status =
        Status { message: rows.status_message(row).to_owned(), code: rows.status_code(row) as i32 };
    let attributes = rows.attributes(row).map(|(key, text, kind)| {
        let value = match kind {
            signals::attributes::ValueType::Bytes => bytes_value(text),
            // Not representable as JSON numbers.
            signals::attributes::ValueType::Double => {
                text.parse().ok().map(any_value::Value::DoubleValue)
            }
            kind => value(&attribute_json::value(text, kind)),
        };
        key_value(key, value)
    });
    Span {
        trace_id: rows.trace_id(row).0.to_vec(),
        span_id: rows.span_id(row).0.to_vec(),
        trace_state: rows.trace_state(row).to_owned(),
        parent_span_id: rows.parent_span_id(row).map(|id| id.0.to_vec()).unwrap_or_default(),
        flags: rows.flags(row),
        name: rows.name(row).to_owned(),
        kind: rows.kind(row) as i32,
        start_time_unix_nano: rows.start_time(row).max(0).unsigned_abs(),
        end_time_unix_nano: rows.end_time(row).max(0).unsigned_abs(),
        attributes: attributes.collect(),
        dropped_attributes_count: rows.dropped_attributes_count(row),
        events: objects(rows.events(row)).iter().map(event).collect(),
        dropped_events_count: rows.dropped_events_count(row),
        links: objects(rows.links(row)).iter().map(link).collect(),
        dropped_links_count: rows.dropped_links_count(row),
        status: Some(status),
    }
}

fn objects(text: &str) -> Vec<Map<String, Value>> {
    serde_json::from_str(text).unwrap_or_default()
}

fn event(event: &Map<String, Value>) -> span::Event {
    span::Event {
        time_unix_nano: number(event, "time_unix_nano"),
        name: text(event, "name").to_owned(),
        attributes: attributes_of(event),
        dropped_attributes_count: number(event, "dropped_attributes_count") as u32,
    }
}

fn link(link: &Map<String, Value>) -> span::Link {
    let trace_id = TraceId::parse(text(link, "trace_id")).map(|id| id.0.to_vec());
    let span_id = SpanId::parse(text(link, "span_id")).map(|id| id.0.to_vec());
    span::Link {
        trace_id: trace_id.unwrap_or_default(),
        span_id: span_id.unwrap_or_default(),
        trace_state: text(link, "trace_state").to_owned(),
        attributes: attributes_of(link),
        dropped_attributes_count: number(link, "dropped_attributes_count") as u32,
        flags: number(link, "flags") as u32,
    }
}

fn number(object: &Map<String, Value>, key: &str) -> u64 {
    object.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn attributes_of(object: &Map<String, Value>) -> Vec<KeyValue> {
    object.get("attributes").and_then(Value::as_object).map(pairs).unwrap_or_default()
}

fn pairs(object: &Map<String, Value>) -> Vec<KeyValue> {
    object.iter().map(|(key, each)| key_value(key, value(each))).collect()
}

fn key_value(key: &str, value: Option<any_value::Value>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value }), ..KeyValue::default() }
}

fn bytes_value(text: &str) -> Option<any_value::Value> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    Some(any_value::Value::BytesValue(bytes))
}

/// The value of rendered JSON; its depth was bounded at ingest.
fn value(json: &Value) -> Option<any_value::Value> {
    Some(match json {
        Value::Null => return None,
        Value::Bool(value) => any_value::Value::BoolValue(*value),
        Value::String(text) => any_value::Value::StringValue(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => any_value::Value::IntValue(number),
            None => any_value::Value::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Value::Array(items) => any_value::Value::ArrayValue(ArrayValue {
            values: items.iter().map(|item| AnyValue { value: value(item) }).collect(),
        }),
        Value::Object(members) => {
            any_value::Value::KvlistValue(KeyValueList { values: pairs(members) })
        }
    })
}
