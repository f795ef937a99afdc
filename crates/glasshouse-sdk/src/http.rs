//! Observes an HTTP server: one span and one set of measurements for each request.
//!
//! [`ObservabilityLayer`] is a `tower` layer for any service over `http::Request`: an axum router,
//! a stack of `tower` services, or bare hyper by way of `hyper_util::service::TowerToHyperService`.
//! A request lasts until its response's *body* is out, so that streams are measured to their end;
//! a client that leaves, a panic and an error each end it too, and nothing stays open.
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
//! **Routes.** Requests are counted under templates. `Router::layer`, as above, sees what axum
//! matched. A layer around the whole application does not: add the layer a second time with
//! `Router::route_layer`, which only tells the outer one the template. A handler can set another
//! one through [`Route`]. Without any, ids in the path collapse to `:id`, at most 100 such routes
//! are told apart, each is reported once, and [`ObservabilityLayer::untemplated_routes`] lists
//! them. Responses 404 without a template are all `_unmatched`.
//!
//! **Ends.** `error.type` is the status from 500 on, `cancelled` when the body was dropped before
//! its end (the client left; the span's status stays unset), `panic` (status 500 unless a head was
//! sent), `error` when the service failed, and `body_error` when the response's body did. What the
//! client never read out of a closing connection cannot be known here.
//!
//! Names are those of OpenTelemetry's HTTP conventions. Neither query, nor client address, nor any
//! header but host and user agent is recorded.

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

/// Adds a span and measurements to each request of a service; see [the module](self).
#[derive(Clone)]
pub struct ObservabilityLayer {
    observer: Arc<Observer>,
}

impl ObservabilityLayer {
    /// A layer that records with these recorders. Its clones share what they know of routes.
    pub fn new(telemetry: &Telemetry) -> Self {
        let telemetry = telemetry.clone();
        Self {
            observer: Arc::new(Observer { telemetry, untemplated: route::Untemplated::default() }),
        }
    }

    /// The routes that were served without a template, as they are counted, sorted; at most 100.
    ///
    /// An empty list at the end of a test of all routes shows that each of them has one.
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

/// A service whose requests are observed; made by [`ObservabilityLayer`].
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
            // A layer further out measures this request already; it may not see the router's match.
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
    /// The answer of [`Observability`].
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

/// Hands the exchange on to the response's body, or ends it where there is none to wait for.
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
