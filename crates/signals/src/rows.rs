//! Row access to the columns of a record batch.
//!
//! Batches from Parquet or from a query engine may hold the same texts as plain, view or dictionary
//! arrays, and may lack columns that were not projected; these readers accept all of them. An
//! absent column reads as its empty value. Row numbers must be below the batch's number of rows;
//! otherwise access panics, as in Arrow.

use arrow::array::{
    Array, AsArray, BinaryArray, BinaryViewArray, DictionaryArray, FixedSizeBinaryArray,
    LargeStringArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
};
use arrow::datatypes::{ArrowPrimitiveType, DataType, Int32Type};

/// A column has an unexpected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} has type {found}, expected {expected}")]
pub struct ColumnError {
    /// Name of the column.
    pub column: String,
    /// The expected content.
    pub expected: &'static str,
    /// The actual type.
    pub found: DataType,
}

/// A text column in any of Arrow's forms.
#[derive(Debug, Clone)]
pub enum TextColumn<'a> {
    /// Not in the batch: all null.
    Absent,
    /// `Utf8`
    Plain(&'a StringArray),
    /// `LargeUtf8`
    Large(&'a LargeStringArray),
    /// `Utf8View`
    View(&'a StringViewArray),
    /// `Dictionary<Int32, Utf8>`, as written by this crate
    Dictionary(&'a DictionaryArray<Int32Type>, &'a StringArray),
    /// Any other dictionary: the index of each row's value, and the values.
    OtherDictionary(&'a dyn Array, Vec<usize>, Box<TextColumn<'a>>),
}

impl<'a> TextColumn<'a> {
    /// Finds a column by name.
    ///
    /// # Errors
    /// [`ColumnError`] when it is not a text column.
    pub fn new(batch: &'a RecordBatch, name: &str) -> Result<Self, ColumnError> {
        match batch.column_by_name(name) {
            None => Ok(Self::Absent),
            Some(array) => Self::from_array(array.as_ref(), name),
        }
    }

    /// Reads an array; `name` is for the error.
    ///
    /// # Errors
    /// [`ColumnError`] when it is not a text array.
    pub fn from_array(array: &'a dyn Array, name: &str) -> Result<Self, ColumnError> {
        if let Some(plain) = array.as_string_opt::<i32>() {
            return Ok(Self::Plain(plain));
        }
        if let Some(view) = array.as_string_view_opt() {
            return Ok(Self::View(view));
        }
        if let Some(large) = array.as_string_opt::<i64>() {
            return Ok(Self::Large(large));
        }
        if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>()
            && let Some(values) = dictionary.values().as_string_opt::<i32>()
        {
            return Ok(Self::Dictionary(dictionary, values));
        }
        if let Some(dictionary) = array.as_any_dictionary_opt() {
            let values = Self::from_array(dictionary.values().as_ref(), name)?;
            if dictionary.values().is_empty() {
                return Ok(Self::Absent);
            }
            return Ok(Self::OtherDictionary(
                array,
                dictionary.normalized_keys(),
                Box::new(values),
            ));
        }
        Err(ColumnError {
            column: name.to_owned(),
            expected: "texts",
            found: array.data_type().clone(),
        })
    }

    /// The text of a row; `None` when it is null.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Absent => None,
            Self::Plain(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Large(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Dictionary(array, values) => {
                let place = array.key(row)?;
                values.is_valid(place).then(|| values.value(place))
            }
            Self::OtherDictionary(array, places, values) => {
                if array.is_null(row) {
                    None
                } else {
                    values.get(places[row])
                }
            }
        }
    }

    /// The text of a row, empty when it is null.
    #[must_use]
    pub fn text(&self, row: usize) -> &'a str {
        self.get(row).unwrap_or_default()
    }
}

/// A column of short byte strings in any of Arrow's forms.
#[derive(Debug, Clone, Copy)]
pub enum BytesColumn<'a> {
    /// Not in the batch: all null.
    Absent,
    /// `FixedSizeBinary`
    Fixed(&'a FixedSizeBinaryArray),
    /// `Binary`
    Plain(&'a BinaryArray),
    /// `BinaryView`
    View(&'a BinaryViewArray),
}

impl<'a> BytesColumn<'a> {
    /// Finds a column by name.
    ///
    /// # Errors
    /// [`ColumnError`] when it is not a binary column.
    pub fn new(batch: &'a RecordBatch, name: &str) -> Result<Self, ColumnError> {
        let Some(array) = batch.column_by_name(name) else { return Ok(Self::Absent) };
        if let Some(fixed) = array.as_fixed_size_binary_opt() {
            Ok(Self::Fixed(fixed))
        } else if let Some(plain) = array.as_binary_opt::<i32>() {
            Ok(Self::Plain(plain))
        } else if let Some(view) = array.as_binary_view_opt() {
            Ok(Self::View(view))
        } else {
            let found = array.data_type().clone();
            Err(ColumnError { column: name.to_owned(), expected: "bytes", found })
        }
    }

    /// The bytes of a row as an array; `None` when it is null or has another length.
    #[must_use]
    pub fn get<const N: usize>(&self, row: usize) -> Option<[u8; N]> {
        let bytes = match self {
            Self::Absent => None,
            Self::Fixed(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Plain(array) => array.is_valid(row).then(|| array.value(row)),
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
        };
        bytes?.try_into().ok()
    }
}

/// A column of numbers or times; absent and null read as zero.
#[derive(Debug)]
pub struct NumberColumn<'a, T: ArrowPrimitiveType>(Option<&'a PrimitiveArray<T>>);

impl<'a, T: ArrowPrimitiveType> NumberColumn<'a, T> {
    /// Finds a column by name.
    ///
    /// # Errors
    /// [`ColumnError`] when it has another type.
    pub fn new(batch: &'a RecordBatch, name: &str) -> Result<Self, ColumnError> {
        let Some(array) = batch.column_by_name(name) else { return Ok(Self(None)) };
        match array.as_primitive_opt::<T>() {
            Some(numbers) => Ok(Self(Some(numbers))),
            None => Err(ColumnError {
                column: name.to_owned(),
                expected: "numbers or times of the width that the schema says",
                found: array.data_type().clone(),
            }),
        }
    }

    /// The number of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> T::Native {
        match self.0 {
            Some(numbers) if numbers.is_valid(row) => numbers.value(row),
            _ => T::Native::default(),
        }
    }
}

// A derive would require the type parameter to be `Copy` too.
impl<T: ArrowPrimitiveType> Clone for NumberColumn<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ArrowPrimitiveType> Copy for NumberColumn<'_, T> {}
