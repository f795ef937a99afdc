//! A shard: the series of a range of label hashes, protected by one lock.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use chunks::Chunk;
use signals::Labels;
use signals::metric::{Exemplar, NativeHistogram};

use super::Place;
use super::postings::{Index, PairId, Slot};
use super::series::{Generation, Newest, Pushed, Series, Usage};
use crate::metrics::SeriesChunks;
use crate::metrics::labels::LabelQuery;
use crate::metrics::matching::Condition;

/// A hasher for keys that are hashes already.
#[derive(Debug, Default)]
struct KeyIsHash(u64);

impl Hasher for KeyIsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The series of a range of label hashes.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// By slot. Removed series leave holes, which new series fill.
    series: Vec<Option<Series>>,
    holes: Vec<Slot>,
    /// Generation of series created from now on; see [`Series::slot_generation`].
    slot_generation: u32,
    by_hash: HashMap<u64, Slot, BuildHasherDefault<KeyIsHash>>,
    /// Series whose hash collides with that of another; almost always empty.
    collided: Vec<Slot>,
    index: Index,
    generation: Generation,
    usage: Usage,
    times: Times,
}

/// Times of the samples of a shard: the first and the last of each generation.
#[derive(Debug, Default)]
struct Times {
    newest: Option<(i64, i64)>,
    frozen: Vec<(Generation, i64, i64)>,
}

impl Times {
    fn note(&mut self, timestamp_ms: i64) {
        let (min_ms, max_ms) = self.newest.unwrap_or((timestamp_ms, timestamp_ms));
        self.newest = Some((min_ms.min(timestamp_ms), max_ms.max(timestamp_ms)));
    }

    fn freeze(&mut self, generation: Generation) {
        self.frozen.extend(self.newest.take().map(|(min_ms, max_ms)| (generation, min_ms, max_ms)));
    }

    fn release(&mut self, generation: Generation) {
        self.frozen.retain(|(of, _, _)| *of > generation);
    }

    fn overlap(&self, start_ms: i64, end_ms: i64) -> bool {
        let frozen = self.frozen.iter().map(|(_, min_ms, max_ms)| (*min_ms, *max_ms));
        frozen.chain(self.newest).any(|(min_ms, max_ms)| min_ms <= end_ms && max_ms >= start_ms)
    }
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.series.len() - self.holes.len()
    }

    pub(super) fn samples(&self) -> u64 {
        self.usage.samples
    }

    /// Estimated memory of the shard.
    pub(super) fn bytes(&self) -> usize {
        // The allocator overhead is a quarter, as `probe_head` measured it.
        (self.usage.bytes + self.index.heap_bytes()) / 4 * 5
    }

    pub(super) fn find(&self, hash: u64, labels: &Labels) -> Option<Slot> {
        let is_it = |id: &Slot| {
            self.get(*id).is_some_and(|series| {
                series.hash == hash && self.index.is_spelled(&series.pairs, labels)
            })
        };
        let first = self.by_hash.get(&hash).copied()?;
        if is_it(&first) { Some(first) } else { self.collided.iter().copied().find(is_it) }
    }

    /// Creates a series; `None` when the shard has no slot left.
    pub(super) fn create(&mut self, hash: u64, labels: &Labels) -> Option<Slot> {
        let slot = match self.holes.pop() {
            Some(hole) => hole,
            None => Slot::try_from(self.series.len()).ok()?,
        };
        let pairs = self.index.insert(labels, slot);
        self.usage.bytes += Series::empty_bytes(pairs.len());
        let series = Series::new(pairs, hash, self.slot_generation, self.generation);
        match self.series.get_mut(slot as usize) {
            Some(hole) => *hole = Some(series),
            None => self.series.push(Some(series)),
        }
        if *self.by_hash.entry(hash).or_insert(slot) != slot {
            self.collided.push(slot);
        }
        Some(slot)
    }

    /// The slot of a place, if its series is still there.
    pub(super) fn slot_of(&self, place: Place) -> Option<Slot> {
        let series = self.get(place.slot)?;
        (series.slot_generation == place.generation).then_some(place.slot)
    }

    /// Keeps a series in memory until the next flush is over; returns the generation of its slot
    /// and its newest samples.
    pub(super) fn touch(&self, slot: Slot) -> Option<(u32, Newest)> {
        let series = self.get(slot)?;
        Some((series.slot_generation, series.touch(self.generation)))
    }

    /// The labels of a series.
    pub(super) fn labels_of(&self, slot: Slot) -> Option<Labels> {
        Some(self.index.labels(&self.get(slot)?.pairs))
    }

    fn get(&self, slot: Slot) -> Option<&Series> {
        self.series.get(slot as usize)?.as_ref()
    }

    fn get_mut(&mut self, slot: Slot) -> Option<&mut Series> {
        self.series.get_mut(slot as usize)?.as_mut()
    }

    pub(super) fn set_start(&mut self, slot: Slot, start_ms: i64) {
        if let Some(Some(series)) = self.series.get_mut(slot as usize) {
            series.set_start(start_ms, self.generation, &mut self.usage);
        }
    }

    pub(super) fn push(&mut self, slot: Slot, timestamp_ms: i64, value: f64) -> Pushed {
        let Some(Some(series)) = self.series.get_mut(slot as usize) else {
            return Pushed::Duplicate;
        };
        self.times.note(timestamp_ms);
        series.push(timestamp_ms, value, self.generation, &mut self.usage)
    }

    pub(super) fn push_histogram(
        &mut self,
        slot: Slot,
        timestamp_ms: i64,
        histogram: &Arc<NativeHistogram>,
    ) -> Pushed {
        let Some(Some(series)) = self.series.get_mut(slot as usize) else {
            return Pushed::Duplicate;
        };
        self.times.note(timestamp_ms);
        series.push_histogram(timestamp_ms, histogram, self.generation, &mut self.usage)
    }

    /// As [`Series::push_exemplar`].
    pub(super) fn push_exemplar(
        &mut self,
        slot: Slot,
        exemplar: &Exemplar,
        exemplars_max: usize,
        has_room: bool,
    ) -> Option<usize> {
        let generation = self.generation;
        self.get_mut(slot)?.push_exemplar(exemplar, exemplars_max, has_room, generation)
    }

    /// Starts the next generation; returns the days of the one that ends.
    pub(super) fn freeze(&mut self, generation: Generation) -> BTreeSet<i32> {
        let mut days = BTreeSet::new();
        for series in self.series.iter_mut().flatten() {
            series.freeze(generation, &mut self.usage);
            series.frozen_days(generation, &mut days);
        }
        self.generation = generation + 1;
        self.times.freeze(generation);
        days
    }

    /// Forgets a generation, and the series that are empty and were not looked up since
    /// `idle_since`; returns the number of removed exemplars and series.
    pub(super) fn release(
        &mut self,
        generation: Generation,
        idle_since: Generation,
    ) -> (usize, usize) {
        self.times.release(generation);
        let mut exemplars = 0;
        let mut leaving = Vec::new();
        for (slot, series) in (0..).zip(&mut self.series) {
            let Some(series) = series else { continue };
            exemplars += series.release(generation, &mut self.usage);
            if series.is_idle_since(idle_since) {
                leaving.push(slot);
            }
        }
        if !leaving.is_empty() {
            self.remove(&leaving);
        }
        (exemplars, leaving.len())
    }

    /// Removes series; `leaving` is ascending.
    fn remove(&mut self, leaving: &[Slot]) {
        let mut pairs = Vec::new();
        for slot in leaving {
            let Some(series) = self.series.get_mut(*slot as usize).and_then(Option::take) else {
                continue;
            };
            let bytes = Series::empty_bytes(series.pairs.len());
            self.usage.bytes = self.usage.bytes.saturating_sub(bytes);
            pairs.extend_from_slice(&series.pairs);
        }
        self.slot_generation = self.slot_generation.wrapping_add(1) & Place::GENERATION_MAX;
        self.index.remove(leaving, pairs);
        while self.series.last().is_some_and(Option::is_none) {
            self.series.pop();
        }
        self.series.shrink_to_fit();
        self.holes = (0..).zip(&self.series).filter(|(_, s)| s.is_none()).map(|(i, _)| i).collect();
        // The lowest holes are filled first, so that holes collect at the end and are truncated.
        self.holes.reverse();
        self.by_hash.clear();
        self.by_hash.shrink_to(self.series.len());
        self.collided.clear();
        for (slot, series) in (0..).zip(&self.series) {
            let Some(series) = series else { continue };
            if *self.by_hash.entry(series.hash).or_insert(slot) != slot {
                self.collided.push(slot);
            }
        }
    }

    fn matching(&self, conditions: &[Condition<'_>]) -> impl Iterator<Item = &Series> {
        let pairs = |slot: Slot| self.get(slot).map(|series| &*series.pairs).unwrap_or_default();
        let ids = self.index.matching(conditions, self.series.len(), pairs);
        ids.into_iter().filter_map(|id| self.get(id))
    }

    /// Series with samples in the range; stops past `series_max`.
    pub(super) fn select(
        &self,
        conditions: &[Condition<'_>],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        into: &mut Vec<SeriesChunks>,
    ) {
        for series in self.matching(conditions) {
            if into.len() > series_max {
                return;
            }
            let chunks = series.chunks(start_ms, end_ms);
            if !chunks.is_empty() {
                into.push(SeriesChunks::new(self.index.labels(&series.pairs), chunks));
            }
        }
    }

    /// As [`Self::select`], labels only.
    pub(super) fn labels(
        &self,
        conditions: &[Condition<'_>],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        into: &mut Vec<Labels>,
    ) {
        for series in self.matching(conditions).filter(|series| series.overlaps(start_ms, end_ms)) {
            if into.len() > series_max {
                return;
            }
            into.push(self.index.labels(&series.pairs));
        }
    }

    /// Visits names, values and series counts of the queried labels.
    pub(super) fn visit_labels(
        &self,
        query: &LabelQuery<'_>,
        conditions: &[Condition<'_>],
        visit: &mut dyn FnMut(&str, &str, u64),
    ) {
        let LabelQuery { projection, start_ms, end_ms, .. } = *query;
        if !self.times.overlap(start_ms, end_ms) {
            return;
        }
        if conditions.is_empty() {
            return self.index.visit(projection, |_, series| series.len() as u64, visit);
        }
        let mut counts = vec![0_u32; self.index.ids()];
        for series in self.matching(conditions).filter(|series| series.overlaps(start_ms, end_ms)) {
            for pair in &series.pairs {
                if let Some(count) = counts.get_mut(*pair as usize) {
                    *count += 1;
                }
            }
        }
        let count =
            |pair: PairId, _: &[Slot]| counts.get(pair as usize).copied().map_or(0, u64::from);
        self.index.visit(projection, count, visit);
    }

    pub(super) fn exemplars(
        &self,
        conditions: &[Condition<'_>],
        start_ms: i64,
        end_ms: i64,
        into: &mut Vec<(Labels, Vec<Exemplar>)>,
    ) {
        for series in self.matching(conditions) {
            let exemplars =
                series.exemplars(|held| (start_ms..=end_ms).contains(&held.exemplar.timestamp_ms));
            if !exemplars.is_empty() {
                into.push((self.index.labels(&series.pairs), exemplars));
            }
        }
    }

    /// All values of a label, flushed or not.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.index.values(name)
    }

    /// Data of the matching series that a flush writes for one UTC day, in order of precedence.
    pub(super) fn frozen(
        &self,
        conditions: &[Condition<'_>],
        generation: Generation,
        day: i32,
        into: &mut Vec<(Labels, Vec<Chunk>, Option<Chunk>)>,
    ) {
        for series in self.matching(conditions) {
            let chunks = series.frozen_chunks(generation, day);
            let exemplars = series.frozen_exemplars(generation, day);
            if !chunks.is_empty() || exemplars.is_some() {
                into.push((self.index.labels(&series.pairs), chunks, exemplars));
            }
        }
    }
}
