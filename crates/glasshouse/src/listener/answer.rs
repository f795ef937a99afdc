//! A response body that keeps its request in flight until it has been sent completely.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use hyper::body::{Bytes, Frame, SizeHint};
use signals::MemoryReservation;

use super::connection_timeouts::InFlight;

/// Size of a body frame. Hyper requests the next frame only after the peer has accepted this one,
/// whatever its size: a response in a single frame would stay in HTTP/2's buffers for as long as
/// the client keeps its window closed.
const PIECE_BYTES: usize = 16 << 10;

/// A body in small frames that counts as a request in flight until it is dropped.
#[derive(Debug)]
pub(super) struct AnswerBody {
    body: Body,
    /// The unsent rest of the last frame of `body`.
    rest: Bytes,
    in_flight: InFlight,
    /// The memory reservation of the body.
    _memory: Option<Arc<MemoryReservation>>,
}

impl AnswerBody {
    /// The body of the response to a request.
    pub(super) fn new(
        body: Body,
        memory: Option<Arc<MemoryReservation>>,
        in_flight: InFlight,
    ) -> Self {
        Self { body, rest: Bytes::new(), in_flight, _memory: memory }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        self.in_flight.frame_sent();
        Frame::data(self.rest.split_to(PIECE_BYTES.min(self.rest.len())))
    }
}

impl hyper::body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.in_flight.frame_accepted();
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context)?);
            match frame.map(Frame::into_data) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(Ok(self.piece())))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (of_body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Version;
    use http_body_util::BodyExt;
    use signals::time::ManualClock;

    use super::super::connection_timeouts::{ConnectionTimeouts, TimeoutStatus};
    use super::*;

    #[tokio::test]
    async fn an_answer_comes_in_pieces_and_one_that_is_not_taken_ends_the_connection() {
        let clock = Arc::new(ManualClock::at(0));
        let timeouts = Arc::new(ConnectionTimeouts::new(clock.clone()));
        let whole = vec![7; 2 * PIECE_BYTES + 1];
        let body = Body::from(whole.clone());
        let mut answer = AnswerBody::new(body, None, timeouts.request(Version::HTTP_11));
        let mut bytes = Vec::new();
        while !hyper::body::Body::is_end_stream(&answer) {
            let left = (whole.len() - bytes.len()) as u64;
            assert_eq!(hyper::body::Body::size_hint(&answer).exact(), Some(left));
            let piece = answer.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(piece.len() <= PIECE_BYTES);
            bytes.extend(piece);
            clock.advance(Duration::from_secs(20));
            assert_eq!(timeouts.status(), TimeoutStatus::Fine);
        }
        assert_eq!(bytes, whole);
        // Another request on the connection does not extend the timeout.
        drop(timeouts.request(Version::HTTP_2));
        clock.advance(Duration::from_secs(2));
        assert_eq!(timeouts.status(), TimeoutStatus::TooSlow);
        drop(answer);
        assert_eq!(timeouts.status(), TimeoutStatus::Fine);
    }

    #[tokio::test]
    async fn an_answer_is_taken_at_64_kib_a_second_or_ends_its_connection_soon() {
        for (piece_ms, expected) in [(250, None), (500, Some(239)), (10_000, Some(6))] {
            let clock = Arc::new(ManualClock::at(0));
            let timeouts = Arc::new(ConnectionTimeouts::new(clock.clone()));
            let body = Body::from(vec![7; 1000 * PIECE_BYTES]);
            let mut answer = AnswerBody::new(body, None, timeouts.request(Version::HTTP_11));
            let mut pieces = 0..1000;
            let cut_off_at = loop {
                let Some(piece) = pieces.next() else { break None };
                answer.frame().await.unwrap().unwrap();
                clock.advance(Duration::from_millis(piece_ms));
                if timeouts.status() == TimeoutStatus::TooSlow {
                    break Some(piece);
                }
            };
            assert_eq!(cut_off_at, expected, "{piece_ms} ms a piece");
        }
    }
}
