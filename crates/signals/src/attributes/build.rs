//! Builds the two columns that hold a row's own attributes.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use arrow::array::{ArrayRef, MapArray, StringBuilder, StringViewBuilder, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{ValueType, map_type};

/// A value as decoded from the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Text.
    String(&'a str),
    /// A 64-bit integer.
    Int(i64),
    /// A 64-bit float.
    Double(f64),
    /// True or false.
    Bool(bool),
    /// Bytes.
    Bytes(&'a [u8]),
    /// An array or a key-value list, already as JSON text.
    Json(&'a str),
    /// No value.
    Empty,
}

impl Value<'_> {
    /// Its type.
    #[must_use]
    pub fn kind(&self) -> ValueType {
        match self {
            Self::String(_) => ValueType::String,
            Self::Int(_) => ValueType::Int,
            Self::Double(_) => ValueType::Double,
            Self::Bool(_) => ValueType::Bool,
            Self::Bytes(_) => ValueType::Bytes,
            Self::Json(_) => ValueType::Json,
            Self::Empty => ValueType::Empty,
        }
    }

    /// Appends its text form.
    pub fn push_to(&self, text: &mut String) {
        match self {
            Self::String(value) | Self::Json(value) => text.push_str(value),
            Self::Bytes(bytes) => STANDARD.encode_string(bytes, text),
            Self::Empty => {}
            Self::Int(number) => super::json::push_int(text, *number),
            Self::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Self::Double(number) => push_double_text(text, *number),
        }
    }
}

/// The text of a double attribute: the shortest digits that round-trip, with an exponent only where
/// JavaScript and Go's JSON use one.
#[must_use]
pub fn double_text(number: f64) -> String {
    let mut text = String::new();
    push_double_text(&mut text, number);
    text
}

fn push_double_text(text: &mut String, number: f64) {
    let size = number.abs();
    let is_plain = !number.is_finite() || size == 0.0 || (1e-6..1e21).contains(&size);
    let _ = if is_plain { write!(text, "{number}") } else { write!(text, "{number:e}") };
}

/// Builds an `attributes` column and its `attribute_types` column one row at a time: any number of
/// [`Self::push`] calls, then [`Self::end_row`].
#[derive(Debug)]
pub struct AttributeBuilder {
    keys: StringBuilder,
    values: StringBuilder,
    offsets: Vec<i32>,
    entries: i32,
    types: StringViewBuilder,
    letters: String,
    /// A Bloom filter of the keys in the row: a clear bit means that a key is absent.
    seen: u128,
    /// Hashes of the keys of a row that has more than [`SCANNED_MAX`].
    hashes: HashSet<u64>,
    hasher: RandomState,
    scratch: String,
}

/// Up to so many keys of a row are compared with a new one. With more, the comparisons of one row
/// would grow with the square of its keys.
const SCANNED_MAX: usize = 32;

impl Default for AttributeBuilder {
    fn default() -> Self {
        Self {
            keys: StringBuilder::new(),
            values: StringBuilder::new(),
            offsets: vec![0],
            entries: 0,
            types: StringViewBuilder::new(),
            letters: String::new(),
            seen: 0,
            hashes: HashSet::new(),
            hasher: RandomState::new(),
            scratch: String::new(),
        }
    }
}

impl AttributeBuilder {
    /// Adds an attribute. Returns false, and keeps the first value, if the key is a duplicate.
    pub fn push(&mut self, key: &str, value: Value<'_>) -> bool {
        if self.is_repeated(key) {
            return false;
        }
        self.keys.append_value(key);
        match value {
            Value::String(text) | Value::Json(text) => self.values.append_value(text),
            Value::Empty => self.values.append_value(""),
            value => {
                self.scratch.clear();
                value.push_to(&mut self.scratch);
                self.values.append_value(&self.scratch);
            }
        }
        self.entries += 1;
        self.letters.push(value.kind().letter());
        true
    }

    /// Whether the row has an attribute of this key.
    fn is_repeated(&mut self, key: &str) -> bool {
        let bytes = key.as_bytes();
        let at = |place: usize| usize::from(bytes.get(place).copied().unwrap_or_default());
        let sum = bytes.len() + 3 * at(bytes.len().wrapping_sub(1)) + 5 * at(bytes.len() / 2);
        let bit = 1 << (sum % 128);
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        if self.letters.len() < SCANNED_MAX {
            return !is_new && self.row_keys().any(|key| key == bytes);
        }
        if self.hashes.is_empty() {
            let hashes: Vec<u64> = self.row_keys().map(|key| self.hasher.hash_one(key)).collect();
            self.hashes.extend(hashes);
        }
        // Two of a thousand keys share a seeded hash of 64 bits in one of 10^13 rows.
        !self.hashes.insert(self.hasher.hash_one(bytes))
    }

    /// The keys of the row so far.
    fn row_keys(&self) -> impl Iterator<Item = &[u8]> {
        let (offsets, keys) = (self.keys.offsets_slice(), self.keys.values_slice());
        let of_row = offsets.get(offsets.len() - 1 - self.letters.len()..).unwrap_or_default();
        of_row.windows(2).map(|ends| {
            let [start, end] =
                [ends[0], ends[1]].map(|end| usize::try_from(end).unwrap_or_default());
            keys.get(start..end).unwrap_or_default()
        })
    }

    /// Adds an attribute in its stored text form.
    pub fn push_text(&mut self, key: &str, text: &str, kind: ValueType) {
        self.keys.append_value(key);
        self.values.append_value(text);
        self.entries += 1;
        self.letters.push(kind.letter());
    }

    /// Adds the prefix of a large attribute value, marked as cut: see [`super::large`].
    pub(super) fn push_start(&mut self, key: &str, start: &str, kind: ValueType) {
        self.keys.append_value(key);
        self.values.append_value(start);
        self.entries += 1;
        self.letters.push(kind.letter().to_ascii_uppercase());
    }

    /// Number of attributes in the row so far.
    #[must_use]
    pub fn row_len(&self) -> usize {
        self.letters.len()
    }

    /// Ends the row and begins the next.
    pub fn end_row(&mut self) {
        self.types.append_value(&self.letters);
        self.letters.clear();
        self.seen = 0;
        self.hashes.clear();
        self.offsets.push(self.entries);
    }

    /// The columns `attributes` and `attribute_types`.
    ///
    /// # Errors
    /// When the last row was not ended.
    pub fn finish(mut self) -> Result<(ArrayRef, ArrayRef), ArrowError> {
        let DataType::Map(entry, is_sorted) = map_type() else {
            return Err(ArrowError::SchemaError("attributes are not a map".to_owned()));
        };
        let DataType::Struct(fields) = entry.data_type() else {
            return Err(ArrowError::SchemaError("attributes are not a map of entries".to_owned()));
        };
        let columns: Vec<ArrayRef> =
            vec![Arc::new(self.keys.finish()), Arc::new(self.values.finish())];
        let entries = StructArray::try_new(fields.clone(), columns, None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        let map = MapArray::try_new(entry, offsets, entries, None, is_sorted)?;
        Ok((Arc::new(map), Arc::new(self.types.finish())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_repeated_keys_the_first_stays() {
        let mut builder = AttributeBuilder::default();
        let keys = ["a", "b", "session.id", "a", "c", "ab", "session.id", "", "b", ""];
        for _row in 0..2 {
            let taken: Vec<bool> =
                keys.iter().map(|key| builder.push(key, Value::Bool(true))).collect();
            let expected = [true, true, true, false, true, true, false, true, false, false];
            assert_eq!(taken, expected);
            builder.end_row();
        }
        // More keys than the filter has bits.
        for number in 0..1000 {
            assert!(builder.push(&number.to_string(), Value::Int(number)), "{number}");
        }
        assert!(!builder.push("999", Value::Empty));
    }

    #[test]
    fn doubles_are_short_and_read_back() {
        for (number, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (1e21, "1e21"),
            (1e-7, "1e-7"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(double_text(number), text);
            let read: f64 = text.parse().unwrap();
            assert!(read.to_bits() == number.to_bits() || read.is_nan());
        }
    }
}
