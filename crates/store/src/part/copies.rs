//! Which spans parts already hold.

use std::borrow::Borrow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::error::ArrowError;
use futures::{FutureExt, StreamExt};
use object_store::ObjectStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderOptions, RowFilter, RowSelection};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use signals::Timestamp;
use signals::rows::BytesColumn;
use signals::span::{IDENTITY_COLUMNS, SpanIdentities, column};

use super::object::PartObject;
use crate::copies::{CopyCandidate, FingerprintSet, Fingerprints};
use crate::{Part, StoreError};

/// What is looked up in one part.
struct Wanted {
    /// Sorted.
    times: Vec<Timestamp>,
    /// Sorted.
    traces: Vec<[u8; 16]>,
    fingerprints: FingerprintSet,
}

impl Wanted {
    /// The candidates that lie within the part's time range.
    fn of(part: &Part, candidates: &[CopyCandidate]) -> Self {
        let near = || {
            let range = part.min_time..=part.max_time;
            candidates.iter().filter(move |candidate| range.contains(&candidate.start_time))
        };
        let mut times: Vec<Timestamp> = near().map(|candidate| candidate.start_time).collect();
        let mut traces: Vec<[u8; 16]> = near().map(|candidate| candidate.trace_id.0).collect();
        times.sort_unstable();
        traces.sort_unstable();
        Self {
            times,
            traces,
            fingerprints: near().map(|candidate| candidate.fingerprint).collect(),
        }
    }
}

fn has_between<T: Ord + ?Sized>(sorted: &[impl Borrow<T>], min: &T, max: &T) -> bool {
    let first = sorted.partition_point(|value| value.borrow() < min);
    sorted.get(first).is_some_and(|value| value.borrow() <= max)
}

/// The fingerprints of the candidates that parts hold. A part that cannot be read counts as holding
/// none, so that it blocks neither a flush nor a query.
pub(crate) async fn stored(
    objects: &Arc<dyn ObjectStore>,
    parts: &[Arc<Part>],
    candidates: &[CopyCandidate],
    fingerprints: &Fingerprints,
) -> FingerprintSet {
    let mut found = FingerprintSet::default();
    for part in parts {
        let wanted = Wanted::of(part, candidates);
        if wanted.times.is_empty() {
            continue;
        }
        // The Parquet reader panics on some damaged files.
        let find = AssertUnwindSafe(find(objects, part, wanted, fingerprints));
        match find.catch_unwind().await {
            Ok(Ok(stored)) => found.extend(stored),
            Ok(Err(error)) => {
                tracing::warn!(path = %part.path, %error, "duplicate spans may remain");
            }
            Err(_) => tracing::warn!(path = %part.path, "damaged part: duplicate spans may remain"),
        }
    }
    found
}

async fn find(
    objects: &Arc<dyn ObjectStore>,
    part: &Arc<Part>,
    wanted: Wanted,
    fingerprints: &Fingerprints,
) -> Result<FingerprintSet, StoreError> {
    let mut found = FingerprintSet::default();
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
    let reader = PartObject::new(objects, part);
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(reader, options).await?;
    let (row_groups, selection) = candidates(builder.metadata(), &wanted);
    if row_groups.is_empty() {
        return Ok(found);
    }
    let schema = builder.parquet_schema();
    let identity = ProjectionMask::columns(schema, IDENTITY_COLUMNS);
    let trace_id = ProjectionMask::columns(schema, [column::TRACE_ID]);
    let Wanted { traces, fingerprints: wanted, .. } = wanted;
    let predicate = ArrowPredicateFn::new(trace_id, move |batch| is_of_traces(&batch, &traces));
    let mut rows = builder
        .with_projection(identity)
        .with_row_groups(row_groups)
        .with_row_selection(selection)
        .with_row_filter(RowFilter::new(vec![Box::new(predicate)]))
        .build()?;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        let spans = SpanIdentities::new(&batch)?;
        let stored = (0..batch.num_rows()).map(|row| fingerprints.of(&spans.get(row)));
        found.extend(stored.filter(|fingerprint| wanted.contains(fingerprint)));
    }
    Ok(found)
}

fn is_of_traces(batch: &RecordBatch, traces: &[[u8; 16]]) -> Result<BooleanArray, ArrowError> {
    let ids = BytesColumn::new(batch, column::TRACE_ID)
        .map_err(|error| ArrowError::SchemaError(error.to_string()))?;
    let is_wanted = |row| ids.get(row).is_some_and(|id| traces.binary_search(&id).is_ok());
    Ok((0..batch.num_rows()).map(is_wanted).collect::<Vec<bool>>().into())
}

/// The row groups that may hold what is wanted, and the rows in them that the page index does not
/// rule out.
fn candidates(footer: &ParquetMetaData, wanted: &Wanted) -> (Vec<usize>, RowSelection) {
    let mut row_groups = Vec::new();
    let mut selectors = Vec::new();
    for (index, row_group) in footer.row_groups().iter().enumerate() {
        let rows = usize::try_from(row_group.num_rows()).unwrap_or(0);
        let by_time = pages(footer, index, rows, column::START_TIME, wanted);
        let by_trace = pages(footer, index, rows, column::TRACE_ID, wanted);
        let selection = by_time.intersection(&by_trace);
        if selection.selects_any() {
            row_groups.push(index);
            selectors.extend(Vec::from(selection));
        }
    }
    (row_groups, selectors.into())
}

/// The rows of the pages that a column's index does not rule out.
fn pages(
    footer: &ParquetMetaData,
    row_group: usize,
    rows: usize,
    column: &str,
    wanted: &Wanted,
) -> RowSelection {
    let all = || RowSelection::from_consecutive_ranges(std::iter::once(0..rows), rows);
    let leaf = footer.row_groups().get(row_group).and_then(|row_group| {
        row_group.columns().iter().position(|chunk| chunk.column_path().parts() == [column])
    });
    let Some(leaf) = leaf else { return all() };
    let index = footer.column_index().and_then(|index| index.get(row_group)?.get(leaf));
    let offsets = footer.offset_index().and_then(|index| index.get(row_group)?.get(leaf));
    let (Some(index), Some(offsets)) = (index, offsets) else { return all() };
    let pages = offsets.page_locations();
    if matches!(index, ColumnIndexMetaData::NONE) || index.num_pages() != pages.len() as u64 {
        return all();
    }
    let is_wanted = |page: &usize| match index {
        ColumnIndexMetaData::INT64(times) => times
            .min_value(*page)
            .zip(times.max_value(*page))
            .is_none_or(|(min, max)| has_between(&wanted.times, min, max)),
        ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(ids) => ids
            .min_value(*page)
            .zip(ids.max_value(*page))
            .is_none_or(|(min, max)| has_between(&wanted.traces, min, max)),
        _ => true,
    };
    let start = |page: usize| {
        let location = pages.get(page);
        location
            .map_or(rows, |page| usize::try_from(page.first_row_index).unwrap_or(rows).min(rows))
    };
    let ranges = (0..pages.len()).filter(is_wanted).map(|page| start(page)..start(page + 1));
    RowSelection::from_consecutive_ranges(ranges.filter(|range| !range.is_empty()), rows)
}
