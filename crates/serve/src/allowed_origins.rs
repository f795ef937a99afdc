//! Cross-origin (CORS) access to the telemetry endpoints, for browsers.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::HeaderValue;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// How long a browser may cache the response to a preflight request.
const MAX_AGE: Duration = Duration::from_hours(2);

/// Origin patterns, such as `https://app.example.org` or `http://localhost:*`, where `*` matches
/// any text, as in the Collector's `cors.allowed_origins`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AllowedOrigins(Arc<[String]>);

impl AllowedOrigins {
    /// Creates the list; an empty list allows no origin.
    #[must_use]
    pub fn new(patterns: &[String]) -> Self {
        Self(patterns.iter().map(|pattern| pattern.to_ascii_lowercase()).collect())
    }

    /// Whether a pattern matches an origin.
    pub(crate) fn allow(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        self.0.iter().any(|pattern| matches(pattern, &origin))
    }

    /// The CORS layer: answers preflight requests and sets the response headers.
    pub fn layer(&self) -> CorsLayer {
        let origins = self.clone();
        let is_allowed = move |origin: &HeaderValue, _: &_| {
            origin.to_str().is_ok_and(|text| origins.allow(text))
        };
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(is_allowed))
            .allow_methods([Method::POST])
            .allow_headers(AllowHeaders::mirror_request())
            .max_age(MAX_AGE)
    }
}

/// Whether a text matches a pattern.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::post;
    use http::Request;
    use tower::ServiceExt;

    use super::*;
    use crate::HostCheck;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, origin, expected) in [
            ("http://localhost:*", "http://localhost:5173", true),
            ("http://localhost:*", "http://localhost.evil.example:5173", false),
            ("https://*.example.org", "https://app.example.org", true),
            ("https://*.example.org", "https://example.org", false),
            ("https://*.example.org", "https://app.example.org.evil.example", false),
            ("https://*.example.*", "https://a.example.org", true),
            ("https://App.example.org", "https://app.EXAMPLE.org", true),
            ("*", "null", true),
            ("", "null", false),
        ] {
            let origins = AllowedOrigins::new(&[pattern.to_owned()]);
            assert_eq!(origins.allow(origin), expected, "{pattern} {origin}");
        }
    }

    #[tokio::test]
    async fn pages_of_allowed_origins_may_send_and_others_may_not() {
        let origins = AllowedOrigins::new(&["https://*.example.org".to_owned()]);
        let routes = Router::new().route("/v1/traces", post(|| async { "stored" }));
        let router = HostCheck::new(&[]).allowing(&origins).protect(routes.layer(origins.layer()));
        let ask = |method: &'static str, origin: &'static str| {
            let request = Request::builder()
                .method(method)
                .uri("http://localhost:4318/v1/traces")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type")
                .body(Body::empty());
            router.clone().oneshot(request.unwrap())
        };
        let (ours, other) = ("https://app.example.org", "https://evil.example");
        let preflight = ask("OPTIONS", ours).await.unwrap();
        assert_eq!(preflight.status(), 200);
        assert_eq!(preflight.headers()["access-control-allow-origin"], ours);
        assert_eq!(preflight.headers()["access-control-allow-headers"], "content-type");
        let sent = ask("POST", ours).await.unwrap();
        assert_eq!(
            (sent.status().as_u16(), &sent.headers()["access-control-allow-origin"]),
            (200, &ours.parse().unwrap())
        );
        for method in ["OPTIONS", "POST"] {
            assert_eq!(ask(method, other).await.unwrap().status(), 403, "{method}");
        }
        let near = ask("OPTIONS", "http://localhost:5173").await.unwrap();
        assert!(!near.headers().contains_key("access-control-allow-origin"), "it has no pattern");
    }
}
