//! The Prometheus HTTP API: queries, metadata, rules, status and administration.

mod admin;
mod answer;
mod buckets;
mod federate;
mod labels;
mod remote_read;
pub(crate) mod rules;
mod statistics;
mod status;
mod targets;

use std::sync::Arc;
use std::time::Duration;

use ::rules::Language;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode};
use query::promql::Options;
use query::{Counted, QueryError};
use serde_json::{Map, Value as Json, json};
use signals::time::MILLISECOND;

use crate::go_float::{seconds, with_exponent};
use crate::json;
use crate::parameters::Parameters;
use crate::routers::Api;
use crate::time_format::{prometheus_duration, prometheus_time};

pub(crate) use answer::{matrix, vector};
pub(crate) use status::{metrics, only_post, reload};

use answer::ApiError;
use statistics::Statistics;

/// Maximum points per series in a response.
const POINTS_MAX: i64 = 11_000;
/// Default lookback of an instant selector.
const LOOKBACK_MS: i64 = 300_000;

type Answer = Result<Response, ApiError>;

/// All routes below `/api/v1`.
pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/query", get(instant).post(instant))
        .route("/query_range", get(range).post(range))
        .route("/query_exemplars", get(exemplars).post(exemplars))
        .route("/series", get(series).post(series))
        .route("/labels", get(label_names).post(label_names))
        .route("/label/{name}/values", get(label_values))
        .route("/metadata", get(metadata))
        .route("/format_query", get(format_query).post(format_query))
        .route("/parse_query", get(parse_query).post(parse_query))
        .merge(status::api())
        .merge(rules::api(Language::PromQl))
        .merge(targets::api())
        .merge(remote_read::api())
        .merge(admin::api())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
}

/// Routes outside the API prefix: health, readiness, own metrics, federation.
pub(crate) fn root_routes() -> Router<Arc<Api>> {
    status::root_routes().merge(federate::api())
}

async fn method_not_allowed(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n").into_response()
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

async fn instant(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let query = required(&parameters, "query")?;
    let time = time(&parameters, "time")?.unwrap_or_else(|| api.now_ms());
    let options = options(&parameters)?;
    let answer = in_time(&parameters, api.engine.promql_instant(query, time, &options)).await?;
    Ok(answer::answer(answer, &Statistics::of(&parameters)))
}

async fn range(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let query = required(&parameters, "query")?;
    let start = time(&parameters, "start")?.ok_or_else(|| unread_time("start", ""))?;
    let end = time(&parameters, "end")?.ok_or_else(|| unread_time("end", ""))?;
    if end < start {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    let step = duration(&parameters, "step")?.ok_or_else(|| unread_duration("step", ""))?;
    if step <= 0 {
        return Err(ApiError::parameter(
            "step",
            "zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if end.saturating_sub(start) / step > POINTS_MAX {
        return Err(ApiError::bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let options = options(&parameters)?;
    let asked = api.engine.promql_range(query, start, end, step, &options);
    let answer = in_time(&parameters, asked).await?;
    Ok(answer::answer(answer, &Statistics::of(&parameters)))
}

async fn exemplars(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let query = required(&parameters, "query")?;
    let (start, end) = window(&api, &parameters)?;
    let found = api.engine.query_exemplars(query, start, end).await.map_err(query_failure)?;
    let mut data = Vec::new();
    json::list(&mut data, &found, |out, (series, exemplars)| {
        out.extend_from_slice(b"{\"seriesLabels\":");
        json::labels(out, series);
        out.extend_from_slice(b",\"exemplars\":");
        json::list(out, exemplars, |out, exemplar| {
            out.extend_from_slice(b"{\"labels\":");
            json::labels(out, &exemplar.labels);
            let (value, time) = (with_exponent(exemplar.value), seconds(exemplar.timestamp_ms));
            out.extend_from_slice(
                format!(",\"value\":\"{value}\",\"timestamp\":{time}}}").as_bytes(),
            );
        });
        out.push(b'}');
    });
    Ok(answer::success(&data, &[], &[]))
}

async fn series(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let selectors = parameters.all("match[]");
    if selectors.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let (start, end) = window(&api, &parameters)?;
    let limit = limit(&parameters)?;
    let found = api.engine.series(&selectors, start, end, over(limit)).await;
    Ok(answer::series(found.map_err(match_failure)?, limit))
}

async fn label_names(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let (start, end) = window(&api, &parameters)?;
    let limit = limit(&parameters)?;
    let selectors = parameters.all("match[]");
    let names =
        api.engine.label_names(&selectors, start, end, over(limit)).await.map_err(match_failure)?;
    Ok(answer::texts(names, limit))
}

async fn label_values(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Answer {
    let Some(name) = labels::unescape(&name) else {
        return Err(ApiError::bad_data(format!("invalid label name: {name:?}")));
    };
    let (start, end) = window(&api, &parameters)?;
    let limit = limit(&parameters)?;
    let selectors = parameters.all("match[]");
    let values = api
        .engine
        .label_values(&name, &selectors, start, end, over(limit))
        .await
        .map_err(match_failure)?;
    Ok(answer::texts(values, limit))
}

async fn metadata(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let families = api.engine.metric_metadata().await?;
    let wanted = parameters.get("metric");
    let limit = metadata_limit(&parameters, "limit")?;
    let per_metric = match metadata_limit(&parameters, "limit_per_metric")? {
        // Unlike for `limit`, 0 is no limit.
        0 => usize::MAX,
        limit => limit,
    };
    let mut data = Map::new();
    for family in
        families.iter().filter(|family| wanted.is_none_or(|wanted| wanted == family.metric))
    {
        if data.len() >= limit && !data.contains_key(&family.metric) {
            break;
        }
        let entry = json!({ "type": family.kind.name(), "help": family.help, "unit": family.unit });
        if let Json::Array(entries) = data.entry(family.metric.clone()).or_insert_with(|| json!([]))
            && entries.len() < per_metric
        {
            entries.push(entry);
        }
    }
    Ok(answer::success(Json::Object(data).to_string().as_bytes(), &[], &[]))
}

/// A limit of `metadata`; absent or negative means none.
fn metadata_limit(parameters: &Parameters, name: &str) -> Result<usize, ApiError> {
    match parameters.get(name).map(str::parse::<i64>) {
        None => Ok(usize::MAX),
        Some(Ok(limit)) => Ok(usize::try_from(limit).unwrap_or(usize::MAX)),
        Some(Err(_)) => Err(ApiError::bad_data(format!("{name} must be a number"))),
    }
}

async fn format_query(parameters: Parameters) -> Answer {
    let text = query::promql::format(required(&parameters, "query")?)
        .map_err(|error| query_failure(error.into()))?;
    Ok(answer::success(Json::from(text).to_string().as_bytes(), &[], &[]))
}

async fn parse_query(parameters: Parameters) -> Answer {
    let expr = query::promql::parse(required(&parameters, "query")?)
        .map_err(|error| query_failure(error.into()))?;
    let tree = serde_json::to_vec(&query::promql::syntax_tree(&expr))
        .map_err(|error| QueryError::Internal(error.to_string()))?;
    Ok(answer::success(&tree, &[], &[]))
}

/// Options of one query.
fn options(parameters: &Parameters) -> Result<Options, ApiError> {
    let lookback_ms = match duration(parameters, "lookback_delta")? {
        Some(lookback) if lookback > 0 => lookback,
        Some(_) => return Err(ApiError::parameter("lookback_delta", "must be greater than zero")),
        None => LOOKBACK_MS,
    };
    let counts_samples = Statistics::of(parameters) != Statistics::None;
    Ok(Options { lookback_ms, limit: limit(parameters)?, counts_samples })
}

/// Enforces the client's `timeout`; the engine has a limit of its own.
async fn in_time(
    parameters: &Parameters,
    query: impl Future<Output = Result<Counted<query::promql::Answer>, QueryError>>,
) -> Result<Counted<query::promql::Answer>, ApiError> {
    let answer = match duration(parameters, "timeout")?.map(u64::try_from) {
        None => query.await,
        Some(Err(_)) => return Err(ApiError::parameter("timeout", "must not be negative")),
        Some(Ok(milliseconds)) => {
            let timeout = Duration::from_millis(milliseconds);
            let late = Err(QueryError::Timeout(timeout));
            tokio::time::timeout(timeout, query).await.unwrap_or(late)
        }
    };
    answer.map_err(query_failure)
}

/// `start` and `end` of metadata requests; the default is all time.
fn window(api: &Api, parameters: &Parameters) -> Result<(i64, i64), ApiError> {
    let start = time(parameters, "start")?.unwrap_or(i64::MIN / MILLISECOND);
    let end = time(parameters, "end")?.unwrap_or_else(|| api.now_ms().max(start));
    if end < start {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    Ok((start, end))
}

fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, ApiError> {
    parameters.get(name).ok_or_else(|| {
        ApiError::parameter(name, "unknown position: parse error: no expression found in input")
    })
}

fn time(parameters: &Parameters, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    prometheus_time(text).map(Some).ok_or_else(|| unread_time(name, text))
}

fn duration(parameters: &Parameters, name: &str) -> Result<Option<i64>, ApiError> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    prometheus_duration(text).map(Some).ok_or_else(|| unread_duration(name, text))
}

fn unread_time(name: &str, text: &str) -> ApiError {
    ApiError::parameter(name, format!("cannot parse {text:?} to a valid timestamp"))
}

fn unread_duration(name: &str, text: &str) -> ApiError {
    ApiError::parameter(name, format!("cannot parse {text:?} to a valid duration"))
}

/// `limit`; 0 means no limit.
fn limit(parameters: &Parameters) -> Result<usize, ApiError> {
    match parameters.get("limit").map(str::parse::<i64>) {
        None => Ok(0),
        Some(Ok(limit)) if limit >= 0 => Ok(usize::try_from(limit).unwrap_or(0)),
        Some(Ok(_)) => Err(ApiError::parameter("limit", "limit must be non-negative")),
        Some(Err(error)) => Err(ApiError::parameter("limit", error)),
    }
}

/// One more than the limit, to detect truncation.
fn over(limit: usize) -> usize {
    if limit == 0 { 0 } else { limit.saturating_add(1) }
}

/// Attributes query errors to the parameter `query`.
fn query_failure(error: QueryError) -> ApiError {
    match error {
        QueryError::Invalid(message) => ApiError::parameter("query", message),
        error => error.into(),
    }
}

/// Attributes selector errors to the parameter `match[]`.
fn match_failure(error: QueryError) -> ApiError {
    match error {
        QueryError::Invalid(message) => ApiError::parameter("match[]", message),
        error => error.into(),
    }
}
