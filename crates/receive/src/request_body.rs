//! Reads a request body within its size limit and memory budget.
//!
//! Timeouts are enforced by the listener and surface here as body errors.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use signals::MemoryReservation;
use wire::body::is_timeout;

use crate::limits::Limits;
use crate::rejection::Rejection;

/// A received body and its memory reservation.
#[derive(Debug)]
pub(crate) struct ReceivedBody {
    pub(crate) bytes: Bytes,
    pub(crate) memory: MemoryReservation,
}

/// Reads the entire body.
///
/// # Errors
/// [`Rejection`] if it is too large, too slow or incomplete, or memory is exhausted.
pub(crate) async fn read(
    mut body: Body,
    length: Option<u64>,
    limits: &Limits,
) -> Result<ReceivedBody, Rejection> {
    let max = limits.body_wire_bytes_max;
    let too_large = || Rejection::TooLarge(format!("request body is larger than {max} bytes"));
    if length.is_some_and(|length| length > max as u64) {
        return Err(too_large());
    }
    let memory = limits.memory.reservation();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = next_frame(&mut body).await? {
        if memory.bytes() + frame.len() > max {
            return Err(too_large());
        }
        // Charged on arrival: a `Content-Length` alone must not reserve memory.
        memory.try_grow(frame.len())?;
        // The common case of a single frame needs no copy.
        if first.is_empty() && rest.is_empty() {
            first = frame;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
                first = Bytes::new();
            }
            rest.extend_from_slice(&frame);
        }
    }
    let bytes = if rest.is_empty() { first } else { rest.freeze() };
    Ok(ReceivedBody { bytes, memory })
}

/// The next data frame; `None` at the end.
async fn next_frame(body: &mut Body) -> Result<Option<Bytes>, Rejection> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(error)) if is_timeout(&error) => return Err(Rejection::TooSlow),
            Some(Err(error)) => {
                return Err(Rejection::Malformed(format!("request body broke off: {error}")));
            }
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io;

    use futures::stream;
    use signals::MemoryBudget;

    use super::*;

    fn pieces(sizes: &[usize]) -> Body {
        let pieces: Vec<_> =
            sizes.iter().map(|size| Ok::<_, Infallible>(Bytes::from(vec![7; *size]))).collect();
        Body::from_stream(stream::iter(pieces))
    }

    fn limits(memory: usize) -> Limits {
        let memory = MemoryBudget::new("requests in flight", memory);
        Limits { body_wire_bytes_max: 100, memory, ..Limits::default() }
    }

    #[tokio::test]
    async fn pieces_become_one_body_and_hold_their_bytes() {
        let limits = limits(100);
        let body = read(pieces(&[30, 30, 40]), None, &limits).await.unwrap();
        assert_eq!((body.bytes.len(), limits.memory.bytes_taken()), (100, 100));
        drop(body);
        assert_eq!(limits.memory.bytes_taken(), 0);
    }

    #[tokio::test]
    async fn a_body_over_its_bound_is_refused_announced_or_not() {
        let limits = limits(1000);
        for (sizes, length) in [(vec![], Some(101)), (vec![60, 41], None)] {
            let error = read(pieces(&sizes), length, &limits).await.unwrap_err();
            assert!(matches!(error, Rejection::TooLarge(_)), "{error:?}");
        }
        assert_eq!(limits.memory.bytes_taken(), 0);
    }

    #[tokio::test]
    async fn full_memory_asks_to_try_again() {
        let limits = limits(70);
        let _other = limits.memory.reserve(50).unwrap();
        let error = read(pieces(&[60]), None, &limits).await.unwrap_err();
        assert!(error.retry_after().is_some(), "{error:?}");
    }

    #[tokio::test]
    async fn a_sender_that_is_too_slow_is_told_so() {
        let slow = io::Error::from(io::ErrorKind::TimedOut);
        let body = Body::from_stream(stream::iter([Ok(Bytes::from_static(b"x")), Err(slow)]));
        let error = read(body, None, &limits(50)).await.unwrap_err();
        assert_eq!(error, Rejection::TooSlow);
    }
}
