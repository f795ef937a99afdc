//! Writes protobuf messages. Default values are left out, as in proto3, unless a method says so.

/// A message under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn varint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.varint_always(number, value);
        }
    }

    /// Also writes 0: a member of a `oneof`.
    pub(crate) fn varint_always(&mut self, number: u32, value: u64) {
        self.tag(number, 0);
        self.raw_varint(value);
    }

    /// `sint32` and `sint64`
    pub(crate) fn sint(&mut self, number: u32, value: i64) {
        self.varint(number, zigzag(value));
    }

    pub(crate) fn double(&mut self, number: u32, value: f64) {
        if value.to_bits() != 0 {
            self.double_always(number, value);
        }
    }

    /// Also writes 0: a member of a `oneof`.
    pub(crate) fn double_always(&mut self, number: u32, value: f64) {
        self.tag(number, 1);
        self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    pub(crate) fn text(&mut self, number: u32, text: &str) {
        if !text.is_empty() {
            self.bytes_always(number, text.as_bytes());
        }
    }

    /// Also writes empty bytes: an item of a repeated field.
    pub(crate) fn bytes_always(&mut self, number: u32, bytes: &[u8]) {
        self.tag(number, 2);
        self.raw_varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn packed_doubles(&mut self, number: u32, values: &[f64]) {
        if !values.is_empty() {
            self.tag(number, 2);
            self.raw_varint(8 * values.len() as u64);
            self.bytes.extend(values.iter().flat_map(|value| value.to_bits().to_le_bytes()));
        }
    }

    pub(crate) fn packed_sints(&mut self, number: u32, values: impl Iterator<Item = i64>) {
        self.packed_varints(number, values.map(zigzag));
    }

    pub(crate) fn packed_varints(&mut self, number: u32, values: impl Iterator<Item = u64>) {
        let mut values = values.peekable();
        if values.peek().is_some() {
            self.message(number, |writer| values.for_each(|value| writer.raw_varint(value)));
        }
    }

    /// A nested message, also if it is empty.
    pub(crate) fn message(&mut self, number: u32, content: impl FnOnce(&mut Self)) {
        self.tag(number, 2);
        let start = self.bytes.len();
        content(self);
        let end = self.bytes.len();
        // The length is written after the message and moved before it: most messages are short.
        self.raw_varint((end - start) as u64);
        let prefix = self.bytes.len() - end;
        if let Some(moved) = self.bytes.get_mut(start..) {
            moved.rotate_right(prefix);
        }
    }

    /// A message with its length before it: an item of a delimited stream.
    pub(crate) fn delimited(&mut self, message: &[u8]) {
        self.raw_varint(message.len() as u64);
        self.bytes.extend_from_slice(message);
    }

    fn tag(&mut self, number: u32, wire_type: u32) {
        self.raw_varint(u64::from(number << 3 | wire_type));
    }

    pub(crate) fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}
