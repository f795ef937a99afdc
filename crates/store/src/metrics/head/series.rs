//! One series in memory: its open chunk, closed chunks, late samples and exemplars.

mod late;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chunks::{Chunk, FloatAppender, HistogramAppender, encode_exemplars};
use signals::metric::{Exemplar, NativeHistogram};

use super::postings::PairId;

/// Late samples that are held decoded before they become a chunk.
const LATE_SAMPLES_MAX: usize = 256;
/// Late histograms, which are larger.
const LATE_HISTOGRAMS_MAX: usize = 16;
/// What a closed chunk costs beyond its bytes: itself, and the counters of its buffer.
const CHUNK_OVERHEAD_BYTES: usize = size_of::<HeldChunk>() + 64;
/// Start time of a counter without a known one.
pub(super) const NO_START: i64 = 0;
/// Milliseconds of a UTC day.
const DAY_MS: i64 = 86_400_000;

/// The UTC day of a time; the caller has checked that the time fits nanoseconds.
pub(super) fn day_of(timestamp_ms: i64) -> i32 {
    timestamp_ms.div_euclid(DAY_MS) as i32
}

/// Number of a flush period: frozen data has an older generation than new data.
pub(super) type Generation = u32;

/// The result of adding a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    InOrder,
    Late,
    Duplicate,
}

/// The newest samples of a series, flushed or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Newest {
    /// Time and bits of the newest float sample.
    pub(super) float: Option<(i64, u64)>,
    pub(super) histogram: Option<(i64, Arc<NativeHistogram>)>,
    /// Whether the series holds exemplars, which newer ones can replace.
    pub(super) has_exemplars: bool,
}

impl Newest {
    /// The time of the newest sample of either kind.
    pub(super) fn time(&self) -> Option<i64> {
        let histogram_ms = self.histogram.as_ref().map(|(time, _)| *time);
        self.float.map(|(time, _)| time).max(histogram_ms)
    }
}

/// Running totals of a shard.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) samples: u64,
    pub(super) bytes: usize,
}

/// A closed chunk and when it was closed.
#[derive(Debug, Clone)]
pub(super) struct HeldChunk {
    pub(super) chunk: Chunk,
    pub(super) generation: Generation,
    is_late: bool,
}

/// An exemplar and the generation in which it arrived.
#[derive(Debug, Clone)]
pub(super) struct HeldExemplar {
    pub(super) exemplar: Exemplar,
    pub(super) generation: Generation,
}

/// Histograms of a series; few series have any.
#[derive(Debug, Default)]
struct Histograms {
    open: Option<HistogramAppender>,
    last: Option<(i64, Arc<NativeHistogram>)>,
    late: Vec<(i64, Arc<NativeHistogram>)>,
}

/// One series.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) pairs: Box<[PairId]>,
    pub(super) hash: u64,
    /// Distinguishes this series from earlier ones in the same slot.
    pub(super) slot_generation: u32,
    /// Generation in which the series was last looked up for a batch.
    touched: AtomicU32,
    /// Start time of the counter; [`NO_START`] where unknown.
    start_ms: i64,
    /// Time and bits of the newest float sample, flushed or not; of several samples at that time,
    /// the last one received.
    last: Option<(i64, u64)>,
    open: Option<FloatAppender>,
    #[expect(clippy::box_collection, reason = "most series have none: 8 bytes in place of 24")]
    late: Option<Box<Vec<(i64, f64)>>>,
    histograms: Option<Box<Histograms>>,
    /// In the order of precedence: later ones win.
    chunks: Vec<HeldChunk>,
    #[expect(clippy::box_collection, reason = "most series have none: 8 bytes in place of 32")]
    exemplars: Option<Box<VecDeque<HeldExemplar>>>,
}

impl Series {
    pub(super) fn new(
        pairs: Box<[PairId]>,
        hash: u64,
        slot_generation: u32,
        generation: Generation,
    ) -> Self {
        Self {
            pairs,
            hash,
            slot_generation,
            touched: AtomicU32::new(generation),
            start_ms: NO_START,
            last: None,
            open: None,
            late: None,
            histograms: None,
            chunks: Vec::new(),
            exemplars: None,
        }
    }

    /// Memory of a series without samples.
    pub(super) fn empty_bytes(pairs: usize) -> usize {
        // The series; its pairs and their postings; its place in the map by hash.
        size_of::<Self>() + pairs * 2 * size_of::<PairId>() + 20
    }

    /// Keeps the series in memory for the current generation.
    pub(super) fn touch(&self, generation: Generation) -> Newest {
        self.touched.store(generation, Ordering::Relaxed);
        let histogram = self.histograms.as_ref().and_then(|held| held.last.clone());
        Newest { float: self.last, histogram, has_exemplars: self.exemplars.is_some() }
    }

    /// Sets the start time of the following samples. All samples of a chunk share one.
    pub(super) fn set_start(&mut self, start_ms: i64, generation: Generation, usage: &mut Usage) {
        if self.start_ms != start_ms {
            self.close_open(generation, usage);
            self.close_open_histograms(generation, usage);
            self.start_ms = start_ms;
        }
    }

    pub(super) fn push(
        &mut self,
        timestamp_ms: i64,
        value: f64,
        generation: Generation,
        usage: &mut Usage,
    ) -> Pushed {
        if let Some((last_ms, last_bits)) = self.last
            && timestamp_ms <= last_ms
        {
            if timestamp_ms == last_ms && value.to_bits() == last_bits {
                return Pushed::Duplicate;
            }
            if timestamp_ms == last_ms {
                self.last = Some((timestamp_ms, value.to_bits()));
            }
            return self.push_late(timestamp_ms, value, generation, usage);
        }
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.is_full() || day_of(open.min_ms()) != day_of(timestamp_ms))
        {
            self.close_open(generation, usage);
        }
        let open = self.open.get_or_insert_with(FloatAppender::new);
        let before = if open.count() == 0 { 0 } else { open.heap_bytes() };
        open.push(timestamp_ms, value);
        usage.bytes = (usage.bytes + open.heap_bytes()).saturating_sub(before);
        usage.samples += 1;
        self.last = Some((timestamp_ms, value.to_bits()));
        Pushed::InOrder
    }

    fn push_late(
        &mut self,
        timestamp_ms: i64,
        value: f64,
        generation: Generation,
        usage: &mut Usage,
    ) -> Pushed {
        let late = self.late.get_or_insert_default();
        match late.binary_search_by_key(&timestamp_ms, |(t, _)| *t) {
            Ok(i) => {
                let Some(place) = late.get_mut(i) else { return Pushed::Duplicate };
                if place.1.to_bits() == value.to_bits() {
                    return Pushed::Duplicate;
                }
                place.1 = value;
            }
            Err(i) => {
                late.insert(i, (timestamp_ms, value));
                usage.samples += 1;
                usage.bytes += size_of::<(i64, f64)>();
            }
        }
        let is_full = late.len() >= LATE_SAMPLES_MAX;
        if is_full {
            self.close_late(generation, usage);
        }
        Pushed::Late
    }

    pub(super) fn push_histogram(
        &mut self,
        timestamp_ms: i64,
        histogram: &Arc<NativeHistogram>,
        generation: Generation,
        usage: &mut Usage,
    ) -> Pushed {
        let held = self.histograms.get_or_insert_default();
        if let Some((last_ms, last)) = &held.last
            && timestamp_ms <= *last_ms
        {
            if timestamp_ms == *last_ms && is_same(last, histogram) {
                return Pushed::Duplicate;
            }
            if timestamp_ms == *last_ms {
                held.last = Some((timestamp_ms, Arc::clone(histogram)));
            }
            return self.push_late_histogram(timestamp_ms, histogram, generation, usage);
        }
        held.last = Some((timestamp_ms, Arc::clone(histogram)));
        let is_closing = |open: &HistogramAppender| {
            open.is_full_for(histogram) || day_of(open.min_ms()) != day_of(timestamp_ms)
        };
        if held.open.as_ref().is_some_and(is_closing) {
            self.close_open_histograms(generation, usage);
        }
        let held = self.histograms.get_or_insert_default();
        let before = held.open.as_ref().map_or(0, HistogramAppender::heap_bytes);
        let open = held.open.get_or_insert_with(HistogramAppender::new);
        open.push(timestamp_ms, histogram);
        usage.bytes = (usage.bytes + open.heap_bytes()).saturating_sub(before);
        usage.samples += 1;
        Pushed::InOrder
    }

    fn push_late_histogram(
        &mut self,
        timestamp_ms: i64,
        histogram: &Arc<NativeHistogram>,
        generation: Generation,
        usage: &mut Usage,
    ) -> Pushed {
        let late = &mut self.histograms.get_or_insert_default().late;
        match late.binary_search_by_key(&timestamp_ms, |(t, _)| *t) {
            Ok(i) => {
                let Some(place) = late.get_mut(i) else { return Pushed::Duplicate };
                if is_same(&place.1, histogram) {
                    return Pushed::Duplicate;
                }
                place.1 = Arc::clone(histogram);
            }
            Err(i) => {
                late.insert(i, (timestamp_ms, Arc::clone(histogram)));
                usage.samples += 1;
            }
        }
        if late.len() >= LATE_HISTOGRAMS_MAX {
            self.close_late_histograms(generation, usage);
        }
        Pushed::Late
    }

    /// Stores a closed chunk by precedence: late samples win over earlier in-order samples.
    fn hold(&mut self, chunk: Chunk, is_late: bool, generation: Generation, usage: &mut Usage) {
        let chunk = self.started(chunk);
        usage.bytes += chunk.bytes.len() + CHUNK_OVERHEAD_BYTES;
        let after = |held: &HeldChunk| held.generation == generation && held.is_late && !is_late;
        let place = self.chunks.iter().rposition(|held| !after(held)).map_or(0, |i| i + 1);
        if self.chunks.len() == self.chunks.capacity() {
            self.chunks.reserve_exact(1 + self.chunks.len() / 2);
        }
        self.chunks.insert(place, HeldChunk { chunk, generation, is_late });
    }

    /// A chunk with the start time of the series. Late samples may have an earlier one.
    fn started(&self, chunk: Chunk) -> Chunk {
        let is_of_start = self.start_ms != NO_START && self.start_ms <= chunk.min_ms;
        Chunk { start_ms: is_of_start.then_some(self.start_ms), ..chunk }
    }

    fn close_open(&mut self, generation: Generation, usage: &mut Usage) {
        if let Some(open) = self.open.take() {
            usage.bytes = usage.bytes.saturating_sub(open.heap_bytes());
            self.hold(open.into_chunk(), false, generation, usage);
        }
    }

    fn close_open_histograms(&mut self, generation: Generation, usage: &mut Usage) {
        if let Some(open) = self.histograms.as_mut().and_then(|held| held.open.take()) {
            usage.bytes = usage.bytes.saturating_sub(open.heap_bytes());
            self.hold(open.into_chunk(), false, generation, usage);
        }
    }

    fn close_late(&mut self, generation: Generation, usage: &mut Usage) {
        if let Some(samples) = self.late.take() {
            usage.bytes = usage.bytes.saturating_sub(samples.len() * size_of::<(i64, f64)>());
            for chunk in late::chunks(&samples) {
                self.hold(chunk, true, generation, usage);
            }
        }
    }

    fn close_late_histograms(&mut self, generation: Generation, usage: &mut Usage) {
        let held = self.histograms.as_mut();
        let samples = held.map(|held| std::mem::take(&mut held.late)).unwrap_or_default();
        for chunk in late::histogram_chunks(&samples) {
            self.hold(chunk, true, generation, usage);
        }
    }

    /// Closes all open chunks, as the last of their generation.
    pub(super) fn freeze(&mut self, generation: Generation, usage: &mut Usage) {
        self.close_open(generation, usage);
        self.close_late(generation, usage);
        self.close_open_histograms(generation, usage);
        self.close_late_histograms(generation, usage);
    }

    /// Adds the days of the chunks and exemplars of the latest freeze.
    pub(super) fn frozen_days(&self, generation: Generation, days: &mut BTreeSet<i32>) {
        let chunks = self
            .chunks
            .iter()
            .filter(|held| held.generation == generation)
            .map(|held| day_of(held.chunk.min_ms));
        let exemplars = self
            .exemplars
            .iter()
            .flat_map(|held| held.iter())
            .filter(|held| held.generation == generation);
        days.extend(chunks.chain(exemplars.map(|held| day_of(held.exemplar.timestamp_ms))));
    }

    /// Drops chunks and exemplars up to a generation; returns the number of dropped exemplars.
    pub(super) fn release(&mut self, generation: Generation, usage: &mut Usage) -> usize {
        self.chunks.retain(|held| {
            let is_kept = held.generation > generation;
            if !is_kept {
                usage.samples = usage.samples.saturating_sub(u64::from(held.chunk.count));
                usage.bytes =
                    usage.bytes.saturating_sub(held.chunk.bytes.len() + CHUNK_OVERHEAD_BYTES);
            }
            is_kept
        });
        self.chunks.shrink_to_fit();
        let Some(exemplars) = &mut self.exemplars else { return 0 };
        let before = exemplars.len();
        exemplars.retain(|held| held.generation > generation);
        let dropped = before - exemplars.len();
        if exemplars.is_empty() {
            self.exemplars = None;
        }
        dropped
    }

    /// Whether it is empty and was not looked up in the flush period of `generation` or since.
    pub(super) fn is_idle_since(&self, generation: Generation) -> bool {
        self.touched.load(Ordering::Relaxed) < generation
            && self.chunks.is_empty()
            && self.exemplars.is_none()
    }

    /// Whether any sample may lie in the range.
    pub(super) fn overlaps(&self, start_ms: i64, end_ms: i64) -> bool {
        let reaches = |min_ms: i64, max_ms: i64| min_ms <= end_ms && max_ms >= start_ms;
        let late_reaches = |first: Option<i64>, last: Option<i64>| {
            first.zip(last).is_some_and(|(first, last)| reaches(first, last))
        };
        self.open.as_ref().is_some_and(|open| reaches(open.min_ms(), open.last_ms()))
            || self.chunks.iter().any(|held| held.chunk.overlaps(start_ms, end_ms))
            || self.late.as_ref().is_some_and(|late| {
                late_reaches(late.first().map(|s| s.0), late.last().map(|s| s.0))
            })
            || self.histograms.as_ref().is_some_and(|held| {
                held.open.as_ref().is_some_and(|open| reaches(open.min_ms(), open.last_ms()))
                    || late_reaches(held.late.first().map(|s| s.0), held.late.last().map(|s| s.0))
            })
    }

    /// The chunks that may have samples in the range, in order of precedence.
    pub(super) fn chunks(&self, start_ms: i64, end_ms: i64) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = self.chunks.iter().map(|held| held.chunk.clone()).collect();
        // Late chunks of this generation are already at the end; the open chunk holds in-order
        // samples, so it goes before them.
        let place = self.chunks.iter().rposition(|held| !held.is_late).map_or(0, |i| i + 1);
        let histograms = self
            .histograms
            .as_ref()
            .and_then(|held| held.open.as_ref())
            .map(HistogramAppender::to_chunk);
        let open = self.open.as_ref().map(FloatAppender::to_chunk);
        let open = open.into_iter().chain(histograms).map(|chunk| self.started(chunk));
        chunks.splice(place..place, open);
        if let Some(samples) = &self.late {
            chunks.extend(late::chunks(samples).map(|chunk| self.started(chunk)));
        }
        if let Some(held) = &self.histograms {
            let late = late::histogram_chunks(&held.late).into_iter();
            chunks.extend(late.map(|chunk| self.started(chunk)));
        }
        chunks.retain(|chunk| chunk.overlaps(start_ms, end_ms));
        chunks
    }

    /// The chunks that one flush writes for one UTC day, in order of precedence.
    pub(super) fn frozen_chunks(&self, generation: Generation, day: i32) -> Vec<Chunk> {
        let is_wanted =
            |held: &&HeldChunk| held.generation == generation && day_of(held.chunk.min_ms) == day;
        self.chunks.iter().filter(is_wanted).map(|held| held.chunk.clone()).collect()
    }

    /// Adds an exemplar unless it is already stored; returns the increase in exemplars.
    pub(super) fn push_exemplar(
        &mut self,
        exemplar: &Exemplar,
        exemplars_max: usize,
        has_room: bool,
        generation: Generation,
    ) -> Option<usize> {
        let held = self.exemplars.get_or_insert_default();
        let is_known = |other: &HeldExemplar| {
            let other = &other.exemplar;
            (other.timestamp_ms, other.value.to_bits(), &other.labels)
                == (exemplar.timestamp_ms, exemplar.value.to_bits(), &exemplar.labels)
        };
        if held.iter().rev().any(is_known) {
            return None;
        }
        let is_full = held.len() >= exemplars_max || !has_room;
        let is_replacing = is_full && held.pop_front().is_some();
        held.push_back(HeldExemplar {
            exemplar: Exemplar { series: 0, ..exemplar.clone() },
            generation,
        });
        Some(usize::from(!is_replacing))
    }

    /// The exemplars that `is_wanted` picks, in order of time.
    pub(super) fn exemplars(&self, is_wanted: impl Fn(&HeldExemplar) -> bool) -> Vec<Exemplar> {
        let held = self.exemplars.iter().flat_map(|held| held.iter());
        let mut exemplars: Vec<Exemplar> =
            held.filter(|held| is_wanted(held)).map(|held| held.exemplar.clone()).collect();
        exemplars.sort_by_key(|exemplar| exemplar.timestamp_ms);
        exemplars
    }

    /// The exemplars that one flush writes for one UTC day.
    pub(super) fn frozen_exemplars(&self, generation: Generation, day: i32) -> Option<Chunk> {
        encode_exemplars(&self.exemplars(|held| {
            held.generation == generation && day_of(held.exemplar.timestamp_ms) == day
        }))
    }
}

/// Equal also where sums are NaN, such as the stale marker.
pub(super) fn is_same(a: &Arc<NativeHistogram>, b: &Arc<NativeHistogram>) -> bool {
    Arc::ptr_eq(a, b)
        || a == b
        || (a.sum.to_bits() == b.sum.to_bits()
            && NativeHistogram { sum: 0.0, ..(**a).clone() }
                == NativeHistogram { sum: 0.0, ..(**b).clone() })
}
