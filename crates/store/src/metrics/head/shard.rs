//! A share of the series, by hash of their labels; everything in it changes under one lock.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use signals::Labels;
use signals::metric::{Exemplar, NativeHistogram};

use super::postings::{Index, SeriesId};
use super::series::{Generation, Pushed, Series, Tally, day_of};
use crate::metrics::SeriesChunks;
use crate::metrics::chunk::Chunk;
use crate::metrics::matching::Condition;

/// The keys are hashes already.
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

/// A share of the series.
#[derive(Debug, Default)]
pub(super) struct Shard {
    series: Vec<Series>,
    by_hash: HashMap<u64, SeriesId, BuildHasherDefault<KeyIsHash>>,
    /// Series whose hash belongs to another; as good as always empty.
    collided: Vec<SeriesId>,
    index: Index,
    generation: Generation,
    /// Days that samples of this generation asked for, and the one that was looked up last.
    days: BTreeSet<i32>,
    day: Option<i32>,
    tally: Tally,
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    pub(super) fn samples(&self) -> u64 {
        self.tally.samples
    }

    /// Memory of all of it, estimated.
    pub(super) fn bytes(&self) -> usize {
        // A quarter more is what the allocator loses between pieces, as `probe_head` measured it.
        (self.tally.bytes + self.index.heap_bytes()) / 4 * 5
    }

    pub(super) fn find(&self, hash: u64, labels: &Labels) -> Option<SeriesId> {
        let is_it = |id: &SeriesId| {
            self.get(*id).is_some_and(|series| {
                series.hash == hash && self.index.is_spelled(&series.pairs, labels)
            })
        };
        let first = self.by_hash.get(&hash).copied()?;
        if is_it(&first) { Some(first) } else { self.collided.iter().copied().find(is_it) }
    }

    pub(super) fn create(&mut self, hash: u64, labels: &Labels) -> SeriesId {
        let id = self.series.len() as SeriesId;
        let pairs = self.index.insert(labels, id);
        self.tally.bytes += Series::empty_bytes(pairs.len());
        self.series.push(Series::new(pairs, hash, self.generation));
        if *self.by_hash.entry(hash).or_insert(id) != id {
            self.collided.push(id);
        }
        id
    }

    fn get(&self, id: SeriesId) -> Option<&Series> {
        self.series.get(id as usize)
    }

    /// Notes the day of something that is about to be kept; `is_allowed` decides on a new one.
    pub(super) fn enter_day(
        &mut self,
        timestamp_ms: i64,
        is_allowed: impl FnOnce(i32) -> bool,
    ) -> bool {
        let day = day_of(timestamp_ms);
        if self.day == Some(day) {
            return true;
        }
        if !self.days.contains(&day) && !is_allowed(day) {
            return false;
        }
        self.days.insert(day);
        self.day = Some(day);
        true
    }

    pub(super) fn push(
        &mut self,
        id: SeriesId,
        timestamp_ms: i64,
        value: f64,
        late_window_ms: i64,
    ) -> Pushed {
        let Some(series) = self.series.get_mut(id as usize) else { return Pushed::TooOld };
        series.push(timestamp_ms, value, late_window_ms, self.generation, &mut self.tally)
    }

    pub(super) fn push_histogram(
        &mut self,
        id: SeriesId,
        timestamp_ms: i64,
        histogram: &Arc<NativeHistogram>,
        late_window_ms: i64,
    ) -> Pushed {
        let Some(series) = self.series.get_mut(id as usize) else { return Pushed::TooOld };
        series.push_histogram(
            timestamp_ms,
            histogram,
            late_window_ms,
            self.generation,
            &mut self.tally,
        )
    }

    /// As [`Series::push_exemplar`].
    pub(super) fn push_exemplar(
        &mut self,
        id: SeriesId,
        exemplar: &Exemplar,
        exemplars_max: usize,
        has_room: bool,
    ) -> Option<usize> {
        let generation = self.generation;
        self.series.get_mut(id as usize)?.push_exemplar(
            exemplar,
            exemplars_max,
            has_room,
            generation,
        )
    }

    /// Starts the next generation; gives the days of the one that ends.
    pub(super) fn freeze(&mut self, generation: Generation) -> BTreeSet<i32> {
        let mut days = BTreeSet::new();
        for series in &mut self.series {
            series.freeze(generation, &mut self.tally);
            series.frozen_days(generation, &mut days);
        }
        self.generation = generation + 1;
        self.day = None;
        self.days.clear();
        days
    }

    /// Forgets a generation and the series that are idle since; gives the number of exemplars and series that left.
    pub(super) fn release(&mut self, generation: Generation) -> (usize, usize) {
        let mut exemplars = 0;
        for series in &mut self.series {
            exemplars += series.release(generation, &mut self.tally);
        }
        let mut next = 0;
        let new_ids: Vec<Option<SeriesId>> = self
            .series
            .iter()
            .map(|series| {
                let is_staying = !series.is_idle_since(generation);
                next += SeriesId::from(is_staying);
                is_staying.then(|| next - 1)
            })
            .collect();
        let left = self.series.len() - next as usize;
        if left > 0 {
            self.remove_idle(&new_ids);
        }
        (exemplars, left)
    }

    fn remove_idle(&mut self, new_ids: &[Option<SeriesId>]) {
        let mut ids = new_ids.iter();
        let tally = &mut self.tally;
        self.series.retain(|series| {
            let is_staying = ids.next().copied().flatten().is_some();
            if !is_staying {
                tally.bytes = tally.bytes.saturating_sub(Series::empty_bytes(series.pairs.len()));
            }
            is_staying
        });
        self.series.shrink_to_fit();
        self.index.renumber(new_ids);
        self.by_hash.clear();
        self.by_hash.shrink_to(self.series.len());
        self.collided.clear();
        for (id, series) in self.series.iter().enumerate() {
            if *self.by_hash.entry(series.hash).or_insert(id as SeriesId) != id as SeriesId {
                self.collided.push(id as SeriesId);
            }
        }
    }

    fn matching(&self, conditions: &[Condition<'_>]) -> impl Iterator<Item = &Series> {
        let pairs = |id: SeriesId| self.get(id).map(|series| &*series.pairs).unwrap_or_default();
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

    /// What one flush writes for one UTC day of the matching series: chunks in order of precedence, and exemplars.
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
