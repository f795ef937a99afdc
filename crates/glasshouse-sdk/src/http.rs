//! Instruments HTTP servers: one span and one set of metrics per request.
//!
//! [`ObservabilityLayer`] is a `tower` layer for any service over `http::Request`: an axum router,
//! a stack of `tower` services, or plain hyper through `hyper_util::service::TowerToHyperService`.
//! A request ends when its response *body* has been sent, so that streams are measured to their
//! end. A client disconnect, a panic and an error also end it, exactly once.
//!
//! ```
//! # #[cfg(feature = "axum")] {
//! use glasshouse_sdk::http::ObservabilityLayer;
//!
//! fn app(telemetry: &glasshouse_sdk::Telemetry) -> axum::Router {
//!     axum::Router::new()
//!         .route("/api/tasks/{id}", axum::routing::get(|| async { "…" }))
//!         .layer(ObservabilityLayer::new(telemetry))
//! }
//! # }
//! ```
//!
//! **Routes.** Requests are counted by route template. `Router::layer` sees the route matched by
//! axum. A layer around the whole application does not: add the layer again with
//! `Router::route_layer`, which only passes the template on. A handler can set a template through
//! [`Route`]. Otherwise ids in the path are replaced by `:id`; at most 100 such routes are
//! distinguished, logged once and listed in [`ObservabilityLayer::untemplated_routes`]. 404
//! responses without a template count as `_unmatched`.
//!
//! **Errors.** `error.type` is the status from 500 on, `cancelled` if the body was dropped early (a
//! client disconnect; the span's status remains unset), `panic` (status 500 unless the header was
//! sent), `error` if the service failed, and `body_error` if the response body failed. Data that
//! the client did not read from a closed connection cannot be detected here.
//!
//! Names follow OpenTelemetry's HTTP conventions. The query, the client address, and all headers
//! except host and user agent are not recorded.

mod body;
mod exchange;
pub(crate) mod path;
mod route;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::header::CONTENT_LENGTH;
use ::http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

pub use self::body::{RequestBody, ResponseBody};
use self::exchange::{Ending, Exchange, Observer};
pub use self::route::Route;
use crate::Telemetry;

/// Adds a span and metrics to each request of a service; see [the module](self).
#[derive(Clone)]
pub struct ObservabilityLayer {
    observer: Arc<Observer>,
}

impl ObservabilityLayer {
    /// A layer that records with these recorders. Clones share their list of routes.
    pub fn new(telemetry: &Telemetry) -> Self {
        let telemetry = telemetry.clone();
        Self {
            observer: Arc::new(Observer { telemetry, untemplated: route::Untemplated::default() }),
        }
    }

    /// The routes served without a template, as counted, sorted; at most 100.
    ///
    /// A test of all routes can check that this list is empty, so that each has a template.
    pub fn untemplated_routes(&self) -> Vec<String> {
        self.observer.untemplated.routes()
    }
}

impl fmt::Debug for ObservabilityLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ObservabilityLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ObservabilityLayer {
    type Service = Observability<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Observability { inner, observer: Arc::clone(&self.observer) }
    }
}

/// A service with instrumented requests; created by [`ObservabilityLayer`].
#[derive(Clone)]
pub struct Observability<S> {
    inner: S,
    observer: Arc<Observer>,
}

impl<S: fmt::Debug> fmt::Debug for Observability<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Observability").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, B, R> Service<Request<B>> for Observability<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(route) = request.extensions().get::<Route>() {
            // An outer layer already measures this request, but it may not see the matched route.
            route.see(request.extensions());
            let inner = self.inner.call(request.map(RequestBody::uncounted));
            return ResponseFuture { inner, exchange: None };
        }
        let exchange = Exchange::begin(&self.observer, &request);
        let route = exchange.route().clone();
        let mut request = request.map(|body| RequestBody::counted(body, route.clone()));
        request.extensions_mut().insert(route);
        let inner = exchange.enter(|| self.inner.call(request));
        ResponseFuture { inner, exchange: Some(exchange) }
    }
}

pin_project! {
    /// The response future of [`Observability`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(Exchange::poll(this.exchange, || this.inner.poll(cx)));
        let exchange = this.exchange.take();
        Poll::Ready(match (result, exchange) {
            (Ok(response), None) => Ok(response.map(|body| ResponseBody::new(body, None))),
            (Ok(response), Some(exchange)) => Ok(observed(response, exchange)),
            (Err(error), exchange) => {
                if let Some(exchange) = exchange {
                    exchange.finish(Ending::ServiceError);
                }
                Err(error)
            }
        })
    }
}

/// Passes the exchange to the response body, or ends it if there is no body to wait for.
fn observed<R: Body>(response: Response<R>, mut exchange: Exchange) -> Response<ResponseBody<R>> {
    let status = response.status();
    let promised = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let promised = promised.and_then(|bytes| bytes.parse().ok());
    exchange.head(status, promised.or_else(|| response.body().size_hint().exact()));
    if exchange.ends_with_head(status) || response.body().is_end_stream() {
        exchange.finish(Ending::Completed);
        return response.map(|body| ResponseBody::new(body, None));
    }
    response.map(|body| ResponseBody::new(body, Some(exchange)))
}

#[cfg(test)]
mod tests;
