//! An open event stream, for code with its own sink.

use std::borrow::Cow;

use opentelemetry::{Context, KeyValue, StringValue};

use super::SseOptions;
use super::event::CONNECTED;
use crate::Telemetry;
use crate::record::{CloseReason, SseOutcome};
use crate::session::{Session, id_in};
use crate::span::{HelperSpan, InSpan};

/// An open event stream: counted as active from [`open`](Self::open) until it is closed or dropped.
///
/// Report each event after the attempt to write it, the handshake (`connected`) first. Dropping it
/// without [`close`](Self::close) counts as `client_disconnect`, or as `write_error` if that was
/// the last report.
#[derive(Debug)]
pub struct SseConnection {
    telemetry: Telemetry,
    route: Cow<'static, str>,
    span: HelperSpan,
    events: u64,
    bytes: u64,
    last_write_failed: bool,
    closed: bool,
}

impl SseConnection {
    /// Opens a stream. Only the route and the session of the options are used.
    pub fn open(telemetry: &Telemetry, options: SseOptions) -> Self {
        let surroundings = Context::current();
        let context = match &options.session_id {
            Some(session_id) => Session::new(session_id).within(&surroundings),
            None => surroundings,
        };
        let session = id_in(&context);
        let span = HelperSpan::start_within(context, || {
            tracing::info_span!(
                target: "glasshouse_sdk::sse",
                "sse.connection",
                otel.kind = "internal",
                http.route = &*options.route,
                session.id = session.as_ref().map(StringValue::as_str),
            )
        });
        telemetry.sse().opened(&options.route);
        Self {
            telemetry: telemetry.clone(),
            route: options.route,
            span,
            events: 0,
            bytes: 0,
            last_write_failed: false,
            closed: false,
        }
    }

    /// Reports the handshake: the event `connected` with this many bytes.
    pub fn connected(&mut self, bytes: usize) {
        self.sent(CONNECTED, bytes);
    }

    /// Reports a written event with its type and size in bytes.
    pub fn sent(&mut self, event_type: &str, bytes: usize) {
        self.last_write_failed = false;
        self.events = self.events.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
        self.count(event_type, SseOutcome::Ok, bytes);
    }

    /// Reports an event that could not be written.
    pub fn write_error(&mut self, event_type: &str) {
        self.last_write_failed = true;
        self.count(event_type, SseOutcome::WriteError, 0);
    }

    /// Reports an event that could not be serialised.
    pub fn serialization_error(&mut self, event_type: &str) {
        self.count(event_type, SseOutcome::SerializationError, 0);
    }

    /// Closes the stream with this reason.
    pub fn close(mut self, reason: CloseReason) {
        self.end(reason);
    }

    /// Runs a future inside the stream's span, such as the work that produces its events.
    pub fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.span.instrument(future)
    }

    pub(super) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    fn count(&self, event_type: &str, outcome: SseOutcome, bytes: usize) {
        self.enter(|| self.telemetry.sse().event(event_type, outcome, bytes as u64));
    }

    fn end(&mut self, reason: CloseReason) {
        if self.closed {
            return;
        }
        self.closed = true;
        let is_fault = matches!(reason, CloseReason::WriteError | CloseReason::Error);
        let duration = self.span.elapsed();
        self.span.finish(
            is_fault.then(|| (Cow::Borrowed(reason.as_str()), String::new())),
            |attributes| {
                attributes.extend([
                    KeyValue::new("glasshouse.sse.close_reason", reason.as_str()),
                    KeyValue::new("glasshouse.sse.events", self.events as i64),
                    KeyValue::new("glasshouse.sse.bytes", self.bytes as i64),
                ]);
            },
            || self.telemetry.sse().closed(&self.route, reason, duration),
        );
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
