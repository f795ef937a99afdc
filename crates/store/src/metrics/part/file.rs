//! Writes rows into a Parquet file. Knows the columns, not the source of the rows.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Float64Builder, MapBuilder, MapFieldNames, RecordBatch, StringBuilder,
    StringDictionaryBuilder, TimestampMillisecondBuilder, UInt32Builder,
};
use arrow::datatypes::{Int32Type, SchemaRef};
use arrow::error::ArrowError;
use chunks::{Chunk, Codec};
use foldhash::fast::RandomState;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use signals::Labels;
use signals::metric::{Metadata, NAME_LABEL};

use super::schema::{self, properties};
use super::{PartSummary, family};
use crate::StoreError;
use crate::metrics::matching::pairs;
use crate::part::write::ORIGIN_KEY;

/// Rows that are passed to the Parquet writer at once.
const BATCH_ROWS: usize = 1024;
/// Maximum number of distinct pairs of name and value that are counted.
const PAIRS_MAX: usize = 1 << 20;
/// The kind of rows of labels.
const LABEL_KIND: &str = "label";
const NANOSECONDS_OF_MILLISECOND: i64 = 1_000_000;

/// Aggregates of float samples, readable without decoding. Stale markers are excluded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Aggregates {
    pub(super) sum: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) first: f64,
    pub(super) last: f64,
    /// How often the value went down.
    pub(super) resets: u32,
}

impl Aggregates {
    /// Of values sorted by time; `None` when all are stale markers.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.iter().copied().filter(|value| !signals::metric::is_stale(*value));
        let first = values.next()?;
        let mut all = Self { sum: first, min: first, max: first, first, last: first, resets: 0 };
        for value in values {
            all.sum += value;
            all.min = all.min.min(value);
            all.max = all.max.max(value);
            all.resets += u32::from(value < all.last);
            all.last = value;
        }
        Some(all)
    }
}

/// Columns of the rows that were not passed to the Parquet writer yet.
struct Columns {
    schema: SchemaRef,
    metric: StringDictionaryBuilder<Int32Type>,
    labels: MapBuilder<StringBuilder, StringBuilder>,
    series: BinaryBuilder,
    kind: StringDictionaryBuilder<Int32Type>,
    min_time: TimestampMillisecondBuilder,
    max_time: TimestampMillisecondBuilder,
    count: UInt32Builder,
    aggregates: [Float64Builder; 5],
    resets: UInt32Builder,
    codec: StringDictionaryBuilder<Int32Type>,
    chunk: BinaryBuilder,
    start_time: TimestampMillisecondBuilder,
    rows: usize,
}

impl Columns {
    fn new() -> Self {
        let (entries, key, value) = schema::map_fields();
        let names = MapFieldNames {
            entry: entries.name().clone(),
            key: key.name().clone(),
            value: value.name().clone(),
        };
        let labels = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        Self {
            schema: schema::schema(),
            metric: StringDictionaryBuilder::new(),
            labels: labels.with_keys_field(key).with_values_field(value),
            series: BinaryBuilder::new(),
            kind: StringDictionaryBuilder::new(),
            min_time: TimestampMillisecondBuilder::new().with_data_type(schema::time()),
            max_time: TimestampMillisecondBuilder::new().with_data_type(schema::time()),
            count: UInt32Builder::new(),
            aggregates: std::array::from_fn(|_| Float64Builder::new()),
            resets: UInt32Builder::new(),
            codec: StringDictionaryBuilder::new(),
            chunk: BinaryBuilder::new(),
            start_time: TimestampMillisecondBuilder::new().with_data_type(schema::time()),
            rows: 0,
        }
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), ArrowError> {
        self.metric.append(row.metric)?;
        if row.kind != LABEL_KIND {
            for (name, value) in row.labels.iter().filter(|(name, _)| *name != NAME_LABEL) {
                self.labels.keys().append_value(name);
                self.labels.values().append_value(value);
            }
        }
        self.labels.append(true)?;
        self.series.append_value(row.labels.as_bytes());
        self.kind.append(row.kind)?;
        self.min_time.append_value(row.min_ms);
        self.max_time.append_value(row.max_ms);
        self.count.append_value(row.count);
        let aggregates = row.aggregates.map(|all| [all.sum, all.min, all.max, all.first, all.last]);
        for (i, builder) in self.aggregates.iter_mut().enumerate() {
            builder.append_option(aggregates.and_then(|all| all.get(i).copied()));
        }
        self.resets.append_option(row.aggregates.map(|all| all.resets));
        self.codec.append(row.codec)?;
        self.chunk.append_value(row.chunk);
        self.start_time.append_option(row.start_ms);
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let [sum, min, max, first, last] = &mut self.aggregates;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.metric.finish()),
            Arc::new(self.labels.finish()),
            Arc::new(self.series.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.min_time.finish()),
            Arc::new(self.max_time.finish()),
            Arc::new(self.count.finish()),
            Arc::new(sum.finish()),
            Arc::new(min.finish()),
            Arc::new(max.finish()),
            Arc::new(first.finish()),
            Arc::new(last.finish()),
            Arc::new(self.resets.finish()),
            Arc::new(self.codec.finish()),
            Arc::new(self.chunk.finish()),
            Arc::new(self.start_time.finish()),
        ];
        self.rows = 0;
        RecordBatch::try_new(Arc::clone(&self.schema), columns)
    }
}

struct Row<'a> {
    metric: &'a str,
    labels: &'a Labels,
    kind: &'a str,
    min_ms: i64,
    max_ms: i64,
    count: u32,
    aggregates: Option<Aggregates>,
    codec: &'a str,
    chunk: &'a [u8],
    start_ms: Option<i64>,
}

/// The pairs of name and value of the series that were written.
#[derive(Default)]
struct Pairs {
    /// Canonical label bytes of each, and the number of series that have it; `None` past
    /// [`PAIRS_MAX`].
    series: Option<HashMap<Box<[u8]>, u32, RandomState>>,
    /// The series that was counted last; rows of one series follow each other.
    last: Box<[u8]>,
}

impl Pairs {
    fn count(&mut self, labels: &Labels) {
        if *self.last == *labels.as_bytes() {
            return;
        }
        self.last = labels.as_bytes().into();
        let Some(series) = &mut self.series else { return };
        for (pair, _, _) in pairs(labels.as_bytes()) {
            match series.get_mut(pair) {
                Some(count) => *count += 1,
                None => drop(series.insert(pair.into(), 1)),
            }
        }
        if series.len() > PAIRS_MAX {
            self.series = None;
        }
    }

    /// The pairs, sorted by name and value.
    fn into_sorted(self) -> Vec<(Box<[u8]>, u32)> {
        let mut all: Vec<_> = self.series.into_iter().flatten().collect();
        all.sort_unstable_by(|(a, _), (b, _)| name_and_value(a).cmp(&name_and_value(b)));
        all
    }
}

/// Splits the canonical bytes of a pair.
fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    pairs(pair).next().map(|(_, name, value)| (name, value))
}

/// A part that is being written. Rows of one class are contiguous, samples first.
pub(super) struct PartFile<W: Write + Send> {
    writer: ArrowWriter<W>,
    columns: Columns,
    rows: u64,
    samples: u64,
    pairs: Pairs,
    /// First and last time of all rows so far.
    times_ms: Option<(i64, i64)>,
}

pub(super) fn failed(error: impl Into<ParquetError>) -> StoreError {
    StoreError::Io(format!("cannot write a part of metrics: {}", error.into()))
}

impl<W: Write + Send> PartFile<W> {
    pub(super) fn new(sink: W, origin: String, row_group_bytes: usize) -> Result<Self, StoreError> {
        Self::with_properties(sink, origin, properties(row_group_bytes))
    }

    pub(super) fn with_properties(
        sink: W,
        origin: String,
        properties: WriterProperties,
    ) -> Result<Self, StoreError> {
        let mut writer =
            ArrowWriter::try_new(sink, schema::schema(), Some(properties)).map_err(failed)?;
        let version = schema::FORMAT_VERSION.to_owned();
        for (key, value) in [(schema::FORMAT_KEY, version), (ORIGIN_KEY, origin)] {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        let pairs = Pairs { series: Some(HashMap::default()), last: Box::default() };
        Ok(Self { writer, columns: Columns::new(), rows: 0, samples: 0, pairs, times_ms: None })
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), StoreError> {
        self.columns.push(row).map_err(failed)?;
        self.rows += 1;
        let (min_ms, max_ms) = self.times_ms.unwrap_or((row.min_ms, row.max_ms));
        self.times_ms = Some((min_ms.min(row.min_ms), max_ms.max(row.max_ms)));
        if self.columns.rows >= BATCH_ROWS { self.write_batch() } else { Ok(()) }
    }

    fn write_batch(&mut self) -> Result<(), StoreError> {
        if self.columns.rows > 0 {
            let batch = self.columns.finish().map_err(failed)?;
            self.writer.write(&batch).map_err(failed)?;
        }
        Ok(())
    }

    /// Ends the row group, because rows of another class follow.
    pub(super) fn end_class(&mut self) -> Result<(), StoreError> {
        self.write_batch()?;
        self.writer.flush().map_err(failed)
    }

    /// Writes a chunk of samples; float samples come with their aggregates.
    pub(super) fn push_samples(
        &mut self,
        labels: &Labels,
        chunk: &Chunk,
        aggregates: Option<Aggregates>,
    ) -> Result<(), StoreError> {
        let codec = chunk.codec().map_or("", Codec::name);
        let kind = if chunk.codec() == Some(Codec::Histogram) { "histogram" } else { "float" };
        self.samples += u64::from(chunk.count);
        self.pairs.count(labels);
        self.push_chunk(labels, kind, codec, chunk, aggregates)
    }

    pub(super) fn push_exemplars(
        &mut self,
        labels: &Labels,
        chunk: &Chunk,
    ) -> Result<(), StoreError> {
        self.push_chunk(labels, "exemplar", Codec::Exemplar.name(), chunk, None)
    }

    fn push_chunk(
        &mut self,
        labels: &Labels,
        kind: &str,
        codec: &str,
        chunk: &Chunk,
        aggregates: Option<Aggregates>,
    ) -> Result<(), StoreError> {
        let (min_ms, max_ms, count) = (chunk.min_ms, chunk.max_ms, u32::from(chunk.count));
        self.push(&Row {
            metric: labels.metric_name(),
            labels,
            kind,
            min_ms,
            max_ms,
            count,
            aggregates,
            codec,
            chunk: &chunk.bytes,
            start_ms: chunk.start_ms,
        })
    }

    /// Writes the label pairs of the series written so far; nothing if there are too many.
    pub(super) fn push_labels(&mut self) -> Result<(), StoreError> {
        let (min_ms, max_ms) = self.times_ms.unwrap_or((0, 0));
        for (pair, count) in std::mem::take(&mut self.pairs).into_sorted() {
            let Some(labels) = Labels::from_bytes(&pair) else { continue };
            self.push(&Row {
                metric: labels.iter().next().map_or("", |(name, _)| name),
                labels: &labels,
                kind: LABEL_KIND,
                min_ms,
                max_ms,
                count,
                aggregates: None,
                codec: "",
                chunk: &[],
                start_ms: None,
            })?;
        }
        Ok(())
    }

    /// Writes type, help and unit of a family; its time is that of the newest sample.
    pub(super) fn push_family(&mut self, metadata: &Metadata) -> Result<(), StoreError> {
        let labels = Labels::from_pairs([(NAME_LABEL, &metadata.metric)]);
        let time_ms = self.times_ms.map_or(0, |(_, max_ms)| max_ms);
        let text = family::encode(metadata);
        let (min_ms, max_ms, chunk) = (time_ms, time_ms, text.as_bytes());
        self.push(&Row {
            metric: &metadata.metric,
            labels: &labels,
            kind: "family",
            min_ms,
            max_ms,
            count: 0,
            aggregates: None,
            codec: "json",
            chunk,
            start_ms: None,
        })
    }

    pub(super) fn finish(mut self) -> Result<PartSummary, StoreError> {
        self.write_batch()?;
        self.writer.finish().map_err(failed)?;
        let (min_ms, max_ms) = self.times_ms.unwrap_or((0, 0));
        Ok(PartSummary {
            bytes: self.writer.bytes_written() as u64,
            rows: self.rows,
            samples: self.samples,
            min_time: min_ms.saturating_mul(NANOSECONDS_OF_MILLISECOND),
            max_time: max_ms.saturating_mul(NANOSECONDS_OF_MILLISECOND),
        })
    }
}

#[cfg(test)]
mod tests {
    use signals::metric::STALE_NAN_BITS;

    use super::*;

    #[test]
    fn aggregates_leave_stale_markers_out_and_count_resets() {
        let stale = f64::from_bits(STALE_NAN_BITS);
        let all = Aggregates::of(&[stale, 3.0, 5.0, stale, 1.0, 2.0, stale]).unwrap();
        assert_eq!(
            all,
            Aggregates { sum: 11.0, min: 1.0, max: 5.0, first: 3.0, last: 2.0, resets: 1 }
        );
        assert_eq!(Aggregates::of(&[stale]), None);
    }
}
