//! Encodes Prometheus' JSON: the envelope, values and errors.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use query::promql::{Answer, Sample, Series, Value};
use query::{Counted, QueryError};
use serde_json::json;
use signals::Labels;
use signals::metric::NativeHistogram;

use super::statistics::Statistics;
use crate::go_float::{plain, seconds, with_exponent};
use crate::{error, json};

/// Maximum annotations of each kind in a response.
const ANNOTATIONS_MAX: usize = 10;

/// An error in Prometheus' format.
#[derive(Debug)]
pub(crate) struct ApiError {
    kind: &'static str,
    status: StatusCode,
    message: String,
}

impl ApiError {
    /// An invalid parameter or query.
    pub(crate) fn bad_data(message: impl Into<String>) -> Self {
        Self { kind: "bad_data", status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// Something that is switched off.
    pub(crate) fn unavailable(message: &str) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { kind: "unavailable", status, message: message.to_owned() }
    }

    /// A parameter that cannot be parsed.
    pub(crate) fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::bad_data(format!("invalid parameter \"{name}\": {why}"))
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let kind = match &error {
            QueryError::Invalid(_) | QueryError::Unsupported(_) => "bad_data",
            QueryError::Execution(_) | QueryError::TooLarge(_) => "execution",
            QueryError::Timeout(_) | QueryError::Busy(_) => "timeout",
            QueryError::Store(_) => "unavailable",
            QueryError::Internal(_) => "internal",
        };
        let status = match &error {
            // To Prometheus' clients an unsupported function is an unknown one.
            QueryError::Unsupported(_) => StatusCode::BAD_REQUEST,
            error => error::status(error),
        };
        Self { kind, status, message: error.to_string() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "status": "error", "errorType": self.kind, "error": self.message });
        error::with_retry_after(json::response(self.status, body.to_string().into_bytes()))
    }
}

/// The start of a successful response, up to the data.
const BEGIN: &[u8] = b"{\"status\":\"success\",\"data\":";

/// A successful response with data that is already JSON.
pub(crate) fn success(data: &[u8], warnings: &[String], infos: &[String]) -> Response {
    json::response(StatusCode::OK, finished([BEGIN, data].concat(), warnings, infos))
}

/// Completes a successful response that already holds [`BEGIN`] and the data.
fn finished(mut out: Vec<u8>, warnings: &[String], infos: &[String]) -> Vec<u8> {
    let warnings = [warnings, &query::warnings::gathered()].concat();
    for (kind, notes) in [("warning", warnings.as_slice()), ("info", infos)] {
        if !notes.is_empty() {
            let mut shown: Vec<String> = notes.iter().take(ANNOTATIONS_MAX).cloned().collect();
            let omitted = notes.len() - shown.len();
            if omitted > 0 {
                shown.push(format!("{omitted} more {kind} annotations omitted"));
            }
            out.extend_from_slice(format!(",\"{kind}s\":").as_bytes());
            json::list(&mut out, shown.iter(), |out, note| {
                json::text(out, note);
            });
        }
    }
    out.push(b'}');
    out
}

/// A successful response with a list of texts, truncated to `limit` (0 is no limit).
pub(crate) fn texts(mut texts: Vec<String>, limit: usize) -> Response {
    let warnings = cut(&mut texts, limit);
    let mut data = Vec::new();
    json::list(&mut data, &texts, |out, text| json::text(out, text));
    success(&data, &warnings, &[])
}

/// Truncates a list; returns a warning if items were removed.
pub(crate) fn cut<T>(items: &mut Vec<T>, limit: usize) -> Vec<String> {
    if limit == 0 || items.len() <= limit {
        return Vec::new();
    }
    items.truncate(limit);
    vec!["results truncated due to limit".to_owned()]
}

/// The response to a query.
pub(super) fn answer(answer: Counted<Answer>, statistics: &Statistics) -> Response {
    json::counted(text(&answer, statistics), answer.into_memory())
}

/// The response to `series`.
pub(crate) fn series(mut found: Counted<Vec<Labels>>, limit: usize) -> Response {
    let warnings = cut(&mut found, limit);
    let mut out = BEGIN.to_vec();
    json::list(&mut out, found.iter(), json::labels);
    json::counted(finished(out, &warnings, &[]), found.into_memory())
}

fn text(answer: &Answer, statistics: &Statistics) -> Vec<u8> {
    let mut data = BEGIN.to_vec();
    data.extend_from_slice(b"{\"resultType\":\"");
    let (kind, is_scalar) = match &answer.value {
        Value::Scalar { .. } => ("scalar", true),
        Value::Text { .. } => ("string", true),
        Value::Vector(_) => ("vector", false),
        Value::Matrix(_) => ("matrix", false),
    };
    debug_assert_eq!(is_scalar, matches!(kind, "scalar" | "string"));
    data.extend_from_slice(kind.as_bytes());
    data.extend_from_slice(b"\",\"result\":");
    match &answer.value {
        Value::Scalar { timestamp_ms, value } => point(&mut data, *timestamp_ms, &plain(*value)),
        Value::Text { timestamp_ms, text } => {
            data.push(b'[');
            data.extend_from_slice(seconds(*timestamp_ms).as_bytes());
            data.push(b',');
            json::text(&mut data, text);
            data.push(b']');
        }
        Value::Vector(samples) => vector(&mut data, samples, with_exponent),
        Value::Matrix(series) => matrix(&mut data, series, with_exponent),
    }
    statistics.write(&mut data, answer);
    data.push(b'}');
    let mut warnings = answer.warnings.clone();
    warnings.extend(statistics.warning());
    finished(data, &warnings, &answer.infos)
}

/// Samples as `[{"metric":{…},"value":[1,"2"]}]`.
pub(crate) fn vector(out: &mut Vec<u8>, samples: &[Sample], number: fn(f64) -> String) {
    json::list(out, samples, |out, sample| {
        out.extend_from_slice(b"{\"metric\":");
        json::labels(out, &sample.labels);
        match &sample.histogram {
            None => {
                out.extend_from_slice(b",\"value\":");
                point(out, sample.timestamp_ms, &number(sample.value));
            }
            Some(native) => {
                out.extend_from_slice(b",\"histogram\":");
                histogram_point(out, sample.timestamp_ms, native);
            }
        }
        out.push(b'}');
    });
}

/// Series as `[{"metric":{…},"values":[[1,"2"],…]}]`.
pub(crate) fn matrix(out: &mut Vec<u8>, series: &[Series], number: fn(f64) -> String) {
    json::list(out, series, |out, series| {
        out.extend_from_slice(b"{\"metric\":");
        json::labels(out, &series.labels);
        if !series.points.is_empty() {
            out.extend_from_slice(b",\"values\":");
            json::list(out, &series.points, |out, (time, value)| {
                point(out, *time, &number(*value));
            });
        }
        if !series.histograms.is_empty() {
            out.extend_from_slice(b",\"histograms\":");
            json::list(out, &series.histograms, |out, (time, native)| {
                histogram_point(out, *time, native);
            });
        }
        out.push(b'}');
    });
}

fn point(out: &mut Vec<u8>, time: i64, number: &str) {
    out.push(b'[');
    out.extend_from_slice(seconds(time).as_bytes());
    out.extend_from_slice(b",\"");
    out.extend_from_slice(number.as_bytes());
    out.extend_from_slice(b"\"]");
}

fn histogram_point(out: &mut Vec<u8>, time: i64, native: &NativeHistogram) {
    out.push(b'[');
    out.extend_from_slice(seconds(time).as_bytes());
    out.push(b',');
    histogram(out, native);
    out.push(b']');
}

fn histogram(out: &mut Vec<u8>, native: &NativeHistogram) {
    let counts = format!(
        "{{\"count\":\"{}\",\"sum\":\"{}\"",
        with_exponent(native.count),
        with_exponent(native.sum)
    );
    out.extend_from_slice(counts.as_bytes());
    let buckets = super::buckets::all(native);
    if !buckets.is_empty() {
        out.extend_from_slice(b",\"buckets\":");
        json::list(out, buckets, |out, bucket| {
            let text = format!(
                "[{},\"{}\",\"{}\",\"{}\"]",
                bucket.rule,
                with_exponent(bucket.lower),
                with_exponent(bucket.upper),
                with_exponent(bucket.count)
            );
            out.extend_from_slice(text.as_bytes());
        });
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use query::promql::Timings;
    use signals::Labels;
    use signals::metric::BucketSpan;

    use super::*;

    fn plainly(value: Value) -> Answer {
        let timings = Timings::default();
        Answer { value, warnings: vec![], infos: vec![], samples: None, timings }
    }

    #[test]
    fn every_type_has_its_shape() {
        let labels = Labels::from_pairs([("__name__", "up"), ("job", "a\"b")]);
        let cases = [
            (
                plainly(Value::Scalar { timestamp_ms: 1_500, value: f64::INFINITY }),
                r#"{"status":"success","data":{"resultType":"scalar","result":[1.500,"+Inf"]}}"#,
            ),
            (
                plainly(Value::Text { timestamp_ms: 1_000, text: "a\"".to_owned() }),
                r#"{"status":"success","data":{"resultType":"string","result":[1,"a\""]}}"#,
            ),
            (
                plainly(Value::Vector(vec![Sample {
                    labels: labels.clone(),
                    timestamp_ms: 1_435_781_451_781,
                    value: 1e-7,
                    histogram: None,
                }])),
                r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a\"b"},"value":[1435781451.781,"1e-07"]}]}}"#,
            ),
            (
                Answer {
                    value: Value::Matrix(vec![Series {
                        labels,
                        points: vec![(1_000, 1.0), (2_000, f64::NAN)],
                        histograms: vec![],
                    }]),
                    warnings: vec!["w".to_owned()],
                    infos: (0..20).map(|i| format!("i{i}")).collect(),
                    samples: None,
                    timings: Timings::default(),
                },
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a\"b"},"values":[[1,"1"],[2,"NaN"]]}]},"warnings":["w"],"infos":["i0","i1","i2","i3","i4","i5","i6","i7","i8","i9","10 more info annotations omitted"]}"#,
            ),
            (
                plainly(Value::Vector(vec![])),
                r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(String::from_utf8(text(&value, &Statistics::None)).unwrap(), expected);
        }
    }

    #[test]
    fn native_histograms_list_their_buckets_from_low_to_high() {
        let native = NativeHistogram {
            schema: 0,
            zero_threshold: 0.001,
            zero_count: 2.0,
            count: 9.0,
            sum: 12.5,
            positive_spans: vec![
                BucketSpan { offset: 0, length: 2 },
                BucketSpan { offset: 1, length: 1 },
            ],
            positive_counts: vec![1.0, 2.0, 1.0],
            negative_spans: vec![BucketSpan { offset: 1, length: 1 }],
            negative_counts: vec![3.0],
            ..NativeHistogram::default()
        };
        let sample = Sample {
            labels: Labels::empty(),
            timestamp_ms: 0,
            value: 0.0,
            histogram: Some(Arc::new(native)),
        };
        let expected = r#"[{"metric":{},"histogram":[0,{"count":"9","sum":"12.5","buckets":[[1,"-2","-1","3"],[3,"-0.001","0.001","2"],[0,"0.5","1","1"],[0,"1","2","2"],[0,"4","8","1"]]}]}]"#;
        let mut out = Vec::new();
        vector(&mut out, &[sample], with_exponent);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
