//! Classic histograms, converted to native histograms with custom bounds.
//!
//! Source: Prometheus' document "Native histograms", section on custom bucket boundaries.

use signals::metric::{BucketSpan, CUSTOM_SCHEMA, NativeHistogram};

/// Gaps up to this length are written as empty buckets if all counts are integers, as in
/// Prometheus.
const GAP_MAX: i64 = 2;

/// Collects buckets in ascending order, without empty ones.
pub(super) struct Buckets {
    /// Gaps up to this length are filled with empty buckets.
    gap_max: i64,
    /// Index after the last bucket; that of the first bucket counts from zero.
    end: i64,
    pub(super) spans: Vec<BucketSpan>,
    pub(super) counts: Vec<f64>,
}

impl Buckets {
    pub(super) fn new(gap_max: i64) -> Self {
        Self { gap_max, end: 0, spans: Vec::new(), counts: Vec::new() }
    }

    pub(super) fn push(&mut self, index: i64, count: f64) -> Result<(), String> {
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

/// The series of one classic histogram.
#[derive(Debug, Clone, Default)]
pub(super) struct ClassicHistogram {
    /// Upper bounds in ascending order, with cumulative counts.
    bounds: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

impl ClassicHistogram {
    pub(super) fn buckets(&self) -> usize {
        self.bounds.len()
    }

    pub(super) fn set_sum(&mut self, sum: f64) {
        self.sum = sum;
    }

    pub(super) fn set_count(&mut self, count: f64) -> Result<(), String> {
        if count < 0.0 {
            return Err(format!("count must be non-negative: count={count}"));
        }
        self.count = Some(count);
        Ok(())
    }

    /// Adds a bucket. The first of two equal bounds is kept.
    pub(super) fn set_bucket(&mut self, bound: f64, count: f64) -> Result<(), String> {
        if bound.is_nan() {
            return Err("bucket boundary must not be NaN".to_owned());
        }
        if count < 0.0 {
            return Err(format!("bucket count must be non-negative: le={bound}, count={count}"));
        }
        let place = self.bounds.partition_point(|(other, _)| *other < bound);
        let after = self.bounds.get(place);
        if after.is_some_and(|(other, _)| *other == bound) {
            return Ok(());
        }
        if let Some((_, before)) = place.checked_sub(1).and_then(|place| self.bounds.get(place))
            && count < *before
        {
            return Err(format!("count is not cumulative: {count} < {before}"));
        }
        if let Some((_, after)) = after
            && count > *after
        {
            return Err(format!("count is not cumulative: {count} > {after}"));
        }
        self.bounds.insert(place, (bound, count));
        Ok(())
    }

    /// The native histogram; without a count, that of the highest bucket counts.
    ///
    /// # Errors
    /// If the counts contradict each other.
    pub(super) fn convert(mut self) -> Result<NativeHistogram, String> {
        let highest = self.bounds.last().map_or(0.0, |(_, count)| *count);
        let count = self.count.unwrap_or(highest);
        if count < highest {
            return Err(format!("count mismatch: count={count} < {highest}"));
        }
        if self.bounds.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
            self.bounds.push((f64::INFINITY, count));
        }
        let is_integer = |count: f64| count == (count.round() as i64) as f64;
        let has_integers =
            is_integer(count) && self.bounds.iter().all(|(_, count)| is_integer(*count));
        let mut buckets = Buckets::new(if has_integers { GAP_MAX } else { 0 });
        let mut before = 0.0;
        for (index, (_, cumulative)) in (0..).zip(&self.bounds) {
            buckets.push(index, cumulative - before)?;
            before = *cumulative;
        }
        if before != count {
            return Err(format!("count mismatch: count={count} != le=+Inf count={before}"));
        }
        self.bounds.pop();
        Ok(NativeHistogram {
            schema: CUSTOM_SCHEMA,
            count,
            sum: self.sum,
            positive_spans: buckets.spans,
            positive_counts: buckets.counts,
            custom_bounds: self.bounds.into_iter().map(|(bound, _)| bound).collect(),
            ..NativeHistogram::default()
        })
    }
}
