//! Request bodies with timeouts for slow senders, for both HTTP/1 and HTTP/2.
//!
//! Only time spent waiting for the sender counts. The error is an [`io::Error`] of kind
//! [`io::ErrorKind::TimedOut`], which each protocol maps to its own response.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use signals::Clock;
use tokio::time::Sleep;

/// Maximum pause of a sender.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Maximum time from the first wait to the end of the body.
const BODY_MAX: Duration = Duration::from_secs(120);

/// A body with timeouts.
pub(crate) struct TimedBody<B> {
    body: B,
    clock: Arc<dyn Clock>,
    pause_max: Duration,
    body_max: Duration,
    first_wait: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<B> TimedBody<B> {
    /// Wraps a body.
    pub(crate) fn new(body: B, clock: Arc<dyn Clock>) -> Self {
        let (pause_max, body_max) = (PAUSE_MAX, BODY_MAX);
        Self { body, clock, pause_max, body_max, first_wait: None, pause: None }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.pause = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let now = self.clock.monotonic();
        let first_wait = *self.first_wait.get_or_insert(now);
        let left = self.body_max.saturating_sub(now.saturating_sub(first_wait));
        if !left.is_zero() {
            let pause_max = self.pause_max.min(left);
            let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause_max)));
            ready!(pause.as_mut().poll(context));
        }
        let error = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};
    use http_body_util::BodyExt;
    use signals::time::ManualClock;

    use super::*;

    /// A body of `pieces`, each preceded by a wait, followed by silence.
    fn timed(pieces: usize, wait: Duration, pause_max: Duration) -> TimedBody<axum::body::Body> {
        let clock = Arc::new(ManualClock::at(0));
        let hand = Arc::clone(&clock);
        let pieces = stream::iter(0..pieces)
            .then(move |_| {
                hand.advance(wait);
                tokio::task::yield_now()
            })
            .map(|()| Ok::<_, BoxError>(Bytes::from_static(b"x")));
        let body = axum::body::Body::from_stream(pieces.chain(stream::pending()));
        TimedBody { pause_max, ..TimedBody::new(body, clock) }
    }

    async fn pieces_until_error(mut body: TimedBody<axum::body::Body>) -> usize {
        let mut pieces = 0;
        loop {
            match body.frame().await.unwrap() {
                Ok(_) => pieces += 1,
                Err(error) => {
                    let error = error.downcast::<io::Error>().unwrap();
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return pieces;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_sender_that_pauses_is_given_up() {
        let body = timed(3, Duration::ZERO, Duration::from_millis(1));
        assert_eq!(pieces_until_error(body).await, 3);
    }

    #[tokio::test]
    async fn a_sender_that_trickles_is_given_up_in_the_end() {
        let body = timed(1000, Duration::from_secs(9), Duration::from_secs(3600));
        let pieces = pieces_until_error(body).await;
        assert!((13..=15).contains(&pieces), "{pieces}");
    }

    #[tokio::test]
    async fn a_body_that_is_there_is_read_whole() {
        let whole = axum::body::Body::from("whole");
        let mut body = TimedBody::new(whole, Arc::new(ManualClock::at(0)));
        assert_eq!(body.size_hint().exact(), Some(5));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "whole");
        assert!(body.frame().await.is_none());
    }
}
