//! An HTTP response with a stream of events.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use super::Event;

/// Idle time after which a comment is sent (the HTML standard recommends 15 s).
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A comment, which browsers ignore and metrics do not count.
const COMMENT: &[u8] = b":\n\n";

/// The response to an event stream request: status 200, headers and the events.
///
/// After 15 idle seconds it sends a comment, so that proxies and the server keep the connection
/// open; [`SseBody::keep_alive`] changes the interval. Needs a tokio runtime.
pub fn response<S, F>(events: S) -> Response<SseBody<S>>
where
    S: Stream<Item = Result<Event, F>>,
{
    let mut response = Response::new(SseBody::new(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Disables nginx's response buffering.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

pin_project! {
    /// The body of an event stream.
    #[derive(Debug)]
    pub struct SseBody<S> {
        #[pin]
        events: S,
        keep_alive: Duration,
        silence: Option<Pin<Box<Sleep>>>,
        ended: bool,
    }
}

impl<S> SseBody<S> {
    /// A body with these events, and a comment after 15 idle seconds.
    pub fn new(events: S) -> Self {
        Self { events, keep_alive: KEEP_ALIVE, silence: None, ended: false }
    }

    /// Sends a comment after this idle time; zero disables comments.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = interval;
        self.silence = None;
        self
    }
}

/// Restarts the timer. An interval beyond the clock's range never elapses.
fn restart(silence: Pin<&mut Sleep>, interval: Duration) {
    if let Some(over) = Instant::now().checked_add(interval) {
        silence.reset(over);
    }
}

impl<S, F> Body for SseBody<S>
where
    S: Stream<Item = Result<Event, F>>,
{
    type Data = Bytes;
    type Error = F;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, F>>> {
        let this = self.project();
        if *this.ended {
            return Poll::Ready(None);
        }
        match this.events.poll_next(cx) {
            Poll::Ready(Some(Ok(event))) => {
                if let Some(silence) = this.silence {
                    restart(silence.as_mut(), *this.keep_alive);
                }
                return Poll::Ready(Some(Ok(Frame::data(event.to_bytes()))));
            }
            Poll::Ready(Some(Err(error))) => {
                *this.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
            Poll::Ready(None) => {
                *this.ended = true;
                return Poll::Ready(None);
            }
            Poll::Pending if this.keep_alive.is_zero() => return Poll::Pending,
            Poll::Pending => {}
        }
        let silence = this.silence.get_or_insert_with(|| Box::pin(sleep(*this.keep_alive)));
        if silence.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        restart(silence.as_mut(), *this.keep_alive);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(COMMENT)))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
