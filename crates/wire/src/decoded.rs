//! What a request held, whatever protocol brought it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use signals::Batch;

use crate::known::Unknown;
use crate::otlp::delta::Delta;

/// What a request held.
#[derive(Debug, Default)]
pub struct Decoded {
    /// What is to be stored; empty when nothing was accepted.
    pub batches: Vec<Batch>,
    /// Spans, log records or data points that were taken.
    pub accepted: usize,
    /// Those that were not.
    pub rejected: usize,
    /// First causes of rejection, and warnings; empty when there are none. For the answer to the
    /// sender.
    pub message: String,
    /// Spans, log records or samples of each service. A service may be listed more than once.
    pub services: Vec<(String, usize)>,
    /// Values that were cut, and attributes, events and links that were left out, because of
    /// [`Limits`](crate::Limits); and characters that were replaced because they are no Unicode.
    pub truncated: usize,
    /// Points of delta temporality, accepted so far and not in `batches` yet: for a
    /// [`DeltaAccumulator`](crate::otlp::delta::DeltaAccumulator).
    pub deltas: Vec<Delta>,
    /// Of a batch of series, what was not known by its fingerprint.
    pub unknown: Unknown,
    /// Of a batch of series, which samples make up one data point.
    pub points: DataPoints,
}

impl Decoded {
    /// Notes that text had lone surrogates, each of which was replaced.
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

    /// Notes items of a service.
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

/// Which samples of a batch make up one data point, or none; any other sample is a point of its
/// own. A sender counts points: its histogram is one, and many samples.
#[derive(Debug, Clone, Default)]
pub struct DataPoints {
    /// In ascending order, none overlaps.
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    start: u32,
    end: u32,
    is_point: bool,
}

impl DataPoints {
    /// Notes the samples `start..end`: of one point, or of none (what we made up ourselves).
    pub(crate) fn push(&mut self, start: usize, end: usize, is_point: bool) {
        if end > start + usize::from(is_point) {
            let [start, end] = [start, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
            self.runs.push(Run { start, end, is_point });
        }
    }

    /// The number of points that these samples of the batch belong to.
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
