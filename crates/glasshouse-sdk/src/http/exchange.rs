//! The measurement of one request, from its header to the end of the response body.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{HOST, USER_AGENT};
use http::{Method, Request, StatusCode, Uri, Version};
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue, StringValue};

use super::route::{Route, Template, Untemplated};
use crate::Telemetry;
use crate::record::HttpExchange;
use crate::session;
use crate::span::{HelperSpan, bounded};

/// Maximum bytes of a path, a user agent and a host on a span.
const PATH_ATTRIBUTE_BYTES_MAX: usize = 1024;
const USER_AGENT_BYTES_MAX: usize = 256;
const HOST_BYTES_MAX: usize = 255;
/// Replaces non-standard methods (HTTP conventions).
const METHOD_OTHER: &str = "_OTHER";

/// State shared by all requests of a layer.
#[derive(Debug)]
pub(super) struct Observer {
    pub(super) telemetry: Telemetry,
    pub(super) untemplated: Untemplated,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The response body was sent.
    Completed,
    /// The client disconnected, or the service dropped the request.
    Cancelled,
    /// A handler or a body panicked.
    Panicked,
    /// The service returned an error instead of a response.
    ServiceError,
    /// The response body returned an error.
    BodyError,
}

/// A request in progress. It is recorded exactly once, however it ends.
#[derive(Debug)]
pub(super) struct Exchange {
    observer: Arc<Observer>,
    route: Route,
    span: HelperSpan,
    method: &'static str,
    /// For deriving a route if there is no template. A template from the router is already the
    /// span's name.
    uri: Option<Uri>,
    status: Option<StatusCode>,
    /// The length of the body, if the header has it.
    response_bytes_expected: Option<u64>,
    response_bytes: u64,
    finished: bool,
}

impl Exchange {
    pub(super) fn begin<B>(observer: &Arc<Observer>, request: &Request<B>) -> Self {
        let route = Route::default();
        route.see(request.extensions());
        let template = route.current();
        let method = known_method(request.method());
        let parent = crate::propagation::extract(request.headers());
        let span =
            HelperSpan::start_within(parent, || server_span(request, method, template.as_ref()));
        observer.telemetry.http().started(method);
        Self {
            observer: Arc::clone(observer),
            route,
            span,
            method,
            uri: template.is_none().then(|| request.uri().clone()),
            status: None,
            response_bytes_expected: None,
            response_bytes: 0,
            finished: false,
        }
    }

    /// The route handle for the handler.
    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    pub(super) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// Runs work of the exchange in the slot. A panic ends the exchange.
    pub(super) fn poll<T>(slot: &mut Option<Self>, work: impl FnOnce() -> T) -> T {
        let Some(exchange) = slot.take() else { return work() };
        let result = exchange.enter(work);
        *slot = Some(exchange);
        result
    }

    /// Records the response header, with the length of the body if known.
    pub(super) fn head(&mut self, status: StatusCode, body_bytes: Option<u64>) {
        self.status = Some(status);
        self.response_bytes_expected = body_bytes;
    }

    /// Whether a response with this header has no body.
    pub(super) fn ends_with_head(&self, status: StatusCode) -> bool {
        status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || self.method == "HEAD"
            || (self.method == "CONNECT" && status.is_success())
    }

    pub(super) fn count_response_bytes(&mut self, bytes: u64) {
        self.response_bytes = self.response_bytes.saturating_add(bytes);
    }

    pub(super) fn finish(mut self, ending: Ending) {
        self.record(ending);
    }

    fn record(&mut self, ending: Ending) {
        if self.finished {
            return;
        }
        self.finished = true;
        if ending == Ending::Panicked && self.status.is_none() {
            self.status = Some(StatusCode::INTERNAL_SERVER_ERROR);
        }
        let status = self.status;
        let error = error_type(ending, status.as_ref());
        let template = self.route.current();
        let route = match &template {
            Some(template) => Cow::Borrowed(template.as_str()),
            None => self.observer.untemplated.route(
                self.uri.as_ref().map_or("/", Uri::path),
                status.map(|status| status.as_u16()),
            ),
        };
        let exchange = HttpExchange {
            method: self.method,
            route: &route,
            status: status.map(|status| status.as_u16()),
            error,
            duration: self.span.elapsed(),
            request_bytes: self.route.request_bytes(),
            response_bytes: self.response_bytes,
        };
        let named = self.uri.is_none() && !matches!(template, Some(Template::Set(_)));
        if !named && self.span.is_recording() {
            self.span.context().span().update_name(span_name(self.method, Some(&route)));
        }
        // Client errors and disconnects are not errors of the server (HTTP conventions).
        let fault = error.filter(|_| ending != Ending::Cancelled);
        self.span.finish(
            fault.map(|error| (Cow::Owned(error.to_owned()), String::new())),
            |attributes| {
                describe(attributes, &exchange);
                if fault.is_none() {
                    attributes
                        .extend(error.map(|error| KeyValue::new("error.type", error.to_owned())));
                }
            },
            || self.observer.telemetry.http().finished(&exchange),
        );
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let sent = self.response_bytes_expected.is_some_and(|bytes| self.response_bytes >= bytes);
        self.record(if std::thread::panicking() {
            Ending::Panicked
        } else if sent {
            // hyper stops polling a body once the length in the header has been sent.
            Ending::Completed
        } else {
            Ending::Cancelled
        });
    }
}

fn error_type(ending: Ending, status: Option<&StatusCode>) -> Option<&str> {
    match ending {
        Ending::Completed => {
            status.filter(|status| status.is_server_error()).map(StatusCode::as_str)
        }
        Ending::Cancelled => Some("cancelled"),
        Ending::Panicked => Some("panic"),
        Ending::ServiceError => Some("error"),
        Ending::BodyError => Some("body_error"),
    }
}

/// Attributes known only at the end of a request.
fn describe(attributes: &mut Vec<KeyValue>, exchange: &HttpExchange<'_>) {
    attributes.push(KeyValue::new("http.route", exchange.route.to_owned()));
    if let Some(status) = exchange.status {
        attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
    }
    attributes.push(KeyValue::new("http.request.body.size", exchange.request_bytes as i64));
    attributes.push(KeyValue::new("http.response.body.size", exchange.response_bytes as i64));
}

/// The span of a request; unknown attributes are set at its end.
fn server_span<B>(
    request: &Request<B>,
    method: &'static str,
    template: Option<&Template>,
) -> tracing::Span {
    let uri = request.uri();
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let original = (method == METHOD_OTHER).then(|| bounded(request.method().as_str(), 64));
    tracing::info_span!(
        target: "glasshouse_sdk::http",
        "http.request",
        otel.name = span_name(method, template.map(Template::as_str)),
        otel.kind = "server",
        http.request.method = method,
        http.request.method_original = original,
        url.path = bounded(uri.path(), PATH_ATTRIBUTE_BYTES_MAX),
        url.scheme = uri.scheme_str().unwrap_or("http"),
        server.address = uri.host().or_else(|| header(HOST).map(host)).map(|host| bounded(host, HOST_BYTES_MAX)),
        user_agent.original = header(USER_AGENT).map(|agent| bounded(agent, USER_AGENT_BYTES_MAX)),
        network.protocol.version = protocol_version(request.version()),
        session.id = Context::map_current(session::id_in).as_ref().map(StringValue::as_str),
    )
}

fn span_name(method: &str, route: Option<&str>) -> String {
    let method = if method == METHOD_OTHER { "HTTP" } else { method };
    match route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    }
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::CONNECT => "CONNECT",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::PATCH => "PATCH",
        _ => METHOD_OTHER,
    }
}

fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The host of `host:port`, `[address]:port` or either without the port.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
