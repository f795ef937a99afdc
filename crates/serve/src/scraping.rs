//! The state of scraping, which the binary provides.

use std::time::Duration;

use signals::metric::Metadata;
use signals::{Labels, Timestamp};

/// A job and its targets.
#[derive(Debug, Clone)]
pub struct ScrapePool {
    /// The name of the job.
    pub name: String,
    /// Targets that are scraped.
    pub active: Vec<ActiveTarget>,
    /// Labels, before relabelling, of targets that relabelling drops; as many as are kept.
    pub dropped: Vec<Labels>,
    /// How many targets relabelling drops.
    pub dropped_count: usize,
}

/// A target and its last scrape.
#[derive(Debug, Clone)]
pub struct ActiveTarget {
    /// Labels before relabelling.
    pub discovered: Labels,
    /// Labels of its series.
    pub labels: Labels,
    /// Where its page is.
    pub url: String,
    /// `up`, `down` or `unknown`.
    pub health: &'static str,
    /// Why the last scrape failed, or why samples of it were refused; empty otherwise.
    pub last_error: String,
    /// When the last scrape started.
    pub last_scrape: Option<Timestamp>,
    /// How long it took.
    pub last_duration: Duration,
    /// How often it is scraped, such as `15s`.
    pub interval: String,
    /// How long a scrape may take, such as `10s`.
    pub timeout: String,
}

/// Type, help and unit of the metrics of one target.
#[derive(Debug, Clone)]
pub struct TargetMetadata {
    /// Labels of the target.
    pub labels: Labels,
    /// Its metrics, in the order of their names.
    pub metrics: Vec<Metadata>,
}
