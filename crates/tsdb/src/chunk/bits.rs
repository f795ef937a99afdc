//! A stream of bits, the highest of each byte first.
//!
//! Source: Prometheus' documents `bstream.md` and `chunks.md`, and its package `chunkenc`,
//! `varbit.go`.

use crate::error::{ENDS, Fault};
use crate::fields::from_zigzag;

/// Zero bytes after the stream, so that eight bytes can be read at any position in it.
const PADDING: [u8; 8] = [0; 8];

/// Sizes in bits of the numbers after 1 to 8 ones.
const SIZES: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Position in bits.
    at: usize,
    /// Length in bits.
    end: usize,
}

impl Bits {
    /// Begins a stream after the first bytes of the data.
    pub(super) fn load(&mut self, data: &[u8], skipped: usize) {
        self.bytes.clear();
        self.bytes.extend_from_slice(data);
        self.bytes.extend_from_slice(&PADDING);
        self.end = 8 * data.len();
        self.at = (8 * skipped).min(self.end);
    }

    #[cold]
    pub(super) fn fault(&self, reason: &'static str) -> Fault {
        Fault { at: self.at / 8, reason }
    }

    /// Bits that are left.
    pub(super) fn remaining(&self) -> usize {
        self.end - self.at
    }

    /// The next bits from the highest one on; at least 57 are set where the stream has them.
    #[inline]
    fn word(&self) -> u64 {
        let bytes = self.bytes.get(self.at / 8..).and_then(<[u8]>::first_chunk::<8>);
        bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes) << (self.at % 8))
    }

    #[inline]
    fn skip(&mut self, bits: u32) -> Result<(), Fault> {
        if self.remaining() < bits as usize {
            return Err(self.fault(ENDS));
        }
        self.at += bits as usize;
        Ok(())
    }

    /// The next bits as a number; 64 at most.
    #[inline]
    pub(super) fn take(&mut self, bits: u32) -> Result<u64, Fault> {
        if bits > 57 {
            return Ok(self.take(bits - 32)? << 32 | self.take(32)?);
        }
        let word = self.word();
        self.skip(bits)?;
        Ok(word.checked_shr(64 - bits).unwrap_or_default())
    }

    /// The next bits as a signed number as [`Prometheus`](self) encodes it: of `n` bits, the
    /// largest is `2^(n - 1)`.
    #[inline]
    pub(super) fn take_signed(&mut self, bits: u32) -> Result<i64, Fault> {
        let number = self.take(bits)?;
        if (1..64).contains(&bits) && number > 1 << (bits - 1) {
            return Ok(number.wrapping_sub(1 << bits) as i64);
        }
        Ok(number as i64)
    }

    /// Counts ones up to a zero, which is consumed, or up to `max` of them.
    #[inline]
    pub(super) fn ones(&mut self, max: u32) -> Result<u32, Fault> {
        let ones = self.word().leading_ones().min(max);
        self.skip((ones + 1).min(max))?;
        Ok(ones)
    }

    /// A signed number of a variable number of bits.
    pub(super) fn varbit(&mut self) -> Result<i64, Fault> {
        let ones = self.ones(8)?;
        self.take_signed(SIZES.get(ones as usize).copied().unwrap_or_default())
    }

    /// An unsigned number of a variable number of bits.
    pub(super) fn varbit_unsigned(&mut self) -> Result<u64, Fault> {
        let ones = self.ones(8)?;
        self.take(SIZES.get(ones as usize).copied().unwrap_or_default())
    }

    /// An unsigned number of a variable number of bytes, which begin at any bit.
    pub(super) fn uvarint(&mut self) -> Result<u64, Fault> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(8)?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.fault("a number has more than 64 bits"))
    }

    /// A signed number of a variable number of bytes.
    pub(super) fn varint(&mut self) -> Result<i64, Fault> {
        self.uvarint().map(from_zigzag)
    }
}
