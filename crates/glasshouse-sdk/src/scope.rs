//! A span and the context around it, entered piece by piece: for futures, streams and bodies.
//!
//! Entering a `tracing` span makes its OpenTelemetry context current, but only where spans are
//! recorded at all. A scope does it in any case, so that baggage and a caller's trace reach logs,
//! metrics and outgoing requests even when tracing is off.

use std::time::Instant;

use opentelemetry::baggage::{Baggage, BaggageExt};
use opentelemetry::trace::{SpanRef, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The key in baggage and on spans that holds the id of a session (OpenTelemetry, `session.id`).
pub(crate) const SESSION_ID: &str = "session.id";
/// A longer session id is not one.
const SESSION_ID_BYTES_MAX: usize = 256;

/// The moment, for durations.
#[expect(clippy::disallowed_methods, reason = "durations of other people's services are real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The same context with this session in its baggage. An id that is empty or over 256 bytes is
/// left out.
pub(crate) fn with_session(context: &Context, session_id: &str) -> Context {
    if session_id.is_empty() || session_id.len() > SESSION_ID_BYTES_MAX {
        return context.clone();
    }
    let mut baggage = Baggage::new();
    for (key, (value, metadata)) in context.baggage() {
        baggage.insert_with_metadata(key.clone(), value.clone(), metadata.clone());
    }
    baggage.insert(SESSION_ID, session_id.to_owned());
    context.with_baggage(baggage)
}

/// The session in this context's baggage.
pub(crate) fn session_of(context: &Context) -> Option<&str> {
    context.baggage().get(SESSION_ID).map(opentelemetry::StringValue::as_str)
}

/// A span that is entered for every poll of what it covers.
#[derive(Debug)]
pub(crate) struct Scope {
    span: Span,
    context: Context,
    /// No OpenTelemetry span belongs to `span`: `context` is its surroundings, to be attached here.
    bare: bool,
}

impl Scope {
    /// Makes a span as a child of what `parent` holds.
    pub(crate) fn new(parent: &Context, make: impl FnOnce() -> Span) -> Self {
        let attached = parent.clone().attach();
        let span = make();
        let context = span.context();
        drop(attached);
        if context.span().span_context().is_valid() {
            Self { span, context, bare: false }
        } else {
            Self { span, context: parent.clone(), bare: true }
        }
    }

    /// Runs a piece of the work inside the span. What it panics with goes on to the caller.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        let _attached = self.bare.then(|| self.context.clone().attach());
        self.span.in_scope(work)
    }

    /// The span of `tracing`.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Ends the span now, whatever children are still open, with these last facts.
    pub(crate) fn end(&self, name: Option<String>, attributes: Vec<KeyValue>, status: Status) {
        let Some(span) = self.recorded() else { return };
        if let Some(name) = name {
            span.update_name(name);
        }
        span.set_attributes(attributes);
        span.set_status(status);
        span.end();
    }

    /// The span of OpenTelemetry, if it is this scope's own.
    fn recorded(&self) -> Option<SpanRef<'_>> {
        (!self.bare).then(|| self.context.span())
    }
}

#[cfg(test)]
pub(crate) mod recorded;
