//! Functions of range vectors, and how each evaluates a window.

use std::sync::Arc;

use lang::promql::{Call, Expr, Extension, Span, format_float, quote};
use signals::metric::NativeHistogram;

use crate::Error;
use crate::evaluator::{Evaluator, Sink};
use crate::extended::{ChangeOf, anchored, check_extension};
use crate::extrapolate::{Change, Resets, extrapolated, from_last_two, linear_regression};
use crate::grid::{Grid, Row, is_absent};
use crate::histogram_rate::{Stamped, count_pairs, is_changed, is_reset};
use crate::kahan::quantile;
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
        let argument = argument.bare();
        let keeps_name = matches!(name, "last_over_time" | "first_over_time");
        let is_distinct = keeps_name || self.stays_distinct(argument);
        let mut merge = self.strict_merge();
        let scalars = self.scalars(call, grid)?;
        let extension = check_extension(argument, name)?;
        let needs_starts = self.settings.uses_start_times
            && matches!(name, "rate" | "irate" | "increase" | "resets");
        let span = note_span(call);
        self.windows(argument, grid, needs_starts, &mut |series| {
            let mut row = self.range_row(call, (span, extension), &scalars, &series)?;
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
        Ok(scalars)
    }

    fn range_row(
        &self,
        call: &Call,
        (span, extension): (Span, Option<Extension>),
        scalars: &[Scalar],
        series: &SeriesWindows,
    ) -> Result<Row, Error> {
        let name = call.function.name;
        if let Some((histograms, kernel)) = stateless(name) {
            return Ok(self.run(series, span, histograms, &mut |_, window| kernel(window)));
        }
        match name {
            "rate" => Ok(self.change_row(series, span, Change::Rate, extension)),
            "increase" => Ok(self.change_row(series, span, Change::Increase, extension)),
            "delta" => Ok(self.change_row(series, span, Change::Delta, extension)),
            "changes" => Ok(self.pairs_row(series, span, extension, is_changed)),
            "resets" => Ok(self.pairs_row(series, span, extension, is_reset)),
            "irate" => Ok(self.last_two_row(series, span, true)),
            "idelta" => Ok(self.last_two_row(series, span, false)),
            "sum_over_time" => Ok(self.sum_row(series, span, false)),
            "avg_over_time" => Ok(self.sum_row(series, span, true)),
            _ => self.parameter_row(name, series, span, scalars),
        }
    }

    fn change_row(
        &self,
        series: &SeriesWindows,
        span: Span,
        change: Change,
        extension: Option<Extension>,
    ) -> Row {
        let name = series.labels.metric_name();
        let range_ms = series.lookback.range_ms;
        let of = ChangeOf { change, range_ms, name, span, extension };
        let resets = if change.is_counter() && extension.is_none() {
            Resets::of(series.samples, &series.starts.values)
        } else {
            Resets::default()
        };
        let row = self.run(series, span, Histograms::Seen, &mut |_, window| {
            if extension.is_some() {
                return self.extended_change(window, &of);
            }
            if !window.histograms.is_empty() {
                return self.histogram_change(window, &of);
            }
            if resets.has_overlap(window) {
                self.note_overlap(name, span);
            }
            extrapolated(window, &resets, change, range_ms).into()
        });
        if change.is_counter() && row.values.iter().any(|value| !is_absent(*value)) {
            self.note_counter(&row, span);
        }
        row
    }

    fn pairs_row(
        &self,
        series: &SeriesWindows,
        span: Span,
        extension: Option<Extension>,
        counts: fn(Stamped, Stamped) -> bool,
    ) -> Row {
        self.run(series, span, Histograms::Seen, &mut |_, window| {
            if extension.is_none() {
                return count_pairs(window, counts);
            }
            anchored(window).map_or(Outcome::Nothing, |window| count_pairs(&window, counts))
        })
    }

    fn last_two_row(&self, series: &SeriesWindows, span: Span, is_rate: bool) -> Row {
        let metric = series.labels.metric_name();
        self.run(series, span, Histograms::Seen, &mut |_, window| {
            if window.histograms.is_empty() {
                return from_last_two(window, is_rate).into();
            }
            self.histogram_last_two(window, is_rate, metric, span)
        })
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
        let mut invalid = Ok(());
        let kernel: &mut Kernel = match name {
            "predict_linear" => &mut |step, window| {
                linear_regression(window, window.step_ms)
                    .map(|(slope, value)| slope * scalar(0, step) + value)
                    .into()
            },
            "double_exponential_smoothing" => &mut |step, window| {
                let (smoothing, trend) = (scalar(0, step), scalar(1, step));
                let is_empty = window.values.is_empty() && window.histograms.is_empty();
                if !is_empty && invalid.is_ok() {
                    invalid = check_factor("smoothing", smoothing)
                        .and_then(|()| check_factor("trend", trend));
                }
                over_time::smoothed(window.values, smoothing, trend).into()
            },
            "quantile_over_time" => &mut |step, window| {
                if window.values.is_empty() {
                    return Outcome::Nothing;
                }
                scratch.clear();
                scratch.extend_from_slice(window.values);
                self.note_quantile(scalar(0, step), span);
                Outcome::Value(quantile(scalar(0, step), &mut scratch))
            },
            "mad_over_time" => &mut |_, window| {
                let has_values = !window.values.is_empty();
                has_values.then(|| over_time::median_deviation(window.values, &mut scratch)).into()
            },
            _ => return Err(Error::Unsupported(format!("function {name}"))),
        };
        let row = self.run(series, span, Histograms::Ignored, kernel);
        invalid.map(|()| row)
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
            let name = quote(row.labels.metric_name());
            self.info(
                span,
                &format!(
                    "ignored histograms in a range containing both floats and histograms for metric name {name}"
                ),
            );
        }
        row
    }

    /// Notes that a metric does not look like a counter.
    fn note_counter(&self, row: &Row, span: Span) {
        let name = row.labels.metric_name();
        if name.is_empty() {
            return;
        }
        if self.settings.has_type_labels {
            let kind = row.labels.get("__type__").unwrap_or_default();
            if !matches!(kind, "counter" | "histogram") {
                let (kind, name) = (quote(kind), quote(name));
                self.info(
                    span,
                    &format!(
                        "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got {kind}: {name}"
                    ),
                );
            }
            return;
        }
        let is_counter =
            ["_total", "_sum", "_count", "_bucket"].iter().any(|ending| name.ends_with(ending));
        if !is_counter {
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

/// Checks a factor of `double_exponential_smoothing`.
fn check_factor(word: &str, factor: f64) -> Result<(), Error> {
    if factor <= 0.0 || factor >= 1.0 {
        let letter = word.chars().next().unwrap_or_default();
        let shown = if factor.is_finite() { format!("{factor:.6}") } else { format_float(factor) };
        return Err(Error::Execution(format!(
            "invalid {word} factor. Expected: 0 < {letter}f < 1, got: {shown}"
        )));
    }
    Ok(())
}

/// The position of a function's notes: its first argument, or the start of the text if that is a
/// subquery.
fn note_span(call: &Call) -> Span {
    match call.arguments.first().map(Expr::bare) {
        None => call.span,
        Some(Expr::Subquery(_)) => Span::default(),
        Some(argument) => argument.span(),
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
            // Prometheus has no times before 1970 here.
            last_ms.map(|time_ms| time_ms.max(0) as f64 / 1000.0).into()
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
        _ => return None,
    })
}
