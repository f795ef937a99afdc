//! Traces: by id, by search, and the names and values to search for.
//!
//! A trace is read by its id, using bloom filters and page statistics. A search first looks for
//! single spans that a matching trace must have, newest first and only in the columns that this
//! needs. It then reads the traces of those spans whole and runs the query on them, until there are
//! enough.

mod by_id;
mod condition;
mod pushed;
mod search;
mod tags;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use signals::{SpanId, Timestamp, TraceId};
use store::TimeRange;

pub use lang::traceql::Static;

#[cfg(test)]
pub(crate) use self::pushed::pushed;

pub use self::tags::{Operation, ScopedNames, TagValue};

/// Service of a trace whose root has not arrived, as Tempo calls it.
pub const ROOT_NOT_RECEIVED: &str = "<root span not yet received>";

/// A search for traces.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// A TraceQL query; the conditions below must hold as well.
    pub traceql: Option<String>,
    /// Service of the span.
    pub service: Option<String>,
    /// Name of the span.
    pub operation: Option<String>,
    /// Attributes that the span, its resource or one of its events has, compared as text. The names
    /// by which Jaeger clients know intrinsics (`error`, `span.kind`, `otel.status_code`,
    /// `otel.scope.name`, …) refer to those.
    pub tags: Vec<(String, String)>,
    /// Minimum duration of the span, in nanoseconds.
    pub duration_min_ns: Option<i64>,
    /// Maximum duration of the span, in nanoseconds.
    pub duration_max_ns: Option<i64>,
    /// Range of the start of the matching span; all of time when absent.
    pub range: Option<TimeRange>,
    /// Maximum number of traces.
    pub limit: usize,
    /// Maximum number of spans shown of each set; 0 means all.
    pub spans_per_set: usize,
}

/// A trace that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceMatch {
    /// The trace.
    pub trace_id: TraceId,
    /// Service of its root, or [`ROOT_NOT_RECEIVED`].
    pub root_service_name: String,
    /// Name of its root; empty when it has not arrived.
    pub root_span_name: String,
    /// Start of its first span.
    pub start_time: Timestamp,
    /// From the first start to the last end.
    pub duration_ns: i64,
    /// The matching spans.
    pub span_sets: Vec<SpanSet>,
    /// Spans and errors by service.
    pub service_stats: BTreeMap<String, ServiceStats>,
}

/// Approximate bytes of a span, a set or a service's statistics in an answer, with their text but
/// without their names.
const MATCHED_BYTES: usize = 512;
/// Bytes of an attribute and its text, without its key and without a text value.
const ATTRIBUTE_BYTES: usize = 160;

impl TraceMatch {
    /// Approximate size of the trace and of its text, in bytes.
    fn size(&self) -> usize {
        let names = self.root_service_name.len() + self.root_span_name.len();
        let sets: usize = self.span_sets.iter().map(SpanSet::size).sum();
        let stats: usize = self.service_stats.keys().map(|name| MATCHED_BYTES + name.len()).sum();
        MATCHED_BYTES + 3 * names + sets + stats
    }
}

impl SpanSet {
    fn size(&self) -> usize {
        let span =
            |span: &MatchedSpan| MATCHED_BYTES + 3 * span.name.len() + size(&span.attributes);
        MATCHED_BYTES + size(&self.attributes) + self.spans.iter().map(span).sum::<usize>()
    }
}

fn size(attributes: &[(String, Static)]) -> usize {
    let one = |(key, value): &(String, Static)| {
        let text = if let Static::Text(text) = value { text.len() } else { 0 };
        ATTRIBUTE_BYTES + 3 * (key.len() + text)
    };
    attributes.iter().map(one).sum()
}

/// Spans of a trace that matched together.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanSet {
    /// The spans, up to the requested number.
    pub spans: Vec<MatchedSpan>,
    /// Number of matching spans.
    pub matched: usize,
    /// The values that the set is grouped by.
    pub attributes: Vec<(String, Static)>,
}

/// A span that matched.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchedSpan {
    /// The span.
    pub span_id: SpanId,
    /// Its name.
    pub name: String,
    /// When it began.
    pub start_time: Timestamp,
    /// Its duration.
    pub duration_ns: i64,
    /// The attributes that the query refers to.
    pub attributes: Vec<(String, Static)>,
}

/// Statistics of one service in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceStats {
    /// Number of its spans.
    pub span_count: usize,
    /// Number of its spans with an error.
    pub error_count: usize,
}

/// All of time.
const ALWAYS: TimeRange = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
