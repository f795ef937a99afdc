//! The parts that manifests list, as readers see them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use signals::Signal;

use super::catalog::View;
use super::{Entry, Manifest};
use crate::lost;
use crate::part::Part;
use crate::time_range::TimeRange;
use crate::write_ahead::quarantine::LostRows;

/// Parts by signal and day.
#[derive(Debug, Default)]
pub(crate) struct PartList {
    /// In order of time.
    days: BTreeMap<(Signal, i32), Vec<Arc<Part>>>,
    /// Paths of missing parts, which stay hidden even when they are listed.
    missing: HashSet<String>,
    /// Missing parts that are listed.
    hidden: BTreeMap<(Signal, i32), Vec<Arc<Part>>>,
}

/// Totals over the parts of a signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PartCounts {
    pub(crate) parts: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl PartList {
    /// An empty list that hides missing parts.
    pub(crate) fn without(missing: HashSet<String>) -> Self {
        Self { missing, ..Self::default() }
    }

    /// Replaces the parts of a day. Returns those that are no longer listed.
    pub(crate) fn replace(
        &mut self,
        signal: Signal,
        day: i32,
        entries: &[Entry],
    ) -> Vec<Arc<Part>> {
        let mut before = self.days.remove(&(signal, day)).unwrap_or_default();
        // A part remains the same value as long as it is listed, so that its readers are counted.
        let mut part = |entry: &Entry| {
            let known = before.iter().position(|part| part.path.as_ref() == entry.path);
            known.map_or_else(|| entry.part(), |index| before.swap_remove(index))
        };
        let (hidden, shown): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| self.missing.contains(&entry.path));
        let parts: Vec<Arc<Part>> = shown.into_iter().map(&mut part).collect();
        self.hidden.remove(&(signal, day));
        if !hidden.is_empty() {
            self.hidden.insert((signal, day), hidden.into_iter().map(Entry::part).collect());
        }
        if !parts.is_empty() {
            self.days.insert((signal, day), parts);
        }
        before
    }

    /// Hides a listed part.
    pub(crate) fn hide(&mut self, signal: Signal, day: i32, path: String) {
        if let Some(parts) = self.days.get_mut(&(signal, day)) {
            let hidden = parts.extract_if(.., |part| part.path.as_ref() == path);
            self.hidden.entry((signal, day)).or_default().extend(hidden);
        }
        self.missing.insert(path);
    }

    /// The days of a signal that have parts.
    pub(crate) fn days(&self, signal: Signal) -> BTreeSet<i32> {
        self.days.range((signal, i32::MIN)..=(signal, i32::MAX)).map(|((_, day), _)| *day).collect()
    }

    /// Number of listed parts that cannot be read.
    pub(crate) fn missing(&self) -> u64 {
        self.hidden.values().map(|parts| parts.len() as u64).sum()
    }

    /// A warning for each part that may hold rows in a range and cannot be read.
    pub(crate) fn warnings(&self, signal: Signal, range: TimeRange) -> Vec<String> {
        let hidden = self.hidden.iter().filter(|((of, _), _)| *of == signal);
        hidden
            .flat_map(|(_, parts)| parts)
            .map(|part| (part, LostRows::of(signal, part.min_time, part.max_time)))
            .filter(|(_, rows)| rows.concern(signal, range))
            .map(|(part, rows)| lost::missing_part(part.path.as_ref(), &rows))
            .collect()
    }

    /// Parts of a signal that may hold rows in a range, oldest first.
    pub(crate) fn overlapping(&self, signal: Signal, range: TimeRange) -> Vec<Arc<Part>> {
        if range.start >= range.end {
            return Vec::new();
        }
        let day_of = signals::time::day_of;
        let (first, last) = (day_of(range.start), day_of(range.end - 1));
        self.days
            .range((signal, first)..=(signal, last))
            .flat_map(|(_, parts)| parts)
            .filter(|part| part.max_time >= range.start && part.min_time < range.end)
            .cloned()
            .collect()
    }

    pub(crate) fn counts(&self, signal: Signal) -> PartCounts {
        let mut counts = PartCounts::default();
        for part in self.days.iter().filter(|(key, _)| key.0 == signal).flat_map(|(_, parts)| parts)
        {
            counts.parts += 1;
            counts.rows += part.rows;
            counts.bytes += part.bytes;
        }
        counts
    }
}

/// For a process without a head, whose readers see parts only.
impl View for RwLock<PartList> {
    fn show(&self, signal: Signal, day: i32, manifest: &Manifest) -> Vec<Arc<Part>> {
        self.write().replace(signal, day, &manifest.parts)
    }

    fn hide(&self, signal: Signal, day: i32, path: String) {
        self.write().hide(signal, day, path);
    }
}
