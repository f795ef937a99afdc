//! The HTTP API of Alertmanager: API v2 and administration.
//!
//! Specification: `api/v2/openapi.yaml` of Alertmanager, and the answers of its generated server.

use std::sync::Arc;

use alertmanager::api::{
    AlertsQuery, ApiError, PostableAlert, PostableSilence, SchemaError, SilencesQuery, VersionInfo,
    check_alerts,
};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::parameters::{Parameters, read};
use crate::prometheus;
use crate::routers::Api;

/// The emulated version.
const ALERTMANAGER_VERSION: &str = "0.28.0";
/// Maximum size of a body, in bytes.
const BODY_BYTES_MAX: usize = 20 << 20;
/// What the removed API answers.
const REMOVED: &str = "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of \
                       version 0.27.0 - please use the equivalent route in the v2 API";

/// All routes below `/api/v2`.
pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/status", get(status))
        .route("/receivers", get(receivers))
        .route("/alerts", get(alerts).post(receive))
        .route("/alerts/groups", get(groups))
        .route("/silences", get(silences).post(set_silence))
        .route("/silence/{id}", get(silence).delete(expire_silence))
}

/// Routes outside the API prefix.
pub(crate) fn root_routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/-/healthy", get(|| async { "OK" }))
        .route("/-/ready", get(ready))
        .route("/-/reload", get(prometheus::only_post).post(prometheus::reload))
        .route("/metrics", get(prometheus::metrics))
        .route("/api/v1/{*path}", any(removed))
}

async fn ready(State(api): State<Arc<Api>>) -> Response {
    if api.info.is_ready() {
        return "OK".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response()
}

async fn removed() -> Response {
    let body = json!({ "status": "deprecated", "error": REMOVED });
    (StatusCode::GONE, axum::Json(body)).into_response()
}

async fn status(State(api): State<Arc<Api>>) -> Response {
    let version = VersionInfo {
        version: ALERTMANAGER_VERSION.to_owned(),
        build_user: concat!("glasshouse@", env!("CARGO_PKG_VERSION")).to_owned(),
        ..VersionInfo::default()
    };
    axum::Json(api.alertmanager.read(|alertmanager, _| alertmanager.status(version)))
        .into_response()
}

async fn receivers(State(api): State<Arc<Api>>, parameters: Parameters) -> Response {
    let matchers = parameters.all("receiver_matchers");
    answer(api.alertmanager.read(|alertmanager, _| alertmanager.receivers(&matchers)))
}

async fn alerts(State(api): State<Arc<Api>>, parameters: Parameters) -> Response {
    let query = alerts_query(&parameters);
    answer(api.alertmanager.read(|alertmanager, now| alertmanager.alerts(&query, now)))
}

async fn groups(State(api): State<Arc<Api>>, parameters: Parameters) -> Response {
    let query = alerts_query(&parameters);
    answer(api.alertmanager.read(|alertmanager, now| alertmanager.groups(&query, now)))
}

fn alerts_query(parameters: &Parameters) -> AlertsQuery {
    AlertsQuery {
        active: flag(parameters, "active"),
        silenced: flag(parameters, "silenced"),
        inhibited: flag(parameters, "inhibited"),
        muted: flag(parameters, "muted"),
        filter: parameters.all("filter"),
        receiver: parameters.get("receiver").map(str::to_owned),
        receiver_matchers: parameters.all("receiver_matchers"),
    }
}

/// A parameter that is true if it is absent, in the words that Alertmanager's server takes for true.
fn flag(parameters: &Parameters, name: &str) -> bool {
    const TRUE: [&str; 10] =
        ["1", "checked", "enabled", "ok", "on", "selected", "t", "true", "y", "yes"];
    let value = parameters.get(name).unwrap_or_default().to_ascii_lowercase();
    value.is_empty() || TRUE.contains(&value.as_str())
}

async fn receive(State(api): State<Arc<Api>>, request: Request) -> Response {
    let alerts: Vec<PostableAlert> = match body(request).await {
        Ok(alerts) => alerts,
        Err(response) => return response,
    };
    if let Err(error) = check_alerts(&alerts) {
        return refusal(error);
    }
    let receipt = api.alertmanager.receive(alerts);
    if receipt.errors.is_empty() {
        return StatusCode::OK.into_response();
    }
    text(StatusCode::BAD_REQUEST, &receipt.errors.join("; "))
}

async fn silences(State(api): State<Arc<Api>>, parameters: Parameters) -> Response {
    let query = SilencesQuery {
        active: flag(&parameters, "active"),
        expired: flag(&parameters, "expired"),
        pending: flag(&parameters, "pending"),
        filter: parameters.all("filter"),
    };
    answer(api.alertmanager.read(|alertmanager, now| alertmanager.silences(&query, now)))
}

async fn set_silence(State(api): State<Arc<Api>>, request: Request) -> Response {
    let silence: PostableSilence = match body(request).await {
        Ok(silence) => silence,
        Err(response) => return response,
    };
    match api.alertmanager.set_silence(silence).await {
        Ok(id) => axum::Json(json!({ "silenceID": id })).into_response(),
        Err(error @ ApiError::NotFound) => text(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error) => refusal(error),
    }
}

async fn silence(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Response {
    if let Some(response) = not_a_uuid(&id) {
        return response;
    }
    let found = api.alertmanager.read(|alertmanager, now| alertmanager.silence(&id, now));
    answer(found.ok_or(ApiError::NotFound))
}

async fn expire_silence(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Response {
    if let Some(response) = not_a_uuid(&id) {
        return response;
    }
    match api.alertmanager.expire_silence(&id).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refusal(error),
    }
}

fn not_a_uuid(id: &str) -> Option<Response> {
    let groups: Vec<usize> = id.split('-').map(str::len).collect();
    let is_uuid =
        groups == [8, 4, 4, 4, 12] && id.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    (!is_uuid).then(|| {
        let message = format!("silenceID in path must be of type uuid: {id:?}");
        refusal(ApiError::Schema(SchemaError { code: 601, message }))
    })
}

fn answer<T: Serialize>(result: Result<T, ApiError>) -> Response {
    match result {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(error) => refusal(error),
    }
}

fn refusal(error: ApiError) -> Response {
    match error {
        ApiError::BadRequest(message) => text(StatusCode::BAD_REQUEST, &message),
        ApiError::NotFound => StatusCode::NOT_FOUND.into_response(),
        ApiError::Schema(error) => {
            (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(error)).into_response()
        }
        ApiError::Internal(message) => text(StatusCode::INTERNAL_SERVER_ERROR, &message),
    }
}

/// An error as Alertmanager has it: a JSON string.
fn text(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(message)).into_response()
}

/// Reads a JSON body.
async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    let content_type =
        request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let media_type =
        content_type.unwrap_or("application/json").split(';').next().unwrap_or("").trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let message =
            format!("unsupported media type {media_type:?}, only [application/json] are allowed");
        let body = axum::Json(json!({ "code": 415, "message": message }));
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, body).into_response());
    }
    let body = read(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|(status, message)| text(status, message.trim_end()))?;
    serde_json::from_slice(&body).map_err(|error| {
        let body = axum::Json(json!({ "code": 400, "message": error.to_string() }));
        (StatusCode::BAD_REQUEST, body).into_response()
    })
}
