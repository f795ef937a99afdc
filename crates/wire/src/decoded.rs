//! The decoded content of a request, for any protocol.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use signals::Batch;

use crate::known::Unknown;
use crate::otlp::delta::Delta;

/// The decoded content of a request.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Batches to store; empty if nothing was accepted.
    pub batches: Vec<Batch>,
    /// Number of accepted spans, log records or data points.
    pub accepted: usize,
    /// Number of rejected ones.
    pub rejected: usize,
    /// The first causes of rejections, and warnings, for the response; empty if there are none.
    pub message: String,
    /// Spans, log records or samples per service. A service may be listed more than once.
    pub services: Vec<(String, usize)>,
    /// Values truncated, attributes, events and links dropped because of [`Limits`](crate::Limits),
    /// and characters replaced because they are not valid Unicode.
    pub truncated: usize,
    /// Accepted points of delta temporality, which are not in `batches` yet: input of a
    /// [`DeltaAccumulator`](crate::otlp::delta::DeltaAccumulator).
    pub deltas: Vec<Delta>,
    /// The unknown series of a batch, with their fingerprints.
    pub unknown: Unknown,
    /// The data points of a batch that consist of several samples.
    pub points: DataPoints,
}

/// Numbers of samples, histograms and exemplars, which remote write 2.0 reports separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ItemCounts {
    /// Float samples.
    pub samples: usize,
    /// Native histogram samples.
    pub histograms: usize,
    /// Exemplars.
    pub exemplars: usize,
}

impl Decoded {
    /// The items in the batches, before a store rejects any of them.
    #[must_use]
    pub fn item_counts(&self) -> ItemCounts {
        let mut counts = ItemCounts::default();
        for batch in &self.batches {
            if let Batch::Metrics(batch) = batch {
                counts.samples += batch.samples.len();
                counts.histograms += batch.histograms.len();
                counts.exemplars += batch.exemplars.len();
            }
        }
        counts
    }

    /// Records that lone surrogates in text were replaced.
    pub(crate) fn with_replaced(mut self, surrogates: usize) -> Self {
        if surrogates > 0 {
            self.truncated += surrogates;
            if !self.message.is_empty() {
                self.message.push_str("; ");
            }
            let _ = write!(self.message, "{surrogates} lone surrogates in text replaced by U+FFFD");
        }
        self
    }

    /// Counts items of a service.
    pub(crate) fn count(services: &mut Vec<(String, usize)>, name: &str, items: usize) {
        if items == 0 {
            return;
        }
        match services.last_mut() {
            Some((last, count)) if last == name => *count += items,
            _ => services.push((name.to_owned(), items)),
        }
    }
}

/// Which samples of a batch belong to one data point, or to none; any other sample is a point of
/// its own. Senders count data points: one histogram is many samples.
#[derive(Debug, Clone, Default)]
pub struct DataPoints {
    /// Ascending and disjoint.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    start: u32,
    end: u32,
    is_point: bool,
}

impl DataPoints {
    /// Records the samples `start..end` of one point, or of none (generated samples).
    pub(crate) fn push(&mut self, start: usize, end: usize, is_point: bool) {
        if end > start + usize::from(is_point) {
            let [start, end] = [start, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
            self.runs.push(Run { start, end, is_point });
        }
    }

    /// The number of data points that these samples belong to.
    #[must_use]
    pub fn of_samples(&self, samples: impl IntoIterator<Item = u32>) -> usize {
        let (mut alone, mut together) = (0, BTreeSet::new());
        for sample in samples {
            let place = self.runs.partition_point(|run| run.end <= sample);
            match self.runs.get(place).filter(|run| run.start <= sample) {
                Some(run) if run.is_point => _ = together.insert(place),
                Some(_) => {}
                None => alone += 1,
            }
        }
        alone + together.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_point_are_counted_once_and_samples_of_none_never() {
        let mut points = DataPoints::default();
        points.push(1, 5, true);
        points.push(5, 6, true);
        points.push(6, 8, false);
        for (samples, expected) in [
            (vec![], 0),
            (vec![0], 1),
            (vec![4, 1, 2], 1),
            (vec![5], 1),
            (vec![6, 7], 0),
            (vec![0, 1, 4, 5, 6, 7, 8, 9], 5),
        ] {
            assert_eq!(points.of_samples(samples.clone()), expected, "{samples:?}");
        }
    }
}
