//! The Jaeger query API: services, operations, trace lookup and search.
//!
//! Every response, including errors, is wrapped in Jaeger's envelope.

mod trace;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use query::traces::SearchRequest;
use query::{Counted, QueryError, TimeRange};
use serde_json::{Value, json};
use signals::TraceId;

use crate::parameters::Parameters;
use crate::routers::Api;
use crate::time_format::go_duration;
use crate::{error, json};

/// Default and maximum number of traces in a response.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1500;

/// An error in Jaeger's format.
#[derive(Debug)]
struct ApiError {
    status: StatusCode,
    message: String,
    trace_id: Option<String>,
}

type Answer = Result<Response, ApiError>;

impl ApiError {
    fn parameter(name: &str, why: impl std::fmt::Display) -> Self {
        let message = format!("unable to parse param '{name}': {why}");
        Self { status: StatusCode::BAD_REQUEST, message, trace_id: None }
    }

    fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.status.as_u16(), "msg": self.message });
        if let (Some(id), Some(error)) = (&self.trace_id, error.as_object_mut()) {
            error.insert("traceID".to_owned(), id.as_str().into());
        }
        error
    }

    fn not_found(id: TraceId) -> Self {
        let trace_id = Some(trace::trace_text(id));
        Self { status: StatusCode::NOT_FOUND, message: "trace not found".to_owned(), trace_id }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self { status: error::status(&error), message: error.to_string(), trace_id: None }
    }
}

impl From<signals::rows::ColumnError> for ApiError {
    fn from(error: signals::rows::ColumnError) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: error.to_string(),
            trace_id: None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": [self.to_json()] });
        error::with_retry_after(json::response(self.status, body.to_string().into_bytes()))
    }
}

/// All routes below `/api`.
pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/services", get(services))
        .route("/services/{service}/operations", get(operation_names))
        .route("/operations", get(operations))
        .route("/traces", get(search))
        .route("/traces/{id}", get(one))
        .route("/dependencies", get(dependencies))
        .fallback(not_found)
}

async fn not_found() -> ApiError {
    ApiError { status: StatusCode::NOT_FOUND, message: "not found".to_owned(), trace_id: None }
}

fn success(data: &Value, total: usize) -> Response {
    let mut out = b"{\"data\":".to_vec();
    json::value(&mut out, data);
    json::response(StatusCode::OK, finished(out, total, &[]))
}

/// Completes a response whose data is already written.
fn finished(mut out: Vec<u8>, total: usize, errors: &[ApiError]) -> Vec<u8> {
    let errors = if errors.is_empty() {
        Value::Null
    } else {
        errors.iter().map(ApiError::to_json).collect()
    };
    let rest = json!({ "errors": errors, "limit": 0, "offset": 0, "total": total });
    json::rest_of_object(&mut out, &rest);
    out
}

/// Estimated bytes of JSON per byte of columnar span data.
const JSON_FACTOR: usize = 3;

/// Traces in the order of `ids`, and, if `is_asked`, an error for each id without spans.
fn traces(spans: Counted<RecordBatch>, ids: &[TraceId], is_asked: bool) -> Answer {
    spans.reserve(JSON_FACTOR * spans.get_array_memory_size())?;
    let mut out = b"{\"data\":".to_vec();
    let (total, mut missing) = trace::write(&mut out, &spans, ids)?;
    missing.retain(|_| is_asked);
    let errors: Vec<ApiError> = missing.into_iter().map(ApiError::not_found).collect();
    Ok(json::counted(finished(out, total, &errors), spans.into_memory()))
}

async fn services(State(api): State<Arc<Api>>) -> Answer {
    let services = api.engine.services(None).await?;
    Ok(success(&json!(services), services.len()))
}

async fn operation_names(State(api): State<Arc<Api>>, Path(service): Path<String>) -> Answer {
    let operations = api.engine.operations(&service, None).await?;
    let names: BTreeSet<String> = operations.into_iter().map(|operation| operation.name).collect();
    Ok(success(&json!(names), names.len()))
}

async fn operations(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let service = parameters
        .get("service")
        .ok_or_else(|| ApiError::parameter("service", "parameter is required"))?;
    let wanted = parameters.get("spanKind");
    let operations = api.engine.operations(service, None).await?;
    let operations: Vec<Value> = operations
        .iter()
        .filter(|operation| wanted.is_none_or(|wanted| wanted == operation.kind))
        .map(|operation| {
            let kind = if operation.kind == "unspecified" { "" } else { operation.kind.as_str() };
            json!({ "name": operation.name, "spanKind": kind })
        })
        .collect();
    Ok(success(&json!(operations), operations.len()))
}

async fn one(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Answer {
    let id = trace_id("traceID", &id)?;
    let range = range(&parameters)?;
    let spans = api.engine.trace(id, range).await?.ok_or_else(|| ApiError::not_found(id))?;
    traces(spans, &[id], true)
}

async fn search(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let asked = parameters.all("traceID");
    let range = range(&parameters)?;
    let ids = if asked.is_empty() {
        let request = request(&parameters, range)?;
        api.engine.search(request).await?.iter().map(|found| found.trace_id).collect()
    } else {
        let ids: Result<Vec<_>, _> =
            asked.iter().take(LIMIT_MAX).map(|id| trace_id("traceID", id)).collect();
        ids?
    };
    if ids.is_empty() {
        return Ok(success(&json!([]), 0));
    }
    // Complete traces, including spans outside the searched time range.
    let spans = api.engine.traces(&ids, None).await?;
    traces(spans, &ids, !asked.is_empty())
}

fn request(parameters: &Parameters, range: Option<TimeRange>) -> Result<SearchRequest, ApiError> {
    let service = parameters.get("service").ok_or_else(|| ApiError {
        status: StatusCode::BAD_REQUEST,
        message: "parameter 'service' is required".to_owned(),
        trace_id: None,
    })?;
    let limit = match parameters.get("limit").map(str::parse::<usize>) {
        None => LIMIT,
        Some(Ok(limit)) if limit > 0 => limit.min(LIMIT_MAX),
        Some(_) => return Err(ApiError::parameter("limit", "must be a positive number")),
    };
    let duration = |name: &str| match parameters.get(name) {
        None => Ok(None),
        Some(text) => match go_duration(text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(ApiError::parameter(name, format!("time: invalid duration {text:?}"))),
        },
    };
    let (duration_min_ns, duration_max_ns) = (duration("minDuration")?, duration("maxDuration")?);
    if let (Some(min), Some(max)) = (duration_min_ns, duration_max_ns)
        && min > max
    {
        let message = "'maxDuration' should be greater than 'minDuration'".to_owned();
        return Err(ApiError { status: StatusCode::BAD_REQUEST, message, trace_id: None });
    }
    Ok(SearchRequest {
        traceql: None,
        service: Some(service.to_owned()),
        operation: parameters.get("operation").filter(|name| *name != "all").map(str::to_owned),
        tags: tags(parameters)?,
        duration_min_ns,
        duration_max_ns,
        range,
        limit,
        // The complete traces are read afterwards.
        spans_per_set: 1,
    })
}

/// Repeated `tag=key:value`, and `tags={"key":"value"}`.
fn tags(parameters: &Parameters) -> Result<Vec<(String, String)>, ApiError> {
    let mut tags = Vec::new();
    for tag in parameters.all("tag") {
        let Some((key, value)) = tag.split_once(':') else {
            return Err(ApiError::parameter("tag", format!("expected key:value, received: {tag}")));
        };
        tags.push((key.to_owned(), value.to_owned()));
    }
    for text in parameters.all("tags").iter().filter(|text| !text.is_empty()) {
        let object: serde_json::Map<String, Value> =
            serde_json::from_str(text).map_err(|error| {
                ApiError::parameter(
                    "tags",
                    format!("malformed 'tags' parameter, expected JSON object of strings: {error}"),
                )
            })?;
        for (key, value) in object {
            let Value::String(value) = value else {
                return Err(ApiError::parameter(
                    "tags",
                    format!("the value of {key:?} is not a string"),
                ));
            };
            tags.push((key, value));
        }
    }
    Ok(tags)
}

/// `start` and `end` in microseconds; `None` when neither is given.
fn range(parameters: &Parameters) -> Result<Option<TimeRange>, ApiError> {
    let time = |name: &str| match parameters.get(name).map(str::parse::<i64>) {
        None => Ok(None),
        Some(Ok(microseconds)) => Ok(Some(microseconds.saturating_mul(1000))),
        Some(Err(error)) => Err(ApiError::parameter(name, error)),
    };
    match (time("start")?, time("end")?) {
        (None, None) => Ok(None),
        (start, end) => {
            // Jaeger's end is inclusive, ours exclusive.
            let end = end.map_or(i64::MAX, |end| end.saturating_add(1));
            Ok(Some(TimeRange { start: start.unwrap_or(i64::MIN), end }))
        }
    }
}

fn trace_id(name: &str, text: &str) -> Result<TraceId, ApiError> {
    TraceId::parse(text).map_err(|error| ApiError::parameter(name, error))
}

/// Would come from service graphs, which are not implemented: always empty.
async fn dependencies() -> Response {
    success(&json!([]), 0)
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn a_retryable_error_says_when_to_try_again() {
        for (error, status, is_retryable) in [
            (QueryError::Busy("busy".to_owned()), 503, true),
            (QueryError::Unsupported("joins".to_owned()), 501, false),
            (QueryError::TooLarge("too large".to_owned()), 422, false),
        ] {
            let response = ApiError::from(error).into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().contains_key(RETRY_AFTER), is_retryable, "{status}");
        }
    }
}
