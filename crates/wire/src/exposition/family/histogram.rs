//! Native histograms of the protobuf format, and classic ones converted to custom buckets.

use signals::metric::{BucketSpan, NativeHistogram, ResetHint, SCHEMA_MAX, SCHEMA_MIN};

use super::message::{HistogramMessage, Side};
use crate::exposition::classic::{Buckets, ClassicHistogram};

/// Highest schema that is reserved for higher resolutions.
pub(crate) const SCHEMA_RESERVED_MAX: i32 = 52;

/// The native part of a histogram, without empty buckets.
///
/// # Errors
/// Why Prometheus refuses it.
pub(super) fn native(
    message: &HistogramMessage<'_>,
    is_gauge: bool,
) -> Result<NativeHistogram, String> {
    let is_float = message.is_float();
    let schema = message.schema;
    if !(SCHEMA_MIN..=SCHEMA_RESERVED_MAX).contains(&schema) {
        return Err(format!("schema {schema} is not between {SCHEMA_MIN} and {SCHEMA_MAX}"));
    }
    let side = |name, side| {
        side_buckets(side, is_float, schema).map_err(|why| format!("{name} side: {why}"))
    };
    let (positive_spans, positive_counts) = side("positive", &message.positive)?;
    let (negative_spans, negative_counts) = side("negative", &message.negative)?;
    Ok(NativeHistogram {
        schema: schema.min(SCHEMA_MAX),
        zero_threshold: message.zero_threshold,
        zero_count: if is_float { message.zero_count_float } else { message.zero_count as f64 },
        count: if is_float { message.count_float } else { message.count as f64 },
        sum: message.sum,
        positive_spans,
        positive_counts,
        negative_spans,
        negative_counts,
        custom_bounds: Vec::new(),
        reset_hint: reset_hint(is_gauge),
    })
}

fn reset_hint(is_gauge: bool) -> ResetHint {
    if is_gauge { ResetHint::Gauge } else { ResetHint::Unknown }
}

pub(crate) type Layout = (Vec<BucketSpan>, Vec<f64>);

pub(crate) fn side_buckets(side: &Side, is_float: bool, schema: i32) -> Result<Layout, String> {
    let counts = side.counts(is_float);
    let needed: u64 = side.spans.iter().map(|span| u64::from(span.length)).sum();
    if needed != counts.len() as u64 {
        return Err(format!("spans require {needed} buckets, have {}", counts.len()));
    }
    let shift = u32::try_from(schema - SCHEMA_MAX).unwrap_or_default();
    let mut counts = counts.into_iter();
    let mut buckets = Buckets::new(0);
    let mut index = 0_i64;
    for (number, span) in side.spans.iter().enumerate() {
        if number > 0 && span.offset < 0 {
            let offset = span.offset;
            return Err(format!("span number {} with offset {offset}", number + 1));
        }
        index += i64::from(span.offset);
        for count in counts.by_ref().take(span.length as usize) {
            // The upper bound of a bucket becomes that of the wider bucket around it.
            buckets.push(((index - 1) >> shift) + 1, count)?;
            index += 1;
        }
    }
    Ok((buckets.spans, buckets.counts))
}

/// The classic part of a histogram as a native histogram with custom bounds.
///
/// # Errors
/// Why Prometheus refuses it.
pub(super) fn custom(
    message: &HistogramMessage<'_>,
    is_gauge: bool,
) -> Result<NativeHistogram, String> {
    let mut classic = ClassicHistogram::default();
    classic.set_count(message.classic_count())?;
    classic.set_sum(message.sum);
    for bucket in &message.buckets {
        classic.set_bucket(bucket.upper_bound, bucket.cumulative_count())?;
    }
    Ok(NativeHistogram { reset_hint: reset_hint(is_gauge), ..classic.convert()? })
}
