//! The Tempo HTTP API: trace lookup, TraceQL search, tag names and values.

mod answer;
mod tags;

use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use query::traces::SearchRequest;
use query::{Counted, TimeRange};
use serde_json::{Value, json};
use signals::TraceId;
use signals::time::SECOND;
use wire::otlp::{JsonStyle, encode_traces, encode_traces_json};

use crate::error::TextError;
use crate::json;
use crate::parameters::Parameters;
use crate::prometheus;
use crate::routers::Api;
use crate::time_format::go_duration;

/// Default and maximum number of traces in a response.
const LIMIT: usize = 20;
const LIMIT_MAX: usize = 1000;
/// Estimated bytes of a trace as messages and as protobuf, per byte of columnar span data.
const MESSAGE_FACTOR: usize = 5;
/// Estimated bytes of a trace as messages, JSON tree and text, per byte of columnar span data.
const TREE_FACTOR: usize = 10;
/// Default and maximum number of spans per matching span set.
const SPANS_PER_SET: usize = 3;
const SPANS_PER_SET_MAX: usize = 100;
/// The emulated Tempo version. From 2.2 on, Grafana would stream searches over gRPC, which is not
/// implemented.
const TEMPO_VERSION: &str = "2.1.1";
const PROTOBUF: &str = "application/protobuf";

type Answer = Result<Response, TextError>;

/// All routes below `/api`.
pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/traces/{id}", get(trace))
        .route("/v2/traces/{id}", get(trace_v2))
        .route("/search", get(search))
        .route("/search/tags", get(tags::names))
        .route("/v2/search/tags", get(tags::names_v2))
        .route("/search/tag/{tag}/values", get(tags::values))
        .route("/v2/search/tag/{tag}/values", get(tags::values_v2))
        .route("/metrics/query_range", get(no_metrics))
        .route("/metrics/query", get(no_metrics))
        .route("/echo", get(|| async { "echo" }))
        .route("/status/buildinfo", get(build))
}

/// Routes outside the API prefix.
pub(crate) fn root_routes() -> Router<Arc<Api>> {
    Router::new().route("/ready", get(ready)).route("/metrics", get(prometheus::metrics))
}

async fn ready(State(api): State<Arc<Api>>) -> Response {
    if api.info.is_ready() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
}

async fn build() -> Response {
    let body = json!({
        "version": TEMPO_VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    });
    axum::Json(body).into_response()
}

async fn no_metrics() -> TextError {
    TextError::new(StatusCode::NOT_IMPLEMENTED, "not supported yet: TraceQL metrics")
}

async fn trace(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Answer {
    let Some(spans) = spans(&api, &id, &parameters).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    if wants_protobuf(&headers) {
        spans.reserve(MESSAGE_FACTOR * spans.get_array_memory_size())?;
        let body = encode_traces(&spans)?;
        return Ok(protobuf(spans, body));
    }
    spans.reserve(TREE_FACTOR * spans.get_array_memory_size())?;
    let batches = encode_traces_json(&spans, JsonStyle::Protobuf)?;
    Ok(of_spans(spans, &json!({ "batches": batches })))
}

async fn trace_v2(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Answer {
    let Some(spans) = spans(&api, &id, &parameters).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    if wants_protobuf(&headers) {
        spans.reserve(MESSAGE_FACTOR * spans.get_array_memory_size())?;
        let body = answer::trace_by_id(&encode_traces(&spans)?);
        return Ok(protobuf(spans, body));
    }
    spans.reserve(TREE_FACTOR * spans.get_array_memory_size())?;
    let resource_spans = encode_traces_json(&spans, JsonStyle::Protobuf)?;
    let body = json!({ "trace": { "resourceSpans": resource_spans }, "metrics": {} });
    Ok(of_spans(spans, &body))
}

fn protobuf(spans: Counted<RecordBatch>, body: Vec<u8>) -> Response {
    let bytes = body.len();
    let response = ([(CONTENT_TYPE, PROTOBUF)], body).into_response();
    json::count(response, bytes, spans.into_memory())
}

fn of_spans(spans: Counted<RecordBatch>, body: &Value) -> Response {
    let mut out = Vec::new();
    json::value(&mut out, body);
    json::counted(out, spans.into_memory())
}

async fn spans(
    api: &Api,
    id: &str,
    parameters: &Parameters,
) -> Result<Option<Counted<RecordBatch>>, TextError> {
    let id = trace_id(id)?;
    let range = range(parameters)?;
    let spans = api.engine.trace(id, range).await?;
    Ok(spans.filter(|spans| spans.num_rows() > 0))
}

fn wants_protobuf(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .is_some_and(|accept| accept.to_str().is_ok_and(|accept| accept.contains(PROTOBUF)))
}

/// Parses 1 to 32 hexadecimal digits; errors have Tempo's wording.
fn trace_id(text: &str) -> Result<TraceId, TextError> {
    if let Some((at, wrong)) = text.char_indices().find(|(_, digit)| !digit.is_ascii_hexdigit()) {
        let message = format!(
            "trace IDs can only contain hex characters: invalid character {wrong:?} at position {}",
            at + 1
        );
        return Err(TextError::bad_request(message));
    }
    if text.is_empty() || text.len() > 32 {
        return Err(TextError::bad_request("trace IDs can't be larger than 128 bits"));
    }
    TraceId::parse(text).map_err(|error| TextError::bad_request(error.to_string()))
}

async fn search(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let request = request(&parameters)?;
    let found = api.engine.search(request).await?;
    Ok(json::counted(answer::search(&found), found.into_memory()))
}

fn request(parameters: &Parameters) -> Result<SearchRequest, TextError> {
    let query = parameters.get("q");
    let tags = parameters.get("tags");
    if query.is_some() && tags.is_some() {
        return Err(TextError::bad_request(
            "invalid request: can't specify tags and q in the same query",
        ));
    }
    let tags = tags.map_or_else(|| Ok(Vec::new()), tags::logfmt)?;
    let duration = |name: &str| match parameters.get(name) {
        None => Ok(None),
        Some(text) => match go_duration(text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(TextError::bad_request(format!(
                "invalid {name}: time: invalid duration {text:?}"
            ))),
        },
    };
    Ok(SearchRequest {
        traceql: query.map(str::to_owned),
        service: None,
        operation: None,
        tags,
        duration_min_ns: duration("minDuration")?,
        duration_max_ns: duration("maxDuration")?,
        range: range(parameters)?,
        limit: match number(parameters, "limit", LIMIT)? {
            0 => {
                return Err(TextError::bad_request("invalid limit: must be a positive number"));
            }
            limit => limit.min(LIMIT_MAX),
        },
        spans_per_set: match number(parameters, "spss", SPANS_PER_SET)? {
            0 => SPANS_PER_SET_MAX,
            spans => spans.min(SPANS_PER_SET_MAX),
        },
    })
}

fn number(parameters: &Parameters, name: &str, default: usize) -> Result<usize, TextError> {
    match parameters.get(name).map(str::parse::<usize>) {
        None => Ok(default),
        Some(Ok(number)) => Ok(number),
        Some(Err(error)) => Err(TextError::bad_request(format!("invalid {name}: {error}"))),
    }
}

/// `start` and `end` in seconds, both or neither.
fn range(parameters: &Parameters) -> Result<Option<TimeRange>, TextError> {
    let time = |name: &str| match parameters.get(name).map(str::parse::<i64>) {
        None => Ok(None),
        Some(Ok(seconds)) => Ok(Some(seconds)),
        Some(Err(error)) => Err(TextError::bad_request(format!("invalid {name}: {error}"))),
    };
    match (time("start")?, time("end")?) {
        // Grafana sends zeros for a trace without a time range.
        (None | Some(0), None | Some(0)) => Ok(None),
        (Some(start), Some(end)) if start < end => Ok(Some(TimeRange {
            start: start.saturating_mul(SECOND),
            end: end.saturating_mul(SECOND),
        })),
        (Some(start), Some(end)) => {
            let message = format!(
                "invalid start and end: start must be before end, received start={start} end={end}"
            );
            Err(TextError::bad_request(message))
        }
        _ => Err(TextError::bad_request("please provide both start and end, or neither")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_are_refused_in_the_words_of_tempo() {
        assert!(trace_id("1f").is_ok());
        for (text, words) in [
            ("nothex", "invalid character 'n' at position 1"),
            ("0g", "position 2"),
            (&"1".repeat(33), "128 bits"),
            ("0", "not all zero"),
        ] {
            let response = trace_id(text).unwrap_err();
            assert!(format!("{response:?}").contains(words), "{response:?}");
        }
    }
}
