//! Reports lost data in `Warning` headers, for clients of every protocol; Prometheus and Loki also
//! list warnings in their bodies.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HeaderValue, WARNING};

/// Maximum number of headers in a response.
const HEADERS_MAX: usize = 8;

/// Collects warnings while a request is handled.
pub(crate) async fn gather(request: Request, next: Next) -> Response {
    let (mut response, warnings) = query::warnings::gather(next.run(request)).await;
    for warning in warnings.iter().take(HEADERS_MAX) {
        // 199: miscellaneous. File names can contain characters that need escaping.
        let text: String = warning.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        if let Ok(value) = HeaderValue::from_str(&format!("199 glasshouse \"{text}\"")) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}
