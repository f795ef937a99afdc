//! What the HTTP layer costs a request, beside the same service without it.
//!
//! `cargo bench -p glasshouse-sdk --bench http`. The mark: under 5 µs more than the bare service,
//! with a span, whether one thread asks or two do.

#![expect(clippy::expect_used, reason = "a measurement that cannot start must say so")]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::routing::get;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::FutureExt;
use glasshouse_sdk::Telemetry;
use glasshouse_sdk::http::ObservabilityLayer;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use tower::{Service, service_fn};
use tracing_subscriber::layer::SubscriberExt;

/// Where spans end.
#[derive(Debug)]
struct DiscardSpans;

impl SpanProcessor for DiscardSpans {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        black_box(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn subscriber() -> impl tracing::Subscriber + Send + Sync {
    let provider = SdkTracerProvider::builder().with_span_processor(DiscardSpans).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    tracing_subscriber::registry().with(layer)
}

/// A request as a browser or a service behind another one sends it.
fn request() -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = http::Uri::from_static("/api/tasks/42");
    let headers = request.headers_mut();
    headers.insert("host", HeaderValue::from_static("app.example.com"));
    headers.insert("user-agent", HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64)"));
    headers.insert(
        "traceparent",
        HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    );
    request
}

/// Sends a request and reads the whole response; nothing in it ever waits.
fn answer<S, R>(service: &mut S)
where
    S: Service<Request<Body>, Response = Response<R>, Error = Infallible>,
    R: http_body::Body<Data: std::fmt::Debug, Error: std::fmt::Debug>,
{
    let response = service.call(black_box(request()));
    let response = response.now_or_never().expect("it does not wait").expect("it does not fail");
    let mut body = std::pin::pin!(response.into_body());
    while let Some(frame) = body.frame().now_or_never().expect("it does not wait") {
        black_box(frame.expect("it does not fail"));
    }
}

fn router() -> axum::Router {
    axum::Router::new().route("/api/tasks/{id}", get(|| async { "done" }))
}

/// The same router with a span of as many attributes by the bare crates, and nothing else.
fn router_with_span() -> axum::Router {
    let handler = || {
        let span = tracing::info_span!(
            "http.request",
            otel.name = "GET /api/tasks/{id}",
            otel.kind = "server",
            http.request.method = "GET",
            http.route = "/api/tasks/{id}",
            url.path = "/api/tasks/42",
            url.scheme = "http",
            server.address = "app.example.com",
            user_agent.original = "Mozilla/5.0 (X11; Linux x86_64)",
            network.protocol.version = "1.1",
            http.response.status_code = 200,
            http.request.body.size = 0,
            http.response.body.size = 4,
        );
        tracing::Instrument::instrument(async { "done" }, span)
    };
    axum::Router::new().route("/api/tasks/{id}", get(handler))
}

/// The layer around the smallest service there is.
fn service(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request to a tower service");
    let mut bare = service_fn(|_| async { Ok(Response::new(Body::from("done"))) });
    group.bench_function("bare", |bencher| bencher.iter(|| answer(&mut bare)));
    let telemetry = Telemetry::unexported();
    let mut observed = tower::ServiceBuilder::new()
        .layer(ObservabilityLayer::new(&telemetry))
        .service(service_fn(|_| async { Ok(Response::new(Body::from("done"))) }));
    group.bench_function("metrics", |bencher| bencher.iter(|| answer(&mut observed)));
    tracing::subscriber::with_default(subscriber(), || {
        group.bench_function("metrics and span", |bencher| bencher.iter(|| answer(&mut observed)));
    });
    group.finish();
}

/// The layer in an axum router, with the template of the route.
fn axum_router(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request to an axum router");
    let mut bare = router();
    group.bench_function("bare", |bencher| bencher.iter(|| answer(&mut bare)));
    let mut observed = router().layer(ObservabilityLayer::new(&Telemetry::unexported()));
    group.bench_function("metrics", |bencher| bencher.iter(|| answer(&mut observed)));
    let mut spanned = router_with_span();
    tracing::subscriber::with_default(subscriber(), || {
        group.bench_function("span alone", |bencher| bencher.iter(|| answer(&mut spanned)));
        group.bench_function("metrics and span", |bencher| bencher.iter(|| answer(&mut observed)));
    });
    group.finish();
}

/// Two threads answer requests at once: neither is to wait for the other.
fn two_threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("requests on two threads");
    let layer = ObservabilityLayer::new(&Telemetry::unexported());
    let subscriber = tracing::Dispatch::new(subscriber());
    for (name, router) in [
        ("bare", router()),
        ("span alone", router_with_span()),
        ("metrics and span", router().layer(layer)),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|rounds| {
                on_two_threads(|| {
                    let mut router = router.clone();
                    tracing::dispatcher::with_default(&subscriber, || {
                        (0..rounds).for_each(|_| answer(&mut router));
                    });
                })
            });
        });
    }
    group.finish();
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn on_two_threads(work: impl Fn() + Sync) -> Duration {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(&work);
        }
    });
    begin.elapsed()
}

criterion_group!(benches, service, axum_router, two_threads);
criterion_main!(benches);
