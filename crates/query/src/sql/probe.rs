//! The rows that a join compares with all rows of its first input, in batches that are small enough
//! for a cancelled query to stop soon.
//!
//! A join looks for the pairs of a whole batch before it asks for the next one. If few pairs satisfy
//! its conditions, it does not yield in between, which takes minutes for a thousand rows that have a
//! hundred thousand pairs each.

use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{TryStreamExt, stream};
use tokio::time::Instant;

use crate::running;

/// The number of rows doubles after a batch that took less time, and is halved after one that took
/// longer than [`SLOW`].
const FAST: Duration = Duration::from_millis(20);
const SLOW: Duration = Duration::from_millis(100);

struct Probe {
    input: SendableRecordBatchStream,
    /// What is left of the last batch of the input.
    rest: Option<RecordBatch>,
    rows_max: usize,
    /// When the last batch was given, and its rows.
    given: Option<(Instant, usize)>,
}

/// The rows of the input, in batches of as many rows as the consumer processes in [`FAST`] to
/// [`SLOW`]. Fails between two batches if the query has ended.
pub(super) fn probe(input: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = input.schema();
    let probe = Probe { input, rest: None, rows_max: 1, given: None };
    let batches = stream::try_unfold(probe, |mut probe| async move {
        let batch = probe.next().await?;
        Ok(batch.map(|batch| (batch, probe)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

impl Probe {
    async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        if let Some((given, rows)) = self.given {
            let taken = given.elapsed();
            if taken < FAST {
                self.rows_max = self.rows_max.max(rows.saturating_mul(2));
            } else if taken > SLOW {
                self.rows_max = (rows / 2).max(1);
            }
        }
        running::check().map_err(|error| DataFusionError::External(Box::new(error)))?;
        let rest = match self.rest.take() {
            Some(rest) => Some(rest),
            None => self.input.try_next().await?,
        };
        let Some(batch) = rest else { return Ok(None) };
        let rows = self.rows_max.min(batch.num_rows());
        if rows < batch.num_rows() {
            self.rest = Some(batch.slice(rows, batch.num_rows() - rows));
        }
        self.given = Some((Instant::now(), rows));
        Ok(Some(batch.slice(0, rows)))
    }
}
