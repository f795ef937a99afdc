//! How much of each thing one item may hold.

use signals::time::SECOND;

/// Bounds on what is taken from one item of a request.
///
/// What is too long in spans and log records is cut, and the attribute set in which something was
/// cut gets the attribute `glasshouse.truncated`, a list of the keys and fields that were cut.
/// What is too many is left out and added to the item's dropped count; attributes that identify
/// an LLM call, its session or its service are left out last. A metric point that breaks a bound
/// is rejected, because a series with other labels is another series.
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
    /// How deep lists and key-value lists may lie in each other; what lies deeper is left out.
    pub value_depth_max: usize,
    /// Labels of one series.
    pub labels_max: usize,
    /// Bytes of one label value.
    pub label_value_bytes_max: usize,
    /// Memory that what one request decodes to may take, in bytes, roughly: few bytes on the wire
    /// can stand for many in columns and labels. Items beyond it are rejected.
    pub decoded_bytes_max: usize,
    /// Buckets of one histogram point.
    pub buckets_max: usize,
    /// Exemplars kept of one point.
    pub exemplars_max: usize,
    /// How far ahead of the time of arrival an item may lie, in nanoseconds.
    pub future_ns_max: i64,
}

/// What JSON is transcoded to, too, so that its decoder sees what it cuts.
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
