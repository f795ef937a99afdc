//! Compensated sums (Neumaier's variant of Kahan's algorithm).

use std::cmp::Ordering;

/// A sum and its rounding error.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kahan {
    pub(crate) sum: f64,
    pub(crate) lost: f64,
}

impl Kahan {
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let total = self.sum + value;
        if total.is_infinite() {
            self.lost = 0.0;
        } else if self.sum.abs() >= value.abs() {
            self.lost += (self.sum - total) + value;
        } else {
            self.lost += (value - total) + self.sum;
        }
        self.sum = total;
    }

    /// Adds another sum with its rounding error.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.lost += other.lost;
    }

    pub(crate) fn of(value: f64) -> Self {
        Self { sum: value, lost: 0.0 }
    }

    #[inline]
    pub(crate) fn value(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

/// A mean computed as sum over count, until the sum would overflow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    kahan: Kahan,
    count: f64,
    is_incremental: bool,
}

impl Mean {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.is_incremental {
            let mut next = self.kahan;
            next.add(value);
            if self.count == 1.0 || !next.sum.is_infinite() {
                self.kahan = next;
                return;
            }
            self.is_incremental = true;
            self.kahan.sum /= self.count - 1.0;
            self.kahan.lost /= self.count - 1.0;
        }
        let share = (self.count - 1.0) / self.count;
        self.kahan = Kahan { sum: share * self.kahan.sum, lost: share * self.kahan.lost };
        self.kahan.add(value / self.count);
    }

    pub(crate) fn value(self) -> f64 {
        if self.is_incremental {
            return self.kahan.sum + self.kahan.lost;
        }
        self.kahan.sum / self.count + self.kahan.lost / self.count
    }
}

/// Mean and variance in one pass (Welford's algorithm).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    count: f64,
    mean: Kahan,
    squares: Kahan,
}

impl Spread {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - (self.mean.sum + self.mean.lost);
        self.mean.add(delta / self.count);
        self.squares.add(delta * (value - (self.mean.sum + self.mean.lost)));
    }

    pub(crate) fn variance(self) -> f64 {
        (self.squares.sum + self.squares.lost) / self.count
    }
}

/// As [`Spread`], without the rounding errors: how Prometheus aggregates over series.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PlainSpread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl PlainSpread {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1.0;
        if self.count == 1.0 {
            self.mean = value;
            self.squares = if value.is_finite() { 0.0 } else { f64::NAN };
            return;
        }
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    pub(crate) fn variance(self) -> f64 {
        self.squares / self.count
    }
}

/// The quantile of values by linear interpolation; reorders them. NaN counts as the smallest.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor().max(0.0) as usize;
    let weight = rank - rank.floor();
    // Only the two values around the rank need to be in their places.
    let (_, at_lower, above) = values.select_nth_unstable_by(lower, |a, b| nan_first(*a, *b));
    let lower = *at_lower;
    let upper = above.iter().copied().min_by(|a, b| nan_first(*a, *b)).unwrap_or(lower);
    lower * (1.0 - weight) + upper * weight
}

/// The order of values in which NaN is the smallest.
fn nan_first(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.total_cmp(&b),
    }
}
