//! Deletes samples: the parts that have some are rewritten without them.
//!
//! There are no tombstones, so that reads need not know of deletions, and the disk space becomes
//! free without another call.

use std::sync::Arc;

use signals::Signal;

use super::Compactor;
use crate::manifest::{Entry, Manifest};
use crate::part::Part;
use crate::{Deletion, StoreError, TimeRange};

impl Compactor {
    /// Deletes samples from all parts; replaced parts are added to `replaced`. After an error some
    /// parts still have them.
    pub(crate) async fn delete(
        &self,
        deletion: &Arc<Deletion>,
        replaced: &mut Vec<Arc<Part>>,
    ) -> Result<(), StoreError> {
        for (day, entry) in self.metric_parts_of(deletion).await {
            if !self.has_deleted_series(deletion, &entry).await? {
                continue;
            }
            let inputs = [entry];
            if !self.has_room_for(&inputs) {
                return Err(StoreError::Unavailable(
                    "the disk has no room to rewrite a part without the deleted samples".into(),
                ));
            }
            if self.context.disk.is_some() && self.quarantine_damaged(&inputs).await {
                continue;
            }
            let _memory = self.take_memory(Signal::Metrics, &inputs).ok_or_else(|| {
                StoreError::Unavailable("memory for rewriting parts is in use".into())
            })?;
            let parts = self.merge(Signal::Metrics, day, &inputs, Some(deletion)).await?;
            if parts.is_empty() {
                return Err(StoreError::Unavailable(
                    "another process replaced a part meanwhile".into(),
                ));
            }
            replaced.extend(parts);
        }
        Ok(())
    }

    /// The parts of metrics that overlap the range of a deletion, and their days.
    async fn metric_parts_of(&self, deletion: &Deletion) -> Vec<(i32, Entry)> {
        let range = TimeRange::of_ms(deletion.start_ms, deletion.end_ms);
        if range.start >= range.end {
            return Vec::new();
        }
        let overlaps = |part: &&Entry| part.min_time < range.end && part.max_time >= range.start;
        let of_day = |((signal, day), manifest): (&(Signal, i32), &Manifest)| {
            let parts = if *signal == Signal::Metrics { manifest.parts.as_slice() } else { &[] };
            let parts = parts.iter().filter(overlaps);
            parts.map(|part| (*day, part.clone())).collect::<Vec<_>>()
        };
        self.context.catalog.with_days(|days| days.iter().flat_map(of_day).collect()).await
    }

    /// Whether a part has samples of an affected series in the range.
    async fn has_deleted_series(
        &self,
        deletion: &Deletion,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let Deletion { selectors, start_ms, end_ms } = deletion;
        for matchers in selectors {
            let parts = [entry.part()];
            let reader = &self.context.reader;
            match reader.series(&parts, matchers, *start_ms, *end_ms, 1).await {
                Ok(series) if series.is_empty() => {}
                // More than the one that was asked for.
                Ok(_) | Err(StoreError::Unavailable(_)) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
