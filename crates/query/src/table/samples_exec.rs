//! The plan node that converts selected series to rows of samples, one series at a time: memory is
//! bounded by one series per thread, not by the selection.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Builder, MapBuilder, MapFieldNames, RecordBatch, RecordBatchOptions,
    StringBuilder, StringDictionaryBuilder, StringViewBuilder, TimestampNanosecondBuilder,
};
use datafusion::arrow::datatypes::{Int32Type, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::TryStreamExt;
use promql::SeriesRead;
use signals::metric::{NAME_LABEL, NativeHistogram, Samples, is_stale};
use signals::time::MILLISECOND;
use signals::{Labels, Matcher, Signal};
use store::{StoreError, TimeRange};
use tokio::sync::OnceCell;

use super::metrics::column;
use crate::QueryError;
use crate::source::{Selection, Source};

/// Series shared by all threads.
type Series = Arc<[Box<dyn SeriesRead>]>;

/// Series to read, selected once for all threads.
pub(super) struct Selected {
    source: Arc<dyn Source>,
    matchers: Vec<Matcher>,
    start_ms: i64,
    end_ms: i64,
    series_max: usize,
    memory: signals::MemoryReservation,
    series: OnceCell<Series>,
}

impl Selected {
    /// The series that satisfy all matchers, in an inclusive time range. Their size is charged to
    /// `memory`, which lives as long as they do.
    pub(super) fn new(
        source: Arc<dyn Source>,
        matchers: Vec<Matcher>,
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        memory: signals::MemoryReservation,
    ) -> Arc<Self> {
        // Called here, because reads run in separate tasks.
        let range = TimeRange::of_ms(start_ms, end_ms);
        crate::warnings::add(source.warnings(Signal::Metrics, range));
        let series = OnceCell::new();
        Arc::new(Self { source, matchers, start_ms, end_ms, series_max, memory, series })
    }

    async fn series(&self) -> Result<Series, DataFusionError> {
        let select = || async {
            let selection = Selection {
                matchers: &self.matchers,
                start_ms: self.start_ms,
                end_ms: self.end_ms,
                series_max: self.series_max,
            };
            let series =
                self.source.select(selection, &self.memory).await.map_err(|error| match error {
                    // Too many series is an error of the query, not of the store.
                    StoreError::Unavailable(message) => {
                        DataFusionError::External(Box::new(QueryError::TooLarge(message)))
                    }
                    error => DataFusionError::External(Box::new(error)),
                })?;
            Ok(Arc::from(series))
        };
        self.series.get_or_try_init(select).await.cloned()
    }
}

/// Samples of a selection as rows; each partition reads every n-th series.
pub(super) struct SamplesExec {
    selection: Arc<Selected>,
    schema: SchemaRef,
    partitions: usize,
    properties: Arc<PlanProperties>,
}

impl SamplesExec {
    /// Rows of `schema`, which holds columns of the table `metrics`.
    pub(super) fn new(selection: Arc<Selected>, schema: SchemaRef, partitions: usize) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { selection, schema, partitions, properties: Arc::new(properties) }
    }
}

impl ExecutionPlan for SamplesExec {
    fn name(&self) -> &'static str {
        "SamplesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let memory = MemoryConsumer::new("samples").register(context.memory_pool());
        let selection = Arc::clone(&self.selection);
        let (schema, step) = (Arc::clone(&self.schema), self.partitions);
        let rows_max = context.session_config().batch_size();
        let batches = async move {
            let series = selection.series().await?;
            let explode = Explode {
                schema,
                series,
                next: partition,
                step,
                start_ms: selection.start_ms,
                end_ms: selection.end_ms,
                current: None,
                samples: Samples::default(),
                memory,
                rows_max,
            };
            Ok::<_, DataFusionError>(futures::stream::try_unfold(
                explode,
                |mut explode| async move {
                    // Decoding never waits, so yield to other tasks between batches.
                    tokio::task::consume_budget().await;
                    Ok(explode.next_batch()?.map(|batch| (batch, explode)))
                },
            ))
        };
        let batches = futures::stream::once(batches).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}

impl DisplayAs for SamplesExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SamplesExec: {{")?;
        for (i, matcher) in self.selection.matchers.iter().enumerate() {
            write!(f, "{}{matcher}", if i == 0 { "" } else { ", " })?;
        }
        write!(f, "}}, start_ms={}, end_ms={}", self.selection.start_ms, self.selection.end_ms)
    }
}

impl fmt::Debug for SamplesExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as(DisplayFormatType::Default, f)
    }
}

/// One thread's iteration over its series.
struct Explode {
    schema: SchemaRef,
    series: Series,
    next: usize,
    step: usize,
    start_ms: i64,
    end_ms: i64,
    /// The series whose samples are in `samples`, and how many of them were written.
    current: Option<Position>,
    samples: Samples,
    memory: MemoryReservation,
    rows_max: usize,
}

struct Position {
    labels: Labels,
    value: usize,
    histogram: usize,
}

impl Explode {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        let mut columns = Columns::new(&self.schema);
        while columns.rows < self.rows_max {
            if self.current.is_none() && !self.open_next()? {
                break;
            }
            let Some(position) = &mut self.current else { break };
            if !columns.fill(position, &self.samples, self.rows_max) {
                self.current = None;
            }
        }
        if columns.rows == 0 { Ok(None) } else { columns.finish(&self.schema).map(Some) }
    }

    /// Decodes the next series, if there is one.
    fn open_next(&mut self) -> Result<bool, DataFusionError> {
        let Some(series) = self.series.get(self.next) else {
            return Ok(false);
        };
        self.next += self.step;
        let samples_max = usize::try_from(series.samples_max()).unwrap_or(usize::MAX);
        self.memory.try_resize(samples_max.saturating_mul(size_of::<(i64, f64)>()))?;
        series
            .read(self.start_ms, self.end_ms, &mut self.samples)
            .map_err(DataFusionError::External)?;
        let labels = series.labels().clone();
        self.current = Some(Position { labels, value: 0, histogram: 0 });
        Ok(true)
    }
}

/// Columns of a growing batch; columns that the query does not read are absent.
struct Columns {
    rows: usize,
    timestamp: Option<TimestampNanosecondBuilder>,
    name: Option<StringDictionaryBuilder<Int32Type>>,
    labels: Option<MapBuilder<StringBuilder, StringBuilder>>,
    value: Option<Float64Builder>,
    histogram: Option<StringViewBuilder>,
}

impl Columns {
    fn new(schema: &SchemaRef) -> Self {
        let has = |name| schema.index_of(name).is_ok();
        let entries = MapFieldNames {
            entry: signals::attributes::ENTRY.to_owned(),
            key: "key".to_owned(),
            value: "value".to_owned(),
        };
        Self {
            rows: 0,
            timestamp: has(column::TIMESTAMP)
                .then(|| TimestampNanosecondBuilder::new().with_timezone("+00:00")),
            name: has(column::NAME).then(StringDictionaryBuilder::new),
            labels: has(column::LABELS).then(|| {
                MapBuilder::new(Some(entries), StringBuilder::new(), StringBuilder::new())
            }),
            value: has(column::VALUE).then(Float64Builder::new),
            histogram: has(column::HISTOGRAM).then(StringViewBuilder::new),
        }
    }

    /// Writes samples sorted by time until the batch is full; false at the end of the series.
    fn fill(&mut self, position: &mut Position, samples: &Samples, rows_max: usize) -> bool {
        let name = position.labels.metric_name().to_owned();
        while self.rows < rows_max {
            let value = samples.timestamps.get(position.value).copied();
            let histogram = samples.histograms.get(position.histogram);
            match (value, histogram) {
                (Some(time), histogram) if histogram.is_none_or(|(other, _)| time <= *other) => {
                    let value = samples.values.get(position.value).copied().unwrap_or(f64::NAN);
                    position.value += 1;
                    if !is_stale(value) {
                        self.push(time, &name, &position.labels, Some(value), None);
                    }
                }
                (_, Some((time, histogram))) => {
                    position.histogram += 1;
                    if !is_stale(histogram.sum) {
                        self.push(*time, &name, &position.labels, None, Some(histogram));
                    }
                }
                (_, None) => return false,
            }
        }
        true
    }

    fn push(
        &mut self,
        time_ms: i64,
        name: &str,
        labels: &Labels,
        value: Option<f64>,
        histogram: Option<&NativeHistogram>,
    ) {
        self.rows += 1;
        if let Some(times) = &mut self.timestamp {
            times.append_value(time_ms.saturating_mul(MILLISECOND));
        }
        if let Some(names) = &mut self.name {
            names.append_value(name);
        }
        if let Some(maps) = &mut self.labels {
            for (name, value) in labels.iter().filter(|(name, _)| *name != NAME_LABEL) {
                maps.keys().append_value(name);
                maps.values().append_value(value);
            }
            // It only fails when keys and values differ in number, and they are written in pairs.
            _ = maps.append(true);
        }
        if let Some(values) = &mut self.value {
            values.append_option(value);
        }
        if let Some(histograms) = &mut self.histogram {
            histograms.append_option(histogram.map(super::metrics::histogram_json));
        }
    }

    fn finish(mut self, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let array: Option<ArrayRef> = match field.name().as_str() {
                column::TIMESTAMP => self.timestamp.as_mut().map(|b| Arc::new(b.finish()) as _),
                column::NAME => self.name.as_mut().map(|b| Arc::new(b.finish()) as _),
                column::LABELS => self.labels.as_mut().map(|b| Arc::new(b.finish()) as _),
                column::VALUE => self.value.as_mut().map(|b| Arc::new(b.finish()) as _),
                column::HISTOGRAM => self.histogram.as_mut().map(|b| Arc::new(b.finish()) as _),
                _ => None,
            };
            arrays.extend(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
    }
}
