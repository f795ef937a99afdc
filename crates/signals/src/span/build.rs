//! Builds a batch of spans one row at a time.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryBuilder, Int64Builder, RecordBatch, StringViewBuilder,
    TimestampNanosecondBuilder, UInt32Builder,
};
use arrow::error::ArrowError;

use super::schema;
use crate::attributes::AttributeBuilder;
use crate::dictionary::{Code, DictionaryBuilder};
use crate::{SpanId, Timestamp, TraceId};

/// The role of a span in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Kind {
    /// Not specified.
    #[default]
    Unspecified,
    /// Internal to one program.
    Internal,
    /// Handles a remote call.
    Server,
    /// Makes a remote call.
    Client,
    /// Sends a message.
    Producer,
    /// Receives a message.
    Consumer,
}

impl Kind {
    /// All kinds, indexed by OTLP's number.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::Internal,
        Self::Server,
        Self::Client,
        Self::Producer,
        Self::Consumer,
    ];

    /// The kind with this OTLP number; unknown numbers are [`Self::Unspecified`].
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|i| Self::ALL.get(i).copied()).unwrap_or_default()
    }

    /// The kind for a value of the column `kind`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or_default()
    }

    /// The value of the column `kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// How a span ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum StatusCode {
    /// Not set.
    #[default]
    Unset,
    /// Explicitly marked as successful.
    Ok,
    /// Failed.
    Error,
}

impl StatusCode {
    /// All codes, indexed by OTLP's number.
    pub const ALL: [Self; 3] = [Self::Unset, Self::Ok, Self::Error];

    /// The code with this OTLP number; unknown numbers are [`Self::Unset`].
    #[must_use]
    pub fn from_number(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|i| Self::ALL.get(i).copied()).unwrap_or_default()
    }

    /// The code for a value of the column `status_code`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.name() == name).unwrap_or_default()
    }

    /// The value of the column `status_code`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unset => "unset",
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// A resource registered with [`SpanBuilder::resource`].
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    service_name: Code,
    attributes: Code,
}

/// An instrumentation scope registered with [`SpanBuilder::scope`].
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    name: Code,
    version: Code,
    attributes: Code,
}

/// One span without its attributes, which go to [`SpanBuilder::attributes`].
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// See [`super::column::TRACE_ID`].
    pub trace_id: TraceId,
    /// See [`super::column::SPAN_ID`].
    pub span_id: SpanId,
    /// `None` for a root span.
    pub parent_span_id: Option<SpanId>,
    /// Empty is null.
    pub trace_state: &'a str,
    /// See [`super::column::FLAGS`].
    pub flags: u32,
    /// See [`super::column::NAME`].
    pub name: &'a str,
    /// See [`super::column::KIND`].
    pub kind: Kind,
    /// See [`super::column::START_TIME`].
    pub start_time: Timestamp,
    /// Never negative.
    pub duration_ns: i64,
    /// See [`super::column::STATUS_CODE`].
    pub status_code: StatusCode,
    /// Empty is null.
    pub status_message: &'a str,
    /// The JSON array that [`super::column::EVENTS`] describes; empty is null.
    pub events: &'a str,
    /// The JSON array that [`super::column::LINKS`] describes; empty is null.
    pub links: &'a str,
    /// See [`super::column::DROPPED_ATTRIBUTES_COUNT`].
    pub dropped_attributes_count: u32,
    /// See [`super::column::DROPPED_EVENTS_COUNT`].
    pub dropped_events_count: u32,
    /// See [`super::column::DROPPED_LINKS_COUNT`].
    pub dropped_links_count: u32,
}

impl Span<'_> {
    /// A span with only its ids and start time.
    #[must_use]
    pub fn new(trace_id: TraceId, span_id: SpanId, start_time: Timestamp) -> Self {
        Self {
            trace_id,
            span_id,
            parent_span_id: None,
            trace_state: "",
            flags: 0,
            name: "",
            kind: Kind::default(),
            start_time,
            duration_ns: 0,
            status_code: StatusCode::default(),
            status_message: "",
            events: "",
            links: "",
            dropped_attributes_count: 0,
            dropped_events_count: 0,
            dropped_links_count: 0,
        }
    }
}

/// Builds a batch of [`schema`]. For each row: attributes first, then [`Self::append`].
#[derive(Debug)]
pub struct SpanBuilder {
    rows: usize,
    trace_id: FixedSizeBinaryBuilder,
    span_id: FixedSizeBinaryBuilder,
    parent_span_id: FixedSizeBinaryBuilder,
    trace_state: StringViewBuilder,
    flags: UInt32Builder,
    service_name: DictionaryBuilder,
    name: DictionaryBuilder,
    kind: DictionaryBuilder,
    kind_codes: [Code; Kind::ALL.len()],
    start_time: TimestampNanosecondBuilder,
    duration_ns: Int64Builder,
    status_code: DictionaryBuilder,
    status_codes: [Code; StatusCode::ALL.len()],
    status_message: StringViewBuilder,
    attributes: AttributeBuilder,
    events: StringViewBuilder,
    links: StringViewBuilder,
    dropped_attributes_count: UInt32Builder,
    dropped_events_count: UInt32Builder,
    dropped_links_count: UInt32Builder,
    resource_attributes: DictionaryBuilder,
    scope_name: DictionaryBuilder,
    scope_version: DictionaryBuilder,
    scope_attributes: DictionaryBuilder,
}

impl Default for SpanBuilder {
    fn default() -> Self {
        let mut kind = DictionaryBuilder::default();
        let mut status_code = DictionaryBuilder::default();
        Self {
            rows: 0,
            trace_id: FixedSizeBinaryBuilder::new(16),
            span_id: FixedSizeBinaryBuilder::new(8),
            parent_span_id: FixedSizeBinaryBuilder::new(8),
            trace_state: StringViewBuilder::new(),
            flags: UInt32Builder::new(),
            service_name: DictionaryBuilder::default(),
            name: DictionaryBuilder::default(),
            kind_codes: Kind::ALL.map(|each| kind.code(each.name())),
            kind,
            start_time: TimestampNanosecondBuilder::new().with_timezone("+00:00"),
            duration_ns: Int64Builder::new(),
            status_codes: StatusCode::ALL.map(|each| status_code.code(each.name())),
            status_code,
            status_message: StringViewBuilder::new(),
            attributes: AttributeBuilder::default(),
            events: StringViewBuilder::new(),
            links: StringViewBuilder::new(),
            dropped_attributes_count: UInt32Builder::new(),
            dropped_events_count: UInt32Builder::new(),
            dropped_links_count: UInt32Builder::new(),
            resource_attributes: DictionaryBuilder::default(),
            scope_name: DictionaryBuilder::default(),
            scope_version: DictionaryBuilder::default(),
            scope_attributes: DictionaryBuilder::default(),
        }
    }
}

impl SpanBuilder {
    /// Registers a resource once; its spans append only codes. `attributes` is a JSON object.
    pub fn resource(&mut self, service_name: &str, attributes: &str) -> Resource {
        Resource {
            service_name: self.service_name.code(service_name),
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

    /// The attributes of the next span. Attributes that were pushed must be followed by an append.
    pub fn attributes(&mut self) -> &mut AttributeBuilder {
        &mut self.attributes
    }

    /// Appends a span and ends its row.
    ///
    /// # Errors
    /// Does not fail in practice: ids have the width of their columns.
    pub fn append(
        &mut self,
        resource: Resource,
        scope: Scope,
        span: &Span<'_>,
    ) -> Result<(), ArrowError> {
        self.trace_id.append_value(span.trace_id.0)?;
        self.span_id.append_value(span.span_id.0)?;
        match span.parent_span_id {
            Some(id) => self.parent_span_id.append_value(id.0)?,
            None => self.parent_span_id.append_null(),
        }
        append_or_null(&mut self.trace_state, span.trace_state);
        self.flags.append_value(span.flags);
        self.service_name.append(resource.service_name);
        self.name.append_text(span.name);
        self.kind.append(self.kind_codes[span.kind as usize]);
        self.start_time.append_value(span.start_time);
        self.duration_ns.append_value(span.duration_ns.max(0));
        self.status_code.append(self.status_codes[span.status_code as usize]);
        append_or_null(&mut self.status_message, span.status_message);
        self.attributes.end_row();
        append_or_null(&mut self.events, span.events);
        append_or_null(&mut self.links, span.links);
        self.dropped_attributes_count.append_value(span.dropped_attributes_count);
        self.dropped_events_count.append_value(span.dropped_events_count);
        self.dropped_links_count.append_value(span.dropped_links_count);
        self.resource_attributes.append(resource.attributes);
        self.scope_name.append(scope.name);
        self.scope_version.append(scope.version);
        self.scope_attributes.append(scope.attributes);
        self.rows += 1;
        Ok(())
    }

    /// Number of spans appended.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no span was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Builds the batch.
    ///
    /// # Errors
    /// When attributes were pushed without a span, or codes came from another builder.
    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let (attributes, attribute_types) = self.attributes.finish()?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.span_id.finish()),
            Arc::new(self.parent_span_id.finish()),
            Arc::new(self.trace_state.finish()),
            Arc::new(self.flags.finish()),
            self.service_name.finish()?,
            self.name.finish()?,
            self.kind.finish()?,
            Arc::new(self.start_time.finish()),
            Arc::new(self.duration_ns.finish()),
            self.status_code.finish()?,
            Arc::new(self.status_message.finish()),
            attributes,
            attribute_types,
            Arc::new(self.events.finish()),
            Arc::new(self.links.finish()),
            Arc::new(self.dropped_attributes_count.finish()),
            Arc::new(self.dropped_events_count.finish()),
            Arc::new(self.dropped_links_count.finish()),
            self.resource_attributes.finish()?,
            self.scope_name.finish()?,
            self.scope_version.finish()?,
            self.scope_attributes.finish()?,
        ];
        RecordBatch::try_new(schema(), columns)
    }
}

fn append_or_null(column: &mut StringViewBuilder, text: &str) {
    column.append_option((!text.is_empty()).then_some(text));
}
