//! gRPC framing of a unary call: one length-prefixed message and a trailing status.
//!
//! `tonic::server::Grpc` does not fit: a body must reserve memory before it is buffered and must be
//! decompressed by `wire`'s bounded decoders, and an oversized message must be
//! `RESOURCE_EXHAUSTED`. tonic buffers first, reserves the announced length, and answers
//! `OUT_OF_RANGE`, which OTLP clients retry indefinitely.

use axum::body::Body;
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full};
use tonic::Status;

/// Length of a message prefix: one flag byte and a four-byte length.
pub(super) const PREFIX_BYTES: usize = 5;

/// A framed message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Whether it is compressed with `grpc-encoding`.
    pub(super) is_compressed: bool,
    /// The message.
    pub(super) bytes: Bytes,
}

/// Extracts the message of a unary request.
///
/// # Errors
/// A description of the framing error.
pub(super) fn unframe(mut body: Bytes) -> Result<Message, String> {
    let Some(prefix) = body.first_chunk::<PREFIX_BYTES>() else {
        return Err(format!(
            "a gRPC message begins with {PREFIX_BYTES} bytes, the request has {}",
            body.len()
        ));
    };
    let [flag, length @ ..] = *prefix;
    let length = u32::from_be_bytes(length) as usize;
    let held = body.len() - PREFIX_BYTES;
    if flag > 1 {
        return Err(format!("gRPC compression flag is {flag}, expected 0 or 1"));
    }
    if length != held {
        return Err(format!("gRPC message announces {length} bytes, the request has {held}"));
    }
    Ok(Message { is_compressed: flag == 1, bytes: body.split_off(PREFIX_BYTES) })
}

/// A successful unary response.
pub(super) fn answer(message: &[u8]) -> Response {
    let mut framed = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    let trailers = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(framed.freeze()).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    advertise(&mut response);
    response
}

/// A trailers-only response.
pub(super) fn refusal(status: Status) -> Response {
    let mut response = status.into_http::<Body>();
    advertise(&mut response);
    response
}

fn advertise(response: &mut Response) {
    let name = HeaderName::from_static("grpc-accept-encoding");
    response.headers_mut().insert(name, HeaderValue::from_static("identity,gzip,zstd,deflate"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_whole_message_is_taken_and_nothing_else() {
        let good = unframe(Bytes::from_static(&[1, 0, 0, 0, 2, 8, 9])).unwrap();
        assert_eq!(good, Message { is_compressed: true, bytes: Bytes::from_static(&[8, 9]) });
        let bad: [&'static [u8]; 6] = [
            &[],
            &[0, 0, 0, 0],
            &[0, 0, 0, 0, 3, 1, 2],
            &[0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1],
            &[2, 0, 0, 0, 0],
            &[0, 255, 255, 255, 255, 1],
        ];
        for body in bad {
            assert!(unframe(Bytes::from_static(body)).is_err(), "{body:?}");
        }
    }
}
