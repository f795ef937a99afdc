//! Reads series: the last sample before each step, or the samples in the window of each step.

use std::sync::Arc;

use lang::promql::{Expr, Selector, Subquery};
use signals::Labels;
use signals::metric::{NativeHistogram, Samples, is_stale};

use crate::Error;
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{ABSENT, Grid, Row, is_absent};
use crate::plan::{Lookback, SeriesRead};

/// Float points and histograms in the form of an answer.
pub(crate) type RawSamples = (Vec<(i64, f64)>, Vec<(i64, Arc<NativeHistogram>)>);

/// One series and the windows over which a function is evaluated.
pub(crate) struct SeriesWindows<'w> {
    pub(crate) labels: Labels,
    pub(crate) drops_name: bool,
    /// Ascending, without stale markers.
    pub(crate) samples: &'w Samples,
    pub(crate) lookback: Lookback,
    pub(crate) grid: Grid,
    pub(crate) is_cancelled: &'w dyn Fn() -> bool,
}

/// The samples of one series in one window `(start, end]`.
#[derive(Clone, Copy)]
pub(crate) struct Window<'w> {
    /// Index of the first float sample in the series.
    pub(crate) first: usize,
    pub(crate) timestamps: &'w [i64],
    pub(crate) values: &'w [f64],
    pub(crate) histograms: &'w [(i64, Arc<NativeHistogram>)],
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
            high = advance(&samples.timestamps, high, |at| *at <= end_ms);
            low = advance(&samples.timestamps, low, |at| *at <= start_ms);
            histogram_high = advance(&samples.histograms, histogram_high, |(at, _)| *at <= end_ms);
            histogram_low = advance(&samples.histograms, histogram_low, |(at, _)| *at <= start_ms);
            let window = Window {
                first: low,
                timestamps: samples.timestamps.get(low..high).unwrap_or_default(),
                values: samples.values.get(low..high).unwrap_or_default(),
                histograms: samples
                    .histograms
                    .get(histogram_low..histogram_high)
                    .unwrap_or_default(),
                start_ms,
                end_ms,
                step_ms,
            };
            look_at(step, window);
        }
    }

    /// The samples of the first step's window.
    pub(crate) fn first_window(&self) -> RawSamples {
        let mut raw = RawSamples::default();
        self.each(|step, window| {
            if step == 0 {
                let points = window.timestamps.iter().copied().zip(window.values.iter().copied());
                raw = (points.collect(), window.histograms.to_vec());
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
    /// Decodes the samples of one series in `(first, last]`, replacing those of the previous one.
    fn read(
        &self,
        series: &dyn SeriesRead,
        first: i64,
        last: i64,
        samples: &mut Samples,
    ) -> Result<(), Error> {
        samples.clear();
        series.read(first.saturating_add(1), last, samples)?;
        self.spend(samples.timestamps.len() + samples.histograms.len())?;
        self.hold_decoded(samples)
    }

    /// Rows of an instant selector.
    pub(crate) fn instant(
        &self,
        selector: &Selector,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        self.instant_with(selector, grid, false, sink)
    }

    /// Rows of an instant selector: values, or the times of the samples in seconds.
    pub(crate) fn instant_with(
        &self,
        selector: &Selector,
        grid: &Grid,
        gives_times: bool,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        if let Some(extension) = selector.extension {
            let name = extension.name();
            return Err(Error::Unsupported(format!("{name} selectors")));
        }
        let lookback = Lookback::of_selector(self.query, selector)?;
        let (first, last) = lookback.bounds(grid.start_ms, grid.end_ms());
        let mut samples = Samples::default();
        for series in self.series_of(selector.span.start) {
            self.read(series.as_ref(), first, last, &mut samples)?;
            if samples.timestamps.is_empty() && samples.histograms.is_empty() {
                continue;
            }
            let row = instant_row(series.labels().clone(), &samples, lookback, grid, gives_times);
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
        sink: &mut dyn FnMut(SeriesWindows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match expr {
            Expr::Paren(paren) => self.windows(&paren.expr, grid, sink),
            Expr::Selector(selector) => self.selector_windows(selector, grid, sink),
            Expr::Subquery(subquery) => self.subquery_windows(subquery, grid, sink),
            other => Err(Error::Internal(format!("{other} is not a range vector"))),
        }
    }

    fn selector_windows(
        &self,
        selector: &Selector,
        grid: &Grid,
        sink: &mut dyn FnMut(SeriesWindows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if let Some(extension) = selector.extension {
            let name = extension.name();
            return Err(Error::Unsupported(format!("{name} selectors")));
        }
        let lookback = Lookback::of_selector(self.query, selector)?;
        let (first, last) = lookback.bounds(grid.start_ms, grid.end_ms());
        let mut samples = Samples::default();
        for series in self.series_of(selector.span.start) {
            self.read(series.as_ref(), first, last, &mut samples)?;
            drop_stale(&mut samples);
            if samples.timestamps.is_empty() && samples.histograms.is_empty() {
                continue;
            }
            let labels = series.labels().clone();
            sink(SeriesWindows {
                labels,
                drops_name: false,
                samples: &samples,
                lookback,
                grid: *grid,
                is_cancelled: self.is_cancelled,
            })?;
        }
        Ok(())
    }

    fn subquery_windows(
        &self,
        subquery: &Subquery,
        grid: &Grid,
        sink: &mut dyn FnMut(SeriesWindows) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let query = self.query;
        let lookback = Lookback {
            range_ms: query.positive_ms(&subquery.range)?,
            offset_ms: query.optional_ms(subquery.offset.as_ref())?,
            at_ms: query.at_ms(subquery.at),
        };
        let step_ms = match &subquery.step {
            Some(step) => query.positive_ms(step)?,
            None => self.settings.subquery_step_ms,
        };
        let (after, last) = lookback.bounds(grid.start_ms, grid.end_ms());
        // Steps are multiples of the subquery's step width, whatever the query's own steps are.
        let first = after.div_euclid(step_ms).saturating_add(1).saturating_mul(step_ms);
        let inner = self.grid(&subquery.expr, first, last, step_ms)?;
        self.hold(inner.steps * size_of::<(i64, f64)>())?;
        let mut samples = Samples::default();
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
                samples.histograms.push((inner.time(*step as usize), Arc::clone(histogram)));
            }
            let Row { labels, drops_name, .. } = row;
            sink(SeriesWindows {
                labels,
                drops_name,
                samples: &samples,
                lookback,
                grid: *grid,
                is_cancelled: self.is_cancelled,
            })
        })
    }
}

/// Removes stale markers: range functions do not see them.
fn drop_stale(samples: &mut Samples) {
    if samples.values.iter().any(|value| is_stale(*value)) {
        let mut values = samples.values.iter();
        samples.timestamps.retain(|_| values.next().is_some_and(|value| !is_stale(*value)));
        samples.values.retain(|value| !is_stale(*value));
    }
    samples.histograms.retain(|(_, histogram)| !is_stale(histogram.sum));
}

fn instant_row(
    labels: Labels,
    samples: &Samples,
    lookback: Lookback,
    grid: &Grid,
    gives_times: bool,
) -> Row {
    let mut row = Row::empty(labels, grid.steps);
    let (mut next, mut next_histogram) = (0, 0);
    for (step, value) in row.values.iter_mut().enumerate() {
        let end_ms = lookback.window_end(grid.time(step));
        let start_ms = end_ms.saturating_sub(lookback.range_ms);
        next = advance(&samples.timestamps, next, |at| *at <= end_ms);
        next_histogram = advance(&samples.histograms, next_histogram, |(at, _)| *at <= end_ms);
        let plain = next.checked_sub(1).and_then(|at| {
            let time_ms = *samples.timestamps.get(at)?;
            (time_ms > start_ms).then_some((time_ms, *samples.values.get(at)?))
        });
        let histogram = next_histogram
            .checked_sub(1)
            .and_then(|at| samples.histograms.get(at))
            .filter(|(time_ms, _)| *time_ms > start_ms);
        match (plain, histogram) {
            (plain, Some((time_ms, histogram)))
                if plain.is_none_or(|(plain_ms, _)| plain_ms <= *time_ms) =>
            {
                if is_stale(histogram.sum) {
                    continue;
                }
                if gives_times {
                    *value = *time_ms as f64 / 1000.0;
                } else {
                    row.histograms.push((step as u32, Arc::clone(histogram)));
                }
            }
            (Some((_, plain)), _) if is_stale(plain) => *value = ABSENT,
            (Some((time_ms, plain)), _) => {
                *value = if gives_times { time_ms as f64 / 1000.0 } else { plain };
            }
            _ => {}
        }
    }
    row
}
