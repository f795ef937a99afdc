//! The table `metrics`: one row for each sample of each series.

use std::fmt::{self, Write as _};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use signals::MemoryBudget;
use signals::attributes::{dictionary_type, json, map_type, time_type};
use signals::metric::NativeHistogram;
use signals::time::MILLISECOND;

use super::matchers;
use super::samples_exec::{SamplesExec, Selected};
use crate::scan::time_bounds;
use crate::source::Source;

/// Column names, in schema order.
pub(super) mod column {
    /// When the sample was taken.
    pub(crate) const TIMESTAMP: &str = "timestamp";
    /// The metric's name.
    pub(crate) const NAME: &str = "name";
    /// The other labels.
    pub(crate) const LABELS: &str = "labels";
    /// The number; null for a native histogram.
    pub(crate) const VALUE: &str = "value";
    /// A native histogram as a JSON object; null for a number.
    pub(crate) const HISTOGRAM: &str = "histogram";
}

/// Samples, read series by series; stale markers are left out.
pub(crate) struct MetricsTable {
    source: Arc<dyn Source>,
    series_max: usize,
    memory: MemoryBudget,
}

impl MetricsTable {
    /// The table over the store's series; one query may select `series_max` of them, and as many as
    /// fit in `memory`.
    pub(crate) fn new(source: Arc<dyn Source>, series_max: usize, memory: MemoryBudget) -> Self {
        Self { source, series_max, memory }
    }
}

fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new(column::TIMESTAMP, time_type(), false),
            Field::new(column::NAME, dictionary_type(), false),
            Field::new(column::LABELS, map_type(), false),
            Field::new(column::VALUE, DataType::Float64, true),
            Field::new(column::HISTOGRAM, DataType::Utf8View, true),
        ]))
    });
    Arc::clone(&SCHEMA)
}

/// A native histogram as a JSON object: `count`, `sum`, `schema`, the zero bucket, and spans of
/// buckets as pairs of gap and length with the count of each bucket.
pub(super) fn histogram_json(histogram: &NativeHistogram) -> String {
    let mut text = format!("{{\"schema\":{}", histogram.schema);
    let number = |text: &mut String, name: &str, value| {
        _ = write!(text, ",\"{name}\":");
        json::push_double(text, value);
    };
    number(&mut text, "count", histogram.count);
    number(&mut text, "sum", histogram.sum);
    number(&mut text, "zero_threshold", histogram.zero_threshold);
    number(&mut text, "zero_count", histogram.zero_count);
    for (sign, spans, counts) in [
        ("positive", &histogram.positive_spans, &histogram.positive_counts),
        ("negative", &histogram.negative_spans, &histogram.negative_counts),
    ] {
        let spans: Vec<String> =
            spans.iter().map(|span| format!("[{},{}]", span.offset, span.length)).collect();
        _ = write!(text, ",\"{sign}_spans\":[{}]", spans.join(","));
        push_numbers(&mut text, &format!("{sign}_counts"), counts);
    }
    if !histogram.custom_bounds.is_empty() {
        push_numbers(&mut text, "custom_bounds", &histogram.custom_bounds);
    }
    text.push('}');
    text
}

fn push_numbers(text: &mut String, name: &str, numbers: &[f64]) {
    _ = write!(text, ",\"{name}\":[");
    for (i, number) in numbers.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        json::push_double(text, *number);
    }
    text.push(']');
}

#[async_trait]
impl TableProvider for MetricsTable {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        // Name, labels and time select series; all conditions are still checked on the samples.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let range = time_bounds::of(filters, column::TIMESTAMP);
        let selection = Selected::new(
            Arc::clone(&self.source),
            matchers::of(filters),
            range.start.div_euclid(MILLISECOND),
            range.end.saturating_sub(1).div_euclid(MILLISECOND),
            self.series_max,
            self.memory.reservation(),
        );
        let schema = match projection {
            Some(projection) => Arc::new(schema().project(projection)?),
            None => schema(),
        };
        let partitions = state.config().target_partitions().max(1);
        Ok(Arc::new(SamplesExec::new(selection, schema, partitions)))
    }
}

impl fmt::Debug for MetricsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsTable").field("series_max", &self.series_max).finish_non_exhaustive()
    }
}
