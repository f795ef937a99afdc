//! What readers see: rows in memory and the list of parts, changed together.
//!
//! Two locks. `applied` is held by whoever changes what the head holds: the thread that applies
//! records, and a flush while it cuts. `view` is held for moments, by everyone.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use parking_lot::{Mutex, RwLock};
use signals::{Batch, MemoryBudget, MemoryReservation, Signal};
use tokio::sync::Notify;

use crate::head::{RowHead, memory_of};
use crate::manifest::Entry;
use crate::part::{order, write};
use crate::write_ahead::writer::Apply;
use crate::{Part, Snapshot, StoreError, TimeRange, metrics};

/// The signals whose rows are Arrow batches.
pub(crate) const ROW_SIGNALS: [Signal; 2] = [Signal::Spans, Signal::Logs];

/// Everything in memory.
#[derive(Debug)]
pub(crate) struct State {
    view: RwLock<View>,
    /// The greatest sequence whose rows are in the head.
    applied: Mutex<u64>,
    /// Bytes in memory that a flush frees.
    bytes: AtomicUsize,
    /// Bytes of metrics that stayed after the last flush: series that go on. They have a bound of
    /// their own, and flushing again would not free them.
    metric_bytes_kept: AtomicUsize,
    bytes_max: usize,
    /// All of it, with the series that stay, as the ceiling of the process counts it.
    memory: Mutex<MemoryReservation>,
    pub(crate) metrics: metrics::Head,
    /// Parts that are listed and cannot be read.
    missing: HashSet<String>,
    /// Told when the head is over its budget.
    pub(crate) is_full: Notify,
}

#[derive(Debug)]
struct View {
    spans: Rows,
    logs: Rows,
    /// In order of time.
    parts: BTreeMap<(Signal, i32), Vec<Arc<Part>>>,
}

#[derive(Debug)]
struct Rows {
    head: RowHead,
    /// Rows on their way into parts, oldest first.
    frozen: Vec<Frozen>,
}

#[derive(Debug)]
struct Frozen {
    /// Not known yet right after a cut.
    day: Option<i32>,
    batches: Vec<RecordBatch>,
    bytes: usize,
    rows: usize,
}

/// What a flush has taken out of the head.
#[derive(Debug)]
pub(crate) struct Cut {
    /// All records up to this one, and no others, are in it.
    pub(crate) sequence: u64,
    /// Rows that are not in parts yet.
    pub(crate) days: Vec<DayRows>,
    /// Samples that are not in parts yet, with their days.
    pub(crate) metrics: Option<(metrics::Frozen, Vec<i32>)>,
}

/// Rows of one signal and day.
#[derive(Debug, Clone)]
pub(crate) struct DayRows {
    pub(crate) signal: Signal,
    pub(crate) day: i32,
    pub(crate) batches: Vec<RecordBatch>,
}

/// Numbers for [`crate::Status`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) head_rows: u64,
    pub(crate) head_bytes: u64,
    pub(crate) parts: u64,
    pub(crate) part_rows: u64,
    pub(crate) part_bytes: u64,
}

impl View {
    fn rows(&self, signal: Signal) -> Option<&Rows> {
        match signal {
            Signal::Spans => Some(&self.spans),
            Signal::Logs => Some(&self.logs),
            Signal::Metrics => None,
        }
    }

    fn rows_mut(&mut self, signal: Signal) -> Option<&mut Rows> {
        match signal {
            Signal::Spans => Some(&mut self.spans),
            Signal::Logs => Some(&mut self.logs),
            Signal::Metrics => None,
        }
    }
}

impl Rows {
    fn new(signal: Signal) -> Self {
        Self { head: RowHead::new(write::schema(signal)), frozen: Vec::new() }
    }

    fn bytes(&self) -> usize {
        self.head.bytes() + self.frozen.iter().map(|frozen| frozen.bytes).sum::<usize>()
    }
}

impl Frozen {
    fn new(day: Option<i32>, batches: Vec<RecordBatch>) -> Self {
        let bytes = batches.iter().map(memory_of).sum();
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        Self { day, batches, bytes, rows }
    }
}

impl State {
    pub(crate) fn new(
        bytes_max: usize,
        memory: &MemoryBudget,
        metric_limits: metrics::HeadLimits,
        missing: HashSet<String>,
    ) -> Self {
        let view = View {
            spans: Rows::new(Signal::Spans),
            logs: Rows::new(Signal::Logs),
            parts: BTreeMap::new(),
        };
        Self {
            view: RwLock::new(view),
            applied: Mutex::new(0),
            bytes: AtomicUsize::new(0),
            metric_bytes_kept: AtomicUsize::new(0),
            bytes_max,
            memory: Mutex::new(memory.reservation()),
            metrics: metrics::Head::new(metric_limits),
            missing,
            is_full: Notify::new(),
        }
    }

    /// Bytes in memory that a flush frees.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    /// Whether a flush is due.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.bytes() >= self.bytes_max
    }

    /// Adds rows to the head and says that everything up to `sequence` is in it.
    pub(crate) fn add(&self, sequence: u64, batches: Vec<Batch>) -> Result<(), StoreError> {
        let mut applied = self.applied.lock();
        for batch in batches {
            match batch {
                Batch::Spans(rows) => self.view.write().spans.head.push(rows)?,
                Batch::Logs(rows) => self.view.write().logs.head.push(rows)?,
                Batch::Metrics(series) => {
                    self.metrics.append(&series);
                }
            }
        }
        *applied = sequence.max(*applied);
        drop(applied);
        self.count();
        Ok(())
    }

    /// Puts small batches together.
    pub(crate) fn consolidate(&self) -> Result<(), StoreError> {
        let _applied = self.applied.lock();
        for signal in ROW_SIGNALS {
            loop {
                // Readers must not wait for the copying, and the batches themselves are shared.
                let due = {
                    let view = self.view.read();
                    view.rows(signal).and_then(|rows| Some((rows.head.due()?, rows.head.clone())))
                };
                let Some((due, head)) = due else { break };
                let merged = head.merged(due)?;
                if let Some(rows) = self.view.write().rows_mut(signal) {
                    rows.head.replace(due, merged);
                }
            }
        }
        self.count();
        Ok(())
    }

    fn count(&self) {
        // Held from reading to writing, so that an older count never replaces a newer one.
        let mut memory = self.memory.lock();
        let view = self.view.read();
        let rows = view.spans.bytes() + view.logs.bytes();
        drop(view);
        let metrics = self.metrics.stats().bytes as usize;
        memory.set(rows + metrics);
        let kept = self.metric_bytes_kept.load(Ordering::Acquire);
        let bytes = rows + metrics.saturating_sub(kept);
        self.bytes.store(bytes, Ordering::Release);
        drop(memory);
        if bytes >= self.bytes_max {
            self.is_full.notify_one();
        }
    }

    /// Forgets samples that are in parts.
    pub(crate) fn release(&self, frozen: &metrics::Frozen) {
        self.metrics.release(frozen);
        let kept = self.metrics.stats().bytes as usize;
        self.metric_bytes_kept.store(kept, Ordering::Release);
        self.count();
    }

    /// Takes all rows out of the head, without hiding them from readers, and sorts them by day.
    pub(crate) fn cut(&self) -> Result<Cut, StoreError> {
        let (sequence, taken, frozen) = {
            let applied = self.applied.lock();
            let mut view = self.view.write();
            let taken = ROW_SIGNALS.map(|signal| {
                let Some(rows) = view.rows_mut(signal) else { return (signal, Vec::new()) };
                let batches = rows.head.take();
                if !batches.is_empty() {
                    rows.frozen.push(Frozen::new(None, batches.clone()));
                }
                (signal, batches)
            });
            drop(view);
            (*applied, taken, self.metrics.freeze())
        };
        let mut days = Vec::new();
        for (signal, batches) in taken {
            let by_day = order::by_day(signal, batches)?;
            let mut view = self.view.write();
            let Some(rows) = view.rows_mut(signal) else { continue };
            rows.frozen.retain(|frozen| frozen.day.is_some());
            for (day, batches) in by_day {
                rows.frozen.push(Frozen::new(Some(day), batches.clone()));
                days.push(DayRows { signal, day, batches });
            }
        }
        let metrics = frozen.map(|frozen| {
            let days = frozen.days().to_vec();
            (frozen, days)
        });
        Ok(Cut { sequence, days, metrics })
    }

    /// In one step for readers: the rows of a day leave memory and its parts are these. Returns
    /// the parts that are gone.
    pub(crate) fn commit(
        &self,
        signal: Signal,
        day: i32,
        entries: &[Entry],
        is_flush: bool,
    ) -> Vec<Arc<Part>> {
        let gone = {
            let mut view = self.view.write();
            if is_flush && let Some(rows) = view.rows_mut(signal) {
                rows.frozen.retain(|frozen| frozen.day != Some(day));
            }
            let mut before = view.parts.remove(&(signal, day)).unwrap_or_default();
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
                view.parts.insert((signal, day), parts);
            }
            before
        };
        self.count();
        gone
    }

    /// Rows that may lie in a range.
    pub(crate) fn snapshot(&self, signal: Signal, range: TimeRange) -> Snapshot {
        let view = self.view.read();
        let mut head = Vec::new();
        if let Some(rows) = view.rows(signal) {
            let frozen = rows.frozen.iter().filter(|frozen| {
                let is_inside = |day| day_overlaps(day, range);
                frozen.day.is_none_or(is_inside)
            });
            head.extend(frozen.flat_map(|frozen| frozen.batches.iter().cloned()));
            head.extend(rows.head.batches());
        }
        Snapshot { head, parts: parts_in(&view.parts, signal, range) }
    }

    /// Parts of a signal that may hold rows in a range, oldest first.
    pub(crate) fn parts(&self, signal: Signal, range: TimeRange) -> Vec<Arc<Part>> {
        parts_in(&self.view.read().parts, signal, range)
    }

    pub(crate) fn counts(&self, signal: Signal) -> Counts {
        let view = self.view.read();
        let mut counts = Counts::default();
        if let Some(rows) = view.rows(signal) {
            let frozen: usize = rows.frozen.iter().map(|frozen| frozen.rows).sum();
            counts.head_rows = (rows.head.rows() + frozen) as u64;
            counts.head_bytes = rows.bytes() as u64;
        } else {
            let stats = self.metrics.stats();
            counts.head_rows = stats.samples;
            counts.head_bytes = stats.bytes;
        }
        for part in
            view.parts.iter().filter(|(key, _)| key.0 == signal).flat_map(|(_, parts)| parts)
        {
            counts.parts += 1;
            counts.part_rows += part.rows;
            counts.part_bytes += part.bytes;
        }
        counts
    }
}

fn parts_in(
    parts: &BTreeMap<(Signal, i32), Vec<Arc<Part>>>,
    signal: Signal,
    range: TimeRange,
) -> Vec<Arc<Part>> {
    if range.start >= range.end {
        return Vec::new();
    }
    let (first, last) = (signals::time::day_of(range.start), signals::time::day_of(range.end - 1));
    parts
        .range((signal, first)..=(signal, last))
        .flat_map(|(_, parts)| parts)
        .filter(|part| part.max_time >= range.start && part.min_time < range.end)
        .cloned()
        .collect()
}

fn day_overlaps(day: i32, range: TimeRange) -> bool {
    range.start < range.end
        && day >= signals::time::day_of(range.start)
        && day <= signals::time::day_of(range.end - 1)
}

impl Apply for State {
    fn apply(&self, sequence: u64, batches: Vec<Batch>) {
        // Batches are checked before they are written ahead, so that nothing is left to fail here.
        if let Err(error) = self.add(sequence, batches) {
            tracing::error!(sequence, %error, "rows of a request are stored but not visible");
        }
    }

    fn rest(&self) {
        if let Err(error) = self.consolidate() {
            tracing::error!(%error, "rows in memory could not be put together");
        }
    }
}
