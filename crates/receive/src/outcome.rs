//! The outcome of a stored request: what was rejected, and why.

use std::fmt::Write as _;

use signals::{SeriesRef, Signal};
use store::BatchAppended;
use store::metrics::{Example, Item, Reason, Refused};
use wire::{DataPoints, ItemCounts};

/// Maximum number of characters of a series in a message.
const SERIES_TEXT_MAX: usize = 500;

/// The result of an append, for any signal.
#[derive(Debug, Default)]
pub(crate) struct AppendResult {
    /// Rows and samples stored.
    pub(crate) items: usize,
    /// References of the batch's series.
    pub(crate) series: Vec<Option<SeriesRef>>,
    pub(crate) refused: Vec<Refused>,
    /// The first refused item of each reason.
    pub(crate) examples: Vec<Example>,
    /// Spans or log records rejected because the batch spans too many days.
    pub(crate) too_many_days: usize,
}

impl AppendResult {
    /// Combines the results of two batches, of which only one may have series.
    pub(crate) fn and(mut self, batch: BatchAppended) -> Self {
        self.items += batch.items();
        match batch {
            BatchAppended::Rows(appended) => self.too_many_days += appended.too_many_days,
            BatchAppended::Metrics(appended) => {
                self.series = appended.series;
                self.refused = appended.refused;
                self.examples = appended.examples;
            }
        }
        self
    }
}

/// The outcome of a stored request.
#[derive(Debug)]
pub(crate) struct Outcome {
    signal: Signal,
    pub(crate) rejected: usize,
    /// Samples, histograms and exemplars that were stored.
    pub(crate) stored: ItemCounts,
    message: String,
}

impl Outcome {
    /// Starts with the items rejected by the decoder.
    pub(crate) fn new(signal: Signal, rejected: usize, message: &str) -> Self {
        Self { signal, rejected, stored: ItemCounts::default(), message: message.to_owned() }
    }

    /// Adds rejected items, or only a message.
    pub(crate) fn add(&mut self, rejected: usize, message: &str) {
        self.rejected += rejected;
        if !self.message.is_empty() && !message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str(message);
    }

    /// Adds rows that the store rejected because they span too many days.
    pub(crate) fn of_too_many_days(&mut self, count: usize) {
        if count > 0 {
            let message = format!(
                "{count} {} rejected: the request spans too many days; send at most 64 days in a \
                 request",
                self.signal.name()
            );
            self.add(count, &message);
        }
    }

    /// Adds the store's rejections of a batch, by reason.
    pub(crate) fn refused(&mut self, appended: &AppendResult, points: &DataPoints) {
        let refused = &appended.refused;
        let mut reasons: Vec<Reason> = Vec::new();
        for Refused { item, reason, .. } in refused {
            // Senders count data points, and an exemplar is not one.
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
                if let Some(example) = appended.examples.iter().find(|of| of.reason == reason) {
                    let Example { labels, timestamp_ms, .. } = example;
                    let series: String =
                        format!("{labels:?}").chars().take(SERIES_TEXT_MAX).collect();
                    let _ = write!(message, ", for example of {series} at {timestamp_ms} ms");
                }
            }
            self.add(count, &message);
        }
    }

    /// Reasons of rejections and warnings; empty if there are none.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The message for statistics; `None` if it is empty.
    pub(crate) fn last_error(&self) -> Option<&str> {
        (!self.message.is_empty()).then_some(self.message.as_str())
    }
}
