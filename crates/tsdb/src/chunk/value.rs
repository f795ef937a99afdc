//! Floats, each as the difference to the one before.
//!
//! Source: Prometheus' package `chunkenc`, `xorRead`.

use super::bits::Bits;
use crate::error::Fault;

/// A float and the place of the bits that changed last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Value {
    pub(super) bits: u64,
    /// Equal bits from the highest and from the lowest bit on; their sum is at most 63.
    leading: u32,
    trailing: u32,
}

impl Value {
    pub(super) fn float(self) -> f64 {
        f64::from_bits(self.bits)
    }

    /// Reads a whole float.
    pub(super) fn read_whole(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        self.bits = bits.take(64)?;
        Ok(())
    }

    /// Reads the difference to the next float: nothing, bits in the same place, or bits in a new
    /// place.
    #[inline]
    pub(super) fn read(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        match bits.ones(2)? {
            0 => Ok(()),
            1 => self.read_in_place(bits),
            _ => self.read_in_new_place(bits),
        }
    }

    #[inline]
    pub(super) fn read_in_place(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        self.bits ^= bits.take(64 - self.leading - self.trailing)? << self.trailing;
        Ok(())
    }

    pub(super) fn read_in_new_place(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        let place = bits.take(11)? as u32;
        let leading = place >> 6;
        // All 64 bits are written as none.
        let significant = match place & 0x3f {
            0 => 64,
            bits => bits,
        };
        let Some(trailing) = 64_u32.checked_sub(leading + significant) else {
            return Err(bits.fault("a float has more than 64 bits"));
        };
        (self.leading, self.trailing) = (leading, trailing);
        self.read_in_place(bits)
    }
}
