//! Dropping what is older than its signal is kept.
//!
//! A part goes when its newest row and its arrival are both too old: what is filled in late is
//! kept for the whole period. And only when the clock has said so for a while without a break,
//! measured by the monotonic clock: a wall clock that jumps ahead and is set right loses nothing.

use std::collections::HashMap;
use std::time::Duration;

use signals::time::{DAY, day_of};
use signals::{Signal, Timestamp};

use super::Upkeep;
use crate::StoreError;
use crate::inner::Inner;
use crate::manifest::Entry;

/// An empty manifest is kept this many days longer than its parts.
const EMPTY_DAYS: i64 = 2;

impl Inner {
    pub(super) async fn drop_expired(&self, upkeep: &mut Upkeep) -> Result<(), StoreError> {
        let (now, monotonic) = (self.clock.now(), self.clock.monotonic());
        let mut catalog = self.catalog.lock().await;
        let mut expired = HashMap::new();
        let mut due: Vec<(Signal, i32, Vec<String>)> = Vec::new();
        let mut empty: Vec<(Signal, i32)> = Vec::new();
        for (signal, day, manifest) in catalog.days() {
            let oldest = self.oldest_kept(signal, now);
            let mut paths = Vec::new();
            for part in manifest.parts.iter().filter(|part| is_expired(part, oldest)) {
                let since = upkeep.expired.get(&part.path).copied().unwrap_or(monotonic);
                expired.insert(part.path.clone(), since);
                if self.has_settled(since, monotonic) {
                    paths.push(part.path.clone());
                }
            }
            let is_past = i64::from(day) + EMPTY_DAYS < i64::from(day_of(oldest))
                && manifest.written_at < oldest.saturating_sub(EMPTY_DAYS * DAY);
            if manifest.parts.is_empty() && is_past {
                let name = crate::manifest::folder(signal, day).to_string();
                let since = upkeep.expired.get(&name).copied().unwrap_or(monotonic);
                expired.insert(name, since);
                if self.has_settled(since, monotonic) {
                    empty.push((signal, day));
                }
            }
            if !paths.is_empty() {
                due.push((signal, day, paths));
            }
        }
        upkeep.expired = expired;
        for (signal, day, paths) in due {
            let manifest = catalog
                .change(signal, day, |manifest| {
                    let before = manifest.parts.len();
                    manifest.parts.retain(|part| !paths.contains(&part.path));
                    manifest.parts.len() < before
                })
                .await?;
            let gone = self.state.commit(signal, day, &manifest.parts, false);
            upkeep.replaced.extend(gone.into_iter().map(|part| (monotonic, part)));
            tracing::info!(
                signal = signal.name(),
                day,
                parts = paths.len(),
                "parts were dropped for their age"
            );
        }
        for (signal, day) in empty {
            catalog.remove(signal, day).await?;
        }
        Ok(())
    }

    fn oldest_kept(&self, signal: Signal, now: Timestamp) -> Timestamp {
        let kept = i64::try_from(self.config.retention(signal).as_nanos()).unwrap_or(i64::MAX);
        now.saturating_sub(kept)
    }

    fn has_settled(&self, since: Duration, now: Duration) -> bool {
        now.saturating_sub(since) >= self.config.retention_settle
    }
}

fn is_expired(part: &Entry, oldest: Timestamp) -> bool {
    part.max_time < oldest && part.created < oldest
}
