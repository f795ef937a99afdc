//! What an answer lacks because it was lost, for clients of every protocol: as `Warning` headers,
//! beside the lists of warnings that Prometheus and Loki have in their bodies.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HeaderValue, WARNING};

/// Headers of one answer.
const HEADERS_MAX: usize = 8;

/// Gathers warnings while a request is answered.
pub(crate) async fn gather(request: Request, next: Next) -> Response {
    let (mut response, warnings) = query::warnings::gather(next.run(request)).await;
    for warning in warnings.iter().take(HEADERS_MAX) {
        // 199: miscellaneous. Paths and reasons need no escapes, but a file name may be anything.
        let text: String = warning.chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        if let Ok(value) = HeaderValue::from_str(&format!("199 glasshouse \"{text}\"")) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}
