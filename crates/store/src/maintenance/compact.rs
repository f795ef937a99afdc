//! Merges small parts of a day into larger ones; [`choose()`] decides which and when.

mod choose;
mod delete;
mod memory;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use signals::time::day_of;
use signals::{MemoryReservation, Signal};

use self::choose::{Limits, choose};
use super::verify::Verifier;
use crate::context::Context;
use crate::manifest::catalog::Days;
use crate::manifest::drafts::Draft;
use crate::manifest::origin::Origin;
use crate::manifest::{Entry, Manifest};
use crate::objects::ObjectSink;
use crate::part::Part;
use crate::part::merge::{self, MergeSizes};
use crate::part::write::{Counted, Written};
use crate::{Config, Deletion, StoreError, metrics};

/// Parts that are merged even if they take more memory than merges have: with fewer, each row would
/// be written again too often.
const INPUTS_MIN: usize = 4;
/// Attempts at a merge before it is given up until a restart.
const ATTEMPTS_MAX: u32 = 5;

/// Merges parts.
#[derive(Debug)]
pub(crate) struct Compactor {
    context: Context,
    verifier: Verifier,
    limits: Limits,
    sizes: MergeSizes,
    /// Of rounds of maintenance.
    interval: Duration,
    free_bytes_min: u64,
    /// Number of failed attempts, by the path of the last input.
    failed: HashMap<String, u32>,
}

impl Compactor {
    pub(crate) fn new(context: Context, config: &Config) -> Self {
        let limits = Limits {
            fan_in: config.compaction_fan_in,
            part_bytes_target: config.part_bytes_target,
            part_bytes_max: config.part_bytes_max,
        };
        let (verifier, free_bytes_min) = (Verifier::new(&context), config.free_bytes_min);
        let sizes = MergeSizes::of(context.merges.bytes_max());
        let (interval, failed) = (config.maintenance_interval, HashMap::new());
        Self { context, verifier, limits, sizes, interval, free_bytes_min, failed }
    }

    /// Runs the merges that are due, until none is left, one fails or the next round of maintenance
    /// is due; replaced parts are added to `replaced`.
    pub(crate) async fn run(&mut self, replaced: &mut Vec<Arc<Part>>) -> Result<(), StoreError> {
        let began = self.context.clock.monotonic();
        loop {
            let before = replaced.len();
            // The next attempt at a failed merge is that of the next round.
            self.run_once(replaced).await?;
            let duration = self.context.clock.monotonic().saturating_sub(began);
            if replaced.len() == before || duration >= self.interval {
                return Ok(());
            }
        }
    }

    /// Runs the merges that are due, one per day.
    async fn run_once(&mut self, replaced: &mut Vec<Arc<Part>>) -> Result<(), StoreError> {
        let due = self.context.catalog.with_days(|days| self.due(days)).await;
        let mut failed = None;
        for (signal, day, inputs) in due {
            let last = inputs.last().map(|input| input.path.clone()).unwrap_or_default();
            let attempts = self.failed.get(&last).copied().unwrap_or(0);
            if attempts >= ATTEMPTS_MAX || !self.has_room_for(&inputs) {
                continue;
            }
            if *self.context.closing.borrow() {
                break;
            }
            let Some(_memory) = self.take_memory(signal, &inputs) else {
                tracing::debug!(signal = signal.name(), "a merge waits for memory");
                continue;
            };
            // A merge would give a corrupted value a new, valid checksum.
            if self.context.disk.is_some() && self.quarantine_damaged(&inputs).await {
                continue;
            }
            // One damaged part must not prevent all other merges.
            match self.merge(signal, day, &inputs, None).await {
                Ok(parts) => replaced.extend(parts),
                Err(error) if self.quarantine_damaged(&inputs).await => {
                    tracing::warn!(%error, "a merge failed on damaged parts, which were quarantined");
                }
                Err(error) => {
                    self.failed.insert(last, attempts + 1);
                    failed.get_or_insert(error);
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Verifies the inputs of a merge; returns whether some were quarantined.
    async fn quarantine_damaged(&self, inputs: &[Entry]) -> bool {
        let paths: Vec<Path> = inputs.iter().map(|input| Path::from(input.path.as_str())).collect();
        self.verifier.verify(&paths).await.is_ok_and(|aside| !aside.is_empty())
    }

    /// Memory for a merge; `None` while other merges hold it. A merge that needs more than the
    /// whole budget takes the whole budget.
    fn take_memory(&self, signal: Signal, inputs: &[Entry]) -> Option<MemoryReservation> {
        let merges = &self.context.merges;
        merges.reserve(memory::needed(signal, inputs, self.sizes).min(merges.bytes_max())).ok()
    }

    /// For each day the parts to merge, if there are any: only the oldest when all do not fit in
    /// memory together.
    fn due(&self, days: &Days) -> Vec<(Signal, i32, Vec<Entry>)> {
        let now = self.context.clock.now();
        let due = days.iter().filter_map(|((signal, day), manifest)| {
            let parts = &manifest.parts;
            let range = choose(*signal, parts, *day < day_of(now), now, &self.limits)?;
            let mut inputs = parts.get(range)?.to_vec();
            let bytes_max = self.context.merges.bytes_max();
            while inputs.len() > INPUTS_MIN.min(self.limits.fan_in)
                && memory::needed(*signal, &inputs, self.sizes) > bytes_max
            {
                inputs.pop();
            }
            Some((*signal, *day, inputs))
        });
        due.collect()
    }

    /// Whether the disk of the objects, if any, has room for the inputs and the output.
    fn has_room_for(&self, inputs: &[Entry]) -> bool {
        let Some(disk) = &self.context.disk else { return true };
        let bytes: u64 = inputs.iter().map(|input| input.bytes).sum();
        let needed = bytes.saturating_add(self.free_bytes_min);
        disk.free_bytes().is_ok_and(|free| free >= needed)
    }

    /// Returns the replaced parts; none if another process was first. Its output is then the valid
    /// one, and ours is garbage-collected.
    async fn merge(
        &self,
        signal: Signal,
        day: i32,
        inputs: &[Entry],
        deletion: Option<&Arc<Deletion>>,
    ) -> Result<Vec<Arc<Part>>, StoreError> {
        let Some(origin) = Origin::merged(signal, day, inputs) else { return Ok(Vec::new()) };
        let draft = self.context.drafts.begin(&origin);
        let began = self.context.clock.monotonic();
        let written = self.write_merged(signal, inputs, deletion, &origin, &draft).await?;
        let duration = self.context.clock.monotonic().saturating_sub(began);
        self.context.instruments.merged(signal, duration);
        self.context.instruments.part_written(signal, "merge", written.bytes);
        // All samples may have been deleted.
        let output = (written.rows > 0).then(|| origin.entry(draft.path(), &written));
        let list = |manifest: &mut Manifest| {
            draft.check_age()?;
            Ok(replace(manifest, inputs, output.as_ref()))
        };
        let mut gone = self.context.catalog.change(signal, day, list).await?;
        gone.retain(|part| inputs.iter().any(|input| input.path == part.path.as_ref()));
        if !gone.is_empty() {
            tracing::info!(
                signal = signal.name(),
                output = draft.path(),
                inputs = inputs.len(),
                rows = written.rows,
                bytes = written.bytes,
                "parts were merged"
            );
        }
        Ok(gone)
    }

    /// Writes the merged part on a separate thread, because it is CPU-bound.
    async fn write_merged(
        &self,
        signal: Signal,
        inputs: &[Entry],
        deletion: Option<&Arc<Deletion>>,
        origin: &Origin,
        draft: &Draft,
    ) -> Result<Written, StoreError> {
        let parts: Vec<_> = inputs.iter().map(Entry::part).collect();
        let objects = Arc::clone(&self.context.objects);
        let (reader, deletion) = (self.context.reader.clone(), deletion.cloned());
        let (path, json, sizes) = (draft.location(), origin.to_json()?, self.sizes);
        let runtime = tokio::runtime::Handle::current();
        let closing = self.context.closing.clone();
        let work = async move {
            let sink = ObjectSink::create(objects.as_ref(), &path, closing).await?;
            let (written, sink) = if signal == Signal::Metrics {
                let mut sink = Counted::new(sink);
                let deletion = deletion.as_deref();
                let summary =
                    metrics::part::merge(&reader, &parts, deletion, json, sizes, &mut sink).await?;
                (summary.written(sink.crc32c()), sink.into_inner())
            } else {
                merge::merge(signal, &objects, &parts, json, sizes, sink).await?
            };
            sink.complete().await?;
            Ok::<_, StoreError>(written)
        };
        tokio::task::spawn_blocking(move || runtime.block_on(work))
            .await
            .map_err(|error| StoreError::Io(format!("merging parts: {error}")))?
    }
}

/// Replaces the inputs with the output, if any, unless some inputs are no longer listed.
fn replace(manifest: &mut Manifest, inputs: &[Entry], output: Option<&Entry>) -> bool {
    let is_first = |part: &Entry| inputs.first().is_some_and(|input| input.path == part.path);
    let Some(start) = manifest.parts.iter().position(is_first) else { return false };
    let range = start..start + inputs.len();
    if manifest.parts.get(range.clone()) != Some(inputs) {
        return false;
    }
    manifest.parts.splice(range, output.cloned());
    true
}
