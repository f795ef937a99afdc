//! Columns of parts of metrics and their encodings. `docs/formats/parts-metrics.md` describes them
//! for other readers.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

pub(super) const METRIC: &str = "metric";
pub(super) const LABELS: &str = "labels";
pub(super) const SERIES: &str = "series";
pub(super) const KIND: &str = "kind";
pub(super) const START_TIME: &str = "start_time";
pub(super) const MIN_TIME: &str = "min_time";
pub(super) const MAX_TIME: &str = "max_time";
pub(super) const COUNT: &str = "count";
pub(super) const SUM: &str = "sum";
pub(super) const MIN: &str = "min";
pub(super) const MAX: &str = "max";
pub(super) const FIRST: &str = "first";
pub(super) const LAST: &str = "last";
pub(super) const RESETS: &str = "resets";
pub(super) const CODEC: &str = "codec";
pub(super) const CHUNK: &str = "chunk";

/// Version of the format, in the footer under [`FORMAT_KEY`].
pub(super) const FORMAT_VERSION: &str = "1";
pub(super) const FORMAT_KEY: &str = "glasshouse.metrics.format";

/// Page size of the chunk column; a selection of few series reads one such page for each.
const CHUNK_PAGE_BYTES: usize = 32 * 1024;
/// Rows per page of the other columns, so that a metric with few series has few pages.
const PAGE_ROWS: usize = 4096;
/// Rows written between checks of the page size.
const WRITE_BATCH_ROWS: usize = 64;
/// A merge holds at least one row group of each input in memory.
pub(crate) const ROW_GROUP_ROWS: usize = 64 * 1024;
pub(crate) const ROW_GROUP_BYTES: usize = 16 << 20;

/// The class of the rows of a row group; each row group has one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Samples,
    Exemplars,
    Families,
    Labels,
}

impl Class {
    /// In the order of a part.
    pub(super) const ALL: [Self; 4] =
        [Self::Samples, Self::Exemplars, Self::Families, Self::Labels];

    /// The class of a value in the `kind` column.
    pub(super) fn of_kind(kind: &[u8]) -> Option<Self> {
        match kind {
            b"float" | b"histogram" => Some(Self::Samples),
            b"exemplar" => Some(Self::Exemplars),
            b"family" => Some(Self::Families),
            b"label" => Some(Self::Labels),
            _ => None,
        }
    }
}

fn word() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

pub(super) fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// Names of the parts of a map as the Parquet format wants them.
pub(super) fn map_fields() -> (Arc<Field>, Arc<Field>, Arc<Field>) {
    let key = Arc::new(Field::new("key", DataType::Utf8, false));
    let value = Arc::new(Field::new("value", DataType::Utf8, false));
    let fields = vec![Arc::clone(&key), Arc::clone(&value)].into();
    (Arc::new(Field::new("key_value", DataType::Struct(fields), false)), key, value)
}

/// The columns of a part.
pub(super) fn schema() -> SchemaRef {
    let (entries, _, _) = map_fields();
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        Field::new(METRIC, word(), false),
        Field::new(LABELS, DataType::Map(entries, false), false),
        Field::new(SERIES, DataType::Binary, false),
        Field::new(KIND, word(), false),
        Field::new(MIN_TIME, time(), false),
        Field::new(MAX_TIME, time(), false),
        Field::new(COUNT, DataType::UInt32, false),
        number(SUM),
        number(MIN),
        number(MAX),
        number(FIRST),
        number(LAST),
        Field::new(RESETS, DataType::UInt32, true),
        Field::new(CODEC, word(), false),
        Field::new(CHUNK, DataType::Binary, false),
        Field::new(START_TIME, time(), true),
    ]))
}

/// How the columns are written.
pub(super) fn properties(row_group_bytes: usize) -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(row_group_bytes))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(WRITE_BATCH_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for name in [METRIC, KIND, MIN_TIME, MAX_TIME] {
        builder = builder.set_column_statistics_enabled(column(name), EnabledStatistics::Page);
    }
    for name in [MIN_TIME, MAX_TIME, COUNT, RESETS, START_TIME] {
        builder = builder
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in [SUM, MIN, MAX, FIRST, LAST] {
        builder = builder
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::BYTE_STREAM_SPLIT);
    }
    builder
        .set_column_statistics_enabled(column(SERIES), EnabledStatistics::None)
        .set_column_dictionary_enabled(column(SERIES), false)
        .set_column_encoding(column(SERIES), Encoding::DELTA_BYTE_ARRAY)
        // Chunks are already compressed; uncompressed pages can be read by byte range.
        .set_column_statistics_enabled(column(CHUNK), EnabledStatistics::None)
        .set_column_dictionary_enabled(column(CHUNK), false)
        .set_column_encoding(column(CHUNK), Encoding::PLAIN)
        .set_column_compression(column(CHUNK), Compression::UNCOMPRESSED)
        .set_column_data_page_size_limit(column(CHUNK), CHUNK_PAGE_BYTES)
        .build()
}
