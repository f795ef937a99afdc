//! Detects drift in a model's answers: the population stability index (PSI) of their lengths,
//! latest against first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use glasshouse_sdk::{Telemetry, log};
use tokio_util::sync::CancellationToken;

use crate::{clock, lock};

/// Answers compared per model, first and last. Samples of this size from one distribution have an
/// index of about 0.07 by chance.
const SAMPLE: usize = 120;
/// Minimum number of last answers: smaller samples have an index of 0.1 by chance.
const SAMPLE_MIN: usize = 60;
/// Interval between checks.
const INTERVAL: Duration = Duration::from_secs(20);
/// Upper bounds of the bins, in tokens of an answer; the last bin is open.
const BINS: [u64; 4] = [40, 80, 120, 180];
const WARNING: f64 = 0.15;
const CRITICAL: f64 = 0.25;

/// Answer lengths by model; bounded by the models known to the router.
#[derive(Debug, Default)]
pub(super) struct Drift {
    lengths: Mutex<BTreeMap<&'static str, Lengths>>,
}

#[derive(Debug, Default)]
struct Lengths {
    first: Vec<u64>,
    last: VecDeque<u64>,
}

impl Drift {
    /// Records the length of an answer.
    pub(super) fn answered(&self, model: &str, tokens: u64) {
        let known = [super::choice::CAPABLE, super::choice::CHEAP];
        let Some(model) = known.into_iter().find(|name| *name == model) else { return };
        let mut lengths = lock(&self.lengths);
        let lengths = lengths.entry(model).or_default();
        if lengths.first.len() < SAMPLE {
            lengths.first.push(tokens);
            return;
        }
        if lengths.last.len() >= SAMPLE {
            lengths.last.pop_front();
        }
        lengths.last.push_back(tokens);
    }

    /// Checks periodically until the service stops.
    pub(super) async fn watch(&self, telemetry: &Telemetry, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => self.check(telemetry),
            }
        }
    }

    fn check(&self, telemetry: &Telemetry) {
        let begin = clock::now();
        let scores: Vec<(&str, f64)> = lock(&self.lengths)
            .iter()
            .filter(|(_, lengths)| lengths.last.len() >= SAMPLE_MIN)
            .map(|(model, lengths)| (*model, stability_index(&lengths.first, &lengths.last)))
            .collect();
        for (model, score) in scores {
            let status = match score {
                score if score > CRITICAL => "critical",
                score if score > WARNING => "warning",
                _ => "ok",
            };
            telemetry.drift().check(model, score, status, begin.elapsed());
            log::drift(model, score, WARNING);
        }
    }
}

/// PSI: the sum over the bins of (last - first) ln(last / first), as shares; at most 1.
fn stability_index<'a>(
    first: impl IntoIterator<Item = &'a u64>,
    last: impl IntoIterator<Item = &'a u64>,
) -> f64 {
    let (first, last) = (shares(first), shares(last));
    let terms = first.iter().zip(&last).map(|(first, last)| (last - first) * (last / first).ln());
    terms.sum::<f64>().clamp(0.0, 1.0)
}

/// The share of each bin. An empty bin counts as half an answer, so that the logarithm is defined.
fn shares<'a>(lengths: impl IntoIterator<Item = &'a u64>) -> [f64; BINS.len() + 1] {
    let mut counts = [0.5; BINS.len() + 1];
    for length in lengths {
        let bin = BINS.iter().position(|bound| length < bound).unwrap_or(BINS.len());
        if let Some(count) = counts.get_mut(bin) {
            *count += 1.0;
        }
    }
    let total: f64 = counts.iter().sum();
    counts.map(|count| count / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_lengths_have_no_drift_and_others_have_much() {
        let short = [20_u64, 30, 50, 60, 90, 100];
        let long = [200_u64, 250, 300, 90, 190, 220];
        assert!(stability_index(&short, &short).abs() < 1e-12);
        assert!(stability_index(&short, &long) > CRITICAL);
    }
}
