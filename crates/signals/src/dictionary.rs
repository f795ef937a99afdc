//! Building a column of few distinct texts: each text is looked up once, rows append its code.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, DictionaryArray, Int32Array, StringBuilder};
use arrow::datatypes::Int32Type;
use arrow::error::ArrowError;

/// Stands for one text of one [`DictionaryBuilder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(i32);

impl Code {
    /// No value.
    pub const NULL: Self = Self(-1);
}

/// Builds a `Dictionary<Int32, Utf8>` column.
#[derive(Debug, Default)]
pub struct DictionaryBuilder {
    codes: HashMap<Box<str>, i32>,
    values: StringBuilder,
    keys: Vec<i32>,
    latest: Option<(Box<str>, i32)>,
    has_nulls: bool,
}

impl DictionaryBuilder {
    /// The code of a text, which is added when it is new.
    pub fn code(&mut self, text: &str) -> Code {
        if let Some((latest, code)) = &self.latest
            && **latest == *text
        {
            return Code(*code);
        }
        let code = if let Some(code) = self.codes.get(text) {
            *code
        } else {
            let code = i32::try_from(self.codes.len()).unwrap_or(i32::MAX);
            self.codes.insert(text.into(), code);
            self.values.append_value(text);
            code
        };
        self.latest = Some((text.into(), code));
        Code(code)
    }

    /// The code of a text, [`Code::NULL`] for the empty one.
    pub fn code_or_null(&mut self, text: &str) -> Code {
        if text.is_empty() { Code::NULL } else { self.code(text) }
    }

    /// Appends a row with a code that this builder gave.
    pub fn append(&mut self, code: Code) {
        self.has_nulls |= code == Code::NULL;
        self.keys.push(code.0);
    }

    /// Appends a row with a text.
    pub fn append_text(&mut self, text: &str) {
        let code = self.code(text);
        self.append(code);
    }

    /// The column.
    ///
    /// # Errors
    /// Only when a code came from another builder.
    pub fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let keys = if self.has_nulls {
            self.keys.iter().map(|key| (*key >= 0).then_some(*key)).collect::<Int32Array>()
        } else {
            Int32Array::from(self.keys)
        };
        let column = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(self.values.finish()))?;
        Ok(Arc::new(column))
    }
}
