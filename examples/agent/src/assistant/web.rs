//! The agent's HTTP routes.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use glasshouse_sdk::http::ObservabilityLayer;
use glasshouse_sdk::propagation;
use glasshouse_sdk::sse::{self, SseOptions};
use glasshouse_sdk::web_vitals::{self, WebVitalsOptions};
use serde::Deserialize;
use serde_json::json;

use super::tasks::{Task, random_id};
use super::{Assistant, page, solve};
use crate::gateway;

/// Maximum size of a request body, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Maximum length of a task, in characters.
const TASK_CHARS_MAX: usize = 4000;
/// Maximum length of a session id, in bytes.
const SESSION_BYTES_MAX: usize = 64;

/// All routes.
pub(super) fn router(assistant: Arc<Assistant>) -> Router {
    let telemetry = assistant.telemetry.clone();
    let page = page::Page::new(assistant.glasshouse_url.as_deref());
    let shown = move |request: Request| {
        let page = page.clone();
        async move { page.answer(&request) }
    };
    Router::new()
        .route("/api/tasks", post(begin))
        .route("/api/tasks/{task_id}", get(state_of))
        .route("/api/tasks/{task_id}/events", get(events))
        .route("/api/tasks/{task_id}/cancel", post(cancel))
        .route("/api/sessions/{session_id}/tasks", get(tasks_of))
        .route("/healthz", get(|| async { "ok\n" }))
        // Paths of the page; files and all others use the fallback.
        .route("/", get(shown.clone()))
        .route("/tasks/{task_id}", get(shown.clone()))
        .route("/assets/{file}", get(shown.clone()))
        .fallback(shown)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(assistant)
        .merge(web_vitals::router(&telemetry, WebVitalsOptions::new()))
        .layer(ObservabilityLayer::new(&telemetry))
}

/// An error response with a message.
fn refused(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTask {
    task: String,
    #[serde(default)]
    session_id: Option<String>,
    #[serde(default)]
    model: Option<String>,
}

/// `POST /api/tasks`.
async fn begin(
    State(assistant): State<Arc<Assistant>>,
    body: Result<Json<NewTask>, JsonRejection>,
) -> Response {
    let NewTask { task, session_id, model } = match body {
        Ok(Json(new)) => new,
        Err(rejection) => return refused(rejection.status(), &rejection.body_text()),
    };
    let text = task.trim();
    if text.is_empty() || text.chars().count() > TASK_CHARS_MAX {
        let reason = format!("`task` has 1 to {TASK_CHARS_MAX} characters");
        return refused(StatusCode::BAD_REQUEST, &reason);
    }
    if session_id.as_deref().is_some_and(|id| !is_session_id(id)) {
        let reason = "`session_id` has 1 to 64 letters, digits, `-` or `_`";
        return refused(StatusCode::BAD_REQUEST, reason);
    }
    if model.as_deref().is_some_and(|model| !gateway::serves(model)) {
        return refused(StatusCode::BAD_REQUEST, "`model` is gpt-4o or gpt-4o-mini");
    }
    if assistant.queue.is_full() || assistant.stop.is_cancelled() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "too much to do; try again later");
    }
    let session_id = session_id.unwrap_or_else(random_id);
    let trace_id = propagation::current_trace_id().unwrap_or_default();
    let task = Task::new(session_id, text.to_owned(), model, trace_id);
    assistant.tasks.insert(&task);
    solve::start(&assistant, &task);
    let answer = json!({ "task_id": task.id, "session_id": task.session_id });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

/// `GET /api/tasks/{task_id}`.
async fn state_of(State(assistant): State<Arc<Assistant>>, Path(id): Path<String>) -> Response {
    match assistant.tasks.get(&id) {
        Some(task) => Json(task.summary()).into_response(),
        None => unknown_task(),
    }
}

/// `POST /api/tasks/{task_id}/cancel`. No effect on a finished task.
async fn cancel(State(assistant): State<Arc<Assistant>>, Path(id): Path<String>) -> Response {
    let Some(task) = assistant.tasks.get(&id) else { return unknown_task() };
    task.cancel.cancel();
    (StatusCode::ACCEPTED, Json(task.summary())).into_response()
}

/// `GET /api/sessions/{session_id}/tasks`.
async fn tasks_of(State(assistant): State<Arc<Assistant>>, Path(id): Path<String>) -> Response {
    Json(json!({ "tasks": assistant.tasks.of_session(&id) })).into_response()
}

/// `GET /api/tasks/{task_id}/events`: past events, then live ones.
async fn events(
    State(assistant): State<Arc<Assistant>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(task) = assistant.tasks.get(&id) else { return unknown_task() };
    let after = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    let options = SseOptions::new("/api/tasks/{task_id}/events")
        .session(&task.session_id)
        .until(assistant.stop.clone().cancelled_owned());
    let (history, last) = task.history(after);
    let connected = task.connected();
    let live = Box::pin(task.follow(last.max(after)));
    let stream = sse::observe(&assistant.telemetry, live, options).handshake(connected);
    sse::response(stream.replay(history)).map(axum::body::Body::new)
}

fn unknown_task() -> Response {
    refused(StatusCode::NOT_FOUND, "there is no such task")
}

fn is_session_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=SESSION_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_allowed)
}
