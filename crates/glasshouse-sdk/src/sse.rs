//! Observes event streams (Server-Sent Events): who is connected, what was sent, how it ended.
//!
//! Three ways in, from most to least work done here:
//!
//! - [`response`](fn@response)`(`[`observe`]`(…))` makes a whole HTTP response of a stream of [`Event`]s:
//!   handshake, keep-alive and headers included. It works with axum and with any other service.
//! - [`observe`] alone wraps any stream whose items implement [`SseEvent`].
//! - [`SseConnection`] is for code that writes to a sink of its own: it tells what happened.
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
//! **What is counted.** Every event by type and outcome, from the handshake on: for [`Event`]s the
//! wrapper itself sends `connected` first, and a client that is gone by then shows as
//! `connected`, `write_error`. Events of a replayed history ([`Observed::replay`]) count once, like
//! live ones, and a live event whose id the replay has written already is skipped.
//!
//! **Reading `close_reason`.** hyper does not tell a stream that a write failed: it drops the
//! body. A broken connection therefore shows as `client_disconnect`, and `write_error` comes only
//! from sinks of your own ([`SseConnection::write_error`]).
//!
//! The span `sse.connection` is open as long as the stream and current while it is polled.

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

/// What is known of a stream before it starts.
pub struct SseOptions {
    route: Cow<'static, str>,
    session_id: Option<String>,
    handshake: bool,
    shutdown: Option<Shutdown>,
}

type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

impl SseOptions {
    /// Counts the stream under the template of its route, such as `/api/tasks/{id}/events`.
    pub fn new(route: impl Into<Cow<'static, str>>) -> Self {
        Self { route: route.into(), session_id: None, handshake: true, shutdown: None }
    }

    /// The session that the stream belongs to: an attribute of its span and baggage of what runs
    /// in it, never a label. Without it the session of the surrounding context holds.
    #[must_use]
    pub fn session(mut self, session_id: impl Into<String>) -> Self {
        self.session_id = Some(session_id.into());
        self
    }

    /// Sends and counts no `connected` event: the stream brings its own, or there is none.
    #[must_use]
    pub fn without_handshake(mut self) -> Self {
        self.handshake = false;
        self
    }

    /// Ends the stream with reason `server_shutdown` when this future is ready, so that open
    /// streams do not hold up a graceful stop. Give `token.cancelled_owned()` or the like.
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

/// Observes a stream of events from now until it ends or is dropped.
///
/// An item that is an error ends the stream and is handed on, with one exception: where the error
/// is a [`SerializationError`] or a `serde_json::Error`, also boxed, the event is counted as
/// `serialization_error`, left out, and the stream goes on.
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
