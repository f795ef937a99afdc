//! Transfers the rows of an answer from the query's threads to the caller.

use datafusion::arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;

use crate::QueryError;
use crate::executor::Pending;

/// Batches of rows, as they become ready.
pub type Batches = BoxStream<'static, Result<RecordBatch, QueryError>>;

/// Sends rows until their end or until there are more than allowed.
pub(super) async fn send(
    mut rows: SendableRecordBatchStream,
    rows_max: usize,
    batches: &mpsc::Sender<RecordBatch>,
) -> Result<(), QueryError> {
    let mut rows_left = rows_max;
    while let Some(batch) = rows.try_next().await? {
        rows_left = rows_left.checked_sub(batch.num_rows()).ok_or_else(|| {
            QueryError::TooLarge(format!(
                "the answer has more than {rows_max} rows; add a LIMIT or aggregate"
            ))
        })?;
        if batches.send(batch).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The rows of a query as they arrive, then the error with which it ended, if any.
pub(super) fn received(batches: mpsc::Receiver<RecordBatch>, query: Pending<()>) -> Batches {
    stream::unfold(Received { batches, query, end: None }, async |mut received| {
        Some((received.next().await?, received))
    })
    .boxed()
}

struct Received {
    batches: mpsc::Receiver<RecordBatch>,
    query: Pending<()>,
    /// The end of the query, until it is reported.
    end: Option<Result<(), QueryError>>,
}

impl Received {
    async fn next(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        if self.end.is_none() {
            tokio::select! {
                biased;
                Some(batch) = self.batches.recv() => return Some(Ok(batch)),
                // A query that does not end after its timeout keeps the channel open.
                end = self.query.answer() => self.end = Some(end),
            }
        }
        if let Ok(batch) = self.batches.try_recv() {
            return Some(Ok(batch));
        }
        self.end.replace(Ok(()))?.err().map(Err)
    }
}
