//! The rows of an answer under its bounds: rows, time, and the permit that is held until the end.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use tokio::time::Sleep;

use crate::{Limits, Permit, QueryError};

/// Batches of rows, as they become ready.
pub type Batches = BoxStream<'static, Result<RecordBatch, QueryError>>;

/// A stream that ends with an error when a bound is reached.
pub(super) struct Bounded {
    /// None after the end.
    rows: Option<BoxStream<'static, Result<RecordBatch, QueryError>>>,
    rows_left: usize,
    rows_max: usize,
    deadline: Pin<Box<Sleep>>,
    timeout: Duration,
    _permit: Permit,
}

impl Bounded {
    /// Bounds `rows`; the time runs until `deadline`.
    pub(super) fn new(
        rows: SendableRecordBatchStream,
        limits: &Limits,
        deadline: Pin<Box<Sleep>>,
        permit: Permit,
    ) -> Self {
        Self {
            rows: Some(caught(rows)),
            rows_left: limits.rows_max,
            rows_max: limits.rows_max,
            deadline,
            timeout: limits.timeout,
            _permit: permit,
        }
    }
}

/// Panics of operators become errors of this query.
fn caught(rows: SendableRecordBatchStream) -> Batches {
    let rows = AssertUnwindSafe(rows).catch_unwind();
    rows.map(|caught: Result<Result<RecordBatch, DataFusionError>, _>| match caught {
        Ok(batch) => batch.map_err(QueryError::from),
        Err(panic) => {
            Err(QueryError::Internal(format!("the query failed: {}", panic_text(&*panic))))
        }
    })
    .boxed()
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic")
}

impl Stream for Bounded {
    type Item = Result<RecordBatch, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(rows) = &mut this.rows else {
            return Poll::Ready(None);
        };
        let next = if this.deadline.as_mut().poll(context).is_ready() {
            Some(Err(QueryError::Timeout(this.timeout)))
        } else {
            match rows.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(batch))) if batch.num_rows() > this.rows_left => {
                    Some(Err(QueryError::TooLarge(format!(
                        "the answer has more than {} rows; add a LIMIT or aggregate",
                        this.rows_max
                    ))))
                }
                Poll::Ready(next) => next,
            }
        };
        match &next {
            Some(Ok(batch)) => this.rows_left -= batch.num_rows(),
            // After an error or the end nothing of the query lives on.
            Some(Err(_)) | None => this.rows = None,
        }
        Poll::Ready(next)
    }
}
