//! Merges sorted parts row by row in bounded memory: a batch of each input and a row group of the
//! output are in memory at a time.
//!
//! Rows with equal sort keys keep the order of the inputs. A flush drops copies of spans that parts
//! already hold (see [`crate::copies`]); copies that two writers stored at the same time are
//! dropped here.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use futures::StreamExt;
use object_store::ObjectStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::async_reader::ParquetRecordBatchStream;
use parquet::file::metadata::ParquetMetaData;
use signals::span::{SpanIdentities, SpanIdentity};
use signals::{Signal, TraceId};

use super::decoded::decoded_row_bytes;
use super::gather::gather;
use super::keys::AttributeKeys;
use super::layout;
use super::object::PartObject;
use super::order::{self, TRACE_BUCKET};
use super::write::{PartWriter, ROW_GROUP_BYTES, Written};
use crate::copies::{FingerprintSet, Fingerprints};
use crate::{Part, StoreError};

/// Rows that are read from an input, and written to the output, at a time.
const BATCH_ROWS: usize = 4 * 1024;

/// What a merge holds in memory at a time, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MergeSizes {
    /// Target size of the rows read from an input.
    pub(crate) batch_bytes: usize,
    /// Maximum size of a row group of the output, and so of an input of later merges.
    pub(crate) row_group_bytes: usize,
}

impl MergeSizes {
    /// Smaller row groups slow down queries, so only a small memory budget for merges has them.
    pub(crate) fn of(budget_bytes: usize) -> Self {
        Self {
            batch_bytes: (budget_bytes / 64).clamp(256 << 10, 4 << 20),
            row_group_bytes: (budget_bytes / 8).clamp(2 << 20, ROW_GROUP_BYTES),
        }
    }
}

/// Merges parts of spans or logs, oldest first, into `sink`.
pub(crate) async fn merge<W: Write + Send>(
    signal: Signal,
    objects: &Arc<dyn ObjectStore>,
    inputs: &[Arc<Part>],
    origin: String,
    sizes: MergeSizes,
    sink: W,
) -> Result<(Written, W), StoreError> {
    let converter = converter(signal)?;
    let mut cursors = Vec::with_capacity(inputs.len());
    let mut keys = Vec::with_capacity(inputs.len());
    for input in inputs {
        let reader = ParquetRecordBatchStreamBuilder::new(PartObject::new(objects, input)).await?;
        let metadata = reader.metadata();
        keys.push(AttributeKeys::of_part(metadata));
        let batch_rows = batch_rows(signal, metadata, sizes.batch_bytes);
        let columns = layout::row_columns(metadata);
        let stream = reader.with_projection(columns).with_batch_size(batch_rows).build()?;
        let mut cursor = Cursor { signal, stream, current: None };
        cursor.advance(&converter).await?;
        cursors.push(cursor);
    }
    let keys = AttributeKeys::merged(&keys).unwrap_or_default();
    let mut output = Output {
        writer: PartWriter::new(signal, sink, origin, &keys, sizes.row_group_bytes)?,
        sources: Vec::new(),
        sources_max: 2 * inputs.len(),
        rows: Vec::with_capacity(BATCH_ROWS),
        generation: 0,
        seen: Seen::default(),
    };
    while let Some((cursor, end)) = next_run(&cursors) {
        let Some(cursor) = cursors.get_mut(cursor) else { break };
        let Some(current) = &mut cursor.current else { break };
        output.add(signal, current, end)?;
        if current.row == current.batch.num_rows() {
            cursor.advance(&converter).await?;
        }
    }
    output.write()?;
    output.writer.finish()
}

/// Number of rows of a part that are read at a time: fewer if they are large.
fn batch_rows(signal: Signal, metadata: &ParquetMetaData, batch_bytes: usize) -> usize {
    let schema = super::write::schema(signal);
    let groups = metadata.row_groups().iter();
    let row_bytes =
        groups.map(|group| decoded_row_bytes(group, &schema, layout::is_row_column)).max();
    (batch_bytes / row_bytes.unwrap_or(1)).clamp(1, BATCH_ROWS)
}

/// The current row of one input.
struct Cursor {
    signal: Signal,
    stream: ParquetRecordBatchStream<PartObject>,
    current: Option<Current>,
}

struct Current {
    batch: RecordBatch,
    keys: Rows,
    row: usize,
    /// The batch's position among the sources of the output, once added.
    source: Option<(u64, usize)>,
}

impl Cursor {
    /// Goes to the next batch.
    async fn advance(&mut self, converter: &RowConverter) -> Result<(), StoreError> {
        self.current = None;
        while let Some(batch) = self.stream.next().await {
            let batch = layout::rows_of_part(self.signal, batch?)?;
            if batch.num_rows() > 0 {
                let keys = converter.convert_columns(&key_columns(self.signal, &batch)?)?;
                self.current = Some(Current { batch, keys, row: 0, source: None });
                break;
            }
        }
        Ok(())
    }
}

/// Converts rows to keys that sort as [`order`] does.
fn converter(signal: Signal) -> Result<RowConverter, StoreError> {
    let types = match signal {
        Signal::Spans => vec![DataType::Int64, DataType::FixedSizeBinary(16), DataType::Int64],
        Signal::Logs | Signal::Metrics => {
            vec![signals::attributes::dictionary_type(), DataType::Int64]
        }
    };
    Ok(RowConverter::new(types.into_iter().map(SortField::new).collect())?)
}

fn key_columns(signal: Signal, batch: &RecordBatch) -> Result<Vec<ArrayRef>, StoreError> {
    let times = order::times(signal, batch)?;
    let column = |name: &str| -> Result<ArrayRef, StoreError> {
        let column = batch.column_by_name(name);
        column.cloned().ok_or_else(|| StoreError::Io(format!("a part has no column {name}")))
    };
    Ok(match signal {
        Signal::Spans => {
            let buckets: Int64Array = times.unary(|time| time.div_euclid(TRACE_BUCKET));
            vec![Arc::new(buckets), column(signals::span::column::TRACE_ID)?, Arc::new(times)]
        }
        Signal::Logs | Signal::Metrics => {
            vec![column(signals::log::column::STREAM)?, Arc::new(times)]
        }
    })
}

/// The cursor with the smallest key, and the end of its run.
fn next_run(cursors: &[Cursor]) -> Option<(usize, usize)> {
    let heads = || {
        cursors.iter().enumerate().filter_map(|(index, cursor)| {
            let current = cursor.current.as_ref()?;
            Some((current.keys.row(current.row), index))
        })
    };
    let (_, first) = heads().min()?;
    let limit = heads().filter(|(_, index)| *index != first).min();
    let current = cursors.get(first)?.current.as_ref()?;
    let rows = current.batch.num_rows();
    let Some(limit) = limit else { return Some((first, rows)) };
    let end = (current.row + 1..rows).find(|row| (current.keys.row(*row), first) > limit);
    Some((first, end.unwrap_or(rows)))
}

/// Rows that wait to be written into the new part.
struct Output<W: Write + Send> {
    writer: PartWriter<W>,
    sources: Vec<RecordBatch>,
    /// Bounds the memory when few rows of each batch are used.
    sources_max: usize,
    rows: Vec<(usize, usize)>,
    /// Incremented when `sources` is cleared.
    generation: u64,
    seen: Seen,
}

impl<W: Write + Send> Output<W> {
    fn add(&mut self, signal: Signal, current: &mut Current, end: usize) -> Result<(), StoreError> {
        let batch = current.batch.clone();
        let spans = (signal == Signal::Spans).then(|| SpanIdentities::new(&batch)).transpose()?;
        while current.row < end {
            let row = current.row;
            current.row += 1;
            if let Some(spans) = &spans
                && self.seen.is_repeated(&spans.get(row))
            {
                continue;
            }
            let source = self.source(current);
            self.rows.push((source, row));
            if self.rows.len() == BATCH_ROWS || self.sources.len() > self.sources_max {
                self.write()?;
            }
        }
        Ok(())
    }

    /// The index of a cursor's batch among the sources of the rows being gathered.
    fn source(&mut self, current: &mut Current) -> usize {
        let generation = self.generation;
        match current.source {
            Some((of, source)) if of == generation => source,
            _ => {
                let source = self.sources.len();
                self.sources.push(current.batch.clone());
                current.source = Some((generation, source));
                source
            }
        }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let sources: Vec<&RecordBatch> = self.sources.iter().collect();
        self.writer.write(&gather(&sources, &self.rows)?)?;
        self.rows.clear();
        self.sources.clear();
        self.generation += 1;
        Ok(())
    }
}

/// The spans of the trace and bucket that is being written.
#[derive(Default)]
struct Seen {
    fingerprints: Fingerprints,
    trace: Option<(i64, TraceId)>,
    spans: FingerprintSet,
}

impl Seen {
    fn is_repeated(&mut self, span: &SpanIdentity<'_>) -> bool {
        let trace = Some((span.start_time.div_euclid(TRACE_BUCKET), span.trace_id));
        if self.trace != trace {
            self.trace = trace;
            self.spans.clear();
        }
        !self.spans.insert(self.fingerprints.of(span))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use parquet::file::metadata::RowGroupMetaData;
    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;
    use signals::log::{LogBuilder, Record};

    use super::*;

    #[tokio::test]
    async fn row_groups_of_a_merge_follow_its_memory_budget() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut inputs = Vec::new();
        for input in 0..2 {
            let mut builder = LogBuilder::default();
            let resource = builder.resource("agent", "{service_name=\"agent\"}", "agent");
            let scope = builder.scope("lib", "1", "");
            let mut state: u64 = input + 1;
            for row in 0..16 * 1024 {
                // Text that hardly compresses: xorshift.
                let body: String = (0..512)
                    .map(|_| {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        char::from(b'a' + (state % 26) as u8)
                    })
                    .collect();
                builder.append(resource, scope, &Record::new(row, &body)).unwrap();
            }
            let bytes = crate::part_of(Signal::Logs, &[builder.finish().unwrap()]).unwrap();
            let path = Path::from(format!("{input}.parquet"));
            let part = Part {
                path: path.clone(),
                bytes: bytes.len() as u64,
                rows: 0,
                min_time: 0,
                max_time: 0,
            };
            objects.put(&path, bytes.into()).await.unwrap();
            inputs.push(Arc::new(part));
        }
        for (budget, expected) in [(16 << 20, 5), (256 << 20, 1)] {
            let sizes = MergeSizes::of(budget);
            let merged =
                merge(Signal::Logs, &objects, &inputs, String::new(), sizes, Vec::new()).await;
            let (written, file) = merged.unwrap();
            assert_eq!(written.rows, 32 * 1024);
            let metadata = SerializedFileReader::new(Bytes::from(file)).unwrap();
            let row_groups = metadata.metadata().row_groups();
            let bytes: Vec<i64> =
                row_groups.iter().map(RowGroupMetaData::compressed_size).collect();
            assert_eq!(bytes.len(), expected, "{bytes:?}");
            assert!(bytes.iter().all(|bytes| *bytes <= sizes.row_group_bytes as i64), "{bytes:?}");
        }
    }
}
