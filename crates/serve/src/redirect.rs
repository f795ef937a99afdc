//! Redirects browsers that open an API port to the matching view of the page.

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{HOST, LOCATION};
use http::uri::Authority;

/// Port of the page, on whatever host name the browser used; `None` if the page is disabled.
#[derive(Debug, Clone, Copy)]
pub struct PagePort(pub Option<u16>);

/// Routes for the UI paths of the emulated systems; the page maps each path to a view.
pub(crate) fn router(port: PagePort, paths: &[&str]) -> Router {
    let mut router = Router::new();
    for path in paths {
        router =
            router.route(path, get(move |request: Request| async move { to_page(port, &request) }));
    }
    router
}

fn to_page(port: PagePort, request: &Request) -> Response {
    let Some(port) = port.0 else {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let authority = host
        .and_then(|host| host.parse::<Authority>().ok())
        .or_else(|| request.uri().authority().cloned());
    let name = authority.as_ref().map_or("localhost", Authority::host);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    (StatusCode::FOUND, [(LOCATION, format!("http://{name}:{port}{path}"))]).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_browser_is_sent_to_the_page_with_path_and_query() {
        let router = router(PagePort(Some(13000)), &["/graph", "/trace/{id}"]);
        for (path, expected) in [
            ("/graph?g0.expr=up", "http://127.0.0.1:13000/graph?g0.expr=up"),
            ("/trace/0af7", "http://127.0.0.1:13000/trace/0af7"),
        ] {
            let request = http::Request::get(path)
                .header(HOST, "127.0.0.1:9090")
                .body(Body::empty())
                .unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 302);
            assert_eq!(response.headers()[LOCATION], expected);
        }
    }
}
