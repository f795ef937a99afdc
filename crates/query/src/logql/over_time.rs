//! Functions over the numbers in a window.

use lang::logql::RangeOp;

use super::grid::Steps;

/// Windows that end at each step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) steps: Steps,
    pub(super) range_ns: i64,
    pub(super) offset_ns: i64,
}

impl Window {
    /// The function's value at each step, for samples sorted by time.
    pub(super) fn values(
        &self,
        samples: &[(i64, f64)],
        op: RangeOp,
        parameter: f64,
    ) -> Vec<Option<f64>> {
        let (mut start, mut end) = (0, 0);
        (0..self.steps.count)
            .map(|step| {
                let last = self.steps.time(step).saturating_sub(self.offset_ns);
                let before = last.saturating_sub(self.range_ns);
                while samples.get(end).is_some_and(|sample| sample.0 <= last) {
                    end += 1;
                }
                while samples.get(start).is_some_and(|sample| sample.0 <= before) {
                    start += 1;
                }
                let window = samples.get(start..end).filter(|window| !window.is_empty())?;
                Some(self.value(window, op, parameter, before, last))
            })
            .collect()
    }

    fn value(
        &self,
        window: &[(i64, f64)],
        op: RangeOp,
        parameter: f64,
        before: i64,
        last: i64,
    ) -> f64 {
        let numbers = || window.iter().map(|sample| sample.1);
        let seconds = self.range_ns as f64 / 1e9;
        match op {
            RangeOp::Sum => numbers().sum(),
            RangeOp::Rate => numbers().sum::<f64>() / seconds,
            RangeOp::Avg => mean(numbers()),
            // A number replaces a NaN before it.
            RangeOp::Max => {
                numbers().reduce(|a, b| if b > a || a.is_nan() { b } else { a }).unwrap_or(f64::NAN)
            }
            RangeOp::Min => {
                numbers().reduce(|a, b| if b < a || a.is_nan() { b } else { a }).unwrap_or(f64::NAN)
            }
            RangeOp::First => window.first().map_or(f64::NAN, |sample| sample.1),
            RangeOp::Last => window.last().map_or(f64::NAN, |sample| sample.1),
            RangeOp::Stdvar => variance(numbers()),
            RangeOp::Stddev => variance(numbers()).sqrt(),
            RangeOp::Quantile => quantile(parameter, numbers().collect()),
            RangeOp::RateCounter => counter_rate(window, before, last) / seconds,
            RangeOp::Absent | RangeOp::Bytes | RangeOp::BytesRate | RangeOp::Count => {
                window.len() as f64
            }
        }
    }
}

/// The mean, without intermediate overflow.
pub(super) fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut count) = (0.0_f64, 0.0_f64);
    for number in numbers {
        count += 1.0;
        if mean.is_infinite() && (number.is_finite() || mean == number) {
            continue;
        }
        mean += number / count - mean / count;
    }
    mean
}

/// Population variance by Welford's algorithm.
pub(super) fn variance(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut squares, mut count) = (0.0_f64, 0.0_f64, 0.0_f64);
    for number in numbers {
        count += 1.0;
        let delta = number - mean;
        mean += delta / count;
        squares += delta * (number - mean);
    }
    squares / count
}

/// The quantile with linear interpolation between ranks.
pub(super) fn quantile(quantile: f64, mut numbers: Vec<f64>) -> f64 {
    if numbers.is_empty() || quantile.is_nan() {
        return f64::NAN;
    }
    if quantile < 0.0 {
        return f64::NEG_INFINITY;
    }
    if quantile > 1.0 {
        return f64::INFINITY;
    }
    // NaN sorts first, as in Prometheus.
    numbers.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())));
    let rank = quantile * (numbers.len() - 1) as f64;
    let at = |place: f64| numbers.get(place as usize).copied().unwrap_or(f64::NAN);
    let (lower, upper) = (rank.floor(), rank.ceil());
    let weight = rank - lower;
    if lower == upper { at(lower) } else { at(lower) * (1.0 - weight) + at(upper) * weight }
}

/// The increase of a counter over a window, extrapolated to its edges as in Prometheus.
fn counter_rate(window: &[(i64, f64)], before: i64, last: i64) -> f64 {
    let (Some(first), Some(end)) = (window.first(), window.last()) else { return 0.0 };
    if window.len() < 2 {
        return 0.0;
    }
    let mut increase = end.1 - first.1;
    for pair in window.windows(2) {
        if let [a, b] = pair
            && b.1 < a.1
        {
            increase += a.1;
        }
    }
    let seconds = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1e9;
    let mut to_start = seconds(before, first.0);
    let mut to_end = seconds(end.0, last);
    let sampled = seconds(first.0, end.0);
    if sampled == 0.0 {
        return 0.0;
    }
    let average = sampled / (window.len() - 1) as f64;
    let threshold = average * 1.1;
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if increase > 0.0 && first.1 >= 0.0 {
        // A counter is not extrapolated below zero.
        to_start = to_start.min(sampled * (first.1 / increase));
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    increase * ((sampled + to_start + to_end) / sampled)
}
