//! What became of a stored request, in the sender's terms.

use std::fmt::Write as _;

use signals::{SeriesRef, Signal};
use store::BatchAppended;
use store::metrics::{Item, Reason, Refused};
use wire::DataPoints;

/// What became of a batch, whatever its signal.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Rows and samples that are stored.
    pub(crate) items: usize,
    /// The series of the batch.
    pub(crate) series: Vec<Option<SeriesRef>>,
    pub(crate) refused: Vec<Refused>,
    /// Spans or log records that are spread over too many days.
    pub(crate) too_many_days: usize,
}

impl Kept {
    /// Of this batch and another one; only one of the two may have series.
    pub(crate) fn and(mut self, batch: BatchAppended) -> Self {
        self.items += batch.items();
        match batch {
            BatchAppended::Rows(appended) => self.too_many_days += appended.too_many_days,
            BatchAppended::Metrics(appended) => {
                self.series = appended.series;
                self.refused = appended.refused;
            }
        }
        self
    }
}

/// What became of a stored request.
#[derive(Debug)]
pub(crate) struct Outcome {
    signal: Signal,
    pub(crate) rejected: usize,
    message: String,
}

impl Outcome {
    /// What was rejected while decoding.
    pub(crate) fn new(signal: Signal, rejected: usize, message: &str) -> Self {
        Self { signal, rejected, message: message.to_owned() }
    }

    /// Adds items that were rejected, or only a message.
    pub(crate) fn add(&mut self, rejected: usize, message: &str) {
        self.rejected += rejected;
        if !self.message.is_empty() && !message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str(message);
    }

    /// Adds rows that the store refused for their days.
    pub(crate) fn of_too_many_days(&mut self, count: usize) {
        if count > 0 {
            let message = format!(
                "{count} {} rejected: they are spread over too many days, send those of at most 64 \
                 days at a time",
                self.signal.name()
            );
            self.add(count, &message);
        }
    }

    /// Adds what the store refused of a batch, by reason.
    pub(crate) fn refused(&mut self, refused: &[Refused], points: &DataPoints) {
        let mut reasons: Vec<Reason> = Vec::new();
        for Refused { item, reason, .. } in refused {
            // What a sender counts is its points.
            if *item != Item::Exemplar && !reasons.contains(reason) {
                reasons.push(*reason);
            }
        }
        for reason in reasons {
            let of_reason = || refused.iter().filter(|refused| refused.reason == reason);
            let samples = of_reason().filter(|refused| refused.item == Item::Sample);
            let histograms = of_reason().filter(|refused| refused.item == Item::Histogram).count();
            let count = points.of_samples(samples.map(|refused| refused.index)) + histograms;
            let mut message = String::new();
            if count > 0 {
                let _ = write!(message, "{count} data points rejected: {reason}");
            }
            self.add(count, &message);
        }
    }

    /// Reasons of rejections, and warnings; empty when there are none.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The same for statistics, which keep the last one.
    pub(crate) fn complaint(&self) -> Option<&str> {
        (!self.message.is_empty()).then_some(self.message.as_str())
    }
}
