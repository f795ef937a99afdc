//! Log records: one row per line or event.

pub mod build;
pub mod read;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::attributes::{dictionary_type, large, map_type, time_type};

pub use build::{LogBuilder, Record, Resource, Scope};
pub use read::LogRows;

/// Column names, in schema order.
pub mod column {
    /// Event time; the observed time if the sender gave none.
    pub const TIMESTAMP: &str = "timestamp";
    /// Time of observation by the sender; the arrival time if the sender gave none.
    pub const OBSERVED_TIMESTAMP: &str = "observed_timestamp";
    /// OpenTelemetry severity, 1 to 24; 0 is unspecified.
    pub const SEVERITY_NUMBER: &str = "severity_number";
    /// The sender's name for the severity; null when empty.
    pub const SEVERITY_TEXT: &str = "severity_text";
    /// The line; JSON text for a structured body.
    pub const BODY: &str = "body";
    /// The [`crate::attributes::ValueType`] letter of the body.
    pub const BODY_TYPE: &str = "body_type";
    /// Name of the event; null when empty.
    pub const EVENT_NAME: &str = "event_name";
    /// 16 bytes; null outside a trace.
    pub const TRACE_ID: &str = "trace_id";
    /// 8 bytes; null outside a span.
    pub const SPAN_ID: &str = "span_id";
    /// W3C trace flags.
    pub const FLAGS: &str = "flags";
    /// `service.name` of the resource; `unknown_service` where there is none.
    pub const SERVICE_NAME: &str = "service_name";
    /// The stream's labels as a LogQL selector with sorted names: `{a="b", c="d"}`.
    pub const STREAM: &str = "stream";
    /// The record's own attributes; Loki's structured metadata.
    pub const ATTRIBUTES: &str = "attributes";
    /// One type letter for each attribute, in order.
    pub const ATTRIBUTE_TYPES: &str = "attribute_types";
    /// Attributes too large for `attributes`; in parts only. See [`crate::attributes::large`].
    pub const LARGE_ATTRIBUTES: &str = "large_attributes";
    /// Number of attributes dropped, by the sender or by our limits.
    pub const DROPPED_ATTRIBUTES_COUNT: &str = "dropped_attributes_count";
    /// JSON object of the resource's attributes.
    pub const RESOURCE_ATTRIBUTES: &str = "resource_attributes";
    /// Name of the instrumentation scope; null when empty.
    pub const SCOPE_NAME: &str = "scope_name";
    /// Version of the instrumentation scope; null when empty.
    pub const SCOPE_VERSION: &str = "scope_version";
    /// JSON object of the scope's attributes; null when there are none.
    pub const SCOPE_ATTRIBUTES: &str = "scope_attributes";
}

/// The Arrow schema of log records in memory and in the write-ahead log. Changing it requires a new
/// section kind in the log.
#[must_use]
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new(column::TIMESTAMP, time_type(), false),
            Field::new(column::OBSERVED_TIMESTAMP, time_type(), false),
            Field::new(column::SEVERITY_NUMBER, DataType::UInt8, false),
            Field::new(column::SEVERITY_TEXT, dictionary_type(), true),
            Field::new(column::BODY, DataType::Utf8View, false),
            Field::new(column::BODY_TYPE, dictionary_type(), false),
            Field::new(column::EVENT_NAME, dictionary_type(), true),
            Field::new(column::TRACE_ID, DataType::FixedSizeBinary(16), true),
            Field::new(column::SPAN_ID, DataType::FixedSizeBinary(8), true),
            Field::new(column::FLAGS, DataType::UInt32, false),
            Field::new(column::SERVICE_NAME, dictionary_type(), false),
            Field::new(column::STREAM, dictionary_type(), false),
            Field::new(column::ATTRIBUTES, map_type(), false),
            Field::new(column::ATTRIBUTE_TYPES, DataType::Utf8View, false),
            Field::new(column::DROPPED_ATTRIBUTES_COUNT, DataType::UInt32, false),
            Field::new(column::RESOURCE_ATTRIBUTES, dictionary_type(), false),
            Field::new(column::SCOPE_NAME, dictionary_type(), true),
            Field::new(column::SCOPE_VERSION, dictionary_type(), true),
            Field::new(column::SCOPE_ATTRIBUTES, dictionary_type(), true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// The columns of every part of log records: those of [`schema`] and the large attributes.
#[must_use]
pub fn part_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| large::schema_of_parts(&schema()));
    Arc::clone(&SCHEMA)
}

/// The label names in a stream selector, `{a="b", c="d"}`; `None` if it is not a selector.
#[must_use]
pub fn stream_label_names(stream: &str) -> Option<Vec<String>> {
    let mut rest = stream.strip_prefix('{')?.strip_suffix('}')?;
    let mut names = Vec::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once("=\"")?;
        names.push(name.to_owned());
        let mut is_escaped = false;
        let end = value.char_indices().find_map(|(i, c)| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end.then_some(i)
        })?;
        rest = value.get(end + 1..)?;
        rest = rest.strip_prefix(", ").unwrap_or(rest);
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_names_of_a_stream_are_found_between_its_values() {
        let names = super::stream_label_names;
        assert_eq!(names("{}"), Some(vec![]));
        let stream = r#"{a="x=\"y\", b=", service_name="\\"}"#;
        assert_eq!(names(stream), Some(vec!["a".to_owned(), "service_name".to_owned()]));
        for broken in ["", "a", "{a}", "{a=\"b}", "{a=\"\\\"}"] {
            assert_eq!(names(broken), None, "{broken}");
        }
    }
}
