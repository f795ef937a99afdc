//! Recording of requests, for all ways in which they can end.
#![cfg(feature = "axum")]

use std::convert::Infallible;
use std::sync::Arc;

use ::http::{Method, StatusCode};
use axum::Router;
use axum::body::{Body as AxumBody, Bytes};
use axum::routing::{any, get, post};
use futures::StreamExt;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::*;
use crate::scope::recorded::{Recorded, attributes};

const DURATION: &str = "http.server.request.duration";
const ACTIVE: &str = "http.server.active_requests";
const REQUEST_SIZE: &str = "http.server.request.body.size";
const RESPONSE_SIZE: &str = "http.server.response.body.size";

fn request(method: Method, path: &str) -> Request<AxumBody> {
    let mut request = Request::new(AxumBody::empty());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    request
}

async fn read<B>(response: Response<B>) -> Bytes
where
    B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    axum::body::to_bytes(AxumBody::new(response.into_body()), 1 << 20).await.unwrap()
}

/// Sends a GET and reads the whole response.
async fn visit(router: &Router, path: &str) -> u16 {
    let response = router.clone().oneshot(request(Method::GET, path)).await.unwrap();
    let status = response.status().as_u16();
    read(response).await;
    status
}

/// Asserts that there was exactly this exchange, and none is open.
#[track_caller]
fn assert_one(recorded: &Recorded, route: &str, status: &str, error: &str) {
    let labels =
        [("http.route", route), ("http.response.status_code", status), ("error.type", error)];
    let values = ["http.route", "http.response.status_code", "error.type"]
        .map(|label| recorded.values(DURATION, label));
    assert_eq!(recorded.count(DURATION, &labels), 1.0, "{values:?}");
    assert_eq!(recorded.count(DURATION, &[]), 1.0);
    assert_eq!(recorded.count(ACTIVE, &[]), 0.0);
    let spans = recorded.spans();
    assert_eq!(spans.len(), 1);
    let attributes = attributes(&spans[0]);
    assert_eq!(attributes["http.route"], route);
    assert_eq!(attributes.get("error.type").map_or("", String::as_str), error);
    assert_eq!(attributes.get("http.response.status_code").map_or("", String::as_str), status);
    let is_fault = !matches!(error, "" | "cancelled");
    assert_eq!(matches!(spans[0].status, Status::Error { .. }), is_fault);
}

#[tokio::test]
async fn o_04_route_labels_are_templates() {
    let recorded = Recorded::new();
    let layer = ObservabilityLayer::new(&recorded.telemetry);
    let api = Router::new().route("/sessions/{session_id}/turns/{turn_id}", get(|| async { "" }));
    let router = Router::new()
        .route("/api/tasks/{id}", get(|| async { "" }))
        .nest("/api", api)
        .fallback(|| async { "page" })
        .layer(layer.clone());
    for path in ["/api/tasks/1", "/api/tasks/2?q=x", "/api/sessions/7/turns/9", "/files/77/view"] {
        assert_eq!(visit(&router, path).await, 200);
    }
    let routes = [
        "/api/tasks/{id}".to_owned(),
        "/api/sessions/{session_id}/turns/{turn_id}".to_owned(),
        "/files/:id/view".to_owned(),
    ];
    assert_eq!(recorded.values(DURATION, "http.route"), routes.into());
    assert_eq!(recorded.count(DURATION, &[("http.route", "/api/tasks/{id}")]), 2.0);
    let names: Vec<_> = recorded.spans().iter().map(|span| span.name.to_string()).collect();
    assert_eq!(names[0], "GET /api/tasks/{id}");
    assert_eq!(names[3], "GET /files/:id/view");
}

#[tokio::test]
async fn o_04_what_a_handler_says_of_its_route_wins() {
    let recorded = Recorded::new();
    let layer = ObservabilityLayer::new(&recorded.telemetry);
    let handler = |route: Route| async move {
        assert_eq!(route.template().as_deref(), Some("/api/{*rest}"));
        route.set("/api/tasks/:task_id");
        route.set("");
        ""
    };
    let router = Router::new()
        .route("/api/{*rest}", get(handler))
        .fallback(|route: Route| async move { route.set(format!("/{}", "ü".repeat(200))) })
        .layer(layer.clone());
    visit(&router, "/api/tasks/42").await;
    assert_one(&recorded, "/api/tasks/:task_id", "200", "");
    assert_eq!(recorded.spans()[0].name, "GET /api/tasks/:task_id");
    visit(&router, "/elsewhere").await;
    assert!(recorded.values(DURATION, "http.route").iter().all(|route| route.len() <= 200));
    assert!(layer.untemplated_routes().is_empty());
}

#[tokio::test]
async fn o_04_a_layer_around_everything_learns_the_route_from_one_inside() {
    let recorded = Recorded::new();
    let layer = ObservabilityLayer::new(&recorded.telemetry);
    let router = Router::new()
        .route("/api/tasks/{id}", get(|| async { "hello" }))
        .route_layer(layer.clone());
    let service = ServiceBuilder::new().layer(layer).service(router);
    let response = service.oneshot(request(Method::GET, "/api/tasks/42")).await.unwrap();
    assert_eq!(read(response).await, "hello");
    assert_one(&recorded, "/api/tasks/{id}", "200", "");
    assert_eq!(recorded.spans()[0].name, "GET /api/tasks/{id}");
    assert_eq!(recorded.sum(RESPONSE_SIZE, &[]), 5.0);
}

#[tokio::test]
async fn o_04_ten_thousand_hostile_paths_stay_bounded() {
    let recorded = Recorded::new();
    let layer = ObservabilityLayer::new(&recorded.telemetry);
    let statuses = [200, 301, 400, 401, 403, 404, 405, 429, 500];
    let service = ServiceBuilder::new().layer(layer.clone()).service(service_fn(
        move |request: Request<RequestBody<AxumBody>>| {
            let number: usize = request.headers()["x-number"].to_str().unwrap().parse().unwrap();
            let mut response = Response::new(AxumBody::empty());
            *response.status_mut() =
                StatusCode::from_u16(statuses[number % statuses.len()]).unwrap();
            std::future::ready(Ok::<_, Infallible>(response))
        },
    ));
    for number in 0..10_000_usize {
        let word: String = [number / 17_576, number / 676, number / 26, number]
            .iter()
            .map(|letter| char::from(b'a' + (letter % 26) as u8))
            .collect();
        let path = match number % 4 {
            0 => format!("/{word}"),
            1 => format!("/{word}/%3Cscript%3E/{number}"),
            2 => format!("/{}", format!("{word}/").repeat(500)),
            _ => format!("/x/{}{number}", "y".repeat(5_000)),
        };
        let mut request = request(Method::GET, &path);
        request.headers_mut().insert("x-number", number.into());
        drop(service.clone().oneshot(request).await.unwrap());
    }
    let routes = recorded.values(DURATION, "http.route");
    // 100 routes, `_unmatched` and `_other`.
    assert_eq!(routes.len(), 102);
    assert!(routes.contains("_unmatched") && routes.contains("_other"));
    assert!(routes.iter().all(|route| route.len() <= 200));
    assert_eq!(layer.untemplated_routes().len(), 100);
    assert_eq!(recorded.count(DURATION, &[]), 10_000.0);
    assert_eq!(recorded.count(ACTIVE, &[]), 0.0);
}

#[tokio::test]
async fn o_12_routes_without_a_template_are_found_and_reported_once() {
    let recorded = Recorded::new();
    let layer = ObservabilityLayer::new(&recorded.telemetry);
    let router = Router::new()
        .route("/api/tasks/{id}", get(|| async { "" }))
        .fallback(|request: axum::extract::Request| async move {
            let is_page = request.uri().path().starts_with("/page");
            if is_page { StatusCode::OK } else { StatusCode::NOT_FOUND }
        })
        .layer(layer.clone());
    for path in ["/api/tasks/1", "/page/1", "/page/2", "/pages", "/wp-login.php", "/.env"] {
        visit(&router, path).await;
    }
    assert_eq!(layer.untemplated_routes(), ["/page/:id", "/pages"]);
    assert_eq!(recorded.warnings(), 2);
    assert_eq!(recorded.count(DURATION, &[("http.route", "_unmatched")]), 2.0);
}

#[tokio::test]
async fn a_streamed_response_lasts_until_its_end() {
    let recorded = Recorded::new();
    let handler = |body: Bytes| async move {
        let parts = futures::stream::iter([body, Bytes::from_static(b"!")]);
        AxumBody::from_stream(parts.map(Ok::<_, Infallible>))
    };
    let router = Router::new()
        .route("/echo", post(handler))
        .layer(ObservabilityLayer::new(&recorded.telemetry));
    let mut request = request(Method::POST, "/echo");
    *request.body_mut() = AxumBody::from("hello");
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(recorded.count(DURATION, &[]), 0.0);
    assert_eq!(recorded.count(ACTIVE, &[("http.request.method", "POST")]), 1.0);
    assert!(recorded.spans().is_empty());
    assert_eq!(read(response).await, "hello!");
    assert_one(&recorded, "/echo", "200", "");
    assert_eq!(recorded.sum(REQUEST_SIZE, &[]), 5.0);
    assert_eq!(recorded.sum(RESPONSE_SIZE, &[]), 6.0);
}

#[tokio::test]
async fn responses_without_a_body_end_at_once() {
    let handler = || async { ([("content-length", "5")], "hello") };
    for (method, path, status) in [
        (Method::HEAD, "/hello", "200"),
        (Method::GET, "/empty", "200"),
        (Method::GET, "/none", "204"),
        (Method::GET, "/upgrade", "101"),
    ] {
        let recorded = Recorded::new();
        let router = Router::new()
            .route("/hello", get(handler))
            .route("/empty", get(|| async {}))
            .route("/none", get(|| async { StatusCode::NO_CONTENT }))
            .route("/upgrade", get(|| async { StatusCode::SWITCHING_PROTOCOLS }))
            .layer(ObservabilityLayer::new(&recorded.telemetry));
        let response = router.oneshot(request(method, path)).await.unwrap();
        assert_one(&recorded, path, status, "");
        drop(response);
        assert_one(&recorded, path, status, "");
    }
}

#[tokio::test]
async fn size_hints_pass_through() {
    let recorded = Recorded::new();
    let service = ServiceBuilder::new()
        .layer(ObservabilityLayer::new(&recorded.telemetry))
        .service(service_fn(|request: Request<RequestBody<Full<Bytes>>>| async move {
            assert_eq!(request.body().size_hint().exact(), Some(3));
            assert!(!request.body().is_end_stream());
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
        }));
    let request = Request::new(Full::new(Bytes::from_static(b"abc")));
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(5));
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    // Once told that this was all, a server does not poll again.
    assert!(body.is_end_stream());
    assert_one(&recorded, "/", "200", "");
}

#[tokio::test]
async fn a_request_that_is_given_up_before_the_head_was_cancelled() {
    for polls in [0, 1] {
        let recorded = Recorded::new();
        let router = Router::new()
            .route("/slow", get(std::future::pending::<()>))
            .layer(ObservabilityLayer::new(&recorded.telemetry));
        let mut future = Box::pin(router.oneshot(request(Method::GET, "/slow")));
        assert!(futures::poll!(&mut future).is_pending());
        for _ in 0..polls {
            assert!(futures::poll!(&mut future).is_pending());
        }
        assert_eq!(recorded.count(ACTIVE, &[]), 1.0);
        drop(future);
        assert_one(&recorded, "/slow", "", "cancelled");
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_a_500() {
    // The runtime drops the future during unwinding; a layer that catches panics drops it later.
    for is_spawned in [true, false] {
        let recorded = Recorded::new();
        let router = Router::new()
            .route("/panic", get(|| async { panic!("for the test") as &'static str }))
            .layer(ObservabilityLayer::new(&recorded.telemetry));
        let future = router.oneshot(request(Method::GET, "/panic"));
        if is_spawned {
            assert!(tokio::spawn(future).await.unwrap_err().is_panic());
        } else {
            let future = std::panic::AssertUnwindSafe(future);
            assert!(futures::FutureExt::catch_unwind(future).await.is_err());
        }
        assert_one(&recorded, "/panic", "500", "panic");
    }
}

#[tokio::test]
async fn a_body_that_fails_or_panics_ends_the_request_with_the_status_that_was_sent() {
    for (is_panic, error) in [(false, "body_error"), (true, "panic")] {
        let recorded = Recorded::new();
        let handler = move || async move {
            AxumBody::from_stream(futures::stream::poll_fn(move |_| {
                assert!(!is_panic, "for the test");
                Poll::Ready(Some(Err::<Bytes, _>(std::io::Error::other("gone"))))
            }))
        };
        let router = Router::new()
            .route("/broken", get(handler))
            .layer(ObservabilityLayer::new(&recorded.telemetry));
        let response = router.oneshot(request(Method::GET, "/broken")).await.unwrap();
        let mut body = response.into_body();
        let frame = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(body.frame()));
        assert_eq!(frame.await.is_err(), is_panic);
        assert_one(&recorded, "/broken", "200", error);
    }
}

#[tokio::test]
async fn a_service_that_fails_is_an_error_without_a_status() {
    let recorded = Recorded::new();
    let service = ServiceBuilder::new()
        .layer(ObservabilityLayer::new(&recorded.telemetry))
        .service(service_fn(|_: Request<RequestBody<AxumBody>>| async {
            Err::<Response<AxumBody>, _>("overloaded")
        }));
    let result = service.oneshot(request(Method::GET, "/")).await;
    assert_eq!(result.unwrap_err(), "overloaded");
    assert_one(&recorded, "_unmatched", "", "error");
}

#[tokio::test]
async fn a_fault_of_the_server_is_an_error_and_one_of_the_client_is_not() {
    for (status, error) in [(404, ""), (429, ""), (500, "500"), (503, "503")] {
        let recorded = Recorded::new();
        let handler = move || async move { StatusCode::from_u16(status).unwrap() };
        let router = Router::new()
            .route("/x", any(handler))
            .layer(ObservabilityLayer::new(&recorded.telemetry));
        assert_eq!(visit(&router, "/x").await, status);
        assert_one(&recorded, "/x", &status.to_string(), error);
    }
}

#[tokio::test]
async fn a_span_has_what_the_conventions_ask_for_and_no_more() {
    let recorded = Recorded::new();
    let handler = || async {
        tracing::info_span!("work").in_scope(|| {});
        let session = |context: &opentelemetry::Context| {
            crate::session::id_in(context).map(String::from).unwrap_or_default()
        };
        opentelemetry::Context::map_current(session)
    };
    let router = Router::new()
        .route("/api/{id}", any(handler))
        .layer(ObservabilityLayer::new(&recorded.telemetry));
    let mut request = request(Method::from_bytes(b"BREW").unwrap(), "/api/7?secret=canary");
    for (name, value) in [
        ("host", "[::1]:8080"),
        ("user-agent", &*"u".repeat(10_000)),
        ("cookie", "canary"),
        ("x-forwarded-for", "canary"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("baggage", "session.id=s-7"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(read(response).await, "s-7");
    let spans = recorded.spans();
    let (work, span) = (&spans[0], &spans[1]);
    assert_eq!(span.name, "HTTP /api/{id}");
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!(span.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(span.parent_span_id.to_string(), "b7ad6b7169203331");
    assert_eq!(work.parent_span_id, span.span_context.span_id());
    let attributes = attributes(span);
    for (key, value) in [
        ("http.request.method", "_OTHER"),
        ("http.request.method_original", "BREW"),
        ("http.route", "/api/{id}"),
        ("http.response.status_code", "200"),
        ("url.path", "/api/7"),
        ("url.scheme", "http"),
        ("server.address", "[::1]"),
        ("network.protocol.version", "1.1"),
        ("session.id", "s-7"),
    ] {
        assert_eq!(attributes[key], value, "{key}");
    }
    assert_eq!(attributes["user_agent.original"].len(), 256);
    assert!(!format!("{span:?}").contains("canary"));
    assert_eq!(recorded.values(DURATION, "http.request.method"), ["_OTHER".to_owned()].into());
}

#[tokio::test]
async fn a_request_is_measured_and_carries_its_trace_on_when_tracing_is_off() {
    let recorded = Recorded::new();
    let _silent = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::new());
    let handler = || async {
        let trace =
            |context: &opentelemetry::Context| context.span().span_context().trace_id().to_string();
        opentelemetry::Context::map_current(trace)
    };
    let router =
        Router::new().route("/x", get(handler)).layer(ObservabilityLayer::new(&recorded.telemetry));
    let mut request = request(Method::GET, "/x");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request.headers_mut().insert("traceparent", parent.parse().unwrap());
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(read(response).await, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(recorded.count(DURATION, &[("http.route", "/x")]), 1.0);
}

/// Reports when a body is dropped.
struct Dropped(Option<oneshot::Sender<()>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.take().map(|sender| sender.send(()));
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_is_seen_by_bare_hyper() {
    let recorded = Recorded::new();
    let (sender, dropped) = oneshot::channel();
    let sender = Arc::new(parking_lot::Mutex::new(Some(sender)));
    let handler = move |_: Request<RequestBody<hyper::body::Incoming>>| {
        let notice = Dropped(sender.lock().take());
        let first = futures::stream::iter([Ok::<_, Infallible>(hyper::body::Frame::data(
            Bytes::from_static(b"first"),
        ))]);
        let rest = futures::stream::poll_fn(move |_| {
            let _kept = &notice;
            Poll::Pending
        });
        async { Ok::<_, Infallible>(Response::new(StreamBody::new(first.chain(rest)))) }
    };
    let layer = ObservabilityLayer::new(&recorded.telemetry);
    let service = TowerToHyperService::new(layer.layer(service_fn(handler)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let connection = hyper::server::conn::http1::Builder::new();
        let _ = connection.serve_connection(TokioIo::new(stream), service).await;
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /stream HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut received = Vec::new();
    while !received.windows(5).any(|window| window == b"first") {
        assert_ne!(client.read_buf(&mut received).await.unwrap(), 0);
    }
    assert_eq!(recorded.count(ACTIVE, &[]), 1.0);
    drop(client);
    let _ = dropped.await;
    server.await.unwrap();
    assert_one(&recorded, "/stream", "200", "cancelled");
    assert_eq!(recorded.sum(RESPONSE_SIZE, &[]), 5.0);
}

#[tokio::test]
async fn a_response_as_long_as_promised_is_complete_over_a_real_connection() {
    let recorded = Recorded::new();
    // The stream has the length in the header, and would never end by itself.
    let handler = || async {
        let parts = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"hello"))]);
        let body = AxumBody::from_stream(parts.chain(futures::stream::pending()));
        ([("content-length", "5")], body)
    };
    let router = Router::new()
        .route("/five", get(handler))
        .layer(ObservabilityLayer::new(&recorded.telemetry));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = b"GET /five HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).await.unwrap();
    assert!(received.ends_with(b"hello"));
    server.abort();
    let _ = server.await;
    assert_one(&recorded, "/five", "200", "");
}

#[tokio::test]
async fn a_body_that_ends_in_trailers_is_complete_though_nobody_asks_for_more() {
    // hyper drops a body after its trailers, in HTTP/1 and HTTP/2.
    let recorded = Recorded::new();
    let service = ServiceBuilder::new()
        .layer(ObservabilityLayer::new(&recorded.telemetry))
        .service(service_fn(move |request: Request<RequestBody<AxumBody>>| {
            request.extensions().get::<Route>().unwrap().set("/call");
            let frames = [
                http_body::Frame::data(Bytes::from_static(b"answer")),
                http_body::Frame::trailers(::http::HeaderMap::new()),
            ];
            let frames = futures::stream::iter(frames.map(Ok::<_, Infallible>));
            let response = Response::new(StreamBody::new(frames));
            async { Ok::<_, Infallible>(response) }
        }));
    let response = service.oneshot(request(Method::POST, "/call")).await.unwrap();
    let mut body = Box::pin(response.into_body());
    for _ in 0..2 {
        assert!(body.frame().await.is_some());
    }
    drop(body);
    assert_one(&recorded, "/call", "200", "");
}
