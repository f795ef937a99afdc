//! Trace context and baggage in HTTP headers: W3C `traceparent`, `tracestate` and `baggage`.
//!
//! Works on the OpenTelemetry context alone, without a running `Telemetry`. Call [`inject`] where
//! your code builds a request, or use one of the hooks.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

/// Extracts trace context and baggage from request headers, on top of the current context.
///
/// Malformed, duplicate and overlong headers are ignored (`traceparent` has a fixed length,
/// `tracestate` at most 512 bytes, `baggage` 8192). See <https://www.w3.org/TR/trace-context/> and
/// <https://www.w3.org/TR/baggage/>.
#[must_use]
pub fn extract(headers: &HeaderMap) -> Context {
    extract_from(&Fields::of(headers))
}

/// Injects the current span and baggage into the headers of an outgoing request.
///
/// Baggage contains what the program put there, including the session id: use this only for your
/// own services, and [`inject_without_baggage`] for third parties.
pub fn inject(headers: &mut HeaderMap) {
    Context::map_current(|context| inject_into(context, &mut Headers(headers), true));
}

/// Injects the current span into the headers of a request to a third-party service.
///
/// A provider can then join its trace with yours, but does not learn the session and other baggage.
pub fn inject_without_baggage(headers: &mut HeaderMap) {
    Context::map_current(|context| inject_into(context, &mut Headers(headers), false));
}

/// The id of the current trace as 32 hexadecimal digits, for responses and links; `None` outside of
/// spans.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    Context::map_current(|context| {
        let span = context.span().span_context().clone();
        span.is_valid().then(|| span.trace_id().to_string())
    })
}

/// Maximum length of `tracestate`, in bytes: the minimum that the W3C requires to be propagated.
const TRACE_STATE_BYTES_MAX: usize = 512;
/// Maximum length of `baggage`, in bytes: the W3C's limit.
const BAGGAGE_BYTES_MAX: usize = 8192;
/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const TRACE_PARENT_BYTES: usize = 55;

/// The three header values, as received and bounded.
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
        // Two parents are contradictory: the standard requires a new trace.
        let parent = if parents.next().is_some() { None } else { parent };
        Self::bounded(
            parent.map(str::to_owned),
            joined(headers, "tracestate", TRACE_STATE_BYTES_MAX),
            joined(headers, "baggage", BAGGAGE_BYTES_MAX),
        )
    }

    /// Drops malformed and overlong values.
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

/// The context described by the fields, on top of the current one.
pub(crate) fn extract_from(fields: &Fields) -> Context {
    let context = Context::current();
    let context = TraceContextPropagator::new().extract_with_context(&context, fields);
    if fields.baggage.is_none() {
        return context;
    }
    BaggagePropagator::new().extract_with_context(&context, fields)
}

/// Injects the context; empty fields are omitted.
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
        // The propagators write an empty `tracestate` if there is none.
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

/// The joined values of a repeatable header; `None` if they are too long.
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

/// Whether the value is a well-formed parent. The propagator alone would accept shorter ids.
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
