//! Comparison of native histograms.

use std::collections::BTreeMap;

use signals::metric::{BucketSpan, NativeHistogram};

/// Counts by bucket index.
fn buckets(spans: &[BucketSpan], counts: &[f64]) -> BTreeMap<i32, f64> {
    let mut all = BTreeMap::new();
    let (mut index, mut counts) = (0, counts.iter());
    for span in spans {
        index += span.offset;
        for _ in 0..span.length {
            *all.entry(index).or_insert(0.0) += counts.next().copied().unwrap_or_default();
            index += 1;
        }
    }
    all
}

/// Whether two histograms say the same, however their spans are cut.
pub(crate) fn is_same(
    a: &NativeHistogram,
    b: &NativeHistogram,
    is_near: impl Fn(f64, f64) -> bool,
) -> bool {
    let same_buckets = |spans_a, counts_a, spans_b, counts_b| {
        let (a, b) = (buckets(spans_a, counts_a), buckets(spans_b, counts_b));
        a.keys().chain(b.keys()).all(|index| {
            let count =
                |buckets: &BTreeMap<i32, f64>| buckets.get(index).copied().unwrap_or_default();
            is_near(count(&a), count(&b))
        })
    };
    a.schema == b.schema
        && is_near(a.count, b.count)
        && is_near(a.sum, b.sum)
        && is_near(a.zero_count, b.zero_count)
        && a.zero_threshold == b.zero_threshold
        && a.custom_bounds == b.custom_bounds
        && same_buckets(
            &a.positive_spans,
            &a.positive_counts,
            &b.positive_spans,
            &b.positive_counts,
        )
        && same_buckets(
            &a.negative_spans,
            &a.negative_counts,
            &b.negative_spans,
            &b.negative_counts,
        )
}
