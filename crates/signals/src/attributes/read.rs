//! Reading the two columns that hold a row's own attributes.

use arrow::array::{Array, AsArray, MapArray, RecordBatch};

use super::ValueType;
use crate::rows::{ColumnError, TextColumn};

/// The attributes of all rows of a batch.
#[derive(Debug, Clone)]
pub struct AttributeRows<'a> {
    map: Option<&'a MapArray>,
    keys: TextColumn<'a>,
    values: TextColumn<'a>,
    letters: TextColumn<'a>,
}

impl<'a> AttributeRows<'a> {
    /// Finds the columns by name. Without the letters, all values read as text.
    ///
    /// # Errors
    /// [`ColumnError`] when `attributes` is not a map of texts.
    pub fn new(batch: &'a RecordBatch, map: &str, letters: &str) -> Result<Self, ColumnError> {
        let letters = TextColumn::new(batch, letters)?;
        let Some(array) = batch.column_by_name(map) else {
            let (keys, values) = (TextColumn::Absent, TextColumn::Absent);
            return Ok(Self { map: None, keys, values, letters });
        };
        let Some(array) = array.as_map_opt() else {
            let found = array.data_type().clone();
            return Err(ColumnError { column: map.to_owned(), expected: "a map", found });
        };
        let keys = TextColumn::from_array(array.keys().as_ref(), map)?;
        let values = TextColumn::from_array(array.values().as_ref(), map)?;
        Ok(Self { map: Some(array), keys, values, letters })
    }

    /// The attributes of a row, in the order in which they were sent.
    #[must_use]
    pub fn row(&self, row: usize) -> Attributes<'_, 'a> {
        let (next, end) = match self.map {
            Some(map) if map.is_valid(row) => {
                let offsets = map.value_offsets();
                (offsets[row] as usize, offsets[row + 1] as usize)
            }
            _ => (0, 0),
        };
        Attributes { rows: self, next, end, letters: self.letters.text(row).bytes() }
    }
}

/// Iterates over key, text and type of one row's attributes.
#[derive(Debug, Clone)]
pub struct Attributes<'r, 'a> {
    rows: &'r AttributeRows<'a>,
    next: usize,
    end: usize,
    letters: std::str::Bytes<'a>,
}

impl<'a> Iterator for Attributes<'_, 'a> {
    type Item = (&'a str, &'a str, ValueType);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.next;
        self.next += 1;
        let kind = self.letters.next().map_or(ValueType::String, ValueType::from_letter);
        Some((self.rows.keys.text(entry), self.rows.values.text(entry), kind))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl ExactSizeIterator for Attributes<'_, '_> {}
