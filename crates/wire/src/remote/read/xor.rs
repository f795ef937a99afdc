//! Prometheus' chunk encoding 1, XOR.
//!
//! The number of samples as big-endian bytes, then a stream of bits: the first time and value, the
//! second time as a difference, further times as differences of differences, values as XOR with the
//! one before. Source: Prometheus' document "Chunks disk format", section "XOR chunk data", and
//! "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (VLDB 2015).

/// Bytes of the number of samples.
const HEADER_BYTES: usize = 2;
/// Bits of the differences of differences, by the number of ones before a zero.
const WIDTHS: [u32; 3] = [14, 17, 20];

/// Encodes up to 65,535 samples; further ones are left out.
pub(super) fn encode(times: &[i64], values: &[f64]) -> Vec<u8> {
    let count = u16::try_from(times.len().min(values.len())).unwrap_or(u16::MAX);
    let mut bits = BitWriter { bytes: count.to_be_bytes().to_vec(), free: 0 };
    let (mut last_time, mut step, mut last, mut window) = (0_i64, 0_i64, 0_u64, None);
    for (i, (time, value)) in times.iter().zip(values).take(count.into()).enumerate() {
        let next = time.wrapping_sub(last_time);
        match i {
            0 => bits.varint((*time << 1 ^ *time >> 63) as u64),
            1 => bits.varint(next as u64),
            _ => bits.step(next.wrapping_sub(step)),
        }
        let number = value.to_bits();
        if i == 0 {
            bits.write(number, 64);
        } else {
            window = bits.xor(number ^ last, window);
        }
        (last_time, step, last) = (*time, next, number);
    }
    bits.bytes
}

/// Leading zeros and significant bits of a value.
type Window = (u32, u32);

struct BitWriter {
    bytes: Vec<u8>,
    /// Unused low bits of the last byte.
    free: u32,
}

impl BitWriter {
    /// Appends the low bits of a number, highest first.
    fn write(&mut self, number: u64, mut width: u32) {
        while width > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let taken = width.min(self.free);
            let part = number >> (width - taken) & ((1 << taken) - 1);
            self.free -= taken;
            width -= taken;
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part as u8) << self.free;
            }
        }
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.write(number & 0x7f | 0x80, 8);
            number >>= 7;
        }
        self.write(number, 8);
    }

    /// A difference of differences.
    fn step(&mut self, step: i64) {
        if step == 0 {
            return self.write(0, 1);
        }
        for (ones, width) in (1..).zip(WIDTHS) {
            let half = 1_i64 << (width - 1);
            if (1 - half..=half).contains(&step) {
                self.write((1 << (ones + 1)) - 2, ones + 1);
                return self.write(step as u64, width);
            }
        }
        self.write(0b1111, 4);
        self.write(step as u64, 64);
    }

    /// A difference of values, within the window of an earlier one if it fits.
    fn xor(&mut self, difference: u64, window: Option<Window>) -> Option<Window> {
        if difference == 0 {
            self.write(0, 1);
            return window;
        }
        let leading = difference.leading_zeros().min(31);
        let trailing = difference.trailing_zeros();
        if let Some((open_leading, width)) = window {
            let open_trailing = 64 - open_leading - width;
            if leading >= open_leading && trailing >= open_trailing {
                self.write(0b10, 2);
                self.write(difference >> open_trailing, width);
                return window;
            }
        }
        let width = 64 - leading - trailing;
        self.write(0b11, 2);
        self.write(leading.into(), 5);
        // 64 is written as 0.
        self.write(u64::from(width & 63), 6);
        self.write(difference >> trailing, width);
        Some((leading, width))
    }
}

/// The number of samples that a chunk declares, as far as its length allows: each but the first has
/// at least two bits.
pub(super) fn samples(chunk: &[u8]) -> usize {
    let declared =
        chunk.first_chunk::<HEADER_BYTES>().map_or(0, |count| u16::from_be_bytes(*count));
    usize::from(declared).min(4 * chunk.len())
}

/// Calls `take` with each sample; `None` if the chunk is damaged.
pub(super) fn decode(chunk: &[u8], mut take: impl FnMut(i64, f64)) -> Option<()> {
    let (count, stream) = chunk.split_first_chunk::<HEADER_BYTES>()?;
    let mut bits = BitReader { rest: stream, used: 0 };
    let (mut time, mut step, mut value, mut window) = (0_i64, 0_i64, 0_u64, (0, 64));
    for i in 0..u16::from_be_bytes(*count) {
        if i == 0 {
            let number = bits.varint()?;
            time = (number >> 1) as i64 ^ -((number & 1) as i64);
            value = bits.read(64)?;
        } else {
            step = if i == 1 { bits.varint()? as i64 } else { step.wrapping_add(bits.step()?) };
            time = time.wrapping_add(step);
            value ^= bits.xor(&mut window)?;
        }
        take(time, f64::from_bits(value));
    }
    Some(())
}

struct BitReader<'a> {
    rest: &'a [u8],
    /// Bits of the first byte that are read.
    used: u32,
}

impl BitReader<'_> {
    fn read(&mut self, mut width: u32) -> Option<u64> {
        let mut number = 0;
        while width > 0 {
            let (first, rest) = self.rest.split_first()?;
            let taken = width.min(8 - self.used);
            let part = u64::from(*first) >> (8 - self.used - taken) & ((1 << taken) - 1);
            number = number << taken | part;
            width -= taken;
            self.used += taken;
            if self.used == 8 {
                (self.rest, self.used) = (rest, 0);
            }
        }
        Some(number)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.read(8)?;
            number |= (byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn step(&mut self) -> Option<i64> {
        let mut ones = 0;
        while ones < 4 && self.read(1)? == 1 {
            ones += 1;
        }
        match ones {
            0 => Some(0),
            4 => Some(self.read(64)? as i64),
            _ => {
                let width = *WIDTHS.get(ones - 1)?;
                let number = self.read(width)? as i64;
                let half = 1 << (width - 1);
                Some(if number > half { number - 2 * half } else { number })
            }
        }
    }

    fn xor(&mut self, window: &mut Window) -> Option<u64> {
        if self.read(1)? == 0 {
            return Some(0);
        }
        if self.read(1)? == 1 {
            let leading = self.read(5)? as u32;
            let width = match self.read(6)? as u32 {
                0 => 64,
                width => width,
            };
            // More bits than there are: damaged.
            *window = (leading + width <= 64).then_some((leading, width))?;
        }
        let (leading, width) = *window;
        Some(self.read(width)? << (64 - leading - width))
    }
}
