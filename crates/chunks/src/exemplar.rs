//! Exemplars of one series, written at flush. Not appended to: the head keeps exemplars decoded.

use signals::Labels;
use signals::metric::Exemplar;

use crate::chunk::{Chunk, ChunkError, Codec, HEADER_BYTES, seal};
use crate::varint::{from_zigzag, push_varint, take_sized, take_varint, zigzag};

/// Encodes exemplars in order of time; `None` when there are none or more than 65,535.
pub fn encode(exemplars: &[Exemplar]) -> Option<Chunk> {
    let (first, last) = (exemplars.first()?, exemplars.last()?);
    let count = u16::try_from(exemplars.len()).ok()?;
    let mut bytes = vec![0; HEADER_BYTES];
    let mut previous = 0_i64;
    for exemplar in exemplars {
        push_varint(&mut bytes, zigzag(exemplar.timestamp_ms.wrapping_sub(previous)));
        previous = exemplar.timestamp_ms;
        bytes.extend_from_slice(&exemplar.value.to_bits().to_le_bytes());
        push_varint(&mut bytes, exemplar.labels.as_bytes().len() as u64);
        bytes.extend_from_slice(exemplar.labels.as_bytes());
    }
    Some(seal(Codec::Exemplar, count, first.timestamp_ms, last.timestamp_ms, bytes))
}

pub(super) fn decode(payload: &[u8], count: u16) -> Result<Vec<Exemplar>, ChunkError> {
    let mut rest = payload;
    let mut timestamp_ms = 0_i64;
    let mut exemplars = Vec::new();
    for _ in 0..count {
        let step = take_varint(&mut rest).ok_or(ChunkError::Truncated)?;
        timestamp_ms = timestamp_ms.wrapping_add(from_zigzag(step));
        let (bits, tail) = rest.split_first_chunk::<8>().ok_or(ChunkError::Truncated)?;
        rest = tail;
        let labels = take_sized(&mut rest).ok_or(ChunkError::Truncated)?;
        let labels =
            Labels::from_bytes(labels).ok_or(ChunkError::Invalid("labels of an exemplar"))?;
        let value = f64::from_bits(u64::from_le_bytes(*bits));
        exemplars.push(Exemplar { series: 0, timestamp_ms, value, labels });
    }
    Ok(exemplars)
}
