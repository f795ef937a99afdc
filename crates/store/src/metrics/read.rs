//! Reads across head and parts.

use std::sync::Arc;

use signals::metric::Exemplar;
use signals::{Labels, Matcher, MemoryReservation};

use super::head::check_series;
use super::labels::{LabelCounts, LabelQuery};
use super::matching::compare;
use super::{Head, PartReader, SeriesChunks};
use crate::{Part, StoreError};

/// The series of head and parts that satisfy all matchers and may have samples in
/// `start_ms..=end_ms`, sorted by labels.
///
/// `parts` lists the manifest's parts that overlap the range, oldest first; it is called after the
/// head was read, so that a flush in between hides nothing.
///
/// # Errors
/// [`StoreError::Io`] when a part cannot be read; [`StoreError::Unavailable`] past `series_max`;
/// [`StoreError::Memory`] when `memory` cannot hold the labels and chunks.
pub(crate) async fn select(
    head: &Head,
    parts: impl FnOnce() -> Vec<Arc<Part>>,
    reader: &PartReader,
    matchers: &[Matcher],
    (start_ms, end_ms): (i64, i64),
    series_max: usize,
    memory: &MemoryReservation,
) -> Result<Vec<SeriesChunks>, StoreError> {
    let newest = head.select(matchers, start_ms, end_ms, series_max)?;
    memory.try_grow(newest.iter().map(SeriesChunks::memory).sum())?;
    let mut selected =
        reader.select(&parts(), matchers, start_ms, end_ms, series_max, memory).await?;
    selected.extend(newest);
    // Stable: of one series, parts stay oldest first and the head last.
    selected.sort_by(|a, b| compare(&a.labels, &b.labels));
    let mut merged: Vec<SeriesChunks> = Vec::with_capacity(selected.len());
    for series in selected {
        match merged.last_mut() {
            Some(last) if last.labels == series.labels => last.extend(series),
            _ => merged.push(series),
        }
    }
    check_series(merged.len(), series_max)?;
    Ok(merged)
}

/// Label sets only; as [`select`].
///
/// # Errors
/// As [`select`].
pub(crate) async fn series(
    head: &Head,
    parts: impl FnOnce() -> Vec<Arc<Part>>,
    reader: &PartReader,
    matchers: &[Matcher],
    start_ms: i64,
    end_ms: i64,
    series_max: usize,
) -> Result<Vec<Labels>, StoreError> {
    let mut labels = head.series(matchers, start_ms, end_ms, series_max)?;
    labels.extend(reader.series(&parts(), matchers, start_ms, end_ms, series_max).await?);
    labels.sort_by(compare);
    labels.dedup();
    check_series(labels.len(), series_max)?;
    Ok(labels)
}

/// Answers a label query.
///
/// # Errors
/// [`StoreError::Unreadable`] when a part cannot be read; [`StoreError::Memory`] when the answer
/// does not fit in `memory`.
pub(crate) async fn labels(
    head: &Head,
    parts: impl FnOnce() -> Vec<Arc<Part>>,
    reader: &PartReader,
    query: &LabelQuery<'_>,
    memory: &MemoryReservation,
) -> Result<LabelCounts, StoreError> {
    let mut counts = head.labels_of(query, memory)?;
    counts.merge(reader.labels(&parts(), query, memory).await?);
    Ok(counts)
}

/// Exemplars in `start_ms..=end_ms` of the matching series, sorted by labels, then time.
///
/// # Errors
/// As [`select`].
pub(crate) async fn exemplars(
    head: &Head,
    parts: impl FnOnce() -> Vec<Arc<Part>>,
    reader: &PartReader,
    matchers: &[Matcher],
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<(Labels, Vec<Exemplar>)>, StoreError> {
    let newest = head.exemplars(matchers, start_ms, end_ms);
    let mut found = reader.exemplars(&parts(), matchers, start_ms, end_ms).await?;
    found.extend(newest);
    found.sort_by(|a, b| compare(&a.0, &b.0));
    let mut merged: Vec<(Labels, Vec<Exemplar>)> = Vec::with_capacity(found.len());
    for (labels, exemplars) in found {
        match merged.last_mut() {
            Some((last, all)) if *last == labels => all.extend(exemplars),
            _ => merged.push((labels, exemplars)),
        }
    }
    for (_, exemplars) in &mut merged {
        exemplars.sort_by_key(|exemplar| exemplar.timestamp_ms);
        exemplars.dedup();
    }
    Ok(merged)
}
