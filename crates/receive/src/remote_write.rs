//! Prometheus remote write, 1.0 and 2.0: `POST /write`.
//!
//! What is valid is stored; a request of which something was not is answered with 400, which
//! senders do not repeat. Source: "Prometheus Remote-Write Specification" 1.0 and 2.0.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use signals::Signal;
use wire::remote::{WriteMessage, check_content_encoding};
use wire::{ItemCounts, WireError};

use crate::ingest::{Compression, IngestRequest, Receiver};
use crate::outcome::Outcome;
use crate::rejection::Rejection;
use crate::request_body;
use crate::statistics::Protocol;

/// The headers of 2.0 with the numbers of stored items.
const WRITTEN: [HeaderName; 3] = [
    HeaderName::from_static("x-prometheus-remote-write-samples-written"),
    HeaderName::from_static("x-prometheus-remote-write-histograms-written"),
    HeaderName::from_static("x-prometheus-remote-write-exemplars-written"),
];

/// The route, below `/api/v1`.
pub fn router(receiver: Arc<Receiver>) -> Router {
    Router::new().route("/write", post(write)).with_state(receiver)
}

async fn write(State(receiver): State<Arc<Receiver>>, request: Request<Body>) -> Response {
    let statistics = Arc::clone(receiver.statistics());
    let in_flight = statistics.begin(Protocol::RemoteWrite);
    let message = negotiate(request.headers());
    let message = match message {
        Ok(message) => message,
        Err(error) => {
            in_flight.rejected(&error.to_string());
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, format!("{error}\n")).into_response();
        }
    };
    let (mut response, stored) = match take(&receiver, message, request).await {
        Ok(outcome) => {
            in_flight.stored(outcome.last_error());
            (answer(&outcome), outcome.stored)
        }
        Err(rejection) => {
            in_flight.rejected(&rejection.to_string());
            (refusal(&rejection), ItemCounts::default())
        }
    };
    if message == WriteMessage::V2 {
        response.headers_mut().extend(written(stored));
    }
    response
}

/// The response to a request that was decoded.
fn answer(outcome: &Outcome) -> Response {
    if outcome.rejected == 0 && outcome.message().is_empty() {
        return StatusCode::NO_CONTENT.into_response();
    }
    (StatusCode::BAD_REQUEST, format!("{}\n", outcome.message())).into_response()
}

/// The message of a request.
fn negotiate(headers: &HeaderMap) -> Result<WriteMessage, WireError> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let message = WriteMessage::from_content_type(text(&CONTENT_TYPE))?;
    check_content_encoding(text(&CONTENT_ENCODING))?;
    Ok(message)
}

async fn take(
    receiver: &Arc<Receiver>,
    message: WriteMessage,
    request: Request<Body>,
) -> Result<Outcome, Rejection> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length = length.and_then(|length| length.parse().ok());
    let body = request_body::read(request.into_body(), length, receiver.limits()).await?;
    let request = IngestRequest {
        signal: Signal::Metrics,
        decoder: Box::new(message),
        compression: Compression::SnappyBlock,
        body: body.bytes,
        memory: body.memory,
        body_bytes_max: receiver.limits().http_body_bytes_max,
    };
    receiver.ingest(request).await
}

fn written(stored: ItemCounts) -> HeaderMap {
    let counts = [stored.samples, stored.histograms, stored.exemplars];
    WRITTEN.into_iter().zip(counts.map(HeaderValue::from)).collect()
}

fn refusal(rejection: &Rejection) -> Response {
    let status = match rejection {
        Rejection::Malformed(_) => StatusCode::BAD_REQUEST,
        Rejection::UnsupportedCompression(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Rejection::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Rejection::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Rejection::Unavailable { .. } | Rejection::Panicked { .. } => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let mut response = (status, format!("{rejection}\n")).into_response();
    if let Some(wait) = rejection.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}
