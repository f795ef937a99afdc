//! The web page: embedded files, with the index page as the fallback for client-side routes.

use std::borrow::Cow;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../../ui/dist"]
struct Files;

const INDEX: &str = "index.html";

/// Allows only our scripts, styles and requests; Mantine and uPlot set inline styles.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const MISSING: &str = "<!doctype html><meta charset=\"utf-8\"><title>Glasshouse</title>\
    <h1>Glasshouse</h1><p>UI not built — run <code>cargo xtask ui</code> and start again.</p>\
    <p>The APIs answer without it: <a href=\"/api/overview\">/api/overview</a>.</p>";

/// Handles all paths without a route.
pub(crate) fn router() -> Router {
    Router::new().fallback(page)
}

async fn page(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    // For every method: a 405 would suggest that another method works.
    if is_api(path) {
        return not_found();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let name = if path.is_empty() { INDEX } else { path };
    if is_hidden(name) {
        return not_found();
    }
    if let Some(file) = Files::get(name) {
        return answer(name, file, request.headers());
    }
    // A missing file is an error; any other path is a client-side route.
    if path.rsplit('/').next().is_some_and(|last| last.contains('.')) || path.starts_with("assets/")
    {
        return not_found();
    }
    if let Some(file) = Files::get(INDEX) {
        answer(INDEX, file, request.headers())
    } else {
        let headers =
            [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
        (StatusCode::OK, headers, MISSING).into_response()
    }
}

/// Build artifacts and precompressed variants.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
        || [".gz", ".br", ".zst", ".map"].iter().any(|suffix| name.ends_with(suffix))
}

/// Unknown API paths must return an error, not the page: Grafana treats any success as support for
/// an endpoint.
fn is_api(path: &str) -> bool {
    let prefixes =
        ["api/", "prometheus/", "loki/", "tempo/", "jaeger/", "otlp/", "zipkin/", "alertmanager/"];
    prefixes.iter().any(|prefix| path.starts_with(prefix))
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

fn answer(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    // Asset names contain a content hash.
    let caching = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, content_type(name));
    set(CACHE_CONTROL, caching);
    set(ETAG, &tag);
    set(VARY, "accept-encoding");
    if name == INDEX {
        set(CONTENT_SECURITY_POLICY, POLICY);
    }
    if asked
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.to_str().is_ok_and(|known| known.contains(&tag)))
    {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let accepted =
        asked.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, suffix) in [("zstd", ".zst"), ("br", ".br"), ("gzip", ".gz")] {
        let is_accepted = accepted
            .split(',')
            .any(|one| one.split(';').next().unwrap_or_default().trim() == encoding);
        if is_accepted && let Some(packed) = Files::get(&format!("{name}{suffix}")) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            return (headers, body(packed)).into_response();
        }
    }
    (headers, body(file)).into_response()
}

fn body(file: EmbeddedFile) -> Body {
    match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    async fn ask(method: Method, path: &str) -> Response {
        let request = http::Request::builder().method(method).uri(path).body(Body::empty());
        router().oneshot(request.unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn pages_of_the_application_are_the_page_and_missing_files_are_not() {
        for path in ["/", "/explore/metrics", "/trace/0123"] {
            let response = ask(Method::GET, path).await;
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
            assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
        }
        for path in [
            "/assets/none.js",
            "/favicon.ico",
            "/api/none",
            "/loki/api/v1/none",
            "/zipkin/api/v2/services",
            "/alertmanager/api/v2/status",
            "/../Cargo.toml",
            "/.gitignore",
        ] {
            assert_eq!(ask(Method::GET, path).await.status(), 404, "{path}");
        }
    }

    #[tokio::test]
    async fn what_no_api_has_is_not_found_whatever_the_method() {
        for (path, status) in [
            ("/loki/loki/api/v1/push", 404),
            ("/otlp/v1development/profiles", 404),
            ("/zipkin/api/v2/spans", 404),
            ("/explore/metrics", 405),
        ] {
            assert_eq!(ask(Method::POST, path).await.status(), status, "{path}");
        }
    }
}
