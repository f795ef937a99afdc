//! Collects series and samples into a batch; each series appears once.

use std::collections::HashMap;
use std::sync::Arc;

use signals::metric::{
    Exemplar, HistogramSample, Labels, Metadata, MetricKind, NativeHistogram, Sample, SeriesBatch,
    SeriesRef, StartTime,
};

/// A batch under construction.
#[derive(Debug, Default)]
pub(crate) struct SeriesTable {
    batch: SeriesBatch,
    /// Indices by labels, for unknown series.
    places: HashMap<Labels, u32>,
    /// Indices by reference, for known series.
    known: HashMap<SeriesRef, u32, foldhash::fast::RandomState>,
    families: HashMap<String, usize>,
}

impl SeriesTable {
    /// The index of the series with these labels.
    pub(crate) fn series(&mut self, labels: Labels) -> u32 {
        let next = self.next();
        let batch = &mut self.batch;
        *self.places.entry(labels).or_insert_with_key(|labels| {
            batch.series.push(labels.clone().into());
            next
        })
    }

    /// The index of the series with this reference.
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

    /// Number of float samples.
    pub(crate) fn samples(&self) -> usize {
        self.batch.samples.len()
    }

    /// Number of samples, including native histograms.
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

    /// Records the start time of a series.
    #[inline]
    pub(crate) fn start_time(&mut self, series: u32, start_ms: i64) {
        self.batch.start_times.push(StartTime { series, start_ms });
    }

    /// Records the metadata of a family; the last one wins.
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

    pub(crate) fn batch(&self) -> &SeriesBatch {
        &self.batch
    }

    /// The batch, whose series must not be changed.
    #[inline]
    pub(crate) fn batch_mut(&mut self) -> &mut SeriesBatch {
        &mut self.batch
    }

    pub(crate) fn into_batch(self) -> SeriesBatch {
        self.batch
    }
}
