//! OTLP over HTTP: `POST /v1/traces`, `/v1/logs` and `/v1/metrics`, protobuf and JSON.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use signals::Signal;
use wire::otlp::Encoding;
use wire::otlp::response::{self, Code};

use crate::ingest::{Compression, IngestRequest, Receiver};
use crate::outcome::Outcome;
use crate::rejection::Rejection;
use crate::request_body;
use crate::statistics::Protocol;

/// The routes, for `/` of the OTLP port and for prefixes on other ports.
pub fn router(receiver: Arc<Receiver>) -> Router {
    let method = |signal| {
        post(move |State(receiver): State<Arc<Receiver>>, request: Request<Body>| async move {
            export(receiver, signal, request).await
        })
    };
    Router::new()
        .route("/v1/traces", method(Signal::Spans))
        .route("/v1/logs", method(Signal::Logs))
        .route("/v1/metrics", method(Signal::Metrics))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(receiver)
}

async fn method_not_allowed() -> Response {
    let text = "405 method not allowed, supported: [POST]";
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")], text).into_response()
}

async fn export(receiver: Arc<Receiver>, signal: Signal, request: Request<Body>) -> Response {
    let statistics = Arc::clone(receiver.statistics());
    let in_flight = statistics.begin(Protocol::OtlpHttp);
    let Some(encoding) = encoding(request.headers()) else {
        let text =
            "415 unsupported media type, supported: [application/json, application/x-protobuf]";
        in_flight.rejected(text);
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    };
    match take(&receiver, signal, encoding, request).await {
        Ok(outcome) => {
            in_flight.stored(outcome.last_error());
            let body = response::export(signal, encoding, outcome.rejected, outcome.message());
            ([(CONTENT_TYPE, content_type(encoding))], body).into_response()
        }
        Err(rejection) => {
            in_flight.rejected(&rejection.to_string());
            refusal(&rejection, encoding)
        }
    }
}

async fn take(
    receiver: &Arc<Receiver>,
    signal: Signal,
    encoding: Encoding,
    request: Request<Body>,
) -> Result<Outcome, Rejection> {
    let headers = request.headers();
    let compression = compression(headers);
    let length = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let body = request_body::read(request.into_body(), length, receiver.limits()).await?;
    let request = IngestRequest {
        signal,
        decoder: Box::new(receiver.export(signal, encoding)),
        compression,
        body: body.bytes,
        memory: body.memory,
        body_bytes_max: receiver.limits().http_body_bytes_max,
    };
    receiver.ingest(request).await
}

/// A `google.rpc.Status` in the encoding of the request.
fn refusal(rejection: &Rejection, encoding: Encoding) -> Response {
    let (http, code) = match rejection {
        Rejection::Malformed(_) => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
        Rejection::UnsupportedCompression(_) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InvalidArgument)
        }
        Rejection::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted),
        Rejection::TooSlow => (StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded),
        Rejection::Unavailable { .. } | Rejection::Panicked { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable)
        }
    };
    let retry_after = rejection.retry_after();
    let body = response::status(encoding, code, &rejection.to_string(), retry_after);
    let mut response = (http, [(CONTENT_TYPE, content_type(encoding))], body).into_response();
    if let Some(wait) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

fn content_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    }
}

/// The encoding from the content type; parameters such as `charset` are ignored.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let kind = text(headers, &CONTENT_TYPE)?.split(';').next()?.trim();
    if kind.eq_ignore_ascii_case("application/x-protobuf") {
        Some(Encoding::Protobuf)
    } else if kind.eq_ignore_ascii_case("application/json") {
        Some(Encoding::Json)
    } else {
        None
    }
}

/// The content encoding as sent.
fn compression(headers: &HeaderMap) -> Compression {
    let name = headers.get(CONTENT_ENCODING).map_or("", |name| name.to_str().unwrap_or("?").trim());
    if name.is_empty() || name.eq_ignore_ascii_case("identity") {
        Compression::None
    } else {
        Compression::Encoding(name.to_owned())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
