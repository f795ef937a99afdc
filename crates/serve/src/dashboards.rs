//! `/api/dashboards` and `/api/data-sources`: the page's dashboards. The binary reads and writes
//! their files.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use page_api::{
    Dashboard, DashboardEntry, DashboardError, DashboardList, DashboardRevision, DashboardSave,
    DataSourceEntry,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::json;
use crate::parameters::read;
use crate::routers::Api;

/// A dashboard that comes with the program has data if there is some of the last day.
const RECENT_MS: i64 = 86_400_000;
/// Maximum size of a saved dashboard, in bytes.
const BODY_BYTES_MAX: usize = 8 << 20;

/// Files of dashboards. All methods block.
pub trait Dashboards: Send + Sync {
    /// All dashboards. Those that come with the program are listed if they have data, that is one
    /// of these metrics, which are sorted.
    fn list(&self, metrics: &[String]) -> DashboardList;

    /// One dashboard.
    ///
    /// # Errors
    /// [`DashboardFault::NotFound`].
    fn get(&self, uid: &str) -> Result<Dashboard, DashboardFault>;

    /// Writes a dashboard to the file that it was read from. What the file had is kept as a
    /// revision.
    ///
    /// # Errors
    /// [`DashboardFault`]; the file is as before.
    fn save(&self, uid: &str, save: &DashboardSave) -> Result<DashboardEntry, DashboardFault>;

    /// Writes a new dashboard into the data folder.
    ///
    /// # Errors
    /// [`DashboardFault`]; there is no new dashboard.
    fn create(&self, dashboard: &RawValue) -> Result<DashboardEntry, DashboardFault>;

    /// Removes a dashboard of the data folder. What it was is kept as a revision.
    ///
    /// # Errors
    /// [`DashboardFault`]: also if its file is not in the data folder.
    fn delete(&self, uid: &str) -> Result<(), DashboardFault>;

    /// What a dashboard was before its saves, newest first.
    fn history(&self, uid: &str) -> Vec<DashboardRevision>;

    /// The content of a revision.
    ///
    /// # Errors
    /// [`DashboardFault::NotFound`].
    fn revision(&self, uid: &str, revision: &str) -> Result<Box<RawValue>, DashboardFault>;

    /// The data sources of Grafana's provisioning.
    fn data_sources(&self) -> Vec<DataSourceEntry>;
}

/// Why a request for a dashboard fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DashboardFault {
    /// There is none.
    #[error("there is no dashboard {0:?}")]
    NotFound(String),
    /// The content is not a dashboard.
    #[error("{0}")]
    Invalid(String),
    /// The file has another version than the one that was edited.
    #[error("the file {0} has changed since the dashboard was opened")]
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

impl DashboardFault {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Changed(_) => StatusCode::CONFLICT,
            Self::NotWritten { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

pub(crate) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/api/dashboards", get(list).post(create))
        .route("/api/dashboards/{uid}", get(one).put(save).delete(delete))
        .route("/api/dashboards/{uid}/history", get(history))
        .route("/api/dashboards/{uid}/history/{revision}", get(revision))
        .route("/api/data-sources", get(data_sources))
}

async fn list(State(api): State<Arc<Api>>) -> Response {
    let (end_ms, name) = (api.now_ms(), signals::metric::NAME_LABEL);
    let metrics = api.engine.label_values(name, &[], end_ms - RECENT_MS, end_ms, 0).await;
    // Without the names of metrics, the files are listed.
    let metrics = metrics.unwrap_or_default();
    respond(&api, move |dashboards| Ok(dashboards.list(&metrics))).await
}

async fn one(State(api): State<Arc<Api>>, Path(uid): Path<String>) -> Response {
    respond(&api, move |dashboards| dashboards.get(&uid)).await
}

async fn save(State(api): State<Arc<Api>>, Path(uid): Path<String>, request: Request) -> Response {
    match body(request).await {
        Ok(body) => respond(&api, move |dashboards| dashboards.save(&uid, &body)).await,
        Err(response) => response,
    }
}

async fn create(State(api): State<Arc<Api>>, request: Request) -> Response {
    match body(request).await {
        Ok(body) => respond(&api, move |dashboards| dashboards.create(&body.dashboard)).await,
        Err(response) => response,
    }
}

async fn delete(State(api): State<Arc<Api>>, Path(uid): Path<String>) -> Response {
    respond(&api, move |dashboards| dashboards.delete(&uid)).await
}

async fn history(State(api): State<Arc<Api>>, Path(uid): Path<String>) -> Response {
    respond(&api, move |dashboards| Ok(dashboards.history(&uid))).await
}

async fn revision(
    State(api): State<Arc<Api>>,
    Path((uid, revision)): Path<(String, String)>,
) -> Response {
    respond(&api, move |dashboards| dashboards.revision(&uid, &revision)).await
}

async fn data_sources(State(api): State<Arc<Api>>) -> Response {
    respond(&api, |dashboards| Ok(dashboards.data_sources())).await
}

async fn body(request: Request) -> Result<DashboardSave, Response> {
    let body = read(request.into_body(), BODY_BYTES_MAX).await;
    let body = body.map_err(|(status, message)| failure(status, message.trim_end()))?;
    serde_json::from_slice(&body).map_err(|error| {
        let message = format!("the request is not {{\"dashboard\": {{…}}}}: {error}");
        failure(StatusCode::BAD_REQUEST, &message)
    })
}

async fn respond<T: Serialize + Send + 'static>(
    api: &Api,
    ask: impl FnOnce(&dyn Dashboards) -> Result<T, DashboardFault> + Send + 'static,
) -> Response {
    let dashboards = Arc::clone(&api.dashboards);
    match tokio::task::spawn_blocking(move || ask(dashboards.as_ref())).await {
        Ok(Ok(answer)) => {
            let mut body = Vec::new();
            json::value(&mut body, &answer);
            json::response(StatusCode::OK, body)
        }
        Ok(Err(fault)) => failure(fault.status(), &fault.to_string()),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn failure(status: StatusCode, message: &str) -> Response {
    let mut body = Vec::new();
    json::value(&mut body, &DashboardError { error: message.to_owned() });
    json::response(status, body)
}
