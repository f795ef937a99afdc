//! `rate`, `increase` and `delta`: the change over a window, extrapolated to its edges.

use crate::select::Window;

/// The change that a function computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Per second, of a counter.
    Rate,
    /// Of a counter.
    Increase,
    /// Of a gauge.
    Delta,
}

impl Change {
    pub(crate) fn is_counter(self) -> bool {
        self != Self::Delta
    }
}

/// The change over the window, extrapolated as Prometheus does; `None` below two samples.
pub(crate) fn extrapolated(
    window: &Window,
    resets: &Resets,
    change: Change,
    range_ms: i64,
) -> Option<f64> {
    let (first_ms, last_ms) = (*window.timestamps.first()?, *window.timestamps.last()?);
    let (first, last) = (*window.values.first()?, *window.values.last()?);
    if window.values.len() < 2 {
        return None;
    }
    let mut result = last - first;
    if change.is_counter() {
        result += resets.lost(window);
    }
    let factor = extrapolation_factor(&Placement {
        to_start_s: first_ms.saturating_sub(window.start_ms) as f64 / 1000.0,
        to_end_s: window.end_ms.saturating_sub(last_ms) as f64 / 1000.0,
        sampled_s: last_ms.saturating_sub(first_ms) as f64 / 1000.0,
        gaps: (window.values.len() - 1) as f64,
        // A counter is never below zero.
        to_zero: (change.is_counter() && result > 0.0 && first >= 0.0).then_some(first / result),
    });
    result *= factor;
    if change == Change::Rate {
        result /= range_ms as f64 / 1000.0;
    }
    Some(result)
}

/// The position of samples in a window, in seconds.
pub(crate) struct Placement {
    pub(crate) to_start_s: f64,
    pub(crate) to_end_s: f64,
    pub(crate) sampled_s: f64,
    pub(crate) gaps: f64,
    /// First value as a fraction of the increase.
    pub(crate) to_zero: Option<f64>,
}

pub(crate) fn extrapolation_factor(span: &Placement) -> f64 {
    let average_s = span.sampled_s / span.gaps;
    let threshold_s = average_s * 1.1;
    let mut to_start_s = span.to_start_s;
    if to_start_s >= threshold_s {
        to_start_s = average_s / 2.0;
    }
    if let Some(to_zero) = span.to_zero {
        to_start_s = to_start_s.min(span.sampled_s * to_zero);
    }
    let mut to_end_s = span.to_end_s;
    if to_end_s >= threshold_s {
        to_end_s = average_s / 2.0;
    }
    (span.sampled_s + to_start_s + to_end_s) / span.sampled_s
}

/// The counter resets of a whole series, found once for all overlapping windows.
#[derive(Debug, Default)]
pub(crate) struct Resets {
    /// Index of the sample after a reset, and the value before it; ascending.
    at: Vec<(usize, f64)>,
}

impl Resets {
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut at = Vec::new();
        for (index, pair) in values.windows(2).enumerate() {
            if let [before, after] = pair
                && after < before
            {
                at.push((index + 1, *before));
            }
        }
        Self { at }
    }

    /// Sum of the values before each reset within the window.
    fn lost(&self, window: &Window) -> f64 {
        let after_first = self.at.partition_point(|(index, _)| *index <= window.first);
        let end = window.first + window.values.len();
        let inside = self.at.iter().skip(after_first).take_while(|(index, _)| *index < end);
        inside.map(|(_, before)| before).sum()
    }
}

/// `irate` and `idelta`: from the last two samples.
pub(crate) fn from_last_two(window: &Window, is_rate: bool) -> Option<f64> {
    let [.., before_ms, after_ms] = window.timestamps else { return None };
    let [.., before, after] = window.values else { return None };
    let interval_ms = after_ms.saturating_sub(*before_ms);
    if interval_ms == 0 {
        return None;
    }
    let change = if is_rate && after < before { *after } else { after - before };
    Some(if is_rate { change / (interval_ms as f64 / 1000.0) } else { change })
}

/// Slope per second and value at `at_ms` of the line through the samples (least squares).
pub(crate) fn linear_regression(window: &Window, at_ms: i64) -> Option<(f64, f64)> {
    use crate::kahan::Kahan;
    let first = *window.values.first()?;
    if window.values.len() < 2 {
        return None;
    }
    if window.values.iter().all(|value| *value == first) {
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }
    let (mut x_sum, mut y_sum) = (Kahan::default(), Kahan::default());
    let (mut xy_sum, mut xx_sum) = (Kahan::default(), Kahan::default());
    for (time_ms, y) in window.timestamps.iter().zip(window.values) {
        let x = time_ms.saturating_sub(at_ms) as f64 / 1000.0;
        x_sum.add(x);
        y_sum.add(*y);
        xy_sum.add(x * y);
        xx_sum.add(x * x);
    }
    let n = window.values.len() as f64;
    let total = |kahan: Kahan| kahan.sum + kahan.lost;
    let (x_sum, y_sum) = (total(x_sum), total(y_sum));
    let covariance = total(xy_sum) - x_sum * y_sum / n;
    let variance = total(xx_sum) - x_sum * x_sum / n;
    let slope = covariance / variance;
    Some((slope, y_sum / n - slope * x_sum / n))
}
