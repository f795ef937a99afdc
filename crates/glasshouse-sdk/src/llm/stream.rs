//! A streamed response that is followed to its end.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{ErrorClass, LlmSpan};

pin_project! {
    /// A stream instrumented by a call's span; created by [`LlmSpan::stream`].
    #[derive(Debug)]
    #[must_use = "a stream does nothing until it is polled"]
    pub struct LlmStream<S, D, C> {
        // Before the span, so that the stream's values are dropped before the call ends.
        #[pin]
        stream: S,
        describe: D,
        classify: C,
        span: Option<LlmSpan>,
    }
}

impl<S, D, C> LlmStream<S, D, C> {
    pub(super) fn new(span: LlmSpan, stream: S, describe: D, classify: C) -> Self {
        Self { stream, describe, classify, span: Some(span) }
    }
}

impl<S, T, E, D, C> Stream for LlmStream<S, D, C>
where
    S: Stream<Item = Result<T, E>>,
    E: fmt::Display,
    D: FnMut(&mut LlmSpan, &T),
    C: FnMut(&E) -> ErrorClass,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        // Taken out of its slot while code runs that may panic: the drop then records the panic.
        let Some(mut span) = this.span.take() else {
            return this.stream.poll_next(task);
        };
        let stream = this.stream;
        let item = match span.in_scope(|| stream.poll_next(task)) {
            Poll::Ready(item) => item,
            Poll::Pending => {
                *this.span = Some(span);
                return Poll::Pending;
            }
        };
        match &item {
            Some(Ok(part)) => {
                span.chunk();
                (this.describe)(&mut span, part);
                *this.span = Some(span);
            }
            // The call has failed, whether or not the caller continues to poll.
            Some(Err(error)) => {
                let class = (this.classify)(error);
                span.error(class, &error.to_string());
            }
            None => span.finish(),
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}
