//! Functions of range vectors, and how each evaluates a window.

use std::sync::Arc;

use lang::promql::{Call, Expr, Span, quote};
use signals::metric::NativeHistogram;

use crate::Error;
use crate::annotations::for_metric;
use crate::evaluator::{Evaluator, Sink};
use crate::extrapolate::{Change, Resets, extrapolated, from_last_two, linear_regression};
use crate::grid::{Grid, Row};
use crate::histogram_rate::count_pairs;
use crate::kahan::quantile;
use crate::native_histogram;
use crate::over_time;
use crate::scalar::Scalar;
use crate::select::{SeriesWindows, Window};

/// The result of a function for one window.
pub(crate) enum Outcome {
    Nothing,
    Value(f64),
    Histogram(Arc<NativeHistogram>),
}

impl From<Option<f64>> for Outcome {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }
}

/// How a function treats histograms in its windows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Histograms {
    /// It evaluates them itself.
    Seen,
    /// It ignores them, with an info if there are float samples too.
    Ignored,
}

/// A function of a window alone.
type Stateless = fn(&Window) -> Outcome;

/// A function of one window.
type Kernel<'k> = dyn FnMut(usize, &Window) -> Outcome + 'k;

impl Evaluator<'_> {
    /// Rows of a function whose argument at `at` is a range vector.
    pub(crate) fn range_call(
        &self,
        call: &Call,
        at: usize,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let name = call.function.name;
        let argument = call
            .arguments
            .get(at)
            .ok_or_else(|| Error::Internal(format!("{name} without its range vector")))?;
        let keeps_name = matches!(name, "last_over_time" | "first_over_time");
        let is_distinct = keeps_name || self.stays_distinct(argument);
        let mut merge = self.merge();
        let scalars = self.scalars(call, grid)?;
        self.windows(argument, grid, &mut |series| {
            // With `@` all windows are equal; only this function also depends on the step.
            let is_same = series.lookback.at_ms.is_some()
                && name != "predict_linear"
                && scalars.iter().all(|scalar| matches!(scalar, Scalar::Constant(_)));
            let steps = series.grid.steps;
            let narrow = Grid { steps: steps.min(1), ..series.grid };
            let series =
                SeriesWindows { grid: if is_same { narrow } else { series.grid }, ..series };
            let mut row = self.range_row(call, argument.span(), &scalars, &series)?;
            if is_same {
                row.repeat(steps);
            }
            if !keeps_name {
                self.drop_name(&mut row);
            }
            if row.has_any() {
                merge.push(row, is_distinct, sink)?;
            }
            Ok(())
        })?;
        merge.finish(sink)
    }

    fn scalars(&self, call: &Call, grid: &Grid) -> Result<Vec<Scalar>, Error> {
        let is_scalar = |argument: &&Expr| argument.value_type() == lang::promql::ValueType::Scalar;
        let scalars: Vec<Scalar> = call
            .arguments
            .iter()
            .filter(is_scalar)
            .map(|argument| self.scalar(argument, grid))
            .collect::<Result<_, _>>()?;
        match (call.function.name, scalars.as_slice()) {
            ("quantile_over_time", [q]) => self.check_quantile(q, call, grid),
            ("double_exponential_smoothing", [smoothing, trend]) => {
                for (word, scalar) in [("smoothing", smoothing), ("trend", trend)] {
                    let factor = scalar.at(0);
                    if !(factor > 0.0 && factor < 1.0) {
                        let letter = word.chars().next().unwrap_or_default();
                        return Err(Error::Execution(format!(
                            "invalid {word} factor. Expected: 0 < {letter}f < 1, got: {factor:.6}"
                        )));
                    }
                }
            }
            _ => {}
        }
        Ok(scalars)
    }

    fn check_quantile(&self, q: &Scalar, call: &Call, grid: &Grid) {
        let span = call.arguments.first().map_or(call.span, Expr::span);
        for step in 0..grid.steps {
            self.note_quantile(q.at(step), span);
        }
    }

    /// Adds a warning if a quantile is not between 0 and 1.
    pub(crate) fn note_quantile(&self, q: f64, span: Span) {
        if !(0.0..=1.0).contains(&q) {
            let shown = lang::promql::format_float(q);
            self.warn(span, &format!("quantile value should be between 0 and 1, got {shown}"));
        }
    }

    fn range_row(
        &self,
        call: &Call,
        span: Span,
        scalars: &[Scalar],
        series: &SeriesWindows,
    ) -> Result<Row, Error> {
        let name = call.function.name;
        if let Some((histograms, kernel)) = stateless(name) {
            return Ok(self.run(series, span, histograms, &mut |_, window| kernel(window)));
        }
        match name {
            "rate" => Ok(self.change_row(series, span, Change::Rate)),
            "increase" => Ok(self.change_row(series, span, Change::Increase)),
            "delta" => Ok(self.change_row(series, span, Change::Delta)),
            "irate" => Ok(self.last_two_row(series, span, true)),
            "idelta" => Ok(self.last_two_row(series, span, false)),
            "sum_over_time" => Ok(self.sum_row(series, span, false)),
            "avg_over_time" => Ok(self.sum_row(series, span, true)),
            _ => self.parameter_row(name, series, span, scalars),
        }
    }

    fn change_row(&self, series: &SeriesWindows, span: Span, change: Change) -> Row {
        let metric = series.labels.metric_name();
        let range_ms = series.lookback.range_ms;
        let resets = if change.is_counter() {
            Resets::of(&series.samples.values)
        } else {
            Resets::default()
        };
        let row = self.run(series, span, Histograms::Seen, &mut |_, window| {
            if window.histograms.is_empty() {
                return extrapolated(window, &resets, change, range_ms).into();
            }
            self.histogram_change(window, change, range_ms, metric, span)
        });
        if change.is_counter() && row.has_any() {
            self.note_counter(&row, span);
        }
        row
    }

    fn last_two_row(&self, series: &SeriesWindows, span: Span, is_rate: bool) -> Row {
        let metric = series.labels.metric_name();
        let row = self.run(series, span, Histograms::Seen, &mut |_, window| {
            if window.histograms.is_empty() {
                return from_last_two(window, is_rate).into();
            }
            self.histogram_last_two(window, is_rate, metric, span)
        });
        if is_rate && row.has_any() {
            self.note_counter(&row, span);
        }
        row
    }

    fn sum_row(&self, series: &SeriesWindows, span: Span, is_mean: bool) -> Row {
        let metric = series.labels.metric_name();
        let fold = if is_mean { over_time::mean } else { over_time::sum };
        self.run(series, span, Histograms::Seen, &mut |_, window| {
            if window.histograms.is_empty() {
                return (!window.values.is_empty()).then(|| fold(window.values)).into();
            }
            self.histogram_sum(window, is_mean, metric, span)
        })
    }

    /// Functions with a parameter, and those that need a buffer for sorting.
    fn parameter_row(
        &self,
        name: &str,
        series: &SeriesWindows,
        span: Span,
        scalars: &[Scalar],
    ) -> Result<Row, Error> {
        let scalar = |at: usize, step: usize| scalars.get(at).map_or(f64::NAN, |s| s.at(step));
        let mut scratch = Vec::new();
        let kernel: &mut Kernel = match name {
            "predict_linear" => &mut |step, window| {
                linear_regression(window, window.step_ms)
                    .map(|(slope, value)| slope * scalar(0, step) + value)
                    .into()
            },
            "double_exponential_smoothing" => &mut |step, window| {
                over_time::smoothed(window.values, scalar(0, step), scalar(1, step)).into()
            },
            "quantile_over_time" => &mut |step, window| {
                scratch.clear();
                scratch.extend_from_slice(window.values);
                let has_values = !scratch.is_empty();
                has_values.then(|| quantile(scalar(0, step), &mut scratch)).into()
            },
            "mad_over_time" => &mut |_, window| {
                let has_values = !window.values.is_empty();
                has_values.then(|| over_time::median_deviation(window.values, &mut scratch)).into()
            },
            _ => return Err(Error::Unsupported(format!("function {name}"))),
        };
        Ok(self.run(series, span, Histograms::Ignored, kernel))
    }

    /// Applies a kernel to all windows of a series.
    fn run(
        &self,
        series: &SeriesWindows,
        span: Span,
        histograms: Histograms,
        kernel: &mut Kernel,
    ) -> Row {
        let mut row = Row::empty(series.labels.clone(), series.grid.steps);
        row.drops_name = series.drops_name;
        let mut is_mixed = false;
        series.each(|step, window| {
            is_mixed |= !window.histograms.is_empty() && !window.values.is_empty();
            match kernel(step, &window) {
                Outcome::Nothing => {}
                Outcome::Value(value) => {
                    if let Some(place) = row.values.get_mut(step) {
                        *place = value;
                    }
                }
                Outcome::Histogram(histogram) => row.histograms.push((step as u32, histogram)),
            }
        });
        if is_mixed && histograms == Histograms::Ignored {
            let name = for_metric(row.labels.metric_name());
            self.info(
                span,
                &format!(
                    "ignored histograms in a range containing both floats and histograms{name}"
                ),
            );
        }
        row
    }

    fn note_counter(&self, row: &Row, span: Span) {
        let name = row.labels.metric_name();
        let is_counter =
            ["_total", "_sum", "_count", "_bucket"].iter().any(|ending| name.ends_with(ending));
        if !name.is_empty() && !is_counter && !row.drops_name {
            let name = quote(name);
            self.info(
                span,
                &format!(
                    "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name}"
                ),
            );
        }
    }
}

/// Functions of a window alone.
fn stateless(name: &str) -> Option<(Histograms, Stateless)> {
    Some(match name {
        "deriv" => (Histograms::Ignored, |window| {
            let first_ms = window.timestamps.first().copied().unwrap_or_default();
            linear_regression(window, first_ms).map(|(slope, _)| slope).into()
        }),
        "stdvar_over_time" => (Histograms::Ignored, |window| {
            (!window.values.is_empty()).then(|| over_time::variance(window.values)).into()
        }),
        "stddev_over_time" => (Histograms::Ignored, |window| {
            (!window.values.is_empty()).then(|| over_time::variance(window.values).sqrt()).into()
        }),
        "max_over_time" => (Histograms::Ignored, |window| over_time::max(window.values).into()),
        "min_over_time" => (Histograms::Ignored, |window| over_time::min(window.values).into()),
        "ts_of_max_over_time" => {
            (Histograms::Ignored, |window| over_time::time_of_extreme(window, true).into())
        }
        "ts_of_min_over_time" => {
            (Histograms::Ignored, |window| over_time::time_of_extreme(window, false).into())
        }
        "count_over_time" => (Histograms::Seen, |window| {
            let count = window.values.len() + window.histograms.len();
            (count > 0).then_some(count as f64).into()
        }),
        "present_over_time" => (Histograms::Seen, |window| {
            let is_present = !window.values.is_empty() || !window.histograms.is_empty();
            is_present.then_some(1.0).into()
        }),
        "ts_of_last_over_time" => (Histograms::Seen, |window| {
            let native = window.histograms.last().map(|(time_ms, _)| *time_ms);
            let last_ms = window.timestamps.last().copied().max(native);
            last_ms.map(|time_ms| time_ms as f64 / 1000.0).into()
        }),
        "ts_of_first_over_time" => (Histograms::Seen, |window| {
            let native = window.histograms.first().map(|(time_ms, _)| *time_ms);
            let first_ms = window.timestamps.first().copied().into_iter().chain(native).min();
            first_ms.map(|time_ms| time_ms as f64 / 1000.0).into()
        }),
        "last_over_time" => (Histograms::Seen, |window| {
            let plain_ms = window.timestamps.last().copied();
            match window.histograms.last() {
                Some((time_ms, histogram)) if plain_ms.is_none_or(|plain| plain < *time_ms) => {
                    Outcome::Histogram(Arc::clone(histogram))
                }
                _ => window.values.last().copied().into(),
            }
        }),
        "first_over_time" => (Histograms::Seen, |window| {
            let plain_ms = window.timestamps.first().copied();
            match window.histograms.first() {
                Some((time_ms, histogram)) if plain_ms.is_none_or(|plain| plain > *time_ms) => {
                    Outcome::Histogram(Arc::clone(histogram))
                }
                _ => window.values.first().copied().into(),
            }
        }),
        "changes" => (Histograms::Seen, |window| {
            let is_changed = |a: f64, b: f64| a != b && !(a.is_nan() && b.is_nan());
            count_pairs(window, is_changed, |a, b| !native_histogram::is_equal(a, b))
        }),
        "resets" => (Histograms::Seen, |window| {
            count_pairs(window, |before, after| after < before, native_histogram::is_reset)
        }),
        _ => return None,
    })
}
