//! Prometheus' status endpoints: build, flags, configuration, health. Unsupported features return
//! empty lists.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use signals::time::to_rfc3339;

use super::answer::{ApiError, success};
use crate::parameters::Parameters;
use crate::routers::Api;

/// The emulated Prometheus version: clients enable features by it. The response must not contain
/// `features`, or Grafana takes the server for Mimir.
const PROMETHEUS_VERSION: &str = "3.5.0";

/// Content type of the Prometheus text format.
pub(crate) const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn api() -> Router<Arc<Api>> {
    let none = |data: Value| get(move || async move { data_of(&data) });
    Router::new()
        .route("/status/buildinfo", get(build))
        .route("/status/config", get(configuration))
        .route("/status/flags", get(flags))
        .route("/status/runtimeinfo", get(runtime))
        .route("/status/tsdb", get(tsdb))
        .route("/status/walreplay", none(json!({ "min": 0, "max": 0, "current": 0 })))
        .route("/alertmanagers", get(alertmanagers))
}

pub(super) fn root_routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/-/healthy", get(|| async { "Prometheus Server is Healthy.\n" }))
        .route("/-/ready", get(ready))
        .route("/-/reload", get(only_post).post(reload).put(reload))
        .route("/-/quit", get(only_post).post(no_lifecycle).put(no_lifecycle))
        .route("/metrics", get(metrics))
        .route("/version", get(|| async { axum::Json(version()) }))
}

async fn ready(State(api): State<Arc<Api>>) -> Response {
    if api.info.is_ready() {
        return "Prometheus Server is Ready.\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, [("x-prometheus-stopping", "true")], "Service Unavailable")
        .into_response()
}

pub(crate) async fn only_post() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "Only POST or PUT requests allowed").into_response()
}

/// Reads the adopted files again.
pub(crate) async fn reload(State(api): State<Arc<Api>>) -> Response {
    let info = Arc::clone(&api.info);
    let reloaded = tokio::task::spawn_blocking(move || info.reload()).await;
    match reloaded.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            let message = format!("failed to reload config: {error}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
        }
    }
}

async fn no_lifecycle() -> Response {
    (StatusCode::FORBIDDEN, "Lifecycle API is not enabled.").into_response()
}

/// The process's own metrics.
pub(crate) async fn metrics(State(api): State<Arc<Api>>) -> Response {
    ([(CONTENT_TYPE, EXPOSITION)], api.info.metrics()).into_response()
}

pub(super) fn data_of(data: &Value) -> Response {
    success(data.to_string().as_bytes(), &[], &[])
}

async fn build() -> Response {
    data_of(&version())
}

fn version() -> Value {
    json!({
        "version": PROMETHEUS_VERSION,
        "revision": "",
        "branch": "",
        "buildUser": concat!("glasshouse@", env!("CARGO_PKG_VERSION")),
        "buildDate": "",
        "goVersion": "",
    })
}

async fn alertmanagers(State(api): State<Arc<Api>>) -> Response {
    let list = |urls: Vec<String>| -> Vec<Value> {
        urls.into_iter().map(|url| json!({ "url": url })).collect()
    };
    let [active, dropped] = api.info.alertmanagers();
    data_of(&json!({ "activeAlertmanagers": list(active), "droppedAlertmanagers": list(dropped) }))
}

async fn configuration(State(api): State<Arc<Api>>) -> Response {
    data_of(&json!({ "yaml": api.info.configuration() }))
}

async fn flags(State(api): State<Arc<Api>>) -> Response {
    data_of(&json!(api.info.flags()))
}

async fn runtime(State(api): State<Arc<Api>>) -> Response {
    let started_at = to_rfc3339(api.info.started_at());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let days = api.info.overview().signals.metrics.retention_s / 86_400;
    let reload = api.info.last_reload();
    data_of(&json!({
        "startTime": started_at,
        "CWD": "",
        "hostname": "",
        "serverTime": to_rfc3339(api.clock.now()),
        "reloadConfigSuccess": reload.is_successful,
        "lastConfigTime": to_rfc3339(reload.at),
        "corruptionCount": 0,
        "goroutineCount": 0,
        "GOMAXPROCS": threads,
        "GOMEMLIMIT": 0,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": format!("{days}d"),
    }))
}

/// Cardinality statistics of the last hour, as for a Prometheus head block.
async fn tsdb(State(api): State<Arc<Api>>, parameters: Parameters) -> Result<Response, ApiError> {
    const HOUR_MS: i64 = 3_600_000;
    const LIMIT: usize = 10;
    let limit = match parameters.get("limit").map(str::parse::<usize>) {
        None => LIMIT,
        Some(Ok(limit @ 1..=10_000)) => limit,
        Some(_) => return Err(ApiError::bad_data("limit must be a positive number up to 10000")),
    };
    let now = api.now_ms();
    let counts = api.engine.cardinality(now - HOUR_MS, now, limit).await?;
    Ok(data_of(&json!({
        "headStats": {
            "numSeries": counts.series,
            "numLabelPairs": counts.label_pairs,
            "chunkCount": counts.series,
            "minTime": now - HOUR_MS,
            "maxTime": now,
        },
        "seriesCountByMetricName": list(&counts.series_by_metric),
        "labelValueCountByLabelName": list(&counts.values_by_label),
        "memoryInBytesByLabelName": list(&counts.bytes_by_label),
        "seriesCountByLabelValuePair": list(&counts.series_by_pair),
    })))
}

fn list(counts: &[(String, u64)]) -> Vec<Value> {
    counts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}
