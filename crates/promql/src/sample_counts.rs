//! Counts the samples that a query looks at, as Prometheus' query statistics do.
//!
//! Each grid has its own counts, which are added to those of the outer grid: what a subquery reads is
//! attributed to the steps that use it, and an expression that does not depend on the step counts at
//! every step, although it is evaluated once.

use signals::metric::NativeHistogram;

use crate::grid::Grid;

/// Bytes of a float sample, by which the size of a histogram is measured.
const SAMPLE_BYTES: usize = 16;
/// Bytes of a histogram with its time, without spans, buckets and bounds.
const HISTOGRAM_BYTES: usize = 176;
/// Bytes of a span, a bucket and a bound.
const ITEM_BYTES: usize = 8;

/// How many samples a query looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleCounts {
    /// Samples that results were computed from; overlapping windows count each.
    pub total: u64,
    /// As `total`, at each step: time in milliseconds and number.
    pub per_step: Vec<(i64, u64)>,
    /// Samples that were read: overlapping windows count once.
    pub read: u64,
    /// As `read`, at the first step that needs them.
    pub read_per_step: Vec<(i64, u64)>,
    /// Samples that counted against the limit of the query.
    pub peak: u64,
}

/// The counts of one grid.
#[derive(Debug)]
struct OfGrid {
    grid: Grid,
    total: Vec<u64>,
    read: Vec<u64>,
}

/// The counts of all grids of a query; a grid refers to its own by [`Grid::counts`].
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    grids: Vec<OfGrid>,
}

impl Recorder {
    /// Begins the counts of a grid.
    pub(crate) fn begin(&mut self, grid: &mut Grid) {
        grid.counts = self.grids.len();
        let zeros = vec![0; grid.steps];
        self.grids.push(OfGrid { grid: *grid, total: zeros.clone(), read: zeros });
    }

    /// Counts samples at a step, of which `read` were not read for an earlier step.
    pub(crate) fn count(&mut self, grid: &Grid, step: usize, samples: usize, read: usize) {
        let Some(counts) = self.grids.get_mut(grid.counts) else { return };
        if let (Some(total), Some(of_step)) =
            (counts.total.get_mut(step), counts.read.get_mut(step))
        {
            *total += samples as u64;
            *of_step += read as u64;
        }
    }

    /// Adds the counts of an expression that was evaluated once for all steps of `outer`.
    pub(crate) fn repeat(&mut self, inner: &Grid, outer: &Grid) {
        let Some((total, read)) = self.sums(inner) else { return };
        let Some(counts) = self.grids.get_mut(outer.counts) else { return };
        counts.total.iter_mut().for_each(|of_step| *of_step += total);
        if let Some(first) = counts.read.first_mut() {
            *first += read;
        }
    }

    /// Adds what a subquery read to the steps of `outer`, each of which sees `range_ms` up to
    /// `offset_ms` before it. What lies between these windows is left out.
    pub(crate) fn add_read(&mut self, inner: &Grid, outer: &Grid, offset_ms: i64, range_ms: i64) {
        let Some(counts) = self.grids.get(inner.counts) else { return };
        let read = counts.read.clone();
        let Some(counts) = self.grids.get_mut(outer.counts) else { return };
        let last = counts.read.len().saturating_sub(1);
        for (step, read) in read.into_iter().enumerate() {
            let time_ms = inner.time(step).saturating_add(offset_ms);
            let after_ms = time_ms.saturating_sub(outer.start_ms).max(0);
            let of = usize::try_from(after_ms.div_euclid(outer.step_ms)).unwrap_or(last);
            let of = (of + usize::from(after_ms % outer.step_ms > 0)).min(last);
            let is_seen = last == 0 || time_ms > outer.time(of).saturating_sub(range_ms);
            if let Some(of_step) = counts.read.get_mut(of).filter(|_| is_seen) {
                *of_step += read;
            }
        }
    }

    /// Adds all counts of a subquery that is the whole query.
    pub(crate) fn add_all(&mut self, inner: &Grid, outer: &Grid) {
        if let Some((total, read)) = self.sums(inner) {
            self.count(outer, 0, total as usize, read as usize);
        }
    }

    fn sums(&self, grid: &Grid) -> Option<(u64, u64)> {
        let counts = self.grids.get(grid.counts)?;
        Some((counts.total.iter().sum(), counts.read.iter().sum()))
    }

    /// The counts of the whole query, whose grid was begun first.
    pub(crate) fn finish(mut self, peak: usize) -> Option<SampleCounts> {
        let OfGrid { grid, total, read } = self.grids.drain(..).next()?;
        let timed = |counts: &[u64]| {
            counts.iter().enumerate().map(|(step, count)| (grid.time(step), *count)).collect()
        };
        Some(SampleCounts {
            total: total.iter().sum(),
            per_step: timed(&total),
            read: read.iter().sum(),
            read_per_step: timed(&read),
            peak: peak as u64,
        })
    }
}

/// The number of float samples that take as much memory as a histogram in Prometheus.
pub(crate) fn size(histogram: &NativeHistogram) -> usize {
    let spans = histogram.positive_spans.len() + histogram.negative_spans.len();
    let buckets = histogram.positive_counts.len() + histogram.negative_counts.len();
    let items = spans + buckets + histogram.custom_bounds.len();
    (HISTOGRAM_BYTES + ITEM_BYTES * items) / SAMPLE_BYTES
}
