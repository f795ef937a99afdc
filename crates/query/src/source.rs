//! The source that queries read: one asynchronous interface, implemented by the local store.
//!
//! All languages read through it, so that the head of another process can be used beside or in
//! place of the local one. A source lists parts but does not read them: they are read from its
//! object store, and it verifies those that could not be read.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::logical_expr::Expr;
use object_store::ObjectStore;
use object_store::path::Path;
use promql::{SeriesError, SeriesRead, StartTimes};
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
    /// Conditions that must all hold, over the columns as they are stored; other rows are not
    /// needed.
    pub(crate) filters: &'a [Expr],
    /// The needed columns, in this order, by their indexes in [`scan::schema`]; all columns when
    /// `None`.
    pub(crate) columns: Option<&'a [usize]>,
    /// This many of the rows that satisfy the filters are enough.
    pub(crate) limit: Option<usize>,
}

impl RowsRequest<'_> {
    /// The time range of the rows that satisfy the filters.
    pub(crate) fn range(&self) -> TimeRange {
        time_bounds::of(self.filters, time_column(self.signal))
    }

    /// The schema of the needed columns.
    pub(crate) fn schema(&self) -> Result<SchemaRef, ArrowError> {
        let all = scan::schema(self.signal);
        Ok(match self.columns {
            Some(columns) => Arc::new(all.project(columns)?),
            None => all,
        })
    }

    /// The needed rows and columns of batches in memory, oldest first; buffers are shared. Columns
    /// that rows in memory lack are null.
    pub(crate) fn needed(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>, StoreError> {
        // Without filters, any rows will do.
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

/// The result of a [`RowsRequest`]: rows in memory and parts, consistent with each other.
#[derive(Debug)]
pub(crate) struct FoundRows {
    /// Rows in memory, oldest batch first, with the requested columns. Rows that are not needed may
    /// be included.
    pub(crate) head: Vec<RecordBatch>,
    /// Files to read, oldest first.
    pub(crate) parts: Vec<Arc<Part>>,
}

/// A selection of series of metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    /// Conditions that must all hold.
    pub(crate) matchers: &'a [Matcher],
    /// Start of the time range.
    pub(crate) start_ms: i64,
    /// End of the time range, inclusive.
    pub(crate) end_ms: i64,
    /// Limit on series; more are an error.
    pub(crate) series_max: usize,
}

/// Exemplars by series.
pub type ExemplarSeries = Vec<(Labels, Vec<Exemplar>)>;

/// Rows of spans and logs, and series of metrics.
#[async_trait]
pub(crate) trait Source: Send + Sync {
    /// The rows for a scan.
    async fn rows(&self, request: &RowsRequest<'_>) -> Result<FoundRows, StoreError>;

    /// The object store of the parts.
    fn objects(&self) -> Arc<dyn ObjectStore>;

    /// Warnings about lost data of a signal and range.
    fn warnings(&self, _signal: Signal, _range: TimeRange) -> Vec<String> {
        Vec::new()
    }

    /// Quarantines damaged parts and returns them; see [`Store::verify`].
    async fn verify(&self, parts: &[Path]) -> Result<Vec<Quarantined>, StoreError>;

    /// Series with encoded samples, sorted by labels; their size is charged to `memory`.
    async fn select(
        &self,
        selection: Selection<'_>,
        memory: &MemoryReservation,
    ) -> Result<Vec<Box<dyn SeriesRead>>, StoreError>;

    /// Label sets, sorted.
    async fn series(&self, selection: Selection<'_>) -> Result<Vec<Labels>, StoreError>;

    /// Label names, sorted, however many series there are; their size is charged to `memory`.
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

    /// Series counts of a range by metric, label and pair: the `top` largest of each.
    async fn cardinality(
        &self,
        start_ms: i64,
        end_ms: i64,
        top: usize,
        memory: &MemoryReservation,
    ) -> Result<Cardinality, StoreError>;

    /// Exemplars, sorted by labels.
    async fn exemplars(&self, selection: Selection<'_>) -> Result<ExemplarSeries, StoreError>;

    /// Type, help and unit of each metric family, sorted by name.
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
        // Rows in memory are shared, not copied: only the time range is applied here.
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

    fn read_with_starts(
        &self,
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
        starts: &mut StartTimes,
    ) -> Result<(), SeriesError> {
        let starts = (&mut starts.values, &mut starts.histograms);
        Ok(self.0.read_with_starts(start_ms, end_ms, samples, starts)?)
    }
}

/// Stored series as queries read them.
pub(crate) fn stored_series(found: Vec<SeriesChunks>) -> Vec<Box<dyn SeriesRead>> {
    let boxed = |series| Box::new(StoredSeries(series)) as Box<dyn SeriesRead>;
    found.into_iter().map(boxed).collect()
}

/// Adds warnings about metrics lost between two milliseconds.
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
