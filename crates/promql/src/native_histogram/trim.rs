//! Trims a native histogram below or above a value.

use signals::metric::NativeHistogram;

use super::statistics::share_below;
use super::{Bounded, Bucket, bounds, buckets, spans};

/// The histogram without the observations above (`keeps_below`) or below `cut`.
///
/// A bucket that is cut is interpolated; the sum is then estimated from the middles of what is
/// kept. Observations in a bucket that reaches to infinity cannot be interpolated.
pub(crate) fn trimmed(histogram: &NativeHistogram, cut: f64, keeps_below: bool) -> NativeHistogram {
    let is_linear = histogram.has_custom_bounds();
    let mut trim = Trim { cut, keeps_below, is_linear, count: 0.0, sum: 0.0, is_cut: false };
    let exponential = |index: i32| bounds::exponential(histogram.schema, index);
    let of_positive = |index: i32| {
        if is_linear { bounds::custom(&histogram.custom_bounds, index) } else { exponential(index) }
    };
    let of_negative = |index: i32| {
        let (lower, upper) = exponential(index);
        (-upper, -lower)
    };
    let all_positive = buckets(&histogram.positive_spans, &histogram.positive_counts);
    let all_negative = buckets(&histogram.negative_spans, &histogram.negative_counts);
    let positive = trim.side(&all_positive, true, &of_positive);
    let negative = trim.side(&all_negative, false, &of_negative);
    let has_any = |side: &[Bucket]| side.iter().any(|(_, count)| *count != 0.0);
    let mut zero_count = histogram.zero_count;
    if zero_count > 0.0 {
        let width = histogram.zero_threshold;
        let (lower, upper) = match (has_any(&all_negative), has_any(&all_positive)) {
            (true, false) => (-width, 0.0),
            (false, true) => (0.0, width),
            _ => (-width, width),
        };
        zero_count = trim.zero(Bounded { lower, upper, count: zero_count });
    }
    if !trim.is_cut {
        return histogram.clone();
    }
    let (positive_spans, positive_counts) = spans(&positive);
    let (negative_spans, negative_counts) = spans(&negative);
    NativeHistogram {
        zero_count,
        count: trim.count,
        sum: trim.sum,
        positive_spans,
        positive_counts,
        negative_spans,
        negative_counts,
        ..histogram.clone()
    }
}

struct Trim {
    cut: f64,
    keeps_below: bool,
    /// Whether observations are distributed linearly in a bucket.
    is_linear: bool,
    /// Observations that are kept, and their estimated sum.
    count: f64,
    sum: f64,
    is_cut: bool,
}

impl Trim {
    fn side(
        &mut self,
        all: &[Bucket],
        is_positive: bool,
        bounds_of: &dyn Fn(i32) -> (f64, f64),
    ) -> Vec<Bucket> {
        all.iter()
            .map(|(index, count)| {
                let (lower, upper) = bounds_of(*index);
                (*index, self.bucket(Bounded { lower, upper, count: *count }, is_positive))
            })
            .collect()
    }

    /// The count that is kept of a bucket.
    fn bucket(&mut self, bucket: Bounded, is_positive: bool) -> f64 {
        let Bounded { lower, upper, count } = bucket;
        if count == 0.0 {
            return count;
        }
        let (is_kept, holds_cut) = if self.keeps_below {
            (upper <= self.cut, lower < self.cut)
        } else {
            (lower >= self.cut, upper > self.cut)
        };
        if is_kept {
            return self.keep(count, self.middle(lower, upper, is_positive));
        }
        if !holds_cut {
            self.is_cut = true;
            return 0.0;
        }
        let (kept, middle) = if lower == f64::NEG_INFINITY {
            self.open_below(bucket)
        } else if upper == f64::INFINITY {
            // Its observations may be anywhere above the lower bound.
            if self.keeps_below { (0.0, lower) } else { (count, self.cut) }
        } else {
            let below = count * share_below(bucket, self.cut, self.is_linear);
            if self.keeps_below {
                (below, self.middle(lower, self.cut, is_positive))
            } else {
                (count - below, self.middle(self.cut, upper, is_positive))
            }
        };
        self.is_cut |= kept != count;
        self.keep(kept, middle)
    }

    /// What is kept of a bucket without a lower bound, and its middle. It begins at zero if it
    /// reaches above zero.
    fn open_below(&self, bucket: Bounded) -> (f64, f64) {
        let Bounded { upper, count, .. } = bucket;
        let cut = self.cut;
        let is_above_zero = upper > 0.0 && upper.is_finite();
        match self.keeps_below {
            true if cut > 0.0 && is_above_zero => (count * cut / upper, cut / 2.0),
            true if upper <= 0.0 => (count, cut),
            false if cut >= 0.0 && upper > cut && is_above_zero => {
                (count * (1.0 - cut / upper), f64::midpoint(cut, upper))
            }
            _ => (0.0, 0.0),
        }
    }

    /// The count that is kept of the zero bucket.
    fn zero(&mut self, bucket: Bounded) -> f64 {
        let Bounded { lower, upper, count } = bucket;
        let is_cut_outside = self.cut <= lower || self.cut >= upper;
        // A cut at both ends of a bucket without width is below it.
        let is_kept = (self.cut <= lower) != self.keeps_below;
        let (kept, middle) = if is_cut_outside {
            if is_kept { (count, f64::midpoint(lower, upper)) } else { (0.0, 0.0) }
        } else if self.keeps_below {
            (count * ((self.cut - lower) / (upper - lower)), f64::midpoint(lower, self.cut))
        } else {
            (count * ((upper - self.cut) / (upper - lower)), f64::midpoint(self.cut, upper))
        };
        self.is_cut |= kept != count;
        self.keep(kept, middle)
    }

    fn keep(&mut self, count: f64, middle: f64) -> f64 {
        self.count += count;
        self.sum += middle * count;
        count
    }

    fn middle(&self, lower: f64, upper: f64, is_positive: bool) -> f64 {
        if lower.is_infinite() {
            return match upper {
                upper if upper.is_infinite() => 0.0,
                upper if upper > 0.0 => upper / 2.0,
                upper => upper,
            };
        }
        if upper.is_infinite() {
            return lower;
        }
        if self.is_linear {
            return f64::midpoint(lower, upper);
        }
        let middle = (lower * upper).abs().sqrt();
        if is_positive { middle } else { -middle }
    }
}
