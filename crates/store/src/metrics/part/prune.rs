//! Pruning: which rows may match, from the footer alone: row groups by statistics, then pages.

use std::ops::Range;

use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use super::schema::{Class, KIND, MAX_TIME, METRIC, MIN_TIME};

/// The rows that a query needs from a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) class: Class,
    /// The only metric names that can match, if they are known.
    pub(super) metrics: Option<&'a [String]>,
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
}

impl Wanted<'_> {
    /// Whether a metric between these names may match. Bounds may be truncated: the lower one is
    /// then less, the upper one greater than the real one.
    fn has_metric_between(&self, min: &[u8], max: &[u8]) -> bool {
        self.metrics.is_none_or(|metrics| {
            metrics.iter().any(|metric| min <= metric.as_bytes() && metric.as_bytes() <= max)
        })
    }
}

/// Rows of one row group that may match, ascending.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) row_group: usize,
    pub(super) rows: usize,
    pub(super) ranges: Vec<Range<usize>>,
}

/// Whether a row group may hold rows of a class; rows of one class are contiguous.
fn may_hold(row_group: &RowGroupMetaData, class: Class) -> bool {
    let kind = statistics(row_group, KIND).and_then(Statistics::min_bytes_opt);
    kind.is_none_or(|kind| Class::of_kind(kind) == Some(class))
}

/// Whether a part has rows of labels.
pub(super) fn has_labels(footer: &ParquetMetaData) -> bool {
    footer.row_groups().iter().any(|row_group| may_hold(row_group, Class::Labels))
}

fn statistics<'a>(row_group: &'a RowGroupMetaData, column: &str) -> Option<&'a Statistics> {
    row_group.columns().get(leaf(row_group, column)?)?.statistics()
}

fn leaf(row_group: &RowGroupMetaData, column: &str) -> Option<usize> {
    row_group.columns().iter().position(|chunk| chunk.column_path().parts() == [column])
}

/// Rows that the footer does not rule out. Rows without statistics are not ruled out.
pub(super) fn candidates(footer: &ParquetMetaData, wanted: Wanted<'_>) -> Vec<Candidates> {
    let mut found = Vec::new();
    for (i, row_group) in footer.row_groups().iter().enumerate() {
        if !may_hold(row_group, wanted.class) || !may_match(row_group, wanted) {
            continue;
        }
        let rows = usize::try_from(row_group.num_rows()).unwrap_or(0);
        let mut ranges: Vec<Range<usize>> = std::iter::once(0..rows).collect();
        for column in [METRIC, MIN_TIME, MAX_TIME] {
            if let Some(pages) = matching_pages(footer, i, column, rows, wanted) {
                ranges = intersect(&ranges, &pages);
            }
        }
        if !ranges.is_empty() {
            found.push(Candidates { row_group: i, rows, ranges });
        }
    }
    found
}

fn may_match(row_group: &RowGroupMetaData, wanted: Wanted<'_>) -> bool {
    let time = |column, is_max| match statistics(row_group, column)? {
        Statistics::Int64(times) if is_max => times.max_opt().copied(),
        Statistics::Int64(times) => times.min_opt().copied(),
        _ => None,
    };
    let metrics = statistics(row_group, METRIC)
        .and_then(|names| names.min_bytes_opt().zip(names.max_bytes_opt()));
    time(MIN_TIME, false).is_none_or(|min_ms| min_ms <= wanted.end_ms)
        && time(MAX_TIME, true).is_none_or(|max_ms| max_ms >= wanted.start_ms)
        && metrics.is_none_or(|(min, max)| wanted.has_metric_between(min, max))
}

/// The rows of the pages that one column's index does not rule out; `None` where there is no index.
fn matching_pages(
    footer: &ParquetMetaData,
    row_group: usize,
    column: &str,
    rows: usize,
    wanted: Wanted<'_>,
) -> Option<Vec<Range<usize>>> {
    let leaf = leaf(footer.row_groups().get(row_group)?, column)?;
    let index = footer.column_index()?.get(row_group)?.get(leaf)?;
    let pages = footer.offset_index()?.get(row_group)?.get(leaf)?.page_locations();
    let is_wanted = |page: usize| match (column, index) {
        (METRIC, ColumnIndexMetaData::BYTE_ARRAY(names)) => names
            .min_value(page)
            .zip(names.max_value(page))
            .is_none_or(|(min, max)| wanted.has_metric_between(min, max)),
        (MIN_TIME, ColumnIndexMetaData::INT64(times)) => {
            times.min_value(page).is_none_or(|min_ms| *min_ms <= wanted.end_ms)
        }
        (MAX_TIME, ColumnIndexMetaData::INT64(times)) => {
            times.max_value(page).is_none_or(|max_ms| *max_ms >= wanted.start_ms)
        }
        _ => true,
    };
    if matches!(index, ColumnIndexMetaData::NONE) || index.num_pages() != pages.len() as u64 {
        return None;
    }
    let start = |page: usize| {
        pages
            .get(page)
            .map_or(rows, |location| usize::try_from(location.first_row_index).unwrap_or(rows))
    };
    Some(joined(
        (0..pages.len())
            .filter(|page| is_wanted(*page))
            .map(|page| start(page)..start(page + 1).min(rows)),
    ))
}

/// Joins ascending ranges that touch or overlap.
pub(super) fn joined(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match all.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

fn intersect(a: &[Range<usize>], b: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut i, mut j) = (0, 0);
    let mut shared = Vec::new();
    while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
        let both = left.start.max(right.start)..left.end.min(right.end);
        if both.start < both.end {
            shared.push(both);
        }
        if left.end <= right.end { i += 1 } else { j += 1 }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_joined_and_intersected() {
        assert_eq!(joined([0..1, 1..3, 5..6, 6..6].into_iter()), [0..3, 5..6]);
        let none: [Range<usize>; 0] = [];
        assert_eq!(intersect(&[0..3, 5..9], &[1..2, 2..6, 8..20]), [1..2, 2..3, 5..6, 8..9]);
        assert_eq!(intersect(&[0..3, 5..6], &[3..4, 7..8]), none);
    }
}
