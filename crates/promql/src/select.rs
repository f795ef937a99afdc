//! Reads series: the last sample before each step, or the samples in the window of each step.

use std::sync::Arc;

use lang::promql::{Expr, Extension, Selector, Subquery};
use signals::Labels;
use signals::metric::{NativeHistogram, Samples, is_stale};

use crate::Error;
use crate::evaluator::{Evaluator, Sink};
use crate::extended;
use crate::grid::{ABSENT, Grid, Row, is_absent};
use crate::plan::{Lookback, SeriesRead, StartTimes};
use crate::{histogram_stats, native_histogram, sample_counts};

/// Float points and histograms in the form of an answer.
pub(crate) type RawSamples = (Vec<(i64, f64)>, Vec<(i64, Arc<NativeHistogram>)>);

/// One series and the windows over which a function is evaluated.
pub(crate) struct SeriesWindows<'w> {
    pub(crate) labels: Labels,
    pub(crate) drops_name: bool,
    /// Ascending, without stale markers.
    pub(crate) samples: &'w Samples,
    /// The start times of the samples.
    pub(crate) starts: &'w StartTimes,
    /// The modifier of the selector.
    pub(crate) extension: Option<Extension>,
    pub(crate) lookback: Lookback,
    pub(crate) grid: Grid,
    pub(crate) is_cancelled: &'w dyn Fn() -> bool,
}

/// The samples of one series in one window `(start, end]`, with those around it that an extension
/// sees.
#[derive(Clone, Copy)]
pub(crate) struct Window<'w> {
    /// Index of the first float sample in the series.
    pub(crate) first: usize,
    pub(crate) timestamps: &'w [i64],
    pub(crate) values: &'w [f64],
    pub(crate) histograms: &'w [(i64, Arc<NativeHistogram>)],
    /// Start times of the floats and the histograms; empty if unknown.
    pub(crate) value_starts: &'w [i64],
    pub(crate) histogram_starts: &'w [i64],
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// The step of the window; differs from `end_ms` by offset and `@`.
    pub(crate) step_ms: i64,
}

impl<'w> SeriesWindows<'w> {
    /// Calls `look_at` with each step and its window, in order.
    ///
    /// Both edges of the windows only move forward, so each sample is passed twice, however much
    /// the windows overlap.
    pub(crate) fn each(&self, mut look_at: impl FnMut(usize, Window<'w>)) {
        let samples = self.samples;
        let (mut low, mut high, mut histogram_low, mut histogram_high) = (0, 0, 0, 0);
        for step in 0..self.grid.steps {
            // Overlapping windows are evaluated once per step. When the query is cancelled, the
            // incomplete row is the last: the evaluator ends with the query.
            if (self.is_cancelled)() {
                return;
            }
            let step_ms = self.grid.time(step);
            let end_ms = self.lookback.window_end(step_ms);
            let start_ms = end_ms.saturating_sub(self.lookback.range_ms);
            let first_ms = start_ms.saturating_sub(self.lookback.before_ms);
            let last_ms = end_ms.saturating_add(self.lookback.after_ms);
            high = advance(&samples.timestamps, high, |at| *at <= last_ms);
            low = advance(&samples.timestamps, low, |at| *at <= first_ms);
            histogram_high = advance(&samples.histograms, histogram_high, |(at, _)| *at <= last_ms);
            histogram_low = advance(&samples.histograms, histogram_low, |(at, _)| *at <= first_ms);
            let native = histogram_low..histogram_high;
            let window = Window {
                first: low,
                timestamps: samples.timestamps.get(low..high).unwrap_or_default(),
                values: samples.values.get(low..high).unwrap_or_default(),
                histograms: samples.histograms.get(native.clone()).unwrap_or_default(),
                value_starts: self.starts.values.get(low..high).unwrap_or_default(),
                histogram_starts: self.starts.histograms.get(native).unwrap_or_default(),
                start_ms,
                end_ms,
                step_ms,
            };
            look_at(step, window);
        }
    }

    /// The samples of the first step's window.
    pub(crate) fn first_window(&self) -> Result<RawSamples, Error> {
        let mut raw = Ok(RawSamples::default());
        self.each(|step, window| {
            if step == 0 {
                raw = extended::raw_samples(&window, self.extension);
            }
        });
        raw
    }
}

fn advance<T>(items: &[T], from: usize, is_before: impl Fn(&T) -> bool) -> usize {
    let mut at = from;
    while items.get(at).is_some_and(&is_before) {
        at += 1;
    }
    at
}

impl Evaluator<'_> {
    /// Decodes the samples that a selector sees of one series, replacing those of the previous one.
    fn read(
        &self,
        series: &dyn SeriesRead,
        selector: &Seen,
        samples: &mut Samples,
        starts: &mut StartTimes,
    ) -> Result<(), Error> {
        let (before, last) = selector.bounds;
        let is_stats_only = self.stats_only.contains(&selector.position);
        // Whether the first sample follows a reset depends on the one before.
        let first = if is_stats_only { before } else { before.saturating_add(1) };
        samples.clear();
        starts.clear();
        if selector.needs_starts {
            series.read_with_starts(first, last, samples, starts)?;
            // A list of another length belongs to other samples.
            if starts.values.len() != samples.timestamps.len() {
                starts.values.clear();
            }
            if starts.histograms.len() != samples.histograms.len() {
                starts.histograms.clear();
            }
            self.hold_times(starts.values.capacity() + starts.histograms.capacity())?;
        } else {
            series.read(first, last, samples)?;
        }
        self.spend(samples.timestamps.len() + samples.histograms.len())?;
        self.hold_decoded(samples)?;
        if is_stats_only {
            self.check()?;
            self.hold_times(samples.timestamps.len() + samples.histograms.len())?;
            histogram_stats::reduce(samples, selector.lookback, &selector.grid);
            drop_until(before, samples, starts);
        }
        Ok(())
    }

    /// Rows of an instant selector.
    pub(crate) fn instant(
        &self,
        selector: &Selector,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        if selector.extension == Some(Extension::Smoothed) {
            return self.smoothed(selector, grid, sink);
        }
        self.instant_with(selector, grid, Gives::Values, sink)
    }

    /// Rows of an instant selector with what is asked for.
    pub(crate) fn instant_with(
        &self,
        selector: &Selector,
        grid: &Grid,
        gives: Gives,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let lookback = Lookback { after_ms: 0, ..Lookback::of_selector(self.query, selector)? };
        self.instant_series(selector.span.start, lookback, &|_| true, grid, gives, sink)
    }

    /// As [`Self::instant_with`], of the series selected for a position.
    pub(crate) fn instant_series(
        &self,
        position: usize,
        lookback: Lookback,
        is_wanted: &dyn Fn(&Labels) -> bool,
        grid: &Grid,
        gives: Gives,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let seen = Seen::new(position, lookback, grid, gives == Gives::StartTimes);
        let mut samples = Samples::default();
        let mut starts = StartTimes::default();
        for series in self.series_of(position).iter().filter(|series| is_wanted(series.labels())) {
            self.read(series.as_ref(), &seen, &mut samples, &mut starts)?;
            if samples.timestamps.is_empty() && samples.histograms.is_empty() {
                continue;
            }
            let mut row = Row::empty(series.labels().clone(), grid.steps);
            if samples.histograms.is_empty() && gives == Gives::Values {
                fill_values(&mut row, &samples, lookback, grid);
            } else {
                fill_instant(&mut row, &samples, &starts, lookback, grid, gives);
            }
            self.count_row(&row, grid);
            if row.has_any() {
                sink(row)?;
            }
        }
        Ok(())
    }

    /// Passes each series of a range vector to `sink`, with its windows.
    pub(crate) fn windows(
        &self,
        expr: &Expr,
        grid: &Grid,
        needs_starts: bool,
        sink: &mut dyn FnMut(SeriesWindows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match expr {
            Expr::Paren(paren) => self.windows(&paren.expr, grid, needs_starts, sink),
            Expr::Selector(selector) => self.selector_windows(selector, grid, needs_starts, sink),
            Expr::Subquery(subquery) => self.subquery_windows(subquery, grid, sink),
            other => Err(Error::Internal(format!("{other} is not a range vector"))),
        }
    }

    fn selector_windows(
        &self,
        selector: &Selector,
        grid: &Grid,
        needs_starts: bool,
        sink: &mut dyn FnMut(SeriesWindows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let lookback = Lookback::of_selector(self.query, selector)?;
        let position = selector.span.start;
        let seen = Seen::new(position, lookback, grid, needs_starts);
        let mut samples = Samples::default();
        let mut starts = StartTimes::default();
        for series in self.series_of(position) {
            self.read(series.as_ref(), &seen, &mut samples, &mut starts)?;
            drop_stale(&mut samples, &mut starts);
            if samples.timestamps.is_empty() && samples.histograms.is_empty() {
                continue;
            }
            let windows = SeriesWindows {
                labels: series.labels().clone(),
                drops_name: false,
                samples: &samples,
                starts: &starts,
                extension: selector.extension,
                lookback,
                grid: *grid,
                is_cancelled: self.is_cancelled,
            };
            self.count_windows(&windows, true);
            sink(windows)?;
        }
        Ok(())
    }

    /// Rows of an instant selector with `smoothed`: values are interpolated.
    fn smoothed(&self, selector: &Selector, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        self.selector_windows(selector, grid, false, &mut |series| {
            let row = self.smoothed_row(&series, selector.span);
            if row.has_any() { sink(row) } else { Ok(()) }
        })
    }

    fn subquery_windows(
        &self,
        subquery: &Subquery,
        grid: &Grid,
        sink: &mut dyn FnMut(SeriesWindows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let query = self.query;
        let lookback = Lookback::of_subquery(query, subquery)?;
        let step_ms = match &subquery.step {
            Some(step) => query.positive_ms(step)?,
            None => self.settings.subquery_step_ms,
        };
        let (after, last) = lookback.bounds(grid.start_ms, grid.end_ms());
        // Steps are multiples of the subquery's step width, whatever the query's own steps are.
        let first = after.div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms);
        let inner = self.grid(&subquery.expr, first, last, step_ms)?;
        let is_whole_query = matches!(query.expr().bare(), Expr::Subquery(whole) if std::ptr::eq(&raw const **whole, subquery));
        if inner.steps == 0 {
            return Ok(());
        }
        self.hold(inner.steps * size_of::<(i64, f64)>())?;
        let mut samples = Samples::default();
        let starts = StartTimes::default();
        self.rows(&subquery.expr, &inner, &mut |row| {
            self.spend(row.values.len())?;
            samples.clear();
            for (step, value) in row.values.iter().enumerate() {
                if !is_absent(*value) {
                    samples.timestamps.push(inner.time(step));
                    samples.values.push(*value);
                }
            }
            for (step, histogram) in &row.histograms {
                let time_ms = inner.time(*step as usize);
                samples.histograms.push((time_ms, native_histogram::without_reset(histogram)));
            }
            let Row { labels, drops_name, .. } = row;
            let windows = SeriesWindows {
                labels,
                drops_name,
                samples: &samples,
                starts: &starts,
                extension: None,
                lookback,
                grid: *grid,
                is_cancelled: self.is_cancelled,
            };
            if !is_whole_query {
                self.count_windows(&windows, false);
            }
            sink(windows)
        })?;
        if let Some(counts) = &self.counts {
            let mut counts = counts.borrow_mut();
            if is_whole_query {
                counts.add_all(&inner, grid);
            } else {
                let offset_ms = grid.start_ms.saturating_sub(lookback.window_end(grid.start_ms));
                counts.add_read(&inner, grid, offset_ms, lookback.range_ms);
            }
        }
        Ok(())
    }

    /// Counts the samples of an instant selector.
    fn count_row(&self, row: &Row, grid: &Grid) {
        let Some(counts) = &self.counts else { return };
        let mut counts = counts.borrow_mut();
        for (step, value) in row.values.iter().enumerate() {
            if !is_absent(*value) {
                counts.count(grid, step, 1, 1);
            }
        }
        for (step, histogram) in &row.histograms {
            let size = sample_counts::size(histogram);
            counts.count(grid, *step as usize, size, size);
        }
    }

    /// Counts the samples of windows; `are_stored` unless a subquery computed them.
    fn count_windows(&self, windows: &SeriesWindows, are_stored: bool) {
        let Some(counts) = &self.counts else { return };
        let grid = &windows.grid;
        windows.each(|step, window| {
            // Later windows read only what the one before did not see.
            let seen_ms = step.checked_sub(1).map_or(i64::MIN, |before| {
                let end_ms = windows.lookback.window_end(grid.time(before));
                end_ms.saturating_add(windows.lookback.after_ms)
            });
            let histograms = |seen_ms: i64| -> usize {
                let unseen = window.histograms.iter().filter(|(at, _)| *at > seen_ms);
                unseen.map(|(_, histogram)| sample_counts::size(histogram)).sum()
            };
            let samples = window.timestamps.len() + histograms(i64::MIN);
            let seen = window.timestamps.partition_point(|at| *at <= seen_ms);
            let read = window.timestamps.len() - seen + histograms(seen_ms);
            counts.borrow_mut().count(grid, step, samples, if are_stored { read } else { 0 });
        });
    }
}

/// What a selector sees of each series.
struct Seen {
    position: usize,
    lookback: Lookback,
    grid: Grid,
    /// Exclusive start and inclusive end.
    bounds: (i64, i64),
    needs_starts: bool,
}

impl Seen {
    fn new(position: usize, lookback: Lookback, grid: &Grid, needs_starts: bool) -> Self {
        let bounds = lookback.bounds(grid.start_ms, grid.end_ms());
        Self { position, lookback, grid: *grid, bounds, needs_starts }
    }
}

/// What an instant selector gives for each sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Its value.
    Values,
    /// Its time in seconds.
    Times,
    /// The time of a float in milliseconds; histograms remain.
    Milliseconds,
    /// Its start time in seconds.
    StartTimes,
}

/// Removes the samples up to a time.
fn drop_until(time_ms: i64, samples: &mut Samples, starts: &mut StartTimes) {
    let floats = samples.timestamps.partition_point(|at| *at <= time_ms);
    samples.timestamps.drain(..floats);
    samples.values.drain(..floats.min(samples.values.len()));
    starts.values.drain(..floats.min(starts.values.len()));
    let histograms = samples.histograms.partition_point(|(at, _)| *at <= time_ms);
    samples.histograms.drain(..histograms);
    starts.histograms.drain(..histograms.min(starts.histograms.len()));
}

/// Removes stale markers: range functions do not see them.
fn drop_stale(samples: &mut Samples, starts: &mut StartTimes) {
    if samples.values.iter().any(|value| is_stale(*value)) {
        let is_stale_at: Vec<bool> = samples.values.iter().map(|value| is_stale(*value)).collect();
        retain(&mut samples.timestamps, &is_stale_at);
        retain(&mut samples.values, &is_stale_at);
        retain(&mut starts.values, &is_stale_at);
    }
    if samples.histograms.iter().any(|(_, histogram)| is_stale(histogram.sum)) {
        let is_stale_at: Vec<bool> =
            samples.histograms.iter().map(|(_, histogram)| is_stale(histogram.sum)).collect();
        retain(&mut samples.histograms, &is_stale_at);
        retain(&mut starts.histograms, &is_stale_at);
    }
}

/// Removes the items at the places that are true.
fn retain<T>(items: &mut Vec<T>, is_removed: &[bool]) {
    let mut places = is_removed.iter();
    items.retain(|_| !places.next().copied().unwrap_or(false));
}

/// As [`fill_instant`], for the values of a series without histograms.
fn fill_values(row: &mut Row, samples: &Samples, lookback: Lookback, grid: &Grid) {
    let mut later = samples.timestamps.iter().zip(&samples.values).peekable();
    let mut last = (i64::MIN, ABSENT);
    for (step, place) in row.values.iter_mut().enumerate() {
        let end_ms = lookback.window_end(grid.time(step));
        while let Some((time_ms, value)) = later.next_if(|(time_ms, _)| **time_ms <= end_ms) {
            last = (*time_ms, *value);
        }
        // A stale marker is an absent value.
        let (time_ms, value) = last;
        *place = if time_ms > end_ms.saturating_sub(lookback.range_ms) { value } else { ABSENT };
    }
}

fn fill_instant(
    row: &mut Row,
    samples: &Samples,
    starts: &StartTimes,
    lookback: Lookback,
    grid: &Grid,
    gives: Gives,
) {
    let (mut next, mut next_histogram) = (0, 0);
    let given = |time_ms: i64, starts: &[i64], at: usize| match gives {
        Gives::Values | Gives::Times => time_ms as f64 / 1000.0,
        Gives::Milliseconds => time_ms as f64,
        Gives::StartTimes => starts.get(at).copied().unwrap_or_default() as f64 / 1000.0,
    };
    for (step, value) in row.values.iter_mut().enumerate() {
        let end_ms = lookback.window_end(grid.time(step));
        let start_ms = end_ms.saturating_sub(lookback.range_ms);
        next = advance(&samples.timestamps, next, |at| *at <= end_ms);
        next_histogram = advance(&samples.histograms, next_histogram, |(at, _)| *at <= end_ms);
        let plain = next.checked_sub(1).and_then(|at| {
            let time_ms = *samples.timestamps.get(at)?;
            (time_ms > start_ms).then_some((at, time_ms, *samples.values.get(at)?))
        });
        let histogram = next_histogram
            .checked_sub(1)
            .and_then(|at| samples.histograms.get(at).map(|(time_ms, h)| (at, *time_ms, h)))
            .filter(|(_, time_ms, _)| *time_ms > start_ms);
        match (plain, histogram) {
            (plain, Some((at, time_ms, histogram)))
                if plain.is_none_or(|(_, plain_ms, _)| plain_ms <= time_ms) =>
            {
                if is_stale(histogram.sum) {
                    continue;
                }
                if matches!(gives, Gives::Values | Gives::Milliseconds) {
                    row.histograms.push((step as u32, Arc::clone(histogram)));
                } else {
                    *value = given(time_ms, &starts.histograms, at);
                }
            }
            (Some((_, _, plain)), _) if is_stale(plain) => *value = ABSENT,
            (Some((_, _, plain)), _) if gives == Gives::Values => *value = plain,
            (Some((at, time_ms, _)), _) => *value = given(time_ms, &starts.values, at),
            _ => {}
        }
    }
}
