//! Adds native histograms of one series.

use std::collections::BTreeMap;

use signals::metric::{BucketSpan, NativeHistogram, ResetHint, SCHEMA_MIN};

use crate::otlp::metrics::exponential::SpanBuilder;

/// Maximum buckets per sign in a total; beyond it the resolution is reduced.
const BUCKETS_MAX: usize = 1_000;

/// Counts by bucket index.
type Buckets = BTreeMap<i64, f64>;

/// The sum of two histograms at the lower of their resolutions. `None` if a bucket index is out of
/// range, which decoded histograms never are.
pub(super) fn plus(total: &NativeHistogram, value: &NativeHistogram) -> Option<NativeHistogram> {
    let mut schema = total.schema.min(value.schema);
    let (mut positive, mut negative) = (Buckets::new(), Buckets::new());
    for histogram in [total, value] {
        let shift = histogram.schema - schema;
        collect(&mut positive, &histogram.positive_spans, &histogram.positive_counts, shift);
        collect(&mut negative, &histogram.negative_spans, &histogram.negative_counts, shift);
    }
    while positive.len().max(negative.len()) > BUCKETS_MAX && schema > SCHEMA_MIN {
        schema -= 1;
        positive = coarser(&positive);
        negative = coarser(&negative);
    }
    let (positive_spans, positive_counts) = lay_out(&positive)?;
    let (negative_spans, negative_counts) = lay_out(&negative)?;
    Some(NativeHistogram {
        schema,
        zero_threshold: total.zero_threshold.max(value.zero_threshold),
        zero_count: total.zero_count + value.zero_count,
        count: total.count + value.count,
        sum: total.sum + value.sum,
        positive_spans,
        positive_counts,
        negative_spans,
        negative_counts,
        custom_bounds: Vec::new(),
        reset_hint: ResetHint::Unknown,
    })
}

/// The enclosing bucket, `2^shift` times as wide. An index identifies the upper bound.
fn wider(index: i64, shift: u32) -> i64 {
    ((index - 1) >> shift.min(63)) + 1
}

fn collect(buckets: &mut Buckets, spans: &[BucketSpan], counts: &[f64], shift: i32) {
    let shift = u32::try_from(shift).unwrap_or(0);
    let mut counts = counts.iter();
    let mut index = 0;
    for span in spans {
        index += i64::from(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            if *count != 0.0 {
                *buckets.entry(wider(index, shift)).or_default() += count;
            }
            index += 1;
        }
    }
}

fn coarser(buckets: &Buckets) -> Buckets {
    let mut coarse = Buckets::new();
    for (index, count) in buckets {
        *coarse.entry(wider(*index, 1)).or_default() += count;
    }
    coarse
}

fn lay_out(buckets: &Buckets) -> Option<(Vec<BucketSpan>, Vec<f64>)> {
    let mut builder = SpanBuilder::default();
    for (index, count) in buckets {
        builder.push(*index, *count).ok()?;
    }
    Some((builder.spans, builder.counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(schema: i32, offset: i32, counts: &[f64]) -> NativeHistogram {
        NativeHistogram {
            schema,
            count: counts.iter().sum(),
            positive_spans: vec![BucketSpan { offset, length: counts.len() as u32 }],
            positive_counts: counts.to_vec(),
            ..NativeHistogram::default()
        }
    }

    #[test]
    fn the_coarser_resolution_wins() {
        let total = plus(&histogram(1, 1, &[1.0, 2.0, 3.0]), &histogram(0, 1, &[10.0])).unwrap();
        assert_eq!((total.schema, total.count), (0, 16.0));
        assert_eq!(total.positive_counts, [13.0, 3.0]);
        assert_eq!(total.positive_spans, [BucketSpan { offset: 1, length: 2 }]);
    }

    #[test]
    fn buckets_stay_bounded() {
        let wide = plus(&histogram(8, -900, &[1.0; 900]), &histogram(8, 1, &[1.0; 900])).unwrap();
        assert!(wide.positive_counts.len() <= BUCKETS_MAX && wide.schema == 7);
        assert_eq!(wide.positive_counts.iter().sum::<f64>(), 1_800.0);
    }
}
