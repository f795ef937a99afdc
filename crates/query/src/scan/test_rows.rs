//! Handmade rows for tests: the same rows in memory, in files, or in both.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::{concat_batches, max, min};
use datafusion::arrow::datatypes::TimestampNanosecondType;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use promql::SeriesRead;
use signals::attributes::json;
use signals::log::{LogBuilder, Record};
use signals::metric::{
    BucketSpan, HistogramSample, Metadata, NativeHistogram, STALE_NAN_BITS, Sample,
};
use signals::span::{Kind, Span, SpanBuilder, StatusCode};
use signals::{Labels, MemoryReservation, SeriesBatch, Signal, SpanId, TraceId};
use store::metrics::{Head, HeadLimits};
use store::{Cardinality, Part, Quarantined, Snapshot, StoreError};

use super::time_column;
use crate::source::{ExemplarSeries, FoundRows, RowsRequest, Selection, Source, stored_series};

/// Where rows are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One batch a row, in memory.
    Head,
    /// Two files.
    Parts,
    /// One file, and the rest in memory.
    Mixed,
    /// Two files as the store writes them, with promoted attributes.
    Stored,
}

impl Layout {
    pub(crate) const ALL: [Self; 4] = [Self::Head, Self::Parts, Self::Mixed, Self::Stored];
}

/// Spans and logs in head and parts.
pub(crate) struct TestRows {
    objects: Arc<InMemory>,
    spans: Snapshot,
    logs: Snapshot,
    metrics: Head,
}

impl TestRows {
    /// Stores one-row batches according to the layout.
    pub(crate) async fn new(spans: &[RecordBatch], logs: &[RecordBatch], layout: Layout) -> Self {
        let objects = Arc::new(InMemory::new());
        let spans = placed(&objects, Signal::Spans, spans, layout).await;
        let logs = placed(&objects, Signal::Logs, logs, layout).await;
        Self { objects, spans, logs, metrics: Head::new(HeadLimits::default()) }
    }

    /// Batches of a signal, each in one file: as the store writes it or, if not `is_stored`, as any
    /// Parquet writer would.
    pub(crate) async fn in_files(signal: Signal, batches: &[RecordBatch], is_stored: bool) -> Self {
        let objects = Arc::new(InMemory::new());
        let mut parts = Vec::new();
        for (i, batch) in batches.iter().enumerate() {
            let (path, rows) = (format!("{i}.parquet"), std::slice::from_ref(batch));
            parts.push(Arc::new(if is_stored {
                put_part(objects.as_ref(), signal, &path, rows).await
            } else {
                write_part(objects.as_ref(), signal, &path, rows, 100_000).await
            }));
        }
        let files = Snapshot { head: Vec::new(), parts, warnings: Vec::new() };
        let none = || Snapshot { head: Vec::new(), parts: Vec::new(), warnings: Vec::new() };
        let (spans, logs) = match signal {
            Signal::Spans => (files, none()),
            Signal::Logs | Signal::Metrics => (none(), files),
        };
        Self { objects, spans, logs, metrics: Head::new(HeadLimits::default()) }
    }

    /// The same with samples in memory.
    pub(crate) fn with_metrics(self, batches: &[SeriesBatch]) -> Self {
        for batch in batches {
            self.metrics.append(batch).unwrap();
        }
        self
    }

    /// The same manifest, with the files removed.
    pub(crate) async fn without_files(self) -> Self {
        for part in self.spans.parts.iter().chain(&self.logs.parts) {
            self.objects.delete(&part.path).await.unwrap();
        }
        self
    }
}

async fn placed(
    objects: &InMemory,
    signal: Signal,
    rows: &[RecordBatch],
    layout: Layout,
) -> Snapshot {
    let (in_parts, head) = match layout {
        Layout::Head => rows.split_at(0),
        Layout::Parts | Layout::Stored => rows.split_at(rows.len()),
        Layout::Mixed => rows.split_at(rows.len() / 2),
    };
    let files = if layout == Layout::Mixed { 1 } else { 2 };
    let mut parts = Vec::new();
    for rows in in_parts.chunks(in_parts.len().div_ceil(files).max(1)) {
        let path = format!("{}/part-{}.parquet", signal.name(), parts.len());
        let part = match layout {
            Layout::Stored => put_part(objects, signal, &path, rows).await,
            _ => write_part(objects, signal, &path, rows, 2).await,
        };
        parts.push(Arc::new(part));
    }
    Snapshot { head: head.to_vec(), parts, warnings: Vec::new() }
}

/// Writes a file as the store does.
pub(crate) async fn put_part(
    objects: &dyn ObjectStore,
    signal: Signal,
    path: &str,
    rows: &[RecordBatch],
) -> Part {
    let file = store::part_of(signal, rows).unwrap();
    put(objects, signal, path, file, &concat_batches(&rows[0].schema(), rows).unwrap()).await
}

/// Writes a file with row groups of `group_rows` rows, LZ4, page index, and bloom filters on ids.
pub(crate) async fn write_part(
    objects: &dyn ObjectStore,
    signal: Signal,
    path: &str,
    rows: &[RecordBatch],
    group_rows: usize,
) -> Part {
    let schema = rows[0].schema();
    let rows = concat_batches(&schema, rows).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_compression(Compression::LZ4_RAW)
        .set_column_bloom_filter_enabled("trace_id".into(), true)
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, schema, Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    put(objects, signal, path, file, &rows).await
}

async fn put(
    objects: &dyn ObjectStore,
    signal: Signal,
    path: &str,
    file: Vec<u8>,
    rows: &RecordBatch,
) -> Part {
    let bytes = file.len() as u64;
    let path = Path::from(path);
    objects.put(&path, file.into()).await.unwrap();
    let times = rows.column_by_name(time_column(signal)).unwrap();
    let times = times.as_primitive::<TimestampNanosecondType>();
    let (min_time, max_time) = (min(times).unwrap(), max(times).unwrap());
    Part { path, bytes, rows: rows.num_rows() as u64, min_time, max_time }
}

#[async_trait]
impl Source for TestRows {
    async fn rows(&self, request: &RowsRequest<'_>) -> Result<FoundRows, StoreError> {
        let all = if request.signal == Signal::Spans { &self.spans } else { &self.logs };
        let range = request.range();
        let is_inside =
            |part: &&Arc<Part>| part.min_time < range.end && part.max_time >= range.start;
        let parts = all.parts.iter().filter(is_inside).cloned().collect();
        Ok(FoundRows { head: request.needed(&all.head)?, parts })
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects) as _
    }

    async fn verify(&self, _parts: &[Path]) -> Result<Vec<Quarantined>, StoreError> {
        Ok(Vec::new())
    }

    async fn select(
        &self,
        selection: Selection<'_>,
        _memory: &MemoryReservation,
    ) -> Result<Vec<Box<dyn SeriesRead>>, StoreError> {
        let Selection { matchers, start_ms, end_ms, series_max } = selection;
        let found = self.metrics.select(matchers, start_ms, end_ms, series_max)?;
        Ok(stored_series(found))
    }

    async fn series(&self, selection: Selection<'_>) -> Result<Vec<Labels>, StoreError> {
        let Selection { matchers, start_ms, end_ms, series_max } = selection;
        self.metrics.series(matchers, start_ms, end_ms, series_max)
    }

    async fn label_names(
        &self,
        _selection: Selection<'_>,
        _memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn label_values(
        &self,
        _name: &str,
        _selection: Selection<'_>,
        _memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn cardinality(
        &self,
        _start_ms: i64,
        _end_ms: i64,
        _top: usize,
        _memory: &MemoryReservation,
    ) -> Result<Cardinality, StoreError> {
        Ok(Cardinality::default())
    }

    async fn exemplars(&self, selection: Selection<'_>) -> Result<ExemplarSeries, StoreError> {
        let Selection { matchers, start_ms, end_ms, .. } = selection;
        Ok(self.metrics.exemplars(matchers, start_ms, end_ms))
    }

    async fn metadata(&self) -> Result<Vec<Metadata>, StoreError> {
        Ok(self.metrics.metadata())
    }
}

/// One span from a JSON object with the names of the columns; missing columns are empty.
pub(crate) fn span(row: &serde_json::Value) -> RecordBatch {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    let mut builder = SpanBuilder::default();
    let resource = builder.resource(text("service_name"), &object(&row["resource_attributes"]));
    let scope = builder.scope(text("scope_name"), "", "");
    push_attributes(builder.attributes(), &row["attributes"]);
    let span = Span {
        parent_span_id: SpanId::parse(text("parent_span_id")).ok(),
        name: text("name"),
        kind: Kind::from_name(text("kind")),
        duration_ns: row["duration_ns"].as_i64().unwrap_or_default(),
        status_code: StatusCode::from_name(text("status_code")),
        status_message: text("status_message"),
        ..Span::new(
            TraceId::parse(text("trace_id")).unwrap(),
            SpanId::parse(text("span_id")).unwrap(),
            row["start_time"].as_i64().unwrap(),
        )
    };
    builder.append(resource, scope, &span).unwrap();
    builder.finish().unwrap()
}

/// One log record, as [`span`].
pub(crate) fn log(row: &serde_json::Value) -> RecordBatch {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    let mut builder = LogBuilder::default();
    let resource = builder.resource(
        text("service_name"),
        text("stream"),
        &object(&row["resource_attributes"]),
    );
    let scope = builder.scope("", "", "");
    push_attributes(builder.attributes(), &row["attributes"]);
    let record = Record {
        severity_number: row["severity_number"].as_u64().unwrap_or_default() as u8,
        severity_text: text("severity_text"),
        trace_id: TraceId::parse(text("trace_id")).ok(),
        span_id: SpanId::parse(text("span_id")).ok(),
        ..Record::new(row["timestamp"].as_i64().unwrap(), text("body"))
    };
    builder.append(resource, scope, &record).unwrap();
    builder.finish().unwrap()
}

/// One series from a JSON object: `labels`, `samples` as pairs of milliseconds and a number (null
/// is the stale marker), and `histograms` as pairs of milliseconds and bucket counts.
pub(crate) fn series(row: &serde_json::Value) -> SeriesBatch {
    let labels = row["labels"].as_object().unwrap().iter();
    let pairs = |name: &str| row[name].as_array().cloned().unwrap_or_default();
    let mut batch = SeriesBatch {
        series: vec![
            Labels::from_pairs(labels.map(|(k, v)| (k.as_str(), v.as_str().unwrap()))).into(),
        ],
        ..SeriesBatch::default()
    };
    for pair in pairs("samples") {
        let value = pair[1].as_f64().unwrap_or(f64::from_bits(STALE_NAN_BITS));
        let timestamp_ms = pair[0].as_i64().unwrap();
        batch.samples.push(Sample { series: 0, timestamp_ms, value });
    }
    for pair in pairs("histograms") {
        let counts: Vec<f64> =
            pair[1].as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
        let histogram = Arc::new(NativeHistogram {
            count: counts.iter().sum(),
            sum: 1.5,
            positive_spans: vec![BucketSpan { offset: 1, length: counts.len() as u32 }],
            positive_counts: counts,
            ..NativeHistogram::default()
        });
        let timestamp_ms = pair[0].as_i64().unwrap();
        batch.histograms.push(HistogramSample { series: 0, timestamp_ms, histogram });
    }
    batch
}

fn object(value: &serde_json::Value) -> String {
    if value.is_object() { value.to_string() } else { "{}".to_owned() }
}

fn push_attributes(to: &mut signals::attributes::AttributeBuilder, value: &serde_json::Value) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let (text, kind) = json::text(value);
        to.push_text(key, &text, kind);
    }
}
