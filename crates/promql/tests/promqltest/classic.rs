//! Classic histograms, which `load_with_nhcb` loads as native ones with custom buckets too.

use std::collections::BTreeMap;

use signals::Labels;
use signals::metric::{BucketSpan, NativeHistogram, Samples};

/// A classic histogram, to be loaded as a native one with custom buckets too.
#[derive(Default)]
pub(crate) struct Classic {
    pub(crate) times: BTreeMap<i64, ClassicAt>,
}

#[derive(Default)]
pub(crate) struct ClassicAt {
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: Option<f64>,
}

impl ClassicAt {
    pub(crate) fn native(mut self) -> NativeHistogram {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let bounds: Vec<f64> = self.buckets.iter().map(|b| b.0).filter(|b| b.is_finite()).collect();
        let top = self.buckets.last().map(|bucket| bucket.1);
        let count = self.count.or(top).unwrap_or_default();
        let mut counts: Vec<f64> = Vec::new();
        let mut below = 0.0;
        for (_, cumulative) in self.buckets.iter().filter(|bucket| bucket.0.is_finite()) {
            counts.push(cumulative - below);
            below = *cumulative;
        }
        counts.push(count - below);
        NativeHistogram {
            schema: -53,
            count,
            sum: self.sum,
            positive_spans: vec![BucketSpan { offset: 0, length: counts.len() as u32 }],
            positive_counts: counts,
            custom_bounds: bounds,
            ..NativeHistogram::default()
        }
    }
}

pub(crate) fn collect(classic: &mut BTreeMap<Labels, Classic>, labels: &Labels, samples: &Samples) {
    let name = labels.metric_name();
    for ending in ["_bucket", "_sum", "_count"] {
        let Some(base) = name.strip_suffix(ending) else { continue };
        let bound = labels.get("le").and_then(|le| le.parse::<f64>().ok());
        let key = labels.with("le", "").with("__name__", base);
        let histogram = classic.entry(key).or_default();
        for (time_ms, value) in samples.timestamps.iter().zip(&samples.values) {
            let at = histogram.times.entry(*time_ms).or_default();
            match (ending, bound) {
                ("_bucket", Some(bound)) => at.buckets.push((bound, *value)),
                ("_sum", _) => at.sum = *value,
                ("_count", _) => at.count = Some(*value),
                _ => {}
            }
        }
    }
}
