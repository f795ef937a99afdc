//! `/api/alerting`: what the page shows of alerting beyond the APIs of Prometheus and Alertmanager.

use std::collections::BTreeMap;
use std::sync::Arc;

use adopt::alertmanager::{GroupBy, Receiver, Route};
use alertmanager::{HistoryAlert, HistoryEntry};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use futures::future::BoxFuture;
use http::StatusCode;
use page_api::{
    AlertingError, NotificationEntry, NotificationList, NotifiedAlert, ReceiverTest, ReplayAnswer,
    ReplayRequest, RouteNode, RouteTest, RouteTestAnswer, RuleFileEntry, RuleFileList,
    RuleFileSave,
};
use query::QueryError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use signals::Labels;
use signals::time::MILLISECOND;

use crate::error::status;
use crate::parameters::read;
use crate::routers::Api;

/// Maximum size of a body: a file of rules as JSON, in bytes.
const BODY_BYTES_MAX: usize = 2 << 20;

/// Files of rules. All methods block.
pub trait RuleFiles: Send + Sync {
    /// All files with their texts.
    fn list(&self) -> RuleFileList;

    /// Writes a file of the data folder, or removes it, and uses the rules.
    ///
    /// # Errors
    /// [`RuleFileFault`]; everything stays as it was.
    fn save(&self, name: &str, save: &RuleFileSave) -> Result<RuleFileEntry, RuleFileFault>;
}

/// Sends messages to receivers on request.
pub trait ReceiverTests: Send + Sync {
    /// Sends a message by all integrations of a receiver; `None` if there is no such receiver.
    fn test(&self, receiver: String) -> BoxFuture<'_, Option<ReceiverTest>>;
}

/// Replays rules over what is stored.
pub trait Replays: Send + Sync {
    /// What rules and routes would have done.
    fn replay(&self, request: ReplayRequest) -> BoxFuture<'_, Result<ReplayAnswer, QueryError>>;
}

/// Why a file of rules is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFileFault {
    /// The name or the text is not valid.
    #[error("{0}")]
    Invalid(String),
    /// The file has another text than the one that was edited.
    #[error("the file {0} has changed since it was read")]
    Changed(String),
    /// The file cannot be written.
    #[error("the file {file} cannot be written: {reason}")]
    NotWritten {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
}

impl RuleFileFault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Changed(_) => StatusCode::CONFLICT,
            Self::NotWritten { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/alerting/rule-files", get(files))
        .route("/api/alerting/rule-files/{name}", put(save))
        .route("/api/alerting/notifications", get(notifications))
        .route("/api/alerting/replay", post(replay))
        .route("/api/alerting/routes", get(routes))
        .route("/api/alerting/routes/test", post(test_route))
        .route("/api/alerting/receivers/{receiver}/test", post(test_receiver))
}

async fn notifications(State(api): State<Arc<Api>>) -> Response {
    let notifications =
        api.alertmanager.read(|alertmanager, _| alertmanager.history().iter().map(entry).collect());
    axum::Json(NotificationList { notifications }).into_response()
}

fn entry(entry: &HistoryEntry) -> NotificationEntry {
    let alert = |alert: &HistoryAlert| NotifiedAlert {
        labels: map(&alert.labels),
        is_firing: alert.is_firing,
    };
    NotificationEntry {
        at_unix_ms: entry.at.div_euclid(MILLISECOND),
        receiver: entry.integration.receiver.clone(),
        integration: entry.integration.name.to_owned(),
        index: entry.integration.index,
        group_key: entry.group_key.clone(),
        group_labels: map(&entry.group_labels),
        reason: entry.reason.name().to_owned(),
        alerts: entry.alerts.iter().map(alert).collect(),
        error: entry.error.clone(),
        attempts: entry.attempts,
        duration_ms: u64::try_from(entry.duration.as_millis()).unwrap_or(u64::MAX),
        message: entry.message.clone(),
    }
}

fn map(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn routes(State(api): State<Arc<Api>>) -> Response {
    let root = api.alertmanager.read(|alertmanager, _| {
        let config = &alertmanager.configuration().config;
        node(&config.route, &config.receivers)
    });
    axum::Json(root).into_response()
}

fn node(route: &Route, receivers: &[Receiver]) -> RouteNode {
    let receiver = receivers.iter().find(|receiver| receiver.name == route.receiver);
    let integrations = receiver.iter().flat_map(|receiver| &receiver.integrations);
    RouteNode {
        id: route.id(),
        receiver: route.receiver.clone(),
        integrations: integrations.map(|integration| integration.name.to_owned()).collect(),
        matchers: route.matchers().iter().map(ToString::to_string).collect(),
        group_by: match &route.group_by {
            GroupBy::All => vec!["...".to_owned()],
            GroupBy::Labels(names) => names.clone(),
        },
        group_wait_s: route.group_wait.as_secs_f64(),
        group_interval_s: route.group_interval.as_secs_f64(),
        repeat_interval_s: route.repeat_interval.as_secs_f64(),
        continues: route.continues,
        mute_time_intervals: route.mute_time_intervals.clone(),
        active_time_intervals: route.active_time_intervals.clone(),
        line: route.line,
        routes: route.routes.iter().map(|route| node(route, receivers)).collect(),
    }
}

async fn test_route(State(api): State<Arc<Api>>, request: Request) -> Response {
    let test: RouteTest = match body(request).await {
        Ok(test) => test,
        Err(response) => return response,
    };
    let labels = Labels::from_pairs(&test.labels);
    let answer = api.alertmanager.read(|alertmanager, _| {
        let found = alertmanager.routes_for(&labels);
        RouteTestAnswer {
            routes: found.iter().map(|route| route.id()).collect(),
            receivers: found.iter().map(|route| route.receiver.clone()).collect(),
        }
    });
    axum::Json(answer).into_response()
}

async fn test_receiver(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Response {
    match api.receiver_tests.test(name.clone()).await {
        Some(test) => axum::Json(test).into_response(),
        None => failure(StatusCode::NOT_FOUND, format!("there is no receiver {name:?}")),
    }
}

async fn replay(State(api): State<Arc<Api>>, request: Request) -> Response {
    let request: ReplayRequest = match body(request).await {
        Ok(request) => request,
        Err(response) => return response,
    };
    match api.replays.replay(request).await {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(error) => failure(status(&error), error.to_string()),
    }
}

async fn files(State(api): State<Arc<Api>>) -> Response {
    blocking(move || Ok(api.rule_files.list())).await
}

async fn save(State(api): State<Arc<Api>>, Path(name): Path<String>, request: Request) -> Response {
    match body::<RuleFileSave>(request).await {
        Ok(body) => {
            blocking(move || {
                let saved = api.rule_files.save(&name, &body);
                saved.map_err(|fault| (fault.status(), fault.to_string()))
            })
            .await
        }
        Err(response) => response,
    }
}

async fn blocking<T: Serialize + Send + 'static>(
    work: impl FnOnce() -> Result<T, (StatusCode, String)> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => axum::Json(answer).into_response(),
        Ok(Err((status, error))) => failure(status, error),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    let body = read(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|(status, message)| failure(status, message.trim_end().to_owned()))?;
    serde_json::from_slice(&body)
        .map_err(|error| failure(StatusCode::BAD_REQUEST, error.to_string()))
}

fn failure(status: StatusCode, error: String) -> Response {
    (status, axum::Json(AlertingError { error })).into_response()
}
