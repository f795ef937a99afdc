//! Instruments event streams (Server-Sent Events): connections, events and how streams end.
//!
//! Three interfaces, from the most to the least automatic:
//!
//! - [`response`](fn@response)`(`[`observe`]`(…))` creates an HTTP response from a stream of
//!   [`Event`]s, with handshake, keep-alive and headers, for axum and any other service.
//! - [`observe`] alone wraps any stream whose items implement [`SseEvent`].
//! - [`SseConnection`] is for code with its own sink, which reports each event.
//!
//! ```
//! use glasshouse_sdk::sse::{self, Event, SseOptions};
//!
//! # use glasshouse_sdk::Telemetry;
//! # #[derive(serde::Serialize)] struct Step { text: String }
//! # fn steps() -> impl futures_core::Stream<Item = Step> + Send { futures::stream::empty() }
//! use futures::StreamExt;
//!
//! fn stream(telemetry: &Telemetry) -> http::Response<impl http_body::Body> {
//!     let events = steps().map(|step| Event::new("step").json(&step));
//!     let options = SseOptions::new("/api/tasks/{id}/events");
//!     sse::response(sse::observe(telemetry, events, options))
//! }
//! ```
//!
//! **Metrics.** Events are counted by type and outcome, including the handshake: for [`Event`]s the
//! wrapper itself sends `connected` first, and a client that has disconnected by then is counted as
//! `connected`, `write_error`. Events of a replayed history ([`Observed::replay`]) are counted
//! once, like live ones, and a live event whose id was already replayed is skipped.
//!
//! **`close_reason`.** hyper does not report failed writes to a stream: it drops the body. A broken
//! connection therefore counts as `client_disconnect`, and `write_error` occurs only with custom
//! sinks ([`SseConnection::write_error`]).
//!
//! The span `sse.connection` lasts as long as the stream and is current while it is polled.

mod connection;
mod event;
mod observed;
mod response;

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;

use futures_core::Stream;

pub use self::connection::SseConnection;
pub use self::event::{Event, SerializationError, SseEvent};
pub use self::observed::Observed;
pub use self::response::{SseBody, response};
use crate::Telemetry;
pub use crate::record::CloseReason;

/// Options of a stream.
pub struct SseOptions {
    route: Cow<'static, str>,
    session_id: Option<String>,
    handshake: bool,
    shutdown: Option<Shutdown>,
}

type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

impl SseOptions {
    /// Sets the route template of the stream, such as `/api/tasks/{id}/events`.
    pub fn new(route: impl Into<Cow<'static, str>>) -> Self {
        Self { route: route.into(), session_id: None, handshake: true, shutdown: None }
    }

    /// The session of the stream: an attribute of its span and baggage inside it, never a label.
    /// The default is the session of the surrounding context.
    #[must_use]
    pub fn session(mut self, session_id: impl Into<String>) -> Self {
        self.session_id = Some(session_id.into());
        self
    }

    /// Sends and counts no `connected` event: the stream has its own, or none.
    #[must_use]
    pub fn without_handshake(mut self) -> Self {
        self.handshake = false;
        self
    }

    /// Ends the stream with reason `server_shutdown` when this future completes, so that open
    /// streams do not delay a graceful shutdown. For example, `token.cancelled_owned()`.
    #[must_use]
    pub fn until(mut self, shutdown: impl Future<Output = ()> + Send + 'static) -> Self {
        self.shutdown = Some(Box::pin(shutdown));
        self
    }
}

impl fmt::Debug for SseOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SseOptions")
            .field("route", &self.route)
            .field("handshake", &self.handshake)
            .finish_non_exhaustive()
    }
}

/// Instruments a stream of events until it ends or is dropped.
///
/// An error ends the stream and is passed on, with one exception: if it is a [`SerializationError`]
/// or a `serde_json::Error`, also boxed, the event is counted as `serialization_error` and dropped,
/// and the stream continues.
pub fn observe<S, E, F>(telemetry: &Telemetry, stream: S, options: SseOptions) -> Observed<S, E, F>
where
    S: Stream<Item = Result<E, F>>,
    E: SseEvent,
    F: 'static,
{
    Observed::new(telemetry, stream, options)
}

#[cfg(test)]
mod tests;
