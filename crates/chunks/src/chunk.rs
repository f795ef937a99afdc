//! The chunk: codec, number of samples, payload and checksum.

use std::sync::Arc;

use arrow::buffer::Buffer;
use signals::metric::{Exemplar, NativeHistogram};

use crate::{exemplar, float, histogram, pco};

/// Samples per chunk of the head. More would not shrink it (decision 0003) but slow down reads.
pub const MAX_SAMPLES: u16 = 480;
/// Size at which a growing chunk is closed, whatever its number of samples.
pub(crate) const MAX_BYTES: usize = 6 * 1024;
/// Codec and number of samples.
pub(crate) const HEADER_BYTES: usize = 3;
/// CRC-32C of everything before it, little-endian.
pub(crate) const CHECKSUM_BYTES: usize = 4;

/// Why a chunk cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// It is shorter than what it says it holds.
    #[error("chunk ends too early")]
    Truncated,
    /// Its bytes have changed.
    #[error("chunk does not match its checksum")]
    Checksum,
    /// It was not written as it is described.
    #[error("chunk is invalid: {0}")]
    Invalid(&'static str),
}

/// How the samples of a chunk are encoded; the first byte of the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    /// Floats as XOR with the one before.
    Xor = 1,
    /// Floats in columns, by the library of this name.
    Pco = 2,
    /// Native histograms.
    Histogram = 6,
    /// Exemplars.
    Exemplar = 4,
    /// Whole numbers as deltas of deltas.
    Whole = 5,
}

impl Codec {
    fn from_byte(byte: u8) -> Option<Self> {
        let all = [Self::Xor, Self::Pco, Self::Histogram, Self::Exemplar, Self::Whole];
        all.into_iter().find(|codec| *codec as u8 == byte)
    }

    /// The value in the part's `codec` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xor => "xor",
            Self::Pco => "pco",
            Self::Histogram => "histogram",
            Self::Exemplar => "exemplar",
            Self::Whole => "whole",
        }
    }
}

/// Encoded samples with ascending times, and their metadata. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Time of the first sample, in milliseconds since 1970.
    pub min_ms: i64,
    /// Time of the last sample.
    pub max_ms: i64,
    /// Number of samples.
    pub count: u16,
    /// The encoded samples, with codec, number and checksum.
    pub bytes: Buffer,
    /// Start time of the counter, the same for all samples; absent where unknown.
    pub start_ms: Option<i64>,
}

/// Fills in the reserved header and appends the checksum.
pub(crate) fn seal(
    codec: Codec,
    count: u16,
    min_ms: i64,
    max_ms: i64,
    mut bytes: Vec<u8>,
) -> Chunk {
    let [low, high] = count.to_le_bytes();
    for (place, byte) in bytes.iter_mut().zip([codec as u8, low, high]) {
        *place = byte;
    }
    bytes.reserve_exact(CHECKSUM_BYTES);
    let checksum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes.shrink_to_fit();
    Chunk { min_ms, max_ms, count, bytes: Buffer::from_vec(bytes), start_ms: None }
}

impl Chunk {
    /// The codec, if it is a known one.
    pub fn codec(&self) -> Option<Codec> {
        Codec::from_byte(*self.bytes.first()?)
    }

    /// Whether it may have samples in `start_ms..=end_ms`.
    #[inline]
    pub fn overlaps(&self, start_ms: i64, end_ms: i64) -> bool {
        self.min_ms <= end_ms && self.max_ms >= start_ms
    }

    /// Verifies the checksum.
    ///
    /// # Errors
    /// [`ChunkError`] if the bytes do not match it.
    pub fn check(&self) -> Result<(), ChunkError> {
        self.open().map(|_| ())
    }

    /// Verifies the checksum and returns codec, number of samples and payload.
    fn open(&self) -> Result<(Codec, u16, &[u8]), ChunkError> {
        let (body, checksum) =
            self.bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(ChunkError::Truncated)?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*checksum) {
            return Err(ChunkError::Checksum);
        }
        let ([codec, low, high], payload) =
            body.split_first_chunk::<HEADER_BYTES>().ok_or(ChunkError::Truncated)?;
        let codec = Codec::from_byte(*codec).ok_or(ChunkError::Invalid("unknown codec"))?;
        Ok((codec, u16::from_le_bytes([*low, *high]), payload))
    }

    /// Appends the samples in `start_ms..=end_ms`, ascending; `histograms` gets native histograms.
    ///
    /// # Errors
    /// [`ChunkError`]; some samples may have been appended.
    pub fn decode(
        &self,
        start_ms: i64,
        end_ms: i64,
        timestamps: &mut Vec<i64>,
        values: &mut Vec<f64>,
        histograms: &mut Vec<(i64, Arc<NativeHistogram>)>,
    ) -> Result<(), ChunkError> {
        let (codec, count, payload) = self.open()?;
        match codec {
            Codec::Xor | Codec::Whole => {
                float::decode(codec, payload, count, |timestamp, value| {
                    if timestamp >= start_ms && timestamp <= end_ms {
                        timestamps.push(timestamp);
                        values.push(value);
                    }
                    timestamp <= end_ms
                })
            }
            Codec::Pco => {
                let (times, numbers) = pco::decode(payload, count)?;
                let from = times.partition_point(|t| *t < start_ms);
                let to = times.partition_point(|t| *t <= end_ms);
                timestamps.extend_from_slice(times.get(from..to).unwrap_or_default());
                values.extend_from_slice(numbers.get(from..to).unwrap_or_default());
                Ok(())
            }
            Codec::Histogram => histogram::decode(payload, count, |timestamp, histogram| {
                if timestamp >= start_ms && timestamp <= end_ms {
                    histograms.push((timestamp, Arc::new(histogram)));
                }
                timestamp <= end_ms
            }),
            Codec::Exemplar => Err(ChunkError::Invalid("exemplars where samples are expected")),
        }
    }

    /// The exemplars of an exemplar chunk.
    ///
    /// # Errors
    /// [`ChunkError`]
    pub fn exemplars(&self) -> Result<Vec<Exemplar>, ChunkError> {
        match self.open()? {
            (Codec::Exemplar, count, payload) => exemplar::decode(payload, count),
            _ => Err(ChunkError::Invalid("samples where exemplars are expected")),
        }
    }
}

/// Whole numbers up to here are exact as floats, and so are their differences as integers.
const WHOLE_MAX: f64 = (1_u64 << 53) as f64;

/// Whether the float is a whole number that an integer represents exactly; negative zero is not.
pub(crate) fn is_whole(value: f64) -> bool {
    value.abs() <= WHOLE_MAX && ((value as i64) as f64).to_bits() == value.to_bits()
}
