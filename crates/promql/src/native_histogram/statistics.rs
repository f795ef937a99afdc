//! Quantiles, fractions and variance of a native histogram.

use signals::metric::NativeHistogram;

use super::super::kahan::Kahan;
use super::super::logarithms::{exp2, log2};
use super::{Bounded, bounded};

/// The effect of NaN observations, which no bucket counts, on a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No effect.
    None,
    /// The result is too high.
    Skewed,
    /// The result is NaN.
    NotANumber,
}

/// Restricts the zero bucket to the side that has observations.
pub(super) fn one_sided(mut bucket: Bounded, histogram: &NativeHistogram) -> Bounded {
    let (has_negative, has_positive) =
        (!histogram.negative_counts.is_empty(), !histogram.positive_counts.is_empty());
    if !has_negative && has_positive {
        bucket.lower = 0.0;
    } else if has_negative && !has_positive {
        bucket.upper = 0.0;
    }
    bucket
}

/// The quantile, interpolated in its bucket.
pub(crate) fn quantile(q: f64, histogram: &NativeHistogram) -> (f64, Fault) {
    if q < 0.0 {
        return (f64::NEG_INFINITY, Fault::None);
    }
    if q > 1.0 {
        return (f64::INFINITY, Fault::None);
    }
    if histogram.count == 0.0 || q.is_nan() {
        return (f64::NAN, Fault::None);
    }
    let mut buckets = bounded(histogram);
    // From the nearer end, but from below if NaN was observed: NaN counts as above all buckets.
    let has_nan = histogram.sum.is_nan();
    let is_forward = has_nan || q < 0.5;
    let mut rank = if is_forward { q * histogram.count } else { (1.0 - q) * histogram.count };
    if !is_forward {
        buckets.reverse();
    }
    let mut bucket = Bounded { lower: 0.0, upper: 0.0, count: 0.0 };
    let mut counted = 0.0;
    let mut rest = buckets.iter();
    for next in rest.by_ref() {
        bucket = *next;
        counted += bucket.count;
        if bucket.count != 0.0 && counted >= rank {
            break;
        }
    }
    if histogram.has_custom_bounds() {
        if bucket.lower == f64::NEG_INFINITY {
            if bucket.upper <= 0.0 {
                return (bucket.upper, Fault::None);
            }
            bucket.lower = 0.0;
        } else if bucket.upper == f64::INFINITY {
            return (bucket.lower, Fault::None);
        }
    } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
        bucket = one_sided(bucket, histogram);
    }
    counted = if counted > histogram.count { histogram.count } else { counted };
    if counted < rank {
        return if has_nan { (f64::NAN, Fault::NotANumber) } else { (bucket.upper, Fault::None) };
    }
    rank = if is_forward { rank - (counted - bucket.count) } else { counted - rank };
    let mut fault = Fault::None;
    if has_nan {
        // Prometheus then interpolates in the highest bucket.
        for next in rest {
            bucket = *next;
            counted += bucket.count;
        }
        if counted < histogram.count {
            fault = Fault::Skewed;
        }
    }
    (interpolated(bucket, rank / bucket.count, histogram.has_custom_bounds()), fault)
}

fn interpolated(bucket: Bounded, part: f64, is_linear: bool) -> f64 {
    if is_linear || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
        return bucket.lower + (bucket.upper - bucket.lower) * part;
    }
    let (lower, upper) = (log2(bucket.lower.abs()), log2(bucket.upper.abs()));
    if bucket.lower > 0.0 {
        exp2(lower + (upper - lower) * part)
    } else {
        -exp2(upper + (lower - upper) * (1.0 - part))
    }
}

/// The fraction of observations between two bounds, and whether there are NaN observations, which
/// are in no fraction.
pub(crate) fn fraction(lower: f64, upper: f64, histogram: &NativeHistogram) -> (f64, bool) {
    if histogram.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return (f64::NAN, false);
    }
    if lower >= upper {
        return (0.0, false);
    }
    let buckets = bounded(histogram);
    let (mut rank, mut lower_rank, mut upper_rank) = (0.0, None, None);
    for bucket in &buckets {
        let is_zero = bucket.lower <= 0.0 && bucket.upper >= 0.0;
        let bucket = if is_zero { one_sided(*bucket, histogram) } else { *bucket };
        let is_linear = is_zero || histogram.has_custom_bounds();
        for (bound, place) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if place.is_some() {
                continue;
            }
            if bucket.lower >= bound {
                *place = Some(rank);
            } else if bucket.upper > bound {
                *place = Some(if is_linear && bucket.lower == f64::NEG_INFINITY {
                    bucket.count
                } else {
                    rank + bucket.count * share_below(bucket, bound, is_linear)
                });
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        rank += bucket.count;
    }
    let mut count = histogram.count;
    let mut excludes_nan = false;
    if histogram.sum.is_nan() {
        count = buckets.iter().map(|bucket| bucket.count).sum();
        excludes_nan = count < histogram.count;
    }
    // All buckets are below a bound that is above them.
    let at_most_all = |rank: Option<f64>| match rank {
        Some(rank) if rank > count => count,
        Some(rank) => rank,
        None => count,
    };
    ((at_most_all(upper_rank) - at_most_all(lower_rank)) / histogram.count, excludes_nan)
}

/// The fraction of a bucket below a value in it.
pub(super) fn share_below(bucket: Bounded, value: f64, is_linear: bool) -> f64 {
    if is_linear {
        // The distribution in an open bucket is unknown: observations are assumed far away.
        if bucket.lower == f64::NEG_INFINITY {
            return 1.0;
        }
        return (value - bucket.lower) / (bucket.upper - bucket.lower);
    }
    let (lower, upper, value_log) =
        (log2(bucket.lower.abs()), log2(bucket.upper.abs()), log2(value.abs()));
    if value > 0.0 {
        (value_log - lower) / (upper - lower)
    } else {
        1.0 - (value_log - upper) / (lower - upper)
    }
}

/// The variance, with each observation at the middle of its bucket.
pub(crate) fn variance(histogram: &NativeHistogram) -> f64 {
    let mean = histogram.sum / histogram.count;
    let mut total = Kahan::default();
    for bucket in bounded(histogram).iter().filter(|bucket| bucket.count != 0.0) {
        let middle = if histogram.has_custom_bounds() {
            f64::midpoint(bucket.lower, bucket.upper)
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            0.0
        } else {
            let middle = (bucket.lower * bucket.upper).sqrt();
            if bucket.upper < 0.0 { -middle } else { middle }
        };
        let delta = middle - mean;
        total.add(bucket.count * delta * delta);
    }
    total.value() / histogram.count
}
