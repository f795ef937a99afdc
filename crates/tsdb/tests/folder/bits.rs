//! Writes streams of bits, for chunks.

/// Bits, the highest of each byte first.
#[derive(Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    pub(crate) fn after(header: &[u8]) -> Self {
        Self { bytes: header.to_vec(), used: 8 * header.len() }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn put(&mut self, value: u64, bits: u32) {
        for bit in (0..bits).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().unwrap();
            *last |= ((value >> bit & 1) as u8) << (7 - self.used % 8);
            self.used += 1;
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.put(u64::from(*byte), 8);
        }
    }

    pub(crate) fn varint(&mut self, value: i64) {
        self.bytes(&varint(value));
    }

    /// `ones` ones, and a zero unless there are `max` of them.
    pub(crate) fn ones(&mut self, ones: u32, max: u32) {
        self.put(u64::MAX, ones);
        self.put(0, u32::from(ones < max));
    }

    pub(crate) fn varbit(&mut self, value: i64) {
        let fits = |bits: u32| -(1_i64 << (bits - 1)) < value && value <= 1 << (bits - 1);
        self.bucketed(value as u64, value == 0, fits);
    }

    pub(crate) fn varbit_unsigned(&mut self, value: u64) {
        self.bucketed(value, value == 0, |bits| value < 1 << bits);
    }

    fn bucketed(&mut self, value: u64, is_zero: bool, fits: impl Fn(u32) -> bool) {
        let sizes = [3, 6, 9, 12, 18, 25, 56];
        if is_zero {
            return self.put(0, 1);
        }
        let place = sizes.iter().position(|size| fits(*size)).unwrap_or(7);
        self.ones(place as u32 + 1, 8);
        self.put(value, sizes.get(place).copied().unwrap_or(64));
    }
}

pub(crate) fn uvarint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub(crate) fn varint(value: i64) -> Vec<u8> {
    uvarint((value << 1 ^ value >> 63) as u64)
}

/// The place of the bits of a float that changed last.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place(Option<(u32, u32)>);

impl Place {
    /// Leading and trailing equal bits of a change, and whether the place is the one before.
    fn of(&mut self, change: u64) -> (u32, u32, bool) {
        let (leading, trailing) = (change.leading_zeros().min(31), change.trailing_zeros());
        match self.0 {
            Some((l, t)) if leading >= l && trailing >= t => (l, t, true),
            _ => {
                self.0 = Some((leading, trailing));
                (leading, trailing, false)
            }
        }
    }
}

impl Bits {
    /// The change of a float, without the control bits before a new place.
    pub(crate) fn change(
        &mut self,
        change: u64,
        place: &mut Place,
        same: (u64, u32),
        new: (u64, u32),
    ) {
        let (leading, trailing, is_same) = place.of(change);
        let significant = 64 - leading - trailing;
        if is_same {
            self.put(same.0, same.1);
        } else {
            self.put(new.0, new.1);
            self.put(leading.into(), 5);
            self.put(u64::from(significant), 6);
        }
        self.put(change >> trailing, significant);
    }

    pub(crate) fn xor(&mut self, value: f64, before: f64, place: &mut Place) {
        match value.to_bits() ^ before.to_bits() {
            0 => self.put(0, 1),
            change => self.change(change, place, (0b10, 2), (0b11, 2)),
        }
    }
}
