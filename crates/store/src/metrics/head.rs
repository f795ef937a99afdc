//! Series and their newest samples in memory. Does no input or output.

mod admit;
mod apply;
mod families;
mod postings;
mod series;
mod shard;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use chunks::Chunk;
use families::Families;
use foldhash::quality::RandomState;
use parking_lot::{Mutex, RwLock};
use postings::Slot;
use series::Generation;
use shard::Shard;
use signals::metric::{Exemplar, Metadata, NAME_LABEL, NativeHistogram};
use signals::{Labels, MatchOp, Matcher, MemoryReservation, SeriesBatch, SeriesRef};

pub(crate) use admit::{Admitted, Limits};
pub use admit::{Example, Item, Reason, Refused, SeriesAppended};

use super::SeriesChunks;
use super::labels::{LabelCounts, LabelQuery};
use super::matching::{Condition, compare};
use crate::StoreError;

/// Approximate memory of one exemplar with a trace id and a span id.
const EXEMPLAR_BYTES: u64 = 224;

/// Bounds of the head.
#[derive(Debug, Clone)]
pub struct HeadLimits {
    /// Limit on series in memory; new series beyond it are refused, known ones continue.
    pub series_max: usize,
    /// How much older than the newest sample of its series a sample may be; unlimited by default
    /// (see decision 0001).
    pub late_window_ms: i64,
    /// Different UTC days between two flushes; bounds the number of parts that one flush writes.
    pub days_max: usize,
    /// Exemplars kept per series between two flushes; the newest are kept.
    pub exemplars_per_series_max: usize,
    /// Exemplars kept in total.
    pub exemplars_max: usize,
    /// Metric families with metadata.
    pub families_max: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            series_max: 1_000_000,
            late_window_ms: i64::MAX,
            days_max: 1024,
            exemplars_per_series_max: 64,
            exemplars_max: 200_000,
            families_max: 50_000,
        }
    }
}

/// Cumulative counts of received items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Float and histogram samples that were stored.
    pub samples: u64,
    /// Of these, older than the newest of their series.
    pub late_samples: u64,
    /// Samples that were already stored with the same value.
    pub duplicate_samples: u64,
    /// Samples that were refused, for any reason.
    pub refused_samples: u64,
    /// Exemplars that were stored.
    pub exemplars: u64,
    /// New series that were refused because of [`HeadLimits::series_max`].
    pub refused_series: u64,
}

impl Counts {
    /// The counts that are known before the batch is applied.
    fn of(appended: &SeriesAppended) -> Self {
        let refused = |refused: &&Refused| refused.item != Item::Exemplar;
        Self {
            refused_samples: appended.refused.iter().filter(refused).count() as u64,
            refused_series: appended.series.iter().filter(|series| series.is_none()).count() as u64,
            ..Self::default()
        }
    }

    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.late_samples += other.late_samples;
        self.duplicate_samples += other.duplicate_samples;
        self.refused_samples += other.refused_samples;
        self.exemplars += other.exemplars;
        self.refused_series += other.refused_series;
    }
}

/// Contents of the head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadStats {
    /// Series in memory.
    pub series: u64,
    /// Samples in memory.
    pub samples: u64,
    /// Estimated memory of the head.
    pub bytes: u64,
    /// Cumulative counts since the start.
    pub counts: Counts,
}

/// Number of shards and locks; more would split batches too finely, fewer would block writers.
const SHARDS: usize = 16;
/// Times that fit 64-bit nanoseconds: from 1677 to 2262.
const TIMES_MS: RangeInclusive<i64> = -9_223_372_036_854..=9_223_372_036_854;

/// Location of a series. As a number: 28 bits generation, 32 bits slot, 4 bits shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    shard: usize,
    slot: Slot,
    /// Distinguishes the series from earlier ones in the same slot.
    generation: u32,
}

impl Place {
    const GENERATION_MAX: u32 = (1 << 28) - 1;

    fn reference(self) -> SeriesRef {
        let generation = u64::from(self.generation) << 36;
        SeriesRef::from_u64(generation | u64::from(self.slot) << 4 | self.shard as u64)
    }

    fn of(reference: SeriesRef) -> Self {
        let number = reference.to_u64();
        Self {
            shard: number as usize % SHARDS,
            slot: (number >> 4) as u32,
            generation: (number >> 36) as u32,
        }
    }
}

/// A set of series, as a table by place.
#[derive(Debug, Default)]
pub(crate) struct SeriesSet {
    /// By slot and shard: one more than the generation of the series that is in the set.
    generations: Vec<u32>,
}

impl SeriesSet {
    /// Adds a series; returns whether it was new.
    pub(crate) fn insert(&mut self, series: SeriesRef) -> bool {
        let place = Place::of(series);
        let index = place.slot as usize * SHARDS + place.shard;
        if index >= self.generations.len() {
            self.generations.resize(index + 1, 0);
        }
        let entry = self.generations.get_mut(index);
        entry.is_some_and(|entry| {
            std::mem::replace(entry, place.generation + 1) != place.generation + 1
        })
    }

    /// Removes all series.
    pub(crate) fn clear(&mut self) {
        self.generations.clear();
    }
}

/// A float sample and the slot of its series.
#[derive(Debug, Clone, Copy)]
struct Point {
    slot: Slot,
    timestamp_ms: i64,
    value: f64,
}

/// A histogram and the slot of its series.
#[derive(Debug, Clone)]
struct HistogramPoint {
    slot: Slot,
    timestamp_ms: i64,
    histogram: Arc<NativeHistogram>,
}

/// Until it is dropped, keeps series in memory that were looked up from a generation on.
#[derive(Debug)]
pub(crate) struct Pin {
    inner: Arc<OpenStore>,
    generation: Generation,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.inner.pins.lock();
        if let Some(count) = pins.get_mut(&self.generation) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.generation);
            }
        }
    }
}

/// Series and their newest samples. Cheap to clone: all clones are one head.
#[derive(Debug, Clone)]
pub struct Head {
    inner: Arc<OpenStore>,
}

#[derive(Debug)]
struct OpenStore {
    limits: HeadLimits,
    shards: Vec<RwLock<Shard>>,
    families: Families,
    series: AtomicUsize,
    exemplars: AtomicUsize,
    /// Totals over all batches.
    counts: Mutex<Counts>,
    /// The generation that is being filled.
    generation: AtomicU32,
    /// Held during a freeze.
    freezing: Mutex<()>,
    /// Number of look-ups of each generation that are not applied yet.
    pins: Mutex<BTreeMap<Generation, usize>>,
    hasher: RandomState,
    /// Days of all shards since the last freeze.
    days: Mutex<BTreeSet<i32>>,
}

/// What one flush writes: the samples that the head held at one instant.
#[derive(Debug, Clone)]
pub struct Frozen {
    inner: Arc<OpenStore>,
    generation: Generation,
    days: Vec<i32>,
    /// Families for the part of the last day.
    families: Vec<Metadata>,
}

/// One series of a flush and day: chunks in order of precedence, and exemplars.
pub(crate) type FrozenSeries = (Labels, Vec<Chunk>, Option<Chunk>);

impl Frozen {
    /// The UTC days with something to write, ascending, counted from 1970-01-01.
    pub fn days(&self) -> &[i32] {
        &self.days
    }

    /// Families that the part of a day must hold.
    pub(crate) fn families(&self, day: i32) -> &[Metadata] {
        if self.days.last() == Some(&day) { &self.families } else { &[] }
    }

    /// Names of all metrics that may be in it, ascending; the empty name stands for no name.
    pub(crate) fn metrics(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::from([String::new()]);
        for shard in &self.inner.shards {
            let shard = shard.read();
            names.extend(
                shard
                    .values(NAME_LABEL)
                    .filter(|name| !names.contains(*name))
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            );
        }
        names
    }

    /// The series of one metric with data on a day, sorted by labels.
    ///
    /// # Errors
    /// Never in practice: the matcher is an equality.
    pub(crate) fn series(&self, metric: &str, day: i32) -> Result<Vec<FrozenSeries>, StoreError> {
        let matchers = [Matcher::new(NAME_LABEL, MatchOp::Equal, metric).map_err(StoreError::Io)?];
        let conditions = Condition::all(&matchers);
        let mut series = Vec::new();
        for shard in &self.inner.shards {
            shard.read().frozen(&conditions, self.generation, day, &mut series);
        }
        series.sort_by(|a, b| compare(&a.0, &b.0));
        Ok(series)
    }
}

impl Head {
    /// An empty head.
    pub fn new(limits: HeadLimits) -> Self {
        Self {
            inner: Arc::new(OpenStore {
                limits,
                shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
                families: Families::default(),
                series: AtomicUsize::new(0),
                exemplars: AtomicUsize::new(0),
                counts: Mutex::default(),
                generation: AtomicU32::new(0),
                freezing: Mutex::default(),
                pins: Mutex::default(),
                hasher: RandomState::default(),
                days: Mutex::default(),
            }),
        }
    }

    /// Admits and applies a batch without logging it.
    ///
    /// # Errors
    /// [`StoreError::UnknownSeries`] if the batch has a reference that is no longer valid.
    pub fn append(&self, batch: &SeriesBatch) -> Result<SeriesAppended, StoreError> {
        let (admitted, appended) = self.admit(&mut batch.clone(), Limits::Apply)?;
        self.apply(&[&admitted], 1);
        Ok(appended)
    }

    /// Keeps the series that are looked up from now on in memory until the pin is dropped.
    pub(crate) fn pin(&self) -> Pin {
        let mut pins = self.inner.pins.lock();
        let generation = self.inner.generation.load(Ordering::Acquire);
        *pins.entry(generation).or_default() += 1;
        Pin { inner: Arc::clone(&self.inner), generation }
    }

    /// The labels of a series, as long as its reference is valid.
    pub(crate) fn labels(&self, reference: SeriesRef) -> Option<Labels> {
        let place = Place::of(reference);
        let shard = self.inner.shards.get(place.shard)?.read();
        shard.labels_of(shard.slot_of(place)?)
    }

    /// Statistics of the head.
    pub fn stats(&self) -> HeadStats {
        let mut stats = HeadStats { counts: *self.inner.counts.lock(), ..HeadStats::default() };
        for shard in &self.inner.shards {
            let shard = shard.read();
            stats.series += shard.len() as u64;
            stats.samples += shard.samples();
            stats.bytes += shard.bytes() as u64;
        }
        stats.bytes += self.inner.exemplars.load(Ordering::Relaxed) as u64 * EXEMPLAR_BYTES;
        stats
    }

    /// Freezes all samples applied so far; `None` when there are none.
    ///
    /// They remain readable until [`Self::release`]. Freezing again before that is allowed: each
    /// frozen set then holds the data since the previous one.
    pub fn freeze(&self) -> Option<Frozen> {
        let _freezing = self.inner.freezing.lock();
        let generation = self.inner.generation.load(Ordering::Acquire);
        let mut days = BTreeSet::new();
        for shard in &self.inner.shards {
            days.extend(shard.write().freeze(generation));
        }
        // After the shards: a series that is looked up from then on is of this generation or later.
        self.inner.generation.store(generation + 1, Ordering::Release);
        self.inner.days.lock().clear();
        let families = self.inner.families.unwritten(*days.last()?);
        Some(Frozen {
            inner: Arc::clone(&self.inner),
            generation,
            days: days.into_iter().collect(),
            families,
        })
    }

    /// Forgets what was frozen, and everything frozen before it, once its parts are in the
    /// manifest. Series without samples for a whole flush interval are removed from memory.
    pub fn release(&self, frozen: &Frozen) {
        let pinned = self.inner.pins.lock().keys().next().copied();
        let idle_since = pinned.unwrap_or(frozen.generation).min(frozen.generation);
        for shard in &self.inner.shards {
            let (exemplars, series) = shard.write().release(frozen.generation, idle_since);
            self.inner.exemplars.fetch_sub(exemplars, Ordering::Relaxed);
            self.inner.series.fetch_sub(series, Ordering::Relaxed);
        }
        if let Some(day) = frozen.days.last() {
            self.inner.families.mark_written(&frozen.families, *day);
        }
    }

    /// The series that satisfy all matchers and have samples in `start_ms..=end_ms`, sorted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] past `series_max`.
    pub fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        let conditions = Condition::all(matchers);
        let mut selected = Vec::new();
        for shard in &self.inner.shards {
            shard.read().select(&conditions, start_ms, end_ms, series_max, &mut selected);
            check_series(selected.len(), series_max)?;
        }
        selected.sort_by(|a, b| compare(&a.labels, &b.labels));
        Ok(selected)
    }

    /// As [`Self::select`], labels only.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub fn series(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<Labels>, StoreError> {
        let conditions = Condition::all(matchers);
        let mut labels = Vec::new();
        for shard in &self.inner.shards {
            shard.read().labels(&conditions, start_ms, end_ms, series_max, &mut labels);
            check_series(labels.len(), series_max)?;
        }
        labels.sort_by(compare);
        Ok(labels)
    }

    /// Answers a label query from the label index.
    ///
    /// # Errors
    /// [`StoreError::Memory`] when the answer does not fit in `memory`.
    pub(crate) fn labels_of(
        &self,
        query: &LabelQuery<'_>,
        memory: &MemoryReservation,
    ) -> Result<LabelCounts, StoreError> {
        let conditions = Condition::all(query.matchers);
        let mut counts = LabelCounts::default();
        for shard in &self.inner.shards {
            let mut add = |name: &str, value: &str, series| counts.add(name, value, series);
            shard.read().visit_labels(query, &conditions, &mut add);
            counts.charge(memory)?;
        }
        Ok(counts)
    }

    /// Exemplars in `start_ms..=end_ms` of the matching series, sorted by labels, then time.
    pub fn exemplars(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
    ) -> Vec<(Labels, Vec<Exemplar>)> {
        let conditions = Condition::all(matchers);
        let mut exemplars = Vec::new();
        for shard in &self.inner.shards {
            shard.read().exemplars(&conditions, start_ms, end_ms, &mut exemplars);
        }
        exemplars.sort_by(|a, b| compare(&a.0, &b.0));
        exemplars
    }

    /// Type, help and unit of each family, sorted by name.
    pub fn metadata(&self) -> Vec<Metadata> {
        self.inner.families.all()
    }

    /// Restores families from parts ([`super::PartReader::metadata`]), except known ones.
    pub fn restore_metadata(&self, families: Vec<Metadata>) {
        self.inner.families.restore(families, self.inner.limits.families_max);
    }
}

/// The error for too many series, shared by selections of head and parts.
pub(super) fn check_series(series: usize, series_max: usize) -> Result<(), StoreError> {
    if series <= series_max {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "selection has more than {series_max} series; narrow the matchers or the time range"
    )))
}

impl OpenStore {
    /// Seeded, so that a sender cannot compute labels that collide.
    fn hash(&self, labels: &Labels) -> u64 {
        self.hasher.hash_one(labels.as_bytes())
    }
}

fn shard_of(hash: u64) -> usize {
    // The low bits select the bucket in the shard's map.
    (hash >> 60) as usize % SHARDS
}

#[cfg(test)]
mod tests;
