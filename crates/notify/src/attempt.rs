//! One try to send a notification: its requests and what servers answer.

use std::time::Duration;

use adopt::alertmanager::SecretSource;
use bytes::Bytes;
use chrono::DateTime;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, HeaderName, Method};
use http_client::{FetchError, HttpClient};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::notification::{Failure, Reason};
use crate::secrets::Secrets;
use crate::texts::Texts;
use crate::truncate;

/// Bytes of an answer that are read.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Characters of an answer that a message shows.
const SHOWN_CHARS_MAX: usize = 1024;
/// Bytes of a message that are kept until secrets are left out.
const KEPT_BYTES_MAX: usize = 128 << 10;
/// The longest pause that a server can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_hours(24);
/// The type of most requests.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One try to send a notification.
pub(crate) struct Attempt<'a> {
    /// The kind of integration.
    pub(crate) kind: &'static str,
    /// The texts of the notification.
    pub(crate) texts: Texts<'a>,
    /// `None` for mail.
    pub(crate) client: Option<&'a HttpClient>,
    /// How long a request may take, by the settings.
    pub(crate) timeout: Option<Duration>,
    /// What must not be shown.
    pub(crate) secrets: Secrets,
    /// The message, for the history of notifications.
    pub(crate) message: String,
}

/// A request.
pub(crate) struct Request<'r> {
    pub(crate) method: Method,
    pub(crate) url: &'r Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Bytes, FetchError>,
}

/// Which answers are failures, and what a message shows of them.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    /// Statuses after which another try may succeed, beside 429 and those from 500.
    pub(crate) retried: &'static [u16],
    /// What a message shows of the body of an answer with this status.
    pub(crate) details: fn(u16, &[u8]) -> String,
}

impl Default for Check {
    fn default() -> Self {
        Self { retried: &[], details: |_, body| String::from_utf8_lossy(body).into_owned() }
    }
}

impl Attempt<'_> {
    /// A secret, read now if it is in a file.
    pub(crate) fn secret(&mut self, source: &SecretSource) -> Result<String, Failure> {
        let secret = http_client::secret(source).map_err(Failure::permanent)?;
        self.secrets.add(&secret);
        Ok(secret)
    }

    /// The URL of a secret.
    pub(crate) fn secret_url(&mut self, source: &SecretSource) -> Result<Url, Failure> {
        let text = self.secret(source)?;
        self.url(&text)
    }

    /// A URL that may contain a secret anywhere.
    pub(crate) fn url(&mut self, text: &str) -> Result<Url, Failure> {
        let url = parsed(text)?;
        self.secrets.add_url(&url);
        Ok(url)
    }

    /// The body of a request. The first one of a try is the message of the history.
    pub(crate) fn json(&mut self, body: &impl Serialize) -> Result<Bytes, Failure> {
        let body = encoded(body)?;
        if self.message.is_empty() {
            self.show(&body);
        }
        Ok(body)
    }

    /// Keeps the start of a body as the message of the history.
    pub(crate) fn show(&mut self, body: &[u8]) {
        let start = body.get(..KEPT_BYTES_MAX).unwrap_or(body);
        self.message = String::from_utf8_lossy(start).into_owned();
    }

    /// Sends a body as JSON.
    pub(crate) async fn post_json(
        &mut self,
        url: &Url,
        body: &impl Serialize,
    ) -> Result<Answer, Failure> {
        let body = self.json(body)?;
        self.send(Request { method: Method::POST, url, headers: json_headers(), body }).await
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Answer, Failure> {
        let Request { method, url, headers, body } = request;
        let Some(client) = self.client else {
            return Err(Failure::permanent("there is no HTTP client"));
        };
        let verb = method.as_str().get(..1).unwrap_or_default().to_owned()
            + &method.as_str().get(1..).unwrap_or_default().to_lowercase();
        let failed = |error: &str| format!("{verb} \"<redacted>\": {error}");
        let sending = client.send(method, url, headers, body, BODY_BYTES_MAX);
        let sent = match self.timeout {
            None => sending.await,
            Some(timeout) => tokio::time::timeout(timeout, sending).await.map_err(|_| {
                let kind = self.kind;
                let reached = format!("configured {kind} timeout reached ({timeout:?})");
                Failure::retryable(failed(&format!("context deadline exceeded: {reached}")))
                    .with_reason(Reason::DeadlineExceeded)
            })?,
        };
        let posted = sent.map_err(|error| Failure::retryable(failed(&error)))?;
        Ok(Answer { status: posted.status.as_u16(), headers: posted.headers, body: posted.body })
    }
}

impl Answer {
    /// Whether the server accepted the request: a status below 300.
    pub(crate) fn check(&self, check: Check) -> Result<(), Failure> {
        let status = self.status;
        if matches!(status, 200..=299) {
            return Ok(());
        }
        let details = match &self.body {
            Ok(body) => (check.details)(status, body),
            Err(error) => unread(error),
        };
        let mut message = format!("unexpected status code {status}");
        if !details.is_empty() {
            message = format!("{message}: {}", shown(details));
        }
        // Alertmanager drops a notification that some receivers answer with 429, which asks for
        // another try.
        let is_retried = matches!(status, 429 | 500..=599) || check.retried.contains(&status);
        Err(Failure {
            is_retryable: is_retried,
            retry_after: self.retry_after().filter(|_| is_retried),
            ..Failure::permanent(message).with_reason(Reason::of_status(status))
        })
    }

    /// The body.
    pub(crate) fn body(&self) -> Result<&[u8], Failure> {
        self.body.as_deref().map_err(|error| {
            Failure::retryable(format!("could not read response body: {}", unread(error)))
                .with_reason(Reason::ClientError)
        })
    }

    /// The body, which is JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = self.body()?;
        serde_json::from_slice(body).map_err(|error| {
            let text = shown(String::from_utf8_lossy(body).into_owned());
            let message = format!("could not unmarshal JSON response {text:?}: {error}");
            Failure::retryable(message).with_reason(Reason::ClientError)
        })
    }

    /// How long the server asks to wait: in seconds, or until a time of its own clock.
    fn retry_after(&self) -> Option<Duration> {
        let text = |name: HeaderName| self.headers.get(name)?.to_str().ok();
        let asked = text(RETRY_AFTER)?.trim();
        let wait = if let Ok(seconds) = asked.parse() {
            Duration::from_secs(seconds)
        } else {
            let until = DateTime::parse_from_rfc2822(asked).ok()?;
            let now = DateTime::parse_from_rfc2822(text(DATE)?).ok()?;
            (until - now).to_std().unwrap_or_default()
        };
        Some(wait.min(RETRY_AFTER_MAX))
    }
}

/// The body of a request.
pub(crate) fn encoded(body: &impl Serialize) -> Result<Bytes, Failure> {
    let body = serde_json::to_vec(body);
    let fail = |error| Failure::permanent(format!("failed to encode the message: {error}"));
    body.map(Bytes::from).map_err(fail)
}

/// A URL; the message does not show it.
pub(crate) fn parsed(text: &str) -> Result<Url, Failure> {
    let fail = |reason: String| Failure::permanent(format!("parse \"<redacted>\": {reason}"));
    let url = Url::parse(text).map_err(|error| fail(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fail(format!("unsupported scheme {:?} for URL", url.scheme())));
    }
    Ok(url)
}

/// The URL of a path below another one.
pub(crate) fn below(base: &str, path: &str) -> Result<Url, Failure> {
    let mut url = parsed(base)?;
    let path = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// The headers of a request with JSON.
pub(crate) fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, JSON)])
}

/// Sets a header that is a secret.
pub(crate) fn set_secret(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: &str,
) -> Result<(), Failure> {
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        Failure::permanent(format!("the secret of the header {name} has invalid characters"))
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// Sets the credentials.
pub(crate) fn authorize(headers: &mut HeaderMap, credentials: &str) -> Result<(), Failure> {
    set_secret(headers, AUTHORIZATION, credentials)
}

/// Why a body was not read.
fn unread(error: &FetchError) -> String {
    error.clone().message(&format!("the answer has more than {BODY_BYTES_MAX} bytes"))
}

/// A part of an answer, as a message shows it.
fn shown(text: String) -> String {
    truncate::to_chars(text, SHOWN_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Answer {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let body = Ok(Bytes::from(body.to_owned()));
        Answer { status, headers: headers.iter().map(header).collect(), body }
    }

    #[test]
    fn a_status_is_a_failure_as_in_alertmanager() {
        let with_403 = Check { retried: &[403], ..Check::default() };
        let quoted = Check {
            details: |_, body| format!("server response is {:?}", String::from_utf8_lossy(body)),
            ..Check::default()
        };
        let default = Check::default();
        for (status, body, check, expected) in [
            (200, "ok", default, None),
            (204, "", default, None),
            (302, "", default, Some((false, "unexpected status code 302"))),
            (400, "", default, Some((false, "unexpected status code 400"))),
            (400, "invalid", default, Some((false, "unexpected status code 400: invalid"))),
            (403, "", default, Some((false, "unexpected status code 403"))),
            (403, "", with_403, Some((true, "unexpected status code 403"))),
            (429, "", default, Some((true, "unexpected status code 429"))),
            (503, "later", default, Some((true, "unexpected status code 503: later"))),
            (
                503,
                "a",
                quoted,
                Some((true, "unexpected status code 503: server response is \"a\"")),
            ),
        ] {
            let checked = answer(status, &[], body).check(check).err();
            let checked = checked.as_ref().map(|found| (found.is_retryable, &*found.message));
            assert_eq!(checked, expected, "{status} {body:?}");
        }
    }

    #[test]
    fn a_server_is_asked_again_when_it_says() {
        const DATE: (&str, &str) = ("date", "Tue, 01 Dec 2026 10:00:00 GMT");
        for (status, headers, expected) in [
            (429, &[("retry-after", "7")][..], Some(7)),
            (503, &[("retry-after", " 7 ")], Some(7)),
            (400, &[("retry-after", "7")], None),
            (429, &[("retry-after", "Tue, 01 Dec 2026 10:01:30 GMT"), DATE], Some(90)),
            (429, &[("retry-after", "Tue, 01 Dec 2026 09:00:00 GMT"), DATE], Some(0)),
            (429, &[("retry-after", "Tue, 01 Dec 2026 10:01:30 GMT")], None),
            (429, &[("retry-after", "99999999999999")], Some(86_400)),
            (429, &[("retry-after", "soon")], None),
            (429, &[], None),
        ] {
            let failure = answer(status, headers, "").check(Check::default()).unwrap_err();
            assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_message_shows_the_start_of_an_answer() {
        let failure = answer(500, &[], &"x".repeat(5000)).check(Check::default()).unwrap_err();
        assert_eq!(failure.message.chars().count(), "unexpected status code 500: ".len() + 1024);
        let body = Err(FetchError::TooLarge);
        let failure = Answer { status: 500, headers: HeaderMap::new(), body };
        let failure = failure.check(Check::default()).unwrap_err();
        let expected = "unexpected status code 500: the answer has more than 65536 bytes";
        assert_eq!(failure.message, expected);
    }
}
