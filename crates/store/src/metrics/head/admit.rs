//! Admission: decides which items of a batch are stored, before they are logged.
//!
//! Everything admitted is applied: a logged sample is never refused afterwards.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chunks::is_consistent;
use signals::metric::{Exemplar, Metadata, StartTime};
use signals::{Labels, SeriesBatch, SeriesKey, SeriesRef};

use super::series::{Newest, day_of, is_same};
use super::shard::Shard;
use super::{Head, HistogramPoint, OpenStore, Pin, Place, Point, SHARDS, TIMES_MS};
use crate::StoreError;

/// The result for a batch of metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeriesAppended {
    /// Float and histogram samples that were stored.
    pub samples: usize,
    /// Of these, older than the newest of their series.
    pub out_of_order: usize,
    /// Of these, at the time of the newest of their series and with the same value.
    pub duplicates: usize,
    /// Exemplars that were stored.
    pub exemplars: usize,
    /// The reference of each series of the batch; `None` if the series was refused.
    pub series: Vec<Option<SeriesRef>>,
    /// Refused items, in the order of the batch: samples, then histograms, then exemplars.
    pub refused: Vec<Refused>,
    /// The first refused item of each reason, if it belongs to a series.
    pub examples: Vec<Example>,
}

/// An item that was refused for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Why.
    pub reason: Reason,
    /// Its series.
    pub labels: Labels,
    /// Its time, in milliseconds since 1970.
    pub timestamp_ms: i64,
}

/// A refused item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Which list of the batch it is in.
    pub item: Item,
    /// Its index in that list.
    pub index: u32,
    /// Why.
    pub reason: Reason,
}

/// The list of a [`SeriesBatch`] that an item is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// [`SeriesBatch::samples`]
    Sample,
    /// [`SeriesBatch::histograms`]
    Histogram,
    /// [`SeriesBatch::exemplars`]
    Exemplar,
}

/// Why an item was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its series is new and the store holds [`super::HeadLimits::series_max`] already.
    TooManySeries,
    /// It would exceed the UTC days of [`super::HeadLimits::days_max`].
    TooManyDays,
    /// The newest sample of its series has the same time and another value.
    Duplicate,
    /// It is older than the newest sample by more than [`super::HeadLimits::late_window_ms`].
    TooOld,
    /// Its time is outside the years 1677 to 2262.
    TimeOutOfRange,
    /// It refers to no series of its batch.
    NoSeries,
    /// Its spans and bucket counts are inconsistent, or there are too many of them.
    InvalidHistogram,
    /// The store holds [`super::HeadLimits::exemplars_max`] already.
    TooManyExemplars,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManySeries => "the limit of series in memory is reached",
            Self::TooManyDays => "the samples are spread over too many days",
            Self::Duplicate => "duplicate sample for timestamp",
            Self::TooOld => "the sample is too old for its series",
            Self::TimeOutOfRange => "the timestamp is outside of the years 1677 to 2262",
            Self::NoSeries => "the sample belongs to no series of the request",
            Self::InvalidHistogram => "the spans and bucket counts of the histogram disagree",
            Self::TooManyExemplars => "the limit of exemplars in memory is reached",
        })
    }
}

/// The admitted items of a batch, by shard, ready to be applied.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) shards: [Work; SHARDS],
    pub(super) metadata: Vec<Metadata>,
    pub(super) counts: super::Counts,
    /// Keeps the series of the batch in memory until it is applied.
    _pin: Pin,
}

impl Admitted {
    /// Float and histogram samples in it.
    pub(crate) fn samples(&self) -> usize {
        self.shards.iter().map(|work| work.points.len() + work.histograms.len()).sum()
    }
}

/// The items of a batch for one shard.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) points: Vec<Point>,
    pub(super) histograms: Vec<HistogramPoint>,
    pub(super) exemplars: Vec<(u32, Exemplar)>,
    pub(super) start_times: Vec<(u32, i64)>,
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty() && self.histograms.is_empty() && self.exemplars.is_empty()
    }
}

/// A series of the batch.
#[derive(Debug, Clone)]
struct Known {
    place: Place,
    newest: Newest,
}

/// Whether the limits of the head apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limits {
    /// They apply: the items are new.
    Apply,
    /// They do not: an earlier process admitted the items.
    AlreadyApplied,
}

impl Head {
    /// Decides which items of a batch are stored, and removes all others from it.
    ///
    /// # Errors
    /// [`StoreError::UnknownSeries`] if the batch has a reference that is no longer valid; nothing
    /// is admitted then.
    pub(crate) fn admit(
        &self,
        batch: &mut SeriesBatch,
        limits: Limits,
    ) -> Result<(Admitted, SeriesAppended), StoreError> {
        let pin = self.pin();
        let known = self.resolve_all(&batch.series, limits)?;
        let mut admission = Admission {
            inner: &self.inner,
            limits,
            days: self.inner.days.lock().clone(),
            last_day: None,
            known,
            shards: std::array::from_fn(|_| Work::default()),
            appended: SeriesAppended::default(),
            examples: Vec::new(),
        };
        admission.samples(batch);
        admission.histograms(batch);
        admission.exemplars(batch);
        admission.start_times(&batch.start_times);
        let Admission { days, known, shards, mut appended, examples, .. } = admission;
        self.inner.days.lock().extend(days);
        appended.series =
            known.iter().map(|known| Some(known.as_ref()?.place.reference())).collect();
        let example = |(reason, series, timestamp_ms): (Reason, u32, i64)| {
            let labels = match batch.series.get(series as usize)? {
                SeriesKey::Labels(labels) => labels.clone(),
                SeriesKey::Ref(reference) => self.labels(*reference)?,
            };
            Some(Example { reason, labels, timestamp_ms })
        };
        appended.examples = examples.into_iter().filter_map(example).collect();
        let counts = super::Counts::of(&appended);
        let admitted = Admitted { shards, metadata: batch.metadata.clone(), counts, _pin: pin };
        Ok((admitted, appended))
    }

    /// The reference of a series, which is created if there is room for it.
    pub(crate) fn resolve(&self, labels: &[Labels]) -> Vec<Option<SeriesRef>> {
        self.resolve_with(labels, Limits::Apply)
    }

    /// As [`Self::resolve`], of series that an earlier process admitted.
    pub(crate) fn restore(&self, labels: &[Labels]) -> Vec<Option<SeriesRef>> {
        self.resolve_with(labels, Limits::AlreadyApplied)
    }

    fn resolve_with(&self, labels: &[Labels], limits: Limits) -> Vec<Option<SeriesRef>> {
        let keys: Vec<SeriesKey> = labels.iter().cloned().map(SeriesKey::Labels).collect();
        let known = self.resolve_all(&keys, limits).unwrap_or_default();
        known.iter().map(|known| Some(known.as_ref()?.place.reference())).collect()
    }

    fn resolve_all(
        &self,
        keys: &[SeriesKey],
        limits: Limits,
    ) -> Result<Vec<Option<Known>>, StoreError> {
        let mut known: Vec<Option<Known>> = vec![None; keys.len()];
        let mut by_shard: Vec<Vec<(u32, Lookup<'_>)>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for (i, key) in (0..).zip(keys) {
            let (shard, lookup) = match key {
                SeriesKey::Labels(labels) => {
                    let hash = self.inner.hash(labels);
                    (super::shard_of(hash), Lookup::Labels(hash, labels))
                }
                SeriesKey::Ref(reference) => {
                    let place = Place::of(*reference);
                    (place.shard, Lookup::Place(place))
                }
            };
            by_shard.get_mut(shard).ok_or(StoreError::UnknownSeries)?.push((i, lookup));
        }
        for (number, (shard, lookups)) in self.inner.shards.iter().zip(by_shard).enumerate() {
            if lookups.is_empty() {
                continue;
            }
            let mut missing = Vec::new();
            {
                let shard = shard.read();
                for (i, lookup) in lookups {
                    let slot = match lookup {
                        Lookup::Place(place) => {
                            Some(shard.slot_of(place).ok_or(StoreError::UnknownSeries)?)
                        }
                        Lookup::Labels(hash, labels) => shard.find(hash, labels),
                    };
                    match (slot, lookup) {
                        (Some(slot), _) => set(&mut known, i, known_series(&shard, number, slot)),
                        (None, Lookup::Labels(hash, labels)) => missing.push((i, hash, labels)),
                        (None, Lookup::Place(_)) => {}
                    }
                }
            }
            if missing.is_empty() {
                continue;
            }
            let mut shard = shard.write();
            for (i, hash, labels) in missing {
                let slot = match shard.find(hash, labels) {
                    Some(slot) => Some(slot),
                    None if self.inner.takes_one_more_series(limits) => shard.create(hash, labels),
                    None => None,
                };
                set(&mut known, i, slot.and_then(|slot| known_series(&shard, number, slot)));
            }
        }
        Ok(known)
    }
}

/// How a series of a batch is found.
#[derive(Debug, Clone, Copy)]
enum Lookup<'a> {
    Labels(u64, &'a Labels),
    Place(Place),
}

fn set(known: &mut [Option<Known>], i: u32, value: Option<Known>) {
    if let Some(slot) = known.get_mut(i as usize) {
        *slot = value;
    }
}

fn known_series(shard: &Shard, number: usize, slot: u32) -> Option<Known> {
    let (generation, newest) = shard.touch(slot)?;
    Some(Known { place: Place { shard: number, slot, generation }, newest })
}

impl OpenStore {
    fn takes_one_more_series(&self, limits: Limits) -> bool {
        let series_max = self.limits.series_max;
        let more = |series: usize| {
            (limits == Limits::AlreadyApplied || series < series_max).then_some(series + 1)
        };
        self.series.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

/// The admission of one batch.
struct Admission<'a> {
    inner: &'a OpenStore,
    limits: Limits,
    /// Days since the last freeze, and those of this batch.
    days: BTreeSet<i32>,
    last_day: Option<i32>,
    known: Vec<Option<Known>>,
    shards: [Work; SHARDS],
    appended: SeriesAppended,
    /// Reason, series and time of the first refused item of each reason.
    examples: Vec<(Reason, u32, i64)>,
}

impl Admission<'_> {
    fn samples(&mut self, batch: &mut SeriesBatch) {
        let limits = self.limits;
        let mut index = 0;
        batch.samples.retain(|sample| {
            let i = index;
            index += 1;
            let (time, bits) = (sample.timestamp_ms, sample.value.to_bits());
            let of = (sample.series, time);
            let known = match self.place(sample.series, time) {
                Ok(known) => known,
                Err(reason) => return self.refuse(Item::Sample, i, of, reason),
            };
            let place = known.place;
            let newest = known.newest.float.map(|(newest, other)| (newest, other == bits));
            if limits == Limits::Apply && newest == Some((time, false)) {
                return self.refuse(Item::Sample, i, of, Reason::Duplicate);
            }
            if newest.is_none_or(|(newest, _)| time >= newest) {
                known.newest.float = Some((time, bits));
            }
            self.count(time, newest);
            let point = Point { slot: place.slot, timestamp_ms: time, value: sample.value };
            self.work(place).points.push(point);
            true
        });
    }

    fn histograms(&mut self, batch: &mut SeriesBatch) {
        let limits = self.limits;
        let mut index = 0;
        batch.histograms.retain(|sample| {
            let i = index;
            index += 1;
            let (time, histogram) = (sample.timestamp_ms, &sample.histogram);
            let of = (sample.series, time);
            if !is_consistent(histogram) {
                return self.refuse(Item::Histogram, i, of, Reason::InvalidHistogram);
            }
            let known = match self.place(sample.series, time) {
                Ok(known) => known,
                Err(reason) => return self.refuse(Item::Histogram, i, of, reason),
            };
            let place = known.place;
            let newest = known.newest.histogram.as_ref();
            let newest = newest.map(|(newest, other)| (*newest, is_same(other, histogram)));
            if limits == Limits::Apply && newest == Some((time, false)) {
                return self.refuse(Item::Histogram, i, of, Reason::Duplicate);
            }
            if newest.is_none_or(|(newest, _)| time >= newest) {
                known.newest.histogram = Some((time, Arc::clone(histogram)));
            }
            self.count(time, newest);
            let histogram = Arc::clone(histogram);
            let point = HistogramPoint { slot: place.slot, timestamp_ms: time, histogram };
            self.work(place).histograms.push(point);
            true
        });
    }

    /// Counts a sample, given the newest time of its series and whether it has the same value.
    fn count(&mut self, time: i64, newest: Option<(i64, bool)>) {
        self.appended.samples += 1;
        match newest {
            Some((newest, _)) if time < newest => self.appended.out_of_order += 1,
            Some((newest, true)) if time == newest => self.appended.duplicates += 1,
            _ => {}
        }
    }

    fn exemplars(&mut self, batch: &mut SeriesBatch) {
        let held = self.inner.exemplars.load(Ordering::Relaxed);
        let mut room = self.inner.limits.exemplars_max.saturating_sub(held);
        let mut index = 0;
        batch.exemplars.retain(|exemplar| {
            let i = index;
            index += 1;
            let limits = self.limits;
            let of = (exemplar.series, exemplar.timestamp_ms);
            let known = match self.place(exemplar.series, exemplar.timestamp_ms) {
                Ok(known) => known,
                Err(reason) => return self.refuse(Item::Exemplar, i, of, reason),
            };
            if room == 0 && !known.newest.has_exemplars && limits == Limits::Apply {
                return self.refuse(Item::Exemplar, i, of, Reason::TooManyExemplars);
            }
            known.newest.has_exemplars = true;
            let place = known.place;
            room = room.saturating_sub(1);
            self.work(place).exemplars.push((place.slot, exemplar.clone()));
            self.appended.exemplars += 1;
            true
        });
    }

    fn start_times(&mut self, start_times: &[StartTime]) {
        for StartTime { series, start_ms } in start_times {
            let known = self.known.get(*series as usize).and_then(Option::as_ref);
            if let Some(place) = known.map(|known| known.place) {
                self.work(place).start_times.push((place.slot, *start_ms));
            }
        }
    }

    /// The series that an item goes to, if its time is in bounds and there is room for it.
    fn place(&mut self, series: u32, timestamp_ms: i64) -> Result<&mut Known, Reason> {
        if !TIMES_MS.contains(&timestamp_ms) {
            return Err(Reason::TimeOutOfRange);
        }
        let known = self.known.get_mut(series as usize).ok_or(Reason::NoSeries)?;
        let known = known.as_mut().ok_or(Reason::TooManySeries)?;
        if self.limits == Limits::Apply {
            let newest = known.newest.time();
            let age = newest.map_or(0, |newest| newest.saturating_sub(timestamp_ms));
            if age > self.inner.limits.late_window_ms {
                return Err(Reason::TooOld);
            }
        }
        let day = day_of(timestamp_ms);
        if self.last_day != Some(day) {
            let has_room = self.days.len() < self.inner.limits.days_max;
            if !self.days.contains(&day) && !has_room && self.limits == Limits::Apply {
                return Err(Reason::TooManyDays);
            }
            self.days.insert(day);
            self.last_day = Some(day);
        }
        Ok(known)
    }

    fn work(&mut self, place: Place) -> &mut Work {
        &mut self.shards[place.shard % SHARDS]
    }

    /// Refuses an item of a series, with its time.
    fn refuse(&mut self, item: Item, index: u32, of: (u32, i64), reason: Reason) -> bool {
        self.appended.refused.push(Refused { item, index, reason });
        let (series, timestamp_ms) = of;
        if self.examples.iter().all(|(known, ..)| *known != reason) {
            self.examples.push((reason, series, timestamp_ms));
        }
        false
    }
}
