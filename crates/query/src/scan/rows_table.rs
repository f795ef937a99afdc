//! Spans or logs as a DataFusion table: one plan over the batches of the head and the parts.
//!
//! The list of files and their sizes come from the store's snapshot; nothing is ever listed.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::memory::{DataSourceExec, MemorySourceConfig};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::error::DataFusionError;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use signals::{Signal, span};
use store::Part;

use super::opened::Opened;
use super::promoted::PromotedAttributes;
use super::sized_batches::SizedBatches;
use super::{schema, time_column};
use crate::session::objects_url;
use crate::source::{FoundRows, RowsRequest, Source};

/// Below this many rows of the head, one thread reads them faster than several.
const HEAD_ROWS_PER_PARTITION_MIN: usize = 65_536;

/// The stored rows of one signal; each query takes a new snapshot.
pub(crate) struct RowsTable {
    source: Arc<dyn Source>,
    signal: Signal,
    schema: SchemaRef,
    metadata: Arc<FileMetadataCache>,
}

impl RowsTable {
    /// Spans, or logs for any other signal.
    pub(crate) fn new(
        source: Arc<dyn Source>,
        signal: Signal,
        metadata: Arc<FileMetadataCache>,
    ) -> Self {
        Self { source, signal, schema: schema(signal), metadata }
    }

    /// Whether filters are evaluated while Parquet is decoded, so that the other columns are only
    /// decoded for rows that pass (late decoding).
    ///
    /// It pays if a limit makes most rows unnecessary (the caller sets the session's
    /// `pushdown_filters`), and if a wide column is read together with a condition on something
    /// other than time. Otherwise it costs more than it saves: see
    /// `docs/decisions/0005-late-decoding-by-query-shape.md`.
    fn is_late_decoding(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
    ) -> bool {
        if state.config_options().execution.parquet.pushdown_filters {
            return true;
        }
        let filtered: HashSet<&str> =
            filters.iter().flat_map(Expr::column_refs).map(|column| column.name.as_str()).collect();
        if filtered.contains(span::column::ATTRIBUTES) {
            // If the attribute is promoted, the map is only decoded for rows that pass.
            return true;
        }
        let is_chosen = filtered.iter().any(|name| *name != time_column(self.signal));
        is_chosen
            && self.wide_columns(projection).any(|field| !filtered.contains(field.name().as_str()))
    }

    /// The projected columns that may be large.
    fn wide_columns<'t>(
        &'t self,
        projection: Option<&'t Vec<usize>>,
    ) -> impl Iterator<Item = &'t FieldRef> {
        let is_projected =
            move |index| projection.is_none_or(|projection| projection.contains(&index));
        let fields = self.schema.fields().iter().enumerate();
        fields
            .filter(move |(index, field)| is_projected(*index) && is_wide(field))
            .map(|(_, field)| field)
    }

    /// Conditions on promoted attributes. DataFusion would not push them down to parts, because
    /// their columns are maps in the table.
    fn on_attributes(
        &self,
        state: &dyn Session,
        filters: &[Expr],
    ) -> Result<Option<Arc<dyn PhysicalExpr>>, DataFusionError> {
        let is_on_attributes = |filter: &&Expr| {
            filter.column_refs().iter().any(|column| column.name == span::column::ATTRIBUTES)
        };
        let filters = filters.iter().filter(is_on_attributes).cloned();
        let Some(filter) = filters.reduce(Expr::and) else { return Ok(None) };
        let filter = unqualified(filter)?;
        let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        state.create_physical_expr(filter, &schema).map(Some)
    }

    fn readers(&self, opened: Option<Arc<Opened>>) -> Arc<dyn ParquetFileReaderFactory> {
        let readers =
            CachedParquetFileReaderFactory::new(self.source.objects(), Arc::clone(&self.metadata));
        match opened {
            Some(opened) => opened.recording_factory(readers),
            None => Arc::new(readers),
        }
    }

    /// The reader of files, which skips rows that cannot satisfy the condition.
    pub(super) fn files(
        &self,
        options: TableParquetOptions,
        opened: Option<Arc<Opened>>,
        condition: Option<Arc<dyn PhysicalExpr>>,
    ) -> SizedBatches {
        let readers = self.readers(opened);
        let mut parts = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::clone(&readers));
        if let Some(condition) = condition {
            parts = parts.with_predicate(condition);
        }
        SizedBatches::new(parts, readers)
    }

    /// The parts, newest first in each of at most `partitions_max` groups.
    pub(super) fn parts_plan(
        &self,
        parts: &[Arc<Part>],
        source: SizedBatches,
        partitions_max: usize,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let mut groups = vec![Vec::new(); partitions_max.clamp(1, parts.len().max(1))];
        let groups_len = groups.len();
        for (i, part) in parts.iter().rev().enumerate() {
            if let Some(group) = groups.get_mut(i % groups_len) {
                group.push(file(part, &self.schema, time_column(self.signal)));
            }
        }
        let config = FileScanConfigBuilder::new(objects_url()?, Arc::new(source))
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(projection.cloned())?
            .with_expr_adapter(Some(Arc::new(PromotedAttributes)))
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// An expression whose columns are named without their table.
fn unqualified(expr: Expr) -> Result<Expr, DataFusionError> {
    expr.transform(|expr| {
        Ok(match expr {
            Expr::Column(column) => {
                Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))
            }
            other => Transformed::no(other),
        })
    })
    .data()
}

/// The head's batches, split among threads if there are many.
fn head_plan(
    head: Vec<RecordBatch>,
    partitions_max: usize,
    schema: SchemaRef,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let rows: usize = head.iter().map(RecordBatch::num_rows).sum();
    let partitions = (rows / HEAD_ROWS_PER_PARTITION_MIN).clamp(1, partitions_max.max(1));
    let mut split = vec![Vec::new(); partitions];
    // Newest first, so that a limit on the newest rows is reached early.
    for (i, batch) in head.into_iter().rev().enumerate() {
        if let Some(batches) = split.get_mut(i % partitions) {
            batches.push(batch);
        }
    }
    let source = MemorySourceConfig::try_new(&split, schema, None)?.with_limit(limit);
    Ok(DataSourceExec::from_data_source(source))
}

/// Whether a column is so large per row that not decoding it saves most of the work.
fn is_wide(field: &Field) -> bool {
    matches!(field.data_type(), DataType::Map(..) | DataType::Utf8View)
}

/// A part as a DataFusion file: its rows and time bounds let whole files be skipped.
fn file(part: &Part, schema: &Schema, time_column: &str) -> PartitionedFile {
    let mut statistics = Statistics::new_unknown(schema)
        .with_num_rows(Precision::Exact(usize::try_from(part.rows).unwrap_or(usize::MAX)));
    if let Ok(index) = schema.index_of(time_column)
        && let Some(column) = statistics.column_statistics.get_mut(index)
    {
        let time = |t| {
            Precision::Exact(ScalarValue::TimestampNanosecond(Some(t), Some(Arc::from("+00:00"))))
        };
        *column = ColumnStatistics::new_unknown()
            .with_null_count(Precision::Exact(0))
            .with_min_value(time(part.min_time))
            .with_max_value(time(part.max_time));
    }
    PartitionedFile::new(part.path.to_string(), part.bytes).with_statistics(Arc::new(statistics))
}

#[async_trait]
impl TableProvider for RowsTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        // They select parts here; on rows they are checked by the plan above or, if it pays, by the
        // Parquet reader, into which the physical optimizer pushes them.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let request = RowsRequest {
            signal: self.signal,
            filters,
            columns: projection.map(Vec::as_slice),
            limit,
        };
        let found = self.source.rows(&request).await;
        let FoundRows { head, parts } =
            found.map_err(|error| DataFusionError::External(error.into()))?;
        let head_schema = request.schema()?;
        let partitions = state.config().target_partitions();
        if parts.is_empty() {
            return head_plan(head, partitions, head_schema, limit);
        }
        let mut options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        options.global.pushdown_filters = self.is_late_decoding(state, projection, filters);
        // With a mask, the reader may decode a whole row group for a few of its rows.
        options.global.force_filter_selections = self.wide_columns(projection).next().is_some();
        let opened = state.config().get_extension::<Opened>();
        let source = self.files(options, opened, self.on_attributes(state, filters)?);
        let parts = self.parts_plan(&parts, source, partitions, projection, limit)?;
        if head.is_empty() {
            return Ok(parts);
        }
        let head = head_plan(head, partitions, head_schema, limit)?;
        UnionExec::try_new(vec![head, parts])
    }
}

impl fmt::Debug for RowsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsTable").field("signal", &self.signal).finish_non_exhaustive()
    }
}
