//! Reads rows of parts: first the columns for matching, then the chunks of the matching rows.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, BinaryArray, RecordBatch, TimestampMillisecondArray, UInt32Array,
};
use arrow::buffer::Buffer;
use arrow::datatypes::Int32Type;
use chunks::Chunk;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::ObjectStore;
use parking_lot::Mutex;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::{ParquetRecordBatchStream, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;
use signals::metric::{Exemplar, Metadata, NAME_LABEL};
use signals::{Labels, Matcher, MemoryBudget, MemoryReservation};

use super::footers::Footers;
use super::merge::start_time;
use super::object::PartObject;
use super::prune::{Candidates, Wanted, candidates, has_labels, joined};
use super::schema::{CHUNK, COUNT, Class, MAX_TIME, METRIC, MIN_TIME, SERIES, START_TIME};
use super::{damaged, family};
use crate::metrics::SeriesChunks;
use crate::metrics::head::check_series;
use crate::metrics::labels::{LabelCounts, LabelProjection, LabelQuery};
use crate::metrics::matching::{Condition, pairs};
use crate::metrics::series_chunks::series_bytes;
use crate::{Part, StoreError};

/// Rows decoded at once.
const BATCH_ROWS: usize = 4096;
/// Parts that one selection reads concurrently.
const CONCURRENT_PARTS: usize = 8;

/// Reads parts of metrics and caches their footers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct PartReader {
    inner: Arc<OpenStore>,
}

#[derive(Debug)]
struct OpenStore {
    objects: Arc<dyn ObjectStore>,
    footers: Mutex<Footers>,
}

/// A part whose footer is known.
pub(super) struct OpenPart<'a> {
    reader: &'a PartReader,
    part: &'a Part,
    footer: ArrowReaderMetadata,
}

pub(super) type RowStream = ParquetRecordBatchStream<PartObject>;

/// Limits of a selection, and whether labels are enough.
#[derive(Debug, Clone, Copy)]
struct Bounds<'a> {
    series_max: usize,
    has_chunks: bool,
    /// Budget for labels and chunks.
    memory: Option<&'a MemoryReservation>,
}

impl Bounds<'_> {
    const NONE: Self = Self { series_max: usize::MAX, has_chunks: true, memory: None };

    fn take(&self, bytes: usize) -> Result<(), StoreError> {
        Ok(self.memory.map_or(Ok(()), |memory| memory.try_grow(bytes))?)
    }

    fn give_back(&self, bytes: usize) {
        if let Some(memory) = self.memory {
            memory.shrink(bytes);
        }
    }
}

/// The query to each part.
#[derive(Debug, Clone, Copy)]
struct RowsQuery<'a> {
    wanted: Wanted<'a>,
    conditions: &'a [Condition<'a>],
    bounds: Bounds<'a>,
}

/// Series with the requested chunks.
type Rows = Vec<(Labels, Vec<Chunk>)>;

/// A matching row.
struct Hit {
    /// Index among all rows of the row groups that are read.
    position: usize,
    series: usize,
    min_ms: i64,
    max_ms: i64,
    count: u16,
}

/// The columns for matching, of one batch.
pub(super) struct RowColumns {
    pub(super) series: BinaryArray,
    pub(super) min_time: TimestampMillisecondArray,
    pub(super) max_time: TimestampMillisecondArray,
    pub(super) count: UInt32Array,
}

impl RowColumns {
    pub(super) fn of(batch: &RecordBatch) -> Option<Self> {
        Some(Self {
            series: column(batch, SERIES)?,
            min_time: column(batch, MIN_TIME)?,
            max_time: column(batch, MAX_TIME)?,
            count: column(batch, COUNT)?,
        })
    }
}

pub(super) fn column<T: Array + Clone + 'static>(batch: &RecordBatch, name: &str) -> Option<T> {
    batch.column_by_name(name)?.as_any().downcast_ref::<T>().cloned()
}

/// The bytes of one chunk, sharing memory with its column.
pub(super) fn chunk_bytes(chunks: &BinaryArray, row: usize) -> Buffer {
    let (Some(start), Some(end)) =
        (chunks.value_offsets().get(row), chunks.value_offsets().get(row + 1))
    else {
        return Buffer::default();
    };
    chunks.values().slice_with_length(*start as usize, (end - start) as usize)
}

impl PartReader {
    /// A reader of parts in `objects`; `caches` bounds its cached footers.
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, caches: &MemoryBudget) -> Self {
        let footers = Mutex::new(Footers::new(caches));
        Self { inner: Arc::new(OpenStore { objects, footers }) }
    }

    /// Family metadata of parts, which are given oldest first; called once at start.
    ///
    /// # Errors
    /// [`StoreError::Io`] when a part cannot be read.
    pub(crate) async fn metadata(&self, parts: &[Arc<Part>]) -> Result<Vec<Metadata>, StoreError> {
        let mut families = BTreeMap::new();
        let wanted =
            Wanted { class: Class::Families, metrics: None, start_ms: i64::MIN, end_ms: i64::MAX };
        for (labels, chunks) in self.rows_of_all(parts, wanted, &[], Bounds::NONE).await? {
            let metric = labels.metric_name();
            for metadata in chunks.iter().filter_map(|chunk| family::decode(metric, &chunk.bytes)) {
                families.insert(metadata.metric.clone(), metadata);
            }
        }
        Ok(families.into_values().collect())
    }

    /// The matching series of parts, which are given oldest first.
    pub(crate) async fn select(
        &self,
        parts: &[Arc<Part>],
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        memory: &MemoryReservation,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        let wanted = Wanted { class: Class::Samples, metrics: None, start_ms, end_ms };
        let bounds = Bounds { series_max, has_chunks: true, memory: Some(memory) };
        let rows = self.rows_of_all(parts, wanted, matchers, bounds).await?;
        Ok(rows.into_iter().map(|(labels, chunks)| SeriesChunks::new(labels, chunks)).collect())
    }

    /// As [`Self::select`], labels only.
    pub(crate) async fn series(
        &self,
        parts: &[Arc<Part>],
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<Labels>, StoreError> {
        let wanted = Wanted { class: Class::Samples, metrics: None, start_ms, end_ms };
        let bounds = Bounds { series_max, has_chunks: false, memory: None };
        let rows = self.rows_of_all(parts, wanted, matchers, bounds).await?;
        Ok(rows.into_iter().map(|(labels, _)| labels).collect())
    }

    /// Answers a label query from parts.
    pub(crate) async fn labels(
        &self,
        parts: &[Arc<Part>],
        query: &LabelQuery<'_>,
        memory: &MemoryReservation,
    ) -> Result<LabelCounts, StoreError> {
        let conditions = Condition::all(query.matchers);
        let reads: Vec<_> = parts
            .iter()
            .map(|part| async { self.open(part).await?.labels(query, &conditions, memory).await })
            .collect();
        let mut reads = futures::stream::iter(reads).buffered(CONCURRENT_PARTS);
        let mut all = LabelCounts::default();
        while let Some(counts) = reads.try_next().await? {
            all.merge(counts);
        }
        Ok(all)
    }

    /// Exemplars of the matching series of parts, oldest part first.
    pub(crate) async fn exemplars(
        &self,
        parts: &[Arc<Part>],
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<(Labels, Vec<Exemplar>)>, StoreError> {
        let wanted = Wanted { class: Class::Exemplars, metrics: None, start_ms, end_ms };
        let mut found = Vec::new();
        for (labels, chunks) in self.rows_of_all(parts, wanted, matchers, Bounds::NONE).await? {
            let mut exemplars = Vec::new();
            for chunk in &chunks {
                exemplars.extend(chunk.exemplars().map_err(|error| damaged(&labels, error))?);
            }
            exemplars.retain(|exemplar| (start_ms..=end_ms).contains(&exemplar.timestamp_ms));
            if !exemplars.is_empty() {
                found.push((labels, exemplars));
            }
        }
        Ok(found)
    }

    /// The rows of all parts, oldest part first; each series once.
    async fn rows_of_all(
        &self,
        parts: &[Arc<Part>],
        wanted: Wanted<'_>,
        matchers: &[Matcher],
        bounds: Bounds<'_>,
    ) -> Result<Rows, StoreError> {
        let conditions = Condition::all(matchers);
        let name = conditions.iter().find(|condition| condition.matcher.name == NAME_LABEL);
        let metrics = name.and_then(|condition| condition.literals.as_deref());
        let wanted = Wanted { metrics, ..wanted };
        let query = RowsQuery { wanted, conditions: &conditions, bounds };
        // Collected, because a closure over references in this future would prevent `Send`.
        let reads: Vec<_> = parts
            .iter()
            .map(|part| async move { self.open(part).await?.rows(query).await })
            .collect();
        let mut reads = futures::stream::iter(reads).buffered(CONCURRENT_PARTS);
        let mut all: Rows = Vec::new();
        let mut places: HashMap<Labels, usize> = HashMap::new();
        while let Some(rows) = reads.try_next().await? {
            for (labels, chunks) in rows {
                let (known, bytes) = (all.len(), series_bytes(labels.as_bytes()));
                let place = *places.entry(labels).or_insert_with_key(|labels| {
                    all.push((labels.clone(), Vec::new()));
                    all.len() - 1
                });
                if place < known {
                    // An earlier part also has the series.
                    bounds.give_back(bytes);
                }
                if let Some((_, known)) = all.get_mut(place) {
                    known.extend(chunks);
                }
            }
            check_series(all.len(), bounds.series_max)?;
        }
        Ok(all)
    }

    pub(super) async fn open<'a>(&'a self, part: &'a Part) -> Result<OpenPart<'a>, StoreError> {
        if let Some(footer) = self.inner.footers.lock().get(&part.path) {
            return Ok(OpenPart { reader: self, part, footer });
        }
        let mut objects = self.object(part);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer =
            AssertUnwindSafe(ArrowReaderMetadata::load_async(&mut objects, options)).catch_unwind();
        let footer = footer
            .await
            .unwrap_or_else(|_| Err(gave_up()))
            .map_err(|error| unreadable(part, &error))?;
        self.inner.footers.lock().insert(part.path.clone(), &footer);
        Ok(OpenPart { reader: self, part, footer })
    }

    fn object(&self, part: &Part) -> PartObject {
        PartObject {
            objects: Arc::clone(&self.inner.objects),
            path: part.path.clone(),
            bytes: part.bytes,
        }
    }
}

fn unreadable(part: &Part, error: &ParquetError) -> StoreError {
    StoreError::Unreadable { path: part.path.to_string(), reason: error.to_string() }
}

/// The next rows of a part. A panic of the Parquet reader on damaged pages becomes an error.
pub(super) async fn next_batch(
    stream: &mut RowStream,
    part: &Part,
) -> Result<Option<RecordBatch>, StoreError> {
    let next = AssertUnwindSafe(stream.try_next()).catch_unwind().await;
    next.unwrap_or_else(|_| Err(gave_up())).map_err(|error| unreadable(part, &error))
}

fn gave_up() -> ParquetError {
    ParquetError::General("damaged so that the Parquet reader gave up".to_owned())
}

impl OpenPart<'_> {
    /// Streams columns of rows; `ranges` count rows within the given row groups only.
    pub(super) fn stream(
        &self,
        row_groups: &[Candidates],
        ranges: Option<Vec<Range<usize>>>,
        columns: &[&str],
    ) -> Result<RowStream, StoreError> {
        let rows = row_groups.iter().map(|row_group| row_group.rows).sum();
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(
            self.reader.object(self.part),
            self.footer.clone(),
        );
        let projection = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder
            .with_projection(projection)
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(row_groups.iter().map(|row_group| row_group.row_group).collect());
        if let Some(ranges) = ranges {
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(
                ranges.into_iter(),
                rows,
            ));
        }
        builder.build().map_err(|error| unreadable(self.part, &error))
    }

    pub(super) fn candidates(&self, wanted: Wanted<'_>) -> Vec<Candidates> {
        candidates(self.footer.metadata(), wanted)
    }

    fn damaged(&self, reason: &str) -> StoreError {
        StoreError::Unreadable { path: self.part.path.to_string(), reason: reason.to_owned() }
    }

    pub(super) fn unexpected(&self) -> StoreError {
        self.damaged("it lacks a column or has one of another type")
    }

    pub(super) fn part(&self) -> &Part {
        self.part
    }

    /// The matching series, in the order of the part, with their chunks if requested.
    async fn rows(&self, query: RowsQuery<'_>) -> Result<Rows, StoreError> {
        let row_groups = self.candidates(query.wanted);
        if row_groups.is_empty() {
            return Ok(Vec::new());
        }
        let (mut rows, hits) = self.matching(&row_groups, query).await?;
        if !query.bounds.has_chunks || hits.is_empty() {
            return Ok(rows);
        }
        let ranges = joined(hits.iter().map(|hit| hit.position..hit.position + 1));
        let mut stream = self.stream(&row_groups, Some(ranges), &[CHUNK, START_TIME])?;
        let mut hits = hits.into_iter();
        while let Some(batch) = next_batch(&mut stream, self.part).await? {
            let chunks: BinaryArray = column(&batch, CHUNK).ok_or_else(|| self.unexpected())?;
            let starts = column(&batch, START_TIME);
            query.bounds.take(chunks.value_data().len())?;
            for row in 0..chunks.len() {
                let hit = hits.next().ok_or_else(|| self.unexpected())?;
                let Hit { series, min_ms, max_ms, count, .. } = hit;
                let (bytes, start_ms) =
                    (chunk_bytes(&chunks, row), start_time(starts.as_ref(), row));
                let chunk = Chunk { min_ms, max_ms, count, bytes, start_ms };
                if query.wanted.class != Class::Families {
                    chunk.check().map_err(|error| self.damaged(&error.to_string()))?;
                }
                if let Some((_, chunks)) = rows.get_mut(series) {
                    chunks.push(chunk);
                }
            }
        }
        if hits.next().is_some() { Err(self.unexpected()) } else { Ok(rows) }
    }

    /// Reads the columns for matching, and evaluates the matchers.
    async fn matching(
        &self,
        row_groups: &[Candidates],
        query: RowsQuery<'_>,
    ) -> Result<(Rows, Vec<Hit>), StoreError> {
        let ranges = positions(row_groups);
        let mut stream =
            self.stream(row_groups, Some(ranges.clone()), &[SERIES, MIN_TIME, MAX_TIME, COUNT])?;
        let mut positions = ranges.into_iter().flatten();
        let mut rows: Rows = Vec::new();
        let mut hits = Vec::new();
        // Rows of one series follow each other, so each series is decided once.
        let mut previous: Option<(Vec<u8>, Option<usize>)> = None;
        while let Some(batch) = next_batch(&mut stream, self.part).await? {
            let columns = RowColumns::of(&batch).ok_or_else(|| self.unexpected())?;
            for row in 0..batch.num_rows() {
                let position = positions.next().ok_or_else(|| self.unexpected())?;
                let (min_ms, max_ms) = (columns.min_time.value(row), columns.max_time.value(row));
                if min_ms > query.wanted.end_ms || max_ms < query.wanted.start_ms {
                    continue;
                }
                let bytes = columns.series.value(row);
                let series = match &previous {
                    Some((labels, series)) if labels == bytes => *series,
                    _ => {
                        let is_match = query
                            .conditions
                            .iter()
                            .all(|condition| condition.is_satisfied_by(bytes));
                        let series = if is_match {
                            Some(self.add_series(bytes, &mut rows, query.bounds)?)
                        } else {
                            None
                        };
                        previous = Some((bytes.to_vec(), series));
                        series
                    }
                };
                if let Some(series) = series {
                    let count =
                        u16::try_from(columns.count.value(row)).map_err(|_| self.unexpected())?;
                    hits.push(Hit { position, series, min_ms, max_ms, count });
                }
            }
        }
        Ok((rows, hits))
    }

    /// Answers a label query from the part's label rows, or from its sample rows if there are
    /// matchers or the part is of an earlier version, without label rows.
    async fn labels(
        &self,
        query: &LabelQuery<'_>,
        conditions: &[Condition<'_>],
        memory: &MemoryReservation,
    ) -> Result<LabelCounts, StoreError> {
        if conditions.is_empty() && has_labels(self.footer.metadata()) {
            self.counted_labels(query, memory).await
        } else {
            self.labels_of_series(query, conditions, memory).await
        }
    }

    async fn counted_labels(
        &self,
        query: &LabelQuery<'_>,
        memory: &MemoryReservation,
    ) -> Result<LabelCounts, StoreError> {
        let LabelQuery { projection, start_ms, end_ms, .. } = *query;
        let name = match projection {
            LabelProjection::ValuesOf(name) => Some([name.to_owned()]),
            LabelProjection::Names | LabelProjection::Pairs => None,
        };
        let metrics = name.as_ref().map(<[String; 1]>::as_slice);
        let wanted_rows = Wanted { class: Class::Labels, metrics, start_ms, end_ms };
        let row_groups = self.candidates(wanted_rows);
        let ranges = Some(positions(&row_groups));
        let mut counts = LabelCounts::default();
        if matches!(projection, LabelProjection::Names) {
            let mut stream = self.stream(&row_groups, ranges, &[METRIC])?;
            while let Some(batch) = next_batch(&mut stream, self.part).await? {
                let names = batch.column_by_name(METRIC).ok_or_else(|| self.unexpected())?;
                let names = names.as_dictionary_opt::<Int32Type>();
                let names = names.and_then(|names| names.values().as_string_opt::<i32>());
                for name in names.ok_or_else(|| self.unexpected())?.iter().flatten() {
                    counts.add(name, "", 1);
                }
                counts.charge(memory)?;
            }
            return Ok(counts);
        }
        let mut stream = self.stream(&row_groups, ranges, &[SERIES, COUNT])?;
        while let Some(batch) = next_batch(&mut stream, self.part).await? {
            let pairs: BinaryArray = column(&batch, SERIES).ok_or_else(|| self.unexpected())?;
            let series: UInt32Array = column(&batch, COUNT).ok_or_else(|| self.unexpected())?;
            for (pair, series) in pairs.iter().flatten().zip(series.values()) {
                visit_pairs(projection, pair, |name, value| {
                    counts.add(name, value, u64::from(*series));
                });
            }
            counts.charge(memory)?;
        }
        Ok(counts)
    }

    async fn labels_of_series(
        &self,
        query: &LabelQuery<'_>,
        conditions: &[Condition<'_>],
        memory: &MemoryReservation,
    ) -> Result<LabelCounts, StoreError> {
        let LabelQuery { projection, start_ms, end_ms, .. } = *query;
        let name = conditions.iter().find(|condition| condition.matcher.name == NAME_LABEL);
        let metrics = name.and_then(|condition| condition.literals.as_deref());
        let row_groups =
            self.candidates(Wanted { class: Class::Samples, metrics, start_ms, end_ms });
        let ranges = Some(positions(&row_groups));
        let mut stream = self.stream(&row_groups, ranges, &[SERIES, MIN_TIME, MAX_TIME])?;
        let mut counts = LabelCounts::default();
        // Rows of one series follow each other.
        let mut counted: Vec<u8> = Vec::new();
        while let Some(batch) = next_batch(&mut stream, self.part).await? {
            let series: BinaryArray = column(&batch, SERIES).ok_or_else(|| self.unexpected())?;
            let times = |name| column::<TimestampMillisecondArray>(&batch, name);
            let (Some(first), Some(last)) = (times(MIN_TIME), times(MAX_TIME)) else {
                return Err(self.unexpected());
            };
            for row in 0..batch.num_rows() {
                let labels = series.value(row);
                let is_inside = first.value(row) <= end_ms && last.value(row) >= start_ms;
                if !is_inside || counted == labels {
                    continue;
                }
                counted.clear();
                counted.extend_from_slice(labels);
                if conditions.iter().all(|condition| condition.is_satisfied_by(labels)) {
                    visit_pairs(projection, labels, |name, value| counts.add(name, value, 1));
                }
            }
            counts.charge(memory)?;
        }
        Ok(counts)
    }

    fn add_series(
        &self,
        bytes: &[u8],
        rows: &mut Rows,
        bounds: Bounds<'_>,
    ) -> Result<usize, StoreError> {
        bounds.take(series_bytes(bytes))?;
        let labels =
            Labels::from_bytes(bytes).ok_or_else(|| self.damaged("it has damaged labels"))?;
        rows.push((labels, Vec::new()));
        check_series(rows.len(), bounds.series_max)?;
        Ok(rows.len() - 1)
    }
}

/// Visits the pairs of canonical label bytes that the projection selects.
fn visit_pairs(projection: LabelProjection<'_>, labels: &[u8], mut visit: impl FnMut(&str, &str)) {
    for (_, name, value) in pairs(labels) {
        let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else {
            continue;
        };
        match projection {
            LabelProjection::Names => visit(name, ""),
            LabelProjection::ValuesOf(other) if name != other => {}
            LabelProjection::ValuesOf(_) | LabelProjection::Pairs => visit(name, value),
        }
    }
}

/// Ranges of rows, counted across all given row groups.
fn positions(row_groups: &[Candidates]) -> Vec<Range<usize>> {
    let mut before = 0;
    let mut all = Vec::new();
    for row_group in row_groups {
        all.extend(row_group.ranges.iter().map(|range| range.start + before..range.end + before));
        before += row_group.rows;
    }
    joined(all.into_iter())
}
