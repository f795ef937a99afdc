//! The buckets of a native histogram with their bounds, as listed in Prometheus' API.

use signals::metric::{BucketSpan, NativeHistogram, bucket_bound};

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
    if native.has_custom_bounds() {
        for (index, count) in indexed(&native.positive_spans, &native.positive_counts) {
            let bound = |index: i32| match usize::try_from(index) {
                Ok(index) => native.custom_bounds.get(index).copied().unwrap_or(f64::INFINITY),
                Err(_) => f64::NEG_INFINITY,
            };
            let rule = if index == 0 { 3 } else { 0 };
            buckets.push(Bucket { rule, lower: bound(index - 1), upper: bound(index), count });
        }
    } else {
        let threshold = native.zero_threshold;
        let bound = |index: i32| bucket_bound(native.schema, index);
        // The end towards zero; a bucket begins where the zero bucket ends.
        let inner = |index: i32| match bound(index.saturating_sub(1)) {
            bound if bound > 0.0 => bound.max(threshold),
            bound => bound,
        };
        for (index, count) in indexed(&native.negative_spans, &native.negative_counts) {
            buckets.push(Bucket { rule: 1, lower: -bound(index), upper: -inner(index), count });
        }
        buckets.reverse();
        // Unlike others, a zero bucket with a negative count is not listed.
        if native.zero_count > 0.0 {
            let count = native.zero_count;
            buckets.push(Bucket { rule: 3, lower: -threshold, upper: threshold, count });
        }
        for (index, count) in indexed(&native.positive_spans, &native.positive_counts) {
            buckets.push(Bucket { rule: 0, lower: inner(index), upper: bound(index), count });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_bounds_end_at_infinity() {
        let native = NativeHistogram {
            schema: signals::metric::CUSTOM_SCHEMA,
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
