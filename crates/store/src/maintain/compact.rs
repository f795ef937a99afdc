//! Merging small parts of a day into larger ones. What is merged when is decided by [`choose`].

mod choose;

use object_store::path::Path;
use signals::Signal;
use signals::time::day_of;

use self::choose::{Limits, choose};
use super::Upkeep;
use crate::flush::{Origin, written};
use crate::inner::Inner;
use crate::manifest::{Entry, Manifest};
use crate::objects::ObjectSink;
use crate::part::merge;
use crate::part::write::{Counted, Written};
use crate::{StoreError, metrics};

/// A merge that failed so often is not tried again before a restart.
const ATTEMPTS_MAX: u32 = 5;

impl Inner {
    /// Merges what is due, each day once.
    pub(super) async fn compact(&self, upkeep: &mut Upkeep) -> Result<(), StoreError> {
        let now = self.clock.now();
        let limits = Limits {
            fan_in: self.config.compaction_fan_in,
            part_bytes_target: self.config.part_bytes_target,
            part_bytes_max: self.config.part_bytes_max,
        };
        let due: Vec<(Signal, i32, Vec<Entry>)> = {
            let catalog = self.catalog.lock().await;
            let due = catalog.days().filter_map(|(signal, day, manifest)| {
                let parts = &manifest.parts;
                let range = choose(signal, parts, day < day_of(now), now, &limits)?;
                Some((signal, day, parts.get(range)?.to_vec()))
            });
            due.collect()
        };
        let mut failed = None;
        for (signal, day, inputs) in due {
            let last = inputs.last().map(|input| input.path.clone()).unwrap_or_default();
            let attempts = upkeep.failed_merges.get(&last).copied().unwrap_or(0);
            if attempts >= ATTEMPTS_MAX || !self.has_room_for(&inputs) {
                continue;
            }
            if *self.closing.borrow() {
                break;
            }
            // One damaged part must not keep all others from being merged.
            if let Err(error) = self.merge(signal, day, &inputs, upkeep).await {
                let paths: Vec<Path> =
                    inputs.iter().map(|input| Path::from(input.path.as_str())).collect();
                if self.verify(&paths).await.is_ok_and(|aside| !aside.is_empty()) {
                    tracing::warn!(%error, "a merge failed on damaged parts, which were put aside");
                    continue;
                }
                upkeep.failed_merges.insert(last, attempts + 1);
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Whether inputs and output fit on the disk side by side.
    fn has_room_for(&self, inputs: &[Entry]) -> bool {
        let bytes: u64 = inputs.iter().map(|input| input.bytes).sum();
        let needed = bytes.saturating_add(self.config.free_bytes_min);
        self.files.free_bytes().is_ok_and(|free| free >= needed)
    }

    async fn merge(
        &self,
        signal: Signal,
        day: i32,
        inputs: &[Entry],
        upkeep: &mut Upkeep,
    ) -> Result<(), StoreError> {
        let Some(origin) = Origin::merged(signal, day, inputs) else { return Ok(()) };
        let output = origin.path();
        let written = self.write_merged(signal, inputs, &origin).await?;
        let entry = origin.entry(&written);
        let replaced = {
            let mut catalog = self.catalog.lock().await;
            let manifest =
                catalog.change(signal, day, |manifest| replace(manifest, inputs, &entry)).await?;
            if !manifest.parts.iter().any(|part| part.path == output) {
                // Another compactor was first; ours is an orphan from now on.
                return Ok(());
            }
            self.state.commit(signal, day, &manifest.parts, false)
        };
        let now = self.clock.monotonic();
        upkeep.replaced.extend(replaced.into_iter().map(|part| (now, part)));
        tracing::info!(
            signal = signal.name(),
            output,
            inputs = inputs.len(),
            rows = written.rows,
            bytes = written.bytes,
            "parts were merged"
        );
        Ok(())
    }

    /// Writes the merged part, on a thread of its own: it is work for the processor.
    async fn write_merged(
        &self,
        signal: Signal,
        inputs: &[Entry],
        origin: &Origin,
    ) -> Result<Written, StoreError> {
        let parts: Vec<_> = inputs.iter().map(Entry::part).collect();
        let objects = std::sync::Arc::clone(&self.objects);
        let reader = self.metric_parts.clone();
        let (path, json) = (Path::from(origin.path()), origin.to_json()?);
        let runtime = tokio::runtime::Handle::current();
        let closing = self.closing.subscribe();
        let work = async move {
            let sink = ObjectSink::create(objects.as_ref(), &path, closing).await?;
            let (written, sink) = if signal == Signal::Metrics {
                let mut sink = Counted::new(sink);
                let summary = metrics::part::merge(&reader, &parts, &mut sink).await?;
                (written(&summary, sink.crc32c()), sink.into_inner())
            } else {
                merge::merge(signal, &objects, &parts, json, sink).await?
            };
            sink.complete().await?;
            Ok::<_, StoreError>(written)
        };
        tokio::task::spawn_blocking(move || runtime.block_on(work))
            .await
            .map_err(|error| StoreError::Io(format!("merging parts: {error}")))?
    }
}

/// Puts the output where the inputs were, unless they are not there any more.
fn replace(manifest: &mut Manifest, inputs: &[Entry], output: &Entry) -> bool {
    let is_first = |part: &Entry| inputs.first().is_some_and(|input| input.path == part.path);
    let Some(start) = manifest.parts.iter().position(is_first) else { return false };
    let range = start..start + inputs.len();
    if manifest.parts.get(range.clone()) != Some(inputs) {
        return false;
    }
    manifest.parts.splice(range, [output.clone()]);
    true
}
