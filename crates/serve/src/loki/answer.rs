//! Encodes Loki's JSON: streams with their lines, and metric results in Prometheus' format.

use std::collections::HashMap;

use axum::response::Response;
use http::StatusCode;
use query::Counted;
use query::logql::{Answer, Stream, Value};
use signals::{Labels, Timestamp};

use crate::go_float::{plain, seconds};
use crate::json;
use crate::prometheus::{matrix, vector};

/// A list of names or values.
pub(super) fn texts(texts: &[String]) -> Response {
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    json::list(&mut out, texts, |out, text| json::text(out, text));
    out.push(b'}');
    json::response(StatusCode::OK, out)
}

/// The response to a query. `is_categorized` separates stream labels, structured metadata and
/// parsed labels; otherwise they form one label set, and each set is a stream.
pub(super) fn answer(answer: Counted<Answer>, is_categorized: bool) -> Response {
    json::counted(text(&answer.value, is_categorized), answer.into_memory())
}

fn text(value: &Value, is_categorized: bool) -> Vec<u8> {
    let mut out = b"{\"status\":\"success\",\"data\":{\"resultType\":\"".to_vec();
    let (kind, entries) = match value {
        Value::Streams(found) => ("streams", found.iter().map(|stream| stream.entries.len()).sum()),
        Value::Vector(samples) => ("vector", samples.len()),
        Value::Matrix(series) => ("matrix", series.iter().map(|series| series.points.len()).sum()),
        Value::Scalar { .. } => ("scalar", 1),
    };
    out.extend_from_slice(kind.as_bytes());
    out.push(b'"');
    if is_categorized {
        out.extend_from_slice(b",\"encodingFlags\":[\"categorize-labels\"]");
    }
    out.extend_from_slice(b",\"result\":");
    match value {
        Value::Streams(found) if is_categorized => categorized(&mut out, found),
        Value::Streams(found) => merged(&mut out, found),
        Value::Vector(samples) => vector(&mut out, samples, plain),
        Value::Matrix(series) => matrix(&mut out, series, plain),
        Value::Scalar { timestamp_ms, value } => {
            let text = format!("[{},\"{}\"]", seconds(*timestamp_ms), plain(*value));
            out.extend_from_slice(text.as_bytes());
        }
    }
    let summary = format!(",\"stats\":{{\"summary\":{{\"totalEntriesReturned\":{entries}}}}}}}");
    out.extend_from_slice(summary.as_bytes());
    let warnings = query::warnings::gathered();
    if !warnings.is_empty() {
        out.extend_from_slice(b",\"warnings\":");
        json::list(&mut out, &warnings, |out, warning| json::text(out, warning));
    }
    out.push(b'}');
    out
}

fn categorized(out: &mut Vec<u8>, streams: &[Stream]) {
    json::list(out, streams, |out, stream| {
        out.extend_from_slice(b"{\"stream\":");
        json::labels(out, &stream.labels);
        out.extend_from_slice(b",\"values\":");
        json::list(out, &stream.entries, |out, entry| {
            line(out, entry.timestamp, &entry.line);
            out.extend_from_slice(b",{");
            let mut comma = "";
            let kinds =
                [("structuredMetadata", &entry.structured_metadata), ("parsed", &entry.parsed)];
            for (name, labels) in kinds {
                if !labels.is_empty() {
                    out.extend_from_slice(format!("{comma}\"{name}\":").as_bytes());
                    json::labels(out, labels);
                    comma = ",";
                }
            }
            out.extend_from_slice(b"}]");
        });
        out.push(b'}');
    });
}

fn merged(out: &mut Vec<u8>, streams: &[Stream]) {
    let mut order: Vec<(Labels, Vec<(Timestamp, &str)>)> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    for stream in streams {
        for entry in &stream.entries {
            let extra = entry.structured_metadata.iter().chain(entry.parsed.iter());
            let labels = if entry.structured_metadata.is_empty() && entry.parsed.is_empty() {
                stream.labels.clone()
            } else {
                Labels::from_pairs(stream.labels.iter().chain(extra))
            };
            let place = *places.entry(labels.clone()).or_insert_with(|| {
                order.push((labels, Vec::new()));
                order.len() - 1
            });
            if let Some((_, lines)) = order.get_mut(place) {
                lines.push((entry.timestamp, &entry.line));
            }
        }
    }
    json::list(out, order, |out, (labels, lines)| {
        out.extend_from_slice(b"{\"stream\":");
        json::labels(out, &labels);
        out.extend_from_slice(b",\"values\":");
        json::list(out, lines, |out, (time, text)| {
            line(out, time, text);
            out.push(b']');
        });
        out.push(b'}');
    });
}

/// `["<nanoseconds>","<line>"`, without the closing bracket.
fn line(out: &mut Vec<u8>, time: Timestamp, text: &str) {
    out.extend_from_slice(format!("[\"{time}\",").as_bytes());
    json::text(out, text);
}

#[cfg(test)]
mod tests {
    use query::logql::Entry;

    use super::*;

    type Pairs = &'static [(&'static str, &'static str)];

    fn entry(timestamp: i64, line: &str, structured_metadata: Pairs, parsed: Pairs) -> Entry {
        Entry {
            timestamp,
            line: line.to_owned(),
            structured_metadata: Labels::from_pairs(structured_metadata.iter().copied()),
            parsed: Labels::from_pairs(parsed.iter().copied()),
        }
    }

    fn streams() -> Value {
        Value::Streams(vec![Stream {
            labels: Labels::from_pairs([("app", "x")]),
            entries: vec![
                entry(2, "b\"", &[("trace_id", "1")], &[("level", "info")]),
                entry(1, "a", &[], &[]),
                entry(0, "c", &[("trace_id", "1")], &[("level", "info")]),
            ],
        }])
    }

    #[test]
    fn labels_are_merged_unless_the_client_wants_them_apart() {
        let stats = r#","stats":{"summary":{"totalEntriesReturned":3}}}}"#;
        let merged = r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{"app":"x","level":"info","trace_id":"1"},"values":[["2","b\""],["0","c"]]},{"stream":{"app":"x"},"values":[["1","a"]]}]"#;
        assert_eq!(text(&streams(), false), format!("{merged}{stats}").as_bytes());
        let apart = r#"{"status":"success","data":{"resultType":"streams","encodingFlags":["categorize-labels"],"result":[{"stream":{"app":"x"},"values":[["2","b\"",{"structuredMetadata":{"trace_id":"1"},"parsed":{"level":"info"}}],["1","a",{}],["0","c",{"structuredMetadata":{"trace_id":"1"},"parsed":{"level":"info"}}]]}]"#;
        assert_eq!(text(&streams(), true), format!("{apart}{stats}").as_bytes());
    }
}
