//! Attributes: typed key-value pairs on spans and log records.
//!
//! A row's own attributes are an Arrow map of text to text, which every Parquet reader can query,
//! plus a short text with one [`ValueType`] letter per entry, in entry order. Attributes of
//! resources and scopes repeat on every row, so they are one dictionary-encoded JSON object.

pub mod build;
pub mod json;
pub mod large;
pub mod read;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};

pub use build::{AttributeBuilder, Value};
pub use read::{AttributeRows, Attributes};

/// Prefixes of the attributes that count tokens, in the three conventions that are in use.
const TOKEN_COUNTS: [&str; 3] = ["gen_ai.usage.", "llm.usage.", "llm.token_count."];

/// Whether an attribute is a token count of an LLM call; some instrumentations send it as text.
#[must_use]
pub fn is_token_count(key: &str) -> bool {
    TOKEN_COUNTS.iter().any(|prefix| key.starts_with(prefix))
}

/// The type of an attribute on the wire, as one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ValueType {
    /// Text, stored verbatim.
    String = b's',
    /// A 64-bit integer in decimal.
    Int = b'i',
    /// A 64-bit float in the shortest form that reads back as the same value; `NaN`, `inf`, `-inf`.
    Double = b'd',
    /// `true` or `false`.
    Bool = b'b',
    /// Bytes in standard base64.
    Bytes = b'x',
    /// An array or a key-value list as JSON text.
    Json = b'j',
    /// No value, stored as empty text.
    Empty = b'n',
}

impl ValueType {
    /// The type of a letter. Letters of values cut by [`large`] are in upper case; unknown letters,
    /// from newer writers, read as text.
    #[must_use]
    pub fn from_letter(letter: u8) -> Self {
        match letter.to_ascii_lowercase() {
            b'i' => Self::Int,
            b'd' => Self::Double,
            b'b' => Self::Bool,
            b'x' => Self::Bytes,
            b'j' => Self::Json,
            b'n' => Self::Empty,
            _ => Self::String,
        }
    }

    /// The letter of this type.
    #[must_use]
    pub fn letter(self) -> char {
        char::from(self as u8)
    }
}

/// Name of a map's entry field, as the Parquet format requires.
pub const ENTRY: &str = "key_value";

/// `Map<Utf8, Utf8>`: the type of an `attributes` column.
#[must_use]
pub fn map_type() -> DataType {
    let entries = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]);
    DataType::Map(Arc::new(Field::new(ENTRY, DataType::Struct(entries), false)), false)
}

/// `Dictionary<Int32, Utf8>`: the type of low-cardinality text columns.
#[must_use]
pub fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Nanoseconds since the Unix epoch in UTC: the type of all time columns.
#[must_use]
pub fn time_type() -> DataType {
    DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, Some("+00:00".into()))
}
