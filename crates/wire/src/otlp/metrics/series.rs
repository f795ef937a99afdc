//! The batch that points are turned into: each series once, its samples by index.

use std::collections::HashMap;
use std::sync::Arc;

use signals::metric::{
    Exemplar, HistogramSample, Labels, Metadata, MetricKind, NativeHistogram, Sample, SeriesBatch,
    SeriesRef, StartTime,
};

/// Collects series.
#[derive(Debug, Default)]
pub(crate) struct SeriesTable {
    batch: SeriesBatch,
    /// By labels, where they had to be built.
    places: HashMap<Labels, u32>,
    /// By reference, where they are known.
    known: HashMap<SeriesRef, u32, foldhash::fast::RandomState>,
    families: HashMap<String, usize>,
}

impl SeriesTable {
    /// The place of a series of these labels.
    pub(crate) fn series(&mut self, labels: Labels) -> u32 {
        let next = self.next();
        let batch = &mut self.batch;
        *self.places.entry(labels).or_insert_with_key(|labels| {
            batch.series.push(labels.clone().into());
            next
        })
    }

    /// The place of a series that the store has given this reference.
    #[inline]
    pub(crate) fn known(&mut self, reference: SeriesRef) -> u32 {
        let next = self.next();
        let batch = &mut self.batch;
        *self.known.entry(reference).or_insert_with(|| {
            batch.series.push(reference.into());
            next
        })
    }

    fn next(&self) -> u32 {
        u32::try_from(self.batch.series.len()).unwrap_or(u32::MAX)
    }

    /// Number of plain samples.
    pub(crate) fn samples(&self) -> usize {
        self.batch.samples.len()
    }

    /// Number of samples, native histograms included.
    pub(crate) fn items(&self) -> usize {
        self.batch.samples.len() + self.batch.histograms.len()
    }

    #[inline]
    pub(crate) fn sample(&mut self, series: u32, timestamp_ms: i64, value: f64) {
        self.batch.samples.push(Sample { series, timestamp_ms, value });
    }

    pub(crate) fn histogram(
        &mut self,
        series: u32,
        timestamp_ms: i64,
        histogram: Arc<NativeHistogram>,
    ) {
        self.batch.histograms.push(HistogramSample { series, timestamp_ms, histogram });
    }

    pub(crate) fn exemplar(&mut self, exemplar: Exemplar) {
        self.batch.exemplars.push(exemplar);
    }

    /// Notes when the counts of a series began.
    #[inline]
    pub(crate) fn start_time(&mut self, series: u32, start_ms: i64) {
        self.batch.start_times.push(StartTime { series, start_ms });
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
