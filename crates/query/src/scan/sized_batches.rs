//! Reads parts in batches of similar size in bytes, however large their rows are.
//!
//! DataFusion reads batches of 8,192 rows. With a prompt of 100 KB in each row that is 800 MB, from
//! a part of a few megabytes if the prompts are alike. Footers record the size of rows in memory,
//! so each part has its own batch size. Batches are charged to the memory of queries.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::config::ConfigOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileOpener, FileScanConfig, FileSource, ParquetFileReaderFactory, ParquetSource,
};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{DisplayFormatType, SortOrderPushdownResult};
use datafusion_datasource::morsel::{Morsel, MorselPlan, MorselPlanner, Morselizer};
use futures::stream::BoxStream;
use futures::{StreamExt, TryFutureExt};
use object_store::ObjectStore;
use signals::span;
use store::{ATTRIBUTE_COLUMN_PREFIX, decoded_row_bytes};

use crate::charge::Charge;

/// Target size of a batch in bytes, unless a single row is larger.
const BATCH_BYTES: usize = 2 << 20;
/// Rows of a batch with attributes: a filter may select the rows that have most of them.
const ROWS_WITH_ATTRIBUTES_MAX: usize = 1024;

type Source = Arc<dyn FileSource>;

/// A Parquet source with small batches for large rows.
pub(super) struct SizedBatches {
    parts: Source,
    readers: Arc<dyn ParquetFileReaderFactory>,
    /// Rows of a batch that DataFusion requests.
    batch_rows: usize,
}

impl SizedBatches {
    /// Reads footers with `readers`, like the source itself.
    pub(super) fn new(parts: ParquetSource, readers: Arc<dyn ParquetFileReaderFactory>) -> Self {
        Self { parts: Arc::new(parts), readers, batch_rows: 0 }
    }

    fn over(&self, parts: Source) -> Source {
        let (readers, batch_rows) = (Arc::clone(&self.readers), self.batch_rows);
        Arc::new(Self { parts, readers, batch_rows })
    }

    /// The columns of the table that are read.
    fn columns(&self) -> HashSet<String> {
        let projected = self.parts.projection().into_iter().flatten();
        let projected = projected.flat_map(|projected| collect_columns(&projected.expr));
        let filtered = self.parts.filter();
        let filtered = filtered.iter().flat_map(collect_columns);
        projected.chain(filtered).map(|column| column.name().to_owned()).collect()
    }
}

impl FileSource for SizedBatches {
    fn create_file_opener(
        &self,
        objects: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Arc<dyn FileOpener>, DataFusionError> {
        self.parts.create_file_opener(objects, config, partition)
    }

    fn create_morselizer(
        &self,
        objects: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> Result<Box<dyn Morselizer>, DataFusionError> {
        Ok(Box::new(PartitionMorselizer(Arc::new(Partition {
            parts: Arc::clone(&self.parts),
            columns: self.columns(),
            readers: Arc::clone(&self.readers),
            batch_rows: self.batch_rows,
            objects,
            config: config.clone(),
            number: partition,
        }))))
    }

    fn table_schema(&self) -> &TableSchema {
        self.parts.table_schema()
    }

    fn with_batch_size(&self, batch_rows: usize) -> Source {
        let parts = self.parts.with_batch_size(batch_rows);
        Arc::new(Self { parts, readers: Arc::clone(&self.readers), batch_rows })
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.parts.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.parts.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.parts.metrics()
    }

    fn file_type(&self) -> &str {
        self.parts.file_type()
    }

    fn fmt_extra(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt_extra(kind, f)
    }

    fn supports_repartitioning(&self) -> bool {
        self.parts.supports_repartitioning()
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        options: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Source>, DataFusionError> {
        let pushed = self.parts.try_pushdown_filters(filters, options)?;
        Ok(FilterPushdownPropagation {
            filters: pushed.filters,
            updated_node: pushed.updated_node.map(|parts| self.over(parts)),
        })
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        properties: &EquivalenceProperties,
    ) -> Result<SortOrderPushdownResult<Source>, DataFusionError> {
        Ok(self.parts.try_pushdown_sort(order, properties)?.map(|parts| self.over(parts)))
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.parts.reorder_files(files)
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> Result<Option<Source>, DataFusionError> {
        Ok(self.parts.try_pushdown_projection(projection)?.map(|parts| self.over(parts)))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        self.parts.apply_expressions(f)
    }
}

/// State shared by the parts of one partition of a scan.
struct Partition {
    parts: Source,
    columns: HashSet<String>,
    readers: Arc<dyn ParquetFileReaderFactory>,
    batch_rows: usize,
    objects: Arc<dyn ObjectStore>,
    config: FileScanConfig,
    number: usize,
}

impl Partition {
    /// Opens a part like the source does, once its row size is known.
    async fn open(
        self: Arc<Self>,
        file: PartitionedFile,
    ) -> Result<Box<dyn MorselPlanner>, DataFusionError> {
        let metrics = self.parts.metrics();
        let mut reader = self.readers.create_reader(self.number, file.clone(), None, metrics)?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
        let metadata = reader.get_metadata(Some(&options)).await?;
        let row_bytes = self.row_bytes(&metadata);
        let rows_max = if self.has_attributes() { ROWS_WITH_ATTRIBUTES_MAX } else { usize::MAX };
        let batch_rows = (BATCH_BYTES / row_bytes).min(self.batch_rows).min(rows_max).max(1);
        let parts = self.parts.with_batch_size(batch_rows);
        let objects = Arc::clone(&self.objects);
        let planner =
            parts.create_morselizer(objects, &self.config, self.number)?.plan_file(file)?;
        let batch_bytes = batch_rows.saturating_mul(row_bytes);
        Ok(Box::new(SizedPlanner { batch_bytes, planner }))
    }

    fn has_attributes(&self) -> bool {
        self.columns.contains(span::column::ATTRIBUTES)
    }

    fn row_bytes(&self, metadata: &ParquetMetaData) -> usize {
        let schema = self.parts.table_schema().file_schema();
        let has_attributes = self.has_attributes();
        let is_read = |root: &str| {
            self.columns.contains(root)
                || has_attributes && root.starts_with(ATTRIBUTE_COLUMN_PREFIX)
        };
        let groups = metadata.row_groups().iter();
        groups.map(|group| decoded_row_bytes(group, schema, is_read)).max().unwrap_or(1)
    }
}

struct PartitionMorselizer(Arc<Partition>);

impl Morselizer for PartitionMorselizer {
    fn plan_file(&self, file: PartitionedFile) -> Result<Box<dyn MorselPlanner>, DataFusionError> {
        Ok(Box::new(UnopenedPart { partition: Arc::clone(&self.0), file }))
    }
}

impl fmt::Debug for PartitionMorselizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PartitionMorselizer").field(&self.0.number).finish()
    }
}

/// A part whose footer is to be read.
struct UnopenedPart {
    partition: Arc<Partition>,
    file: PartitionedFile,
}

impl MorselPlanner for UnopenedPart {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>, DataFusionError> {
        let Self { partition, file } = *self;
        Ok(Some(MorselPlan::new().with_pending_planner(partition.open(file))))
    }
}

impl fmt::Debug for UnopenedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnopenedPart").field(&self.file.object_meta.location).finish()
    }
}

/// A part whose batches have a target size in bytes.
#[derive(Debug)]
struct SizedPlanner {
    batch_bytes: usize,
    planner: Box<dyn MorselPlanner>,
}

impl MorselPlanner for SizedPlanner {
    fn plan(self: Box<Self>) -> Result<Option<MorselPlan>, DataFusionError> {
        let batch_bytes = self.batch_bytes;
        let opened =
            move |planner| -> Box<dyn MorselPlanner> { Box::new(Self { batch_bytes, planner }) };
        let Some(mut plan) = self.planner.plan()? else { return Ok(None) };
        let morsels = plan.take_morsels().into_iter();
        let morsels = morsels.map(|morsel| Box::new(CountedMorsel { batch_bytes, morsel }) as _);
        let planners = plan.take_ready_planners().into_iter().map(opened);
        let mut counted =
            MorselPlan::new().with_morsels(morsels.collect()).with_planners(planners.collect());
        if let Some(pending) = plan.take_pending_planner() {
            counted.set_pending_planner(pending.into_future().map_ok(opened));
        }
        Ok(Some(counted))
    }
}

/// The rows of a part, charged with their largest batch while they are read.
#[derive(Debug)]
struct CountedMorsel {
    batch_bytes: usize,
    morsel: Box<dyn Morsel>,
}

impl Morsel for CountedMorsel {
    fn into_stream(self: Box<Self>) -> BoxStream<'static, Result<RecordBatch, DataFusionError>> {
        let Self { batch_bytes, morsel } = *self;
        let batches = async move {
            let mut charge = Charge::new(batch_bytes)?;
            Ok(morsel.into_stream().map(move |batch| {
                let batch = batch?;
                let bytes = map_bytes(&batch);
                charge.grow(bytes.saturating_sub(charge.bytes()))?;
                Ok(batch)
            }))
        };
        batches.try_flatten_stream().boxed()
    }
}

/// Bytes of the maps of a batch, which are not shared with other batches.
fn map_bytes(batch: &RecordBatch) -> usize {
    let maps =
        batch.columns().iter().filter(|column| matches!(column.data_type(), DataType::Map(..)));
    maps.map(Array::get_array_memory_size).sum()
}
