//! How rows of spans and logs become a Parquet file.
//!
//! The settings below are measured, see `docs/formats/parts-spans.md`: small pages so that a trace
//! or a minute is found without reading a row group, no dictionaries for unique values, and delta
//! encodings where neighbours are similar.

use std::io::Write;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{
    EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion,
};
use parquet::schema::types::ColumnPath;
use signals::attributes::{ENTRY, ValueType};
use signals::{Signal, Timestamp};

use super::gather::gather;
use super::keys::{self, AttributeKeys};
use super::layout::Layout;
use super::order;
use crate::StoreError;
use crate::head::memory_of;

/// Rows of a row group.
pub(crate) const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Maximum bytes of a row group, which are in memory until it ends.
pub(crate) const ROW_GROUP_BYTES: usize = 64 << 20;
/// Rows and bytes of a data page, whichever is reached first.
const PAGE_ROWS: usize = 16 * 1024;
const PAGE_BYTES: usize = 128 * 1024;
/// False-positive rate of the bloom filters of promoted attributes. A filter starts with room for a
/// row group of distinct values and is folded to the actual number.
const ATTRIBUTE_BLOOM_FPP: f64 = 0.01;
/// Rows that are passed to the Parquet writer at a time, and the target for their bytes.
const WRITE_ROWS: usize = 8 * 1024;
const WRITE_BYTES: usize = 4 << 20;
/// The footer key of [`crate::manifest::origin::Origin`].
pub(crate) const ORIGIN_KEY: &str = "glasshouse.part";

/// Summary of a written part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) min_time: Timestamp,
    pub(crate) max_time: Timestamp,
    /// Of the whole file.
    pub(crate) crc32c: u32,
}

/// The columns of a signal's rows in memory.
pub(crate) fn schema(signal: Signal) -> SchemaRef {
    match signal {
        Signal::Spans => signals::span::schema(),
        Signal::Logs | Signal::Metrics => signals::log::schema(),
    }
}

/// A part that is being written into `sink`, which need not be buffered.
pub(crate) struct PartWriter<W: Write + Send> {
    signal: Signal,
    layout: Layout,
    writer: ArrowWriter<Counted<W>>,
    rows: u64,
    bounds: Option<(Timestamp, Timestamp)>,
}

impl<W: Write + Send> PartWriter<W> {
    /// Starts a part of rows whose attributes were counted.
    pub(crate) fn new(
        signal: Signal,
        sink: W,
        origin: String,
        keys: &AttributeKeys,
        row_group_bytes: usize,
    ) -> Result<Self, StoreError> {
        let layout = Layout::new(signal, keys);
        let keys =
            serde_json::to_string(keys).map_err(|error| StoreError::Io(error.to_string()))?;
        let footer = vec![
            KeyValue::new(ORIGIN_KEY.to_owned(), origin),
            KeyValue::new(keys::FOOTER_KEY.to_owned(), keys),
        ];
        let properties =
            properties(signal, &layout, footer).set_max_row_group_bytes(Some(row_group_bytes));
        let options = ArrowWriterOptions::new().with_properties(properties.build());
        let schema = Arc::clone(layout.schema());
        let writer = ArrowWriter::try_new_with_options(Counted::new(sink), schema, options)?;
        Ok(Self { signal, layout, writer, rows: 0, bounds: None })
    }

    /// Adds rows in their form in memory, which follow all earlier ones in the part's order.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        if let Some((min, max)) = order::bounds(&order::times(self.signal, batch)?) {
            let (least, greatest) = self.bounds.unwrap_or((min, max));
            self.bounds = Some((least.min(min), greatest.max(max)));
        }
        self.rows += batch.num_rows() as u64;
        self.writer.write(&self.layout.columns_of(batch)?)?;
        Ok(())
    }

    /// Writes the footer.
    pub(crate) fn finish(self) -> Result<(Written, W), StoreError> {
        let counted = self.writer.into_inner()?;
        let (min_time, max_time) = self.bounds.unwrap_or_default();
        let written = Written {
            bytes: counted.bytes,
            rows: self.rows,
            min_time,
            max_time,
            crc32c: counted.crc32c,
        };
        Ok((written, counted.sink))
    }
}

/// Sorts the rows of batches and writes them as one part without promoted attributes: the first
/// merge follows soon and would write them again.
pub(crate) fn write_flushed<W: Write + Send>(
    signal: Signal,
    batches: &[RecordBatch],
    origin: String,
    sink: W,
) -> Result<(Written, W), StoreError> {
    write_with_keys(signal, batches, &counted_keys(batches)?, origin, sink)
}

fn counted_keys(batches: &[RecordBatch]) -> Result<AttributeKeys, StoreError> {
    AttributeKeys::count(batches).map_err(|error| StoreError::Io(error.to_string()))
}

/// Sorts the rows of batches and writes them as one part, promoting attributes by `keys`.
pub(crate) fn write_with_keys<W: Write + Send>(
    signal: Signal,
    batches: &[RecordBatch],
    keys: &AttributeKeys,
    origin: String,
    sink: W,
) -> Result<(Written, W), StoreError> {
    let mut writer = PartWriter::new(signal, sink, origin, keys, ROW_GROUP_BYTES)?;
    let rows = order::sorted(signal, batches)?;
    let bytes: usize = batches.iter().map(memory_of).sum();
    let write_rows = (WRITE_BYTES / (bytes / rows.len().max(1)).max(1)).clamp(1, WRITE_ROWS);
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    for chunk in rows.chunks(write_rows) {
        writer.write(&gather(&batches, chunk)?)?;
    }
    writer.finish()
}

/// The bytes of a part with these rows, as a merge would write it.
///
/// # Errors
/// [`StoreError::Io`] when a batch does not have the columns of its signal.
pub fn part_of(signal: Signal, batches: &[RecordBatch]) -> Result<Vec<u8>, StoreError> {
    let mut keys = counted_keys(batches)?;
    keys.promote();
    let (_, bytes) = write_with_keys(signal, batches, &keys, String::new(), Vec::new())?;
    Ok(bytes)
}

impl From<ParquetError> for StoreError {
    fn from(error: ParquetError) -> Self {
        Self::Io(format!("a part could not be written or read: {error}"))
    }
}

/// A writer that counts bytes and computes their checksum.
#[derive(Debug)]
pub(crate) struct Counted<W> {
    sink: W,
    bytes: u64,
    crc32c: u32,
}

impl<W> Counted<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self { sink, bytes: 0, crc32c: 0 }
    }

    pub(crate) fn crc32c(&self) -> u32 {
        self.crc32c
    }

    pub(crate) fn into_inner(self) -> W {
        self.sink
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.sink.write(bytes)?;
        let bytes = bytes.get(..written).unwrap_or_default();
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

fn properties(signal: Signal, layout: &Layout, footer: Vec<KeyValue>) -> WriterPropertiesBuilder {
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("glasshouse ", env!("CARGO_PKG_VERSION")).into())
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_write_batch_size(1024)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_dictionary_enabled(true)
        .set_sorting_columns(sorting_columns(signal, layout.schema()))
        .set_key_value_metadata(Some(footer));
    for (column, encoding) in encodings(signal) {
        let path = ColumnPath::from(*column);
        properties = properties
            .set_column_dictionary_enabled(path.clone(), false)
            .set_column_encoding(path, *encoding);
    }
    let large = signals::span::column::LARGE_ATTRIBUTES;
    let large = ColumnPath::new([large, ENTRY, "value"].map(str::to_owned).to_vec());
    properties = properties
        .set_column_dictionary_enabled(large.clone(), false)
        .set_column_encoding(large, Encoding::DELTA_LENGTH_BYTE_ARRAY);
    for (name, _) in layout.promoted().filter(|(_, kind)| *kind == ValueType::String) {
        let path = ColumnPath::new(vec![name]);
        properties = properties
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path, ATTRIBUTE_BLOOM_FPP);
    }
    let trace_id = ColumnPath::from(signals::span::column::TRACE_ID);
    properties
        .set_column_bloom_filter_enabled(trace_id.clone(), true)
        .set_column_bloom_filter_fpp(trace_id, 0.001)
}

/// Encodings of the columns for which a dictionary is not useful.
fn encodings(signal: Signal) -> &'static [(&'static str, Encoding)] {
    use signals::{log, span};
    match signal {
        Signal::Spans => &[
            (span::column::TRACE_ID, Encoding::PLAIN),
            (span::column::SPAN_ID, Encoding::PLAIN),
            (span::column::PARENT_SPAN_ID, Encoding::PLAIN),
            (span::column::START_TIME, Encoding::DELTA_BINARY_PACKED),
            (span::column::DURATION_NS, Encoding::DELTA_BINARY_PACKED),
            (span::column::STATUS_MESSAGE, Encoding::DELTA_LENGTH_BYTE_ARRAY),
            (span::column::EVENTS, Encoding::DELTA_LENGTH_BYTE_ARRAY),
            (span::column::LINKS, Encoding::DELTA_LENGTH_BYTE_ARRAY),
        ],
        Signal::Logs | Signal::Metrics => &[
            (log::column::TIMESTAMP, Encoding::DELTA_BINARY_PACKED),
            (log::column::OBSERVED_TIMESTAMP, Encoding::DELTA_BINARY_PACKED),
            (log::column::BODY, Encoding::DELTA_LENGTH_BYTE_ARRAY),
            (log::column::TRACE_ID, Encoding::PLAIN),
            (log::column::SPAN_ID, Encoding::PLAIN),
        ],
    }
}

/// Declared to other readers; spans are sorted by time bucket first, which no column holds.
fn sorting_columns(
    signal: Signal,
    schema: &Arc<arrow::datatypes::Schema>,
) -> Option<Vec<SortingColumn>> {
    if signal != Signal::Logs {
        return None;
    }
    let columns = [signals::log::column::STREAM, signals::log::column::TIMESTAMP];
    columns
        .iter()
        .map(|column| {
            // Leaf columns are counted here: all that come before these two are leaves.
            let index = leaf_index(schema, column)?;
            Some(SortingColumn { column_idx: index, descending: false, nulls_first: false })
        })
        .collect()
}

/// The number of Parquet leaf columns before a column; a map has two leaves.
fn leaf_index(schema: &arrow::datatypes::Schema, column: &str) -> Option<i32> {
    let index = schema.index_of(column).ok()?;
    let before = schema.fields().iter().take(index);
    let is_map = |field: &&Arc<arrow::datatypes::Field>| {
        matches!(field.data_type(), arrow::datatypes::DataType::Map(_, _))
    };
    let leaves: usize = before.map(|field| if is_map(&field) { 2 } else { 1 }).sum();
    i32::try_from(leaves).ok()
}
