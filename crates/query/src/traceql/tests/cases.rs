//! Our cases in `testdata/traceql`: a trace as indented text, and what queries give of it.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use lang::traceql::Root;
use serde_json::{Value as Json, json};
use signals::attributes::Value;
use signals::span::{Kind, Span, SpanBuilder, StatusCode};
use signals::time::MILLISECOND;
use signals::{SpanId, TraceId};

use super::super::{Program, SpanTable, TraceTree, parse_search};
use crate::QueryError;

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/traceql").join(name)
}

/// Reads a trace; the first file in the folder that has one says what stands in a line.
fn trace(text: &str) -> RecordBatch {
    let mut builder = SpanBuilder::default();
    let mut above: Vec<u8> = Vec::new();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for (number, line) in (1..).zip(lines) {
        let depth = (line.len() - line.trim_start().len()) / 2;
        above.truncate(depth);
        append(&mut builder, line.trim_start(), number, above.last().copied());
        above.push(number);
    }
    builder.finish().unwrap()
}

/// Takes a word from the front.
fn word<'a>(line: &mut &'a str) -> &'a str {
    let (word, rest) = line.split_once(' ').unwrap();
    *line = rest.trim_start();
    word
}

fn append(builder: &mut SpanBuilder, mut line: &str, id: u8, parent: Option<u8>) {
    let [name, service, kind, status, start, duration] = std::array::from_fn(|_| word(&mut line));
    let more: Json = serde_json::from_str(line).unwrap();
    let mut resource = more["resource"].as_object().cloned().unwrap_or_default();
    resource.insert("service.name".to_owned(), service.into());
    let resource = builder.resource(service, &Json::Object(resource).to_string());
    let scope = |at: usize| more["scope"][at].as_str().unwrap_or_default();
    let scope = builder.scope(scope(0), scope(1), &more["scope"][2].to_string());
    let start = start.parse::<i64>().unwrap() * MILLISECOND;
    for (key, value) in more["attributes"].as_object().into_iter().flatten() {
        let text = value.to_string();
        let value = match value {
            Json::String(text) => Value::String(text),
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| Value::Double(number.as_f64().unwrap()), Value::Int)
            }
            _ => Value::Json(&text),
        };
        builder.attributes().push(key, value);
    }
    let events = more["events"].as_array().into_iter().flatten();
    let events: Vec<Json> = events
        .map(|event| {
            let time = start + event["ms"].as_i64().unwrap() * MILLISECOND;
            json!({ "name": event["name"], "time_unix_nano": time, "attributes": event["attributes"] })
        })
        .collect();
    let shown = |list: &Json| if list.is_array() { list.to_string() } else { String::new() };
    let (events, links) = (shown(&Json::Array(events)), shown(&more["links"]));
    let mut span = Span::new(TraceId([1; 16]), SpanId([id; 8]), start);
    span.parent_span_id = parent.map(|parent| SpanId([parent; 8]));
    span.name = name;
    span.kind = Kind::from_name(kind);
    span.status_code = StatusCode::from_name(status);
    span.status_message = more["message"].as_str().unwrap_or_default();
    span.duration_ns = duration.parse::<i64>().unwrap() * MILLISECOND;
    (span.events, span.links) = (&events, &links);
    builder.append(resource, scope, &span).unwrap();
}

/// The names of the spans of each set, a line a set; `(none)`; or `!` and the kind of the error.
fn answer(batch: &RecordBatch, query: &str) -> String {
    let program = parse_search(query).and_then(|query| match query.root {
        Root::Spansets(pipeline) => Program::new(pipeline),
        _ => panic!("no search"),
    });
    let program = match program {
        Ok(program) => program,
        Err(QueryError::Unsupported(_)) => return "! unsupported".to_owned(),
        Err(QueryError::Invalid(_)) => return "! invalid".to_owned(),
        Err(error) => panic!("{query}: {error}"),
    };
    let table = SpanTable::new(batch).unwrap();
    let tree = TraceTree::new(&table.rows);
    let sets: Vec<String> = program
        .run(&table, &tree)
        .iter()
        .map(|set| {
            let names: Vec<&str> = set.rows.iter().map(|row| table.rows.name(*row)).collect();
            names.join(" ")
        })
        .collect();
    if sets.is_empty() { "(none)".to_owned() } else { sets.join("\n") }
}

#[test]
fn our_searches_give_the_span_sets_that_tempo_gives() {
    let mut count = 0;
    for name in ["agents", "tree"] {
        let text = std::fs::read_to_string(testdata(&format!("{name}.trace"))).unwrap();
        let batch = trace(&text);
        count += conformance::check_cases(&testdata(name), |query| answer(&batch, query));
    }
    assert!(count >= 300, "{count} cases");
}
