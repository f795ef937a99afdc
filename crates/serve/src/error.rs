//! Maps query errors to HTTP statuses.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use query::QueryError;

/// The status of an error.
pub(crate) fn status(error: &QueryError) -> StatusCode {
    if let QueryError::Internal(message) = error {
        tracing::error!(message, "a query failed with an internal error");
    }
    match error {
        QueryError::Invalid(_) => StatusCode::BAD_REQUEST,
        QueryError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        QueryError::Execution(_) | QueryError::TooLarge(_) => StatusCode::UNPROCESSABLE_ENTITY,
        QueryError::Timeout(_) | QueryError::Busy(_) | QueryError::Store(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        QueryError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Adds when to try again to a response that is worth repeating.
pub(crate) fn with_retry_after(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// An error as Loki and Tempo return it: plain text.
#[derive(Debug)]
pub(crate) struct TextError {
    status: StatusCode,
    message: String,
}

impl TextError {
    /// An invalid parameter.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// An error with another status.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl From<QueryError> for TextError {
    fn from(error: QueryError) -> Self {
        Self { status: status(&error), message: error.to_string() }
    }
}

impl From<signals::rows::ColumnError> for TextError {
    fn from(error: signals::rows::ColumnError) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: error.to_string() }
    }
}

impl IntoResponse for TextError {
    fn into_response(self) -> Response {
        let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
        let response = (self.status, headers, self.message).into_response();
        with_retry_after(response)
    }
}
