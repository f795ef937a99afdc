//! The map from fingerprints to the store's series.
//!
//! Senders name their series in the same order each time. Entries lie in the order in which they
//! were learned, so that the next one is usually beside the last one, and found without its hash.
//!
//! Bounded: a full map stops learning until it has turned away enough entries to justify a sweep,
//! which evicts unused ones.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hashbrown::HashTable;
use parking_lot::{RwLock, RwLockReadGuard};
use signals::metric::SeriesRef;
use signals::{MemoryBudget, MemoryReservation};
use wire::KnownSeries;
use wire::known::{Fingerprint, Unknown};

/// Memory of an entry without its list of series: the slot, its place in the index, and room for
/// both to grow.
const ENTRY_BYTES: usize = 72;

/// Stored series, by fingerprint.
#[derive(Debug)]
pub(crate) struct KnownFingerprints {
    entries: RwLock<Entries>,
    memory: MemoryReservation,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Entries {
    /// Places in `slots`.
    index: HashTable<usize>,
    slots: Vec<Slot>,
    /// Places of `slots` that can be used again, the first one last.
    free: Vec<usize>,
    bytes: usize,
    /// Entries rejected for lack of room since the last sweep.
    turned_away: usize,
}

#[derive(Debug)]
struct Slot {
    fingerprint: Fingerprint,
    /// `None` in a free slot.
    series: Option<Series>,
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
        let entries = RwLock::default();
        Self { entries, bytes_max: budget.bytes_max(), memory: budget.reservation() }
    }

    /// Learns the store's references for the series of a batch; `None` marks a refused series.
    pub(crate) fn learn(&self, unknown: &Unknown, stored: &[Option<SeriesRef>]) {
        if unknown.is_empty() {
            return;
        }
        let mut entries = self.entries.write();
        let bytes_before = entries.bytes;
        for (fingerprint, places) in unknown.iter() {
            let series = places.iter().map(|place| *stored.get(*place as usize)?).collect();
            // The entry of a series that was refused is stale.
            match series {
                Some(series) => entries.insert(fingerprint, series, self.bytes_max),
                None => entries.remove(fingerprint),
            }
        }
        self.memory.grow(entries.bytes.saturating_sub(bytes_before));
        self.memory.shrink(bytes_before.saturating_sub(entries.bytes));
    }

    /// The known series for one request. Nothing is learned until it is dropped.
    pub(crate) fn read(&self) -> ReadFingerprints<'_> {
        ReadFingerprints { entries: self.entries.read(), next: AtomicUsize::new(0) }
    }
}

/// The map, locked for reading.
pub(crate) struct ReadFingerprints<'k> {
    entries: RwLockReadGuard<'k, Entries>,
    /// The place after the last one that was found.
    next: AtomicUsize,
}

impl KnownSeries for ReadFingerprints<'_> {
    fn find(&self, fingerprint: Fingerprint, series: &mut Vec<SeriesRef>) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        let slots = &self.entries.slots;
        let is_next = |slot: &Slot| slot.fingerprint == fingerprint && slot.series.is_some();
        let place = match slots.get(next) {
            Some(slot) if is_next(slot) => Some(next),
            _ => self.entries.place(fingerprint),
        };
        let Some((place, slot)) = place.and_then(|place| Some((place, slots.get(place)?))) else {
            return false;
        };
        match &slot.series {
            Some(Series::One(one)) => series.push(*one),
            Some(Series::Many(many)) => series.extend_from_slice(many),
            None => return false,
        }
        self.next.store(place + 1, Ordering::Relaxed);
        // Written only on change, to avoid bouncing the cache line between readers.
        if !slot.is_used.load(Ordering::Relaxed) {
            slot.is_used.store(true, Ordering::Relaxed);
        }
        true
    }
}

impl Entries {
    fn place(&self, fingerprint: Fingerprint) -> Option<usize> {
        let is_it = |place: &usize| self.slots[*place].fingerprint == fingerprint;
        self.index.find(fingerprint.bits(), is_it).copied()
    }

    fn insert(&mut self, fingerprint: Fingerprint, series: Vec<SeriesRef>, bytes_max: usize) {
        let series = match series.as_slice() {
            [one] => Series::One(*one),
            _ => Series::Many(series.into()),
        };
        let bytes = series.bytes();
        // What was known of it is replaced where it is.
        let known = self.place(fingerprint);
        let bytes_of_known = known.map_or(0, |place| self.slots[place].bytes());
        let has_room = |entries: &Self| entries.bytes - bytes_of_known + bytes <= bytes_max;
        if !has_room(self) && (known.is_some() || !self.sweep() || !has_room(self)) {
            return self.remove(fingerprint);
        }
        self.bytes = self.bytes - bytes_of_known + bytes;
        let slot = Slot { fingerprint, series: Some(series), is_used: AtomicBool::new(true) };
        if let Some(place) = known.or_else(|| self.free.pop()) {
            self.slots[place] = slot;
            if known.is_none() {
                self.add_to_index(place);
            }
        } else {
            self.slots.push(slot);
            self.add_to_index(self.slots.len() - 1);
        }
    }

    fn add_to_index(&mut self, place: usize) {
        let slots = &self.slots;
        let hash = |place: &usize| slots[*place].fingerprint.bits();
        self.index.insert_unique(hash(&place), place, hash);
    }

    /// Evicts entries unused since the last sweep, once enough have been turned away; returns
    /// whether it swept. A sweep visits all entries, and those in use need time to be marked.
    fn sweep(&mut self) -> bool {
        self.turned_away += 1;
        if self.turned_away < self.index.len() / 4 {
            return false;
        }
        self.turned_away = 0;
        let slots = &mut self.slots;
        self.index.retain(|place| slots[*place].is_used.swap(false, Ordering::Relaxed));
        let mut is_kept = vec![false; slots.len()];
        self.index.iter().for_each(|place| is_kept[*place] = true);
        self.free.clear();
        self.bytes = 0;
        for (place, slot) in slots.iter_mut().enumerate().rev() {
            if is_kept[place] {
                self.bytes += slot.bytes();
            } else {
                slot.series = None;
                self.free.push(place);
            }
        }
        true
    }

    fn remove(&mut self, fingerprint: Fingerprint) {
        let is_it = |place: &usize| self.slots[*place].fingerprint == fingerprint;
        let Ok(entry) = self.index.find_entry(fingerprint.bits(), is_it) else { return };
        let (place, _) = entry.remove();
        let slot = &mut self.slots[place];
        self.bytes -= slot.bytes();
        slot.series = None;
        self.free.push(place);
    }
}

impl Slot {
    fn bytes(&self) -> usize {
        self.series.as_ref().map_or(0, Series::bytes)
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
    fn what_is_found_is_what_was_learned_last_in_any_order() {
        let budget = MemoryBudget::new("known", ENTRY_BYTES * 60);
        let known = KnownFingerprints::new(&budget);
        let nothing = KnownFingerprints::new(&MemoryBudget::new("nothing", 0));
        let unknown: Vec<Unknown> =
            requests(80).iter().map(|body| decoded(body, &nothing).unknown).collect();
        let mut model = std::collections::HashMap::new();
        let mut random = 1_u32;
        for step in 0..20_000_u64 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (random >> 16) as usize % unknown.len();
            let stored = (!random.is_multiple_of(5)).then(|| SeriesRef::from_u64(step));
            known.learn(&unknown[at], &[stored]);
            for (fingerprint, _) in unknown[at].iter() {
                model.insert(fingerprint, stored);
            }
            let read = known.read();
            // Forwards, as a sender does, from a random place.
            for (fingerprint, _) in unknown.iter().cycle().skip(at).take(5).flat_map(Unknown::iter)
            {
                let mut found = Vec::new();
                if read.find(fingerprint, &mut found) && !found.is_empty() {
                    assert_eq!(model[&fingerprint], found.first().copied(), "step {step}");
                }
            }
        }
        let read = known.read();
        let fingerprints = unknown.iter().flat_map(Unknown::iter);
        let known = fingerprints.filter(|(it, _)| read.find(*it, &mut Vec::new())).count();
        assert!(known >= 40, "{known}");
    }

    #[test]
    fn it_is_bounded_and_what_is_in_use_stays_longest() {
        let bytes_max = ENTRY_BYTES * 1_280;
        let budget = MemoryBudget::new("known", bytes_max);
        let known = KnownFingerprints::new(&budget);
        let bodies = requests(1_500);
        for (i, body) in bodies.iter().enumerate() {
            learn(&known, body, Some(SeriesRef::from_u64(i as u64)));
            if i % 10 == 0 {
                bodies[..20].iter().for_each(|kept| drop(decoded(kept, &known)));
            }
        }
        {
            let entries = known.entries.read();
            assert!(entries.bytes <= bytes_max, "{}", entries.bytes);
            assert_eq!(budget.bytes_taken(), entries.bytes);
            let counted: usize = entries.slots.iter().map(Slot::bytes).sum();
            assert_eq!(counted, entries.bytes);
            assert_eq!(entries.index.len() + entries.free.len(), entries.slots.len());
        }
        let is_known = |body: &Vec<u8>| decoded(body, &known).unknown.is_empty();
        assert!(bodies[..20].iter().all(is_known));
        assert!(bodies.iter().filter(|body| is_known(body)).count() < 1_500);
    }
}
