//! Expected rows, computed independently from prost's structs, and rows as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};
use signals::attributes::build::double_text;
use signals::log::LogRows;
use signals::span::{Kind, SpanRows, StatusCode};
use signals::{Batch, SpanId, Timestamp, TraceId};

/// One line of text per row.
pub(super) fn render(batch: &Batch) -> Vec<String> {
    match batch {
        Batch::Spans(batch) => {
            let rows = SpanRows::new(batch).unwrap();
            (0..rows.len()).map(|row| render_span(&rows, row)).collect()
        }
        Batch::Logs(batch) => {
            let rows = LogRows::new(batch).unwrap();
            (0..rows.len()).map(|row| render_log(&rows, row)).collect()
        }
        Batch::Metrics(series) => {
            let samples = series.samples.iter().map(|sample| format!("{sample:?}"));
            samples.chain(series.histograms.iter().map(|sample| format!("{sample:?}"))).collect()
        }
    }
}

/// JSON text with sorted keys; empty text is unchanged.
fn normal(text: &str) -> String {
    if text.is_empty() { String::new() } else { sorted(&serde_json::from_str(text).unwrap()) }
}

fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.iter().map(|(key, value)| format!("{key:?}:{}", sorted(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(","))
        }
        value => value.to_string(),
    }
}

fn typed(letter: char, text: &str) -> String {
    if letter == 'j' { format!("j:{}", normal(text)) } else { format!("{letter}:{text}") }
}

fn render_span(rows: &SpanRows<'_>, row: usize) -> String {
    let attributes: Vec<_> = rows
        .attributes(row)
        .map(|(key, text, kind)| format!("{key:?}={}", typed(kind.letter(), text)))
        .collect();
    format!(
        "{} {} parent={:?} state={:?} flags={} service={:?} name={:?} kind={:?} start={} duration={} \
         status={:?} {:?} attributes={attributes:?} events={} links={} dropped={} {} {} resource={} scope={:?} {:?} {}",
        rows.trace_id(row),
        rows.span_id(row),
        rows.parent_span_id(row),
        rows.trace_state(row),
        rows.flags(row),
        rows.service_name(row),
        rows.name(row),
        rows.kind(row),
        rows.start_time(row),
        rows.duration_ns(row),
        rows.status_code(row),
        rows.status_message(row),
        normal(rows.events(row)),
        normal(rows.links(row)),
        rows.dropped_attributes_count(row),
        rows.dropped_events_count(row),
        rows.dropped_links_count(row),
        normal(rows.resource_attributes(row)),
        rows.scope_name(row),
        rows.scope_version(row),
        normal(rows.scope_attributes(row)),
    )
}

fn render_log(rows: &LogRows<'_>, row: usize) -> String {
    let attributes: Vec<_> = rows
        .attributes(row)
        .map(|(key, text, kind)| format!("{key:?}={}", typed(kind.letter(), text)))
        .collect();
    format!(
        "time={} observed={} severity={} {:?} event={:?} trace={:?} {:?} flags={} service={:?} stream={} \
         attributes={attributes:?} dropped={} resource={} scope={:?} {:?} {} body={}",
        rows.timestamp(row),
        rows.observed_timestamp(row),
        rows.severity_number(row),
        rows.severity_text(row),
        rows.event_name(row),
        rows.trace_id(row),
        rows.span_id(row),
        rows.flags(row),
        rows.service_name(row),
        rows.stream(row),
        rows.dropped_attributes_count(row),
        normal(rows.resource_attributes(row)),
        rows.scope_name(row),
        rows.scope_version(row),
        normal(rows.scope_attributes(row)),
        typed(rows.body_type(row).letter(), rows.body(row)),
    )
}

fn json_of(value: Option<&AnyValue>) -> Value {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Any::StringValueStrindex(_)) => Value::Null,
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(value)) => json!(value),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) if number.is_finite() => json!(number),
        Some(Any::DoubleValue(number)) => json!(number.to_string()),
        Some(Any::BytesValue(bytes)) => json!(STANDARD.encode(bytes)),
        Some(Any::ArrayValue(list)) => list.values.iter().map(|each| json_of(Some(each))).collect(),
        Some(Any::KvlistValue(list)) => object(&list.values),
    }
}

fn object(pairs: &[KeyValue]) -> Value {
    let members = pairs.iter().map(|pair| (pair.key.clone(), json_of(pair.value.as_ref())));
    Value::Object(members.collect())
}

fn letter_and_text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Any::StringValueStrindex(_)) => "n:".to_owned(),
        Some(Any::StringValue(text)) => format!("s:{text}"),
        Some(Any::BoolValue(value)) => format!("b:{value}"),
        Some(Any::IntValue(number)) => format!("i:{number}"),
        Some(Any::DoubleValue(number)) => format!("d:{}", double_text(*number)),
        Some(Any::BytesValue(bytes)) => format!("x:{}", STANDARD.encode(bytes)),
        Some(_) => format!("j:{}", sorted(&json_of(value))),
    }
}

fn attributes(pairs: &[KeyValue]) -> Vec<String> {
    pairs
        .iter()
        .map(|pair| format!("{:?}={}", pair.key, letter_and_text(pair.value.as_ref())))
        .collect()
}

fn service(resource: Option<&Resource>) -> &str {
    let pairs = resource.map_or(&[][..], |resource| &resource.attributes);
    let names = pairs.iter().filter(|pair| pair.key == "service.name");
    names
        .filter_map(|pair| match pair.value.as_ref()?.value.as_ref()? {
            Any::StringValue(name) => Some(name.as_str()),
            _ => None,
        })
        .next_back()
        .unwrap_or("unknown_service")
}

fn resource_json(resource: Option<&Resource>) -> String {
    sorted(&object(resource.map_or(&[][..], |resource| &resource.attributes)))
}

fn scope_texts(scope: Option<&InstrumentationScope>) -> (String, String, String) {
    let scope = scope.cloned().unwrap_or_default();
    let attributes = if scope.attributes.is_empty() {
        String::new()
    } else {
        sorted(&object(&scope.attributes))
    };
    (scope.name, scope.version, attributes)
}

fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    TraceId::parse(&hex::encode(bytes)).ok().filter(|_| bytes.len() == 16)
}

fn span_id(bytes: &[u8]) -> Option<SpanId> {
    SpanId::parse(&hex::encode(bytes)).ok().filter(|_| bytes.len() == 8)
}

fn is_possible(time: u64, now: Timestamp) -> bool {
    time <= now as u64 + 600_000_000_000
}

/// Rendered rows and the number of rejected spans.
pub(super) fn spans(request: &ExportTraceServiceRequest, now: Timestamp) -> (Vec<String>, usize) {
    let (mut rows, mut rejected) = (Vec::new(), 0);
    for resource_spans in &request.resource_spans {
        for scope_spans in &resource_spans.scope_spans {
            for each in &scope_spans.spans {
                match span(each, resource_spans.resource.as_ref(), scope_spans.scope.as_ref(), now)
                {
                    Some(row) => rows.push(row),
                    None => rejected += 1,
                }
            }
        }
    }
    (rows, rejected)
}

fn span(
    span: &Span,
    resource: Option<&Resource>,
    scope: Option<&InstrumentationScope>,
    now: Timestamp,
) -> Option<String> {
    let (trace, id) = (trace_id(&span.trace_id)?, span_id(&span.span_id)?);
    if !matches!(span.parent_span_id.len(), 0 | 8)
        || !is_possible(span.start_time_unix_nano, now)
        || !is_possible(span.end_time_unix_nano, now)
    {
        return None;
    }
    let parent = span_id(&span.parent_span_id).filter(|parent| *parent != id);
    let end = span.end_time_unix_nano as i64;
    let start = match (span.start_time_unix_nano as i64, end) {
        (0, 0) => now,
        (0, end) => end,
        (start, _) => start,
    };
    let status = span.status.clone().unwrap_or_default();
    let (name, version, scope_attributes) = scope_texts(scope);
    let events: Vec<_> = span
        .events
        .iter()
        .map(|event| {
            let time =
                i64::try_from(event.time_unix_nano).ok().filter(|time| *time > 0).unwrap_or(start);
            json!({
                "time_unix_nano": time,
                "name": event.name,
                "attributes": object(&event.attributes),
                "dropped_attributes_count": event.dropped_attributes_count,
            })
        })
        .collect();
    let links: Vec<_> = span
        .links
        .iter()
        .filter_map(|link| {
            Some(json!({
                "trace_id": trace_id(&link.trace_id)?.to_string(),
                "span_id": span_id(&link.span_id)?.to_string(),
                "trace_state": link.trace_state,
                "attributes": object(&link.attributes),
                "dropped_attributes_count": link.dropped_attributes_count,
                "flags": link.flags,
            }))
        })
        .collect();
    let dropped_links = span.dropped_links_count as usize + span.links.len() - links.len();
    let list =
        |items: Vec<Value>| if items.is_empty() { String::new() } else { sorted(&items.into()) };
    Some(format!(
        "{trace} {id} parent={parent:?} state={:?} flags={} service={:?} name={:?} kind={:?} start={start} duration={} \
         status={:?} {:?} attributes={:?} events={} links={} dropped={} {} {dropped_links} resource={} scope={name:?} {version:?} {scope_attributes}",
        span.trace_state,
        span.flags,
        service(resource),
        span.name,
        Kind::from_number(span.kind.into()),
        (end - start).max(0),
        StatusCode::from_number(status.code.into()),
        status.message,
        attributes(&span.attributes),
        list(events),
        list(links),
        span.dropped_attributes_count,
        span.dropped_events_count,
        resource_json(resource),
    ))
}

/// Rendered rows and the number of rejected records.
pub(super) fn logs(request: &ExportLogsServiceRequest, now: Timestamp) -> (Vec<String>, usize) {
    let (mut rows, mut rejected) = (Vec::new(), 0);
    for resource_logs in &request.resource_logs {
        for scope_logs in &resource_logs.scope_logs {
            for each in &scope_logs.log_records {
                if is_possible(each.time_unix_nano, now) {
                    rows.push(log(
                        each,
                        resource_logs.resource.as_ref(),
                        scope_logs.scope.as_ref(),
                        now,
                    ));
                } else {
                    rejected += 1;
                }
            }
        }
    }
    (rows, rejected)
}

fn log(
    record: &LogRecord,
    resource: Option<&Resource>,
    scope: Option<&InstrumentationScope>,
    now: Timestamp,
) -> String {
    let observed = match record.observed_time_unix_nano {
        0 => now,
        time if is_possible(time, now) => time as i64,
        _ => now,
    };
    let time = if record.time_unix_nano == 0 { observed } else { record.time_unix_nano as i64 };
    let severity =
        if (0..=24).contains(&record.severity_number) { record.severity_number } else { 0 };
    let (name, version, scope_attributes) = scope_texts(scope);
    let service = service(resource);
    format!(
        "time={time} observed={observed} severity={severity} {:?} event={:?} trace={:?} {:?} flags={} service={service:?} \
         stream={{service_name={service:?}}} attributes={:?} dropped={} resource={} scope={name:?} {version:?} {scope_attributes} body={}",
        record.severity_text,
        record.event_name,
        trace_id(&record.trace_id),
        span_id(&record.span_id),
        record.flags,
        attributes(&record.attributes),
        record.dropped_attributes_count,
        resource_json(resource),
        letter_and_text(record.body.as_ref()),
    )
}
