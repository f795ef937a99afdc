//! Deduplication of spans: a span that is sent again is stored and returned once.
//!
//! Delivery is at-least-once, so a span may arrive twice. [`SpanIdentity`] defines which rows are
//! the same span. How copies are dropped depends on where the first one is:
//!
//! - In memory: the head keeps a fingerprint of each span and drops copies.
//! - In a part: a flush drops spans that parts of the day already hold, and readers skip such rows
//!   of the head. Start times are part of the identity, so only rows within the time range of a
//!   part are looked up. These are few: a part is flushed before the next rows arrive.
//!
//! Each span is therefore in one part only: reading parts needs no deduplication, and a merge
//! changes no answer.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;
use foldhash::quality::RandomState;
use object_store::ObjectStore;
use signals::span::{SpanIdentities, SpanIdentity};
use signals::{MemoryBudget, MemoryReservation, Signal, Timestamp, TraceId};

use crate::open_store::OpenStore;
use crate::part::{copies, order};
use crate::state::State;
use crate::{Part, Snapshot, StoreError, TimeRange};

/// Fingerprints of spans.
pub(crate) type FingerprintSet = HashSet<u128, foldhash::fast::RandomState>;

/// Two keyed hashes of a span's identity, together 128 bits, so that different spans do not collide
/// in practice.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    pub(crate) fn of(&self, span: &SpanIdentity<'_>) -> u128 {
        let [high, low] = &self.0;
        u128::from(high.hash_one(span)) << 64 | u128::from(low.hash_one(span))
    }
}

/// Fingerprints of the spans in memory.
#[derive(Debug, Default)]
pub(crate) struct SeenSpans {
    pub(crate) fingerprints: Arc<Fingerprints>,
    head: FingerprintSet,
    /// Spans that a flush is writing into parts.
    frozen: FingerprintSet,
}

impl SeenSpans {
    /// Returns the rows that are not in memory yet, and records them as present.
    pub(crate) fn take_new(&mut self, rows: RecordBatch) -> Result<RecordBatch, StoreError> {
        let spans = SpanIdentities::new(&rows)?;
        let is_new = |row| {
            let fingerprint = self.fingerprints.of(&spans.get(row));
            !self.frozen.contains(&fingerprint) && self.head.insert(fingerprint)
        };
        let is_new: Vec<bool> = (0..rows.num_rows()).map(is_new).collect();
        if is_new.iter().all(|is_new| *is_new) {
            return Ok(rows);
        }
        Ok(filter_record_batch(&rows, &BooleanArray::from(is_new))?)
    }

    /// Marks all spans of the head as being flushed.
    pub(crate) fn freeze(&mut self) {
        let head = std::mem::take(&mut self.head);
        if self.frozen.is_empty() {
            self.frozen = head;
        } else {
            self.frozen.extend(head);
        }
    }

    /// Forgets the frozen spans, which are in parts now.
    pub(crate) fn release(&mut self) {
        self.frozen = FingerprintSet::default();
    }

    /// Memory of the fingerprints.
    pub(crate) fn bytes(&self) -> usize {
        memory_of(&self.head) + memory_of(&self.frozen)
    }
}

/// Cache of look-ups of head spans in parts.
#[derive(Debug)]
pub(crate) struct LookedUp {
    /// Version of the list of parts that the look-ups used.
    version: u64,
    absent: FingerprintSet,
    stored: FingerprintSet,
    memory: MemoryReservation,
}

impl LookedUp {
    /// An empty cache.
    pub(crate) fn new(memory: &MemoryBudget) -> Self {
        Self {
            version: 0,
            absent: FingerprintSet::default(),
            stored: FingerprintSet::default(),
            memory: memory.reservation(),
        }
    }

    /// Clears the cache if the list of parts has changed.
    fn begin(&mut self, version: u64) {
        if self.version != version {
            self.version = version;
            self.absent = FingerprintSet::default();
            self.stored = FingerprintSet::default();
        }
    }

    fn count(&mut self) {
        self.memory.set(memory_of(&self.absent) + memory_of(&self.stored));
    }
}

/// Memory of a set of fingerprints, with one control byte for each slot.
fn memory_of(fingerprints: &FingerprintSet) -> usize {
    fingerprints.capacity() * (size_of::<u128>() + 1)
}

/// A row of the head that a part may already hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopyCandidate {
    batch: usize,
    row: usize,
    pub(crate) trace_id: TraceId,
    pub(crate) start_time: Timestamp,
    pub(crate) fingerprint: u128,
}

/// The rows of batches that lie within the time range of a part.
fn candidates(
    batches: &[RecordBatch],
    parts: &[Arc<Part>],
    fingerprints: &Fingerprints,
) -> Result<Vec<CopyCandidate>, StoreError> {
    let ranges = time_ranges(parts);
    let mut candidates = Vec::new();
    let Some((_, newest)) = ranges.last() else { return Ok(candidates) };
    for (batch, rows) in batches.iter().enumerate() {
        let times: Int64Array = order::times(Signal::Spans, rows)?;
        let spans = SpanIdentities::new(rows)?;
        for (row, time) in times.values().iter().enumerate() {
            if time > newest || !is_inside(&ranges, *time) {
                continue;
            }
            let span = spans.get(row);
            candidates.push(CopyCandidate {
                batch,
                row,
                trace_id: span.trace_id,
                start_time: *time,
                fingerprint: fingerprints.of(&span),
            });
        }
    }
    Ok(candidates)
}

/// The time ranges covered by parts: disjoint, sorted, with inclusive ends.
fn time_ranges(parts: &[Arc<Part>]) -> Vec<(Timestamp, Timestamp)> {
    let mut all: Vec<_> = parts.iter().map(|part| (part.min_time, part.max_time)).collect();
    all.sort_unstable();
    let mut ranges: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (start, end) in all {
        match ranges.last_mut() {
            Some(last) if last.1 >= start => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

fn is_inside(ranges: &[(Timestamp, Timestamp)], time: Timestamp) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= time);
    after.checked_sub(1).and_then(|last| ranges.get(last)).is_some_and(|(_, end)| *end >= time)
}

/// The batches without the candidates that parts hold.
fn without(
    batches: Vec<RecordBatch>,
    candidates: &[CopyCandidate],
    stored: &FingerprintSet,
) -> Result<Vec<RecordBatch>, StoreError> {
    let mut copies = candidates.iter().filter(|candidate| stored.contains(&candidate.fingerprint));
    let mut next = copies.next();
    let mut kept = Vec::with_capacity(batches.len());
    for (index, batch) in batches.into_iter().enumerate() {
        if next.is_none_or(|copy| copy.batch != index) {
            kept.push(batch);
            continue;
        }
        let mut is_kept = vec![true; batch.num_rows()];
        while let Some(copy) = next.filter(|copy| copy.batch == index) {
            if let Some(is_kept) = is_kept.get_mut(copy.row) {
                *is_kept = false;
            }
            next = copies.next();
        }
        let rest = filter_record_batch(&batch, &BooleanArray::from(is_kept))?;
        if rest.num_rows() > 0 {
            kept.push(rest);
        }
    }
    Ok(kept)
}

impl OpenStore {
    /// Rows of head and parts that may lie in a range, each span once.
    pub(crate) async fn snapshot(
        &self,
        signal: Signal,
        range: TimeRange,
    ) -> Result<Snapshot, StoreError> {
        let (snapshot, version) = self.state.snapshot(signal, range);
        if signal != Signal::Spans || snapshot.head.is_empty() {
            return Ok(snapshot);
        }
        let Snapshot { head, parts, warnings } = snapshot;
        let fingerprints = self.state.fingerprints();
        let candidates = candidates(&head, &parts, fingerprints)?;
        if candidates.is_empty() {
            return Ok(Snapshot { head, parts, warnings });
        }
        let mut looked_up = self.looked_up.lock().await;
        looked_up.begin(version);
        let is_new = |candidate: &&CopyCandidate| {
            let fingerprint = &candidate.fingerprint;
            !looked_up.absent.contains(fingerprint) && !looked_up.stored.contains(fingerprint)
        };
        let new: Vec<CopyCandidate> = candidates.iter().filter(is_new).copied().collect();
        let found = copies::stored(&self.objects, &parts, &new, fingerprints).await;
        let absent = new.iter().map(|candidate| candidate.fingerprint);
        looked_up.absent.extend(absent.filter(|fingerprint| !found.contains(fingerprint)));
        looked_up.stored.extend(found);
        looked_up.count();
        let head = without(head, &candidates, &looked_up.stored)?;
        Ok(Snapshot { head, parts, warnings })
    }
}

/// The rows that no part holds.
pub(crate) async fn not_stored(
    objects: &Arc<dyn ObjectStore>,
    state: &State,
    batches: Vec<RecordBatch>,
) -> Result<Vec<RecordBatch>, StoreError> {
    let everything = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
    let parts = state.parts(Signal::Spans, everything);
    let fingerprints = state.fingerprints();
    let candidates = candidates(&batches, &parts, fingerprints)?;
    let stored = copies::stored(objects, &parts, &candidates, fingerprints).await;
    without(batches, &candidates, &stored)
}
