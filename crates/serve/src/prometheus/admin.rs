//! Prometheus' API for administrators: deletes samples and makes snapshots.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::post;
use http::StatusCode;
use serde_json::json;

use super::answer::{ApiError, success};
use super::{Answer, match_failure, time};
use crate::admin::Admin;
use crate::parameters::Parameters;
use crate::routers::Api;

pub(super) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/admin/tsdb/delete_series", post(delete_series).put(delete_series))
        .route("/admin/tsdb/clean_tombstones", post(clean_tombstones).put(clean_tombstones))
        .route("/admin/tsdb/snapshot", post(snapshot).put(snapshot))
}

fn enabled(api: &Api) -> Result<&dyn Admin, ApiError> {
    api.admin.as_deref().ok_or_else(|| ApiError::unavailable("admin APIs disabled"))
}

async fn delete_series(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let admin = enabled(&api)?;
    let selectors = parameters.all("match[]");
    if selectors.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let start_ms = time(&parameters, "start")?.unwrap_or(i64::MIN);
    let end_ms = time(&parameters, "end")?.unwrap_or(i64::MAX);
    if end_ms < start_ms {
        return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
    }
    let parsed = selectors
        .iter()
        .map(|selector| query::promql::parse_selector(selector))
        .collect::<Result<_, _>>()
        .map_err(|error| match_failure(error.into()))?;
    admin.delete_series(parsed, start_ms, end_ms).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Deleted samples leave no tombstones.
async fn clean_tombstones(State(api): State<Arc<Api>>) -> Answer {
    enabled(&api)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn snapshot(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let admin = enabled(&api)?;
    let skip_head = match parameters.get("skip_head") {
        None => false,
        Some(text) => parse_bool(text).ok_or_else(|| {
            let why = format!(
                "unable to parse boolean: strconv.ParseBool: parsing {text:?}: invalid syntax"
            );
            ApiError::parameter("skip_head", why)
        })?,
    };
    let name = admin.snapshot(skip_head).await?;
    Ok(success(json!({ "name": name }).to_string().as_bytes(), &[], &[]))
}

/// As Go's `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
