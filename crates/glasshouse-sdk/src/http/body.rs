//! Bodies that count their bytes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::{Ending, Exchange};
use super::route::Route;

pin_project! {
    /// A request body that counts the bytes read by the handler.
    #[derive(Debug)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        route: Option<Route>,
    }
}

impl<B> RequestBody<B> {
    pub(super) fn counted(inner: B, route: Route) -> Self {
        Self { inner, route: Some(route) }
    }

    /// An outer layer already counts them.
    pub(super) fn uncounted(inner: B) -> Self {
        Self { inner, route: None }
    }

    /// The original body. Bytes read from it are not counted.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if let (Some(route), Some(Ok(frame))) = (this.route, &frame)
            && let Some(data) = frame.data_ref()
        {
            route.count_request_bytes(data.remaining() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

pin_project! {
    /// A response body. When it ends, for any reason, the request's metrics and span end.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        exchange: Option<Exchange>,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(inner: B, exchange: Option<Exchange>) -> Self {
        Self { inner, exchange }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let frame = ready!(Exchange::poll(this.exchange, || this.inner.as_mut().poll_frame(cx)));
        let ending = match &frame {
            Some(Ok(frame)) => {
                if let (Some(exchange), Some(data)) = (this.exchange.as_mut(), frame.data_ref()) {
                    exchange.count_response_bytes(data.remaining() as u64);
                }
                // After this answer a server does not poll again, nor after trailers.
                let is_last = frame.is_trailers() || this.inner.is_end_stream();
                is_last.then_some(Ending::Completed)
            }
            Some(Err(_)) => Some(Ending::BodyError),
            None => Some(Ending::Completed),
        };
        if let (Some(ending), Some(exchange)) = (ending, ending.and_then(|_| this.exchange.take()))
        {
            exchange.finish(ending);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
