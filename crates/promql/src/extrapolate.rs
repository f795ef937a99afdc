//! `rate`, `increase` and `delta`: the change over a window, extrapolated to its edges.

use signals::metric::Samples;

use crate::select::Window;
use crate::start_times::{is_overlap, is_restart, with_start};

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

/// The change over the window, extrapolated as Prometheus does; `None` below two samples, unless
/// the counter starts within the window.
pub(crate) fn extrapolated(
    window: &Window,
    resets: &Resets,
    change: Change,
    range_ms: i64,
) -> Option<f64> {
    let (first_ms, last_ms) = (*window.timestamps.first()?, *window.timestamps.last()?);
    let (first, last) = (*window.values.first()?, *window.values.last()?);
    let mut result = last - first;
    if change.is_counter() {
        resets.add_lost(window, &mut result);
    }
    let mut placement = Placement::of(window, first_ms, last_ms, window.values.len());
    if change.is_counter() {
        if placement.begin_at(window, window.value_starts, first_ms, last_ms) {
            result += first;
        } else if result > 0.0 && first >= 0.0 {
            // A counter is never below zero.
            placement.to_zero = Some(first / result);
        }
    }
    let factor = placement.factor(change, range_ms)?;
    Some(result * factor)
}

/// The position of samples in a window, in seconds.
pub(crate) struct Placement {
    to_start_s: f64,
    to_end_s: f64,
    sampled_s: f64,
    gaps: usize,
    average_s: f64,
    /// Whether the counter starts at zero within the window, so that it is not extrapolated to the
    /// start.
    begins: bool,
    /// First value as a fraction of the increase.
    pub(crate) to_zero: Option<f64>,
}

impl Placement {
    pub(crate) fn of(window: &Window, first_ms: i64, last_ms: i64, samples: usize) -> Self {
        let sampled_s = last_ms.saturating_sub(first_ms) as f64 / 1000.0;
        let gaps = samples.saturating_sub(1);
        Self {
            to_start_s: first_ms.saturating_sub(window.start_ms) as f64 / 1000.0,
            to_end_s: window.end_ms.saturating_sub(last_ms) as f64 / 1000.0,
            sampled_s,
            gaps,
            average_s: if gaps > 0 { sampled_s / gaps as f64 } else { 0.0 },
            begins: false,
            to_zero: None,
        }
    }

    /// Uses the start time of the first sample, if it is between the start of the window and the
    /// sample.
    pub(crate) fn begin_at(
        &mut self,
        window: &Window,
        starts: &[i64],
        first_ms: i64,
        last_ms: i64,
    ) -> bool {
        let start = starts.first().copied().unwrap_or_default();
        if start == 0 || start <= window.start_ms || start >= first_ms {
            return false;
        }
        self.to_start_s = 0.0;
        self.sampled_s = last_ms.saturating_sub(start) as f64 / 1000.0;
        self.begins = true;
        true
    }

    /// The factor from the change between the samples to that of the window; `None` if there are
    /// too few samples.
    pub(crate) fn factor(&self, change: Change, range_ms: i64) -> Option<f64> {
        if self.gaps == 0 && !self.begins {
            return None;
        }
        let threshold_s = self.average_s * 1.1;
        let mut to_start_s = self.to_start_s;
        if !self.begins {
            if to_start_s >= threshold_s {
                to_start_s = self.average_s / 2.0;
            }
            if let Some(to_zero) = self.to_zero {
                to_start_s = to_start_s.min(self.sampled_s * to_zero);
            }
        }
        let mut to_end_s = self.to_end_s;
        if to_end_s >= threshold_s {
            to_end_s = self.average_s / 2.0;
        }
        let mut factor = 1.0;
        if self.sampled_s != 0.0 {
            factor = (self.sampled_s + to_start_s + to_end_s) / self.sampled_s;
        }
        if change == Change::Rate {
            factor /= range_ms as f64 / 1000.0;
        }
        Some(factor)
    }
}

/// The counter resets of a whole series, found once for all overlapping windows.
#[derive(Debug, Default)]
pub(crate) struct Resets {
    /// Index of the sample after a reset, and the value before it; ascending.
    at: Vec<(usize, f64)>,
    /// Indexes of the samples whose start time is before the previous sample; ascending.
    overlaps: Vec<usize>,
}

impl Resets {
    pub(crate) fn of(samples: &Samples, starts: &[i64]) -> Self {
        let mut resets = Self::default();
        if starts.is_empty() {
            let pairs = samples.values.iter().zip(samples.values.iter().skip(1));
            let decreases = (1..).zip(pairs).filter(|(_, (before, value))| value < before);
            resets.at.extend(decreases.map(|(index, (before, _))| (index, *before)));
            return resets;
        }
        let all = samples.timestamps.iter().zip(&samples.values);
        let mut before: Option<((i64, i64), f64)> = None;
        for (index, (time_ms, value)) in all.enumerate() {
            let now = with_start(starts, index, *time_ms);
            if let Some((before, before_value)) = before {
                if *value < before_value || is_restart(before, now) {
                    resets.at.push((index, before_value));
                }
                if is_overlap(before, now.0) {
                    resets.overlaps.push(index);
                }
            }
            before = Some((now, *value));
        }
        resets
    }

    /// Adds the values before each reset within the window.
    fn add_lost(&self, window: &Window, result: &mut f64) {
        let after_first = self.at.partition_point(|(index, _)| *index <= window.first);
        let end = window.first + window.values.len();
        let inside = self.at.iter().skip(after_first).take_while(|(index, _)| *index < end);
        for (_, before) in inside {
            *result += before;
        }
    }

    /// Whether a sample in the window starts before the previous one.
    pub(crate) fn has_overlap(&self, window: &Window) -> bool {
        let after_first = self.overlaps.partition_point(|index| *index <= window.first);
        let end = window.first + window.values.len();
        self.overlaps.get(after_first).is_some_and(|index| *index < end)
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
    let [before_start, after_start] = match window.value_starts {
        [.., before, after] => [*before, *after],
        _ => [0, 0],
    };
    let is_reset =
        after < before || is_restart((before_start, *before_ms), (after_start, *after_ms));
    let change = if is_rate && is_reset { *after } else { after - before };
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
