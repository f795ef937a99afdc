//! The inverted index of a shard: each pair of name and value with its series (postings). Labels
//! are interned as pairs; a series holds pair ids only.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::quality::RandomState;
use signals::Labels;

use crate::metrics::labels::LabelProjection;
use crate::metrics::matching::{Condition, pairs};

/// Number of a pair of name and value within one shard.
pub(super) type PairId = u32;
/// Place of a series within one shard.
pub(super) type Slot = u32;

/// Series with one pair, ascending. In a large store most pairs belong to one series.
#[derive(Debug)]
enum Postings {
    One(Slot),
    Many(Vec<Slot>),
}

impl Postings {
    fn as_slice(&self) -> &[Slot] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    /// Adds a series, usually at the end, because its slot is the greatest.
    fn insert(&mut self, slot: Slot) {
        match self {
            Self::One(first) => {
                *self = Self::Many(vec![slot.min(*first), slot.max(*first)]);
            }
            Self::Many(slots) => {
                let place = match slots.last() {
                    Some(last) if *last > slot => slots.partition_point(|other| *other < slot),
                    _ => slots.len(),
                };
                slots.insert(place, slot);
            }
        }
    }

    /// Removes series; `leaving` is ascending.
    fn remove(&mut self, leaving: &[Slot]) {
        let is_staying = |slot: &Slot| leaving.binary_search(slot).is_err();
        let staying: Vec<Slot> = self.as_slice().iter().copied().filter(is_staying).collect();
        *self = match staying.as_slice() {
            [one] => Self::One(*one),
            _ => Self::Many(staying),
        };
    }
}

/// One pair; `text` is its part of canonical label bytes, name first.
#[derive(Debug)]
struct Pair {
    text: Arc<[u8]>,
    series: Postings,
}

impl Pair {
    fn split(&self) -> (&[u8], &[u8]) {
        let length =
            self.text.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
        let name = self.text.get(4..4 + length).unwrap_or_default();
        (name, self.text.get(8 + length..).unwrap_or_default())
    }

    fn value(&self) -> &str {
        std::str::from_utf8(self.split().1).unwrap_or_default()
    }
}

/// All pairs of one shard.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: HashMap<Arc<[u8]>, PairId, RandomState>,
    names: HashMap<Box<[u8]>, Vec<PairId>, RandomState>,
    pairs: Vec<Pair>,
    vacant: Vec<PairId>,
    text_bytes: usize,
}

impl Index {
    /// Adds a new series and returns its pairs.
    pub(super) fn insert(&mut self, labels: &Labels, id: Slot) -> Box<[PairId]> {
        pairs(labels.as_bytes()).map(|(text, name, _)| self.insert_pair(text, name, id)).collect()
    }

    fn insert_pair(&mut self, text: &[u8], name: &[u8], id: Slot) -> PairId {
        if let Some(pair) = self.ids.get(text) {
            if let Some(known) = self.pairs.get_mut(*pair as usize) {
                known.series.insert(id);
            }
            return *pair;
        }
        let text: Arc<[u8]> = text.into();
        self.text_bytes += text.len();
        let new = Pair { text: Arc::clone(&text), series: Postings::One(id) };
        let pair = self.vacant.pop().unwrap_or(self.pairs.len() as PairId);
        match self.pairs.get_mut(pair as usize) {
            Some(vacant) => *vacant = new,
            None => self.pairs.push(new),
        }
        self.ids.insert(text, pair);
        match self.names.get_mut(name) {
            Some(values) => values.push(pair),
            None => drop(self.names.insert(name.into(), vec![pair])),
        }
        pair
    }

    /// The canonical label bytes of pairs in their order.
    pub(super) fn labels(&self, pairs: &[PairId]) -> Labels {
        let texts = || {
            pairs.iter().filter_map(|pair| self.pairs.get(*pair as usize)).map(|pair| &pair.text)
        };
        let mut bytes = Vec::with_capacity(texts().map(|text| text.len()).sum());
        for text in texts() {
            bytes.extend_from_slice(text);
        }
        Labels::from_bytes(&bytes).unwrap_or_else(Labels::empty)
    }

    /// Whether the pairs are exactly these labels.
    pub(super) fn is_spelled(&self, pairs: &[PairId], labels: &Labels) -> bool {
        let mut rest = labels.as_bytes();
        for pair in pairs {
            let text = self.pairs.get(*pair as usize).map(|pair| &*pair.text);
            match text.and_then(|text| rest.strip_prefix(text)) {
                Some(tail) => rest = tail,
                None => return false,
            }
        }
        rest.is_empty()
    }

    /// Removes series, given by their slots, ascending, and by all of their pairs, unsorted.
    pub(super) fn remove(&mut self, leaving: &[Slot], mut pairs: Vec<PairId>) {
        pairs.sort_unstable();
        pairs.dedup();
        let mut has_vacant = false;
        for id in pairs {
            let Some(pair) = self.pairs.get_mut(id as usize) else { continue };
            pair.series.remove(leaving);
            if pair.series.as_slice().is_empty() {
                self.text_bytes -= pair.text.len();
                self.ids.remove(&pair.text);
                pair.text = Arc::from([]);
                self.vacant.push(id);
                has_vacant = true;
            }
        }
        if has_vacant {
            let pairs = &self.pairs;
            let is_used =
                |id: &PairId| pairs.get(*id as usize).is_some_and(|pair| !pair.text.is_empty());
            self.names.retain(|_, values| {
                values.retain(is_used);
                !values.is_empty()
            });
            self.ids.shrink_to_fit();
        }
    }

    /// Estimated memory.
    pub(super) fn heap_bytes(&self) -> usize {
        // Text and its two counters; the pair; its place in the map, three quarters full.
        self.text_bytes + self.pairs.len() * (16 + size_of::<Pair>() + 32 + size_of::<PairId>())
    }

    /// Number of allocated pair ids: the greatest plus one.
    pub(super) fn ids(&self) -> usize {
        self.pairs.len()
    }

    /// Visits the pairs of the projection for which `series` returns a number of series above zero,
    /// with name, value and that number.
    pub(super) fn visit(
        &self,
        projection: LabelProjection<'_>,
        series: impl Fn(PairId, &[Slot]) -> u64,
        visit: &mut dyn FnMut(&str, &str, u64),
    ) {
        let counted = |id: &PairId| {
            let pair = self.pairs.get(*id as usize)?;
            Some((pair.value(), series(*id, pair.series.as_slice())))
                .filter(|(_, count)| *count > 0)
        };
        match projection {
            LabelProjection::ValuesOf(name) => {
                let ids = self.names.get(name.as_bytes()).map(Vec::as_slice).unwrap_or_default();
                for (value, count) in ids.iter().filter_map(counted) {
                    visit(name, value, count);
                }
            }
            LabelProjection::Names => {
                for (name, ids) in &self.names {
                    if ids.iter().any(|id| counted(id).is_some()) {
                        visit(std::str::from_utf8(name).unwrap_or_default(), "", 1);
                    }
                }
            }
            LabelProjection::Pairs => {
                for (name, ids) in &self.names {
                    let name = std::str::from_utf8(name).unwrap_or_default();
                    for (value, count) in ids.iter().filter_map(counted) {
                        visit(name, value, count);
                    }
                }
            }
        }
    }

    /// All values of a label.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs_of(name).map(|(_, pair)| pair.value())
    }

    fn pairs_of(&self, name: &str) -> impl Iterator<Item = (PairId, &Pair)> {
        let ids = self.names.get(name.as_bytes()).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| Some((*id, self.pairs.get(*id as usize)?)))
    }

    fn series_with(&self, name: &str, value: &str) -> &[Slot] {
        let mut text = Vec::with_capacity(8 + name.len() + value.len());
        for part in [name, value] {
            text.extend_from_slice(&(part.len() as u32).to_le_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        let pair = self.ids.get(text.as_slice()).and_then(|id| self.pairs.get(*id as usize));
        pair.map(|pair| pair.series.as_slice()).unwrap_or_default()
    }

    /// The series that satisfy all conditions, ascending. `pairs_of_series` gives the pairs of a
    /// series; there are `series` of them.
    pub(super) fn matching<'a>(
        &self,
        conditions: &[Condition<'_>],
        series: usize,
        pairs_of_series: impl Fn(Slot) -> &'a [PairId],
    ) -> Vec<Slot> {
        let mut candidates: Option<Vec<Slot>> = None;
        for condition in conditions {
            if let Some(literals) = &condition.literals {
                let found = union(
                    literals.iter().map(|value| self.series_with(&condition.matcher.name, value)),
                );
                candidates = Some(match candidates {
                    Some(candidates) => intersect(&candidates, &found),
                    None => found,
                });
            }
        }
        for condition in conditions
            .iter()
            .filter(|condition| condition.literals.is_none() && !condition.is_trivial())
        {
            let values = self.names.get(condition.matcher.name.as_bytes()).map_or(0, Vec::len);
            candidates = Some(match candidates {
                Some(candidates) if candidates.len() < values => {
                    self.filter(candidates, condition, &pairs_of_series)
                }
                candidates => self.filter_by_label_value(candidates, condition, series),
            });
        }
        candidates.unwrap_or_else(|| (0..series as Slot).collect())
    }

    /// Tests the condition on the value of each candidate.
    fn filter<'a>(
        &self,
        mut candidates: Vec<Slot>,
        condition: &Condition<'_>,
        pairs_of_series: impl Fn(Slot) -> &'a [PairId],
    ) -> Vec<Slot> {
        let mut decided: HashMap<PairId, bool> = HashMap::new();
        candidates.retain(|id| {
            for pair_id in pairs_of_series(*id) {
                let Some(pair) = self.pairs.get(*pair_id as usize) else { continue };
                if pair.split().0 == condition.matcher.name.as_bytes() {
                    return *decided
                        .entry(*pair_id)
                        .or_insert_with(|| condition.matcher.matches(pair.value()));
                }
            }
            condition.matches_absent
        });
        candidates
    }

    /// Tests the condition on each value of the label and keeps the series of those that pass; if
    /// series without the label pass, drops the series of the others instead.
    fn filter_by_label_value(
        &self,
        candidates: Option<Vec<Slot>>,
        condition: &Condition<'_>,
        series: usize,
    ) -> Vec<Slot> {
        let is_wanted = !condition.matches_absent;
        let decided = self
            .pairs_of(&condition.matcher.name)
            .filter(|(_, pair)| condition.matcher.matches(pair.value()) == is_wanted);
        let found = union(decided.map(|(_, pair)| pair.series.as_slice()));
        match (candidates, is_wanted) {
            (None, true) => found,
            (Some(candidates), true) => intersect(&candidates, &found),
            (candidates, false) => {
                let mut kept = candidates.unwrap_or_else(|| (0..series as Slot).collect());
                let mut dropped = found.iter().copied().peekable();
                kept.retain(|id| {
                    while dropped.next_if(|other| other < id).is_some() {}
                    dropped.peek() != Some(id)
                });
                kept
            }
        }
    }
}

/// The union of disjoint lists.
fn union<'a>(lists: impl Iterator<Item = &'a [Slot]>) -> Vec<Slot> {
    let lists: Vec<&[Slot]> = lists.collect();
    let mut all: Vec<Slot> = lists.concat();
    // One series has one value of a name, so lists of one name never share a series.
    if lists.len() > 1 {
        all.sort_unstable();
    }
    all
}

/// The intersection of two ascending lists; fast if one is much shorter.
fn intersect(a: &[Slot], b: &[Slot]) -> Vec<Slot> {
    let (short, mut long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let mut shared = Vec::new();
    for id in short {
        // Galloping search: doubles the stride until past the number, then halves it.
        let mut stride = 1;
        while long.get(stride).is_some_and(|other| other < id) {
            stride *= 2;
        }
        let within = long.get(..=stride).unwrap_or(long);
        long = long.get(within.partition_point(|other| other < id)..).unwrap_or_default();
        if long.first() == Some(id) {
            shared.push(*id);
        }
    }
    shared
}
