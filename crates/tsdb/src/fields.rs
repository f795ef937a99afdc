//! Reads numbers and texts from bytes. No input causes a panic.

use crate::error::{ENDS, Fault};

/// Bytes and a position in them. Numbers of a fixed length are big-endian; those of a variable
/// length are encoded as in Go's `encoding/binary`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Continues at a position.
    pub(crate) fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at: at.min(bytes.len()) }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    pub(crate) fn fault(&self, reason: &'static str) -> Fault {
        Fault { at: self.at, reason }
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..length).ok_or(self.fault(ENDS))?;
        self.at += length;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.first_chunk::<N>().ok_or(self.fault(ENDS))?;
        self.at += N;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Fault> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn f64(&mut self) -> Result<f64, Fault> {
        self.u64().map(f64::from_bits)
    }

    /// An unsigned number of seven bits per byte, the lowest first.
    pub(crate) fn uvarint(&mut self) -> Result<u64, Fault> {
        let start = *self;
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && byte > 1 {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(start.fault("a number has more than 64 bits"))
    }

    /// A signed number in zigzag encoding.
    pub(crate) fn varint(&mut self) -> Result<i64, Fault> {
        self.uvarint().map(from_zigzag)
    }

    /// A length or count.
    pub(crate) fn length(&mut self) -> Result<usize, Fault> {
        let start = *self;
        let length = self.uvarint()?;
        usize::try_from(length).map_err(|_| start.fault("a length is too large"))
    }

    /// Bytes after their length.
    pub(crate) fn prefixed(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.length()?;
        self.bytes(length)
    }

    /// Text after its length.
    pub(crate) fn text(&mut self) -> Result<&'a str, Fault> {
        let start = *self;
        let bytes = self.prefixed()?;
        std::str::from_utf8(bytes).map_err(|_| start.fault(NOT_TEXT))
    }
}

pub(crate) const NOT_TEXT: &str = "a text is not UTF-8";

pub(crate) fn from_zigzag(bits: u64) -> i64 {
    (bits >> 1) as i64 ^ -((bits & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_variable_length_end_at_64_bits() {
        let mut max = [0xff; 10];
        max[9] = 1;
        assert_eq!(Fields::new(&max).uvarint(), Ok(u64::MAX));
        assert_eq!(Fields::new(&max).varint(), Ok(i64::MIN));
        max[9] = 2;
        assert_eq!(
            Fields::new(&max).uvarint().map_err(|fault| fault.reason),
            Err("a number has more than 64 bits")
        );
        assert_eq!(Fields::new(&[0x80]).uvarint().map_err(|fault| fault.reason), Err(ENDS));
        assert_eq!(Fields::new(&[3, b'a', b'b']).text().map_err(|fault| fault.reason), Err(ENDS));
    }
}
