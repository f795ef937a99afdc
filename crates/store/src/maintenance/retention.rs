//! Dropping what is older than its signal is kept.
//!
//! A part goes when its newest row and its arrival are both too old: what is filled in late is
//! kept for the whole period. And only when the clock has said so for a while without a break,
//! measured by the monotonic clock: a wall clock that jumps ahead and is set right loses nothing.
//! The manifest of a day stays, without parts: its version shows a process that was suspended that
//! its own copy is stale.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use signals::{Clock, Signal, Timestamp};

use crate::context::Context;
use crate::manifest::catalog::{Catalog, Days};
use crate::manifest::{Entry, Manifest};
use crate::part::Part;
use crate::{Config, StoreError};

/// Drops parts for their age.
#[derive(Debug)]
pub(crate) struct Retention {
    clock: Arc<dyn Clock>,
    catalog: Arc<Catalog>,
    kept: [(Signal, Duration); 3],
    settle: Duration,
    /// Parts that are too old, by path, and since when the clock has said so without a break.
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

    /// Drops what is due; what readers saw until now is added to `dropped`.
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

    /// The parts that are too old by the wall clock.
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
