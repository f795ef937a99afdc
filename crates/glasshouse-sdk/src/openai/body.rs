//! A response body that is inspected as it passes through.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::answer::Answer;

pin_project! {
    /// The body of a response. Its end, an error or dropping it ends the call.
    pub(super) struct WatchedBody {
        #[pin]
        inner: reqwest::Body,
        answer: Answer,
    }
}

impl WatchedBody {
    pub(super) fn new(inner: reqwest::Body, mut answer: Answer) -> Self {
        if inner.is_end_stream() {
            answer.end();
        }
        Self { inner, answer }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let mut this = self.project();
        let polled = match this.answer.span() {
            Some(span) => span.in_scope(|| this.inner.as_mut().poll_frame(task)),
            None => this.inner.as_mut().poll_frame(task),
        };
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    this.answer.read(data);
                }
                // Readers that know the length do not poll for the end.
                if this.inner.is_end_stream() {
                    this.answer.end();
                }
            }
            Poll::Ready(Some(Err(error))) => this.answer.broken(error),
            Poll::Ready(None) => this.answer.end(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
