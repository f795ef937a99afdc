//! Limits on the native histograms of a job: `native_histogram_bucket_limit` and
//! `native_histogram_min_bucket_factor`.

use std::sync::Arc;

use adopt::prometheus::ScrapeConfig;
use signals::metric::{NativeHistogram, SCHEMA_MAX, SCHEMA_MIN, is_stale};

/// A histogram has more buckets than the limit, whatever its resolution. The message is that of
/// Prometheus.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("histogram bucket limit exceeded")]
pub(super) struct TooManyBuckets;

/// Limits of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HistogramLimits {
    /// Buckets to which a histogram is reduced; 0 means no limit. A page with one that cannot be
    /// reduced so far is refused.
    pub(super) buckets: usize,
    /// The highest resolution.
    pub(super) schema: i32,
}

impl Default for HistogramLimits {
    fn default() -> Self {
        Self { buckets: 0, schema: SCHEMA_MAX }
    }
}

impl HistogramLimits {
    pub(super) fn of(config: &ScrapeConfig) -> Self {
        let buckets = config.native_histogram_bucket_limit.unwrap_or(0);
        Self {
            buckets: usize::try_from(buckets).unwrap_or(usize::MAX),
            schema: schema_of(config.native_histogram_min_bucket_factor),
        }
    }

    /// Reduces a histogram to the limits.
    ///
    /// # Errors
    /// It still has too many buckets at the lowest resolution.
    pub(super) fn apply(
        self,
        histogram: Arc<NativeHistogram>,
    ) -> Result<Arc<NativeHistogram>, TooManyBuckets> {
        let is_over = |histogram: &NativeHistogram| {
            let buckets = histogram.positive_counts.len() + histogram.negative_counts.len();
            self.buckets > 0 && buckets > self.buckets
        };
        let is_fine = histogram.has_custom_bounds() || histogram.schema <= self.schema;
        if is_stale(histogram.sum) || (is_fine && !is_over(&histogram)) {
            return Ok(histogram);
        }
        let mut reduced = Arc::unwrap_or_clone(histogram);
        reduced.reduce_resolution(self.schema);
        while is_over(&reduced) {
            if reduced.schema <= SCHEMA_MIN {
                return Err(TooManyBuckets);
            }
            reduced.reduce_resolution(reduced.schema - 1);
        }
        Ok(Arc::new(reduced))
    }
}

/// The highest resolution whose buckets are at least `factor` times as wide as the one below.
pub(super) fn schema_of(factor: f64) -> i32 {
    if factor <= 1.0 {
        return SCHEMA_MAX;
    }
    let schema = (-factor.log2().log2()).floor();
    schema.clamp(f64::from(SCHEMA_MIN), f64::from(SCHEMA_MAX)) as i32
}

#[cfg(test)]
mod tests {
    use signals::metric::BucketSpan;

    use super::*;

    #[test]
    fn the_factor_between_buckets_gives_the_resolution() {
        let cases = [
            (0.0, 8),
            (1.0, 8),
            (1.001, 8),
            (1.002_714, 7),
            (1.1, 2),
            (1.189, 2),
            (1.5, 0),
            (2.0, 0),
            (4.0, -1),
            (65_536.0, -4),
            (1e300, -4),
        ];
        for (factor, schema) in cases {
            assert_eq!(schema_of(factor), schema, "{factor}");
        }
    }

    #[test]
    fn histograms_are_reduced_until_they_fit() {
        let histogram = Arc::new(NativeHistogram {
            schema: 3,
            positive_spans: vec![BucketSpan { offset: 1, length: 8 }],
            positive_counts: vec![1.0; 8],
            negative_spans: vec![BucketSpan { offset: 1, length: 2 }],
            negative_counts: vec![1.0; 2],
            ..NativeHistogram::default()
        });
        for (buckets, schema, expected) in [
            (0, 8, Ok((3, 10))),
            (10, 8, Ok((3, 10))),
            (9, 8, Ok((2, 5))),
            (0, 1, Ok((1, 3))),
            (2, 8, Ok((0, 2))),
            (1, 8, Err(TooManyBuckets)),
        ] {
            let limits = HistogramLimits { buckets, schema };
            let limited = limits.apply(Arc::clone(&histogram)).map(|limited| {
                (limited.schema, limited.positive_counts.len() + limited.negative_counts.len())
            });
            assert_eq!(limited, expected, "{limits:?}");
        }
    }
}
