//! Native histograms: the layout of their buckets, and the rules that Prometheus enforces before it
//! stores one.
//!
//! Source: Prometheus' package `model/histogram`, `Validate` and `ReduceResolution`.

use std::sync::Arc;

use signals::metric::{
    BucketSpan, CUSTOM_SCHEMA, NativeHistogram, ResetHint, SCHEMA_MAX, SCHEMA_MIN, is_stale,
};

/// Highest schema that is reserved for higher resolutions, which are reduced to the highest one.
const SCHEMA_RESERVED_MAX: i32 = 52;

/// Maximum number of buckets, and of the spans of one side. All floats have 2^20 buckets at the
/// highest resolution.
pub(crate) const BUCKETS_MAX: u64 = 1 << 20;
/// Maximum number of custom bounds.
pub(crate) const CUSTOM_BOUNDS_MAX: u64 = 1 << 14;
/// Empty spans that are accepted in addition to one per bucket, because each histogram of a chunk
/// has a copy of its spans.
const EMPTY_SPANS_MAX: u64 = 16;

pub(crate) const TOO_MANY_BUCKETS: &str = "the histogram has too many buckets";
const LAYOUT: &str = "the spans and buckets of the histogram do not match";
const NEGATIVE: &str = "the histogram has a negative count";
const CUSTOM: &str = "the custom bounds of the histogram are invalid";

/// What the histograms of a chunk have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub(crate) schema: i32,
    pub(crate) zero_threshold: f64,
    pub(crate) positive: Vec<BucketSpan>,
    pub(crate) negative: Vec<BucketSpan>,
    pub(crate) custom_bounds: Vec<f64>,
    pub(crate) is_gauge: bool,
}

/// The numbers of one histogram.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) count: f64,
    pub(crate) zero_count: f64,
    pub(crate) sum: f64,
    /// Absolute counts of the buckets.
    pub(crate) positive: Vec<f64>,
    pub(crate) negative: Vec<f64>,
}

/// Number of buckets of spans.
pub(crate) fn bucket_count(spans: &[BucketSpan]) -> u64 {
    spans.iter().map(|span| u64::from(span.length)).sum()
}

impl Layout {
    /// Checks the layout.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        for spans in [&self.positive, &self.negative] {
            let end = |span: &BucketSpan| i64::from(span.offset) + i64::from(span.length);
            if spans.len() as u64 > 2 * bucket_count(spans) + EMPTY_SPANS_MAX {
                return Err("the histogram has too many empty spans");
            }
            if spans.iter().skip(1).any(|span| span.offset < 0) {
                return Err(LAYOUT);
            }
            if i32::try_from(spans.iter().map(end).sum::<i64>()).is_err() {
                return Err("the histogram has a bucket out of range");
            }
        }
        match self.schema {
            CUSTOM_SCHEMA => self.check_custom(),
            SCHEMA_MIN..=SCHEMA_RESERVED_MAX => Ok(()),
            _ => Err("the schema of the histogram is unknown"),
        }
    }

    fn check_custom(&self) -> Result<(), &'static str> {
        let bounds = &self.custom_bounds;
        let is_ascending = bounds.is_sorted_by(|a, b| a < b);
        let is_number = |bound: &f64| !bound.is_nan() && *bound != f64::INFINITY;
        if !is_ascending || !bounds.iter().all(is_number) {
            return Err(CUSTOM);
        }
        let spans = &self.positive;
        let end: i64 =
            spans.iter().map(|span| i64::from(span.offset) + i64::from(span.length)).sum();
        let is_outside = end > bounds.len() as i64 + 1;
        let is_below = spans.iter().any(|span| span.offset < 0);
        let has_others = self.zero_threshold != 0.0 || !self.negative.is_empty();
        if is_outside || is_below || has_others { Err(CUSTOM) } else { Ok(()) }
    }

    /// A histogram of this layout, which [`Self::check`] accepted. A stale one has no buckets.
    ///
    /// Prometheus stores no reset hints for single samples, and gives none for the first histogram
    /// of a chunk: the hint is `Gauge` or `Unknown`, with which decreases are detected.
    ///
    /// # Errors
    /// What is wrong with the counts.
    pub(crate) fn histogram(&self, counts: Counts) -> Result<Arc<NativeHistogram>, &'static str> {
        let Counts { count, zero_count, sum, positive, negative } = counts;
        if is_stale(sum) {
            return Ok(Arc::new(NativeHistogram { sum, ..NativeHistogram::default() }));
        }
        let is_complete = bucket_count(&self.positive) == positive.len() as u64
            && bucket_count(&self.negative) == negative.len() as u64;
        if !is_complete {
            return Err(LAYOUT);
        }
        let mut all = [count, zero_count].into_iter().chain(positive.iter().copied());
        if all.any(|count| count < 0.0) || negative.iter().any(|count| *count < 0.0) {
            return Err(NEGATIVE);
        }
        let mut histogram = NativeHistogram {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count,
            count,
            sum,
            positive_spans: self.positive.clone(),
            positive_counts: positive,
            negative_spans: self.negative.clone(),
            negative_counts: negative,
            custom_bounds: self.custom_bounds.clone(),
            reset_hint: if self.is_gauge { ResetHint::Gauge } else { ResetHint::Unknown },
        };
        histogram.reduce_resolution(SCHEMA_MAX);
        Ok(Arc::new(histogram))
    }
}

/// Memory of a histogram in bytes.
pub(crate) fn bytes(histogram: &NativeHistogram) -> usize {
    let spans = histogram.positive_spans.len() + histogram.negative_spans.len();
    let counts = histogram.positive_counts.len() + histogram.negative_counts.len();
    size_of::<NativeHistogram>() + 8 * (spans + counts + histogram.custom_bounds.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(offset: i32, length: u32) -> BucketSpan {
        BucketSpan { offset, length }
    }

    #[test]
    fn invalid_layouts_are_refused() {
        let custom = |bounds: &[f64], positive| Layout {
            schema: CUSTOM_SCHEMA,
            custom_bounds: bounds.to_vec(),
            positive: vec![positive],
            ..Layout::default()
        };
        assert_eq!(custom(&[1.0, 2.0], span(0, 3)).check(), Ok(()));
        for (layout, reason) in [
            (custom(&[2.0, 1.0], span(0, 1)), CUSTOM),
            (custom(&[1.0, f64::INFINITY], span(0, 1)), CUSTOM),
            (custom(&[1.0, 2.0], span(1, 3)), CUSTOM),
            (custom(&[1.0], span(-1, 1)), CUSTOM),
            (Layout { schema: 53, ..Layout::default() }, "the schema of the histogram is unknown"),
            (Layout { schema: -9, ..Layout::default() }, "the schema of the histogram is unknown"),
            (Layout { positive: vec![span(0, 1), span(-1, 1)], ..Layout::default() }, LAYOUT),
            (
                Layout { negative: vec![span(i32::MAX, 2)], ..Layout::default() },
                "the histogram has a bucket out of range",
            ),
        ] {
            assert_eq!(layout.check(), Err(reason), "{layout:?}");
        }
    }
}
