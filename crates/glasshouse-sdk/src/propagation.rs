//! Trace context and baggage in HTTP headers: W3C `traceparent`, `tracestate` and `baggage`.
//!
//! Works on the OpenTelemetry context alone and needs no running `Telemetry`.
//! Not a client: call [`inject`] where your code builds a request, or use one of the hooks.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

/// What the sender of a request says about trace and baggage, on top of the current context.
///
/// Headers that are malformed, doubled or too long (`traceparent` is fixed, `tracestate` 512 bytes,
/// `baggage` 8192) count as absent. See <https://www.w3.org/TR/trace-context/> and
/// <https://www.w3.org/TR/baggage/>.
#[must_use]
pub fn extract(headers: &HeaderMap) -> Context {
    extract_from(&Fields::of(headers))
}

/// Writes the current span and baggage into the headers of an outgoing request.
///
/// The baggage holds what the program put there, among it the session's id: use this towards your
/// own services only, and [`inject_without_baggage`] towards others.
pub fn inject(headers: &mut HeaderMap) {
    Context::map_current(|context| inject_into(context, &mut Headers(headers), true));
}

/// Writes the current span into the headers of an outgoing request to somebody else's service.
///
/// A provider then may join its trace with yours, but learns neither session nor other baggage.
pub fn inject_without_baggage(headers: &mut HeaderMap) {
    Context::map_current(|context| inject_into(context, &mut Headers(headers), false));
}

/// The id of the current trace as 32 hexadecimal digits, for answers and links that name it; `None`
/// outside of spans.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span().span_context().clone();
        span.is_valid().then(|| span.trace_id().to_string())
    })
}

/// The longest `tracestate` that is read, in bytes: what the W3C asks everybody to keep.
const TRACE_STATE_BYTES_MAX: usize = 512;
/// The longest `baggage` that is read, in bytes: the limit of the W3C.
const BAGGAGE_BYTES_MAX: usize = 8192;
/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const TRACE_PARENT_BYTES: usize = 55;

/// The three values that travel, as they were received and already bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) trace_parent: Option<String>,
    pub(crate) trace_state: Option<String>,
    pub(crate) baggage: Option<String>,
}

impl Fields {
    fn of(headers: &HeaderMap) -> Self {
        let mut parents = headers.get_all("traceparent").iter();
        let parent = parents.next().and_then(|value| value.to_str().ok());
        // Two parents contradict each other: the standard says to start a new trace.
        let parent = if parents.next().is_some() { None } else { parent };
        Self::bounded(
            parent.map(str::to_owned),
            joined(headers, "tracestate", TRACE_STATE_BYTES_MAX),
            joined(headers, "baggage", BAGGAGE_BYTES_MAX),
        )
    }

    /// Drops what is malformed or too long.
    pub(crate) fn bounded(
        trace_parent: Option<String>,
        trace_state: Option<String>,
        baggage: Option<String>,
    ) -> Self {
        Self {
            trace_parent: trace_parent.filter(|value| is_trace_parent(value.trim())),
            trace_state: trace_state.filter(|value| value.len() <= TRACE_STATE_BYTES_MAX),
            baggage: baggage.filter(|value| value.len() <= BAGGAGE_BYTES_MAX),
        }
    }
}

/// The context that the fields describe, on top of the current one.
pub(crate) fn extract_from(fields: &Fields) -> Context {
    let context = Context::current();
    let context = TraceContextPropagator::new().extract_with_context(&context, fields);
    if fields.baggage.is_none() {
        return context;
    }
    BaggagePropagator::new().extract_with_context(&context, fields)
}

/// Writes what there is to write; fields with nothing in them are not written.
pub(crate) fn inject_into(context: &Context, injector: &mut dyn Injector, with_baggage: bool) {
    TraceContextPropagator::new().inject_context(context, injector);
    if with_baggage {
        BaggagePropagator::new().inject_context(context, injector);
    }
}

impl Extractor for Fields {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.trace_parent.as_deref(),
            "tracestate" => self.trace_state.as_deref(),
            "baggage" => self.baggage.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        ["traceparent", "tracestate", "baggage"]
            .into_iter()
            .filter(|key| self.get(key).is_some())
            .collect()
    }
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        // The propagators write an empty `tracestate` where there is none.
        if value.is_empty() {
            return;
        }
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(&value))
        {
            self.0.insert(name, value);
        }
    }
}

/// The values of a header that may be given several times, joined; `None` when they are too long.
fn joined(headers: &HeaderMap, name: &str, bytes_max: usize) -> Option<String> {
    let mut whole = String::new();
    for value in headers.get_all(name) {
        let Ok(value) = value.to_str() else { continue };
        if whole.len() + value.len() > bytes_max {
            return None;
        }
        if !whole.is_empty() {
            whole.push(',');
        }
        whole.push_str(value);
    }
    (!whole.is_empty()).then_some(whole)
}

/// Whether the value has the shape of a parent. The propagator alone would take ids that are too
/// short.
fn is_trace_parent(value: &str) -> bool {
    let bytes = value.as_bytes();
    let version_fits = value.starts_with("00-") && bytes.len() == TRACE_PARENT_BYTES
        || !value.starts_with("00-") && bytes.len() >= TRACE_PARENT_BYTES;
    let shape_fits = bytes.iter().take(TRACE_PARENT_BYTES).enumerate().all(|(index, byte)| {
        if matches!(index, 2 | 35 | 52) {
            *byte == b'-'
        } else {
            matches!(byte, b'0'..=b'9' | b'a'..=b'f')
        }
    });
    version_fits && shape_fits && matches!(bytes.get(TRACE_PARENT_BYTES), None | Some(b'-'))
}

#[cfg(test)]
mod tests;
