//! Reads whole traces by their ids.

use arrow::array::{RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use datafusion::prelude::ident;
use futures::StreamExt;
use signals::span::{SpanRows, column, part_schema};
use signals::{Signal, TraceId};
use store::TimeRange;

use super::ALWAYS;
use crate::instruments::Language;
use crate::scan::{self, Order, ScanRequest};
use crate::session::Session;
use crate::{Counted, Engine, Limits, QueryError, running};

/// Maximum number of ids of one scan; each is looked up in the bloom filters.
const IDS_PER_SCAN: usize = 64;

/// Maximum number of spans of one answer.
const SPANS_MAX: usize = 500_000;

impl Engine {
    /// The spans of a trace sorted by start, each once; `None` when there are none.
    ///
    /// # Errors
    /// [`QueryError::TooLarge`] for a trace that does not fit; those of the scan.
    pub async fn trace(
        &self,
        id: TraceId,
        range: Option<TimeRange>,
    ) -> Result<Option<Counted<RecordBatch>>, QueryError> {
        let spans = self.traces(&[id], range).await?;
        Ok((spans.num_rows() > 0).then_some(spans))
    }

    /// The spans of some traces, sorted by trace id, then start, each span once. Rows of
    /// [`signals::span::part_schema`].
    ///
    /// # Errors
    /// As [`Self::trace`].
    pub async fn traces(
        &self,
        ids: &[TraceId],
        range: Option<TimeRange>,
    ) -> Result<Counted<RecordBatch>, QueryError> {
        let ids = ids.to_vec();
        self.within(Language::Traceql, |engine| async move {
            read(&engine.spans()?, &ids, range.unwrap_or(ALWAYS)).await
        })
        .await
    }

    pub(super) fn spans(&self) -> Result<Spans<'_>, QueryError> {
        Ok(Spans { session: self.session()?, limits: &self.limits, now: self.clock.now() })
    }
}

/// The source of spans.
#[derive(Clone, Copy)]
pub(super) struct Spans<'e> {
    pub(super) session: &'e Session,
    pub(super) limits: &'e Limits,
    pub(super) now: signals::Timestamp,
}

impl Spans<'_> {
    pub(super) async fn scan(
        &self,
        request: ScanRequest,
    ) -> Result<datafusion::execution::SendableRecordBatchStream, QueryError> {
        scan::scan(self.session, self.now, Signal::Spans, request).await
    }
}

/// See [`Engine::traces`].
pub(super) async fn read(
    spans: &Spans<'_>,
    ids: &[TraceId],
    range: TimeRange,
) -> Result<Counted<RecordBatch>, QueryError> {
    let fields = part_schema();
    let columns: Vec<&'static str> = all_columns();
    let mut memory = spans.limits.memory.reservation();
    let mut batches = Vec::new();
    let mut rows = 0;
    for ids in ids.chunks(IDS_PER_SCAN) {
        let id = ident(column::TRACE_ID);
        let filter = match ids {
            [one] => id.eq(scan::trace_id(*one)),
            many => id.in_list(many.iter().map(|id| scan::trace_id(*id)).collect(), false),
        };
        let request = ScanRequest {
            range,
            columns: columns.clone(),
            filters: vec![filter],
            order: Order::Any,
            limit: None,
        };
        let mut found = spans.scan(request).await?;
        while let Some(batch) = found.next().await {
            let batch = batch?;
            rows += batch.num_rows();
            if rows > SPANS_MAX {
                return Err(QueryError::TooLarge(format!(
                    "the traces have more than {SPANS_MAX} spans"
                )));
            }
            // Twice: the batches are concatenated, then sorted.
            memory.try_grow(2 * batch.get_array_memory_size())?;
            if batch.num_rows() > 0 {
                batches.push(batch);
            }
            running::check()?;
        }
    }
    let Some(first) = batches.first() else {
        return Ok(Counted::new(RecordBatch::new_empty(fields), memory));
    };
    let internal = |error: arrow::error::ArrowError| QueryError::Internal(error.to_string());
    let all = concat_batches(&first.schema(), &batches).map_err(internal)?;
    drop(batches);
    let order = order(&all)?;
    let rows = take_record_batch(&all, &order).map_err(internal)?;
    memory.set(rows.get_array_memory_size());
    Ok(Counted::new(rows, memory))
}

/// Rows by trace, start and span.
fn order(batch: &RecordBatch) -> Result<UInt64Array, QueryError> {
    let rows = SpanRows::new(batch).map_err(|error| QueryError::Internal(error.to_string()))?;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|row| (rows.trace_id(*row), rows.start_time(*row), rows.span_id(*row)));
    Ok(order.into_iter().map(|row| row as u64).collect::<Vec<_>>().into())
}

/// The columns of spans, in schema order.
fn all_columns() -> Vec<&'static str> {
    vec![
        column::TRACE_ID,
        column::SPAN_ID,
        column::PARENT_SPAN_ID,
        column::TRACE_STATE,
        column::FLAGS,
        column::SERVICE_NAME,
        column::NAME,
        column::KIND,
        column::START_TIME,
        column::DURATION_NS,
        column::STATUS_CODE,
        column::STATUS_MESSAGE,
        column::ATTRIBUTES,
        column::ATTRIBUTE_TYPES,
        column::EVENTS,
        column::LINKS,
        column::DROPPED_ATTRIBUTES_COUNT,
        column::DROPPED_EVENTS_COUNT,
        column::DROPPED_LINKS_COUNT,
        column::RESOURCE_ATTRIBUTES,
        column::SCOPE_NAME,
        column::SCOPE_VERSION,
        column::SCOPE_ATTRIBUTES,
        column::LARGE_ATTRIBUTES,
    ]
}
