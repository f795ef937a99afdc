//! Limits on the content of one item.

use signals::time::SECOND;

/// Limits on the items of a request.
///
/// Values of spans and log records that are too long are truncated, and their attribute set gets
/// the attribute `glasshouse.truncated`, a list of the affected keys and fields. Excess attributes,
/// events and links are dropped and added to the dropped count; attributes that identify an LLM
/// call, its session or its service are dropped last. A metric point that exceeds a limit is
/// rejected, because truncated labels would identify another series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Attributes of one span, event, link, log record, resource or scope.
    pub attributes_max: usize,
    /// Events of one span.
    pub events_max: usize,
    /// Links of one span.
    pub links_max: usize,
    /// Bytes of an attribute key, a span or event name, a service name, a metric or label name.
    pub name_bytes_max: usize,
    /// Bytes of one attribute value, and of a status message.
    pub value_bytes_max: usize,
    /// Bytes of the body of a log record.
    pub line_bytes_max: usize,
    /// Nesting depth of arrays and key-value lists; deeper values are dropped.
    pub value_depth_max: usize,
    /// Labels of one series.
    pub labels_max: usize,
    /// Bytes of one label value.
    pub label_value_bytes_max: usize,
    /// Approximate memory of a decoded request, in bytes: a few bytes on the wire can expand to
    /// many in columns and labels. Items beyond it are rejected.
    pub decoded_bytes_max: usize,
    /// Buckets in one histogram point.
    pub buckets_max: usize,
    /// Exemplars kept per point.
    pub exemplars_max: usize,
    /// Maximum nanoseconds by which a timestamp may be ahead of the arrival time.
    pub future_ns_max: i64,
}

/// Also the depth of JSON transcoding, so that the protobuf decoder sees the cut.
pub(crate) const VALUE_DEPTH_MAX: usize = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            attributes_max: 1024,
            events_max: 1024,
            links_max: 1024,
            name_bytes_max: 256,
            value_bytes_max: 1 << 20,
            line_bytes_max: 1 << 20,
            value_depth_max: VALUE_DEPTH_MAX,
            labels_max: 60,
            label_value_bytes_max: 4 << 10,
            decoded_bytes_max: 256 << 20,
            buckets_max: 1_000,
            exemplars_max: 100,
            future_ns_max: 600 * SECOND,
        }
    }
}
