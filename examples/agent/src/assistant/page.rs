//! The page: embedded files, with the index page as the fallback for client-side routes.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use glasshouse_sdk::http::Route;
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "page/dist"]
struct Files;

const INDEX: &str = "index.html";
const POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const MISSING: &str = "The page is not built: run `cargo xtask ui` and start again.\n\
    The agent answers without it: POST /api/tasks {\"task\": \"...\"}, then GET /api/tasks/{task_id}/events.\n";
/// The tag in which the page expects the address of Glasshouse.
const GLASSHOUSE: &str = "<meta name=\"glasshouse-url\" content=\"";

/// The page. Clones share the content.
#[derive(Clone)]
pub(super) struct Page {
    index: Option<Arc<str>>,
}

impl Page {
    /// The page with links to Glasshouse at this address.
    pub(super) fn new(glasshouse_url: Option<&str>) -> Self {
        let index =
            Files::get(INDEX).and_then(|file| String::from_utf8(file.data.into_owned()).ok());
        let url = glasshouse_url.filter(|url| url.bytes().all(is_plain)).unwrap_or_default();
        let index =
            index.map(|text| text.replacen(GLASSHOUSE, &format!("{GLASSHOUSE}{url}"), 1).into());
        Self { index }
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let path = request.uri().path().trim_start_matches('/');
        let is_index = path.is_empty() || path == INDEX;
        if !is_index
            && !path.starts_with('.')
            && let Some(file) = Files::get(path)
        {
            counted_as(request, "/{file}");
            return answer_file(path, file);
        }
        // A missing file is an error; any other path is a client-side route.
        let is_file = path.starts_with("api/")
            || path.starts_with("assets/")
            || path.rsplit('/').next().is_some_and(|last| last.contains('.'));
        if is_file && !is_index {
            return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
        }
        counted_as(request, "/{*address}");
        let caching = (CACHE_CONTROL, "no-cache");
        match &self.index {
            Some(index) => {
                let kind = (CONTENT_TYPE, "text/html; charset=utf-8");
                let headers = [kind, caching, (CONTENT_SECURITY_POLICY, POLICY)];
                (headers, index.to_string()).into_response()
            }
            None => {
                ([(CONTENT_TYPE, "text/plain; charset=utf-8"), caching], MISSING).into_response()
            }
        }
    }
}

/// Counts a request without a route under this template: arbitrary paths must not create a series
/// each.
fn counted_as(request: &Request, template: &'static str) {
    if let Some(route) = request.extensions().get::<Route>()
        && request.extensions().get::<MatchedPath>().is_none()
    {
        route.set(template);
    }
}

fn answer_file(name: &str, file: EmbeddedFile) -> Response {
    // Asset names contain a content hash.
    let is_hashed = name.starts_with("assets/");
    let caching = if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let body = match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    ([(CONTENT_TYPE, content_type(name)), (CACHE_CONTROL, caching)], body).into_response()
}

/// Whether a byte needs no escape in an attribute.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b":/.-_[]".contains(&byte)
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
        _ => "application/octet-stream",
    }
}
