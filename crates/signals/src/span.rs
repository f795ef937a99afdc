//! Spans: one row per timed operation of a trace.

pub mod build;
pub mod identity;
pub mod read;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::attributes::{dictionary_type, large, map_type, time_type};

pub use build::{Kind, Resource, Scope, Span, SpanBuilder, StatusCode};
pub use identity::{IDENTITY_COLUMNS, SpanIdentities, SpanIdentity};
pub use read::SpanRows;

/// Column names, in schema order.
pub mod column {
    /// 16 bytes.
    pub const TRACE_ID: &str = "trace_id";
    /// 8 bytes.
    pub const SPAN_ID: &str = "span_id";
    /// 8 bytes; null for a root span.
    pub const PARENT_SPAN_ID: &str = "parent_span_id";
    /// W3C trace state; null when empty.
    pub const TRACE_STATE: &str = "trace_state";
    /// W3C trace flags and OTLP's "parent is remote" bits.
    pub const FLAGS: &str = "flags";
    /// `service.name` of the resource; `unknown_service` where there is none.
    pub const SERVICE_NAME: &str = "service_name";
    /// Name of the operation.
    pub const NAME: &str = "name";
    /// `unspecified`, `internal`, `server`, `client`, `producer` or `consumer`.
    pub const KIND: &str = "kind";
    /// Start time.
    pub const START_TIME: &str = "start_time";
    /// Duration in nanoseconds; never negative.
    pub const DURATION_NS: &str = "duration_ns";
    /// `unset`, `ok` or `error`.
    pub const STATUS_CODE: &str = "status_code";
    /// The status message; null when empty.
    pub const STATUS_MESSAGE: &str = "status_message";
    /// The span's own attributes.
    pub const ATTRIBUTES: &str = "attributes";
    /// One type letter for each attribute, in order.
    pub const ATTRIBUTE_TYPES: &str = "attribute_types";
    /// Attributes too large for `attributes`; in parts only. See [`crate::attributes::large`].
    pub const LARGE_ATTRIBUTES: &str = "large_attributes";
    /// JSON array of `{"time_unix_nano": 1, "name": "…", "attributes": {…}, "dropped_attributes_count": 0}`; null when there are none.
    pub const EVENTS: &str = "events";
    /// JSON array of `{"trace_id": "hex", "span_id": "hex", "trace_state": "…", "attributes": {…}}`; null when there are none.
    pub const LINKS: &str = "links";
    /// Number of attributes dropped, by the sender or by our limits.
    pub const DROPPED_ATTRIBUTES_COUNT: &str = "dropped_attributes_count";
    /// Number of events dropped, by the sender or by our limits.
    pub const DROPPED_EVENTS_COUNT: &str = "dropped_events_count";
    /// Number of links dropped, by the sender or by our limits.
    pub const DROPPED_LINKS_COUNT: &str = "dropped_links_count";
    /// JSON object of the resource's attributes.
    pub const RESOURCE_ATTRIBUTES: &str = "resource_attributes";
    /// Name of the instrumentation scope; null when empty.
    pub const SCOPE_NAME: &str = "scope_name";
    /// Version of the instrumentation scope; null when empty.
    pub const SCOPE_VERSION: &str = "scope_version";
    /// JSON object of the scope's attributes; null when there are none.
    pub const SCOPE_ATTRIBUTES: &str = "scope_attributes";
}

/// The Arrow schema of spans in memory and in the write-ahead log. Changing it requires a new
/// section kind in the log.
#[must_use]
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new(column::TRACE_ID, DataType::FixedSizeBinary(16), false),
            Field::new(column::SPAN_ID, DataType::FixedSizeBinary(8), false),
            Field::new(column::PARENT_SPAN_ID, DataType::FixedSizeBinary(8), true),
            Field::new(column::TRACE_STATE, DataType::Utf8View, true),
            Field::new(column::FLAGS, DataType::UInt32, false),
            Field::new(column::SERVICE_NAME, dictionary_type(), false),
            Field::new(column::NAME, dictionary_type(), false),
            Field::new(column::KIND, dictionary_type(), false),
            Field::new(column::START_TIME, time_type(), false),
            Field::new(column::DURATION_NS, DataType::Int64, false),
            Field::new(column::STATUS_CODE, dictionary_type(), false),
            Field::new(column::STATUS_MESSAGE, DataType::Utf8View, true),
            Field::new(column::ATTRIBUTES, map_type(), false),
            Field::new(column::ATTRIBUTE_TYPES, DataType::Utf8View, false),
            Field::new(column::EVENTS, DataType::Utf8View, true),
            Field::new(column::LINKS, DataType::Utf8View, true),
            Field::new(column::DROPPED_ATTRIBUTES_COUNT, DataType::UInt32, false),
            Field::new(column::DROPPED_EVENTS_COUNT, DataType::UInt32, false),
            Field::new(column::DROPPED_LINKS_COUNT, DataType::UInt32, false),
            Field::new(column::RESOURCE_ATTRIBUTES, dictionary_type(), false),
            Field::new(column::SCOPE_NAME, dictionary_type(), true),
            Field::new(column::SCOPE_VERSION, dictionary_type(), true),
            Field::new(column::SCOPE_ATTRIBUTES, dictionary_type(), true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// The columns of every part of spans: those of [`schema`] and the large attributes.
#[must_use]
pub fn part_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| large::schema_of_parts(&schema()));
    Arc::clone(&SCHEMA)
}
