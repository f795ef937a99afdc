//! Builds a batch of log records one row at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, RecordBatch, StringViewBuilder, TimestampNanosecondBuilder,
    UInt8Builder, UInt32Builder,
};
use arrow::error::ArrowError;

use super::schema;
use crate::attributes::{AttributeBuilder, ValueType};
use crate::dictionary::{Code, DictionaryBuilder};
use crate::{SpanId, Timestamp, TraceId};

/// A resource registered with [`LogBuilder::resource`], with the stream of its records.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    service_name: Code,
    stream: Code,
    attributes: Code,
}

/// An instrumentation scope registered with [`LogBuilder::scope`].
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    name: Code,
    version: Code,
    attributes: Code,
}

/// One log record without its attributes, which go to [`LogBuilder::attributes`].
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// See [`super::column::TIMESTAMP`].
    pub timestamp: Timestamp,
    /// See [`super::column::OBSERVED_TIMESTAMP`].
    pub observed_timestamp: Timestamp,
    /// 0 to 24.
    pub severity_number: u8,
    /// Empty is null.
    pub severity_text: &'a str,
    /// See [`super::column::BODY`].
    pub body: &'a str,
    /// The type of the body on the wire.
    pub body_type: ValueType,
    /// Empty is null.
    pub event_name: &'a str,
    /// `None` outside a trace.
    pub trace_id: Option<TraceId>,
    /// `None` outside a span.
    pub span_id: Option<SpanId>,
    /// W3C trace flags.
    pub flags: u32,
    /// See [`super::column::DROPPED_ATTRIBUTES_COUNT`].
    pub dropped_attributes_count: u32,
}

impl<'a> Record<'a> {
    /// A record with only a time and a body.
    #[must_use]
    pub fn new(timestamp: Timestamp, body: &'a str) -> Self {
        Self {
            timestamp,
            observed_timestamp: timestamp,
            severity_number: 0,
            severity_text: "",
            body,
            body_type: ValueType::String,
            event_name: "",
            trace_id: None,
            span_id: None,
            flags: 0,
            dropped_attributes_count: 0,
        }
    }
}

/// Builds a batch of [`schema`]. For each row: attributes first, then [`Self::append`].
#[derive(Debug)]
pub struct LogBuilder {
    rows: usize,
    timestamp: TimestampNanosecondBuilder,
    observed_timestamp: TimestampNanosecondBuilder,
    severity_number: UInt8Builder,
    severity_text: DictionaryBuilder,
    body: StringViewBuilder,
    body_type: DictionaryBuilder,
    event_name: DictionaryBuilder,
    trace_id: FixedSizeBinaryBuilder,
    span_id: FixedSizeBinaryBuilder,
    flags: UInt32Builder,
    service_name: DictionaryBuilder,
    stream: DictionaryBuilder,
    attributes: AttributeBuilder,
    dropped_attributes_count: UInt32Builder,
    resource_attributes: DictionaryBuilder,
    scope_name: DictionaryBuilder,
    scope_version: DictionaryBuilder,
    scope_attributes: DictionaryBuilder,
}

impl Default for LogBuilder {
    fn default() -> Self {
        Self {
            rows: 0,
            timestamp: TimestampNanosecondBuilder::new().with_timezone("+00:00"),
            observed_timestamp: TimestampNanosecondBuilder::new().with_timezone("+00:00"),
            severity_number: UInt8Builder::new(),
            severity_text: DictionaryBuilder::default(),
            body: StringViewBuilder::new(),
            body_type: DictionaryBuilder::default(),
            event_name: DictionaryBuilder::default(),
            trace_id: FixedSizeBinaryBuilder::new(16),
            span_id: FixedSizeBinaryBuilder::new(8),
            flags: UInt32Builder::new(),
            service_name: DictionaryBuilder::default(),
            stream: DictionaryBuilder::default(),
            attributes: AttributeBuilder::default(),
            dropped_attributes_count: UInt32Builder::new(),
            resource_attributes: DictionaryBuilder::default(),
            scope_name: DictionaryBuilder::default(),
            scope_version: DictionaryBuilder::default(),
            scope_attributes: DictionaryBuilder::default(),
        }
    }
}

impl LogBuilder {
    /// Registers a resource once, so that its records append only codes. `stream` is the canonical
    /// selector of [`super::column::STREAM`], `attributes` a JSON object.
    pub fn resource(&mut self, service_name: &str, stream: &str, attributes: &str) -> Resource {
        Resource {
            service_name: self.service_name.code(service_name),
            stream: self.stream.code(stream),
            attributes: self.resource_attributes.code(attributes),
        }
    }

    /// Registers a scope once. Empty texts are null; `attributes` is a JSON object.
    pub fn scope(&mut self, name: &str, version: &str, attributes: &str) -> Scope {
        Scope {
            name: self.scope_name.code_or_null(name),
            version: self.scope_version.code_or_null(version),
            attributes: self.scope_attributes.code_or_null(attributes),
        }
    }

    /// The attributes of the next record. Attributes that were pushed must be followed by an
    /// append.
    pub fn attributes(&mut self) -> &mut AttributeBuilder {
        &mut self.attributes
    }

    /// Appends a record and ends its row.
    ///
    /// # Errors
    /// Does not fail in practice: ids have the width of their columns.
    pub fn append(
        &mut self,
        resource: Resource,
        scope: Scope,
        record: &Record<'_>,
    ) -> Result<(), ArrowError> {
        self.timestamp.append_value(record.timestamp);
        self.observed_timestamp.append_value(record.observed_timestamp);
        self.severity_number.append_value(record.severity_number);
        let severity_text = self.severity_text.code_or_null(record.severity_text);
        self.severity_text.append(severity_text);
        self.body.append_value(record.body);
        self.body_type.append_text(record.body_type.letter().encode_utf8(&mut [0; 4]));
        let event_name = self.event_name.code_or_null(record.event_name);
        self.event_name.append(event_name);
        match record.trace_id {
            Some(id) => self.trace_id.append_value(id.0)?,
            None => self.trace_id.append_null(),
        }
        match record.span_id {
            Some(id) => self.span_id.append_value(id.0)?,
            None => self.span_id.append_null(),
        }
        self.flags.append_value(record.flags);
        self.service_name.append(resource.service_name);
        self.stream.append(resource.stream);
        self.attributes.end_row();
        self.dropped_attributes_count.append_value(record.dropped_attributes_count);
        self.resource_attributes.append(resource.attributes);
        self.scope_name.append(scope.name);
        self.scope_version.append(scope.version);
        self.scope_attributes.append(scope.attributes);
        self.rows += 1;
        Ok(())
    }

    /// Number of records appended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no record was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Builds the batch.
    ///
    /// # Errors
    /// When attributes were pushed without a record, or codes came from another builder.
    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let (attributes, attribute_types) = self.attributes.finish()?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.timestamp.finish()),
            Arc::new(self.observed_timestamp.finish()),
            Arc::new(self.severity_number.finish()),
            self.severity_text.finish()?,
            Arc::new(self.body.finish()),
            self.body_type.finish()?,
            self.event_name.finish()?,
            Arc::new(self.trace_id.finish()),
            Arc::new(self.span_id.finish()),
            Arc::new(self.flags.finish()),
            self.service_name.finish()?,
            self.stream.finish()?,
            attributes,
            attribute_types,
            Arc::new(self.dropped_attributes_count.finish()),
            self.resource_attributes.finish()?,
            self.scope_name.finish()?,
            self.scope_version.finish()?,
            self.scope_attributes.finish()?,
        ];
        RecordBatch::try_new(schema(), columns)
    }
}
