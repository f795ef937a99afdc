//! The series of one metric, with lock-free lookup by label values.
//!
//! A chain of fixed hash tables, each four times as large as the previous one. A slot is written
//! once and never cleared, so that a reader needs only an acquire load per slot, and threads that
//! record into the same metric never block each other. `cell` holds the state of a series.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;
use std::hash::{BuildHasher, Hasher};

use super::cell::Cell;

/// Slots probed in one table before the next one is tried.
const PROBES: usize = 8;
/// Number of slots in the first table.
const FIRST_SLOTS: usize = 32;
/// Maximum slots of the last table per allowed series.
const SLOTS_PER_SERIES: usize = 32;
/// Maximum length of a label value, in bytes.
pub(super) const LABEL_BYTES_MAX: usize = 256;

/// A series: label values and state.
#[derive(Debug)]
pub(crate) struct Series {
    hash: u64,
    /// In the order of the metric's label keys; an empty value means that the label is absent.
    pub(super) labels: Box<[Box<str>]>,
    pub(super) cell: Cell,
}

/// A hash table, and the larger one for entries that do not fit.
#[derive(Debug)]
struct Level {
    slots: Box<[OnceLock<Arc<Series>>]>,
    next: OnceLock<Box<Level>>,
}

impl Level {
    fn new(slots: usize) -> Self {
        Self { slots: (0..slots).map(|_| OnceLock::new()).collect(), next: OnceLock::new() }
    }

    /// The slots for a series with this hash.
    fn window(&self, hash: u64) -> impl Iterator<Item = &OnceLock<Arc<Series>>> {
        let mask = self.slots.len() - 1;
        let start = hash as usize & mask;
        (0..PROBES).filter_map(move |step| self.slots.get((start + step) & mask))
    }
}

/// The series of one metric, at most `limit`, and an overflow series.
#[derive(Debug)]
pub(super) struct Table {
    first: OnceLock<Level>,
    count: AtomicUsize,
    limit: usize,
    overflow: OnceLock<Arc<Series>>,
    /// Seeded per process, so that collisions cannot be computed from label values.
    hasher: RandomState,
}

impl Table {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            first: OnceLock::new(),
            count: AtomicUsize::new(0),
            limit,
            overflow: OnceLock::new(),
            hasher: RandomState::default(),
        }
    }

    /// The series with these label values; created on first use, or the overflow series if the
    /// metric has reached its limit.
    pub(super) fn find(&self, labels: &[&str], new_cell: impl Fn() -> Cell) -> &Arc<Series> {
        self.find_hashed(self.hash(labels), labels, new_cell)
    }

    fn find_hashed(&self, hash: u64, labels: &[&str], new_cell: impl Fn() -> Cell) -> &Arc<Series> {
        let mut level = self.first.get_or_init(|| Level::new(FIRST_SLOTS));
        let mut fresh: Option<Arc<Series>> = None;
        loop {
            for slot in level.window(hash) {
                let series = if let Some(series) = slot.get() {
                    series
                } else {
                    let Some(candidate) =
                        fresh.take().or_else(|| self.admit(hash, labels, &new_cell))
                    else {
                        return self.overflow(labels.len(), &new_cell);
                    };
                    // Another thread may write the slot first, with the same or another series; in
                    // the latter case the candidate moves to the next slot.
                    if let Err(candidate) = slot.set(candidate) {
                        fresh = Some(candidate);
                    }
                    let Some(series) = slot.get() else { continue };
                    series
                };
                if series.hash == hash && is_same(&series.labels, labels) {
                    if fresh.is_some() {
                        self.count.fetch_sub(1, Ordering::Relaxed);
                    }
                    return series;
                }
            }
            let slots = level.slots.len() * 4;
            // Only colliding hashes get this far, and tables must not grow for them.
            if slots > self.limit.saturating_mul(SLOTS_PER_SERIES).max(FIRST_SLOTS) {
                if fresh.is_some() {
                    self.count.fetch_sub(1, Ordering::Relaxed);
                }
                return self.overflow(labels.len(), &new_cell);
            }
            level = level.next.get_or_init(|| Box::new(Level::new(slots)));
        }
    }

    /// All series, each with whether it is the overflow series, which is last.
    pub(super) fn all(&self) -> Vec<(Arc<Series>, bool)> {
        let mut all = Vec::with_capacity(self.count.load(Ordering::Relaxed));
        let mut level = self.first.get();
        while let Some(current) = level {
            all.extend(
                current
                    .slots
                    .iter()
                    .filter_map(|slot| slot.get())
                    .map(|series| (Arc::clone(series), false)),
            );
            level = current.next.get().map(AsRef::as_ref);
        }
        all.extend(self.overflow.get().map(|series| (Arc::clone(series), true)));
        all
    }

    /// Creates a series, unless the metric has reached its limit.
    fn admit(
        &self,
        hash: u64,
        labels: &[&str],
        new_cell: impl Fn() -> Cell,
    ) -> Option<Arc<Series>> {
        let is_room = self
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < self.limit).then_some(count + 1)
            })
            .is_ok();
        is_room.then(|| Arc::new(Series { hash, labels: owned(labels), cell: new_cell() }))
    }

    fn overflow(&self, labels: usize, new_cell: impl Fn() -> Cell) -> &Arc<Series> {
        self.overflow.get_or_init(|| {
            let labels = (0..labels).map(|_| Box::from("")).collect();
            Arc::new(Series { hash: 0, labels, cell: new_cell() })
        })
    }

    fn hash(&self, labels: &[&str]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for label in labels {
            hasher.write(label.as_bytes());
            hasher.write_u8(0xff);
        }
        hasher.finish()
    }
}

fn owned(labels: &[&str]) -> Box<[Box<str>]> {
    labels.iter().map(|label| Box::from(*label)).collect()
}

/// Absent labels are common: for two empty texts comparing the lengths suffices; comparing their
/// bytes would be a call with dangling pointers, which is slow on some processors.
fn is_same(kept: &[Box<str>], given: &[&str]) -> bool {
    let is_equal =
        |kept: &str, given: &str| kept.len() == given.len() && (given.is_empty() || kept == given);
    kept.len() == given.len() && kept.iter().zip(given).all(|(kept, given)| is_equal(kept, given))
}

/// A label value, truncated to the maximum length.
pub(super) fn bounded(value: &str) -> &str {
    if value.len() <= LABEL_BYTES_MAX { value } else { cut(value) }
}

#[cold]
fn cut(value: &str) -> &str {
    let end = (0..=LABEL_BYTES_MAX).rev().find(|&end| value.is_char_boundary(end)).unwrap_or(0);
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn table(limit: usize) -> Table {
        Table::new(limit)
    }

    #[test]
    fn the_same_labels_give_the_same_series() {
        let table = table(100);
        let first = Arc::clone(table.find(&["a", "b"], Cell::integer));
        let again = table.find(&["a", "b"], Cell::integer);
        assert!(Arc::ptr_eq(&first, again));
        let other = table.find(&["ab", ""], Cell::integer);
        assert!(!Arc::ptr_eq(&first, other), "a separator keeps neighbours apart");
        assert_eq!(table.all().len(), 2);
    }

    #[test]
    fn beyond_the_limit_everything_goes_to_one_overflow_series() {
        let table = table(1000);
        for index in 0..5000 {
            table.find(&[&index.to_string()], Cell::integer);
        }
        let all = table.all();
        assert_eq!(all.len(), 1001);
        assert_eq!(all.iter().filter(|(_, is_overflow)| *is_overflow).count(), 1);
        let labels: BTreeSet<_> = all.iter().map(|(series, _)| series.labels[0].clone()).collect();
        assert_eq!(labels.len(), 1001, "no series is there twice");
    }

    #[test]
    fn labels_whose_hashes_collide_do_not_make_the_tables_grow() {
        let table = table(2000);
        for index in 0..500 {
            table.find_hashed(7, &[&index.to_string()], Cell::integer).cell.add_integer(1);
        }
        let all = table.all();
        let total: i64 = all.iter().map(|(series, _)| series.cell.load_integer()).sum();
        assert_eq!(total, 500, "what finds no slot is in the overflow series");
        let mut slots = 0;
        let mut level = table.first.get();
        while let Some(current) = level {
            slots += current.slots.len();
            level = current.next.get().map(AsRef::as_ref);
        }
        assert!(slots < 2 * 2000 * SLOTS_PER_SERIES, "{slots}");
    }

    #[test]
    fn threads_that_meet_in_a_new_series_share_it() {
        let table = table(2000);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for index in 0..1500 {
                        let name = index.to_string();
                        table.find(&[&name], Cell::integer).cell.add_integer(1);
                    }
                });
            }
        });
        let all = table.all();
        assert_eq!(all.len(), 1500);
        assert!(all.iter().all(|(series, _)| series.cell.load_integer() == 8));
        assert_eq!(table.count.load(Ordering::Relaxed), 1500);
    }

    #[test]
    fn a_long_value_is_cut_at_a_character() {
        let long = "ä".repeat(400);
        assert_eq!(bounded(&long).len(), 256);
        assert_eq!(bounded("short"), "short");
    }
}
