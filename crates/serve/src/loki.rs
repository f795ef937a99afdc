//! The read endpoints of the Loki HTTP API: queries, labels, series and statistics.

mod answer;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use query::TimeRange;
use query::logql::{Direction, Value};
use rules::Language;
use serde_json::json;
use signals::Timestamp;
use signals::time::{MILLISECOND, SECOND};

use crate::error::TextError;
use crate::json;
use crate::parameters::Parameters;
use crate::prometheus;
use crate::routers::Api;
use crate::time_format::{loki_time, prometheus_duration};

/// Default number of lines in a response.
const LIMIT: usize = 100;
/// Default time range of a query.
const SINCE: i64 = 3600 * SECOND;
/// Number of steps in a range query without `step`.
const STEPS: i64 = 250;
/// The emulated Loki version.
const LOKI_VERSION: &str = "3.5.0";

type Answer = Result<Response, TextError>;

/// All routes below `/loki/api/v1`.
pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/query", get(instant).post(instant))
        .route("/query_range", get(range).post(range))
        .route("/labels", get(label_names).post(label_names))
        .route("/label", get(label_names).post(label_names))
        .route("/label/{name}/values", get(label_values).post(label_values))
        .route("/series", get(series).post(series))
        .route("/index/stats", get(stats).post(stats))
        .route("/format_query", get(format_query).post(format_query))
        .route("/status/buildinfo", get(build))
}

/// Routes outside the API prefix.
pub(crate) fn root_routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/ready", get(ready))
        .route("/metrics", get(prometheus::metrics))
        .nest("/prometheus/api/v1", prometheus::rules::api(Language::LogQl))
}

async fn ready(State(api): State<Arc<Api>>) -> Response {
    if api.info.is_ready() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
}

async fn build() -> Response {
    let body = json!({
        "version": LOKI_VERSION, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    });
    axum::Json(body).into_response()
}

async fn instant(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let query = required(&parameters)?;
    let time = time(&parameters, "time")?.unwrap_or_else(|| api.clock.now());
    let (limit, direction) = (limit(&parameters)?, direction(&parameters)?);
    let answer = api.engine.logql_instant(query, time, limit, direction).await?;
    Ok(answer::answer(answer, false))
}

async fn range(State(api): State<Arc<Api>>, headers: HeaderMap, parameters: Parameters) -> Answer {
    let query = required(&parameters)?;
    let TimeRange { start, end } = window(&api, &parameters)?;
    let step_ms = match parameters.get("step") {
        Some(text) => prometheus_duration(text).ok_or_else(|| {
            TextError::bad_request(format!("cannot parse {text:?} to a valid duration"))
        })?,
        None => (end.saturating_sub(start) / STEPS / SECOND).max(1) * (SECOND / MILLISECOND),
    };
    let (limit, direction) = (limit(&parameters)?, direction(&parameters)?);
    let answer = api.engine.logql_range(query, start, end, step_ms, limit, direction).await?;
    let flags = headers.get("x-loki-response-encoding-flags").and_then(|flags| flags.to_str().ok());
    let is_categorized =
        flags.is_some_and(|flags| flags.split(',').any(|flag| flag.trim() == "categorize-labels"));
    Ok(answer::answer(answer, is_categorized))
}

async fn label_names(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let range = window(&api, &parameters)?;
    let names = api.engine.log_labels(range, parameters.get("query").unwrap_or_default()).await?;
    Ok(answer::texts(&names))
}

async fn label_values(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Answer {
    let range = window(&api, &parameters)?;
    let values = api
        .engine
        .log_label_values(&name, range, parameters.get("query").unwrap_or_default())
        .await?;
    Ok(answer::texts(&values))
}

async fn series(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let range = window(&api, &parameters)?;
    let mut selectors = parameters.all("match[]");
    selectors.extend(parameters.all("match"));
    let found = api.engine.log_series(&selectors, range).await?;
    let mut out = b"{\"status\":\"success\",\"data\":".to_vec();
    json::list(&mut out, &found, json::labels);
    out.push(b'}');
    Ok(json::response(StatusCode::OK, out))
}

/// How much a selector would read: exact, not an estimate. A stream counts as one chunk.
async fn stats(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let query = required(&parameters)?;
    let range = window(&api, &parameters)?;
    let seconds = (range.end.saturating_sub(range.start) / SECOND).max(1);
    let streams = api.engine.log_series(&[query.to_owned()], range).await?.len();
    let sum = async |function: &str| {
        let query = format!("sum({function}({query}[{seconds}s]))");
        let answer =
            api.engine.logql_instant(&query, range.end, LIMIT, Direction::default()).await?;
        let Value::Vector(samples) = &answer.value else { return Ok(0) };
        Ok::<_, TextError>(samples.first().map_or(0, |sample| sample.value as u64))
    };
    let (entries, bytes) = (sum("count_over_time").await?, sum("bytes_over_time").await?);
    let body = json!({ "streams": streams, "chunks": streams, "entries": entries, "bytes": bytes });
    Ok(axum::Json(body).into_response())
}

async fn format_query(parameters: Parameters) -> Answer {
    let text = query::logql::format(required(&parameters)?)?;
    Ok(axum::Json(json!({ "status": "success", "data": text })).into_response())
}

fn required(parameters: &Parameters) -> Result<&str, TextError> {
    let missing = || TextError::bad_request("parse error : syntax error: unexpected $end");
    parameters.get("query").ok_or_else(missing)
}

fn time(parameters: &Parameters, name: &str) -> Result<Option<Timestamp>, TextError> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    let unread = || {
        TextError::bad_request(format!(
            "could not parse {name:?} parameter: cannot parse {text:?} to a valid timestamp"
        ))
    };
    loki_time(text).map(Some).ok_or_else(unread)
}

/// The range from `start` and `end`, or `since`, or the last hour; the end is exclusive.
fn window(api: &Api, parameters: &Parameters) -> Result<TimeRange, TextError> {
    let end = time(parameters, "end")?.unwrap_or_else(|| api.clock.now());
    let since = match parameters.get("since") {
        None => SINCE,
        Some(text) => prometheus_duration(text)
            .and_then(|milliseconds| milliseconds.checked_mul(MILLISECOND))
            .ok_or_else(|| {
                TextError::bad_request(format!("could not parse 'since' parameter: {text:?}"))
            })?,
    };
    let start = time(parameters, "start")?.unwrap_or_else(|| end.saturating_sub(since));
    if end < start {
        return Err(TextError::bad_request(
            "end timestamp must not be before or equal to start time",
        ));
    }
    Ok(TimeRange { start, end })
}

fn limit(parameters: &Parameters) -> Result<usize, TextError> {
    match parameters.get("limit").map(str::parse::<usize>) {
        None => Ok(LIMIT),
        Some(Ok(limit)) if limit > 0 => Ok(limit),
        Some(_) => Err(TextError::bad_request("limit must be a positive value")),
    }
}

fn direction(parameters: &Parameters) -> Result<Direction, TextError> {
    match parameters.get("direction").map(str::to_ascii_lowercase).as_deref() {
        None | Some("backward") => Ok(Direction::Backward),
        Some("forward") => Ok(Direction::Forward),
        Some(other) => Err(TextError::bad_request(format!("invalid direction {other:?}"))),
    }
}
