//! The buckets of a native histogram with their bounds, as listed in Prometheus' API.

use signals::metric::{BucketSpan, NativeHistogram};

/// Schema of histograms with custom bucket bounds.
const CUSTOM_SCHEMA: i32 = -53;

/// One populated bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bucket {
    /// Boundary rule: 0 open left, 1 open right, 3 closed on both sides.
    pub(crate) rule: u8,
    /// Lower bound.
    pub(crate) lower: f64,
    /// Upper bound.
    pub(crate) upper: f64,
    /// Observations.
    pub(crate) count: f64,
}

/// All populated buckets in ascending order.
pub(crate) fn all(native: &NativeHistogram) -> Vec<Bucket> {
    let mut buckets = Vec::new();
    if native.schema == CUSTOM_SCHEMA {
        for (index, count) in indexed(&native.positive_spans, &native.positive_counts) {
            let bound = |index: i32| match usize::try_from(index) {
                Ok(index) => native.custom_bounds.get(index).copied().unwrap_or(f64::INFINITY),
                Err(_) => f64::NEG_INFINITY,
            };
            let rule = if index == 0 { 3 } else { 0 };
            buckets.push(Bucket { rule, lower: bound(index - 1), upper: bound(index), count });
        }
    } else {
        let bound = |index: i32| exponential_bound(native.schema, index);
        for (index, count) in indexed(&native.negative_spans, &native.negative_counts) {
            buckets.push(Bucket {
                rule: 1,
                lower: -bound(index),
                upper: -bound(index.saturating_sub(1)),
                count,
            });
        }
        buckets.reverse();
        let threshold = native.zero_threshold;
        buckets.push(Bucket {
            rule: 3,
            lower: -threshold,
            upper: threshold,
            count: native.zero_count,
        });
        for (index, count) in indexed(&native.positive_spans, &native.positive_counts) {
            buckets.push(Bucket {
                rule: 0,
                lower: bound(index.saturating_sub(1)),
                upper: bound(index),
                count,
            });
        }
    }
    buckets.retain(|bucket| bucket.count != 0.0);
    buckets
}

/// Indices of populated buckets with their counts.
fn indexed(spans: &[BucketSpan], counts: &[f64]) -> Vec<(i32, f64)> {
    let mut counts = counts.iter();
    let mut buckets = Vec::with_capacity(counts.len());
    let mut index = 0_i32;
    for span in spans {
        index = index.saturating_add(span.offset);
        // Stops when the counts run out, whatever length a span claims.
        for count in counts.by_ref().take(span.length as usize) {
            buckets.push((index, *count));
            index = index.saturating_add(1);
        }
    }
    buckets
}

/// `2^(index * 2^-schema)`, exact for powers of two.
fn exponential_bound(schema: i32, index: i32) -> f64 {
    if schema <= 0 {
        let exponent = i64::from(index) << schema.unsigned_abs().min(20);
        return 2_f64.powi(i32::try_from(exponent.clamp(-1100, 1100)).unwrap_or_default());
    }
    let per_power = 1_i32 << schema.min(20);
    let (whole, fraction) = (index.div_euclid(per_power), index.rem_euclid(per_power));
    let fraction = (f64::from(fraction) / f64::from(per_power)).exp2();
    fraction * 2_f64.powi(whole.clamp(-1100, 1100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_grow_by_the_schema() {
        for (schema, index, bound) in
            [(0, 3, 8.0), (-1, 2, 16.0), (2, 4, 2.0), (3, -8, 0.5), (-4, 1, 65_536.0)]
        {
            assert_eq!(exponential_bound(schema, index), bound, "{schema} {index}");
        }
        assert_eq!(exponential_bound(0, i32::MAX), f64::INFINITY);
    }

    #[test]
    fn custom_bounds_end_at_infinity() {
        let native = NativeHistogram {
            schema: CUSTOM_SCHEMA,
            custom_bounds: vec![1.0, 2.0],
            positive_spans: vec![BucketSpan { offset: 0, length: 3 }],
            positive_counts: vec![1.0, 0.0, 4.0],
            ..NativeHistogram::default()
        };
        let bounds: Vec<_> =
            all(&native).iter().map(|b| (b.rule, b.lower, b.upper, b.count)).collect();
        assert_eq!(bounds, [(3, f64::NEG_INFINITY, 1.0, 1.0), (0, 2.0, f64::INFINITY, 4.0)]);
    }
}
