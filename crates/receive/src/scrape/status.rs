//! The state of jobs and targets, for the targets API.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use signals::metric::Metadata;
use signals::{Labels, Timestamp};

use super::metadata::TargetMetadata;

/// Whether the last scrape of a target succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// It was not scraped yet.
    #[default]
    Unknown,
    /// It succeeded.
    Up,
    /// It failed.
    Down,
}

/// The last scrape of a target.
#[derive(Debug, Clone, Default)]
pub struct LastScrape {
    /// Whether it succeeded.
    pub health: Health,
    /// When it started; `None` before the first.
    pub started_at: Option<Timestamp>,
    /// How long it took to get the page.
    pub duration: Duration,
    /// Why it failed, or why samples of it were refused; empty otherwise.
    pub error: String,
    /// Samples on the page.
    pub samples: usize,
    /// Size of the page in bytes, uncompressed.
    pub body_bytes: usize,
}

/// A target and its state.
#[derive(Debug, Clone)]
pub struct TargetStatus {
    /// Labels before relabelling.
    pub discovered: Labels,
    /// Labels of its series.
    pub labels: Labels,
    /// Where its page is.
    pub url: String,
    /// How often it is scraped.
    pub interval: Duration,
    /// How long one scrape may take.
    pub timeout: Duration,
    /// The last scrape.
    pub last: LastScrape,
    state: TargetState,
}

/// A job and its state.
#[derive(Debug, Clone)]
pub struct PoolStatus {
    /// The name of the job.
    pub job: String,
    /// Its targets.
    pub targets: Vec<TargetStatus>,
    /// Labels, before relabelling, of targets that relabelling drops; as many as are kept.
    pub dropped: Vec<Labels>,
    /// How many targets relabelling drops.
    pub dropped_count: usize,
}

impl TargetStatus {
    pub(super) fn new(target: &super::target::Target, state: &TargetState) -> Self {
        Self {
            discovered: target.discovered.clone(),
            labels: target.labels.clone(),
            url: target.url.to_string(),
            interval: target.interval,
            timeout: target.timeout,
            last: state.last.lock().clone(),
            state: state.clone(),
        }
    }

    /// Type, help and unit of the metrics of the target.
    #[must_use]
    pub fn metadata(&self) -> Vec<Metadata> {
        self.state.metadata.lock().iter().cloned().collect()
    }
}

/// The changing state of a target, shared with its loop.
#[derive(Debug, Clone, Default)]
pub(super) struct TargetState {
    pub(super) last: Arc<Mutex<LastScrape>>,
    pub(super) metadata: Arc<Mutex<TargetMetadata>>,
}
