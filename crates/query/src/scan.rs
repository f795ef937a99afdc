//! The scan through which LogQL, TraceQL and trace search read rows of spans and logs: head and
//! parts as one, with filters pushed down to where they save the most work.
//!
//! Each span is returned once, however often it was sent: the store drops copies.

pub(crate) mod attributes;
pub(crate) mod functions;
pub(crate) mod labels;
pub(crate) mod opened;
mod promoted;
pub(crate) mod rows_table;
mod sized_batches;
#[cfg(test)]
pub(crate) mod test_rows;
#[cfg(test)]
mod tests;
pub(crate) mod time_bounds;

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
use datafusion::prelude::ident;
use signals::{Signal, Timestamp, log, span};
use store::TimeRange;

use crate::QueryError;
use crate::session::Session;

pub(crate) use functions::attribute;

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// No particular order; the cheapest.
    #[default]
    Any,
    /// Latest first. Use it with a limit: then only the newest parts are read.
    NewestFirst,
    /// Earliest first.
    OldestFirst,
}

/// The rows and columns of one signal to read.
#[derive(Debug, Clone)]
pub(crate) struct ScanRequest {
    /// Rows with `start <= time < end` of the signal's [`time_column`], exactly.
    pub(crate) range: TimeRange,
    /// Columns of the result, in this order, by the names of `signals::span::column` and
    /// `signals::log::column`. Without columns, batches only count rows.
    pub(crate) columns: Vec<&'static str>,
    /// Conditions that must all hold, over the columns as they are stored: ids are binary (see
    /// [`trace_id`]), attributes are accessed with [`attribute`].
    pub(crate) filters: Vec<Expr>,
    /// The order of rows.
    pub(crate) order: Order,
    /// Maximum number of rows.
    pub(crate) limit: Option<usize>,
}

/// All columns that rows of a signal may have; rows in memory lack some of them. Any signal but
/// spans means logs.
#[must_use]
pub(crate) fn schema(signal: Signal) -> SchemaRef {
    match signal {
        Signal::Spans => span::part_schema(),
        Signal::Logs | Signal::Metrics => log::part_schema(),
    }
}

/// The time column of the signal.
#[must_use]
pub(crate) fn time_column(signal: Signal) -> &'static str {
    match signal {
        Signal::Spans => span::column::START_TIME,
        Signal::Logs | Signal::Metrics => log::column::TIMESTAMP,
    }
}

/// A trace id as a literal of the type of `trace_id` columns, so that bloom filters are used.
#[must_use]
pub(crate) fn trace_id(id: signals::TraceId) -> Expr {
    lit(ScalarValue::FixedSizeBinary(16, Some(id.0.to_vec())))
}

/// A time as a literal of the type of time columns.
#[must_use]
pub(crate) fn time(timestamp: Timestamp) -> Expr {
    lit(ScalarValue::TimestampNanosecond(Some(timestamp), Some(Arc::from("+00:00"))))
}

/// Escapes a text so that a `LIKE` pattern matches exactly this text.
pub(crate) fn like_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Reads rows of spans or logs; dropping the stream cancels the read. Errors in the stream convert
/// with `QueryError::from`.
///
/// # Errors
/// [`QueryError::Invalid`] when a column or filter does not exist in the signal,
/// [`QueryError::Unsupported`] for metrics.
pub(crate) async fn scan(
    session: &Session,
    now: Timestamp,
    signal: Signal,
    request: ScanRequest,
) -> Result<SendableRecordBatchStream, QueryError> {
    let Some(table) = session.rows(signal) else {
        return Err(QueryError::Unsupported("metrics are selected by series".to_owned()));
    };
    let mut state = session.state(now);
    // With a limit, most rows that pass the filter are never needed, so wide columns are decoded
    // after filtering.
    state.config_mut().options_mut().execution.parquet.pushdown_filters = request.limit.is_some();
    let plan = plan(table, signal, request)?;
    Ok(session.execute(&state, &plan).await?)
}

fn plan(
    table: Arc<rows_table::RowsTable>,
    signal: Signal,
    request: ScanRequest,
) -> Result<LogicalPlan, DataFusionError> {
    let time_column = ident(time_column(signal));
    let mut filters = request.filters;
    if request.range.start > Timestamp::MIN {
        filters.push(time_column.clone().gt_eq(time(request.range.start)));
    }
    if request.range.end < Timestamp::MAX {
        filters.push(time_column.clone().lt(time(request.range.end)));
    }
    let mut plan = LogicalPlanBuilder::scan(signal.name(), provider_as_source(table), None)?;
    if let Some(filter) = filters.into_iter().reduce(Expr::and) {
        plan = plan.filter(filter)?;
    }
    plan = match request.order {
        Order::Any => plan.limit(0, request.limit)?,
        Order::NewestFirst => {
            plan.sort_with_limit([time_column.sort(false, false)], request.limit)?
        }
        Order::OldestFirst => {
            plan.sort_with_limit([time_column.sort(true, false)], request.limit)?
        }
    };
    plan.project(request.columns.into_iter().map(ident))?.build()
}
