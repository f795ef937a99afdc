//! `*_over_time` and other functions over all float samples of a window.

use crate::kahan::{Kahan, Mean, Spread, quantile};
use crate::select::Window;

pub(crate) fn sum(values: &[f64]) -> f64 {
    let mut total = Kahan::default();
    for value in values {
        total.add(*value);
    }
    total.value()
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    let mut mean = Mean::default();
    for value in values {
        mean.add(*value);
    }
    mean.value()
}

pub(crate) fn variance(values: &[f64]) -> f64 {
    let mut spread = Spread::default();
    for value in values {
        spread.add(*value);
    }
    spread.variance()
}

/// The greatest or least value and its index; NaN only if there is no number.
fn extreme(values: &[f64], is_better: impl Fn(f64, f64) -> bool) -> Option<(usize, f64)> {
    let mut best = (0, *values.first()?);
    for (at, value) in values.iter().enumerate() {
        if is_better(*value, best.1) || best.1.is_nan() {
            best = (at, *value);
        }
    }
    Some(best)
}

pub(crate) fn max(values: &[f64]) -> Option<f64> {
    extreme(values, |a, b| a > b).map(|(_, value)| value)
}

pub(crate) fn min(values: &[f64]) -> Option<f64> {
    extreme(values, |a, b| a < b).map(|(_, value)| value)
}

/// Time in seconds of the last of the greatest (or least) values.
pub(crate) fn time_of_extreme(window: &Window, is_max: bool) -> Option<f64> {
    let (at, _) = extreme(window.values, |a, b| if is_max { a >= b } else { a <= b })?;
    window.timestamps.get(at).map(|time_ms| *time_ms as f64 / 1000.0)
}

/// Median absolute deviation from the median; reuses `scratch`.
pub(crate) fn median_deviation(values: &[f64], scratch: &mut Vec<f64>) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    scratch.clear();
    scratch.extend_from_slice(values);
    let median = quantile(0.5, scratch);
    scratch.clear();
    scratch.extend(values.iter().map(|value| (value - median).abs()));
    quantile(0.5, scratch)
}

/// Holt-Winters smoothing of value and trend.
pub(crate) fn smoothed(values: &[f64], smoothing: f64, trend_factor: f64) -> Option<f64> {
    let (first, second) = (*values.first()?, *values.get(1)?);
    let (mut before, mut smooth, mut trend) = (0.0, first, second - first);
    for (at, value) in values.iter().enumerate().skip(1) {
        if at > 1 {
            trend = trend_factor * (smooth - before) + (1.0 - trend_factor) * trend;
        }
        let next = smoothing * value + (1.0 - smoothing) * (smooth + trend);
        before = smooth;
        smooth = next;
    }
    Some(smooth)
}
