//! Native histograms of the protobuf format, and classic ones converted to custom buckets.

use signals::metric::{BucketSpan, NativeHistogram, ResetHint};

use super::message::{HistogramMessage, Side};

/// Highest resolution of a native histogram; higher ones are merged down to it.
const SCHEMA_MAX: i32 = 8;
/// Lowest resolution of a native histogram.
const SCHEMA_MIN: i32 = -4;
/// Highest schema that is reserved for higher resolutions.
const SCHEMA_RESERVED_MAX: i32 = 52;
/// The schema of histograms with custom bounds.
const SCHEMA_CUSTOM: i32 = -53;
/// Gaps up to this length are written as empty buckets in histograms with custom bounds whose
/// counts are integers, as in Prometheus.
const CUSTOM_GAP_MAX: i64 = 2;

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

type Layout = (Vec<BucketSpan>, Vec<f64>);

fn side_buckets(side: &Side, is_float: bool, schema: i32) -> Result<Layout, String> {
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

/// Collects buckets in ascending order, without empty ones.
struct Buckets {
    /// Gaps up to this length are filled with empty buckets.
    gap_max: i64,
    /// Index after the last bucket; that of the first bucket counts from zero.
    end: i64,
    spans: Vec<BucketSpan>,
    counts: Vec<f64>,
}

impl Buckets {
    fn new(gap_max: i64) -> Self {
        Self { gap_max, end: 0, spans: Vec::new(), counts: Vec::new() }
    }

    fn push(&mut self, index: i64, count: f64) -> Result<(), String> {
        if count == 0.0 {
            return Ok(());
        }
        let gap = index - self.end;
        match (self.spans.last_mut(), self.counts.last_mut()) {
            (Some(_), Some(last)) if gap < 0 => {
                *last += count;
                return Ok(());
            }
            (Some(span), _) if gap <= self.gap_max => {
                let empty = u32::try_from(gap).unwrap_or_default();
                span.length = span.length.saturating_add(empty + 1);
                self.counts.resize(self.counts.len() + empty as usize, 0.0);
            }
            _ => {
                let offset = i32::try_from(gap)
                    .map_err(|_| format!("bucket index {index} is out of range"))?;
                self.spans.push(BucketSpan { offset, length: 1 });
            }
        }
        self.counts.push(count);
        self.end = index + 1;
        Ok(())
    }
}

/// The classic part of a histogram as a native histogram with custom bounds.
///
/// # Errors
/// Why Prometheus refuses it.
pub(super) fn custom(
    message: &HistogramMessage<'_>,
    is_gauge: bool,
) -> Result<NativeHistogram, String> {
    let count = message.classic_count();
    if count < 0.0 {
        return Err(format!("count must be non-negative: count={count}"));
    }
    let mut bounds: Vec<(f64, f64)> = Vec::with_capacity(message.buckets.len() + 1);
    for bucket in &message.buckets {
        insert(&mut bounds, bucket.upper_bound, bucket.cumulative_count())?;
    }
    if bounds.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
        bounds.push((f64::INFINITY, count));
    }
    let is_integer = |count: f64| count == ((count.round()) as i64) as f64;
    let has_integers = is_integer(count) && bounds.iter().all(|(_, count)| is_integer(*count));
    let mut buckets = Buckets::new(if has_integers { CUSTOM_GAP_MAX } else { 0 });
    let mut before = 0.0;
    for (index, (_, cumulative)) in (0..).zip(&bounds) {
        buckets.push(index, cumulative - before)?;
        before = *cumulative;
    }
    if before != count {
        let bound = bounds.last().map_or(f64::INFINITY, |(bound, _)| *bound);
        return Err(format!("count mismatch: count={count} != le={bound} count={before}"));
    }
    bounds.pop();
    Ok(NativeHistogram {
        schema: SCHEMA_CUSTOM,
        count,
        sum: message.sum,
        positive_spans: buckets.spans,
        positive_counts: buckets.counts,
        custom_bounds: bounds.into_iter().map(|(bound, _)| bound).collect(),
        reset_hint: reset_hint(is_gauge),
        ..NativeHistogram::default()
    })
}

/// Adds a bucket in the order of bounds. The first of two equal bounds is kept.
fn insert(bounds: &mut Vec<(f64, f64)>, bound: f64, count: f64) -> Result<(), String> {
    if bound.is_nan() {
        return Err("bucket boundary must not be NaN".to_owned());
    }
    if count < 0.0 {
        return Err(format!("bucket count must be non-negative: le={bound}, count={count}"));
    }
    let place = bounds.partition_point(|(other, _)| *other < bound);
    let after = bounds.get(place);
    if after.is_some_and(|(other, _)| *other == bound) {
        return Ok(());
    }
    if let Some((_, before)) = place.checked_sub(1).and_then(|place| bounds.get(place))
        && count < *before
    {
        return Err(format!("count is not cumulative: {count} < {before}"));
    }
    if let Some((_, after)) = after
        && count > *after
    {
        return Err(format!("count is not cumulative: {count} > {after}"));
    }
    bounds.insert(place, (bound, count));
    Ok(())
}
