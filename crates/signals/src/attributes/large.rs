//! Large attribute values, stored in parts separately from small ones.
//!
//! Prompts and responses of LLM calls are attributes of many kilobytes next to values of a few
//! bytes. A part stores them in a map column of their own, so that a search over the other
//! attributes does not read them. The map `attributes` keeps the prefix of the text, with an
//! upper-case letter in `attribute_types`: enough to compare the value with any text shorter than
//! [`KEPT_BYTES_MIN`].

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, MapArray, MapBuilder, MapFieldNames, RecordBatch, StringBuilder,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::{AttributeBuilder, AttributeRows, ENTRY};
use crate::rows::{ColumnError, TextColumn};
use crate::span::column::{ATTRIBUTE_TYPES, ATTRIBUTES, LARGE_ATTRIBUTES};

/// Longest value, in bytes, stored whole in `attributes`.
pub const VALUE_BYTES_MAX: usize = 1024;
/// Minimum prefix of a larger value, in bytes, kept in `attributes`.
pub const KEPT_BYTES_MIN: usize = 128;

/// The in-memory columns of a signal plus the column of large attributes, which only parts have.
pub(crate) fn schema_of_parts(rows: &Schema) -> SchemaRef {
    let large = Field::new(LARGE_ATTRIBUTES, super::map_type(), true);
    let mut fields = rows.fields().to_vec();
    fields.push(Arc::new(large));
    Arc::new(Schema::new(fields))
}

/// The columns `attributes`, `attribute_types` and `large_attributes`, split from in-memory rows.
#[derive(Debug)]
pub struct Split {
    /// Map of all attributes, large values cut.
    pub attributes: ArrayRef,
    /// Type letters; those of cut values are in upper case.
    pub types: ArrayRef,
    /// Map of the large values; null in rows that have none.
    pub large: ArrayRef,
}

/// Moves large values out of a map column.
///
/// # Errors
/// [`ArrowError::SchemaError`] when the columns are not attribute columns.
pub fn split(map: &ArrayRef, types: &ArrayRef) -> Result<Split, ArrowError> {
    let entries = map.as_map_opt().ok_or_else(|| schema_error("attributes are not a map"))?;
    if !has_large(entries)? {
        let large = arrow::array::new_null_array(&super::map_type(), map.len());
        return Ok(Split { attributes: Arc::clone(map), types: Arc::clone(types), large });
    }
    let rows =
        AttributeRows::from_arrays(map, types, None).map_err(|error| column_error(&error))?;
    let (mut kept, mut large) = (AttributeBuilder::default(), map_builder());
    for row in 0..map.len() {
        let mut has_large = false;
        for (key, text, kind) in rows.row(row) {
            if text.len() <= VALUE_BYTES_MAX {
                kept.push_text(key, text, kind);
                continue;
            }
            has_large = true;
            kept.push_start(key, start(text), kind);
            large.keys().append_value(key);
            large.values().append_value(text);
        }
        kept.end_row();
        large.append(has_large)?;
    }
    let (attributes, types) = kept.finish()?;
    Ok(Split { attributes, types, large: Arc::new(large.finish()) })
}

/// The columns `attributes` and `attribute_types` with the large values restored.
///
/// # Errors
/// [`ArrowError::SchemaError`] when the columns are not attribute columns.
pub fn restore(
    map: &ArrayRef,
    types: &ArrayRef,
    large: &ArrayRef,
) -> Result<(ArrayRef, ArrayRef), ArrowError> {
    if large.null_count() == large.len() {
        return Ok((Arc::clone(map), Arc::clone(types)));
    }
    let rows = AttributeRows::from_arrays(map, types, Some(large))
        .map_err(|error| column_error(&error))?;
    let mut whole = AttributeBuilder::default();
    for row in 0..map.len() {
        for (key, text, kind) in rows.row(row) {
            whole.push_text(key, text, kind);
        }
        whole.end_row();
    }
    whole.finish()
}

/// The prefix of a large text that is kept in `attributes`.
fn start(text: &str) -> &str {
    text.get(..text.ceil_char_boundary(KEPT_BYTES_MIN)).unwrap_or(text)
}

fn has_large(map: &MapArray) -> Result<bool, ArrowError> {
    let values = TextColumn::from_array(map.values().as_ref(), "attributes")
        .map_err(|error| column_error(&error))?;
    let offsets = map.value_offsets();
    let (first, end) = (
        offsets.first().copied().unwrap_or_default() as usize,
        offsets.last().copied().unwrap_or_default() as usize,
    );
    Ok((first..end).any(|entry| values.text(entry).len() > VALUE_BYTES_MAX))
}

fn map_builder() -> MapBuilder<StringBuilder, StringBuilder> {
    let names =
        MapFieldNames { entry: ENTRY.to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
}

fn column_error(error: &ColumnError) -> ArrowError {
    schema_error(&error.to_string())
}

fn schema_error(message: &str) -> ArrowError {
    ArrowError::SchemaError(message.to_owned())
}

/// [`restore`] on the columns of a batch; a batch without large values is returned unchanged.
///
/// # Errors
/// See [`restore`].
pub fn restore_batch(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let place = |name| schema.index_of(name).ok();
    let (Some(map), Some(types), Some(large)) =
        (place(ATTRIBUTES), place(ATTRIBUTE_TYPES), place(LARGE_ATTRIBUTES))
    else {
        return Ok(batch);
    };
    let mut columns = batch.columns().to_vec();
    let (whole, letters) = restore(&columns[map], &columns[types], &columns[large])?;
    if Arc::ptr_eq(&whole, &columns[map]) {
        return Ok(batch);
    }
    columns[large] = arrow::array::new_null_array(&super::map_type(), batch.num_rows());
    columns[map] = whole;
    columns[types] = letters;
    RecordBatch::try_new(schema, columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::{Value, ValueType};

    #[test]
    fn large_values_come_back_in_their_places() {
        let (long, json) = ("é".repeat(600), format!("[\"{}\"]", "y".repeat(5000)));
        let mut builder = AttributeBuilder::default();
        builder.push("a", Value::Int(1));
        builder.push("prompt", Value::String(&long));
        builder.push("b", Value::String("x"));
        builder.push("list", Value::Json(&json));
        builder.end_row();
        builder.push("prompt", Value::String("short"));
        builder.end_row();
        let (map, types) = builder.finish().unwrap();

        let split = split(&map, &types).unwrap();
        let cut = AttributeRows::from_arrays(&split.attributes, &split.types, None).unwrap();
        let first: Vec<_> = cut.row(0).collect();
        assert_eq!((first[0], first[2].1), (("a", "1", ValueType::Int), "x"));
        assert_eq!((first[1].1, first[1].2), (&long[..128], ValueType::String));
        assert_eq!((first[3].1, first[3].2), (&json[..128], ValueType::Json));
        assert!(cut.is_cut(0, "prompt") && !cut.is_cut(0, "a") && !cut.is_cut(1, "prompt"));
        assert!(split.large.is_valid(0) && split.large.is_null(1));

        let parts = (&split.attributes, &split.types, &split.large);
        let whole = AttributeRows::from_arrays(parts.0, parts.1, Some(parts.2)).unwrap();
        assert_eq!(whole.row(0).nth(3), Some(("list", json.as_str(), ValueType::Json)));
        assert!(!whole.is_cut(0, "prompt"));
        let (map_again, types_again) = restore(parts.0, parts.1, parts.2).unwrap();
        assert_eq!((&*map_again, &*types_again), (&*map, &*types));
    }
}
