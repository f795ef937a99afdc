//! Bit streams, most significant bit first, and the two codes that all chunk codecs share: signed
//! integers that are mostly near zero, and floats that resemble the previous one.

/// Minimum growth of the buffer; more as the chunk grows, so that the allocator sees few sizes and
/// wastes little between them.
const GROWTH_BYTES: usize = 48;
/// Payload widths of the signed code after a prefix of 1, 2, … ones; the last has no closing zero.
const SIGNED_WIDTHS: [u32; 5] = [6, 12, 20, 44, 64];

/// Appends bits to bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Unused low bits of the last byte.
    free: u32,
}

impl BitWriter {
    /// Continues after whole bytes.
    pub(super) fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, free: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Writes the low `count` bits of `value`; `count` is at most 64.
    pub(super) fn write(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                if self.bytes.len() == self.bytes.capacity() {
                    self.bytes.reserve_exact(GROWTH_BYTES.max(self.bytes.len() / 2));
                }
                self.bytes.push(0);
                self.free = 8;
            }
            let taken = left.min(self.free);
            let bits = (value >> (left - taken)) as u8 & (0xff_u8 >> (8 - taken));
            if let Some(last) = self.bytes.last_mut() {
                *last |= bits << (self.free - taken);
            }
            self.free -= taken;
            left -= taken;
        }
    }

    /// Writes a signed integer: `0` for zero, else ones that select the width, then the bits.
    pub(super) fn write_signed(&mut self, value: i64) {
        if value == 0 {
            return self.write(0, 1);
        }
        for (rank, width) in (1..).zip(SIGNED_WIDTHS) {
            let is_widest = width == 64;
            if is_widest || (value >> (width - 1) == 0) || (value >> (width - 1) == -1) {
                let (prefix, length) = if is_widest {
                    ((1 << rank) - 1, rank)
                } else {
                    ((1 << (rank + 1)) - 2, rank + 1)
                };
                self.write(prefix, length);
                return self.write(value as u64, width);
            }
        }
    }
}

/// Reads what [`BitWriter`] wrote; `None` past the end.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The next bits, left-aligned; bits after the first `buffered` are a correct preview or zeros.
    buffer: u64,
    buffered: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, buffer: 0, buffered: 0 }
    }

    fn refill(&mut self) {
        if let Some(word) = self.bytes.first_chunk::<8>() {
            self.buffer |= u64::from_be_bytes(*word) >> self.buffered;
            let taken = (63 - self.buffered) / 8;
            self.bytes = self.bytes.get(taken as usize..).unwrap_or_default();
            self.buffered += taken * 8;
        } else {
            while self.buffered <= 56 {
                let Some((byte, rest)) = self.bytes.split_first() else { return };
                self.buffer |= u64::from(*byte) << (56 - self.buffered);
                self.buffered += 8;
                self.bytes = rest;
            }
        }
    }

    /// Reads `count` bits, at most 64.
    #[inline]
    pub(super) fn read(&mut self, count: u32) -> Option<u64> {
        if count > 32 {
            let high = self.read_short(count - 32)?;
            return Some((high << 32) | self.read_short(32)?);
        }
        self.read_short(count)
    }

    #[inline]
    fn read_short(&mut self, count: u32) -> Option<u64> {
        if self.buffered < count {
            self.refill();
            if self.buffered < count {
                return None;
            }
        }
        if count == 0 {
            return Some(0);
        }
        let value = self.buffer >> (64 - count);
        self.buffer <<= count;
        self.buffered -= count;
        Some(value)
    }

    #[inline]
    pub(super) fn read_bit(&mut self) -> Option<bool> {
        Some(self.read_short(1)? == 1)
    }

    /// Reads what [`BitWriter::write_signed`] wrote.
    #[inline]
    pub(super) fn read_signed(&mut self) -> Option<i64> {
        if !self.read_bit()? {
            return Some(0);
        }
        for width in SIGNED_WIDTHS {
            if width == 64 || !self.read_bit()? {
                let unused = 64 - width;
                return Some((self.read(width)? as i64) << unused >> unused);
            }
        }
        None
    }
}

/// State of the float code: the previous value and the window of its meaningful XOR bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloatState {
    bits: u64,
    leading: u8,
    trailing: u8,
}

impl Default for FloatState {
    fn default() -> Self {
        Self { bits: 0, leading: u8::MAX, trailing: 0 }
    }
}

impl FloatState {
    /// Writes `0` for the same value; `10` and the meaningful bits of the XOR in the previous
    /// window; `11`, 5 bits of leading zeros, 6 bits of length minus one, and the bits.
    pub(super) fn write(&mut self, writer: &mut BitWriter, bits: u64) {
        let difference = bits ^ self.bits;
        self.bits = bits;
        if difference == 0 {
            return writer.write(0, 1);
        }
        let leading = difference.leading_zeros().min(31) as u8;
        let trailing = difference.trailing_zeros() as u8;
        if self.leading != u8::MAX && leading >= self.leading && trailing >= self.trailing {
            writer.write(0b10, 2);
            let length = 64 - u32::from(self.leading) - u32::from(self.trailing);
            return writer.write(difference >> self.trailing, length);
        }
        (self.leading, self.trailing) = (leading, trailing);
        let length = 64 - u32::from(leading) - u32::from(trailing);
        writer.write(0b11, 2);
        writer.write(u64::from(leading), 5);
        writer.write(u64::from(length - 1), 6);
        writer.write(difference >> trailing, length);
    }

    /// Reads what [`Self::write`] wrote; `None` past the end or for an impossible window.
    #[inline]
    pub(super) fn read(&mut self, reader: &mut BitReader<'_>) -> Option<u64> {
        if !reader.read_bit()? {
            return Some(self.bits);
        }
        if reader.read_bit()? {
            let header = reader.read(11)? as u32;
            let (leading, length) = (header >> 6, (header & 63) + 1);
            let trailing = 64_u32.checked_sub(leading + length)?;
            (self.leading, self.trailing) = (leading as u8, trailing as u8);
        } else if self.leading == u8::MAX {
            return None;
        }
        let length = 64 - u32::from(self.leading) - u32::from(self.trailing);
        self.bits ^= reader.read(length)? << self.trailing;
        Some(self.bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn signed_integers_take_the_bits_the_format_says() {
        let cases = [
            (0, 1),
            (1, 8),
            (-32, 8),
            (31, 8),
            (32, 15),
            (2047, 15),
            (15_000, 24),
            (1 << 43, 69),
            (-(1 << 43), 49),
            (i64::MIN, 69),
            (i64::MAX, 69),
        ];
        for (value, length) in cases {
            let mut writer = BitWriter::default();
            writer.write_signed(value);
            assert_eq!(writer.bytes.len() * 8 - writer.free as usize, length, "{value}");
            assert_eq!(BitReader::new(writer.bytes()).read_signed(), Some(value));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec((any::<u64>(), 0_u32..=64, any::<i64>(), any::<f64>()), 0..200)) {
            let mut writer = BitWriter::default();
            let mut floats = FloatState::default();
            for (bits, count, signed, float) in &values {
                writer.write(*bits, *count);
                writer.write_signed(*signed);
                floats.write(&mut writer, float.to_bits());
            }
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            let mut floats = FloatState::default();
            for (bits, count, signed, float) in &values {
                let mask = if *count == 64 { u64::MAX } else { (1 << count) - 1 };
                prop_assert_eq!(reader.read(*count), Some(bits & mask));
                prop_assert_eq!(reader.read_signed(), Some(*signed));
                prop_assert_eq!(floats.read(&mut reader), Some(float.to_bits()));
            }
            prop_assert!(reader.read(8).is_none());
        }
    }
}
