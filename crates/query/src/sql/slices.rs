//! Calls a slow function for a batch in slices, between which a cancelled query stops.

use std::time::Duration;

use datafusion::arrow::compute::concat;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use tokio::time::Instant;

use crate::running;

/// Rows of the first slice. Each slice costs a compilation of the regular expression.
const ROWS: usize = 64;
/// Each slice has this many times the rows of one before it that took less than [`FAST`].
const FACTOR: usize = 8;
const FAST: Duration = Duration::from_millis(20);

/// The result of the function for all rows.
///
/// # Errors
/// Those of the function, and the end of the query.
pub(super) fn invoke(
    function: &ScalarUDF,
    args: &ScalarFunctionArgs,
) -> Result<ColumnarValue, DataFusionError> {
    let (mut first, mut rows_max) = (0, ROWS);
    let mut results = Vec::new();
    loop {
        running::check().map_err(|error| DataFusionError::External(Box::new(error)))?;
        let rows = rows_max.min(args.number_rows - first);
        let mut slice = args.clone();
        slice.number_rows = rows;
        for arg in &mut slice.args {
            if let ColumnarValue::Array(array) = arg {
                *arg = ColumnarValue::Array(array.slice(first, rows));
            }
        }
        let began = Instant::now();
        let result = function.invoke_with_args(slice)?;
        if began.elapsed() < FAST {
            rows_max = rows_max.saturating_mul(FACTOR);
        }
        first += rows;
        match result {
            ColumnarValue::Array(result) => results.push(result),
            // Only constants: the same for all rows.
            scalar @ ColumnarValue::Scalar(_) => return Ok(scalar),
        }
        if first >= args.number_rows {
            let results: Vec<_> = results.iter().map(AsRef::as_ref).collect();
            return Ok(ColumnarValue::Array(concat(&results)?));
        }
    }
}
