//! Builds a low-cardinality text column: each text is looked up once, rows append its code.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

/// The code of one text in one [`DictionaryBuilder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(i32);

impl Code {
    /// No value.
    pub const NULL: Self = Self(-1);
}

/// Builds a `Dictionary<Int32, Utf8>` column.
#[derive(Debug, Default)]
pub struct DictionaryBuilder {
    codes: HashMap<Arc<str>, i32>,
    texts: Vec<Arc<str>>,
    keys: Vec<i32>,
    /// The latest code: consecutive texts are often equal.
    latest: i32,
    has_nulls: bool,
}

impl DictionaryBuilder {
    /// The code of a text; a new text is added.
    pub fn code(&mut self, text: &str) -> Code {
        let latest = usize::try_from(self.latest).ok().and_then(|place| self.texts.get(place));
        if latest.is_some_and(|latest| **latest == *text) {
            return Code(self.latest);
        }
        self.latest = if let Some(code) = self.codes.get(text) {
            *code
        } else {
            let code = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
            let text: Arc<str> = text.into();
            self.texts.push(Arc::clone(&text));
            self.codes.insert(text, code);
            code
        };
        Code(self.latest)
    }

    /// The code of a text; [`Code::NULL`] for the empty text.
    pub fn code_or_null(&mut self, text: &str) -> Code {
        if text.is_empty() { Code::NULL } else { self.code(text) }
    }

    /// Appends a row with a code from this builder.
    pub fn append(&mut self, code: Code) {
        self.has_nulls |= code == Code::NULL;
        self.keys.push(code.0);
    }

    /// Appends a row with a text.
    pub fn append_text(&mut self, text: &str) {
        let code = self.code(text);
        self.append(code);
    }

    /// Builds the column.
    ///
    /// # Errors
    /// When a code came from another builder.
    pub fn finish(self) -> Result<ArrayRef, ArrowError> {
        let keys = if self.has_nulls {
            self.keys.iter().map(|key| (*key >= 0).then_some(*key)).collect::<Int32Array>()
        } else {
            Int32Array::from(self.keys)
        };
        let values = StringArray::from_iter_values(&self.texts);
        let column = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values))?;
        Ok(Arc::new(column))
    }
}
