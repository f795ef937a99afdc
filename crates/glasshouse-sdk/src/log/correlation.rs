//! The trace, span and session of a line, and setting a trace manually.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::{Dispatch, Event};

use crate::scope::session_of;

/// Maximum length of a session id.
const SESSION_BYTES_MAX: usize = 256;

/// The trace and span of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Correlation {
    /// Trace, span and flags, within a span.
    pub(crate) span: Option<(TraceId, SpanId, TraceFlags)>,
    /// Whether the line is about our own export, and must not be exported.
    pub(crate) is_suppressed: bool,
}

impl Correlation {
    /// The correlation of an event: from its explicit parent, otherwise from the current context.
    /// The session is written to `session`, which must be empty.
    pub(crate) fn of(
        event: &Event<'_>,
        dispatch: impl FnOnce() -> Option<Dispatch>,
        session: &mut String,
    ) -> Self {
        if let Some(parent) = event.parent() {
            let context = dispatch()
                .and_then(|dispatch| tracing_opentelemetry::get_otel_context(parent, &dispatch));
            if let Some(context) = context {
                return Self::in_context(&context, session);
            }
        }
        Context::map_current(|context| Self::in_context(context, session))
    }

    fn in_context(context: &Context, session: &mut String) -> Self {
        let span = context.span();
        let span = span.span_context();
        if let Some(value) = session_of(context) {
            let keep = value.floor_char_boundary(SESSION_BYTES_MAX);
            session.push_str(value.get(..keep).unwrap_or_default());
        }
        let span = span.is_valid().then(|| (span.trace_id(), span.span_id(), span.trace_flags()));
        Self { span, is_suppressed: context.is_telemetry_suppressed() }
    }
}

/// Runs `work` as part of a trace known only by its ids, as 32 and 16 hexadecimal digits: lines
/// have these ids, and spans started inside are children of that span. Invalid ids have no effect.
///
/// Not needed inside spans of this crate or of `tracing`, whose ids are on every line.
///
/// ```
/// let answer = glasshouse_sdk::log::with_trace(
///     "4bf92f3577b34da6a3ce929d0e0e4736",
///     "00f067aa0ba902b7",
///     || {
///         tracing::info!("belongs to that trace");
///         42
///     },
/// );
/// assert_eq!(answer, 42);
/// ```
pub fn with_trace<T>(trace_id: &str, span_id: &str, work: impl FnOnce() -> T) -> T {
    let _attached = trace_context(trace_id, span_id).map(Context::attach);
    work()
}

/// The current context with a trace known only by its ids, for
/// [`FutureExt::with_context`](opentelemetry::trace::FutureExt::with_context): the equivalent of
/// [`with_trace`] for async code. `None` if the ids are not 32 and 16 hexadecimal digits, or all
/// zeros.
pub fn trace_context(trace_id: &str, span_id: &str) -> Option<Context> {
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if !is_hex(trace_id, 32) || !is_hex(span_id, 16) {
        return None;
    }
    let (trace_id, span_id) = (TraceId::from_hex(trace_id).ok()?, SpanId::from_hex(span_id).ok()?);
    let span = SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, true, TraceState::NONE);
    span.is_valid().then(|| Context::map_current(|context| context.with_remote_span_context(span)))
}
