//! The batch that points are turned into: each series once, its samples by index.

use std::collections::HashMap;
use std::sync::Arc;

use signals::metric::{
    Exemplar, HistogramSample, Labels, Metadata, MetricKind, NativeHistogram, Sample, SeriesBatch,
};

/// Collects series.
#[derive(Debug, Default)]
pub(crate) struct SeriesTable {
    batch: SeriesBatch,
    places: HashMap<Labels, u32>,
    families: HashMap<String, usize>,
}

impl SeriesTable {
    /// The place of a series.
    pub(crate) fn series(&mut self, labels: Labels) -> u32 {
        let next = u32::try_from(self.batch.series.len()).unwrap_or(u32::MAX);
        let batch = &mut self.batch;
        *self.places.entry(labels).or_insert_with_key(|labels| {
            batch.series.push(labels.clone().into());
            next
        })
    }

    pub(crate) fn sample(&mut self, labels: Labels, timestamp_ms: i64, value: f64) -> u32 {
        let series = self.series(labels);
        self.batch.samples.push(Sample { series, timestamp_ms, value });
        series
    }

    pub(crate) fn histogram(
        &mut self,
        labels: Labels,
        timestamp_ms: i64,
        histogram: Arc<NativeHistogram>,
    ) -> u32 {
        let series = self.series(labels);
        self.batch.histograms.push(HistogramSample { series, timestamp_ms, histogram });
        series
    }

    pub(crate) fn exemplar(&mut self, exemplar: Exemplar) {
        self.batch.exemplars.push(exemplar);
    }

    /// Notes what a family is. Said twice, the last counts.
    pub(crate) fn metadata(&mut self, metric: &str, kind: MetricKind, help: &str, unit: String) {
        let metadata = Metadata { metric: metric.to_owned(), kind, help: help.to_owned(), unit };
        let place = self.families.get(metric).copied();
        if let Some(slot) = place.and_then(|place| self.batch.metadata.get_mut(place)) {
            *slot = metadata;
        } else {
            self.families.insert(metric.to_owned(), self.batch.metadata.len());
            self.batch.metadata.push(metadata);
        }
    }

    pub(crate) fn into_batch(self) -> SeriesBatch {
        self.batch
    }
}
