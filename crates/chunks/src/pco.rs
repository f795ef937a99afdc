//! The codec of compacted chunks: values by `pco`; times as a constant step, as deltas of deltas,
//! or by `pco`, whichever is smallest. Encodes all samples at once.

use pco::ChunkConfig;
use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};

use crate::bits::{BitReader, BitWriter};
use crate::chunk::{Chunk, ChunkError, Codec, HEADER_BYTES, seal};
use crate::varint::{push_varint, take_sized};

/// Times are a first time and a constant step.
const CONSTANT: u8 = 0;
/// Times are deltas of deltas, as bits.
const BITS: u8 = 1;
/// Times are encoded by `pco`.
const PCO: u8 = 2;
/// `pco`'s default; higher levels gain under 1 % on scrapes and cost time.
const LEVEL: usize = 8;

/// Encodes samples whose times ascend. `None` if there are no samples, too many, or `pco` fails;
/// the caller then uses another codec.
pub fn encode(timestamps: &[i64], values: &[f64]) -> Option<Chunk> {
    let (min_ms, max_ms) = (*timestamps.first()?, *timestamps.last()?);
    let count = u16::try_from(timestamps.len()).ok()?;
    let times = encode_times(timestamps)?;
    let mut bytes = vec![0; HEADER_BYTES];
    push_varint(&mut bytes, times.len() as u64);
    bytes.extend_from_slice(&times);
    bytes.extend_from_slice(&compress(values)?);
    Some(seal(Codec::Pco, count, min_ms, max_ms, bytes))
}

fn encode_times(timestamps: &[i64]) -> Option<Vec<u8>> {
    let first = *timestamps.first()?;
    let step = timestamps.get(1).map_or(0, |second| second.wrapping_sub(first));
    let is_constant =
        timestamps.windows(2).all(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == step));
    if is_constant {
        let mut writer = BitWriter::after(vec![CONSTANT]);
        writer.write_signed(first);
        writer.write_signed(step);
        return Some(writer.into_bytes());
    }
    let mut writer = BitWriter::after(vec![BITS]);
    let (mut previous, mut step) = (0_i64, 0_i64);
    for (i, timestamp) in timestamps.iter().enumerate() {
        let next = timestamp.wrapping_sub(previous);
        writer.write_signed(next.wrapping_sub(step));
        step = if i == 0 { 0 } else { next };
        previous = *timestamp;
    }
    let bits = writer.into_bytes();
    let mut packed = vec![PCO];
    packed.extend_from_slice(&compress(timestamps)?);
    Some(if packed.len() < bits.len() { packed } else { bits })
}

fn compress<T: Number>(numbers: &[T]) -> Option<Vec<u8>> {
    let config = ChunkConfig::default().with_compression_level(LEVEL);
    let file = FileCompressor::default();
    let mut chunk = file.chunk_compressor(numbers, &config).ok()?;
    let mut bytes = file.write_header(Vec::new()).ok()?;
    bytes = chunk.write_meta(bytes).ok()?;
    chunk.write_page(0, bytes).ok()
}

/// Reads exactly `into.len()` numbers; the length that the bytes claim is not trusted.
fn decompress<T: Number>(bytes: &[u8], into: &mut [T]) -> Result<(), ChunkError> {
    let damaged = |_| ChunkError::Invalid("pco refuses the bytes");
    let (file, rest) = FileDecompressor::new(bytes).map_err(damaged)?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).map_err(damaged)?;
    let mut page = chunk.page_decompressor(rest, into.len()).map_err(damaged)?;
    let progress = page.read(into).map_err(damaged)?;
    if progress.n_processed == into.len() { Ok(()) } else { Err(ChunkError::Truncated) }
}

/// Decodes a payload of `count` samples.
pub(super) fn decode(payload: &[u8], count: u16) -> Result<(Vec<i64>, Vec<f64>), ChunkError> {
    let mut values = payload;
    let times = take_sized(&mut values).ok_or(ChunkError::Truncated)?;
    let timestamps = decode_times(times, count)?;
    if timestamps.windows(2).any(|pair| matches!(pair, [a, b] if a >= b)) {
        return Err(ChunkError::Invalid("times do not ascend"));
    }
    let mut decoded = vec![0.0; usize::from(count)];
    decompress(values, &mut decoded)?;
    Ok((timestamps, decoded))
}

fn decode_times(bytes: &[u8], count: u16) -> Result<Vec<i64>, ChunkError> {
    let (mode, bytes) = bytes.split_first().ok_or(ChunkError::Truncated)?;
    match *mode {
        CONSTANT => {
            let mut reader = BitReader::new(bytes);
            let first = reader.read_signed().ok_or(ChunkError::Truncated)?;
            let step = reader.read_signed().ok_or(ChunkError::Truncated)?;
            Ok((0..i64::from(count)).map(|i| first.wrapping_add(step.wrapping_mul(i))).collect())
        }
        BITS => {
            let mut reader = BitReader::new(bytes);
            let (mut timestamp, mut step) = (0_i64, 0_i64);
            let mut timestamps = Vec::with_capacity(usize::from(count));
            for i in 0..count {
                step = step.wrapping_add(reader.read_signed().ok_or(ChunkError::Truncated)?);
                timestamp = timestamp.wrapping_add(step);
                if i == 0 {
                    step = 0;
                }
                timestamps.push(timestamp);
            }
            Ok(timestamps)
        }
        PCO => {
            let mut timestamps = vec![0; usize::from(count)];
            decompress(bytes, &mut timestamps)?;
            Ok(timestamps)
        }
        _ => Err(ChunkError::Invalid("unknown code of times")),
    }
}
