//! Traces: by id, by search, and what there is to search for.
//!
//! A trace is read by its id, which the store's bloom filters and page statistics find. A search
//! first looks for single spans that a matching trace must have, newest first and only in the
//! columns that this needs; then it reads the traces of those spans whole and runs the query on
//! them, until there are enough.

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

/// Which traces.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// A TraceQL query; the conditions below are joined to it.
    pub traceql: Option<String>,
    /// Service of the span.
    pub service: Option<String>,
    /// Name of the span.
    pub operation: Option<String>,
    /// Attributes that the span, its resource or one of its events has, compared as text. The
    /// names by which Jaeger's clients know intrinsics (`error`, `span.kind`,
    /// `otel.status_code`, `otel.scope.name`, …) mean those.
    pub tags: Vec<(String, String)>,
    /// Least duration of the span, in nanoseconds.
    pub duration_min_ns: Option<i64>,
    /// Greatest duration of the span, in nanoseconds.
    pub duration_max_ns: Option<i64>,
    /// When the matching span began; all of time when absent.
    pub range: Option<TimeRange>,
    /// Most traces.
    pub limit: usize,
    /// Most spans shown of each set; 0 is all.
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
    /// What matched.
    pub span_sets: Vec<SpanSet>,
    /// Spans and errors by service.
    pub service_stats: BTreeMap<String, ServiceStats>,
}

/// Bytes of a span in an answer, of a set or of what a service did, and of their text, beside what
/// they are named.
const MATCHED_BYTES: usize = 512;
/// Bytes of an attribute and its text beside its key, and its value if that is no text.
const ATTRIBUTE_BYTES: usize = 160;

impl TraceMatch {
    /// Bytes of it and of its text, roughly.
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
    /// The spans, at most as many as were asked for.
    pub spans: Vec<MatchedSpan>,
    /// How many matched.
    pub matched: usize,
    /// What the set is grouped by.
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
    /// How long it took.
    pub duration_ns: i64,
    /// The attributes that the query names.
    pub attributes: Vec<(String, Static)>,
}

/// What a service did in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceStats {
    /// Its spans.
    pub span_count: usize,
    /// Those with an error.
    pub error_count: usize,
}

/// All of time.
const ALWAYS: TimeRange = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
