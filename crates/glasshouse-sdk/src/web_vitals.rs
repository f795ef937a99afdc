//! Receives Web Vitals from browsers: the axum route `POST /api/metrics/web-vitals`.
//!
//! Accepts a JSON object, or an array of up to 50, with the fields `name`, `value`, `delta`,
//! `label`, `page`, `navigationType` and `timestamp`, as `text/plain` (sent by
//! `navigator.sendBeacon` for strings, without a cross-origin preflight) or `application/json`. The
//! response is 204; a body with any invalid part is rejected entirely.
//!
//! ```
//! use glasshouse_sdk::web_vitals::{self, WebVitalsOptions};
//!
//! fn app(telemetry: &glasshouse_sdk::Telemetry, api: axum::Router) -> axum::Router {
//!     let options = WebVitalsOptions::new().allow_origin("https://app.example.com");
//!     // Outside authentication: a beacon carries no credentials.
//!     api.merge(web_vitals::router(telemetry, options))
//! }
//! ```
//!
//! **The route is public**, so input is untrusted: 64 KiB and 10 s per body, 10 requests per second
//! and bursts of 30 per address (a /64 prefix in IPv6), 200 per second in total, known names and
//! plausible values only, 200 distinct pages. The address comes from `ConnectInfo<SocketAddr>`
//! (serve with `into_make_service_with_connect_info::<SocketAddr>()`); without it only the total
//! limit applies. Data from the open internet can still be forged.
//!
//! **No personal data is stored**: name, label and a page without origin, query, fragment and ids
//! are recorded in the histogram `browser.web_vital`; all else is dropped, no span or trace is
//! linked, and error responses do not repeat the input. Rejections are counted by reason
//! (`glasshouse.web_vitals.refused`). A layer around the route, such as
//! [`http::ObservabilityLayer`](crate::http::ObservabilityLayer), applies as usual.

mod beacon;
mod limit;
mod page;
mod peer;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN,
    RETRY_AFTER, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use tokio::time::Instant;

use self::beacon::Fields;
use self::limit::Limiter;
use self::page::Pages;
use self::peer::Network;
use crate::Telemetry;
use crate::record::BeaconRefusal;

/// The path for beacons.
pub const PATH: &str = "/api/metrics/web-vitals";
/// Maximum size of a body, in bytes: the browsers' limit for beacons.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Timeout of a body.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Options of the route.
#[derive(Clone, Debug, Default)]
pub struct WebVitalsOptions {
    fields: Fields,
    origins: Vec<HeaderValue>,
    proxies: Vec<Network>,
    pages: Option<Vec<String>>,
    heeds_opt_out: bool,
}

impl WebVitalsOptions {
    /// The strict contract: only the seven known fields, only from pages of the same origin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ignores unknown fields, which otherwise reject the whole body.
    ///
    /// For pages that send the output of the package `web-vitals` unchanged (`id`, `rating`,
    /// `entries`, …). These fields are not stored either.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.fields = Fields::Lenient;
        self
    }

    /// Also accepts beacons from pages of this origin, such as `https://app.example.com`.
    ///
    /// Compared literally; `*` and `null` are not origins and are ignored with a warning.
    #[must_use]
    pub fn allow_origin(mut self, origin: &str) -> Self {
        let has_scheme = origin.starts_with("https://") || origin.starts_with("http://");
        match HeaderValue::from_str(origin.trim_end_matches('/')) {
            Ok(value) if has_scheme && !origin.contains('*') => self.origins.push(value),
            _ => tracing::warn!(origin, "not an origin such as https://app.example.com: left out"),
        }
        self
    }

    /// Trusts `X-Forwarded-For` in requests from this proxy.
    ///
    /// An address (`10.0.0.7`) or a network (`10.0.0.0/8`, `fd00::/8`). Other values are ignored
    /// with a warning.
    #[must_use]
    pub fn trust_proxy(mut self, network: &str) -> Self {
        let Some(network) = Network::parse(network) else {
            tracing::warn!(network, "not an address or network of a proxy: left out");
            return self;
        };
        self.proxies.push(network);
        self
    }

    /// Distinguishes only these pages, such as `/` and `/tasks/:id`; all others are `__other__`.
    ///
    /// By default the first 200 reported pages are distinguished, whoever reports them.
    #[must_use]
    pub fn pages<I>(mut self, pages: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        self.pages = Some(pages.into_iter().map(|page| page::canonical(page.as_ref())).collect());
        self
    }

    /// Drops beacons with `Sec-GPC: 1` or `DNT: 1`; the response is still 204.
    #[must_use]
    pub fn heed_opt_out(mut self) -> Self {
        self.heeds_opt_out = true;
        self
    }
}

/// A router with the route [`PATH`], to be merged into the application's.
pub fn router<S>(telemetry: &Telemetry, options: WebVitalsOptions) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router_at(telemetry, options, Instant::now)
}

/// The router with a custom clock.
fn router_at<S>(
    telemetry: &Telemetry,
    options: WebVitalsOptions,
    now: impl Fn() -> Instant + Send + Sync + 'static,
) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let receiver = Receiver {
        telemetry: telemetry.clone(),
        fields: options.fields,
        origins: options.origins,
        proxies: options.proxies,
        pages: Pages::new(options.pages),
        heeds_opt_out: options.heeds_opt_out,
        limiter: Limiter::new(now),
    };
    Router::new().route(PATH, post(receive).options(preflight)).with_state(Arc::new(receiver))
}

struct Receiver {
    telemetry: Telemetry,
    fields: Fields,
    origins: Vec<HeaderValue>,
    proxies: Vec<Network>,
    pages: Pages,
    heeds_opt_out: bool,
    limiter: Limiter,
}

/// The origin of a request, as declared by the browser.
enum Sender {
    /// The same origin, or not a browser.
    Own,
    /// One of the allowed origins.
    Allowed(HeaderValue),
    /// Any other origin.
    Foreign,
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let sender = receiver.sender(request.headers(), request.uri());
    let status = match sender {
        Sender::Foreign => receiver.refuse(StatusCode::FORBIDDEN, BeaconRefusal::ForbiddenOrigin),
        Sender::Own | Sender::Allowed(_) => receiver.take(request).await,
    };
    let mut response = (status, reason(status)).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Sender::Allowed(origin) = sender {
        allow(response.headers_mut(), origin);
    }
    response
}

async fn preflight(
    State(receiver): State<Arc<Receiver>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Sender::Allowed(origin) = receiver.sender(&headers, &uri) else {
        // The browser will not send the beacon itself, so this preflight is the only sign of it.
        let status = receiver.refuse(StatusCode::FORBIDDEN, BeaconRefusal::ForbiddenOrigin);
        return (status, reason(status)).into_response();
    };
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    allow(headers, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(VARY, HeaderValue::from_static("origin"));
}

/// A constant message per status: a response never repeats the input.
fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NO_CONTENT => "",
        status => status.canonical_reason().unwrap_or_default(),
    }
}

impl Receiver {
    /// Counts a rejection; the status is for the response.
    fn refuse(&self, status: StatusCode, reason: BeaconRefusal) -> StatusCode {
        // Detached from the request's span, as for accepted vitals.
        let _detached = opentelemetry::Context::new().attach();
        self.telemetry.web_vitals().refused(reason);
        status
    }

    fn sender(&self, headers: &HeaderMap, uri: &Uri) -> Sender {
        let Some(origin) = headers.get(ORIGIN) else { return Sender::Own };
        if self.origins.contains(origin) {
            return Sender::Allowed(origin.clone());
        }
        // Behind a proxy that rewrites the host, only the browser knows the real origin.
        let is_same = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
            || host(headers, uri).is_some_and(|host| {
                let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
                authority.is_some_and(|(_, authority)| authority.as_bytes() == host)
            });
        if is_same && origin != "null" { Sender::Own } else { Sender::Foreign }
    }

    async fn take(&self, request: Request) -> StatusCode {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let address = peer.map(|peer| peer::sender(peer, request.headers(), &self.proxies));
        if !self.limiter.admits(address) {
            return self.refuse(StatusCode::TOO_MANY_REQUESTS, BeaconRefusal::RateLimited);
        }
        if !is_text_or_json(request.headers()) {
            return self.refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, BeaconRefusal::UnsupportedType);
        }
        let too_large = || self.refuse(StatusCode::PAYLOAD_TOO_LARGE, BeaconRefusal::TooLarge);
        if is_declared_too_large(request.headers()) {
            return too_large();
        }
        let opts_out = self.heeds_opt_out && opts_out(request.headers());
        let body = to_bytes(request.into_body(), BODY_BYTES_MAX);
        let body = match tokio::time::timeout(BODY_TIME_MAX, body).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) if is_too_long(&error) => return too_large(),
            Ok(Err(_)) => return self.refuse(StatusCode::BAD_REQUEST, BeaconRefusal::Malformed),
            Err(_) => return self.refuse(StatusCode::REQUEST_TIMEOUT, BeaconRefusal::Malformed),
        };
        let vitals = match beacon::parse(&body, self.fields) {
            Ok(vitals) => vitals,
            Err(BeaconRefusal::TooLarge) => return too_large(),
            Err(reason) => return self.refuse(StatusCode::BAD_REQUEST, reason),
        };
        if !opts_out {
            // Detached from the request's span: its trace must not be an exemplar of this value.
            let _detached = opentelemetry::Context::new().attach();
            for vital in vitals {
                let page = self.pages.admit(vital.page);
                self.telemetry.web_vitals().vital(vital.name, vital.label, &page, vital.value);
            }
        }
        StatusCode::NO_CONTENT
    }
}

/// The authority of the request; HTTP/2 has it in the URI.
fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a [u8]> {
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    host.or_else(|| uri.authority().map(|authority| authority.as_str().as_bytes()))
}

fn is_text_or_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    let is_plain = headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    is_plain
        && (media_type.eq_ignore_ascii_case("text/plain")
            || media_type.eq_ignore_ascii_case("application/json"))
}

fn is_declared_too_large(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    value
        .and_then(|bytes| bytes.parse::<u64>().ok())
        .is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64)
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

fn opts_out(headers: &HeaderMap) -> bool {
    ["sec-gpc", "dnt"].iter().any(|name| headers.get(*name).is_some_and(|value| value == "1"))
}

#[cfg(test)]
mod tests;
