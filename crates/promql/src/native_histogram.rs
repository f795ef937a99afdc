//! Arithmetic of native histograms, as in Prometheus 3.
//!
//! Computations use buckets as ascending pairs of index and count; spans are only the stored form.

mod bounds;
mod layout;
mod statistics;
mod trim;

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use signals::metric::{BucketSpan, NativeHistogram, ResetHint};

use crate::text::general;

pub(crate) use layout::{Total, has_decreased};
pub(crate) use statistics::{Fault, fraction, quantile, variance};
pub(crate) use trim::trimmed;

/// Index and count of a bucket.
pub(crate) type Bucket = (i32, f64);

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounded {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) count: f64,
}

/// Buckets in ascending order of index, including stored empty ones.
pub(crate) fn buckets(spans: &[BucketSpan], counts: &[f64]) -> Vec<Bucket> {
    let mut all = Vec::with_capacity(counts.len());
    let mut counts = counts.iter();
    let mut index: i32 = 0;
    for span in spans {
        index = index.saturating_add(span.offset);
        for _ in 0..span.length {
            let Some(count) = counts.next() else { return all };
            all.push((index, *count));
            index = index.saturating_add(1);
        }
    }
    all
}

/// Spans and counts of buckets, without empty ones.
pub(crate) fn spans(buckets: &[Bucket]) -> (Vec<BucketSpan>, Vec<f64>) {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut counts = Vec::with_capacity(buckets.len());
    let mut next = 0;
    for (index, count) in buckets.iter().filter(|(_, count)| *count != 0.0) {
        match spans.last_mut() {
            Some(span) if *index == next => span.length += 1,
            _ => spans.push(BucketSpan { offset: index.saturating_sub(next), length: 1 }),
        }
        next = index.saturating_add(1);
        counts.push(*count);
    }
    (spans, counts)
}

/// Multiplies all counts and the sum; a negative factor makes a gauge.
pub(crate) fn scaled(histogram: &NativeHistogram, factor: f64) -> NativeHistogram {
    let times = |counts: &[f64]| counts.iter().map(|count| count * factor).collect();
    NativeHistogram {
        zero_count: zero_count(histogram, |count| count * factor),
        count: histogram.count * factor,
        sum: histogram.sum * factor,
        positive_counts: times(&histogram.positive_counts),
        negative_counts: times(&histogram.negative_counts),
        reset_hint: signed_hint(histogram, factor),
        ..histogram.clone()
    }
}

/// The changed count of the zero bucket, which histograms with custom bounds do not have.
fn zero_count(histogram: &NativeHistogram, change: impl Fn(f64) -> f64) -> f64 {
    if histogram.has_custom_bounds() { 0.0 } else { change(histogram.zero_count) }
}

fn signed_hint(histogram: &NativeHistogram, factor: f64) -> ResetHint {
    if factor < 0.0 { ResetHint::Gauge } else { histogram.reset_hint }
}

/// Divides all counts and the sum; division by zero leaves no buckets.
pub(crate) fn divided(histogram: &NativeHistogram, divisor: f64) -> NativeHistogram {
    let over = |counts: &[f64]| counts.iter().map(|count| count / divisor).collect();
    let mut result = NativeHistogram {
        zero_count: zero_count(histogram, |count| count / divisor),
        count: histogram.count / divisor,
        sum: histogram.sum / divisor,
        positive_counts: over(&histogram.positive_counts),
        negative_counts: over(&histogram.negative_counts),
        reset_hint: signed_hint(histogram, divisor),
        ..histogram.clone()
    };
    if divisor == 0.0 {
        result.positive_counts.clear();
        result.positive_spans.clear();
        result.negative_counts.clear();
        result.negative_spans.clear();
    }
    result
}

/// The histogram with the buckets of a coarser schema.
pub(crate) fn coarsened(histogram: &NativeHistogram, schema: i32) -> Cow<'_, NativeHistogram> {
    if histogram.has_custom_bounds() || schema >= histogram.schema {
        return Cow::Borrowed(histogram);
    }
    let mut total = Total::of(histogram, 1.0);
    total.reduce(schema);
    Cow::Owned(total.finish(1.0))
}

/// The histogram without a hint on counter resets: a subquery may leave out or repeat samples.
pub(crate) fn without_reset(histogram: &Arc<NativeHistogram>) -> Arc<NativeHistogram> {
    match histogram.reset_hint {
        ResetHint::Unknown | ResetHint::Gauge => Arc::clone(histogram),
        ResetHint::Reset | ResetHint::NotReset => Arc::new(NativeHistogram {
            reset_hint: ResetHint::Unknown,
            ..NativeHistogram::clone(histogram)
        }),
    }
}

/// Whether two histograms are equal, regardless of their spans.
pub(crate) fn is_equal(a: &NativeHistogram, b: &NativeHistogram) -> bool {
    let filled = |spans_of: &[BucketSpan], counts: &[f64]| {
        let mut all = buckets(spans_of, counts);
        all.retain(|(_, count)| *count != 0.0);
        all
    };
    let is_same = |x: f64, y: f64| x.to_bits() == y.to_bits() || x == y;
    a.schema == b.schema
        && is_same(a.count, b.count)
        && is_same(a.sum, b.sum)
        && is_same(a.zero_count, b.zero_count)
        && a.zero_threshold == b.zero_threshold
        && a.custom_bounds == b.custom_bounds
        && filled(&a.positive_spans, &a.positive_counts)
            == filled(&b.positive_spans, &b.positive_counts)
        && filled(&a.negative_spans, &a.negative_counts)
            == filled(&b.negative_spans, &b.negative_counts)
}

/// Whether there was a counter reset between two histograms. Gauges count as counters do.
pub(crate) fn is_reset(before: &NativeHistogram, after: &NativeHistogram) -> bool {
    match after.reset_hint {
        ResetHint::Reset => return true,
        ResetHint::NotReset => return false,
        ResetHint::Unknown | ResetHint::Gauge => {}
    }
    if after.count < before.count || (after.has_custom_bounds() && !before.has_custom_bounds()) {
        return true;
    }
    if !after.has_custom_bounds()
        && (after.schema > before.schema || after.zero_threshold < before.zero_threshold)
    {
        return true;
    }
    has_decreased(before, after)
}

/// All buckets from the lowest to the highest. The zero bucket is included if it counts anything,
/// and the others begin where it ends.
pub(crate) fn bounded(histogram: &NativeHistogram) -> Vec<Bounded> {
    let positive = buckets(&histogram.positive_spans, &histogram.positive_counts);
    let negative = buckets(&histogram.negative_spans, &histogram.negative_counts);
    let width = histogram.zero_threshold;
    let beyond = |bound: f64| if bound > 0.0 && bound < width { width } else { bound };
    let mut all = Vec::with_capacity(positive.len() + negative.len() + 1);
    for (index, count) in negative.iter().rev() {
        let (lower, upper) = bounds::exponential(histogram.schema, *index);
        all.push(Bounded { lower: -upper, upper: -beyond(lower), count: *count });
    }
    if histogram.zero_count > 0.0 {
        all.push(Bounded { lower: -width, upper: width, count: histogram.zero_count });
    }
    for (index, count) in positive {
        let (lower, upper) = if histogram.has_custom_bounds() {
            bounds::custom(&histogram.custom_bounds, index)
        } else {
            let (lower, upper) = bounds::exponential(histogram.schema, index);
            (beyond(lower), upper)
        };
        all.push(Bounded { lower, upper, count });
    }
    all
}

/// The text of a histogram, as a label value of `count_values`.
pub fn shown(histogram: &NativeHistogram) -> String {
    let mut out = format!("{{count:{}, sum:{}", general(histogram.count), general(histogram.sum));
    let mut push = |open: char, lower: f64, upper: f64, close: char, count: f64| {
        if count != 0.0 {
            let (lower, upper, count) = (general(lower), general(upper), general(count));
            let _ = write!(out, ", {open}{lower},{upper}{close}:{count}");
        }
    };
    for (index, count) in
        buckets(&histogram.negative_spans, &histogram.negative_counts).iter().rev()
    {
        let (lower, upper) = bounds::exponential(histogram.schema, *index);
        push('[', -upper, -lower, ')', *count);
    }
    let width = histogram.zero_threshold;
    push('[', -width, width, ']', histogram.zero_count);
    for (index, count) in buckets(&histogram.positive_spans, &histogram.positive_counts) {
        let (lower, upper) = if histogram.has_custom_bounds() {
            bounds::custom(&histogram.custom_bounds, index)
        } else {
            bounds::exponential(histogram.schema, index)
        };
        let open = if histogram.has_custom_bounds() && index == 0 { '[' } else { '(' };
        push(open, lower, upper, ']', count);
    }
    out.push('}');
    out
}
