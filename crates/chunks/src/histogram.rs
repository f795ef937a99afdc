//! Native histograms: the bucket layout is written only when it changes; integer counts as deltas
//! to the previous sample, bucket by bucket; other counts and sums as float bits.

use std::sync::Arc;

use signals::metric::{BucketSpan, NativeHistogram, ResetHint};

use crate::bits::{BitReader, BitWriter, FloatState};
use crate::chunk::{Chunk, ChunkError, Codec, HEADER_BYTES, MAX_BYTES, is_whole, seal};

/// Limit on the buckets of one histogram, populated or not, and on its spans.
const BUCKETS_MAX: usize = 8192;
/// Samples of one chunk.
pub const HISTOGRAM_SAMPLES_MAX: u16 = 120;
/// Spans, buckets and bounds of a whole chunk; limits the decoded size of a hostile chunk.
const ELEMENTS_MAX: usize = 1 << 20;
/// Whether spans and counts agree and are within limits; other histograms are not stored.
pub fn is_consistent(histogram: &NativeHistogram) -> bool {
    let fits = |spans: &[BucketSpan], counts: &[f64]| {
        spans.len() <= BUCKETS_MAX
            && counts.len() <= BUCKETS_MAX
            && spans.iter().map(|span| u64::from(span.length)).sum::<u64>() == counts.len() as u64
    };
    fits(&histogram.positive_spans, &histogram.positive_counts)
        && fits(&histogram.negative_spans, &histogram.negative_counts)
        && histogram.custom_bounds.len() <= BUCKETS_MAX
}

/// The properties that rarely change between samples.
#[derive(Debug, Clone, PartialEq)]
struct Layout {
    schema: i32,
    zero_threshold: u64,
    positive: Vec<BucketSpan>,
    negative: Vec<BucketSpan>,
    bounds: Vec<u64>,
}

impl Layout {
    fn of(histogram: &NativeHistogram) -> Self {
        Self {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold.to_bits(),
            positive: histogram.positive_spans.clone(),
            negative: histogram.negative_spans.clone(),
            bounds: histogram.custom_bounds.iter().map(|bound| bound.to_bits()).collect(),
        }
    }

    fn is_of(&self, histogram: &NativeHistogram) -> bool {
        self.schema == histogram.schema
            && self.zero_threshold == histogram.zero_threshold.to_bits()
            && self.positive == histogram.positive_spans
            && self.negative == histogram.negative_spans
            && self
                .bounds
                .iter()
                .copied()
                .eq(histogram.custom_bounds.iter().map(|bound| bound.to_bits()))
    }

    fn elements(&self) -> usize {
        self.positive.len() + self.negative.len() + self.bounds.len()
    }

    fn write(&self, writer: &mut BitWriter) {
        writer.write_signed(i64::from(self.schema));
        writer.write(self.zero_threshold, 64);
        for spans in [&self.positive, &self.negative] {
            writer.write_signed(spans.len() as i64);
            for span in spans {
                writer.write_signed(i64::from(span.offset));
                writer.write_signed(i64::from(span.length));
            }
        }
        writer.write_signed(self.bounds.len() as i64);
        for bound in &self.bounds {
            writer.write(*bound, 64);
        }
    }

    fn read(reader: &mut BitReader<'_>) -> Result<Self, ChunkError> {
        let schema = i32::try_from(signed(reader)?).map_err(|_| ChunkError::Invalid("schema"))?;
        let zero_threshold = reader.read(64).ok_or(ChunkError::Truncated)?;
        let positive = read_spans(reader)?;
        let negative = read_spans(reader)?;
        let bounds = (0..length(reader)?)
            .map(|_| reader.read(64).ok_or(ChunkError::Truncated))
            .collect::<Result<_, _>>()?;
        Ok(Self { schema, zero_threshold, positive, negative, bounds })
    }
}

fn hint_bits(hint: ResetHint) -> u64 {
    match hint {
        ResetHint::Unknown => 0,
        ResetHint::Reset => 1,
        ResetHint::NotReset => 2,
        ResetHint::Gauge => 3,
    }
}

fn hint_of(bits: u64) -> ResetHint {
    match bits {
        1 => ResetHint::Reset,
        2 => ResetHint::NotReset,
        3 => ResetHint::Gauge,
        _ => ResetHint::Unknown,
    }
}

fn signed(reader: &mut BitReader<'_>) -> Result<i64, ChunkError> {
    reader.read_signed().ok_or(ChunkError::Truncated)
}

fn length(reader: &mut BitReader<'_>) -> Result<usize, ChunkError> {
    let length = usize::try_from(signed(reader)?).unwrap_or(usize::MAX);
    if length <= BUCKETS_MAX { Ok(length) } else { Err(ChunkError::Invalid("too many buckets")) }
}

fn read_spans(reader: &mut BitReader<'_>) -> Result<Vec<BucketSpan>, ChunkError> {
    let mut buckets = 0_usize;
    let mut spans = Vec::new();
    for _ in 0..length(reader)? {
        let offset =
            i32::try_from(signed(reader)?).map_err(|_| ChunkError::Invalid("offset of a span"))?;
        let length = length(reader)?;
        buckets += length;
        spans.push(BucketSpan { offset, length: length as u32 });
    }
    if buckets <= BUCKETS_MAX { Ok(spans) } else { Err(ChunkError::Invalid("too many buckets")) }
}

/// Index of each populated bucket, ascending.
fn bucket_indices(spans: &[BucketSpan]) -> impl Iterator<Item = i64> {
    let mut next = 0_i64;
    spans.iter().flat_map(move |span| {
        let start = next + i64::from(span.offset);
        next = start + i64::from(span.length);
        start..next
    })
}

/// The previous counts of those buckets that the new layout also has.
fn carry_over(old: &[BucketSpan], counts: &[i64], new: &[BucketSpan]) -> Vec<i64> {
    let mut known = bucket_indices(old).zip(counts.iter().copied()).peekable();
    bucket_indices(new)
        .map(|index| {
            while known.next_if(|(old, _)| *old < index).is_some() {}
            known.next_if(|(old, _)| *old == index).map_or(0, |(_, count)| count)
        })
        .collect()
}

/// The previous sample, to which deltas refer; all zero before the first one.
#[derive(Debug, Clone, Default)]
struct Previous {
    count: i64,
    zero_count: i64,
    positive: Vec<i64>,
    negative: Vec<i64>,
}

impl Previous {
    fn relayout(&mut self, old: Option<&Layout>, new: &Layout) {
        let old = old.filter(|old| old.schema == new.schema);
        let spans =
            |layout: Option<&Layout>, is_positive| -> Vec<BucketSpan> {
                layout
                    .map(|layout| {
                        if is_positive { layout.positive.clone() } else { layout.negative.clone() }
                    })
                    .unwrap_or_default()
            };
        self.positive = carry_over(&spans(old, true), &self.positive, &new.positive);
        self.negative = carry_over(&spans(old, false), &self.negative, &new.negative);
    }
}

fn all_counts(histogram: &NativeHistogram) -> impl Iterator<Item = f64> {
    [histogram.count, histogram.zero_count]
        .into_iter()
        .chain(histogram.positive_counts.iter().copied())
        .chain(histogram.negative_counts.iter().copied())
}

/// A growing chunk of histograms. Times must ascend.
#[derive(Debug, Clone)]
pub struct HistogramAppender {
    writer: BitWriter,
    layout: Option<Layout>,
    previous: Previous,
    sum: FloatState,
    elements: usize,
    min_ms: i64,
    last_ms: i64,
    step: i64,
    count: u16,
    last: Arc<NativeHistogram>,
}

impl Default for HistogramAppender {
    fn default() -> Self {
        Self::new()
    }
}

impl HistogramAppender {
    /// An empty chunk.
    pub fn new() -> Self {
        Self {
            writer: BitWriter::after(vec![0; HEADER_BYTES]),
            layout: None,
            previous: Previous::default(),
            sum: FloatState::default(),
            elements: 0,
            min_ms: 0,
            last_ms: 0,
            step: 0,
            count: 0,
            last: Arc::default(),
        }
    }

    /// Appends a sample that is later than all previous ones and [`is_consistent`].
    pub fn push(&mut self, timestamp_ms: i64, histogram: &Arc<NativeHistogram>) {
        if self.count == 0 {
            self.min_ms = timestamp_ms;
        }
        let step = timestamp_ms.wrapping_sub(self.last_ms);
        self.writer.write_signed(step.wrapping_sub(self.step));
        self.step = if self.count == 0 { 0 } else { step };
        let is_new_layout = !self.layout.as_ref().is_some_and(|layout| layout.is_of(histogram));
        let is_integral = all_counts(histogram).all(is_whole);
        self.writer.write(u64::from(is_new_layout), 1);
        self.writer.write(u64::from(is_integral), 1);
        self.writer.write(hint_bits(histogram.reset_hint), 2);
        if is_new_layout {
            let layout = Layout::of(histogram);
            layout.write(&mut self.writer);
            self.previous.relayout(self.layout.as_ref(), &layout);
            self.layout = Some(layout);
        }
        let previous = &mut self.previous;
        let counts = [
            (histogram.count, &mut previous.count),
            (histogram.zero_count, &mut previous.zero_count),
        ]
        .into_iter()
        .chain(histogram.positive_counts.iter().copied().zip(&mut previous.positive))
        .chain(histogram.negative_counts.iter().copied().zip(&mut previous.negative));
        for (count, previous) in counts {
            if is_integral {
                self.writer.write_signed((count as i64) - *previous);
                *previous = count as i64;
            } else {
                self.writer.write(count.to_bits(), 64);
            }
        }
        self.sum.write(&mut self.writer, histogram.sum.to_bits());
        self.elements += elements(histogram);
        self.last_ms = timestamp_ms;
        self.count += 1;
        self.last = Arc::clone(histogram);
    }

    /// Number of samples.
    pub fn count(&self) -> u32 {
        u32::from(self.count)
    }

    /// Time of the first sample.
    pub fn min_ms(&self) -> i64 {
        self.min_ms
    }

    /// Time of the last sample.
    pub fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// Memory in bytes.
    pub fn heap_bytes(&self) -> usize {
        let layout = self.layout.as_ref().map_or(0, Layout::elements);
        self.writer.capacity()
            + (layout
                + elements(&self.last)
                + self.previous.positive.len()
                + self.previous.negative.len())
                * 8
    }

    /// Whether this chunk must be closed before `next` is pushed.
    pub fn is_full_for(&self, next: &NativeHistogram) -> bool {
        self.count > 0
            && (self.count >= HISTOGRAM_SAMPLES_MAX
                || self.writer.bytes().len() >= MAX_BYTES
                || self.elements + elements(next) > ELEMENTS_MAX)
    }

    /// A copy of what it has so far, closed.
    pub fn to_chunk(&self) -> Chunk {
        self.clone().into_chunk()
    }

    /// The chunk, closed.
    pub fn into_chunk(self) -> Chunk {
        let (min_ms, max_ms, count) = (self.min_ms, self.last_ms, self.count);
        seal(Codec::Histogram, count, min_ms, max_ms, self.writer.into_bytes())
    }
}

fn elements(histogram: &NativeHistogram) -> usize {
    histogram.positive_spans.len()
        + histogram.negative_spans.len()
        + histogram.positive_counts.len()
        + histogram.negative_counts.len()
        + histogram.custom_bounds.len()
}

/// Calls `take` with each sample until it returns `false`.
pub(super) fn decode(
    payload: &[u8],
    count: u16,
    mut take: impl FnMut(i64, NativeHistogram) -> bool,
) -> Result<(), ChunkError> {
    let mut reader = BitReader::new(payload);
    let mut sum = FloatState::default();
    let mut previous = Previous::default();
    let mut layout: Option<Layout> = None;
    let (mut timestamp, mut step, mut decoded) = (0_i64, 0_i64, 0_usize);
    for i in 0..count {
        step = step.wrapping_add(signed(&mut reader)?);
        let next = timestamp.wrapping_add(step);
        if i > 0 && next <= timestamp {
            return Err(ChunkError::Invalid("times do not ascend"));
        }
        timestamp = next;
        if i == 0 {
            step = 0;
        }
        let is_new_layout = reader.read_bit().ok_or(ChunkError::Truncated)?;
        let is_integral = reader.read_bit().ok_or(ChunkError::Truncated)?;
        let reset_hint = hint_of(reader.read(2).ok_or(ChunkError::Truncated)?);
        if is_new_layout {
            let new = Layout::read(&mut reader)?;
            previous.relayout(layout.as_ref(), &new);
            layout = Some(new);
        }
        let layout = layout.as_ref().ok_or(ChunkError::Invalid("no layout"))?;
        let mut histogram = NativeHistogram { reset_hint, ..empty(layout) };
        decoded += elements(&histogram) + previous.positive.len() + previous.negative.len();
        if decoded > ELEMENTS_MAX {
            return Err(ChunkError::Invalid("too many buckets"));
        }
        read_counts(&mut reader, is_integral, &mut previous, &mut histogram)?;
        histogram.sum = f64::from_bits(sum.read(&mut reader).ok_or(ChunkError::Truncated)?);
        if !take(timestamp, histogram) {
            break;
        }
    }
    Ok(())
}

fn empty(layout: &Layout) -> NativeHistogram {
    NativeHistogram {
        schema: layout.schema,
        zero_threshold: f64::from_bits(layout.zero_threshold),
        positive_spans: layout.positive.clone(),
        negative_spans: layout.negative.clone(),
        custom_bounds: layout.bounds.iter().map(|bound| f64::from_bits(*bound)).collect(),
        ..NativeHistogram::default()
    }
}

fn read_counts(
    reader: &mut BitReader<'_>,
    is_integral: bool,
    previous: &mut Previous,
    histogram: &mut NativeHistogram,
) -> Result<(), ChunkError> {
    let mut read = |previous: &mut i64| {
        if is_integral {
            *previous = previous.wrapping_add(signed(reader)?);
            Ok(*previous as f64)
        } else {
            reader.read(64).map(f64::from_bits).ok_or(ChunkError::Truncated)
        }
    };
    histogram.count = read(&mut previous.count)?;
    histogram.zero_count = read(&mut previous.zero_count)?;
    histogram.positive_counts =
        previous.positive.iter_mut().map(&mut read).collect::<Result<_, _>>()?;
    histogram.negative_counts =
        previous.negative.iter_mut().map(&mut read).collect::<Result<_, _>>()?;
    Ok(())
}
