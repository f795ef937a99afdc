//! The series that a scraper adds to each target: `up` and `scrape_*`.

use std::time::Duration;

use signals::metric::NAME_LABEL;
use signals::{Labels, SeriesBatch, SeriesKey, SeriesRef};

use super::page::{PageCounts, mark_stale, push_sample};

/// The names, in the order of [`Report::values`]; the last three are for `extra_scrape_metrics`.
const NAMES: [&str; 8] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];
/// Number of series without `extra_scrape_metrics`.
const COMMON: usize = 5;

/// The outcome of one scrape.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    pub(super) is_up: bool,
    pub(super) duration: Duration,
    pub(super) counts: PageCounts,
    pub(super) timeout: Duration,
    pub(super) sample_limit: usize,
    /// Size of the page, uncompressed; -1 if it was over its limit.
    pub(super) body_bytes: i64,
}

/// The series of one target.
#[derive(Debug)]
pub(super) struct ReportSeries {
    labels: Vec<Labels>,
    stored: Vec<Option<SeriesRef>>,
}

impl ReportSeries {
    /// The series of a target; `is_extra` adds those of `extra_scrape_metrics`.
    pub(super) fn new(target: &Labels, is_extra: bool) -> Self {
        let names = if is_extra { &NAMES[..] } else { &NAMES[..COMMON] };
        let labels: Vec<Labels> = names.iter().map(|name| target.with(NAME_LABEL, name)).collect();
        Self { stored: vec![None; labels.len()], labels }
    }

    /// Number of series.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// Adds the samples of a scrape to the end of a batch.
    pub(super) fn push(&self, batch: &mut SeriesBatch, report: &Report, timestamp_ms: i64) {
        for (key, value) in self.keys().zip(report.values()) {
            push_sample(batch, key, timestamp_ms, value);
        }
    }

    /// Adds stale markers of the series that were stored to a batch.
    pub(super) fn mark_stale(&self, batch: &mut SeriesBatch, timestamp_ms: i64) {
        for series in self.stored.iter().flatten() {
            mark_stale(batch, (*series).into(), timestamp_ms);
        }
    }

    /// Learns the references of the series, which were the last of a batch.
    pub(super) fn learn(&mut self, stored: &[Option<SeriesRef>]) {
        if let Some(at) = stored.len().checked_sub(self.len()) {
            self.stored.copy_from_slice(&stored[at..]);
        }
    }

    /// Forgets all references.
    pub(super) fn forget_references(&mut self) {
        self.stored.fill(None);
    }

    fn keys(&self) -> impl Iterator<Item = SeriesKey> {
        self.labels.iter().zip(&self.stored).map(|(labels, stored)| {
            stored.map_or_else(|| SeriesKey::Labels(labels.clone()), SeriesKey::Ref)
        })
    }
}

impl Report {
    fn values(&self) -> [f64; NAMES.len()] {
        [
            f64::from(u8::from(self.is_up)),
            self.duration.as_secs_f64(),
            self.counts.scraped as f64,
            self.counts.kept as f64,
            self.counts.added as f64,
            self.timeout.as_secs_f64(),
            self.sample_limit as f64,
            self.body_bytes as f64,
        ]
    }
}
