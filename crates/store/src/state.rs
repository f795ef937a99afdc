//! The state that readers see: rows in memory and the list of parts, changed together.
//!
//! Two locks. `applied` is held while the head's rows change: by the thread that applies records,
//! and by a flush while it cuts. `visible` is held for moments only.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use parking_lot::{Mutex, RwLock};
use signals::{Batch, Labels, MemoryReservation, SeriesRef, Signal};
use tokio::sync::Notify;

use crate::copies::{Fingerprints, SeenSpans};
use crate::days::HeadDays;
use crate::head::{RowHead, memory_of};
use crate::lost::Lost;
use crate::manifest::Manifest;
use crate::manifest::catalog::View;
use crate::manifest::part_list::PartList;
use crate::part::{Part, order, write};
use crate::write_ahead::format::WriterId;
use crate::write_ahead::writer::Apply;
use crate::{Config, StoreError, TimeRange, metrics};

/// The signals whose rows are Arrow batches.
pub(crate) const ROW_SIGNALS: [Signal; 2] = [Signal::Spans, Signal::Logs];

/// Rows of one signal that may lie in a range: the head's batches and the parts, consistent with
/// each other. Rows outside the range may be included; readers filter.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Rows in memory, oldest batch first.
    pub head: Vec<RecordBatch>,
    /// Files, oldest first.
    pub parts: Vec<Arc<Part>>,
    /// Warnings about lost rows of the range.
    pub warnings: Vec<String>,
}

/// Everything in memory.
#[derive(Debug)]
pub(crate) struct State {
    /// The writer id under which manifests record which rows are in parts.
    writer: String,
    visible: RwLock<Visible>,
    applied: Mutex<Applied>,
    fingerprints: Arc<Fingerprints>,
    /// Memory of the fingerprints of spans.
    seen_bytes: AtomicUsize,
    /// Bytes in memory that a flush frees.
    bytes: AtomicUsize,
    /// Bytes of metrics that remained after the last flush: the active series. They have a separate
    /// limit, and another flush would not free them.
    metric_bytes_kept: AtomicUsize,
    bytes_max: usize,
    /// All of it, including the active series, as charged to the memory of the process.
    memory: Mutex<MemoryReservation>,
    pub(crate) metrics: metrics::Head,
    /// Notified when the head is over its budget.
    pub(crate) is_full: Notify,
    apply_workers: usize,
    pub(crate) head_days: HeadDays,
    /// Lost data, which answers report as warnings.
    pub(crate) lost: Arc<Lost>,
}

/// The part of a request that is to be made visible.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) rows: Vec<Batch>,
    pub(crate) metrics: Vec<metrics::Admitted>,
    /// The series that the request's record refers to.
    pub(crate) series: Vec<SeriesRef>,
    pub(crate) has_totals: bool,
}

impl Work {
    /// Whether there is nothing to log.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.metrics.is_empty() && !self.has_totals
    }
}

/// State of the applied records.
#[derive(Debug, Default)]
struct Applied {
    /// The greatest sequence whose rows are in the head.
    sequence: u64,
    spans: SeenSpans,
}

#[derive(Debug)]
struct Visible {
    spans: Rows,
    logs: Rows,
    parts: PartList,
    /// Incremented whenever the list of parts of spans may have changed.
    version: u64,
}

#[derive(Debug)]
struct Rows {
    head: RowHead,
    /// Rows that a flush is writing into parts, oldest first.
    frozen: Vec<Frozen>,
}

#[derive(Debug)]
struct Frozen {
    /// No row comes from a record after this one.
    sequence: u64,
    /// `None` right after a cut, before rows are sorted by day.
    day: Option<i32>,
    batches: Vec<RecordBatch>,
    bytes: usize,
    rows: usize,
}

/// Data that a flush has taken out of the head.
#[derive(Debug)]
pub(crate) struct FlushInput {
    /// All records up to this one are in it, and no later ones.
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

impl Visible {
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
    fn new(sequence: u64, day: Option<i32>, batches: Vec<RecordBatch>) -> Self {
        let bytes = batches.iter().map(memory_of).sum();
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        Self { sequence, day, batches, bytes, rows }
    }
}

impl State {
    /// An empty state; `missing` parts stay hidden even when listed.
    pub(crate) fn new(writer: WriterId, config: &Config, missing: HashSet<String>) -> Self {
        let visible = Visible {
            spans: Rows::new(Signal::Spans),
            logs: Rows::new(Signal::Logs),
            parts: PartList::without(missing),
            version: 0,
        };
        let applied = Applied::default();
        Self {
            writer: writer.to_hex(),
            visible: RwLock::new(visible),
            fingerprints: Arc::clone(&applied.spans.fingerprints),
            applied: Mutex::new(applied),
            seen_bytes: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            metric_bytes_kept: AtomicUsize::new(0),
            bytes_max: config.head_bytes_max,
            memory: Mutex::new(config.memory.head.reservation()),
            metrics: metrics::Head::new(config.metric_limits.clone()),
            is_full: Notify::new(),
            apply_workers: config.apply_workers,
            head_days: HeadDays::default(),
            lost: Arc::default(),
        }
    }

    /// Bytes in memory that a flush frees.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    /// Whether a flush is due during the replay of the log: at half of the budget, so that head and
    /// flush together take less memory than the load before did.
    pub(crate) fn is_due_in_replay(&self) -> bool {
        self.bytes() >= self.bytes_max / 2
    }

    /// Makes a group of requests visible; everything up to `sequence` then is.
    pub(crate) fn add(&self, group: Vec<Work>, sequence: u64) -> Result<(), StoreError> {
        let mut applied = self.applied.lock();
        let mut admitted = Vec::new();
        for work in group {
            admitted.extend(work.metrics);
            for batch in work.rows {
                match batch {
                    Batch::Spans(rows) => {
                        let rows = applied.spans.take_new(rows)?;
                        self.visible.write().spans.head.push(rows)?;
                    }
                    Batch::Logs(rows) => self.visible.write().logs.head.push(rows)?,
                    Batch::Metrics(_) => {}
                }
            }
        }
        if !admitted.is_empty() {
            self.metrics.apply(&admitted.iter().collect::<Vec<_>>(), self.apply_workers);
        }
        applied.sequence = sequence.max(applied.sequence);
        self.seen_bytes.store(applied.spans.bytes(), Ordering::Release);
        drop(applied);
        self.count();
        Ok(())
    }

    /// The fingerprints of spans in this process.
    pub(crate) fn fingerprints(&self) -> &Fingerprints {
        &self.fingerprints
    }

    /// Merges small batches.
    pub(crate) fn consolidate(&self) -> Result<(), StoreError> {
        let _applied = self.applied.lock();
        for signal in ROW_SIGNALS {
            loop {
                // Readers must not wait for the copying; it uses a clone that shares the batches.
                let due = {
                    let visible = self.visible.read();
                    visible
                        .rows(signal)
                        .and_then(|rows| Some((rows.head.due()?, rows.head.clone())))
                };
                let Some((due, head)) = due else { break };
                let merged = head.merged(due)?;
                if let Some(rows) = self.visible.write().rows_mut(signal) {
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
        let visible = self.visible.read();
        let rows = visible.spans.bytes() + visible.logs.bytes();
        drop(visible);
        let rows = rows + self.seen_bytes.load(Ordering::Acquire);
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
    pub(crate) fn cut(&self) -> Result<FlushInput, StoreError> {
        let (sequence, taken, frozen) = {
            let mut applied = self.applied.lock();
            self.head_days.clear();
            applied.spans.freeze();
            let mut visible = self.visible.write();
            let taken = ROW_SIGNALS.map(|signal| {
                let Some(rows) = visible.rows_mut(signal) else { return (signal, Vec::new()) };
                let batches = rows.head.take();
                if !batches.is_empty() {
                    rows.frozen.push(Frozen::new(applied.sequence, None, batches.clone()));
                }
                (signal, batches)
            });
            drop(visible);
            (applied.sequence, taken, self.metrics.freeze())
        };
        let mut days = Vec::new();
        for (signal, batches) in taken {
            let by_day = order::by_day(signal, batches)?;
            let mut visible = self.visible.write();
            let Some(rows) = visible.rows_mut(signal) else { continue };
            rows.frozen.retain(|frozen| frozen.day.is_some());
            for (day, batches) in by_day {
                rows.frozen.push(Frozen::new(sequence, Some(day), batches.clone()));
                days.push(DayRows { signal, day, batches });
            }
        }
        let metrics = frozen.map(|frozen| {
            let days = frozen.days().to_vec();
            (frozen, days)
        });
        Ok(FlushInput { sequence, days, metrics })
    }

    /// Rows that may lie in a range, and the version of the list of parts. Rows of the head may be
    /// copies of spans in the parts.
    pub(crate) fn snapshot(&self, signal: Signal, range: TimeRange) -> (Snapshot, u64) {
        let visible = self.visible.read();
        let mut head = Vec::new();
        if let Some(rows) = visible.rows(signal) {
            let frozen = rows.frozen.iter().filter(|frozen| {
                let is_inside = |day| day_overlaps(day, range);
                frozen.day.is_none_or(is_inside)
            });
            head.extend(frozen.flat_map(|frozen| frozen.batches.iter().cloned()));
            head.extend(rows.head.batches());
        }
        let mut warnings = visible.parts.warnings(signal, range);
        warnings.extend(self.lost.warnings(signal, range));
        let parts = visible.parts.overlapping(signal, range);
        (Snapshot { head, parts, warnings }, visible.version)
    }

    /// Warnings about lost data of a signal and range.
    pub(crate) fn warnings(&self, signal: Signal, range: TimeRange) -> Vec<String> {
        let mut warnings = self.visible.read().parts.warnings(signal, range);
        warnings.extend(self.lost.warnings(signal, range));
        warnings
    }

    /// Parts of a signal that may hold rows in a range, oldest first.
    pub(crate) fn parts(&self, signal: Signal, range: TimeRange) -> Vec<Arc<Part>> {
        self.visible.read().parts.overlapping(signal, range)
    }

    /// The days of a signal that have parts.
    pub(crate) fn days(&self, signal: Signal) -> BTreeSet<i32> {
        self.visible.read().parts.days(signal)
    }

    /// Number of listed parts that cannot be read.
    pub(crate) fn missing_parts(&self) -> u64 {
        self.visible.read().parts.missing()
    }

    /// Forgets the frozen spans once all of them are in parts.
    fn release_spans(&self) {
        // Excludes a cut that has frozen its fingerprints but not its rows.
        let mut applied = self.applied.lock();
        if self.visible.read().spans.frozen.is_empty() {
            applied.spans.release();
            self.seen_bytes.store(applied.spans.bytes(), Ordering::Release);
        }
    }

    pub(crate) fn counts(&self, signal: Signal) -> Counts {
        let visible = self.visible.read();
        let mut counts = Counts::default();
        if let Some(rows) = visible.rows(signal) {
            let frozen: usize = rows.frozen.iter().map(|frozen| frozen.rows).sum();
            counts.head_rows = (rows.head.rows() + frozen) as u64;
            counts.head_bytes = rows.bytes() as u64;
        } else {
            let stats = self.metrics.stats();
            counts.head_rows = stats.samples;
            counts.head_bytes = stats.bytes;
        }
        let parts = visible.parts.counts(signal);
        (counts.parts, counts.part_rows, counts.part_bytes) =
            (parts.parts, parts.rows, parts.bytes);
        counts
    }
}

fn day_overlaps(day: i32, range: TimeRange) -> bool {
    range.start < range.end
        && day >= signals::time::day_of(range.start)
        && day <= signals::time::day_of(range.end - 1)
}

impl View for State {
    /// Atomically for readers, removes rows from memory that the manifest says are in parts, and
    /// replaces the parts of the day.
    fn show(&self, signal: Signal, day: i32, manifest: &Manifest) -> Vec<Arc<Part>> {
        let gone = {
            let flushed = manifest.flushed_sequence(&self.writer);
            let mut visible = self.visible.write();
            if let Some(rows) = visible.rows_mut(signal) {
                rows.frozen.retain(|frozen| frozen.day != Some(day) || frozen.sequence > flushed);
            }
            visible.version += u64::from(signal == Signal::Spans);
            visible.parts.replace(signal, day, &manifest.parts)
        };
        if signal == Signal::Spans {
            self.release_spans();
        }
        self.count();
        gone
    }

    fn hide(&self, signal: Signal, day: i32, path: String) {
        let mut visible = self.visible.write();
        visible.version += u64::from(signal == Signal::Spans);
        visible.parts.hide(signal, day, path);
    }
}

impl Apply for State {
    fn apply(&self, group: Vec<Work>, last_sequence: u64) {
        // Batches are checked before they are logged, so this should not fail.
        if let Err(error) = self.add(group, last_sequence) {
            tracing::error!(last_sequence, %error, "rows of a request are stored but not visible");
        }
    }

    fn after_group(&self) {
        if let Err(error) = self.consolidate() {
            tracing::error!(%error, "rows in memory could not be merged");
        }
    }

    fn labels(&self, series: SeriesRef) -> Option<Labels> {
        self.metrics.labels(series)
    }
}
