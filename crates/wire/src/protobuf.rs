//! A zero-copy protobuf reader: fields are parsed in place.
//!
//! Schema-independent. Each fault has an offset; callers add the names of the enclosing fields
//! while unwinding, so that successful parsing has no overhead.

pub(crate) mod writer;

use std::borrow::Cow;

use crate::WireError;

/// Maximum nesting of unknown groups.
const GROUP_DEPTH_MAX: usize = 100;

/// An error and its location. Boxed to keep results small.
#[derive(Debug)]
pub(crate) struct Fault(Box<FaultPlace>);

#[derive(Debug)]
struct FaultPlace {
    offset: usize,
    reason: &'static str,
    /// Innermost first.
    path: Vec<&'static str>,
}

impl Fault {
    fn new(offset: usize, reason: &'static str) -> Self {
        Self(Box::new(FaultPlace { offset, reason, path: Vec::new() }))
    }
}

impl From<Fault> for WireError {
    fn from(fault: Fault) -> Self {
        let FaultPlace { offset, reason, mut path } = *fault.0;
        path.reverse();
        Self::Protobuf { offset, path: path.join("."), reason }
    }
}

/// Adds the name of an enclosing field to an error.
pub(crate) trait Within<T> {
    fn within(self, field: &'static str) -> Result<T, Fault>;
}

impl<T> Within<T> for Result<T, Fault> {
    #[inline]
    fn within(self, field: &'static str) -> Self {
        self.map_err(|mut fault| {
            // For a very deep path the innermost and the outermost names suffice.
            let path = &mut fault.0.path;
            if path.len() == 16 {
                path.remove(8);
            }
            path.push(field);
            fault
        })
    }
}

/// The unread fields of a message.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Message<'a> {
    rest: &'a [u8],
    offset: usize,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    value: FieldValue<'a>,
    /// Offset of the tag.
    offset: usize,
    /// Offset of the end of the value.
    end: usize,
}

#[derive(Debug, Clone, Copy)]
enum FieldValue<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

impl<'a> Message<'a> {
    /// A complete body.
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body, offset: 0 }
    }

    /// The unread bytes.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.rest
    }

    /// The unread bytes that `later`, a later state of the same message, has read.
    pub(crate) fn bytes_until(&self, later: &Self) -> &'a [u8] {
        self.rest.get(..later.offset.saturating_sub(self.offset)).unwrap_or_default()
    }

    /// The fields 1, a `double`, and 2, a number, if they are all that is left, in this order: a
    /// sample of remote write. Otherwise nothing is read.
    #[inline]
    pub(crate) fn usual_sample(&mut self) -> Option<(f64, i64)> {
        let [0x09, rest @ ..] = self.rest else { return None };
        let (value, [0x10, varint @ ..]) = rest.split_first_chunk::<8>()? else { return None };
        let (last, more) =
            varint.split_last().filter(|(last, more)| **last < 0x80 && more.len() < 9)?;
        let mut number = u64::from(*last);
        for byte in more.iter().rev() {
            if *byte < 0x80 {
                return None;
            }
            number = number << 7 | u64::from(byte & 0x7f);
        }
        Some((f64::from_le_bytes(*value), number as i64))
    }

    /// Number of unread bytes.
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next field; `None` at the end. Groups, unused by all known messages, are skipped.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Field<'a>>, Fault> {
        while !self.rest.is_empty() {
            let offset = self.offset;
            let (number, wire_type) = self.tag()?;
            let value = match wire_type {
                0 => FieldValue::Varint(self.varint()?),
                1 => FieldValue::Fixed64(u64::from_le_bytes(self.array()?)),
                2 => FieldValue::Bytes(self.delimited()?),
                5 => FieldValue::Fixed32(u32::from_le_bytes(self.array()?)),
                3 => {
                    self.skip_group(number)?;
                    continue;
                }
                4 => return Err(Fault::new(offset, "unmatched end of group")),
                _ => return Err(Fault::new(offset, "unknown wire type")),
            };
            return Ok(Some(Field { number, value, offset, end: self.offset }));
        }
        Ok(None)
    }

    /// The next message of a stream of messages, each preceded by its length.
    pub(crate) fn delimited_message(&mut self) -> Result<Option<Self>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let rest = self.delimited()?;
        Ok(Some(Self { rest, offset: self.offset - rest.len() }))
    }

    /// Offset of the next field from the start of the body.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    #[inline]
    fn tag(&mut self) -> Result<(u32, u8), Fault> {
        let offset = self.offset;
        let tag = u32::try_from(self.varint()?)
            .map_err(|_| Fault::new(offset, "field number is too large"))?;
        if tag >> 3 == 0 {
            return Err(Fault::new(offset, "field number is zero"));
        }
        Ok((tag >> 3, (tag & 7) as u8))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Fault> {
        if let [byte @ 0..0x80, ..] = self.rest {
            let value = u64::from(*byte);
            self.advance(1);
            return Ok(value);
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for (i, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * i);
            if *byte < 0x80 {
                if i == 9 && *byte > 1 {
                    break;
                }
                self.advance(i + 1);
                return Ok(value);
            }
        }
        let reason =
            if self.rest.len() < 10 { "ends within a number" } else { "number is too long" };
        Err(Fault::new(self.offset, reason))
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let Some((array, _)) = self.rest.split_first_chunk::<N>() else {
            return Err(Fault::new(self.offset, "ends within a number"));
        };
        self.advance(N);
        Ok(*array)
    }

    #[inline]
    fn delimited(&mut self) -> Result<&'a [u8], Fault> {
        let offset = self.offset;
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let Some((bytes, _)) = self.rest.split_at_checked(length) else {
            return Err(Fault::new(offset, "length exceeds the message"));
        };
        self.advance(length);
        Ok(bytes)
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.offset += count;
    }

    /// Skips a group without recursion.
    fn skip_group(&mut self, number: u32) -> Result<(), Fault> {
        let mut open = vec![number];
        while let Some(innermost) = open.last() {
            if self.rest.is_empty() {
                return Err(Fault::new(self.offset, "ends within a group"));
            }
            let offset = self.offset;
            let (number, wire_type) = self.tag()?;
            match wire_type {
                0 => drop(self.varint()?),
                1 => drop(self.array::<8>()?),
                2 => drop(self.delimited()?),
                5 => drop(self.array::<4>()?),
                3 if open.len() < GROUP_DEPTH_MAX => open.push(number),
                3 => return Err(Fault::new(offset, "groups are nested too deeply")),
                4 if number == *innermost => drop(open.pop()),
                4 => return Err(Fault::new(offset, "unmatched end of group")),
                _ => return Err(Fault::new(offset, "unknown wire type")),
            }
        }
        Ok(())
    }
}

const WRONG_TYPE: &str = "field has the wrong wire type";

impl<'a> Field<'a> {
    fn wrong_type(&self) -> Fault {
        Fault::new(self.offset, WRONG_TYPE)
    }

    /// An error at this field.
    pub(crate) fn fault(&self, reason: &'static str) -> Fault {
        Fault::new(self.offset, reason)
    }

    /// The bits of a `uint64`, `int64`, `uint32`, `int32`, `bool` or enum.
    pub(crate) fn varint(&self) -> Result<u64, Fault> {
        if let FieldValue::Varint(value) = self.value { Ok(value) } else { Err(self.wrong_type()) }
    }

    /// A `uint32`; higher bits are truncated, as in every protobuf decoder.
    pub(crate) fn uint32(&self) -> Result<u32, Fault> {
        Ok(self.varint()? as u32)
    }

    /// `sint32`
    pub(crate) fn sint32(&self) -> Result<i32, Fault> {
        let bits = self.uint32()?;
        Ok((bits >> 1) as i32 ^ -((bits & 1) as i32))
    }

    /// An `int32` or enum.
    pub(crate) fn int32(&self) -> Result<i32, Fault> {
        Ok(self.varint()? as i32)
    }

    /// The bits of a `fixed64` or `sfixed64`.
    pub(crate) fn fixed64(&self) -> Result<u64, Fault> {
        if let FieldValue::Fixed64(value) = self.value { Ok(value) } else { Err(self.wrong_type()) }
    }

    /// `fixed32`
    pub(crate) fn fixed32(&self) -> Result<u32, Fault> {
        if let FieldValue::Fixed32(value) = self.value { Ok(value) } else { Err(self.wrong_type()) }
    }

    /// `double`
    pub(crate) fn double(&self) -> Result<f64, Fault> {
        self.fixed64().map(f64::from_bits)
    }

    /// `bytes`
    #[inline]
    pub(crate) fn bytes(&self) -> Result<&'a [u8], Fault> {
        if let FieldValue::Bytes(bytes) = self.value { Ok(bytes) } else { Err(self.wrong_type()) }
    }

    /// A `string`. Invalid UTF-8 is replaced by U+FFFD: one invalid text must not cost the batch.
    #[inline]
    pub(crate) fn text(&self) -> Result<Cow<'a, str>, Fault> {
        // Checking first is faster: almost all texts are UTF-8.
        let text = |bytes| match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        };
        self.bytes().map(text)
    }

    /// A nested message.
    #[inline]
    pub(crate) fn message(&self) -> Result<Message<'a>, Fault> {
        let rest = self.bytes()?;
        Ok(Message { rest, offset: self.end - rest.len() })
    }

    /// Appends a repeated `fixed64` or `double`, packed or not, as bits. Returns whether all values
    /// fit within `max`.
    pub(crate) fn push_fixed64s(&self, values: &mut Vec<u64>, max: usize) -> Result<bool, Fault> {
        match self.value {
            FieldValue::Fixed64(value) => {
                values.push(value);
                Ok(values.len() <= max)
            }
            FieldValue::Bytes(bytes) => {
                let (chunks, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(self.fault("packed numbers end within a number"));
                }
                if values.len() + chunks.len() > max {
                    return Ok(false);
                }
                values.extend(chunks.iter().map(|chunk| u64::from_le_bytes(*chunk)));
                Ok(true)
            }
            _ => Err(self.wrong_type()),
        }
    }

    /// Calls `take` with each value of a repeated `uint32` or `uint64`, packed or not.
    #[inline]
    pub(crate) fn each_varint(&self, mut take: impl FnMut(u64)) -> Result<(), Fault> {
        match self.value {
            FieldValue::Varint(value) => take(value),
            FieldValue::Bytes(_) => {
                let mut packed = self.message()?;
                while !packed.rest.is_empty() {
                    take(packed.varint()?);
                }
            }
            _ => return Err(self.wrong_type()),
        }
        Ok(())
    }

    /// Appends a repeated `uint64`, packed or not. Returns whether all values fit within `max`.
    pub(crate) fn push_varints(&self, values: &mut Vec<u64>, max: usize) -> Result<bool, Fault> {
        match self.value {
            FieldValue::Varint(value) => values.push(value),
            FieldValue::Bytes(_) => {
                let mut packed = self.message()?;
                while !packed.rest.is_empty() && values.len() <= max {
                    values.push(packed.varint()?);
                }
            }
            _ => return Err(self.wrong_type()),
        }
        Ok(values.len() <= max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(bytes: &[u8]) -> Result<Vec<u32>, String> {
        let mut message = Message::new(bytes);
        let mut numbers = Vec::new();
        loop {
            match message.next() {
                Ok(Some(field)) => numbers.push(field.number),
                Ok(None) => return Ok(numbers),
                Err(fault) => return Err(WireError::from(fault).to_string()),
            }
        }
    }

    #[test]
    fn fields_of_every_wire_type_are_walked() {
        let bytes = [8, 1, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 1, b'x', 0x25, 1, 2, 3, 4];
        assert_eq!(walk(&bytes), Ok(vec![1, 2, 3, 4]));
    }

    #[test]
    fn groups_are_skipped_with_all_that_is_in_them() {
        // group 5 { 1: 1, group 6 {} } then 2: 7
        assert_eq!(walk(&[0x2b, 8, 1, 0x33, 0x34, 0x2c, 16, 7]), Ok(vec![2]));
    }

    #[test]
    fn broken_bytes_are_errors_that_say_where() {
        for (bytes, expected) in [
            (&[0x80][..], "byte 0 in : ends within a number"),
            (&[0xff; 11], "byte 0 in : number is too long"),
            (&[0], "byte 0 in : field number is zero"),
            (&[8, 1, 0x1a, 200, 1], "byte 3 in : length exceeds the message"),
            (&[0x0e], "byte 0 in : unknown wire type"),
            (&[0x0c], "byte 0 in : unmatched end of group"),
            (&[0x0b, 0x14], "byte 1 in : unmatched end of group"),
            (&[0x0b], "byte 1 in : ends within a group"),
            (&vec![0x0b; 2_000_000], "byte 100 in : groups are nested too deeply"),
        ] {
            let error = walk(bytes).unwrap_err();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
