//! Functions of windows with native histograms.

use std::sync::Arc;

use lang::promql::{Span, quote};
use signals::metric::{NativeHistogram, ResetHint};

use crate::aggregate::{finish_histograms, histogram_scale};
use crate::annotations::for_metric;
use crate::evaluator::Evaluator;
use crate::extrapolate::{Change, Placement, extrapolation_factor};
use crate::native_histogram::{self, Mismatch, Total};
use crate::range::Outcome;
use crate::select::Window;

impl Evaluator<'_> {
    fn note_mixed(&self, name: &str, span: Span) {
        let name = for_metric(name);
        self.warn(span, &format!("encountered a mix of histograms and floats{name}"));
    }

    /// Whether the histograms of a total are compatible; annotates the result if not fully.
    fn fits(&self, total: &Total, word: &str, name: &str, span: Span) -> bool {
        match total.mismatch {
            Mismatch::None => {}
            Mismatch::Reconciled => {
                self.info(
                    span,
                    &format!("mismatched custom buckets were reconciled during {word}"),
                );
            }
            Mismatch::Incompatible => {
                let name = for_metric(name);
                self.warn(span, &format!(
                    "vector contains a mix of histograms with exponential and custom buckets schemas{name}"
                ));
                return false;
            }
        }
        true
    }

    /// `rate`, `increase` and `delta` of a window with histograms.
    pub(crate) fn histogram_change(
        &self,
        window: &Window,
        change: Change,
        range_ms: i64,
        name: &str,
        span: Span,
    ) -> Outcome {
        if !window.values.is_empty() {
            if window.values.len() + window.histograms.len() > 1 {
                self.note_mixed(name, span);
            }
            return Outcome::Nothing;
        }
        let ([(first_ms, first), .., (last_ms, last)], Some(gaps)) =
            (window.histograms, window.histograms.len().checked_sub(1))
        else {
            return Outcome::Nothing;
        };
        let is_gauge = window.histograms.iter().any(|(_, histogram)| histogram.is_gauge());
        if change.is_counter() {
            if is_gauge {
                self.warn(
                    span,
                    &format!("this native histogram metric is not a counter: {}", quote(name)),
                );
            }
        } else if !first.is_gauge() || !last.is_gauge() {
            self.warn(
                span,
                &format!("this native histogram metric is not a gauge: {}", quote(name)),
            );
        }
        let mut pairs = window.histograms.windows(2);
        let mut total = Total::of(last, 1.0);
        // If a reset follows the first histogram, there is nothing of it to subtract.
        let is_reset_first = change.is_counter()
            && matches!(window.histograms, [(_, first), (_, second), ..] if native_histogram::is_reset(first, second));
        if is_reset_first {
            pairs.next();
        } else {
            total.add(first, -1.0);
        }
        for pair in pairs {
            let [(_, before), (_, after)] = pair else { continue };
            if native_histogram::is_custom(before) != native_histogram::is_custom(after) {
                total.mismatch = Mismatch::Incompatible;
            } else if change.is_counter() && native_histogram::is_reset(before, after) {
                total.add(before, 1.0);
            }
        }
        if !self.fits(&total, "subtraction", name, span) {
            return Outcome::Nothing;
        }
        let sum = total.finish(1.0);
        let is_growing = change.is_counter() && sum.count > 0.0 && first.count >= 0.0;
        let mut factor = extrapolation_factor(&Placement {
            to_start_s: first_ms.saturating_sub(window.start_ms) as f64 / 1000.0,
            to_end_s: window.end_ms.saturating_sub(*last_ms) as f64 / 1000.0,
            sampled_s: last_ms.saturating_sub(*first_ms) as f64 / 1000.0,
            gaps: gaps as f64,
            to_zero: is_growing.then_some(first.count / sum.count),
        });
        if change == Change::Rate {
            factor /= range_ms as f64 / 1000.0;
        }
        let mut result = native_histogram::scaled(&sum, factor);
        result.reset_hint = ResetHint::Gauge;
        Outcome::Histogram(Arc::new(result))
    }

    /// `irate` and `idelta` of a window with histograms.
    pub(crate) fn histogram_last_two(
        &self,
        window: &Window,
        is_rate: bool,
        name: &str,
        span: Span,
    ) -> Outcome {
        let [.., (before_ms, before), (after_ms, after)] = window.histograms else {
            if window.histograms.is_empty() {
                return crate::extrapolate::from_last_two(window, is_rate).into();
            }
            if !window.values.is_empty() {
                let last_two = last_two_times(window);
                if last_two.is_some_and(|(before, _)| {
                    window.histograms.iter().any(|(at, _)| *at >= before)
                }) {
                    self.note_mixed(name, span);
                    return Outcome::Nothing;
                }
                return crate::extrapolate::from_last_two(window, is_rate).into();
            }
            return Outcome::Nothing;
        };
        if window.timestamps.last().is_some_and(|at| at > before_ms) {
            let [.., second_last, _] = window.timestamps else {
                self.note_mixed(name, span);
                return Outcome::Nothing;
            };
            if second_last > after_ms {
                return crate::extrapolate::from_last_two(window, is_rate).into();
            }
            self.note_mixed(name, span);
            return Outcome::Nothing;
        }
        let is_gauge = before.is_gauge() || after.is_gauge();
        if is_rate {
            if is_gauge {
                self.warn(
                    span,
                    &format!("this native histogram metric is not a counter: {}", quote(name)),
                );
            }
        } else if !before.is_gauge() || !after.is_gauge() {
            self.warn(
                span,
                &format!("this native histogram metric is not a gauge: {}", quote(name)),
            );
        }
        let mut total = Total::of(after, 1.0);
        if !is_rate || !native_histogram::is_reset(before, after) {
            total.add(before, -1.0);
        }
        if !self.fits(&total, "subtraction", name, span) {
            return Outcome::Nothing;
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
        if !self.fits(&total, "aggregation", name, span) {
            return Outcome::Nothing;
        }
        let mean_of = is_mean.then_some(window.histograms.len() as f64);
        let result = finish_histograms(&total, mean_of);
        Outcome::Histogram(Arc::new(result))
    }
}

/// Times of the last two samples of either kind.
fn last_two_times(window: &Window) -> Option<(i64, i64)> {
    let mut times: Vec<i64> = window.timestamps.iter().rev().take(2).copied().collect();
    times.extend(window.histograms.iter().rev().take(2).map(|(at, _)| *at));
    times.sort_unstable();
    match times.as_slice() {
        [.., before, after] => Some((*before, *after)),
        _ => None,
    }
}

/// Counts adjacent samples that differ, or with a reset in between; the kinds always differ.
pub(crate) fn count_pairs(
    window: &Window,
    floats: impl Fn(f64, f64) -> bool,
    histograms: impl Fn(&NativeHistogram, &NativeHistogram) -> bool,
) -> Outcome {
    enum Last<'w> {
        Number(f64),
        Histogram(&'w NativeHistogram),
    }
    let mut plain = window.timestamps.iter().zip(window.values).peekable();
    let mut native = window.histograms.iter().peekable();
    let mut last: Option<Last> = None;
    let mut count = 0.0;
    loop {
        let is_plain = match (plain.peek(), native.peek()) {
            (Some((plain_at, _)), Some((at, _))) => *plain_at < at,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        let next = if is_plain {
            plain.next().map(|(_, value)| Last::Number(*value))
        } else {
            native.next().map(|(_, histogram)| Last::Histogram(histogram))
        };
        let counts = match (&last, &next) {
            (Some(Last::Number(a)), Some(Last::Number(b))) => floats(*a, *b),
            (Some(Last::Histogram(a)), Some(Last::Histogram(b))) => histograms(a, b),
            (Some(_), Some(_)) => true,
            _ => false,
        };
        count += f64::from(u8::from(counts));
        last = next;
    }
    last.map(|_| count).into()
}
