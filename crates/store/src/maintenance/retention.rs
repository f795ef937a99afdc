//! Retention: drops parts that are older than their signal is kept.
//!
//! A part is dropped when both its newest row and its arrival are too old, so that backfilled data
//! is kept for the whole period. The wall clock must have said so without a break for a while,
//! measured by the monotonic clock: a clock that jumps ahead and is corrected loses nothing. The
//! manifest of a day is kept when it has no parts left: its version shows a process that was
//! suspended that its own copy is stale.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use signals::{Clock, Signal, Timestamp};

use crate::context::Context;
use crate::manifest::catalog::{Catalog, Days};
use crate::manifest::{Entry, Manifest};
use crate::part::Part;
use crate::{Config, StoreError};

/// Drops expired parts.
#[derive(Debug)]
pub(crate) struct Retention {
    clock: Arc<dyn Clock>,
    catalog: Arc<Catalog>,
    kept: [(Signal, Duration); 3],
    settle: Duration,
    /// Expired parts by path, and since when they have been expired without a break.
    expired: HashMap<String, Duration>,
}

impl Retention {
    pub(crate) fn new(context: &Context, config: &Config) -> Self {
        Self {
            clock: Arc::clone(&context.clock),
            catalog: Arc::clone(&context.catalog),
            kept: Signal::ALL.map(|signal| (signal, config.retention(signal))),
            settle: config.retention_settle,
            expired: HashMap::new(),
        }
    }

    /// Drops the parts that are due, and adds them to `dropped`.
    pub(crate) async fn run(&mut self, dropped: &mut Vec<Arc<Part>>) -> Result<(), StoreError> {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let expired = self.catalog.with_days(|days| self.expired(days, now)).await;
        let mut seen = HashMap::new();
        let mut due: HashMap<(Signal, i32), Vec<String>> = HashMap::new();
        for (day, path) in expired {
            let since = self.expired.get(&path).copied().unwrap_or(monotonic);
            if monotonic.saturating_sub(since) >= self.settle {
                due.entry(day).or_default().push(path.clone());
            }
            seen.insert(path, since);
        }
        self.expired = seen;
        for ((signal, day), paths) in due {
            let is_due = |path: &str| paths.iter().any(|due| due == path);
            let drop = |manifest: &mut Manifest| {
                let before = manifest.parts.len();
                manifest.parts.retain(|part| !is_due(&part.path));
                Ok(manifest.parts.len() < before)
            };
            let gone = self.catalog.change(signal, day, drop).await?;
            dropped.extend(gone.into_iter().filter(|part| is_due(part.path.as_ref())));
            tracing::info!(
                signal = signal.name(),
                day,
                parts = paths.len(),
                "parts were dropped for their age"
            );
        }
        Ok(())
    }

    /// The parts that have expired by the wall clock.
    fn expired(&self, days: &Days, now: Timestamp) -> Vec<((Signal, i32), String)> {
        let mut expired = Vec::new();
        for (day, manifest) in days {
            let oldest = self.oldest_kept(day.0, now);
            let parts = manifest.parts.iter().filter(|part| is_expired(part, oldest));
            expired.extend(parts.map(|part| (*day, part.path.clone())));
        }
        expired
    }

    fn oldest_kept(&self, signal: Signal, now: Timestamp) -> Timestamp {
        let kept = self.kept.iter().find(|(of, _)| *of == signal).map(|(_, kept)| kept.as_nanos());
        let kept = kept.and_then(|kept| i64::try_from(kept).ok()).unwrap_or(i64::MAX);
        now.saturating_sub(kept)
    }
}

fn is_expired(part: &Entry, oldest: Timestamp) -> bool {
    part.max_time < oldest && part.created < oldest
}
