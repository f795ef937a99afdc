//! Encodes Tempo's JSON search results and its protobuf envelope of a trace.

use query::traces::{MatchedSpan, SpanSet, Static, TraceMatch};
use serde_json::{Map, Value, json};

use crate::json;

/// A `TraceByIDResponse` with a complete trace.
pub(super) fn trace_by_id(trace: &[u8]) -> Vec<u8> {
    const TRACE: u8 = 0x0a;
    const METRICS: u8 = 0x12;
    let mut out = Vec::with_capacity(trace.len() + 16);
    out.push(TRACE);
    let mut length = trace.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(trace);
    out.extend_from_slice(&[METRICS, 0]);
    out
}

/// `{"traces": […], "metrics": {…}}`
pub(super) fn search(found: &[TraceMatch]) -> Vec<u8> {
    let mut out = b"{\"traces\":".to_vec();
    json::list(&mut out, found, |out, found| json::value(out, &trace(found)));
    json::rest_of_object(&mut out, &json!({ "metrics": { "inspectedTraces": found.len() } }));
    out
}

fn trace(found: &TraceMatch) -> Value {
    let mut value = json!({
        "traceID": found.trace_id.to_string(),
        "rootServiceName": found.root_service_name,
        "startTimeUnixNano": found.start_time.to_string(),
    });
    let Some(fields) = value.as_object_mut() else { return value };
    // Protobuf's JSON mapping omits empty and zero fields.
    if !found.root_span_name.is_empty() {
        fields.insert("rootTraceName".to_owned(), found.root_span_name.as_str().into());
    }
    let duration_ms = found.duration_ns / 1_000_000;
    if duration_ms != 0 {
        fields.insert("durationMs".to_owned(), duration_ms.into());
    }
    let sets: Vec<Value> = found.span_sets.iter().map(span_set).collect();
    if let Some(first) = sets.first() {
        fields.insert("spanSet".to_owned(), first.clone());
        fields.insert("spanSets".to_owned(), sets.into());
    }
    let stats: Map<String, Value> = found
        .service_stats
        .iter()
        .map(|(service, stats)| {
            let mut value = json!({ "spanCount": stats.span_count });
            if let (true, Some(fields)) = (stats.error_count > 0, value.as_object_mut()) {
                fields.insert("errorCount".to_owned(), stats.error_count.into());
            }
            (service.clone(), value)
        })
        .collect();
    fields.insert("serviceStats".to_owned(), stats.into());
    value
}

fn span_set(set: &SpanSet) -> Value {
    let spans: Vec<Value> = set.spans.iter().map(span).collect();
    let mut value = json!({ "spans": spans, "matched": set.matched });
    if let (false, Some(fields)) = (set.attributes.is_empty(), value.as_object_mut()) {
        fields.insert("attributes".to_owned(), attributes(&set.attributes));
    }
    value
}

fn span(span: &MatchedSpan) -> Value {
    json!({
        "spanID": span.span_id.to_string(),
        "name": span.name,
        "startTimeUnixNano": span.start_time.to_string(),
        "durationNanos": span.duration_ns.to_string(),
        "attributes": attributes(&span.attributes),
    })
}

fn attributes(attributes: &[(String, Static)]) -> Value {
    let attribute =
        |(key, value): &(String, Static)| json!({ "key": key, "value": any_value(value) });
    attributes.iter().map(attribute).collect()
}

/// OTLP's `AnyValue` in protobuf's JSON mapping.
fn any_value(value: &Static) -> Value {
    match value {
        Static::Nil => json!({ "stringValue": "nil" }),
        Static::Int(number) | Static::Duration(number) => json!({ "intValue": number.to_string() }),
        Static::Float(number) if number.is_finite() => json!({ "doubleValue": number }),
        // Protobuf's names for values that JSON cannot represent.
        Static::Float(number) if number.is_nan() => json!({ "doubleValue": "NaN" }),
        Static::Float(number) if *number > 0.0 => json!({ "doubleValue": "Infinity" }),
        Static::Float(_) => json!({ "doubleValue": "-Infinity" }),
        Static::Text(text) => json!({ "stringValue": text }),
        Static::Bool(value) => json!({ "boolValue": value }),
        Static::Status(status) => json!({ "stringValue": status.name() }),
        Static::Kind(kind) => json!({ "stringValue": kind.name() }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use query::traces::ServiceStats;
    use signals::{SpanId, TraceId};

    use super::*;

    #[test]
    fn a_found_trace_has_the_shape_that_grafana_reads() {
        let matched = MatchedSpan {
            span_id: SpanId([0, 0, 0, 0, 0, 0, 0, 0xa2]),
            name: "generate".to_owned(),
            start_time: 7,
            duration_ns: 1_500_000,
            attributes: vec![
                ("tokens".to_owned(), Static::Int(1234)),
                ("x".to_owned(), Static::Float(0.5)),
            ],
        };
        let found = TraceMatch {
            trace_id: TraceId([1; 16]),
            root_service_name: "shop".to_owned(),
            root_span_name: "solve".to_owned(),
            start_time: 5,
            duration_ns: 3_999_999,
            span_sets: vec![SpanSet { spans: vec![matched], matched: 2, attributes: vec![] }],
            service_stats: BTreeMap::from([(
                "shop".to_owned(),
                ServiceStats { span_count: 2, error_count: 1 },
            )]),
        };
        let answer: Value = serde_json::from_slice(&search(&[found])).unwrap();
        let trace = &answer["traces"][0];
        assert_eq!(trace["traceID"], "01".repeat(16));
        assert_eq!((&trace["startTimeUnixNano"], &trace["durationMs"]), (&json!("5"), &json!(3)));
        assert_eq!(trace["spanSet"], trace["spanSets"][0]);
        let expected = json!({
            "spanID": "00000000000000a2", "name": "generate", "startTimeUnixNano": "7", "durationNanos": "1500000",
            "attributes": [
                { "key": "tokens", "value": { "intValue": "1234" } },
                { "key": "x", "value": { "doubleValue": 0.5 } },
            ],
        });
        assert_eq!(trace["spanSets"][0]["spans"][0], expected);
        assert_eq!(trace["serviceStats"]["shop"], json!({ "spanCount": 2, "errorCount": 1 }));
    }

    #[test]
    fn a_trace_is_framed_with_its_length() {
        let framed = trace_by_id(&[7; 300]);
        assert_eq!(framed[..3], [0x0a, 0xac, 0x02]);
        assert_eq!((framed.len(), &framed[303..]), (305, &[0x12, 0][..]));
    }
}
