//! Floats with times as differences of differences.
//!
//! Source: Prometheus' package `chunkenc`, `xor.go`.

use super::bits::Bits;
use super::value::Value;
use crate::error::Fault;

/// Sizes in bits of a difference of differences after 0 to 4 ones.
const SIZES: [u32; 5] = [0, 14, 17, 20, 64];

#[derive(Debug, Default)]
pub(super) struct Xor {
    /// Samples that were read, up to two.
    read: u8,
    time_ms: i64,
    delta_ms: i64,
    value: Value,
}

impl Xor {
    pub(super) fn value(&self) -> f64 {
        self.value.float()
    }

    /// Reads the next sample and returns its time.
    #[inline]
    pub(super) fn advance(&mut self, bits: &mut Bits) -> Result<i64, Fault> {
        if self.read < 2 {
            return self.first(bits);
        }
        let ones = bits.ones(4)?;
        if ones > 0 {
            let size = SIZES.get(ones as usize).copied().unwrap_or_default();
            self.delta_ms = self.delta_ms.wrapping_add(bits.take_signed(size)?);
        }
        self.time_ms = self.time_ms.wrapping_add(self.delta_ms);
        self.value.read(bits)?;
        Ok(self.time_ms)
    }

    /// Reads the first or the second sample.
    fn first(&mut self, bits: &mut Bits) -> Result<i64, Fault> {
        if self.read == 0 {
            self.time_ms = bits.varint()?;
            self.value.read_whole(bits)?;
        } else {
            self.delta_ms = bits.uvarint()? as i64;
            self.time_ms = self.time_ms.wrapping_add(self.delta_ms);
            self.value.read(bits)?;
        }
        self.read += 1;
        Ok(self.time_ms)
    }
}
