//! Reads a batch of log records one row at a time.

use arrow::array::RecordBatch;
use arrow::datatypes::{TimestampNanosecondType, UInt8Type, UInt32Type};

use super::column;
use crate::attributes::{AttributeRows, Attributes, ValueType};
use crate::rows::{BytesColumn, ColumnError, NumberColumn, TextColumn};
use crate::{SpanId, Timestamp, TraceId};

/// The rows of a batch of log records. Missing columns read as empty, `None` or zero; a row number
/// must be below [`Self::len`].
#[derive(Debug, Clone)]
pub struct LogRows<'a> {
    rows: usize,
    timestamp: NumberColumn<'a, TimestampNanosecondType>,
    observed_timestamp: NumberColumn<'a, TimestampNanosecondType>,
    severity_number: NumberColumn<'a, UInt8Type>,
    severity_text: TextColumn<'a>,
    body: TextColumn<'a>,
    body_type: TextColumn<'a>,
    event_name: TextColumn<'a>,
    trace_id: BytesColumn<'a>,
    span_id: BytesColumn<'a>,
    flags: NumberColumn<'a, UInt32Type>,
    service_name: TextColumn<'a>,
    stream: TextColumn<'a>,
    attributes: AttributeRows<'a>,
    dropped_attributes_count: NumberColumn<'a, UInt32Type>,
    resource_attributes: TextColumn<'a>,
    scope_name: TextColumn<'a>,
    scope_version: TextColumn<'a>,
    scope_attributes: TextColumn<'a>,
}

impl<'a> LogRows<'a> {
    /// Finds the columns of a batch.
    ///
    /// # Errors
    /// [`ColumnError`] when a column has an unexpected type.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        let text = |name| TextColumn::new(batch, name);
        Ok(Self {
            rows: batch.num_rows(),
            timestamp: NumberColumn::new(batch, column::TIMESTAMP)?,
            observed_timestamp: NumberColumn::new(batch, column::OBSERVED_TIMESTAMP)?,
            severity_number: NumberColumn::new(batch, column::SEVERITY_NUMBER)?,
            severity_text: text(column::SEVERITY_TEXT)?,
            body: text(column::BODY)?,
            body_type: text(column::BODY_TYPE)?,
            event_name: text(column::EVENT_NAME)?,
            trace_id: BytesColumn::new(batch, column::TRACE_ID)?,
            span_id: BytesColumn::new(batch, column::SPAN_ID)?,
            flags: NumberColumn::new(batch, column::FLAGS)?,
            service_name: text(column::SERVICE_NAME)?,
            stream: text(column::STREAM)?,
            attributes: AttributeRows::new(batch)?,
            dropped_attributes_count: NumberColumn::new(batch, column::DROPPED_ATTRIBUTES_COUNT)?,
            resource_attributes: text(column::RESOURCE_ATTRIBUTES)?,
            scope_name: text(column::SCOPE_NAME)?,
            scope_version: text(column::SCOPE_VERSION)?,
            scope_attributes: text(column::SCOPE_ATTRIBUTES)?,
        })
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Event time.
    pub fn timestamp(&self, row: usize) -> Timestamp {
        self.timestamp.get(row)
    }

    /// Time of observation.
    pub fn observed_timestamp(&self, row: usize) -> Timestamp {
        self.observed_timestamp.get(row)
    }

    /// 0 to 24.
    pub fn severity_number(&self, row: usize) -> u8 {
        self.severity_number.get(row)
    }

    /// The sender's name for the severity.
    pub fn severity_text(&self, row: usize) -> &'a str {
        self.severity_text.text(row)
    }

    /// The line.
    pub fn body(&self, row: usize) -> &'a str {
        self.body.text(row)
    }

    /// The type of the body on the wire.
    pub fn body_type(&self, row: usize) -> ValueType {
        let letter = self.body_type.text(row).bytes().next();
        letter.map_or(ValueType::String, ValueType::from_letter)
    }

    /// Name of the event.
    pub fn event_name(&self, row: usize) -> &'a str {
        self.event_name.text(row)
    }

    /// The trace; `None` outside one.
    pub fn trace_id(&self, row: usize) -> Option<TraceId> {
        self.trace_id.get(row).map(TraceId)
    }

    /// The span; `None` outside one.
    pub fn span_id(&self, row: usize) -> Option<SpanId> {
        self.span_id.get(row).map(SpanId)
    }

    /// Trace flags.
    pub fn flags(&self, row: usize) -> u32 {
        self.flags.get(row)
    }

    /// The service.
    pub fn service_name(&self, row: usize) -> &'a str {
        self.service_name.text(row)
    }

    /// The stream as a selector.
    pub fn stream(&self, row: usize) -> &'a str {
        self.stream.text(row)
    }

    /// Key, text and type of the record's own attributes.
    pub fn attributes(&self, row: usize) -> Attributes<'_, 'a> {
        self.attributes.row(row)
    }

    /// Whether an attribute reads as its prefix: see [`AttributeRows::is_cut`].
    pub fn is_cut(&self, row: usize, key: &str) -> bool {
        self.attributes.is_cut(row, key)
    }

    /// Number of dropped attributes.
    pub fn dropped_attributes_count(&self, row: usize) -> u32 {
        self.dropped_attributes_count.get(row)
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
    use super::*;
    use crate::attributes::Value;
    use crate::log::{LogBuilder, Record};

    #[test]
    fn what_is_built_is_read() {
        let mut builder = LogBuilder::default();
        let resource = builder.resource("shop", r#"{service_name="shop"}"#, "{}");
        let scope = builder.scope("", "", "");
        builder.attributes().push("list", Value::Json("[1]"));
        let mut record = Record::new(7, "hello");
        record.trace_id = Some(TraceId([3; 16]));
        record.severity_number = 9;
        builder.append(resource, scope, &record).unwrap();
        builder.append(resource, scope, &Record::new(8, "")).unwrap();
        let batch = builder.finish().unwrap();
        let rows = LogRows::new(&batch).unwrap();
        assert_eq!((rows.timestamp(0), rows.body(0), rows.severity_number(0)), (7, "hello", 9));
        assert_eq!((rows.trace_id(0), rows.trace_id(1)), (Some(TraceId([3; 16])), None));
        assert_eq!(rows.attributes(0).collect::<Vec<_>>(), [("list", "[1]", ValueType::Json)]);
        assert_eq!((rows.stream(1), rows.body(1)), (r#"{service_name="shop"}"#, ""));
        assert_eq!(rows.body_type(1), ValueType::String);
    }
}
