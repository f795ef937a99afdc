//! Requests with JSON to receivers, and which failures are worth another try.

use std::time::Duration;

use adopt::http::Source;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use http_client::{HttpClient, Posted};
use serde::Serialize;
use signals::Secret;
use url::Url;

use crate::expansion::failure;
use crate::{Failure, Reason};

/// Bytes of a response that are read.
const RESPONSE_BYTES_MAX: usize = 64 << 10;
/// Characters of a response that a message has.
const SHOWN_CHARS_MAX: usize = 500;
/// The longest wait that a receiver can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A request whose URL may be a secret.
pub(crate) struct Request<'a> {
    pub(crate) client: &'a HttpClient,
    pub(crate) url: &'a str,
    /// How long it may take; `None` leaves that to the caller.
    pub(crate) timeout: Option<Duration>,
    /// Statuses beside 5xx after which another try may help.
    pub(crate) retried: &'a [StatusCode],
}

impl Request<'_> {
    /// Posts a body.
    ///
    /// # Errors
    /// [`Failure`], with `unsent` as the message that was not sent.
    pub(crate) async fn post(&self, body: String, unsent: &str) -> Result<Posted, Failure> {
        let unsent = || unsent.to_owned();
        let url = Url::parse(self.url).map_err(|error| Failure {
            unsent: unsent(),
            ..failure(format!("the URL: {error}"))
        })?;
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        let post =
            self.client.send(Method::POST, &url, headers, Bytes::from(body), RESPONSE_BYTES_MAX);
        let posted = match self.timeout {
            Some(timeout) => {
                tokio::time::timeout(timeout, post).await.map_err(|_elapsed| Failure {
                    is_retryable: true,
                    reason: Reason::DeadlineExceeded,
                    unsent: unsent(),
                    ..failure(format!("there was no answer in {} s", timeout.as_secs_f64()))
                })?
            }
            None => post.await,
        };
        let posted = posted.map_err(|error| Failure {
            is_retryable: true,
            unsent: unsent(),
            ..failure(error)
        })?;
        if posted.status.is_success() {
            return Ok(posted);
        }
        Err(Failure { unsent: unsent(), ..self.refusal(&posted) })
    }

    fn refusal(&self, posted: &Posted) -> Failure {
        let status = posted.status;
        let details = shown(posted);
        let separator = if details.is_empty() { "" } else { ": " };
        Failure {
            is_retryable: status.is_server_error() || self.retried.contains(&status),
            retry_after: retry_after(&posted.headers),
            reason: if status.is_server_error() {
                Reason::ServerError
            } else {
                Reason::ClientError
            },
            ..failure(format!("unexpected status code {}{separator}{details}", status.as_u16()))
        }
    }
}

/// The start of a response.
pub(crate) fn shown(posted: &Posted) -> String {
    match &posted.body {
        Ok(body) => String::from_utf8_lossy(body).trim().chars().take(SHOWN_CHARS_MAX).collect(),
        Err(_) => String::new(),
    }
}

/// How many seconds the server asks to wait; dates are not supported.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// The text of a body as JSON.
///
/// # Errors
/// Never for the bodies here.
pub(crate) fn json<T: Serialize>(body: &T) -> Result<String, Failure> {
    serde_json::to_string(body).map_err(|error| failure(error.to_string()))
}

/// A secret of the settings, read now if it is in a file.
///
/// # Errors
/// Why the file cannot be read.
pub(crate) fn secret(source: &Source<Secret<String>>) -> Result<String, Failure> {
    http_client::secret(source).map_err(failure)
}
