//! Where queries read: one asynchronous interface, which the local store implements.
//!
//! All languages read through it, so that another process's head can stand beside or in place of
//! the local one. Parts are not read here: a source lists them, they are read from its objects, and
//! it looks into what could not be read.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::logical_expr::Expr;
use object_store::ObjectStore;
use object_store::path::Path;
use promql::{SeriesError, SeriesRead};
use signals::metric::{Exemplar, Metadata, Samples};
use signals::{Labels, Matcher, MemoryReservation, Signal};
use store::{Cardinality, Part, Quarantined, SeriesChunks, Store, StoreError, TimeRange};

use crate::scan::{self, time_bounds, time_column};
use crate::warnings;

/// Rows of spans or logs that a scan needs.
#[derive(Debug)]
pub(crate) struct RowsRequest<'a> {
    /// Spans or logs.
    pub(crate) signal: Signal,
    /// Conditions that all must hold, over the columns as they are stored; rows for which one does
    /// not hold are not needed.
    pub(crate) filters: &'a [Expr],
    /// The columns that are needed, in this order, by their places in [`scan::schema`]; all when
    /// there is no list.
    pub(crate) columns: Option<&'a [usize]>,
    /// So many of the rows that satisfy the filters are enough.
    pub(crate) limit: Option<usize>,
}

impl RowsRequest<'_> {
    /// When the rows that satisfy the filters happened.
    pub(crate) fn range(&self) -> TimeRange {
        time_bounds::of(self.filters, time_column(self.signal))
    }

    /// The columns that are needed.
    pub(crate) fn schema(&self) -> Result<SchemaRef, ArrowError> {
        let all = scan::schema(self.signal);
        Ok(match self.columns {
            Some(columns) => Arc::new(all.project(columns)?),
            None => all,
        })
    }

    /// Of batches in memory, oldest first, what is needed; buffers are shared. Columns that rows in
    /// memory lack are null.
    pub(crate) fn needed(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>, StoreError> {
        // Any row will do where there are no filters.
        let enough = self.limit.filter(|_| self.filters.is_empty()).unwrap_or(usize::MAX);
        let mut rows = 0;
        let is_needed = |batch: &&RecordBatch| {
            let before = rows;
            rows += batch.num_rows();
            before < enough
        };
        let newest = batches.iter().rev().take_while(is_needed).count();
        let schema = self.schema()?;
        let project = |batch: &RecordBatch| {
            let rows = batch.num_rows();
            let columns = schema.fields().iter().map(|field| {
                let column = batch.column_by_name(field.name()).cloned();
                column.unwrap_or_else(|| new_null_array(field.data_type(), rows))
            });
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let schema = Arc::clone(&schema);
            Ok(RecordBatch::try_new_with_options(schema, columns.collect(), &options)?)
        };
        batches.iter().skip(batches.len() - newest).map(project).collect()
    }
}

/// What a source has for a [`RowsRequest`]: rows in memory and parts, consistent with each other.
#[derive(Debug)]
pub(crate) struct FoundRows {
    /// Rows in memory, oldest batch first, with the columns that were asked for. Rows that are not
    /// needed may be among them.
    pub(crate) head: Vec<RecordBatch>,
    /// Files whose rows are to be read too, oldest first.
    pub(crate) parts: Vec<Arc<Part>>,
}

/// Which series of metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    /// They satisfy all of these,
    pub(crate) matchers: &'a [Matcher],
    /// and may have samples from here,
    pub(crate) start_ms: i64,
    /// up to here, inside.
    pub(crate) end_ms: i64,
    /// More of them are an error.
    pub(crate) series_max: usize,
}

/// Exemplars by series.
pub type ExemplarSeries = Vec<(Labels, Vec<Exemplar>)>;

/// Rows of spans and logs, and series of metrics.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// The rows that a scan needs.
    async fn rows(&self, request: &RowsRequest<'_>) -> Result<FoundRows, StoreError>;

    /// Where the parts are.
    fn objects(&self) -> Arc<dyn ObjectStore>;

    /// What of a signal and range was lost, as warnings.
    fn warnings(&self, _signal: Signal, _range: TimeRange) -> Vec<String> {
        Vec::new()
    }

    /// Puts aside those parts that are damaged, and names them; see [`Store::verify`].
    async fn verify(&self, parts: &[Path]) -> Result<Vec<Quarantined>, StoreError>;

    /// Series with their encoded samples, in order of labels; what they hold is taken from `memory`.
    async fn select(
        &self,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<Box<dyn SeriesRead>>, StoreError>;

    /// Label sets, in order.
    async fn series(&self, selection: Selection<'_>) -> Result<Vec<Labels>, StoreError>;

    /// Names of labels, in order, however many series there are; what they hold is taken from
    /// `memory`.
    async fn label_names(
        &self,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError>;

    /// Values of one label, as [`Self::label_names`].
    async fn label_values(
        &self,
        name: &str,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError>;

    /// Counts of the series of a range by metric, label and pair: the `top` greatest of each.
    async fn cardinality(
        &self,
        start_ms: i64,
        end_ms: i64,
        top: usize,
        memory: &MemoryReservation,
    ) -> Result<Cardinality, StoreError>;

    /// Exemplars, in order of labels.
    async fn exemplars(&self, selection: Selection<'_>) -> Result<ExemplarSeries, StoreError>;

    /// Type, help and unit of each metric family, in order of names.
    async fn metadata(&self) -> Result<Vec<Metadata>, StoreError>;
}

impl Debug for dyn Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

#[async_trait]
impl Source for Store {
    async fn rows(&self, request: &RowsRequest<'_>) -> Result<FoundRows, StoreError> {
        // Rows in memory are shared, not copied: all but the time is left to the scan.
        let snapshot = self.snapshot(request.signal, request.range()).await?;
        warnings::add(snapshot.warnings);
        Ok(FoundRows { head: request.needed(&snapshot.head)?, parts: snapshot.parts })
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        Self::objects(self)
    }

    fn warnings(&self, signal: Signal, range: TimeRange) -> Vec<String> {
        Self::warnings(self, signal, range)
    }

    async fn verify(&self, parts: &[Path]) -> Result<Vec<Quarantined>, StoreError> {
        Self::verify(self, parts).await
    }

    async fn select(
        &self,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<Box<dyn SeriesRead>>, StoreError> {
        let Selection { matchers, start_ms, end_ms, series_max } = selection;
        warn(self, start_ms, end_ms);
        let found = Self::select(self, matchers, start_ms, end_ms, series_max, memory).await?;
        Ok(stored_series(found))
    }

    async fn series(&self, selection: Selection<'_>) -> Result<Vec<Labels>, StoreError> {
        let Selection { matchers, start_ms, end_ms, series_max } = selection;
        warn(self, start_ms, end_ms);
        Self::series(self, matchers, start_ms, end_ms, series_max).await
    }

    async fn label_names(
        &self,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError> {
        let Selection { matchers, start_ms, end_ms, .. } = selection;
        warn(self, start_ms, end_ms);
        Self::label_names(self, matchers, start_ms, end_ms, memory).await
    }

    async fn label_values(
        &self,
        name: &str,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError> {
        let Selection { matchers, start_ms, end_ms, .. } = selection;
        warn(self, start_ms, end_ms);
        Self::label_values(self, name, matchers, start_ms, end_ms, memory).await
    }

    async fn cardinality(
        &self,
        start_ms: i64,
        end_ms: i64,
        top: usize,
        memory: &MemoryReservation,
    ) -> Result<Cardinality, StoreError> {
        warn(self, start_ms, end_ms);
        Self::cardinality(self, start_ms, end_ms, top, memory).await
    }

    async fn exemplars(&self, selection: Selection<'_>) -> Result<ExemplarSeries, StoreError> {
        Self::exemplars(self, selection.matchers, selection.start_ms, selection.end_ms).await
    }

    async fn metadata(&self) -> Result<Vec<Metadata>, StoreError> {
        Ok(Self::metadata(self))
    }
}

/// A series of the store.
#[derive(Debug)]
struct StoredSeries(SeriesChunks);

impl SeriesRead for StoredSeries {
    fn labels(&self) -> &Labels {
        &self.0.labels
    }

    fn samples_max(&self) -> u64 {
        self.0.samples_max()
    }

    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError> {
        Ok(self.0.read(start_ms, end_ms, samples)?)
    }
}

/// Series of the store, as queries read them.
pub(crate) fn stored_series(found: Vec<SeriesChunks>) -> Vec<Box<dyn SeriesRead>> {
    let boxed = |series| Box::new(StoredSeries(series)) as Box<dyn SeriesRead>;
    found.into_iter().map(boxed).collect()
}

/// Adds what was lost of metrics between two milliseconds.
fn warn(store: &Store, start_ms: i64, end_ms: i64) {
    warnings::add(store.warnings(Signal::Metrics, TimeRange::of_ms(start_ms, end_ms)));
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Array;
    use datafusion::logical_expr::lit;
    use serde_json::json;
    use signals::span::column;

    use super::*;
    use crate::scan::test_rows;

    #[test]
    fn rows_in_memory_come_with_the_columns_that_are_asked_for() {
        let span = |name| {
            test_rows::span(
                &json!({ "trace_id": "1", "span_id": "2", "start_time": 3, "name": name }),
            )
        };
        let schema = scan::schema(Signal::Spans);
        let places =
            [column::LARGE_ATTRIBUTES, column::NAME].map(|name| schema.index_of(name).unwrap());
        let signal = Signal::Spans;
        let request = |filters, columns, limit| {
            let request = RowsRequest { signal, filters, columns, limit };
            request.needed(&[span("older"), span("newer")]).unwrap()
        };
        let filters = [lit(true)];

        let found = request(&[], Some(&places), Some(1));
        assert_eq!(found.len(), 1, "the newest are enough");
        assert_eq!(found[0].schema(), Arc::new(schema.project(&places).unwrap()));
        assert_eq!(found[0].column(0).null_count(), 1, "rows in memory lack this column");
        assert!(found[0] == request(&[], Some(&places), None)[1]);
        assert_eq!(request(&filters, Some(&places), Some(1)).len(), 2);

        assert_eq!(request(&[], None, None)[0].schema(), schema);
        let counted = request(&[], Some(&[]), None);
        assert_eq!((counted[0].num_columns(), counted[0].num_rows()), (0, 1));
    }
}
