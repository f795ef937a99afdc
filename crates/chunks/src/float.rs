//! The codecs of open chunks: times as deltas of deltas; values as deltas of deltas while all are
//! whole numbers, else as XOR with the previous value. Samples are appended one at a time. The idea
//! is from Facebook's Gorilla paper (VLDB 2015); the widths are ours.

use crate::bits::{BitReader, BitWriter, FloatState};
use crate::chunk::{
    Chunk, ChunkError, Codec, HEADER_BYTES, MAX_BYTES, MAX_SAMPLES, is_whole, seal,
};

/// How the values of one chunk are written.
#[derive(Debug, Clone, Copy)]
enum Values {
    Whole { last: i64, step: i64 },
    Xor(FloatState),
}

/// A growing chunk of float samples. Times must ascend.
#[derive(Debug, Clone)]
pub struct FloatAppender {
    writer: BitWriter,
    values: Values,
    min_ms: i64,
    last_ms: i64,
    step: i64,
    count: u16,
}

impl Default for FloatAppender {
    fn default() -> Self {
        Self::new()
    }
}

impl FloatAppender {
    /// An empty chunk.
    pub fn new() -> Self {
        Self::with(Values::Whole { last: 0, step: 0 })
    }

    fn with(values: Values) -> Self {
        let writer = BitWriter::after(vec![0; HEADER_BYTES]);
        Self { writer, values, min_ms: 0, last_ms: 0, step: 0, count: 0 }
    }

    /// A chunk that takes any values, and is larger if all are whole numbers.
    pub fn xor() -> Self {
        Self::with(Values::Xor(FloatState::default()))
    }

    /// Appends a sample that is later than all previous ones.
    pub fn push(&mut self, timestamp_ms: i64, value: f64) {
        if matches!(self.values, Values::Whole { .. }) && !is_whole(value) {
            self.rewrite();
        }
        if self.count == 0 {
            self.min_ms = timestamp_ms;
        }
        let step = timestamp_ms.wrapping_sub(self.last_ms);
        self.writer.write_signed(step.wrapping_sub(self.step));
        // The first delta is the time itself and does not predict the next one.
        self.step = if self.count == 0 { 0 } else { step };
        match &mut self.values {
            Values::Whole { last, step } => {
                let next = value as i64 - *last;
                self.writer.write_signed(next - *step);
                *step = if self.count == 0 { 0 } else { next };
                *last = value as i64;
            }
            Values::Xor(state) => state.write(&mut self.writer, value.to_bits()),
        }
        self.last_ms = timestamp_ms;
        self.count += 1;
    }

    /// Re-encodes the whole numbers so far as float bits; happens at most once per chunk.
    fn rewrite(&mut self) {
        let mut rewritten = Self::xor();
        let payload = self.writer.bytes().get(HEADER_BYTES..).unwrap_or_default();
        let read = decode(Codec::Whole, payload, self.count, |timestamp_ms, value| {
            rewritten.push(timestamp_ms, value);
            true
        });
        debug_assert!(read.is_ok(), "what was written is read");
        *self = rewritten;
    }

    /// Number of samples.
    #[inline]
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

    /// Memory beyond the struct itself.
    pub fn heap_bytes(&self) -> usize {
        self.writer.capacity()
    }

    /// Whether the chunk should be closed.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.count >= MAX_SAMPLES || self.writer.bytes().len() >= MAX_BYTES
    }

    /// The chunk as it is now.
    pub fn to_chunk(&self) -> Chunk {
        self.clone().into_chunk()
    }

    /// The chunk, closed.
    pub fn into_chunk(self) -> Chunk {
        let codec =
            if matches!(self.values, Values::Whole { .. }) { Codec::Whole } else { Codec::Xor };
        seal(codec, self.count, self.min_ms, self.last_ms, self.writer.into_bytes())
    }
}

/// Calls `take` with each sample until it returns `false`.
pub(super) fn decode(
    codec: Codec,
    payload: &[u8],
    count: u16,
    take: impl FnMut(i64, f64) -> bool,
) -> Result<(), ChunkError> {
    if codec == Codec::Whole {
        let (mut value, mut step, mut is_first) = (0_i64, 0_i64, true);
        let read = |reader: &mut BitReader<'_>| {
            step = step.wrapping_add(reader.read_signed()?);
            value = value.wrapping_add(step);
            if std::mem::take(&mut is_first) {
                step = 0;
            }
            Some(value as f64)
        };
        return decode_values(payload, count, read, take);
    }
    let mut state = FloatState::default();
    decode_values(payload, count, |reader| state.read(reader).map(f64::from_bits), take)
}

fn decode_values(
    payload: &[u8],
    count: u16,
    mut read: impl FnMut(&mut BitReader<'_>) -> Option<f64>,
    mut take: impl FnMut(i64, f64) -> bool,
) -> Result<(), ChunkError> {
    let mut reader = BitReader::new(payload);
    let (mut timestamp, mut step) = (0_i64, 0_i64);
    for i in 0..count {
        step = step.wrapping_add(reader.read_signed().ok_or(ChunkError::Truncated)?);
        let next = timestamp.wrapping_add(step);
        if i > 0 && next <= timestamp {
            return Err(ChunkError::Invalid("times do not ascend"));
        }
        timestamp = next;
        if i == 0 {
            step = 0;
        }
        if !take(timestamp, read(&mut reader).ok_or(ChunkError::Truncated)?) {
            break;
        }
    }
    Ok(())
}
