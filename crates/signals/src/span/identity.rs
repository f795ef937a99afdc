//! The identity of a span, for removing duplicates.
//!
//! Delivery is at least once: a sender that receives no response sends a span again. A span id
//! alone does not identify a span, because the client and the server side of one call may share it
//! (Zipkin's B3 propagation, service meshes).

use arrow::array::RecordBatch;
use arrow::datatypes::{Int64Type, TimestampNanosecondType};

use super::column;
use crate::rows::{BytesColumn, ColumnError, NumberColumn, TextColumn};
use crate::{SpanId, Timestamp, TraceId};

/// The identity of a span: rows with equal identities are copies of one span.
///
/// Start and duration are included, so that a span reported again with another end is not lost.
/// Attributes, events and links are not: a span that passes through a Collector twice may be
/// enriched differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanIdentity<'a> {
    /// The trace.
    pub trace_id: TraceId,
    /// The span's id within the trace.
    pub span_id: SpanId,
    /// Start time in nanoseconds.
    pub start_time: Timestamp,
    /// Duration in nanoseconds.
    pub duration_ns: i64,
    /// Name of its [`super::Kind`].
    pub kind: &'a str,
    /// Its service.
    pub service_name: &'a str,
    /// The operation.
    pub name: &'a str,
}

/// The columns of a [`SpanIdentity`].
pub const IDENTITY_COLUMNS: [&str; 7] = [
    column::TRACE_ID,
    column::SPAN_ID,
    column::START_TIME,
    column::DURATION_NS,
    column::KIND,
    column::SERVICE_NAME,
    column::NAME,
];

/// The identities of a batch of spans; a row number must be below the batch's number of rows.
#[derive(Debug, Clone)]
pub struct SpanIdentities<'a> {
    trace_id: BytesColumn<'a>,
    span_id: BytesColumn<'a>,
    start_time: NumberColumn<'a, TimestampNanosecondType>,
    duration_ns: NumberColumn<'a, Int64Type>,
    kind: TextColumn<'a>,
    service_name: TextColumn<'a>,
    name: TextColumn<'a>,
}

impl<'a> SpanIdentities<'a> {
    /// Finds the [`IDENTITY_COLUMNS`] of a batch.
    ///
    /// # Errors
    /// [`ColumnError`] when a column has an unexpected type.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        Ok(Self {
            trace_id: BytesColumn::new(batch, column::TRACE_ID)?,
            span_id: BytesColumn::new(batch, column::SPAN_ID)?,
            start_time: NumberColumn::new(batch, column::START_TIME)?,
            duration_ns: NumberColumn::new(batch, column::DURATION_NS)?,
            kind: TextColumn::new(batch, column::KIND)?,
            service_name: TextColumn::new(batch, column::SERVICE_NAME)?,
            name: TextColumn::new(batch, column::NAME)?,
        })
    }

    /// The identity of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> SpanIdentity<'a> {
        SpanIdentity {
            trace_id: TraceId(self.trace_id.get(row).unwrap_or_default()),
            span_id: SpanId(self.span_id.get(row).unwrap_or_default()),
            start_time: self.start_time.get(row),
            duration_ns: self.duration_ns.get(row),
            kind: self.kind.text(row),
            service_name: self.service_name.text(row),
            name: self.name.text(row),
        }
    }
}
