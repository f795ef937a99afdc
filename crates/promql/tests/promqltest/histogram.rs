//! Native histograms in the notation of scripts, and just enough arithmetic to write sequences.

use std::collections::BTreeMap;

use signals::metric::{BucketSpan, NativeHistogram, ResetHint};

/// Reads `schema:1 sum:3 count:22 buckets:[5 10 7]`.
pub(crate) fn parse(text: &str) -> Option<NativeHistogram> {
    let mut histogram = NativeHistogram::default();
    let (mut offset, mut negative_offset) = (0, 0);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, tail) = rest.split_once(':')?;
        let tail = tail.trim_start();
        let (value, tail) = match tail.strip_prefix('[') {
            Some(list) => list.split_once(']')?,
            None => tail.split_once(char::is_whitespace).unwrap_or((tail, "")),
        };
        rest = tail.trim_start();
        let number = || crate::notation::number(value);
        let list =
            || value.split_whitespace().map(crate::notation::number).collect::<Option<Vec<f64>>>();
        match key.trim() {
            "schema" => histogram.schema = value.parse().ok()?,
            "sum" => histogram.sum = number()?,
            "count" => histogram.count = number()?,
            "z_bucket" => histogram.zero_count = number()?,
            "z_bucket_w" => histogram.zero_threshold = number()?,
            "buckets" => histogram.positive_counts = list()?,
            "n_buckets" => histogram.negative_counts = list()?,
            "offset" => offset = value.parse().ok()?,
            "n_offset" => negative_offset = value.parse().ok()?,
            "custom_values" => histogram.custom_bounds = list()?,
            "counter_reset_hint" => {
                histogram.reset_hint = match value {
                    "gauge" => ResetHint::Gauge,
                    "reset" => ResetHint::Reset,
                    "not_reset" => ResetHint::NotReset,
                    _ => ResetHint::Unknown,
                }
            }
            _ => return None,
        }
    }
    let spans = |offset, counts: &[f64]| {
        let length = counts.len() as u32;
        if length == 0 { Vec::new() } else { vec![BucketSpan { offset, length }] }
    };
    histogram.positive_spans = spans(offset, &histogram.positive_counts);
    histogram.negative_spans = spans(negative_offset, &histogram.negative_counts);
    Some(histogram)
}

/// Counts by bucket index.
pub(crate) fn buckets(spans: &[BucketSpan], counts: &[f64]) -> BTreeMap<i32, f64> {
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

fn from_buckets(all: &BTreeMap<i32, f64>) -> (Vec<BucketSpan>, Vec<f64>) {
    let (Some((first, _)), Some((last, _))) = (all.first_key_value(), all.last_key_value()) else {
        return Default::default();
    };
    let counts: Vec<f64> =
        (*first..=*last).map(|index| all.get(&index).copied().unwrap_or_default()).collect();
    (vec![BucketSpan { offset: *first, length: counts.len() as u32 }], counts)
}

/// `a + sign * b` where `b` has the layout of `a` or a finer one.
pub(crate) fn add_scaled(a: &NativeHistogram, b: &NativeHistogram, sign: f64) -> NativeHistogram {
    let mut sum = a.clone();
    sum.count += sign * b.count;
    sum.sum += sign * b.sum;
    sum.zero_count += sign * b.zero_count;
    let shift = (b.schema - a.schema).max(0);
    let merged = |spans_a, counts_a, spans_b, counts_b| {
        let mut all = buckets(spans_a, counts_a);
        for (index, count) in buckets(spans_b, counts_b) {
            let index = ((index - 1) >> shift) + 1;
            *all.entry(index).or_insert(0.0) += sign * count;
        }
        from_buckets(&all)
    };
    (sum.positive_spans, sum.positive_counts) =
        merged(&a.positive_spans, &a.positive_counts, &b.positive_spans, &b.positive_counts);
    (sum.negative_spans, sum.negative_counts) =
        merged(&a.negative_spans, &a.negative_counts, &b.negative_spans, &b.negative_counts);
    sum
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
