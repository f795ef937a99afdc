//! `anchored` and `smoothed` selectors: windows that also see the samples around them.

use std::sync::Arc;

use lang::promql::{Expr, Extension, Span, quote};
use signals::metric::{NativeHistogram, ResetHint};

use crate::Error;
use crate::evaluator::Evaluator;
use crate::extrapolate::Change;
use crate::grid::Row;
use crate::native_histogram::{self, Total};
use crate::range::Outcome;
use crate::select::{RawSamples, SeriesWindows, Window};

/// The functions that see the samples around an anchored window.
const ANCHORED: &[&str] = &["changes", "delta", "increase", "rate", "resets"];
/// Those that see the samples around a smoothed window.
const SMOOTHED: &[&str] = &["delta", "increase", "rate"];

/// The extension of a range selector, if the function can be used with it.
pub(crate) fn check_extension(argument: &Expr, function: &str) -> Result<Option<Extension>, Error> {
    let Expr::Selector(selector) = argument else { return Ok(None) };
    let Some(extension) = selector.extension else { return Ok(None) };
    let functions = match extension {
        Extension::Anchored => ANCHORED,
        Extension::Smoothed => SMOOTHED,
    };
    if functions.contains(&function) {
        return Ok(Some(extension));
    }
    Err(Error::Execution(format!(
        "{} modifier can only be used with: {} - not with {function}",
        extension.name(),
        functions.join(", ")
    )))
}

/// A sample of any kind of value with its time.
type At<V> = (i64, V);

/// The value at a time between two samples; a counter that was reset starts at zero.
fn interpolated(before: At<f64>, after: At<f64>, time_ms: i64, is_counter: bool) -> f64 {
    let start = if is_counter && after.1 < before.1 { 0.0 } else { before.1 };
    let passed = time_ms.saturating_sub(before.0) as f64;
    start + (after.1 - start) * passed / after.0.saturating_sub(before.0) as f64
}

/// The indexes of the samples that decide on the values at the edges of a window. The first is the
/// last sample at or before its start, if there is one; the last of a smoothed window is the first
/// at or after its end.
fn edges(times: &[i64], window: &Window, is_smoothed: bool) -> Option<(usize, usize)> {
    let mut last = times.len().checked_sub(1)?;
    let inner = times.get(..last)?;
    let first = inner.partition_point(|at| *at <= window.start_ms).saturating_sub(1);
    if is_smoothed {
        last = inner.partition_point(|at| *at < window.end_ms);
    }
    let (first_ms, last_ms) = (*times.get(first)?, *times.get(last)?);
    let is_outside = last_ms <= window.start_ms || (is_smoothed && first_ms > window.end_ms);
    (!is_outside).then_some((first, last))
}

/// Values at both edges of a window, and the samples strictly inside.
struct Floats<'w> {
    left: f64,
    right: f64,
    inside: (&'w [i64], &'w [f64]),
}

impl<'w> Floats<'w> {
    fn of(window: &Window<'w>, is_smoothed: bool, is_counter: bool) -> Option<Self> {
        let (mut first, last) = edges(window.timestamps, window, is_smoothed)?;
        let at = |index: usize| Some((*window.timestamps.get(index)?, *window.values.get(index)?));
        let (left, right) = (at(first)?, at(last)?);
        let left_value = if is_smoothed && left.0 < window.start_ms {
            interpolated(left, at(first + 1)?, window.start_ms, is_counter)
        } else {
            left.1
        };
        let before_last = last.checked_sub(1).and_then(at);
        let right_value = match before_last {
            Some(before) if is_smoothed && right.0 > window.end_ms => {
                interpolated(before, right, window.end_ms, is_counter)
            }
            _ => right.1,
        };
        if left.0 <= window.start_ms {
            first += 1;
        }
        let end = if right.0 >= window.end_ms { last } else { last + 1 };
        let inside = first..end.max(first);
        Some(Self {
            left: left_value,
            right: right_value,
            inside: (window.timestamps.get(inside.clone())?, window.values.get(inside)?),
        })
    }

    /// Sum of the values before each counter reset.
    fn lost(&self) -> f64 {
        let mut lost = 0.0;
        let mut before = self.left;
        for value in self.inside.1.iter().chain([&self.right]) {
            if *value < before {
                lost += before;
            }
            before = *value;
        }
        lost
    }
}

/// The samples of a window as an answer; an extended window has values at its edges.
pub(crate) fn raw_samples(
    window: &Window,
    extension: Option<Extension>,
) -> Result<RawSamples, Error> {
    let Some(extension) = extension else {
        let points = window.timestamps.iter().copied().zip(window.values.iter().copied());
        return Ok((points.collect(), window.histograms.to_vec()));
    };
    if !window.histograms.is_empty() {
        let name = extension.name();
        let message = format!("{name} modifier is not supported with histograms");
        return Err(Error::Execution(message));
    }
    let Some(floats) = Floats::of(window, extension == Extension::Smoothed, false) else {
        return Ok(RawSamples::default());
    };
    let (times, values) = floats.inside;
    let mut points = vec![(window.start_ms, floats.left)];
    points.extend(times.iter().copied().zip(values.iter().copied()));
    points.push((window.end_ms, floats.right));
    Ok((points, Vec::new()))
}

/// The part of an anchored window that `changes` and `resets` see: the last sample at or before its
/// start and those after; `None` if there is none after.
pub(crate) fn anchored<'w>(window: &Window<'w>) -> Option<Window<'w>> {
    let floats = window.timestamps.partition_point(|at| *at <= window.start_ms);
    let histograms = window.histograms.partition_point(|(at, _)| *at <= window.start_ms);
    if floats >= window.timestamps.len() && histograms >= window.histograms.len() {
        return None;
    }
    let last_float = floats.checked_sub(1).and_then(|at| window.timestamps.get(at));
    let last_histogram = histograms.checked_sub(1).and_then(|at| window.histograms.get(at));
    let (from, native_from) = match (last_float, last_histogram) {
        (None, None) => (0, 0),
        (Some(_), None) => (floats - 1, histograms),
        (Some(at), Some((native, _))) if at >= native => (floats - 1, histograms),
        (_, Some(_)) => (floats, histograms - 1),
    };
    Some(Window {
        first: window.first + from,
        timestamps: window.timestamps.get(from..)?,
        values: window.values.get(from..)?,
        histograms: window.histograms.get(native_from..)?,
        value_starts: window.value_starts.get(from..).unwrap_or_default(),
        histogram_starts: window.histogram_starts.get(native_from..).unwrap_or_default(),
        ..*window
    })
}

/// What a change is computed from, besides the window.
#[derive(Clone, Copy)]
pub(crate) struct ChangeOf<'c> {
    pub(crate) change: Change,
    pub(crate) range_ms: i64,
    /// Name of the metric, for notes.
    pub(crate) name: &'c str,
    pub(crate) span: Span,
    pub(crate) extension: Option<Extension>,
}

impl ChangeOf<'_> {
    fn is_smoothed(&self) -> bool {
        self.extension == Some(Extension::Smoothed)
    }

    fn range_s(&self) -> f64 {
        self.range_ms as f64 / 1000.0
    }
}

impl Evaluator<'_> {
    /// `rate`, `increase` and `delta` of an extended window.
    pub(crate) fn extended_change(&self, window: &Window, of: &ChangeOf) -> Outcome {
        if !window.histograms.is_empty() {
            if !window.values.is_empty() {
                self.note_mixed(of.name, of.span);
                return Outcome::Nothing;
            }
            let change = self.extended_histograms(window, of);
            return change.map_or(Outcome::Nothing, |h| Outcome::Histogram(Arc::new(h)));
        }
        let is_counter = of.change.is_counter();
        let Some(floats) = Floats::of(window, of.is_smoothed(), is_counter) else {
            return Outcome::Nothing;
        };
        let mut result = floats.right - floats.left;
        if is_counter {
            result += floats.lost();
        }
        if of.change == Change::Rate {
            result /= of.range_s();
        }
        Outcome::Value(result)
    }

    fn extended_histograms(&self, window: &Window, of: &ChangeOf) -> Option<NativeHistogram> {
        let all = window.histograms;
        let times: Vec<i64> = all.iter().map(|(at, _)| *at).collect();
        let (first, last) = edges(&times, window, of.is_smoothed())?;
        let is_counter = of.change.is_counter();
        let within = all.get(first..=last)?;
        let is_custom = within.first()?.1.has_custom_bounds();
        for (_, histogram) in within {
            if histogram.has_custom_bounds() != is_custom {
                self.note_schemas(of.name, of.span);
                return None;
            }
            if is_counter && histogram.is_gauge() {
                self.note_not_counter(of.name, of.span);
            }
        }
        let left = self.left_edge(window, first, of)?;
        let right = self.right_edge(window, last, of)?;
        let is_gauge = left.is_gauge() && right.is_gauge();
        if !(is_counter || is_gauge) {
            self.note_not_gauge(of.name, of.span);
        }
        let mut result = self.added(&right, &left, -1.0, of)?;
        if is_counter {
            let lost = self.lost_histograms(window, (first, last), (&left, &right), of)?;
            for histogram in &lost {
                result = self.added(&result, histogram, 1.0, of)?;
            }
        }
        if of.change == Change::Rate {
            result = native_histogram::divided(&result, of.range_s());
        }
        result.reset_hint = ResetHint::Gauge;
        Some(result)
    }

    fn left_edge(&self, window: &Window, first: usize, of: &ChangeOf) -> Option<NativeHistogram> {
        let before = window.histograms.get(first)?;
        if of.is_smoothed() && before.0 < window.start_ms {
            let after = window.histograms.get(first + 1)?;
            return self.between(before, after, window.start_ms, of);
        }
        Some(NativeHistogram::clone(&before.1))
    }

    fn right_edge(&self, window: &Window, last: usize, of: &ChangeOf) -> Option<NativeHistogram> {
        let after = window.histograms.get(last)?;
        if of.is_smoothed()
            && after.0 > window.end_ms
            && let Some(before) = last.checked_sub(1).and_then(|at| window.histograms.get(at))
        {
            return self.between(before, after, window.end_ms, of);
        }
        Some(NativeHistogram::clone(&after.1))
    }

    /// The sum of the histograms before each counter reset, if there are any; `None` if they cannot
    /// be added.
    fn lost_histograms(
        &self,
        window: &Window,
        (first, last): (usize, usize),
        (left, right): (&NativeHistogram, &NativeHistogram),
        of: &ChangeOf,
    ) -> Option<Vec<NativeHistogram>> {
        let all = window.histograms;
        let mut before = left;
        let mut from = first + 1;
        if of.is_smoothed()
            && let (Some((at, one)), Some((_, next))) = (all.get(first), all.get(from))
            && *at < window.start_ms
            && native_histogram::is_reset(one, next)
        {
            // The value at the start is already that after the reset.
            before = next;
            from += 1;
        }
        if from > last {
            return Some(Vec::new());
        }
        let mut lost: Option<NativeHistogram> = None;
        let inside = all.get(from..last)?.iter().map(|(_, histogram)| histogram.as_ref());
        for histogram in inside.chain([right]) {
            if native_histogram::is_reset(before, histogram) {
                lost = Some(match lost {
                    None => before.clone(),
                    Some(lost) => self.added(&lost, before, 1.0, of)?,
                });
            }
            before = histogram;
        }
        Some(lost.into_iter().collect())
    }

    /// `a + factor * b` with notes; `None` if they do not fit.
    pub(crate) fn added(
        &self,
        a: &NativeHistogram,
        b: &NativeHistogram,
        factor: f64,
        of: &ChangeOf,
    ) -> Option<NativeHistogram> {
        let mut total = Total::of(a, 1.0);
        total.add(b, factor);
        if total.is_incompatible {
            self.note_schemas(of.name, of.span);
            return None;
        }
        if total.is_reconciled {
            self.note_reconciled(if factor < 0.0 { "subtraction" } else { "addition" }, of.span);
        }
        Some(total.finish(1.0))
    }

    /// The histogram at a time between two samples.
    fn between(
        &self,
        before: &At<Arc<NativeHistogram>>,
        after: &At<Arc<NativeHistogram>>,
        time_ms: i64,
        of: &ChangeOf,
    ) -> Option<NativeHistogram> {
        for (at, histogram) in [before, after] {
            if *at == time_ms {
                return Some(NativeHistogram::clone(histogram));
            }
        }
        let passed = time_ms.saturating_sub(before.0) as f64;
        let fraction = passed / after.0.saturating_sub(before.0) as f64;
        if of.change.is_counter() && native_histogram::is_reset(&before.1, &after.1) {
            return Some(native_histogram::scaled(&after.1, fraction));
        }
        let difference = self.added(&after.1, &before.1, -1.0, of)?;
        self.added(&native_histogram::scaled(&difference, fraction), &before.1, 1.0, of)
    }

    /// The values of an instant selector with `smoothed`.
    pub(crate) fn smoothed_row(&self, series: &SeriesWindows, span: Span) -> Row {
        let mut row = Row::empty(series.labels.clone(), series.grid.steps);
        let name = series.labels.metric_name();
        series.each(|step, window| {
            if !window.histograms.is_empty() && !window.values.is_empty() {
                self.note_mixed(name, span);
            } else if let Some(histogram) = self.smoothed_histogram(&window, name, span) {
                row.histograms.push((step as u32, histogram));
            } else if let (Some(value), Some(place)) =
                (smoothed_float(&window), row.values.get_mut(step))
            {
                *place = value;
            }
        });
        row
    }

    fn smoothed_histogram(
        &self,
        window: &Window,
        name: &str,
        span: Span,
    ) -> Option<Arc<NativeHistogram>> {
        let time_ms = window.end_ms;
        let next = window.histograms.partition_point(|(at, _)| *at < time_ms);
        let after = window.histograms.get(next);
        if let Some((_, exact)) = after.filter(|(at, _)| *at == time_ms) {
            return Some(Arc::clone(exact));
        }
        let before = window.histograms.get(next.checked_sub(1)?)?;
        let Some(after) = after else {
            let mut last = NativeHistogram::clone(&before.1);
            last.reset_hint = ResetHint::Unknown;
            return Some(Arc::new(last));
        };
        if before.1.has_custom_bounds() != after.1.has_custom_bounds() {
            self.note_schemas(name, span);
            return None;
        }
        let is_gauge = before.1.is_gauge() && after.1.is_gauge();
        let change = if is_gauge { Change::Delta } else { Change::Increase };
        let extension = Some(Extension::Smoothed);
        let of = ChangeOf { change, range_ms: 0, name, span, extension };
        self.between(before, after, time_ms, &of).map(Arc::new)
    }

    pub(crate) fn note_mixed(&self, name: &str, span: Span) {
        let name = quote(name);
        let message = format!("encountered a mix of histograms and floats for metric name {name}");
        self.warn(span, &message);
    }

    /// Notes that histograms with exponential and with custom bounds were combined.
    pub(crate) fn note_schemas(&self, name: &str, span: Span) {
        let name = quote(name);
        self.warn(
            span,
            &format!(
                "vector contains a mix of histograms with exponential and custom buckets schemas for metric name {name}"
            ),
        );
    }

    pub(crate) fn note_reconciled(&self, word: &str, span: Span) {
        self.info(span, &format!("mismatched custom buckets were reconciled during {word}"));
    }

    pub(crate) fn note_not_counter(&self, name: &str, span: Span) {
        let name = quote(name);
        self.warn(span, &format!("this native histogram metric is not a counter: {name}"));
    }

    pub(crate) fn note_not_gauge(&self, name: &str, span: Span) {
        let name = quote(name);
        self.warn(span, &format!("this native histogram metric is not a gauge: {name}"));
    }
}

/// The value at the end of a window, between the samples around it; the last one if none follows.
fn smoothed_float(window: &Window) -> Option<f64> {
    let time_ms = window.end_ms;
    let next = window.timestamps.partition_point(|at| *at < time_ms);
    let at = |index: usize| Some((*window.timestamps.get(index)?, *window.values.get(index)?));
    let after = at(next);
    if let Some((_, exact)) = after.filter(|(at, _)| *at == time_ms) {
        return Some(exact);
    }
    let before = at(next.checked_sub(1)?)?;
    Some(match after {
        Some(after) => interpolated(before, after, time_ms, false),
        None => before.1,
    })
}
