//! The map from fingerprints to the store's series.
//!
//! Bounded: a full shard stops learning until it has turned away enough entries to justify a sweep,
//! which evicts unused ones.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;
use parking_lot::{RwLock, RwLockReadGuard};
use signals::metric::SeriesRef;
use signals::{MemoryBudget, MemoryReservation};
use wire::KnownSeries;
use wire::known::{Fingerprint, Unknown};

/// Enough that concurrent requests seldom contend.
const SHARDS: usize = 64;
/// Memory of an entry without its list of series: key, value and empty slots of the hash table.
const ENTRY_BYTES: usize = 72;

/// Stored series, by fingerprint.
#[derive(Debug)]
pub(crate) struct KnownFingerprints {
    shards: [RwLock<Shard>; SHARDS],
    /// Bound of one shard.
    bytes_max: usize,
    /// Memory of all shards.
    memory: MemoryReservation,
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<Fingerprint, Entry, RandomState>,
    bytes: usize,
    /// Entries rejected for lack of room since the last sweep.
    turned_away: usize,
}

#[derive(Debug)]
struct Entry {
    series: Series,
    /// Whether it was used since the last sweep.
    is_used: AtomicBool,
}

/// Most points have one series.
#[derive(Debug)]
enum Series {
    One(SeriesRef),
    Many(Box<[SeriesRef]>),
}

impl KnownFingerprints {
    /// Starts empty; entries are charged to a budget and may fill it.
    pub(crate) fn new(budget: &MemoryBudget) -> Self {
        let shards = std::array::from_fn(|_| RwLock::default());
        Self { shards, bytes_max: budget.bytes_max() / SHARDS, memory: budget.reservation() }
    }

    /// Learns the store's references for the series of a batch; `None` marks a refused series.
    pub(crate) fn learn(&self, unknown: &Unknown, stored: &[Option<SeriesRef>]) {
        for (fingerprint, places) in unknown.iter() {
            let series = places.iter().map(|place| *stored.get(*place as usize)?).collect();
            let mut shard = self.shard(fingerprint).write();
            let bytes_before = shard.bytes;
            // The entry of a series that was refused is stale.
            shard.remove(fingerprint);
            if let Some(series) = series {
                shard.insert(fingerprint, series, self.bytes_max);
            }
            self.memory.grow(shard.bytes.saturating_sub(bytes_before));
            self.memory.shrink(bytes_before.saturating_sub(shard.bytes));
        }
    }

    /// The known series for one request. Nothing is learned until it is dropped.
    ///
    /// Locking each shard once, instead of one for every series, spares the cores from passing the
    /// cache lines of the locks back and forth.
    pub(crate) fn read(&self) -> ReadFingerprints<'_> {
        ReadFingerprints { shards: self.shards.each_ref().map(RwLock::read) }
    }

    fn shard(&self, fingerprint: Fingerprint) -> &RwLock<Shard> {
        &self.shards[shard_of(fingerprint)]
    }
}

fn shard_of(fingerprint: Fingerprint) -> usize {
    fingerprint.bits() as usize % SHARDS
}

/// All shards, locked for reading.
pub(crate) struct ReadFingerprints<'k> {
    shards: [RwLockReadGuard<'k, Shard>; SHARDS],
}

impl KnownSeries for ReadFingerprints<'_> {
    fn find(&self, fingerprint: Fingerprint, series: &mut Vec<SeriesRef>) -> bool {
        let shard = &self.shards[shard_of(fingerprint)];
        let Some(entry) = shard.entries.get(&fingerprint) else { return false };
        match &entry.series {
            Series::One(one) => series.push(*one),
            Series::Many(many) => series.extend_from_slice(many),
        }
        // Written only on change, to avoid bouncing the cache line between readers.
        if !entry.is_used.load(Ordering::Relaxed) {
            entry.is_used.store(true, Ordering::Relaxed);
        }
        true
    }
}

impl Shard {
    fn insert(&mut self, fingerprint: Fingerprint, series: Vec<SeriesRef>, bytes_max: usize) {
        let series = match series.as_slice() {
            [one] => Series::One(*one),
            _ => Series::Many(series.into()),
        };
        let bytes = series.bytes();
        if self.bytes + bytes > bytes_max && !self.sweep() {
            return;
        }
        if self.bytes + bytes <= bytes_max {
            self.bytes += bytes;
            let is_used = AtomicBool::new(true);
            self.entries.insert(fingerprint, Entry { series, is_used });
        }
    }

    /// Evicts entries unused since the last sweep, once enough have been turned away; returns
    /// whether it swept. A sweep visits all entries, and those in use need time to be marked.
    fn sweep(&mut self) -> bool {
        self.turned_away += 1;
        if self.turned_away < self.entries.len() / 4 {
            return false;
        }
        self.turned_away = 0;
        self.entries.retain(|_, entry| entry.is_used.swap(false, Ordering::Relaxed));
        self.bytes = self.entries.values().map(|entry| entry.series.bytes()).sum();
        true
    }

    fn remove(&mut self, fingerprint: Fingerprint) {
        let entry = self.entries.remove(&fingerprint);
        self.bytes -= entry.map_or(0, |entry| entry.series.bytes());
    }
}

impl Series {
    fn bytes(&self) -> usize {
        match self {
            Self::One(_) => ENTRY_BYTES,
            Self::Many(many) => ENTRY_BYTES + size_of_val(&**many),
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::otlp::{Encoding, Export};
    use wire::{Decode, DecodeContext};

    use super::*;

    /// Fingerprints of `count` gauges with one point each.
    fn requests(count: usize) -> Vec<Vec<u8>> {
        let request = |i: usize| {
            format!(
                r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"g{i}","gauge":{{"dataPoints":[{{"timeUnixNano":"1","asInt":1}}]}}}}]}}]}}]}}"#
            )
        };
        (0..count).map(|i| request(i).into_bytes()).collect()
    }

    fn decoded(body: &[u8], known: &KnownFingerprints) -> wire::Decoded {
        let known = &known.read();
        let memory = &MemoryBudget::new("test", 1 << 20).reservation();
        let context =
            DecodeContext { received_at: 10, limits: &wire::Limits::default(), known, memory };
        let translation = std::sync::Arc::default();
        let (signal, encoding) = (signals::Signal::Metrics, Encoding::Json);
        let export = Export { signal, encoding, translation };
        export.decode(body, &context).unwrap()
    }

    fn learn(known: &KnownFingerprints, body: &[u8], reference: Option<SeriesRef>) {
        known.learn(&decoded(body, known).unknown, &[reference]);
    }

    #[test]
    fn what_is_stored_is_known_until_it_is_refused() {
        let known = KnownFingerprints::new(&MemoryBudget::new("known", 1 << 20));
        let body = requests(1).remove(0);
        assert!(!decoded(&body, &known).unknown.is_empty());
        let unknown = decoded(&body, &known).unknown;
        known.learn(&unknown, &[Some(SeriesRef::from_u64(7))]);
        assert!(decoded(&body, &known).unknown.is_empty());
        known.learn(&unknown, &[None]);
        assert!(!decoded(&body, &known).unknown.is_empty());
    }

    #[test]
    fn it_is_bounded_and_what_is_in_use_stays_longest() {
        let bytes_max = SHARDS * ENTRY_BYTES * 20;
        let budget = MemoryBudget::new("known", bytes_max);
        let known = KnownFingerprints::new(&budget);
        let bodies = requests(1_500);
        for (i, body) in bodies.iter().enumerate() {
            learn(&known, body, Some(SeriesRef::from_u64(i as u64)));
            if i % 10 == 0 {
                bodies[..20].iter().for_each(|kept| drop(decoded(kept, &known)));
            }
        }
        let bytes: usize = known.shards.iter().map(|shard| shard.read().bytes).sum();
        assert!(bytes <= bytes_max, "{bytes}");
        assert_eq!(budget.bytes_taken(), bytes);
        for shard in &known.shards {
            let shard = shard.read();
            let counted: usize = shard.entries.values().map(|entry| entry.series.bytes()).sum();
            assert_eq!(counted, shard.bytes);
        }
        let is_known = |body: &Vec<u8>| decoded(body, &known).unknown.is_empty();
        assert!(bodies[..20].iter().all(is_known));
        assert!(bodies.iter().filter(|body| is_known(body)).count() < 1_500);
    }
}
