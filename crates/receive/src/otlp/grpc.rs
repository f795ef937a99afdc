//! OTLP over gRPC: `TraceService`, `LogsService` and `MetricsService`, each with one method.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Request, StatusCode};
use signals::Signal;
use tonic::Status;
use wire::otlp::Encoding;
use wire::otlp::response::{self, Code};

use super::framing;
use crate::ingest::{Compression, IngestRequest, Receiver};
use crate::rejection::Rejection;
use crate::request_body;
use crate::statistics::Protocol;

/// Maximum length of a status message, which is sent in a header.
const MESSAGE_BYTES_MAX: usize = 1024;
/// Longest deadline honoured; beyond it, the server's own timeouts apply.
const DEADLINE_MAX: Duration = Duration::from_secs(3600);

/// Routes by service and method. All other paths return `UNIMPLEMENTED`.
pub fn router(receiver: Arc<Receiver>) -> Router {
    let method = |signal| {
        post(move |State(receiver): State<Arc<Receiver>>, request: Request<Body>| async move {
            export(receiver, signal, request).await
        })
    };
    Router::new()
        .route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", method(Signal::Spans))
        .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", method(Signal::Logs))
        .route(
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            method(Signal::Metrics),
        )
        .fallback(unimplemented)
        .method_not_allowed_fallback(unimplemented)
        .with_state(receiver)
}

async fn unimplemented(request: Request<Body>) -> Response {
    if !is_grpc(request.headers()) {
        let text =
            "this port speaks OTLP over gRPC; OTLP over HTTP has its own port, 4318 by default\n";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    let path: String = request.uri().path().chars().take(200).collect();
    framing::refusal(Status::unimplemented(format!("{path} is not implemented")))
}

async fn export(receiver: Arc<Receiver>, signal: Signal, request: Request<Body>) -> Response {
    if !is_grpc(request.headers()) {
        return unimplemented(request).await;
    }
    let statistics = Arc::clone(receiver.statistics());
    let in_flight = statistics.begin(Protocol::OtlpGrpc);
    let (parts, body) = request.into_parts();
    let work = unary(&receiver, signal, &parts, body);
    let answer = match deadline(&parts.headers) {
        Some(deadline) => match tokio::time::timeout(deadline, work).await {
            Ok(answer) => answer,
            Err(_) => Err(Status::deadline_exceeded("the deadline of the request has passed")),
        },
        None => work.await,
    };
    match answer {
        Ok((message, last_error)) => {
            in_flight.stored(last_error.as_deref());
            framing::answer(&message)
        }
        Err(status) => {
            in_flight.rejected(status.message());
            framing::refusal(status)
        }
    }
}

/// The response, and an optional message for the statistics.
async fn unary(
    receiver: &Arc<Receiver>,
    signal: Signal,
    parts: &Parts,
    body: Body,
) -> Result<(Bytes, Option<String>), Status> {
    let compression = parts.headers.get("grpc-encoding").map(|name| name.to_str().unwrap_or("?"));
    let compression = compression.filter(|name| *name != "identity");
    let body = request_body::read(body, None, receiver.limits()).await.map_err(|e| status(&e))?;
    let message = framing::unframe(body.bytes).map_err(Status::invalid_argument)?;
    if message.is_compressed && compression.is_none() {
        return Err(Status::invalid_argument(
            "the message is compressed, but grpc-encoding does not say how",
        ));
    }
    let encoding = Encoding::Protobuf;
    let request = IngestRequest {
        signal,
        decoder: Box::new(receiver.export(signal, encoding)),
        compression: match compression {
            Some(name) if message.is_compressed => Compression::Encoding(name.to_owned()),
            _ => Compression::None,
        },
        body: message.bytes,
        memory: body.memory,
        body_bytes_max: receiver.limits().grpc_body_bytes_max,
    };
    let outcome = receiver.ingest(request).await.map_err(|e| status(&e))?;
    let message = response::export(signal, encoding, outcome.rejected, outcome.message());
    Ok((message.into(), outcome.last_error().map(str::to_owned)))
}

/// OTLP's status mapping: retryable errors are `UNAVAILABLE` with `RetryInfo`, all others final.
fn status(rejection: &Rejection) -> Status {
    let code = match rejection {
        Rejection::Malformed(_) => Code::InvalidArgument,
        Rejection::UnsupportedCompression(_) => Code::Unimplemented,
        Rejection::TooLarge(_) => Code::ResourceExhausted,
        Rejection::TooSlow => Code::DeadlineExceeded,
        Rejection::Unavailable { .. } | Rejection::Panicked { .. } => Code::Unavailable,
    };
    let mut message = rejection.to_string();
    message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
    let details = response::status(Encoding::Protobuf, code, &message, rejection.retry_after());
    Status::with_details(tonic::Code::from(code as i32), message, details.into())
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind == "application/grpc" || kind == "application/grpc+proto"
}

/// `grpc-timeout`: up to eight digits and a unit.
fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    let deadline = match unit {
        "H" => Duration::from_secs(count.checked_mul(3600)?),
        "M" => Duration::from_secs(count.checked_mul(60)?),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    Some(deadline.min(DEADLINE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read_as_the_protocol_writes_them() {
        let read = |text: &str| {
            deadline(&HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-timeout"),
                http::HeaderValue::from_str(text).unwrap(),
            )]))
        };
        assert_eq!(read("10S"), Some(Duration::from_secs(10)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("99999999H"), Some(DEADLINE_MAX));
        for text in ["", "S", "10", "-1S", "999999999S", "1x", "1ä"] {
            if let Ok(value) = http::HeaderValue::from_str(text) {
                let headers =
                    HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), value)]);
                assert_eq!(deadline(&headers), None, "{text}");
            }
        }
    }
}
