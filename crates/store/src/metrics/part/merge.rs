//! Merges parts of one UTC day: chunks of a series are joined and re-encoded.

use std::cmp::Ordering;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, BinaryArray, TimestampMillisecondArray};
use chunks::{Chunk, encode_exemplars};
use signals::Labels;
use signals::metric::{Exemplar, Metadata};

use super::file::PartFile;
use super::prune::Wanted;
use super::reader::{OpenPart, PartReader, RowColumns, RowStream, chunk_bytes, column, next_batch};
use super::schema::{CHUNK, COUNT, Class, MAX_TIME, MIN_TIME, ROW_GROUP_BYTES, SERIES, START_TIME};
use super::{PartSummary, SeriesWriter, damaged};
use crate::metrics::Deletion;
use crate::metrics::matching::compare_rows;
use crate::metrics::series_chunks::overlapping_runs;
use crate::part::merge::MergeSizes;
use crate::{Part, StoreError};

/// Samples of a merged chunk; more would hardly shrink it (decision 0003).
const SAMPLES_TARGET: usize = 2000;
/// Exemplars kept per series and day; the newest are kept.
const EXEMPLARS_MAX: usize = 4096;
/// Number of series after which the task yields.
const SERIES_PER_TURN: usize = 64;

/// Merges the parts of one day, oldest first, into one; later samples win, and those of `deletion`
/// are left out. `origin` is the JSON for its footer.
///
/// Inputs must be adjacent in the manifest. Memory is bounded by one series, and one row group of
/// each input.
///
/// # Errors
/// [`StoreError::Io`] when an input cannot be read or is damaged, or the sink fails.
pub(crate) async fn merge<W: Write + Send>(
    reader: &PartReader,
    inputs: &[Arc<Part>],
    deletion: Option<&Deletion>,
    origin: String,
    sizes: MergeSizes,
    sink: W,
) -> Result<PartSummary, StoreError> {
    let row_group_bytes = sizes.row_group_bytes.min(ROW_GROUP_BYTES);
    let mut file = PartFile::new(sink, origin, row_group_bytes)?;
    for class in Class::ALL {
        match class {
            Class::Families => {
                let families: Vec<Metadata> = reader.metadata(inputs).await?;
                for metadata in &families {
                    file.push_family(metadata)?;
                }
            }
            Class::Samples | Class::Exemplars => {
                merge_class(reader, inputs, deletion, class, &mut file).await?;
            }
            Class::Labels => file.push_labels()?,
        }
        file.end_class()?;
    }
    file.finish()
}

async fn merge_class<W: Write + Send>(
    reader: &PartReader,
    inputs: &[Arc<Part>],
    deletion: Option<&Deletion>,
    class: Class,
    file: &mut PartFile<W>,
) -> Result<(), StoreError> {
    let mut cursors = Vec::with_capacity(inputs.len());
    for part in inputs {
        cursors.push(Cursor::open(reader.open(part).await?, class).await?);
    }
    let mut series_of_turn = 0;
    loop {
        let least = cursors.iter().filter_map(Cursor::series).min_by(|a, b| compare_rows(a, b));
        let Some(series) = least.map(<[u8]>::to_vec) else { return Ok(()) };
        let labels = Labels::from_bytes(&series)
            .ok_or_else(|| StoreError::Io("a part has damaged labels".to_owned()))?;
        let mut chunks = Vec::new();
        for cursor in &mut cursors {
            cursor.take(&series, &mut chunks).await?;
        }
        let deleted_ms = deletion.and_then(|deletion| deletion.of(&labels));
        if class == Class::Exemplars {
            write_exemplars(&labels, &chunks, deleted_ms, file)?;
        } else {
            let mut writer = SeriesWriter::new(&labels, SAMPLES_TARGET, true);
            writer.deleted_ms = deleted_ms;
            for run in overlapping_runs(&chunks) {
                writer.push_run(&run, file)?;
            }
            writer.finish(file)?;
        }
        series_of_turn += 1;
        if series_of_turn == SERIES_PER_TURN {
            series_of_turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

fn write_exemplars<W: Write + Send>(
    labels: &Labels,
    chunks: &[Chunk],
    deleted_ms: Option<(i64, i64)>,
    file: &mut PartFile<W>,
) -> Result<(), StoreError> {
    let mut all: Vec<Exemplar> = Vec::new();
    for chunk in chunks {
        all.extend(chunk.exemplars().map_err(|error| damaged(labels, error))?);
    }
    if let Some((start_ms, end_ms)) = deleted_ms {
        all.retain(|exemplar| !(start_ms..=end_ms).contains(&exemplar.timestamp_ms));
    }
    all.sort_by_key(|exemplar| exemplar.timestamp_ms);
    all.dedup();
    let newest = all.get(all.len().saturating_sub(EXEMPLARS_MAX)..).unwrap_or_default();
    encode_exemplars(newest).map_or(Ok(()), |chunk| file.push_exemplars(labels, &chunk))
}

/// The start time of a row, if there is one.
pub(super) fn start_time(times: Option<&TimestampMillisecondArray>, row: usize) -> Option<i64> {
    times.filter(|times| times.is_valid(row)).map(|times| times.value(row))
}

/// The read position of one input.
struct Cursor<'a> {
    part: OpenPart<'a>,
    stream: RowStream,
    batch: Option<(RowColumns, BinaryArray)>,
    /// Of the batch; parts of earlier versions have no start times.
    start_times: Option<TimestampMillisecondArray>,
    row: usize,
}

impl<'a> Cursor<'a> {
    async fn open(part: OpenPart<'a>, class: Class) -> Result<Self, StoreError> {
        let row_groups =
            part.candidates(Wanted { class, metrics: None, start_ms: i64::MIN, end_ms: i64::MAX });
        let columns = [SERIES, MIN_TIME, MAX_TIME, COUNT, CHUNK, START_TIME];
        let stream = part.stream(&row_groups, None, &columns)?;
        let mut cursor = Self { part, stream, batch: None, start_times: None, row: 0 };
        cursor.next_batch().await?;
        Ok(cursor)
    }

    async fn next_batch(&mut self) -> Result<(), StoreError> {
        self.row = 0;
        self.batch = None;
        while self.batch.is_none() {
            let next = next_batch(&mut self.stream, self.part.part()).await?;
            let Some(batch) = next else { return Ok(()) };
            self.start_times = column(&batch, START_TIME);
            let columns = RowColumns::of(&batch).zip(column::<BinaryArray>(&batch, CHUNK));
            self.batch = Some(columns.ok_or_else(|| self.part.unexpected())?)
                .filter(|(columns, _)| !columns.series.is_empty());
        }
        Ok(())
    }

    /// The labels of the next row.
    fn series(&self) -> Option<&[u8]> {
        self.batch.as_ref().map(|(columns, _)| columns.series.value(self.row))
    }

    /// Moves past the rows of a series, collecting their chunks.
    async fn take(&mut self, series: &[u8], into: &mut Vec<Chunk>) -> Result<(), StoreError> {
        while self.series() == Some(series) {
            let Some((columns, chunks)) = &self.batch else { return Ok(()) };
            into.push(Chunk {
                min_ms: columns.min_time.value(self.row),
                max_ms: columns.max_time.value(self.row),
                count: u16::try_from(columns.count.value(self.row))
                    .map_err(|_| self.part.unexpected())?,
                bytes: chunk_bytes(chunks, self.row),
                start_ms: start_time(self.start_times.as_ref(), self.row),
            });
            self.row += 1;
            if self.row == chunks.len() {
                self.next_batch().await?;
            }
            // Rows of a damaged part might come in any order; a merge must still end.
            if self.series().is_some_and(|next| compare_rows(next, series) == Ordering::Less) {
                return Err(StoreError::Unreadable {
                    path: self.part.part().path.to_string(),
                    reason: "its rows are not in order".to_owned(),
                });
            }
        }
        Ok(())
    }
}
