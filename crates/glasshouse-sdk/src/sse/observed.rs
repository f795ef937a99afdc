//! An instrumented stream of events.

use std::any::Any;
use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::event::CONNECTED;
use super::{SerializationError, Shutdown, SseConnection, SseEvent, SseOptions};
use crate::Telemetry;
use crate::record::CloseReason;

/// Maximum number of remembered ids of replayed events, the latest ones.
const REPLAYED_MAX: usize = 4096;

/// Maximum number of items skipped in a row before yielding.
const SKIPPED_MAX: usize = 64;

type Replay<E, F> = Pin<Box<dyn Stream<Item = Result<E, F>> + Send>>;

pin_project! {
    /// An instrumented stream of events; created by [`observe`](super::observe).
    ///
    /// Handshake, then replay, then live events. The stream is fused.
    pub struct Observed<S, E, F> {
        #[pin]
        live: S,
        connection: Option<SseConnection>,
        handshake: Option<E>,
        handshake_pending: bool,
        replay: Option<Replay<E, F>>,
        replayed: Replayed,
        shutdown: Option<Shutdown>,
    }

    impl<S, E, F> PinnedDrop for Observed<S, E, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(connection) = this.connection
                && *this.handshake_pending
            {
                // A handshake that was never sent must be recorded as a write error.
                connection.write_error(CONNECTED);
            }
        }
    }
}

impl<S, E, F> Observed<S, E, F>
where
    S: Stream<Item = Result<E, F>>,
    E: SseEvent,
    F: 'static,
{
    pub(super) fn new(telemetry: &Telemetry, live: S, mut options: SseOptions) -> Self {
        let handshake = if options.handshake { E::connected() } else { None };
        let shutdown = options.shutdown.take();
        Self {
            live,
            connection: Some(SseConnection::open(telemetry, options)),
            handshake_pending: handshake.is_some(),
            handshake,
            replay: None,
            replayed: Replayed::default(),
            shutdown,
        }
    }

    /// Sends this event as the handshake, instead of an empty one.
    #[must_use]
    pub fn handshake(mut self, event: E) -> Self {
        self.handshake = Some(event);
        self.handshake_pending = true;
        self
    }

    /// Sends these past events before the live ones.
    ///
    /// Each is counted once. A live event whose id is among the last 4096 replayed ones is skipped:
    /// subscribe to the live events first, then read the history, so that none is lost or
    /// duplicated. A second call replaces the events.
    #[must_use]
    pub fn replay<I>(self, history: I) -> Self
    where
        I: IntoIterator<Item = E>,
        I::IntoIter: Send + 'static,
        E: 'static,
    {
        self.replay_stream(Iterated(history.into_iter(), PhantomData))
    }

    /// Like [`replay`](Self::replay), from a stream. Its errors are handled like those of the live
    /// stream.
    #[must_use]
    pub fn replay_stream(
        mut self,
        history: impl Stream<Item = Result<E, F>> + Send + 'static,
    ) -> Self {
        self.replay = Some(Box::pin(history));
        self
    }
}

impl<S, E, F> Stream for Observed<S, E, F>
where
    S: Stream<Item = Result<E, F>>,
    E: SseEvent,
    F: 'static,
{
    type Item = Result<E, F>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Taken out while code runs that may panic: the drop then closes the connection.
        let Some(mut connection) = self.as_mut().project().connection.take() else {
            return Poll::Ready(None);
        };
        let step = self.as_mut().step(&mut connection, cx);
        let this = self.project();
        Poll::Ready(match step {
            Poll::Pending => {
                *this.connection = Some(connection);
                return Poll::Pending;
            }
            Poll::Ready(Step::Event(event)) => {
                connection.sent(event.event_type(), event.size());
                *this.connection = Some(connection);
                Some(Ok(event))
            }
            Poll::Ready(Step::Failed(error)) => {
                connection.close(CloseReason::Error);
                Some(Err(error))
            }
            Poll::Ready(Step::Ended(reason)) => {
                connection.close(reason);
                None
            }
        })
    }
}

/// The next step.
enum Step<E, F> {
    Event(E),
    Failed(F),
    Ended(CloseReason),
}

impl<S, E, F> Observed<S, E, F>
where
    S: Stream<Item = Result<E, F>>,
    E: SseEvent,
    F: 'static,
{
    fn step(
        self: Pin<&mut Self>,
        connection: &mut SseConnection,
        cx: &mut Context<'_>,
    ) -> Poll<Step<E, F>> {
        let mut this = self.project();
        if let Some(handshake) = this.handshake.take() {
            *this.handshake_pending = false;
            return Poll::Ready(Step::Event(handshake));
        }
        if let Some(shutdown) = this.shutdown
            && shutdown.as_mut().poll(cx).is_ready()
        {
            *this.shutdown = None;
            return Poll::Ready(Step::Ended(CloseReason::ServerShutdown));
        }
        for _ in 0..SKIPPED_MAX {
            let replaying = this.replay.is_some();
            let item = match this.replay {
                Some(replay) => connection.enter(|| replay.as_mut().poll_next(cx)),
                None => connection.enter(|| this.live.as_mut().poll_next(cx)),
            };
            let event = match item {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) if replaying => {
                    *this.replay = None;
                    continue;
                }
                Poll::Ready(None) => return Poll::Ready(Step::Ended(CloseReason::Completed)),
                Poll::Ready(Some(Ok(event))) => event,
                Poll::Ready(Some(Err(error))) => {
                    let Some(event_type) = unwritable(&error) else {
                        return Poll::Ready(Step::Failed(error));
                    };
                    connection.serialization_error(event_type);
                    continue;
                }
            };
            if replaying {
                this.replayed.remember(event.event_id());
            } else if this.replayed.contains(event.event_id()) {
                continue;
            }
            return Poll::Ready(Step::Event(event));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S, E, F> fmt::Debug for Observed<S, E, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Observed")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// The type of the event that could not be serialised, if that is the error.
fn unwritable<F: 'static>(error: &F) -> Option<&str> {
    let error: &dyn Any = error;
    if let Some(error) = error.downcast_ref::<SerializationError>() {
        return Some(error.event_type());
    }
    let boxed = error.downcast_ref::<Box<dyn Error + Send + Sync>>();
    if let Some(error) = boxed.and_then(|boxed| boxed.downcast_ref::<SerializationError>()) {
        return Some(error.event_type());
    }
    let json = error.is::<serde_json::Error>()
        || boxed.is_some_and(|boxed| boxed.is::<serde_json::Error>());
    json.then_some("unknown")
}

/// The ids of replayed events, as hashes: an id may be long, and there may be many.
#[derive(Debug, Default)]
struct Replayed {
    hashes: HashSet<u64>,
    order: VecDeque<u64>,
    hasher: foldhash::quality::RandomState,
}

impl Replayed {
    fn remember(&mut self, id: Option<&str>) {
        let Some(id) = id else { return };
        let hash = self.hasher.hash_one(id);
        if !self.hashes.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > REPLAYED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
    }

    fn contains(&self, id: Option<&str>) -> bool {
        !self.hashes.is_empty()
            && id.is_some_and(|id| self.hashes.contains(&self.hasher.hash_one(id)))
    }
}

/// An iterator as an always ready stream.
struct Iterated<I, F>(I, PhantomData<fn() -> F>);

impl<I, F> Unpin for Iterated<I, F> {}

impl<I: Iterator, F> Stream for Iterated<I, F> {
    type Item = Result<I::Item, F>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
