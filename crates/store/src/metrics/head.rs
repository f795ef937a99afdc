//! Series and their newest samples in memory. Does no input or output.

mod families;
mod postings;
mod series;
mod shard;

use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use families::Families;
use parking_lot::{Mutex, RwLock};
use postings::SeriesId;
use series::{Generation, Pushed, day_of};
use shard::Shard;
use signals::metric::{Exemplar, Metadata, NAME_LABEL};
use signals::{Labels, MatchOp, Matcher, SeriesBatch};

use super::SeriesChunks;
use super::chunk::{Chunk, is_consistent};
use super::matching::{Condition, compare};
use crate::StoreError;

/// Memory of one exemplar with a trace id and a span id, roughly.
const EXEMPLAR_BYTES: u64 = 224;

/// Bounds of the head.
#[derive(Debug, Clone)]
pub struct HeadLimits {
    /// Series in memory; a batch's new series past this are refused, known ones always continue.
    pub series_max: usize,
    /// How much older than the newest sample of its series a sample may be; by default as old as
    /// it likes (decision 0001).
    pub late_window_ms: i64,
    /// Different UTC days between two flushes; bounds the number of parts that one flush writes.
    pub days_max: usize,
    /// Exemplars kept of one series between two flushes, the newest.
    pub exemplars_per_series_max: usize,
    /// Exemplars kept in all.
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

impl HeadLimits {
    /// Batches are admitted one beside the other, so what is acknowledged may go past
    /// [`Self::series_max`] by what is in flight; it must find room all the same.
    fn series_hard_max(&self) -> usize {
        self.series_max.saturating_mul(2)
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Plain and histogram samples that were stored.
    pub samples: u64,
    /// Of these, older than the newest of their series.
    pub late_samples: u64,
    /// Samples that were there already, with the same value.
    pub duplicate_samples: u64,
    /// Samples past the late window, past the days limit, or outside the years 1677 to 2262.
    pub out_of_bounds_samples: u64,
    /// Samples of series that were refused.
    pub refused_samples: u64,
    /// Histograms whose spans and counts disagree, and samples of no series of the batch.
    pub invalid_samples: u64,
    /// Exemplars that were stored.
    pub exemplars: u64,
    /// New series.
    pub created_series: u64,
    /// New series refused because of [`HeadLimits::series_max`].
    pub refused_series: u64,
}

impl Appended {
    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.late_samples += other.late_samples;
        self.duplicate_samples += other.duplicate_samples;
        self.out_of_bounds_samples += other.out_of_bounds_samples;
        self.refused_samples += other.refused_samples;
        self.invalid_samples += other.invalid_samples;
        self.exemplars += other.exemplars;
        self.created_series += other.created_series;
        self.refused_series += other.refused_series;
    }
}

/// What the head holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HeadStats {
    /// Series in memory.
    pub series: u64,
    /// Samples in memory.
    pub samples: u64,
    /// Memory of all of it, estimated.
    pub bytes: u64,
    /// What became of everything that was sent since the start.
    pub appended: Appended,
}

/// Locks, and shares of the series. More would spread a batch thinner, fewer would make writers wait.
const SHARDS: usize = 16;
/// Times that fit nanoseconds of 64 bits: from 1677 to 2262.
const TIMES_MS: RangeInclusive<i64> = -9_223_372_036_854..=9_223_372_036_854;

/// Series and their newest samples. Cheap to clone: all clones are one head.
#[derive(Debug, Clone)]
pub struct Head {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limits: HeadLimits,
    shards: Vec<RwLock<Shard>>,
    families: Families,
    series: AtomicUsize,
    exemplars: AtomicUsize,
    /// Of all batches.
    appended: Mutex<Appended>,
    /// Held while freezing; the generation that is being filled.
    generation: Mutex<Generation>,
    /// Days of all shards since the last freeze.
    days: Mutex<BTreeSet<i32>>,
}

/// What one flush writes: the samples that the head held at one instant.
#[derive(Debug, Clone)]
pub struct Frozen {
    inner: Arc<Inner>,
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

    /// Families that the part of a day is to hold.
    pub(crate) fn families(&self, day: i32) -> &[Metadata] {
        if self.days.last() == Some(&day) { &self.families } else { &[] }
    }

    /// Names of all metrics that may be in it, ascending; the empty name stands for none.
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

    /// The series of one metric with something on a day, in order of labels.
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
            inner: Arc::new(Inner {
                limits,
                shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
                families: Families::default(),
                series: AtomicUsize::new(0),
                exemplars: AtomicUsize::new(0),
                appended: Mutex::default(),
                generation: Mutex::new(0),
                days: Mutex::default(),
            }),
        }
    }

    /// Takes out of a batch what there is no room for, before any of it is acknowledged: samples of
    /// new series past [`HeadLimits::series_max`], and of new days past [`HeadLimits::days_max`].
    /// Returns how many samples that were.
    pub fn admit(&self, batch: &mut SeriesBatch) -> usize {
        let before = batch.samples.len() + batch.histograms.len();
        let refused = self.without_room(&batch.labels);
        if !refused.is_empty() {
            batch.samples.retain(|sample| !refused.contains(&sample.series));
            batch.histograms.retain(|sample| !refused.contains(&sample.series));
            batch.exemplars.retain(|exemplar| !refused.contains(&exemplar.series));
        }
        let mut days = self.inner.days.lock().clone();
        let mut last = None;
        let mut is_admitted = |timestamp_ms: i64| {
            let day = day_of(timestamp_ms);
            let is_known = last == Some(day) || days.contains(&day);
            let is_in = is_known || (days.len() < self.inner.limits.days_max && days.insert(day));
            last = is_in.then_some(day).or(last);
            is_in
        };
        batch.samples.retain(|sample| is_admitted(sample.timestamp_ms));
        batch.histograms.retain(|sample| is_admitted(sample.timestamp_ms));
        before - batch.samples.len() - batch.histograms.len()
    }

    /// The new series of a batch for which there is no room, by index.
    fn without_room(&self, labels: &[Labels]) -> HashSet<u32> {
        let known = self.inner.series.load(Ordering::Relaxed);
        let mut room = self.inner.limits.series_max.saturating_sub(known);
        if labels.len() <= room {
            return HashSet::new();
        }
        let mut refused = HashSet::new();
        for (i, labels) in labels.iter().enumerate() {
            let hash = labels.hash64();
            let shard = self.inner.shards.get(shard_of(hash));
            if shard.is_some_and(|shard| shard.read().find(hash, labels).is_some()) {
                continue;
            }
            if room > 0 {
                room -= 1;
            } else {
                refused.insert(i as u32);
            }
        }
        refused
    }

    /// Takes in what can be taken in; what this returns from is visible to every reader.
    pub fn append(&self, batch: &SeriesBatch) -> Appended {
        self.inner.families.update(&batch.metadata, self.inner.limits.families_max);
        let mut appended = Appended::default();
        let hashes: Vec<u64> = batch.labels.iter().map(Labels::hash64).collect();
        let mut work: Vec<Work> = (0..SHARDS).map(|_| Work::default()).collect();
        let mut assign = |series: u32, i: usize, list: fn(&mut Work) -> &mut Vec<u32>| {
            let work = hashes.get(series as usize).and_then(|hash| work.get_mut(shard_of(*hash)));
            work.map(|work| list(work).push(i as u32)).is_some()
        };
        for (i, sample) in batch.samples.iter().enumerate() {
            appended.invalid_samples +=
                u64::from(!assign(sample.series, i, |work| &mut work.samples));
        }
        for (i, sample) in batch.histograms.iter().enumerate() {
            appended.invalid_samples +=
                u64::from(!assign(sample.series, i, |work| &mut work.histograms));
        }
        for (i, exemplar) in batch.exemplars.iter().enumerate() {
            assign(exemplar.series, i, |work| &mut work.exemplars);
        }
        let mut writer = Writer {
            inner: &self.inner,
            batch,
            hashes: &hashes,
            resolved: vec![Resolved::Unknown; hashes.len()],
            appended,
        };
        for (shard, work) in
            self.inner.shards.iter().zip(&work).filter(|(_, work)| !work.is_empty())
        {
            writer.apply(&mut shard.write(), work);
        }
        self.inner.appended.lock().add(&writer.appended);
        writer.appended
    }

    /// What the head holds.
    pub fn stats(&self) -> HeadStats {
        let mut stats = HeadStats { appended: *self.inner.appended.lock(), ..HeadStats::default() };
        for shard in &self.inner.shards {
            let shard = shard.read();
            stats.series += shard.len() as u64;
            stats.samples += shard.samples();
            stats.bytes += shard.bytes() as u64;
        }
        stats.bytes += self.inner.exemplars.load(Ordering::Relaxed) as u64 * EXEMPLAR_BYTES;
        stats
    }

    /// Closes the book on all samples taken in so far; `None` when there are none.
    ///
    /// They stay readable until [`Self::release`]. Freezing again before that is allowed: each
    /// frozen set then holds what came since the one before.
    pub fn freeze(&self) -> Option<Frozen> {
        let mut current = self.inner.generation.lock();
        let generation = *current;
        let mut days = BTreeSet::new();
        for shard in &self.inner.shards {
            days.extend(shard.write().freeze(generation));
        }
        *current += 1;
        self.inner.days.lock().clear();
        let families = self.inner.families.unwritten(*days.last()?);
        Some(Frozen {
            inner: Arc::clone(&self.inner),
            generation,
            days: days.into_iter().collect(),
            families,
        })
    }

    /// Forgets what was frozen, once its parts are in the manifest, and everything frozen before
    /// it; series that had no samples for a whole flush leave memory.
    pub fn release(&self, frozen: &Frozen) {
        for shard in &self.inner.shards {
            let (exemplars, series) = shard.write().release(frozen.generation);
            self.inner.exemplars.fetch_sub(exemplars, Ordering::Relaxed);
            self.inner.series.fetch_sub(series, Ordering::Relaxed);
        }
        if let Some(day) = frozen.days.last() {
            self.inner.families.mark_written(&frozen.families, *day);
        }
    }

    /// The series that satisfy all matchers and have samples in `start_ms..=end_ms`, in order of labels.
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

    /// Exemplars in `start_ms..=end_ms` of the series that satisfy all matchers, in order of labels, then time.
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

    /// Type, help and unit of each family, in order of names.
    pub fn metadata(&self) -> Vec<Metadata> {
        self.inner.families.all()
    }

    /// Puts back what parts knew of families ([`super::PartReader::metadata`]); what the head knows already is newer and stays.
    pub fn restore_metadata(&self, families: Vec<Metadata>) {
        self.inner.families.restore(families, self.inner.limits.families_max);
    }
}

/// The error that selections of head and parts share.
pub(super) fn check_series(series: usize, series_max: usize) -> Result<(), StoreError> {
    if series <= series_max {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "selection has more than {series_max} series; narrow the matchers or the time range"
    )))
}

fn shard_of(hash: u64) -> usize {
    // The low bits place the series inside the shard's map.
    (hash >> 60) as usize % SHARDS
}

/// What of a batch belongs into one shard, by index.
#[derive(Debug, Default)]
struct Work {
    samples: Vec<u32>,
    histograms: Vec<u32>,
    exemplars: Vec<u32>,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.histograms.is_empty() && self.exemplars.is_empty()
    }
}

/// Where a series of the batch is, once it was looked up.
#[derive(Debug, Clone, Copy)]
enum Resolved {
    Unknown,
    Refused,
    At(SeriesId),
}

/// Brings one batch in.
struct Writer<'a> {
    inner: &'a Inner,
    batch: &'a SeriesBatch,
    hashes: &'a [u64],
    resolved: Vec<Resolved>,
    appended: Appended,
}

impl Writer<'_> {
    fn apply(&mut self, shard: &mut Shard, work: &Work) {
        let window = self.inner.limits.late_window_ms;
        let batch = self.batch;
        for sample in work.samples.iter().filter_map(|i| batch.samples.get(*i as usize)) {
            if let Some(id) = self.place(shard, sample.series, sample.timestamp_ms) {
                let pushed = shard.push(id, sample.timestamp_ms, sample.value, window);
                self.count(pushed);
            }
        }
        for sample in work.histograms.iter().filter_map(|i| batch.histograms.get(*i as usize)) {
            if !is_consistent(&sample.histogram) {
                self.appended.invalid_samples += 1;
            } else if let Some(id) = self.place(shard, sample.series, sample.timestamp_ms) {
                let pushed =
                    shard.push_histogram(id, sample.timestamp_ms, &sample.histogram, window);
                self.count(pushed);
            }
        }
        let refused_before = self.appended.refused_samples;
        let outside_before = self.appended.out_of_bounds_samples;
        for exemplar in work.exemplars.iter().filter_map(|i| batch.exemplars.get(*i as usize)) {
            if let Some(id) = self.place(shard, exemplar.series, exemplar.timestamp_ms) {
                let has_room =
                    self.inner.exemplars.load(Ordering::Relaxed) < self.inner.limits.exemplars_max;
                if let Some(more) = shard.push_exemplar(
                    id,
                    exemplar,
                    self.inner.limits.exemplars_per_series_max,
                    has_room,
                ) {
                    self.inner.exemplars.fetch_add(more, Ordering::Relaxed);
                    self.appended.exemplars += 1;
                }
            }
        }
        self.appended.refused_samples = refused_before;
        self.appended.out_of_bounds_samples = outside_before;
    }

    /// The series that a sample goes to, if its time is in bounds and there is room for it.
    fn place(&mut self, shard: &mut Shard, series: u32, timestamp_ms: i64) -> Option<SeriesId> {
        if !TIMES_MS.contains(&timestamp_ms) {
            self.appended.out_of_bounds_samples += 1;
            return None;
        }
        let i = series as usize;
        let (resolved, labels, hash) =
            (self.resolved.get_mut(i)?, self.batch.labels.get(i)?, *self.hashes.get(i)?);
        if matches!(resolved, Resolved::Unknown) {
            *resolved = if let Some(id) = shard.find(hash, labels) {
                Resolved::At(id)
            } else if self.inner.series.fetch_add(1, Ordering::Relaxed)
                < self.inner.limits.series_hard_max()
            {
                self.appended.created_series += 1;
                Resolved::At(shard.create(hash, labels))
            } else {
                self.inner.series.fetch_sub(1, Ordering::Relaxed);
                self.appended.refused_series += 1;
                Resolved::Refused
            };
        }
        let Resolved::At(id) = *resolved else {
            self.appended.refused_samples += 1;
            return None;
        };
        let is_day_allowed = |day: i32| {
            let mut days = self.inner.days.lock();
            let days_max = self.inner.limits.days_max.saturating_mul(2);
            days.contains(&day) || (days.len() < days_max && days.insert(day))
        };
        if !shard.enter_day(timestamp_ms, is_day_allowed) {
            self.appended.out_of_bounds_samples += 1;
            return None;
        }
        Some(id)
    }

    fn count(&mut self, pushed: Pushed) {
        let appended = &mut self.appended;
        match pushed {
            Pushed::InOrder => appended.samples += 1,
            Pushed::Late => {
                appended.samples += 1;
                appended.late_samples += 1;
            }
            Pushed::Duplicate => appended.duplicate_samples += 1,
            Pushed::TooOld => appended.out_of_bounds_samples += 1,
        }
    }
}

#[cfg(test)]
mod tests;
