//! `/api/alerting`: what the page shows of alerting beyond the APIs of Prometheus and Alertmanager.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use http::StatusCode;
use page_api::{AlertingError, RuleFileEntry, RuleFileList, RuleFileSave};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
