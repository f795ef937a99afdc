//! Reads a batch of spans one row at a time.

use arrow::array::RecordBatch;
use arrow::datatypes::{Int64Type, TimestampNanosecondType, UInt32Type};

use super::{Kind, StatusCode, column};
use crate::attributes::{AttributeRows, Attributes};
use crate::rows::{BytesColumn, ColumnError, NumberColumn, TextColumn};
use crate::{SpanId, Timestamp, TraceId};

/// The rows of a batch of spans. Missing columns read as empty, `None` or zero; a row number must
/// be below [`Self::len`].
#[derive(Debug, Clone)]
pub struct SpanRows<'a> {
    rows: usize,
    trace_id: BytesColumn<'a>,
    span_id: BytesColumn<'a>,
    parent_span_id: BytesColumn<'a>,
    trace_state: TextColumn<'a>,
    flags: NumberColumn<'a, UInt32Type>,
    service_name: TextColumn<'a>,
    name: TextColumn<'a>,
    kind: TextColumn<'a>,
    start_time: NumberColumn<'a, TimestampNanosecondType>,
    duration_ns: NumberColumn<'a, Int64Type>,
    status_code: TextColumn<'a>,
    status_message: TextColumn<'a>,
    attributes: AttributeRows<'a>,
    events: TextColumn<'a>,
    links: TextColumn<'a>,
    dropped_attributes_count: NumberColumn<'a, UInt32Type>,
    dropped_events_count: NumberColumn<'a, UInt32Type>,
    dropped_links_count: NumberColumn<'a, UInt32Type>,
    resource_attributes: TextColumn<'a>,
    scope_name: TextColumn<'a>,
    scope_version: TextColumn<'a>,
    scope_attributes: TextColumn<'a>,
}

impl<'a> SpanRows<'a> {
    /// Finds the columns of a batch.
    ///
    /// # Errors
    /// [`ColumnError`] when a column has an unexpected type.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        let text = |name| TextColumn::new(batch, name);
        Ok(Self {
            rows: batch.num_rows(),
            trace_id: BytesColumn::new(batch, column::TRACE_ID)?,
            span_id: BytesColumn::new(batch, column::SPAN_ID)?,
            parent_span_id: BytesColumn::new(batch, column::PARENT_SPAN_ID)?,
            trace_state: text(column::TRACE_STATE)?,
            flags: NumberColumn::new(batch, column::FLAGS)?,
            service_name: text(column::SERVICE_NAME)?,
            name: text(column::NAME)?,
            kind: text(column::KIND)?,
            start_time: NumberColumn::new(batch, column::START_TIME)?,
            duration_ns: NumberColumn::new(batch, column::DURATION_NS)?,
            status_code: text(column::STATUS_CODE)?,
            status_message: text(column::STATUS_MESSAGE)?,
            attributes: AttributeRows::new(batch)?,
            events: text(column::EVENTS)?,
            links: text(column::LINKS)?,
            dropped_attributes_count: NumberColumn::new(batch, column::DROPPED_ATTRIBUTES_COUNT)?,
            dropped_events_count: NumberColumn::new(batch, column::DROPPED_EVENTS_COUNT)?,
            dropped_links_count: NumberColumn::new(batch, column::DROPPED_LINKS_COUNT)?,
            resource_attributes: text(column::RESOURCE_ATTRIBUTES)?,
            scope_name: text(column::SCOPE_NAME)?,
            scope_version: text(column::SCOPE_VERSION)?,
            scope_attributes: text(column::SCOPE_ATTRIBUTES)?,
        })
    }

    /// Number of spans.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no spans.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The trace of a span.
    pub fn trace_id(&self, row: usize) -> TraceId {
        TraceId(self.trace_id.get(row).unwrap_or_default())
    }

    /// The span's id.
    pub fn span_id(&self, row: usize) -> SpanId {
        SpanId(self.span_id.get(row).unwrap_or_default())
    }

    /// The parent span; `None` for a root span.
    pub fn parent_span_id(&self, row: usize) -> Option<SpanId> {
        self.parent_span_id.get(row).map(SpanId)
    }

    /// W3C trace state.
    pub fn trace_state(&self, row: usize) -> &'a str {
        self.trace_state.text(row)
    }

    /// Trace flags.
    pub fn flags(&self, row: usize) -> u32 {
        self.flags.get(row)
    }

    /// The service.
    pub fn service_name(&self, row: usize) -> &'a str {
        self.service_name.text(row)
    }

    /// The operation name.
    pub fn name(&self, row: usize) -> &'a str {
        self.name.text(row)
    }

    /// The span kind.
    pub fn kind(&self, row: usize) -> Kind {
        Kind::from_name(self.kind.text(row))
    }

    /// Start time.
    pub fn start_time(&self, row: usize) -> Timestamp {
        self.start_time.get(row)
    }

    /// Duration in nanoseconds.
    pub fn duration_ns(&self, row: usize) -> i64 {
        self.duration_ns.get(row)
    }

    /// End time.
    pub fn end_time(&self, row: usize) -> Timestamp {
        self.start_time(row).saturating_add(self.duration_ns(row))
    }

    /// The status code.
    pub fn status_code(&self, row: usize) -> StatusCode {
        StatusCode::from_name(self.status_code.text(row))
    }

    /// The status message.
    pub fn status_message(&self, row: usize) -> &'a str {
        self.status_message.text(row)
    }

    /// Key, text and type of the span's own attributes.
    pub fn attributes(&self, row: usize) -> Attributes<'_, 'a> {
        self.attributes.row(row)
    }

    /// JSON array of events; empty when there are none.
    pub fn events(&self, row: usize) -> &'a str {
        self.events.text(row)
    }

    /// JSON array of links; empty when there are none.
    pub fn links(&self, row: usize) -> &'a str {
        self.links.text(row)
    }

    /// Whether an attribute reads as its prefix: see [`AttributeRows::is_cut`].
    pub fn is_cut(&self, row: usize, key: &str) -> bool {
        self.attributes.is_cut(row, key)
    }

    /// Number of dropped attributes.
    pub fn dropped_attributes_count(&self, row: usize) -> u32 {
        self.dropped_attributes_count.get(row)
    }

    /// Number of dropped events.
    pub fn dropped_events_count(&self, row: usize) -> u32 {
        self.dropped_events_count.get(row)
    }

    /// Number of dropped links.
    pub fn dropped_links_count(&self, row: usize) -> u32 {
        self.dropped_links_count.get(row)
    }

    /// JSON object of the resource's attributes.
    pub fn resource_attributes(&self, row: usize) -> &'a str {
        self.resource_attributes.text(row)
    }

    /// The instrumentation scope's name.
    pub fn scope_name(&self, row: usize) -> &'a str {
        self.scope_name.text(row)
    }

    /// The instrumentation scope's version.
    pub fn scope_version(&self, row: usize) -> &'a str {
        self.scope_version.text(row)
    }

    /// JSON object of the scope's attributes; empty when there are none.
    pub fn scope_attributes(&self, row: usize) -> &'a str {
        self.scope_attributes.text(row)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::ArrayRef;
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;

    use super::*;
    use crate::attributes::{Value, ValueType};
    use crate::span::{Span, SpanBuilder};

    fn batch() -> RecordBatch {
        let mut builder = SpanBuilder::default();
        let resource = builder.resource("shop", r#"{"service.name":"shop"}"#);
        let scope = builder.scope("lib", "", "");
        builder.attributes().push("n", Value::Int(-7));
        builder.attributes().push("ok", Value::Bool(true));
        let mut span = Span::new(TraceId([1; 16]), SpanId([2; 8]), 1_000);
        (span.name, span.duration_ns, span.kind) = ("GET /", 5, Kind::Server);
        builder.append(resource, scope, &span).unwrap();
        span.parent_span_id = Some(SpanId([2; 8]));
        span.status_code = StatusCode::Error;
        span.status_message = "a status message that is too long to lie inside a view";
        builder.append(resource, scope, &span).unwrap();
        builder.finish().unwrap()
    }

    fn check(batch: &RecordBatch) {
        let rows = SpanRows::new(batch).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.trace_id(0), TraceId([1; 16]));
        assert_eq!((rows.parent_span_id(0), rows.parent_span_id(1)), (None, Some(SpanId([2; 8]))));
        assert_eq!(
            (rows.service_name(0), rows.name(0), rows.kind(0)),
            ("shop", "GET /", Kind::Server)
        );
        assert_eq!(rows.end_time(0), 1_005);
        assert_eq!(
            (rows.status_code(0), rows.status_code(1)),
            (StatusCode::Unset, StatusCode::Error)
        );
        assert!(
            rows.status_message(0).is_empty() && rows.status_message(1).starts_with("a status")
        );
        let attributes: Vec<_> = rows.attributes(0).collect();
        assert_eq!(attributes, [("n", "-7", ValueType::Int), ("ok", "true", ValueType::Bool)]);
        assert_eq!(rows.attributes(1).count(), 0);
        assert_eq!((rows.scope_name(0), rows.scope_version(0)), ("lib", ""));
        assert_eq!(rows.resource_attributes(1), r#"{"service.name":"shop"}"#);
    }

    #[test]
    fn what_is_built_is_read() {
        check(&batch());
    }

    #[test]
    fn rows_read_the_same_from_every_form_of_text() {
        let batch = batch();
        for form in [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8)),
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View)),
        ] {
            let (fields, columns): (Vec<_>, Vec<ArrayRef>) = batch
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| match field.data_type() {
                    DataType::Utf8View | DataType::Dictionary(..) => (
                        Field::new(field.name(), form.clone(), true),
                        cast(&cast(column, &DataType::Utf8).unwrap(), &form).unwrap(),
                    ),
                    _ => (field.as_ref().clone(), Arc::clone(column)),
                })
                .unzip();
            check(&RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap());
        }
    }

    #[test]
    fn absent_columns_read_as_empty() {
        let batch = batch().project(&[6]).unwrap();
        let rows = SpanRows::new(&batch).unwrap();
        assert_eq!((rows.name(1), rows.service_name(1), rows.start_time(1)), ("GET /", "", 0));
        assert_eq!(rows.attributes(0).count(), 0);
    }
}
