//! Trims a native histogram below or above a value.

use signals::metric::NativeHistogram;

use super::super::kahan::Kahan;
use super::statistics::{one_sided, share_below};
use super::{Bounded, Bucket, bounds, buckets, is_custom, spans};

/// The histogram without the observations above (`keeps_below`) or below `cut`.
///
/// A bucket that is cut is interpolated; the sum is then estimated from the middles of what is
/// kept. Observations in a bucket that reaches to infinity cannot be interpolated.
pub(crate) fn trimmed(histogram: &NativeHistogram, cut: f64, keeps_below: bool) -> NativeHistogram {
    let mut trim = Trim {
        histogram,
        cut,
        keeps_below,
        kept: Kahan::default(),
        sum: Kahan::default(),
        is_cut: false,
    };
    let exponential = |index: i32| bounds::exponential(histogram.schema, index);
    let positive = trim.side(&histogram.positive_spans, &histogram.positive_counts, &|index| {
        if is_custom(histogram) {
            bounds::custom(&histogram.custom_bounds, index)
        } else {
            exponential(index)
        }
    });
    let negative = trim.side(&histogram.negative_spans, &histogram.negative_counts, &|index| {
        let (lower, upper) = exponential(index);
        (-upper, -lower)
    });
    let width = histogram.zero_threshold;
    let zero = Bounded { lower: -width, upper: width, count: histogram.zero_count };
    let zero_count = trim.bucket(one_sided(zero, histogram), true);
    if !trim.is_cut {
        return histogram.clone();
    }
    let (positive_spans, positive_counts) = spans(&positive);
    let (negative_spans, negative_counts) = spans(&negative);
    NativeHistogram {
        zero_count,
        count: trim.kept.value(),
        sum: trim.sum.value(),
        positive_spans,
        positive_counts,
        negative_spans,
        negative_counts,
        ..histogram.clone()
    }
}

struct Trim<'h> {
    histogram: &'h NativeHistogram,
    cut: f64,
    keeps_below: bool,
    kept: Kahan,
    sum: Kahan,
    is_cut: bool,
}

impl Trim<'_> {
    fn side(
        &mut self,
        spans: &[signals::metric::BucketSpan],
        counts: &[f64],
        bounds_of: &dyn Fn(i32) -> (f64, f64),
    ) -> Vec<Bucket> {
        let all = buckets(spans, counts);
        all.into_iter()
            .map(|(index, count)| {
                let (mut lower, upper) = bounds_of(index);
                // The lowest bucket starts at zero, unless values above a negative cut are kept.
                let is_at_zero = upper > 0.0 && upper.is_finite();
                let begins_at_zero = is_at_zero && (self.keeps_below || self.cut >= 0.0);
                if lower == f64::NEG_INFINITY && begins_at_zero {
                    lower = 0.0;
                }
                (index, self.bucket(Bounded { lower, upper, count }, is_custom(self.histogram)))
            })
            .collect()
    }

    /// The count that is kept of a bucket.
    fn bucket(&mut self, bucket: Bounded, is_linear: bool) -> f64 {
        if bucket.count == 0.0 {
            return 0.0;
        }
        let (Bounded { lower, upper, count }, cut) = (bucket, self.cut);
        let (share, kept_lower, kept_upper) = if self.keeps_below {
            if upper <= cut {
                (1.0, lower, upper)
            } else if lower >= cut || upper == f64::INFINITY {
                (0.0, lower, lower)
            } else if lower == f64::NEG_INFINITY {
                (1.0, lower, cut)
            } else {
                (share_below(bucket, cut, is_linear), lower, cut)
            }
        } else if lower >= cut {
            (1.0, lower, upper)
        } else if upper <= cut || lower == f64::NEG_INFINITY {
            (0.0, upper, upper)
        } else if upper == f64::INFINITY {
            (1.0, cut, upper)
        } else {
            (1.0 - share_below(bucket, cut, is_linear), cut, upper)
        };
        self.is_cut |= share < 1.0 || (kept_lower, kept_upper) != (lower, upper);
        let kept = count * share;
        self.kept.add(kept);
        if kept > 0.0 {
            self.sum.add(kept * middle(kept_lower, kept_upper, is_linear));
        }
        kept
    }
}

fn middle(lower: f64, upper: f64, is_linear: bool) -> f64 {
    if lower == f64::NEG_INFINITY {
        upper
    } else if upper == f64::INFINITY {
        lower
    } else if is_linear {
        f64::midpoint(lower, upper)
    } else {
        let middle = (lower * upper).sqrt();
        if upper < 0.0 { -middle } else { middle }
    }
}
