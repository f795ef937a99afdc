//! Encodes spans as Jaeger UI JSON: traces with processes, tags, references and logs.

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;
use serde_json::{Map, Value, json};
use signals::attributes::{ValueType, json as attribute_json};
use signals::rows::ColumnError;
use signals::span::{Kind, SpanRows, StatusCode};
use signals::{SpanId, TraceId};

use crate::json;

/// Jaeger's name for a resource without a service name.
const NO_SERVICE: &str = "OTLPResourceNoServiceName";
/// Largest integer that JavaScript represents exactly.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// Appends the traces of a batch of spans as a list, in the order of `ids`. Returns the number of
/// traces and the ids without spans. JSON values are built one span at a time: a response may hold
/// hundreds of thousands.
pub(super) fn write(
    out: &mut Vec<u8>,
    batch: &RecordBatch,
    ids: &[TraceId],
) -> Result<(usize, Vec<TraceId>), ColumnError> {
    let rows = SpanRows::new(batch)?;
    let mut by_trace: HashMap<TraceId, Vec<usize>> = HashMap::new();
    for row in 0..rows.len() {
        by_trace.entry(rows.trace_id(row)).or_default().push(row);
    }
    let missing = ids.iter().filter(|id| !by_trace.contains_key(id)).copied().collect();
    let mut total = 0;
    let found = ids.iter().filter_map(|id| Some((*id, by_trace.remove(id)?)));
    json::list(out, found, |out, (id, members)| {
        total += 1;
        write_trace(out, &rows, id, members);
    });
    Ok((total, missing))
}

fn write_trace(out: &mut Vec<u8>, rows: &SpanRows<'_>, id: TraceId, mut members: Vec<usize>) {
    members.sort_by_key(|row| (rows.start_time(*row), rows.span_id(*row)));
    let mut processes = Map::new();
    let mut process_ids: HashMap<(&str, &str), String> = HashMap::new();
    out.extend_from_slice(b"{\"spans\":");
    json::list(out, members, |out, row| {
        let resource = (rows.service_name(row), rows.resource_attributes(row));
        let next = process_ids.len() + 1;
        let process_id = process_ids.entry(resource).or_insert_with(|| {
            let id = format!("p{next}");
            processes.insert(id.clone(), process(resource.0, resource.1));
            id
        });
        json::value(out, &span(rows, row, process_id));
    });
    let rest = json!({ "traceID": trace_text(id), "processes": processes, "warnings": null });
    json::rest_of_object(out, &rest);
}

/// 32 digits, or 16 when the upper half is zero.
pub(super) fn trace_text(id: TraceId) -> String {
    let text = id.to_string();
    match text.strip_prefix("0000000000000000") {
        Some(short) => short.to_owned(),
        None => text,
    }
}

fn process(service: &str, resource: &str) -> Value {
    let attributes = attribute_json::object(resource);
    let service = if attributes.contains_key("service.name") { service } else { NO_SERVICE };
    let tags: Vec<Value> = attributes
        .iter()
        .filter(|(key, _)| *key != "service.name")
        .map(|(key, value)| json_tag(key, value))
        .collect();
    json!({ "serviceName": service, "tags": tags })
}

fn span(rows: &SpanRows<'_>, row: usize, process_id: &str) -> Value {
    let mut value = json!({
        "traceID": trace_text(rows.trace_id(row)),
        "spanID": rows.span_id(row).to_string(),
        "operationName": rows.name(row),
        "references": references(rows, row),
        "startTime": rows.start_time(row).div_euclid(1000),
        "duration": rows.duration_ns(row) / 1000,
        "tags": tags(rows, row),
        "logs": logs(rows.events(row)),
        "processID": process_id,
        "warnings": null,
    });
    // Only the lower byte is defined by W3C; OTLP uses the bits above it.
    let flags = rows.flags(row) & 0xff;
    if let (true, Some(value)) = (flags != 0, value.as_object_mut()) {
        value.insert("flags".to_owned(), flags.into());
    }
    value
}

/// The parent first, then links; a link to the parent only changes the reference type.
fn references(rows: &SpanRows<'_>, row: usize) -> Vec<Value> {
    let trace_id = rows.trace_id(row);
    let parent = rows.parent_span_id(row);
    let mut references: Vec<(&str, String, String)> = Vec::new();
    if let Some(parent) = parent {
        references.push(("CHILD_OF", trace_text(trace_id), parent.to_string()));
    }
    let links: Vec<Value> = serde_json::from_str(rows.links(row)).unwrap_or_default();
    for link in &links {
        let text = |key: &str| link.get(key).and_then(Value::as_str).unwrap_or_default();
        let (Ok(link_trace), Ok(link_span)) =
            (TraceId::parse(text("trace_id")), SpanId::parse(text("span_id")))
        else {
            continue;
        };
        let kind =
            link.get("attributes").and_then(|attributes| attributes.get("opentracing.ref_type"));
        let is_child = kind.and_then(Value::as_str) == Some("child_of");
        let kind = if is_child { "CHILD_OF" } else { "FOLLOWS_FROM" };
        if link_trace == trace_id && Some(link_span) == parent {
            if let Some(first) = references.first_mut() {
                first.0 = kind;
            }
            continue;
        }
        references.push((kind, trace_text(link_trace), link_span.to_string()));
    }
    let to_json =
        |(kind, trace, span)| json!({ "refType": kind, "traceID": trace, "spanID": span });
    references.into_iter().map(to_json).collect()
}

/// Scope, attributes, kind, status and trace state, in this order.
fn tags(rows: &SpanRows<'_>, row: usize) -> Vec<Value> {
    let mut tags = Vec::new();
    let text = |tags: &mut Vec<Value>, key: &str, value: &str| {
        if !value.is_empty() {
            tags.push(tag(key, "string", value.into()));
        }
    };
    text(&mut tags, "otel.scope.name", rows.scope_name(row));
    text(&mut tags, "otel.scope.version", rows.scope_version(row));
    for (key, value, kind) in rows.attributes(row) {
        tags.push(attribute_tag(key, value, kind));
    }
    let kind = rows.kind(row);
    if kind != Kind::Unspecified {
        text(&mut tags, "span.kind", kind.name());
    }
    match rows.status_code(row) {
        StatusCode::Unset => {}
        StatusCode::Ok => text(&mut tags, "otel.status_code", "OK"),
        StatusCode::Error => {
            tags.push(tag("error", "bool", true.into()));
            text(&mut tags, "otel.status_code", "ERROR");
        }
    }
    text(&mut tags, "otel.status_description", rows.status_message(row));
    text(&mut tags, "w3c.tracestate", rows.trace_state(row));
    tags
}

#[expect(clippy::needless_pass_by_value, reason = "moved into the object")]
fn tag(key: &str, kind: &str, value: Value) -> Value {
    json!({ "key": key, "type": kind, "value": value })
}

fn attribute_tag(key: &str, text: &str, kind: ValueType) -> Value {
    match kind {
        ValueType::Int => match text.parse::<i64>() {
            Ok(number) => integer_tag(key, number),
            Err(_) => tag(key, "string", text.into()),
        },
        ValueType::Double => match text.parse::<f64>() {
            // JSON cannot represent infinity; Jaeger's own encoder fails on it.
            Ok(number) if number.is_finite() => tag(key, "float64", number.into()),
            _ => tag(key, "string", text.into()),
        },
        ValueType::Bool => tag(key, "bool", (text == "true").into()),
        ValueType::Bytes => tag(key, "binary", text.into()),
        ValueType::String | ValueType::Json | ValueType::Empty => tag(key, "string", text.into()),
    }
}

fn integer_tag(key: &str, number: i64) -> Value {
    let is_exact = number.unsigned_abs() <= EXACT_MAX;
    tag(key, "int64", if is_exact { number.into() } else { number.to_string().into() })
}

/// An attribute from a JSON object; its type is that of the JSON value.
fn json_tag(key: &str, value: &Value) -> Value {
    let (text, kind) = attribute_json::text(value);
    attribute_tag(key, &text, kind)
}

/// Events as Jaeger logs; the event name is the first field.
fn logs(events: &str) -> Vec<Value> {
    let events: Vec<BTreeMap<String, Value>> = serde_json::from_str(events).unwrap_or_default();
    let log = |event: &BTreeMap<String, Value>| {
        let attributes = event.get("attributes").and_then(Value::as_object);
        let name = event.get("name").and_then(Value::as_str).unwrap_or_default();
        let mut fields = Vec::new();
        if !name.is_empty()
            && !attributes.is_some_and(|attributes| attributes.contains_key("event"))
        {
            fields.push(tag("event", "string", name.into()));
        }
        fields.extend(attributes.into_iter().flatten().map(|(key, value)| json_tag(key, value)));
        let time = event.get("time_unix_nano").and_then(Value::as_i64).unwrap_or_default();
        json!({ "timestamp": time.div_euclid(1000), "fields": fields })
    };
    events.iter().map(log).collect()
}

#[cfg(test)]
mod tests {
    use signals::attributes::Value as Attribute;
    use signals::span::{Span, SpanBuilder};

    use super::*;

    const TRACE: TraceId = TraceId([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const ROOT: SpanId = SpanId([0, 0, 0, 0, 0, 0, 0, 1]);
    const CHILD: SpanId = SpanId([0, 0, 0, 0, 0, 0, 0, 2]);

    /// A root span and a failed child that links to it and to another trace.
    fn spans() -> RecordBatch {
        let mut builder = SpanBuilder::default();
        let resource = builder.resource("shop", r#"{"service.name":"shop","pid":7}"#);
        let scope = builder.scope("it", "1.0", "");
        let links = r#"[{"trace_id":"00000000000000000102030405060708","span_id":"0000000000000001","attributes":{"opentracing.ref_type":"child_of"}},{"trace_id":"11111111111111111111111111111111","span_id":"2222222222222222"},{"trace_id":"bad","span_id":""}]"#;
        let events =
            r#"[{"time_unix_nano":5000,"name":"exception","attributes":{"message":"no"}}]"#;
        builder.attributes().push("big", Attribute::Int(i64::MAX));
        builder.attributes().push("small", Attribute::Int(3));
        builder.attributes().push("cost", Attribute::Double(0.5));
        builder.attributes().push("on", Attribute::Bool(true));
        let child = Span {
            parent_span_id: Some(ROOT),
            name: "child",
            kind: Kind::Client,
            status_code: StatusCode::Error,
            status_message: "no",
            duration_ns: 2_999,
            flags: 0x101,
            events,
            links,
            ..Span::new(TRACE, CHILD, 9_000)
        };
        builder.append(resource, scope, &child).unwrap();
        let root = Span { name: "root", duration_ns: 9_000, ..Span::new(TRACE, ROOT, 1_000) };
        builder.append(resource, scope, &root).unwrap();
        builder.finish().unwrap()
    }

    #[test]
    fn a_trace_has_the_shape_that_jaeger_shows() {
        let (missing, mut text) = (TraceId([9; 16]), Vec::new());
        let written = write(&mut text, &spans(), &[missing, TRACE, TRACE]).unwrap();
        assert_eq!(written, (1, vec![missing]), "a trace comes once");
        let traces: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(traces.as_array().unwrap().len(), 1);
        let trace = &traces[0];
        assert_eq!(trace["traceID"], "0102030405060708");
        let process = json!({ "serviceName": "shop", "tags": [{ "key": "pid", "type": "int64", "value": 7 }] });
        assert_eq!(trace["processes"], json!({ "p1": process }));
        let spans = trace["spans"].as_array().unwrap();
        assert_eq!(spans.len(), 2);
        assert_eq!(spans[0]["operationName"], "root");
        assert!(spans[0].get("flags").is_none());
        let expected = json!({
            "traceID": "0102030405060708", "spanID": "0000000000000002", "operationName": "child", "flags": 1,
            "references": [
                { "refType": "CHILD_OF", "traceID": "0102030405060708", "spanID": "0000000000000001" },
                { "refType": "FOLLOWS_FROM", "traceID": "11111111111111111111111111111111", "spanID": "2222222222222222" },
            ],
            "startTime": 9, "duration": 2,
            "tags": [
                { "key": "otel.scope.name", "type": "string", "value": "it" },
                { "key": "otel.scope.version", "type": "string", "value": "1.0" },
                { "key": "big", "type": "int64", "value": "9223372036854775807" },
                { "key": "small", "type": "int64", "value": 3 },
                { "key": "cost", "type": "float64", "value": 0.5 },
                { "key": "on", "type": "bool", "value": true },
                { "key": "span.kind", "type": "string", "value": "client" },
                { "key": "error", "type": "bool", "value": true },
                { "key": "otel.status_code", "type": "string", "value": "ERROR" },
                { "key": "otel.status_description", "type": "string", "value": "no" },
            ],
            "logs": [{ "timestamp": 5, "fields": [
                { "key": "event", "type": "string", "value": "exception" },
                { "key": "message", "type": "string", "value": "no" },
            ] }],
            "processID": "p1", "warnings": null,
        });
        assert_eq!(spans[1], expected);
    }
}
