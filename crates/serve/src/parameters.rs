//! Request parameters: those of the URL and those of a form body, in one list.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};

/// Maximum size of a form body, and therefore of a query.
const FORM_BYTES_MAX: usize = 1 << 20;
/// Maximum number of parameters in a request.
const PARAMETERS_MAX: usize = 1000;

/// Names and values, form parameters first, as in Go's `FormValue`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=1&b=2`.
    fn extend(&mut self, text: &[u8]) {
        let free = PARAMETERS_MAX.saturating_sub(self.0.len());
        self.0.extend(form_urlencoded::parse(text).into_owned().take(free));
    }

    /// The first value of a name; `None` when it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = Response;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Response> {
        let mut parameters = Self::default();
        let (parts, body) = request.into_parts();
        let kind =
            parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if parts.method == Method::POST && kind.starts_with("application/x-www-form-urlencoded") {
            let body = read(body, FORM_BYTES_MAX).await.map_err(IntoResponse::into_response)?;
            parameters.extend(&body);
        }
        parameters.extend(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(parameters)
    }
}

/// Reads a body up to a bound; an error is a status and a message.
pub(crate) async fn read(
    body: Body,
    bytes_max: usize,
) -> Result<bytes::Bytes, (StatusCode, String)> {
    axum::body::to_bytes(body, bytes_max).await.map_err(|error| {
        if wire::body::is_timeout(&error) {
            let text = "the request body did not arrive in time\n";
            return (StatusCode::REQUEST_TIMEOUT, text.to_owned());
        }
        let text = format!("the request body is larger than {bytes_max} bytes, or broke off\n");
        (StatusCode::PAYLOAD_TOO_LARGE, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn form_and_address_are_one_list() {
        let request = Request::post("/x?a=3&c=4&empty=")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .body(Body::from("a=1&b=x%20y&b=z"))
            .unwrap();
        let parameters = Parameters::from_request(request, &()).await.unwrap();
        assert_eq!(parameters.get("a"), Some("1"));
        assert_eq!(parameters.all("b"), ["x y", "z"]);
        assert_eq!(
            (parameters.get("c"), parameters.get("empty"), parameters.get("d")),
            (Some("4"), None, None)
        );
    }

    #[tokio::test]
    async fn a_sender_that_is_too_slow_is_told_so() {
        let slow = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let body = Body::from_stream(futures::stream::iter([Ok("a="), Err(slow)]));
        let (status, _) = read(body, 100).await.unwrap_err();
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn an_oversized_form_is_refused() {
        let request = Request::post("/x")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from("a".repeat(FORM_BYTES_MAX + 1)))
            .unwrap();
        let response = Parameters::from_request(request, &()).await.unwrap_err();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
