//! The batch that is being filled.

use std::collections::HashMap;
use std::sync::Arc;

use signals::SeriesBatch;
use signals::metric::{
    Exemplar, HistogramSample, Labels, Metadata, NativeHistogram, Sample, SeriesKey, StartTime,
};

use crate::histogram;
use crate::report::Report;

/// Memory of a series in a batch without the bytes of its labels.
const SERIES_BYTES: usize = 64;

/// A batch under construction, and the series to which items are added.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    batch: SeriesBatch,
    bytes: usize,
    bytes_max: usize,
    /// The current series: its key and labels, and its index if the batch has it.
    key: u64,
    labels: Option<Labels>,
    index: Option<u32>,
    /// Indices of the series by their keys.
    indices: HashMap<u64, u32, foldhash::fast::RandomState>,
    /// The last start time of each series; 0 if there is none.
    starts: Vec<i64>,
    /// Items that were added to any batch.
    samples: u64,
    histograms: u64,
    exemplars: u64,
}

impl Outgoing {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    /// Whether the batch should be taken before anything is added.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= self.bytes_max
    }

    /// Takes the batch unless it is empty.
    pub(crate) fn take(&mut self) -> Option<SeriesBatch> {
        self.bytes = 0;
        self.index = None;
        self.indices.clear();
        self.starts.clear();
        let batch = std::mem::take(&mut self.batch);
        Some(batch).filter(|batch| !batch.is_empty())
    }

    /// Sets the series of the next items. Equal keys mean equal labels.
    pub(crate) fn select(&mut self, key: u64, labels: &Labels) {
        if self.labels.is_none() || self.key != key {
            self.key = key;
            self.labels = Some(labels.clone());
            self.index = self.indices.get(&key).copied();
        }
    }

    /// The index of the current series, which is added to the batch if it is not in it.
    #[inline]
    fn index(&mut self) -> u32 {
        self.index.unwrap_or_else(|| self.add_series())
    }

    fn add_series(&mut self) -> u32 {
        let labels = self.labels.clone().unwrap_or_else(Labels::empty);
        let index = u32::try_from(self.batch.series.len()).unwrap_or(u32::MAX);
        self.bytes += SERIES_BYTES + labels.as_bytes().len();
        self.batch.series.push(SeriesKey::Labels(labels));
        self.starts.push(0);
        self.indices.insert(self.key, index);
        self.index = Some(index);
        index
    }

    /// Adds a float sample; a start time of 0 is unknown.
    #[inline]
    pub(crate) fn sample(&mut self, timestamp_ms: i64, value: f64, start_ms: i64) {
        let series = self.index();
        self.bytes += size_of::<Sample>();
        self.samples += 1;
        self.batch.samples.push(Sample { series, timestamp_ms, value });
        if start_ms != 0 {
            self.start(series, timestamp_ms, start_ms);
        }
    }

    /// Adds a histogram; a start time of 0 is unknown.
    pub(crate) fn histogram(
        &mut self,
        timestamp_ms: i64,
        histogram: Arc<NativeHistogram>,
        start_ms: i64,
    ) {
        let series = self.index();
        self.bytes += size_of::<HistogramSample>() + histogram::bytes(&histogram);
        self.histograms += 1;
        self.batch.histograms.push(HistogramSample { series, timestamp_ms, histogram });
        if start_ms != 0 {
            self.start(series, timestamp_ms, start_ms);
        }
    }

    /// Adds an exemplar.
    pub(crate) fn exemplar(&mut self, timestamp_ms: i64, value: f64, labels: Labels) {
        let series = self.index();
        self.bytes += size_of::<Exemplar>() + labels.as_bytes().len();
        self.exemplars += 1;
        self.batch.exemplars.push(Exemplar { series, timestamp_ms, value, labels });
    }

    /// Adds the metadata of a family.
    pub(crate) fn metadata(&mut self, metadata: Metadata) {
        let texts = metadata.metric.len() + metadata.help.len() + metadata.unit.len();
        self.bytes += size_of::<Metadata>() + texts;
        self.batch.metadata.push(metadata);
    }

    /// Notes a start time if it differs from the one before. One after the sample is invalid.
    fn start(&mut self, series: u32, timestamp_ms: i64, start_ms: i64) {
        if let Some(last) = self.starts.get_mut(series as usize)
            && *last != start_ms
            && start_ms <= timestamp_ms
        {
            *last = start_ms;
            self.bytes += size_of::<StartTime>();
            self.batch.start_times.push(StartTime { series, start_ms });
        }
    }

    /// Writes the numbers of added items into a report.
    pub(crate) fn count(&self, report: &mut Report) {
        report.samples = self.samples;
        report.histograms = self.histograms;
        report.exemplars = self.exemplars;
    }

    /// Number of items that were added to any batch.
    pub(crate) fn items(&self) -> u64 {
        self.samples + self.histograms + self.exemplars
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_that_continues_in_the_next_batch_is_named_again() {
        let labels = Labels::from_pairs([("a", "b")]);
        let mut out = Outgoing::new(100);
        out.select(7, &labels);
        out.sample(1, 1.0, 0);
        out.select(8, &labels);
        out.sample(2, 2.0, 1);
        assert!(out.is_full());
        let first = out.take().unwrap();
        assert_eq!((first.series.len(), first.samples.len(), first.start_times.len()), (2, 2, 1));
        out.sample(3, 3.0, 1);
        out.sample(4, 3.0, 1);
        out.sample(5, 3.0, 6);
        let second = out.take().unwrap();
        assert_eq!(second.series, [SeriesKey::Labels(labels)]);
        assert_eq!(second.start_times, [StartTime { series: 0, start_ms: 1 }]);
        assert!(out.take().is_none());
    }
}
