//! The series of a target as its pages write them, with their references in the store.
//!
//! Targets list their series in a stable order. The cache keeps the order of the last page, so that
//! a parser compares the next series with a guess instead of parsing it, and an unchanged page needs
//! no lookup at all.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use signals::SeriesRef;
use signals::metric::MetricKind;

/// Memory of an entry beside its text: itself, its slot of the index and its places in both orders.
const ENTRY_BYTES: usize = size_of::<Entry>() + 2 * size_of::<u32>() + 8;

/// The series of one target.
#[derive(Debug, Default)]
pub(super) struct SeriesCache {
    /// The texts of all entries.
    texts: Vec<u8>,
    entries: Vec<Entry>,
    /// Entries by their text; those that vanished are not in it.
    index: HashTable<u32>,
    hasher: RandomState,
    /// Entries of the last page, in its order.
    order: Vec<u32>,
    /// Entries of the current page, so far.
    page: Vec<u32>,
    /// Position in `order` of the entry that is expected next.
    next: usize,
    /// Number of the current page; entries name the last page they were on.
    page_number: u32,
    /// Number of the last page.
    last_page_number: u32,
    /// Number of entries at the end of the last page.
    last_entries: usize,
    /// Number of entries of the last page that are on the current one.
    kept: usize,
    /// Entries that are no longer in the index.
    vanished: usize,
}

/// A series of a target.
#[derive(Debug, Clone, Copy)]
struct Entry {
    text_start: u32,
    text_bytes: u32,
    series: CachedSeries,
    kind: MetricKind,
    /// Whether it gets a stale marker when it vanishes: its last sample had no timestamp.
    is_tracked: bool,
    /// The last page it was on.
    page_number: u32,
}

/// What is known about a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CachedSeries {
    /// Dropped by relabelling.
    Dropped,
    /// Not stored yet, or refused by the store.
    New,
    /// Stored.
    Stored(SeriesRef),
}

/// A place in the cache, valid until the page ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EntryId(u32);

/// The result of a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: EntryId,
    pub(super) series: CachedSeries,
    /// Whether the page had the series before.
    pub(super) is_repeated: bool,
}

impl SeriesCache {
    /// Starts a page.
    pub(super) fn begin(&mut self) {
        self.page.clear();
        self.next = 0;
        self.kept = 0;
        self.page_number = self.page_number.wrapping_add(1);
    }

    /// The text that is expected next; empty if there is no guess.
    #[inline]
    pub(super) fn expected(&self) -> &[u8] {
        self.order.get(self.next).map_or(&[], |entry| self.text(*entry))
    }

    /// The series that was expected, if the type of its metric is the same.
    #[inline]
    pub(super) fn take_expected(&mut self, kind: MetricKind) -> Option<Found> {
        let entry = *self.order.get(self.next)?;
        if self.entries.get(entry as usize)?.kind != kind {
            return None;
        }
        self.next += 1;
        self.seen(entry)
    }

    /// The series with this text.
    pub(super) fn find(&mut self, text: &[u8], kind: MetricKind) -> Option<Found> {
        let hash = self.hasher.hash_one(text);
        let is_same = |entry: &u32| {
            self.text(*entry) == text
                && self.entries.get(*entry as usize).is_some_and(|entry| entry.kind == kind)
        };
        let entry = *self.index.find(hash, is_same)?;
        // The page continues after it as the last one did, unless it is reordered altogether.
        if let Some(skipped) =
            self.order.get(self.next..)?.iter().take(LOOK_AHEAD).position(|other| *other == entry)
        {
            self.next += skipped + 1;
        }
        self.seen(entry)
    }

    /// Adds a series that [`Self::find`] does not know; `None` when the cache is full.
    pub(super) fn insert(
        &mut self,
        text: &[u8],
        kind: MetricKind,
        series: CachedSeries,
    ) -> Option<EntryId> {
        let entry = u32::try_from(self.entries.len()).ok()?;
        let text_start = u32::try_from(self.texts.len()).ok()?;
        let text_bytes = u32::try_from(text.len()).ok()?;
        text_start.checked_add(text_bytes)?;
        self.texts.extend_from_slice(text);
        self.entries.push(Entry {
            text_start,
            text_bytes,
            series,
            kind,
            is_tracked: false,
            page_number: self.page_number,
        });
        let Self { index, hasher, texts, entries, .. } = self;
        let hash = hasher.hash_one(text);
        index.insert_unique(hash, entry, |entry| hasher.hash_one(text_of(texts, entries, *entry)));
        self.page.push(entry);
        Some(EntryId(entry))
    }

    /// Sets what is known about a series.
    pub(super) fn set(&mut self, id: EntryId, series: CachedSeries) {
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.series = series;
        }
    }

    /// Sets whether a series gets a stale marker when it vanishes.
    #[inline]
    pub(super) fn track(&mut self, id: EntryId, is_tracked: bool) {
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.is_tracked = is_tracked;
        }
    }

    /// The stored series of the last page that are not on the current one and need a stale marker.
    pub(super) fn vanished(&self) -> impl Iterator<Item = SeriesRef> {
        let is_complete = self.kept == self.order.len();
        let last = if is_complete { &[] } else { self.order.as_slice() };
        last.iter().filter_map(|entry| {
            let entry = self.entries.get(*entry as usize)?;
            entry.stale_marker().filter(|_| entry.page_number != self.page_number)
        })
    }

    /// Ends a page: it becomes the last one, and series that are not on it are forgotten. Returns
    /// whether the places of entries changed.
    pub(super) fn commit(&mut self) -> bool {
        if self.kept < self.order.len() {
            let Self { texts, entries, index, hasher, order, page_number, vanished, .. } = self;
            for entry in order.iter() {
                let is_gone = entries
                    .get(*entry as usize)
                    .is_some_and(|entry| entry.page_number != *page_number);
                let hash = hasher.hash_one(text_of(texts, entries, *entry));
                if is_gone && let Ok(found) = index.find_entry(hash, |other| other == entry) {
                    found.remove();
                    *vanished += 1;
                }
            }
        }
        std::mem::swap(&mut self.order, &mut self.page);
        self.last_page_number = self.page_number;
        self.last_entries = self.entries.len();
        let has_room_to_release = self.vanished > self.index.len() + VANISHED_MAX;
        if has_room_to_release {
            self.compact();
        }
        has_room_to_release
    }

    /// Gives the current page up: the last one stays the last one.
    pub(super) fn roll_back(&mut self) {
        for entry in self.last_entries..self.entries.len() {
            let entry = u32::try_from(entry).unwrap_or(u32::MAX);
            let hash = self.hasher.hash_one(self.text(entry));
            if let Ok(found) = self.index.find_entry(hash, |other| *other == entry) {
                found.remove();
            }
        }
        self.entries.truncate(self.last_entries);
        let end = self.entries.last().map_or(0, |last| last.text_start + last.text_bytes);
        self.texts.truncate(end as usize);
        for entry in &self.page {
            if let Some(entry) = self.entries.get_mut(*entry as usize) {
                entry.page_number = self.last_page_number;
            }
        }
        self.page.clear();
    }

    /// The stored series of the last page that need a stale marker, all of which are forgotten.
    pub(super) fn take_all(&mut self) -> Vec<SeriesRef> {
        let entries = self.order.iter().filter_map(|entry| self.entries.get(*entry as usize));
        let stale = entries.filter_map(Entry::stale_marker).collect();
        *self = Self { hasher: self.hasher.clone(), ..Self::default() };
        stale
    }

    /// Forgets all references; the texts stay.
    pub(super) fn forget_references(&mut self) {
        for entry in &mut self.entries {
            if entry.series != CachedSeries::Dropped {
                entry.series = CachedSeries::New;
            }
        }
    }

    /// What is known about a series.
    pub(super) fn series(&self, id: EntryId) -> CachedSeries {
        self.entries.get(id.0 as usize).map_or(CachedSeries::New, |entry| entry.series)
    }

    /// The references of the series of the last page.
    pub(super) fn stored(&self) -> impl Iterator<Item = SeriesRef> {
        let entries = self.order.iter().filter_map(|entry| self.entries.get(*entry as usize));
        entries.filter_map(|entry| match entry.series {
            CachedSeries::Stored(series) => Some(series),
            _ => None,
        })
    }

    /// Number of series of the last page.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Number of series of the last page and the current one.
    pub(super) fn indexed(&self) -> usize {
        self.index.len()
    }

    /// Approximate memory in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.texts.capacity() + self.entries.capacity() * ENTRY_BYTES
    }

    #[inline]
    fn text(&self, entry: u32) -> &[u8] {
        text_of(&self.texts, &self.entries, entry)
    }

    #[inline]
    fn seen(&mut self, id: u32) -> Option<Found> {
        let entry = self.entries.get_mut(id as usize)?;
        let is_repeated = entry.page_number == self.page_number;
        if !is_repeated {
            self.kept += usize::from(entry.page_number == self.last_page_number);
            entry.page_number = self.page_number;
            self.page.push(id);
        }
        Some(Found { id: EntryId(id), series: entry.series, is_repeated })
    }

    /// Releases the texts of series that vanished.
    fn compact(&mut self) {
        let mut compacted = Self {
            hasher: self.hasher.clone(),
            page_number: self.page_number,
            last_page_number: self.page_number,
            ..Self::default()
        };
        for entry in &self.order {
            let Some(old) = self.entries.get(*entry as usize) else { continue };
            let Some(id) = compacted.insert(self.text(*entry), old.kind, old.series) else {
                continue;
            };
            compacted.track(id, old.is_tracked);
        }
        std::mem::swap(&mut compacted.order, &mut compacted.page);
        compacted.last_entries = compacted.entries.len();
        *self = compacted;
    }
}

/// How many entries of the last page may be missing before a series that follows them.
const LOOK_AHEAD: usize = 64;
/// Vanished series that are kept beside as many as are present, before their memory is released.
const VANISHED_MAX: usize = 64;

impl Entry {
    fn stale_marker(&self) -> Option<SeriesRef> {
        match self.series {
            CachedSeries::Stored(series) if self.is_tracked => Some(series),
            _ => None,
        }
    }
}

#[inline]
fn text_of<'t>(texts: &'t [u8], entries: &[Entry], entry: u32) -> &'t [u8] {
    let Some(entry) = entries.get(entry as usize) else { return &[] };
    let start = entry.text_start as usize;
    texts.get(start..start + entry.text_bytes as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a page of series; each gets a reference of its own. Returns what vanished.
    fn page(cache: &mut SeriesCache, texts: &[&str]) -> (Vec<u64>, usize) {
        cache.begin();
        let mut parsed = 0;
        for text in texts {
            let kind = MetricKind::Unknown;
            let is_expected = cache.expected() == text.as_bytes();
            let found = if is_expected { cache.take_expected(kind) } else { None };
            parsed += usize::from(found.is_none());
            let found = found.or_else(|| cache.find(text.as_bytes(), kind));
            if found.is_none() {
                let series = SeriesRef::from_u64(text.parse().unwrap());
                let id = cache.insert(text.as_bytes(), kind, CachedSeries::Stored(series));
                cache.track(id.unwrap(), true);
            }
        }
        let vanished = cache.vanished().map(SeriesRef::to_u64).collect();
        cache.commit();
        (vanished, parsed)
    }

    #[test]
    fn the_next_page_is_guessed_and_what_vanished_is_known() {
        let cache = &mut SeriesCache::default();
        for (texts, vanished, parsed) in [
            (vec!["1", "2", "3", "4"], vec![], 4),
            (vec!["1", "2", "3", "4"], vec![], 0),
            // After a new series and one that is missing, the guesses are right again.
            (vec!["1", "9", "2", "3", "4"], vec![], 1),
            (vec!["1", "9", "3", "4"], vec![2], 1),
            (vec!["4", "3", "9", "1"], vec![], 4),
            (vec!["2"], vec![4, 3, 9, 1], 1),
            (vec![], vec![2], 0),
            (vec!["2", "2"], vec![], 2),
        ] {
            assert_eq!(page(cache, &texts), (vanished, parsed), "{texts:?}");
            let distinct: std::collections::BTreeSet<_> = texts.iter().collect();
            assert_eq!((cache.len(), cache.index.len()), (distinct.len(), distinct.len()));
        }
        assert_eq!(cache.take_all(), [SeriesRef::from_u64(2)]);
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn series_that_come_and_go_do_not_add_up() {
        let cache = &mut SeriesCache::default();
        for start in 0..1_000 {
            let texts: Vec<String> = (start..start + 10).map(|i| i.to_string()).collect();
            page(cache, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        }
        assert!(cache.bytes() < 16 << 10, "{}", cache.bytes());
    }

    #[test]
    fn a_page_that_is_given_up_leaves_the_last_one_as_it_was() {
        let cache = &mut SeriesCache::default();
        page(cache, &["1", "2"]);
        cache.begin();
        assert!(cache.take_expected(MetricKind::Unknown).is_some());
        let new = CachedSeries::Stored(SeriesRef::from_u64(3));
        cache.insert(b"3", MetricKind::Unknown, new);
        cache.roll_back();
        assert_eq!((cache.len(), cache.index.len()), (2, 2));
        assert_eq!(page(cache, &["3", "2"]), (vec![1], 2));
    }

    #[test]
    fn a_series_that_a_page_repeats_is_told_apart() {
        let cache = &mut SeriesCache::default();
        page(cache, &["1"]);
        cache.begin();
        let first = cache.take_expected(MetricKind::Unknown).unwrap();
        let second = cache.find(b"1", MetricKind::Unknown).unwrap();
        assert_eq!((first.is_repeated, second.is_repeated), (false, true));
    }
}
