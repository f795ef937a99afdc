//! Reads the columns that hold a row's own attributes.

use arrow::array::{Array, ArrayRef, AsArray, MapArray, RecordBatch};

use super::ValueType;
use crate::rows::{ColumnError, TextColumn};
use crate::span::column::{ATTRIBUTE_TYPES, ATTRIBUTES, LARGE_ATTRIBUTES};

/// A map column of texts.
#[derive(Debug, Clone)]
struct TextMap<'a> {
    map: &'a MapArray,
    keys: TextColumn<'a>,
    values: TextColumn<'a>,
}

impl<'a> TextMap<'a> {
    fn new(array: &'a dyn Array, name: &str) -> Result<Self, ColumnError> {
        let Some(map) = array.as_map_opt() else {
            let found = array.data_type().clone();
            return Err(ColumnError { column: name.to_owned(), expected: "a map", found });
        };
        let keys = TextColumn::from_array(map.keys().as_ref(), name)?;
        let values = TextColumn::from_array(map.values().as_ref(), name)?;
        Ok(Self { map, keys, values })
    }

    /// The range of a row's entries.
    fn bounds(&self, row: usize) -> (usize, usize) {
        if self.map.is_null(row) {
            return (0, 0);
        }
        let offsets = self.map.value_offsets();
        (offsets[row] as usize, offsets[row + 1] as usize)
    }
}

/// The attributes of all rows of a batch of spans or log records.
#[derive(Debug, Clone)]
pub struct AttributeRows<'a> {
    map: Option<TextMap<'a>>,
    letters: TextColumn<'a>,
    large: Option<TextMap<'a>>,
}

impl<'a> AttributeRows<'a> {
    /// Finds the columns by name. Without `attribute_types` all values read as text; without
    /// `large_attributes` large values read as their prefixes.
    ///
    /// # Errors
    /// [`ColumnError`] when a column is not a map of texts.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, ColumnError> {
        let map = |name| {
            batch.column_by_name(name).map(|column| TextMap::new(column.as_ref(), name)).transpose()
        };
        Ok(Self {
            map: map(ATTRIBUTES)?,
            letters: TextColumn::new(batch, ATTRIBUTE_TYPES)?,
            large: map(LARGE_ATTRIBUTES)?,
        })
    }

    /// Like [`Self::new`], from arrays that are not in a batch.
    ///
    /// # Errors
    /// See [`Self::new`].
    pub fn from_arrays(
        map: &'a ArrayRef,
        types: &'a ArrayRef,
        large: Option<&'a ArrayRef>,
    ) -> Result<Self, ColumnError> {
        Ok(Self {
            map: Some(TextMap::new(map.as_ref(), ATTRIBUTES)?),
            letters: TextColumn::from_array(types.as_ref(), ATTRIBUTE_TYPES)?,
            large: large.map(|large| TextMap::new(large.as_ref(), LARGE_ATTRIBUTES)).transpose()?,
        })
    }

    /// The attributes of a row, in the order in which they were sent.
    #[must_use]
    pub fn row(&self, row: usize) -> Attributes<'_, 'a> {
        let bounds = |map: &Option<TextMap<'a>>| map.as_ref().map_or((0, 0), |map| map.bounds(row));
        let (next, end) = bounds(&self.map);
        let (next_large, end_large) = bounds(&self.large);
        let letters = self.letters.text(row).bytes();
        Attributes { rows: self, next, end, next_large, end_large, letters }
    }

    /// Whether only the prefix of an attribute's value is available: the value is large and the
    /// column of large values was not read.
    #[must_use]
    pub fn is_cut(&self, row: usize, key: &str) -> bool {
        let (None, Some(map)) = (&self.large, &self.map) else { return false };
        let (first, end) = map.bounds(row);
        let letters = self.letters.text(row).bytes();
        (first..end)
            .zip(letters)
            .any(|(entry, letter)| letter.is_ascii_uppercase() && map.keys.text(entry) == key)
    }
}

/// Iterates over key, text and type of one row's attributes.
#[derive(Debug, Clone)]
pub struct Attributes<'r, 'a> {
    rows: &'r AttributeRows<'a>,
    next: usize,
    end: usize,
    next_large: usize,
    end_large: usize,
    letters: std::str::Bytes<'a>,
}

impl<'a> Iterator for Attributes<'_, 'a> {
    type Item = (&'a str, &'a str, ValueType);

    fn next(&mut self) -> Option<Self::Item> {
        let map = self.rows.map.as_ref().filter(|_| self.next < self.end)?;
        let entry = self.next;
        self.next += 1;
        let letter = self.letters.next().unwrap_or(b's');
        let kind = ValueType::from_letter(letter);
        let (key, mut text) = (map.keys.text(entry), map.values.text(entry));
        if letter.is_ascii_uppercase()
            && self.next_large < self.end_large
            && let Some(large) = &self.rows.large
        {
            text = large.values.text(self.next_large);
            self.next_large += 1;
        }
        Some((key, text, kind))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl ExactSizeIterator for Attributes<'_, '_> {}
