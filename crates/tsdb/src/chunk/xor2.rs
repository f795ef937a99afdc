//! Floats with start times; the bits of times and values are interleaved.
//!
//! Source: Prometheus' package `chunkenc`, `xor2.go`.

use signals::metric::STALE_NAN_BITS;

use super::bits::Bits;
use super::start::Start;
use super::value::Value;
use crate::error::Fault;

#[derive(Debug)]
pub(super) struct Xor2 {
    /// Samples that were read, up to two.
    read: u8,
    time_ms: i64,
    delta_ms: i64,
    /// The last value that is not the staleness marker.
    value: Value,
    is_stale: bool,
    start: Start,
}

impl Xor2 {
    /// From the byte of the header that describes start times.
    pub(super) fn new(header: u8) -> Self {
        Self {
            read: 0,
            time_ms: 0,
            delta_ms: 0,
            value: Value::default(),
            is_stale: false,
            start: Start::new(header),
        }
    }

    pub(super) fn value(&self) -> f64 {
        if self.is_stale { f64::from_bits(STALE_NAN_BITS) } else { self.value.float() }
    }

    pub(super) fn start_ms(&self) -> i64 {
        self.start.start_ms()
    }

    /// Reads the next sample and returns its time.
    #[inline]
    pub(super) fn advance(&mut self, bits: &mut Bits) -> Result<i64, Fault> {
        let previous_ms = self.time_ms;
        self.is_stale = false;
        match self.read {
            0 => self.first(bits)?,
            1 => {
                self.read = 2;
                self.delta_ms = bits.uvarint()? as i64;
                self.time_ms = previous_ms.wrapping_add(self.delta_ms);
                self.changed_value(bits)?;
            }
            _ => self.next(bits)?,
        }
        self.start.advance(bits, self.time_ms, previous_ms)?;
        Ok(self.time_ms)
    }

    fn first(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        self.read = 1;
        self.time_ms = bits.varint()?;
        self.value.read_whole(bits)?;
        if self.value.bits == STALE_NAN_BITS {
            self.is_stale = true;
            self.value = Value::default();
        }
        Ok(())
    }

    #[inline]
    fn next(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        let control = bits.ones(5)?;
        if let Some(size) = [13, 20, 64].get((control as usize).wrapping_sub(2)) {
            // Two's complement, unlike in other encodings.
            let unused = 64 - size;
            let change = (bits.take(*size)? << unused) as i64 >> unused;
            self.delta_ms = self.delta_ms.wrapping_add(change);
        }
        self.time_ms = self.time_ms.wrapping_add(self.delta_ms);
        match control {
            0 => Ok(()),
            1 => match bits.ones(1)? {
                0 => self.value.read_in_place(bits),
                _ => self.value.read_in_new_place(bits),
            },
            5 => {
                self.is_stale = true;
                Ok(())
            }
            _ => self.changed_value(bits),
        }
    }

    /// The value of a sample whose time has its own bits.
    fn changed_value(&mut self, bits: &mut Bits) -> Result<(), Fault> {
        match bits.ones(3)? {
            0 => {}
            1 => self.value.read_in_place(bits)?,
            2 => self.value.read_in_new_place(bits)?,
            _ => self.is_stale = true,
        }
        Ok(())
    }
}
