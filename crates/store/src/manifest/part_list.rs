//! The parts that manifests list, as readers see them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use signals::Signal;

use super::catalog::View;
use super::{Entry, Manifest};
use crate::part::Part;
use crate::time_range::TimeRange;

/// Parts by signal and day.
#[derive(Debug, Default)]
pub(crate) struct PartList {
    /// In order of time.
    days: BTreeMap<(Signal, i32), Vec<Arc<Part>>>,
    /// Paths of parts that are listed and cannot be read.
    missing: HashSet<String>,
}

/// What the parts of a signal come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PartCounts {
    pub(crate) parts: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl PartList {
    /// No parts, and some that are not shown even when they are listed.
    pub(crate) fn without(missing: HashSet<String>) -> Self {
        Self { days: BTreeMap::new(), missing }
    }

    /// The parts of a day are these from now on. Returns those that are gone.
    pub(crate) fn replace(
        &mut self,
        signal: Signal,
        day: i32,
        entries: &[Entry],
    ) -> Vec<Arc<Part>> {
        let mut before = self.days.remove(&(signal, day)).unwrap_or_default();
        // A part stays the same value as long as it is listed, so that its readers count.
        let mut part = |entry: &Entry| {
            let known = before.iter().position(|part| part.path.as_ref() == entry.path);
            known.map_or_else(|| entry.part(), |index| before.swap_remove(index))
        };
        let parts: Vec<Arc<Part>> = entries
            .iter()
            .filter(|entry| !self.missing.contains(&entry.path))
            .map(&mut part)
            .collect();
        if !parts.is_empty() {
            self.days.insert((signal, day), parts);
        }
        before
    }

    /// A part that is listed is not read any more.
    pub(crate) fn hide(&mut self, signal: Signal, day: i32, path: String) {
        if let Some(parts) = self.days.get_mut(&(signal, day)) {
            parts.retain(|part| part.path.as_ref() != path);
        }
        self.missing.insert(path);
    }

    /// How many parts are listed and cannot be read.
    pub(crate) fn missing(&self) -> u64 {
        self.missing.len() as u64
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

/// A process that takes nothing in shows parts only.
impl View for RwLock<PartList> {
    fn show(&self, signal: Signal, day: i32, manifest: &Manifest) -> Vec<Arc<Part>> {
        self.write().replace(signal, day, &manifest.parts)
    }

    fn hide(&self, signal: Signal, day: i32, path: String) {
        self.write().hide(signal, day, path);
    }
}
