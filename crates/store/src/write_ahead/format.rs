//! The bytes of a write-ahead segment: see `docs/formats/write-ahead-log.md`.

use bytes::Bytes;
use signals::Timestamp;

use crate::StoreError;

/// Magic bytes at the start of a segment.
pub(crate) const MAGIC: [u8; 8] = *b"GLASSWAL";
/// The version that this program writes.
pub(crate) const VERSION: u32 = 2;
/// Bytes before the first record.
pub(crate) const SEGMENT_HEADER: usize = 48;
/// Bytes before a record's payload.
pub(crate) const RECORD_HEADER: usize = 32;
/// Maximum size of a payload, compressed or not.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 128 << 20;
/// The form of all payloads of this version: sections.
const SECTIONS: u8 = 16;
/// Payloads below this are not worth compressing.
const COMPRESS_FROM: usize = 256;

/// Identity of a log's writer: random, created with the folder, and never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct WriterId(pub(crate) [u8; 16]);

impl WriterId {
    /// 32 hexadecimal digits.
    pub(crate) fn to_hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let value = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(value.to_be_bytes()))
    }

    /// A new one, from the randomness that the standard library seeds its hash maps with.
    pub(crate) fn random() -> Self {
        use std::hash::{BuildHasher, RandomState};
        let half = |salt: u64| RandomState::new().hash_one(salt).to_be_bytes();
        let mut id = [0; 16];
        let (high, low) = id.split_at_mut(8);
        high.copy_from_slice(&half(1));
        low.copy_from_slice(&half(2));
        Self(id)
    }
}

/// The header of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) version: u32,
    pub(crate) writer: WriterId,
    /// The sequence of the first record, whether or not there is one yet.
    pub(crate) first_sequence: u64,
    pub(crate) created: Timestamp,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = Vec::with_capacity(SEGMENT_HEADER);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&self.writer.0);
        bytes.extend_from_slice(&self.first_sequence.to_le_bytes());
        bytes.extend_from_slice(&self.created.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let mut header = [0; SEGMENT_HEADER];
        header.copy_from_slice(&bytes);
        header
    }

    /// Decodes a header, or describes what is wrong with it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let whole = "shorter than a header";
        let (bytes, checksum) =
            bytes.get(..SEGMENT_HEADER).and_then(<[u8]>::split_last_chunk::<4>).ok_or(whole)?;
        let mut fields = Fields(bytes);
        if fields.take::<8>().ok_or(whole)? != MAGIC {
            return Err("not a write-ahead segment");
        }
        if crc32c::crc32c(bytes) != u32::from_le_bytes(*checksum) {
            return Err("wrong checksum of the header");
        }
        Ok(Self {
            version: u32::from_le_bytes(fields.take().ok_or(whole)?),
            writer: WriterId(fields.take().ok_or(whole)?),
            first_sequence: u64::from_le_bytes(fields.take().ok_or(whole)?),
            created: i64::from_le_bytes(fields.take().ok_or(whole)?),
        })
    }
}

/// The file name of a segment; names sort by sequence.
pub(crate) fn segment_name(first_sequence: u64) -> String {
    format!("{first_sequence:020}.log")
}

/// The sequence in a file name; `None` for names that are not a segment's.
pub(crate) fn parse_segment_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log").filter(|digits| digits.len() == 20)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// An encoded record without its sequence, which is assigned when it is written.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    received_at: Timestamp,
    is_compressed: bool,
    payload_bytes: u32,
    stored: Bytes,
}

impl Encoded {
    /// Compresses the payload if that is worthwhile.
    pub(crate) fn new(received_at: Timestamp, payload: Vec<u8>) -> Result<Self, StoreError> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            let message = format!("a request of {} bytes is over the log's bound", payload.len());
            return Err(StoreError::TooLarge(message));
        }
        let mut encoded = Self {
            received_at,
            is_compressed: false,
            payload_bytes: payload.len() as u32,
            stored: Bytes::new(),
        };
        if payload.len() >= COMPRESS_FROM {
            let compressed = lz4_flex::block::compress(&payload);
            if compressed.len() < payload.len() / 10 * 9 {
                encoded.is_compressed = true;
                encoded.stored = compressed.into();
                return Ok(encoded);
            }
        }
        encoded.stored = payload.into();
        Ok(encoded)
    }

    /// Size in the log, in bytes.
    pub(crate) fn stored_bytes(&self) -> usize {
        RECORD_HEADER + self.stored.len()
    }

    pub(crate) fn write(&self, writer: WriterId, sequence: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&(self.stored.len() as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&sequence.to_le_bytes());
        out.extend_from_slice(&self.received_at.to_le_bytes());
        out.push(SECTIONS);
        out.push(u8::from(self.is_compressed));
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(&self.payload_bytes.to_le_bytes());
        out.extend_from_slice(&self.stored);
        let checksum = checksum(writer, out.get(start..).unwrap_or_default());
        if let Some(field) = out.get_mut(start + 4..start + 8) {
            field.copy_from_slice(&checksum.to_le_bytes());
        }
    }
}

/// Covers the writer's id and the record without the checksum itself, so that a record of another
/// folder, or bytes inside a payload that look like one, do not pass.
fn checksum(writer: WriterId, record: &[u8]) -> u32 {
    let seed = crc32c::crc32c(&writer.0);
    let length = crc32c::crc32c_append(seed, record.get(..4).unwrap_or_default());
    crc32c::crc32c_append(length, record.get(8..).unwrap_or_default())
}

/// The fields of a record's header, not yet verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordHeader {
    pub(crate) stored_bytes: usize,
    pub(crate) sequence: u64,
    is_compressed: bool,
    payload_bytes: usize,
}

impl RecordHeader {
    /// Reads a header; `None` if no writer can have written it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes.get(..RECORD_HEADER)?);
        let stored_bytes = u32::from_le_bytes(fields.take()?) as usize;
        let _checksum: [u8; 4] = fields.take()?;
        let sequence = u64::from_le_bytes(fields.take()?);
        let _received_at: [u8; 8] = fields.take()?;
        let [format, compression, reserved @ ..] = fields.take::<4>()?;
        let payload_bytes = u32::from_le_bytes(fields.take()?) as usize;
        let is_compressed = compression == 1;
        let is_plausible = sequence > 0
            && format == SECTIONS
            && compression <= 1
            && reserved == [0; 2]
            && payload_bytes <= PAYLOAD_BYTES_MAX
            && if is_compressed {
                stored_bytes < payload_bytes
            } else {
                stored_bytes == payload_bytes
            };
        let header = Self { stored_bytes, sequence, is_compressed, payload_bytes };
        is_plausible.then_some(header)
    }

    /// Header and payload together.
    pub(crate) fn total_bytes(&self) -> usize {
        RECORD_HEADER + self.stored_bytes
    }

    /// Verifies a whole record and unpacks its payload.
    pub(crate) fn unpack(&self, writer: WriterId, bytes: &[u8]) -> Result<Bytes, &'static str> {
        let stored = bytes.get(RECORD_HEADER..self.total_bytes()).ok_or("cut off")?;
        let expected =
            bytes.get(4..8).and_then(|field| field.try_into().ok()).map(u32::from_le_bytes);
        let record = bytes.get(..self.total_bytes()).ok_or("cut off")?;
        if Some(checksum(writer, record)) != expected {
            return Err("wrong checksum");
        }
        Ok(if self.is_compressed {
            let mut payload = vec![0; self.payload_bytes];
            let length = lz4_flex::block::decompress_into(stored, &mut payload)
                .map_err(|_| "payload does not decompress")?;
            if length != self.payload_bytes {
                return Err("payload has another length than its header says");
            }
            payload.into()
        } else {
            Bytes::copy_from_slice(stored)
        })
    }
}

/// Takes fixed-size fields off the front of bytes.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}
