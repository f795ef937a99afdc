//! One open event stream, for code that writes to a sink of its own.

use std::borrow::Cow;
use std::time::Instant;

use opentelemetry::trace::Status;
use opentelemetry::{Context, KeyValue};

use super::SseOptions;
use super::event::CONNECTED;
use crate::Telemetry;
use crate::record::{CloseReason, SseOutcome};
use crate::scope::{Scope, now, with_session};

/// An open event stream: counted as active from [`open`](Self::open) until it is closed or
/// dropped.
///
/// Tell it of each event after the attempt to write it, the handshake (`connected`) first. A drop
/// without [`close`](Self::close) counts as `client_disconnect`, or as `write_error` if that was
/// the last thing it heard of.
#[derive(Debug)]
pub struct SseConnection {
    telemetry: Telemetry,
    route: Cow<'static, str>,
    scope: Scope,
    opened: Instant,
    events: u64,
    bytes: u64,
    last_write_failed: bool,
    closed: bool,
}

impl SseConnection {
    /// Opens a stream. Of the options, route and session count.
    pub fn open(telemetry: &Telemetry, options: SseOptions) -> Self {
        let surroundings = Context::current();
        let context = match &options.session_id {
            Some(session_id) => with_session(&surroundings, session_id),
            None => surroundings,
        };
        let scope = Scope::new(&context, || {
            tracing::info_span!(
                target: "glasshouse_sdk::sse",
                "sse.connection",
                otel.kind = "internal",
                http.route = &*options.route,
                session.id = crate::scope::session_of(&context),
            )
        });
        telemetry.sse().opened(&options.route);
        Self {
            telemetry: telemetry.clone(),
            route: options.route,
            scope,
            opened: now(),
            events: 0,
            bytes: 0,
            last_write_failed: false,
            closed: false,
        }
    }

    /// The handshake was written: the event `connected` with this many bytes.
    pub fn connected(&mut self, bytes: usize) {
        self.sent(CONNECTED, bytes);
    }

    /// An event of this type was written, with this many bytes.
    pub fn sent(&mut self, event_type: &str, bytes: usize) {
        self.last_write_failed = false;
        self.events = self.events.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.count(event_type, SseOutcome::Ok, bytes);
    }

    /// An event of this type could not be written.
    pub fn write_error(&mut self, event_type: &str) {
        self.last_write_failed = true;
        self.count(event_type, SseOutcome::WriteError, 0);
    }

    /// An event of this type could not be made into text.
    pub fn serialization_error(&mut self, event_type: &str) {
        self.count(event_type, SseOutcome::SerializationError, 0);
    }

    /// The stream is over, for this reason.
    pub fn close(mut self, reason: CloseReason) {
        self.end(reason);
    }

    /// The stream's span, for work that belongs to it.
    pub fn span(&self) -> &tracing::Span {
        self.scope.span()
    }

    pub(super) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        self.scope.enter(work)
    }

    fn count(&self, event_type: &str, outcome: SseOutcome, bytes: usize) {
        self.enter(|| self.telemetry.sse().event(event_type, outcome, bytes as u64));
    }

    fn end(&mut self, reason: CloseReason) {
        if self.closed {
            return;
        }
        self.closed = true;
        let mut attributes = vec![
            KeyValue::new("glasshouse.sse.close_reason", reason.as_str()),
            KeyValue::new("glasshouse.sse.events", self.events as i64),
            KeyValue::new("glasshouse.sse.bytes", self.bytes as i64),
        ];
        let status = match reason {
            CloseReason::WriteError | CloseReason::Error => {
                attributes.push(KeyValue::new("error.type", reason.as_str()));
                Status::error("")
            }
            CloseReason::Completed
            | CloseReason::ClientDisconnect
            | CloseReason::ServerShutdown => Status::Unset,
        };
        self.scope.enter(|| {
            self.telemetry.sse().closed(&self.route, reason, self.opened.elapsed());
            self.scope.end(None, attributes, status);
        });
    }
}

impl Drop for SseConnection {
    fn drop(&mut self) {
        self.end(if std::thread::panicking() {
            CloseReason::Error
        } else if self.last_write_failed {
            CloseReason::WriteError
        } else {
            CloseReason::ClientDisconnect
        });
    }
}
