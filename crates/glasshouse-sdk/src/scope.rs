//! The current time, and the session of a context.

use std::time::Instant;

use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;

use crate::session::SESSION_ID;

/// The current instant, for durations.
#[expect(clippy::disallowed_methods, reason = "durations of other people's services are real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The session in this context's baggage, unvalidated.
pub(crate) fn session_of(context: &Context) -> Option<&str> {
    context.baggage().get(SESSION_ID).map(opentelemetry::StringValue::as_str)
}

/// The context with this session in its baggage, unvalidated, as a peer may send it.
#[cfg(test)]
pub(crate) fn with_session(context: &Context, session_id: &str) -> Context {
    context.with_baggage([opentelemetry::KeyValue::new(SESSION_ID, session_id.to_owned())])
}

#[cfg(test)]
pub(crate) mod recorded;
