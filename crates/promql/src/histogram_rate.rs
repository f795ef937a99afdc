//! Functions of windows with native histograms.

use std::sync::Arc;

use lang::promql::{Span, quote};
use signals::metric::{NativeHistogram, ResetHint};

use crate::aggregate::{finish_histograms, histogram_scale};
use crate::evaluator::Evaluator;
use crate::extended::ChangeOf;
use crate::extrapolate::Placement;
use crate::native_histogram::{self, Total};
use crate::range::Outcome;
use crate::select::Window;
use crate::start_times::{is_overlap, is_restart, with_start};

impl Evaluator<'_> {
    /// `rate`, `increase` and `delta` of a window with histograms.
    pub(crate) fn histogram_change(&self, window: &Window, of: &ChangeOf) -> Outcome {
        if !window.values.is_empty() {
            self.note_mixed(of.name, of.span);
            return Outcome::Nothing;
        }
        let change = self.extrapolated_histogram(window, of);
        change.map_or(Outcome::Nothing, |histogram| Outcome::Histogram(Arc::new(histogram)))
    }

    fn extrapolated_histogram(&self, window: &Window, of: &ChangeOf) -> Option<NativeHistogram> {
        let ((first_ms, first), (last_ms, _)) =
            (window.histograms.first()?, window.histograms.last()?);
        let is_counter = of.change.is_counter();
        let mut result = match window.histograms.len() {
            1 => None,
            _ => Some(self.histogram_difference(window, of)?),
        };
        let mut placement = Placement::of(window, *first_ms, *last_ms, window.histograms.len());
        if is_counter {
            if placement.begin_at(window, window.histogram_starts, *first_ms, *last_ms) {
                result = Some(match result {
                    None => NativeHistogram::clone(first),
                    Some(result) => self.added(&result, first, 1.0, of)?,
                });
            } else if let Some(result) = &result
                && result.count > 0.0
                && first.count >= 0.0
            {
                placement.to_zero = Some(first.count / result.count);
            }
        }
        let factor = placement.factor(of.change, of.range_ms)?;
        result.map(|result| native_histogram::scaled(&result, factor))
    }

    /// The last histogram minus the first, plus those before counter resets.
    fn histogram_difference(&self, window: &Window, of: &ChangeOf) -> Option<NativeHistogram> {
        let all = window.histograms;
        let [(first_ms, first), (second_ms, second), ..] = all else { return None };
        let (_, last) = all.last()?;
        let is_counter = of.change.is_counter();
        let stamped = |at: usize, time_ms: i64| with_start(window.histogram_starts, at, time_ms);
        // If a reset follows the first histogram, there is nothing of it to subtract.
        let is_reset_first = is_counter
            && (is_restart(stamped(0, *first_ms), stamped(1, *second_ms))
                || native_histogram::is_reset(first, second));
        let nothing = NativeHistogram {
            schema: second.schema,
            custom_bounds: second.custom_bounds.clone(),
            ..NativeHistogram::default()
        };
        let base = if is_reset_first { &nothing } else { first.as_ref() };
        let is_custom = base.has_custom_bounds();
        let inner = all.get(1..all.len().saturating_sub(1)).unwrap_or_default();
        let is_mixed = |histogram: &NativeHistogram| histogram.has_custom_bounds() != is_custom;
        if is_mixed(last) {
            if is_counter && (first.is_gauge() || last.is_gauge()) {
                self.note_not_counter(of.name, of.span);
            }
            self.note_schemas(of.name, of.span);
            return None;
        }
        if is_counter && inner.iter().any(|(_, histogram)| is_mixed(histogram)) {
            self.note_schemas(of.name, of.span);
            return None;
        }
        if is_counter {
            if all.iter().any(|(_, histogram)| histogram.is_gauge()) {
                self.note_not_counter(of.name, of.span);
            }
        } else if !first.is_gauge() || !last.is_gauge() {
            self.note_not_gauge(of.name, of.span);
        }
        let counted = if is_counter { inner } else { &[] };
        let schemas = counted.iter().map(|(_, histogram)| histogram.schema);
        let coarsest = schemas.fold(base.schema.min(last.schema), i32::min);
        let last = native_histogram::coarsened(last, coarsest);
        let mut result = self.added(&last, base, -1.0, of)?;
        if is_counter {
            result = self.with_lost(&result, base, window, of)?;
        }
        result.reset_hint = ResetHint::Gauge;
        Some(result)
    }

    /// Adds the histograms before each counter reset.
    fn with_lost(
        &self,
        result: &NativeHistogram,
        base: &NativeHistogram,
        window: &Window,
        of: &ChangeOf,
    ) -> Option<NativeHistogram> {
        let mut total = Total::of(result, 1.0);
        let mut before = base;
        let mut has_overlap = false;
        let times = window.histograms.windows(2).enumerate();
        for (at, pair) in times {
            let [(before_ms, _), (time_ms, histogram)] = pair else { continue };
            let stamped =
                |at: usize, time_ms: i64| with_start(window.histogram_starts, at, time_ms);
            let (then, now) = (stamped(at, *before_ms), stamped(at + 1, *time_ms));
            has_overlap |= is_overlap(then, now.0);
            if is_restart(then, now) || native_histogram::is_reset(before, histogram) {
                total.add(before, 1.0);
            }
            before = histogram;
        }
        if has_overlap {
            self.note_overlap(of.name, of.span);
        }
        if total.is_incompatible {
            self.note_schemas(of.name, of.span);
            return None;
        }
        if total.is_reconciled {
            self.note_reconciled("addition", of.span);
        }
        Some(total.finish(1.0))
    }

    /// Notes that a sample starts before the previous one; occurrences are counted.
    pub(crate) fn note_overlap(&self, name: &str, span: Span) {
        let name = quote(name);
        self.warn_again(
            span,
            &format!(
                "sample has start time that overlaps with previous sample timestamp for metric {name}"
            ),
        );
    }

    /// `irate` and `idelta` of a window with histograms.
    pub(crate) fn histogram_last_two(
        &self,
        window: &Window,
        is_rate: bool,
        name: &str,
        span: Span,
    ) -> Outcome {
        let Some(kinds) = last_two_are_native(window) else { return Outcome::Nothing };
        if kinds == [false, false] {
            return crate::extrapolate::from_last_two(window, is_rate).into();
        }
        if kinds != [true, true] {
            self.note_mixed(name, span);
            return Outcome::Nothing;
        }
        let [.., (before_ms, before), (after_ms, after)] = window.histograms else {
            return Outcome::Nothing;
        };
        let is_gauge = before.is_gauge() || after.is_gauge();
        if is_rate && is_gauge {
            self.note_not_counter(name, span);
        } else if !(is_rate || before.is_gauge() && after.is_gauge()) {
            self.note_not_gauge(name, span);
        }
        let mut total = Total::of(after, 1.0);
        let [before_start, after_start] = match window.histogram_starts {
            [.., before, after] => [*before, *after],
            _ => [0, 0],
        };
        let is_reset = is_restart((before_start, *before_ms), (after_start, *after_ms))
            || native_histogram::is_reset(before, after);
        if !is_rate || !is_reset {
            total.add(before, -1.0);
        }
        if total.is_incompatible {
            self.note_schemas(name, span);
            return Outcome::Nothing;
        }
        if total.is_reconciled {
            self.note_reconciled("subtraction", span);
        }
        let mut result = total.finish(1.0);
        let seconds = after_ms.saturating_sub(*before_ms) as f64 / 1000.0;
        if is_rate {
            result = native_histogram::divided(&result, seconds);
        }
        result.reset_hint = ResetHint::Gauge;
        Outcome::Histogram(Arc::new(result))
    }

    /// `sum_over_time` and `avg_over_time` of a window with histograms.
    pub(crate) fn histogram_sum(
        &self,
        window: &Window,
        is_mean: bool,
        name: &str,
        span: Span,
    ) -> Outcome {
        let [(_, first), rest @ ..] = window.histograms else { return Outcome::Nothing };
        if !window.values.is_empty() {
            self.note_mixed(name, span);
            return Outcome::Nothing;
        }
        let scale = histogram_scale(is_mean);
        let mut total = Total::of(first, scale);
        for (_, histogram) in rest {
            total.add(histogram, scale);
        }
        if total.is_incompatible {
            self.note_schemas(name, span);
            return Outcome::Nothing;
        }
        if total.is_reconciled {
            self.note_reconciled("aggregation", span);
        }
        if total.has_reset_conflict() {
            self.warn(span, "conflicting counter resets during histogram aggregation");
        }
        let mean_of = is_mean.then_some(window.histograms.len() as f64);
        let result = finish_histograms(&total, mean_of);
        Outcome::Histogram(Arc::new(result))
    }
}

/// Whether each of the last two samples of either kind is a histogram.
fn last_two_are_native(window: &Window) -> Option<[bool; 2]> {
    let mut plain = window.timestamps.iter().rev().peekable();
    let mut native = window.histograms.iter().rev().map(|(at, _)| at).peekable();
    let mut next = || {
        let is_native = match (plain.peek(), native.peek()) {
            (Some(plain_at), Some(native_at)) => native_at > plain_at,
            (None, None) => return None,
            (_, native_at) => native_at.is_some(),
        };
        if is_native { native.next() } else { plain.next() }.map(|_| is_native)
    };
    let last = next()?;
    Some([next()?, last])
}

/// A sample of either kind.
#[derive(Clone, Copy)]
pub(crate) enum AnySample<'w> {
    Number(f64),
    Histogram(&'w NativeHistogram),
}

/// A sample with its start time and time.
pub(crate) type Stamped<'w> = ((i64, i64), AnySample<'w>);

/// Counts the adjacent pairs for which `counts`.
pub(crate) fn count_pairs(window: &Window, counts: impl Fn(Stamped, Stamped) -> bool) -> Outcome {
    let plain = window.timestamps.iter().zip(window.values).enumerate();
    let mut plain = plain
        .map(|(at, (time_ms, value))| {
            (with_start(window.value_starts, at, *time_ms), AnySample::Number(*value))
        })
        .peekable();
    let native = window.histograms.iter().enumerate();
    let mut native = native
        .map(|(at, (time_ms, histogram))| {
            let stamped = with_start(window.histogram_starts, at, *time_ms);
            (stamped, AnySample::Histogram(histogram))
        })
        .peekable();
    let mut last = None;
    let mut count = 0.0;
    loop {
        let is_plain = match (plain.peek(), native.peek()) {
            (Some(((_, plain_at), _)), Some(((_, at), _))) => plain_at < at,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        let next = if is_plain { plain.next() } else { native.next() };
        if let (Some(before), Some(after)) = (last, next) {
            count += f64::from(u8::from(counts(before, after)));
        }
        last = next;
    }
    last.map(|_| count).into()
}

/// Whether `changes` counts a pair; a change of kind always counts.
pub(crate) fn is_changed(before: Stamped, after: Stamped) -> bool {
    match (before.1, after.1) {
        (AnySample::Number(a), AnySample::Number(b)) => a != b && !(a.is_nan() && b.is_nan()),
        (AnySample::Histogram(a), AnySample::Histogram(b)) => !native_histogram::is_equal(a, b),
        _ => true,
    }
}

/// Whether `resets` counts a pair; a change of kind always counts.
pub(crate) fn is_reset(before: Stamped, after: Stamped) -> bool {
    is_restart(before.0, after.0)
        || match (before.1, after.1) {
            (AnySample::Number(a), AnySample::Number(b)) => b < a,
            (AnySample::Histogram(a), AnySample::Histogram(b)) => native_histogram::is_reset(a, b),
            _ => true,
        }
}
