//! The columns of one part: those that every part of its signal has, and promoted attributes.
//!
//! A promoted attribute is also in the map, so that reading whole rows needs one column and not
//! sixty; conditions on the attribute are checked against its column. The column holds the value of
//! every row that has the attribute, in its own type, and null elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::file::metadata::ParquetMetaData;
use signals::Signal;
use signals::attributes::{AttributeRows, ValueType, large};

use super::keys::AttributeKeys;
use crate::StoreError;

/// Prefix of the names of promoted columns; the attribute key follows unchanged.
pub const PREFIX: &str = "attributes.";

/// The name of the column of an attribute that is promoted.
#[must_use]
pub fn attribute_column(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// The columns of a part that is being written.
pub(crate) struct Layout {
    schema: SchemaRef,
    promoted: Vec<(String, ValueType)>,
}

impl Layout {
    pub(crate) fn new(signal: Signal, keys: &AttributeKeys) -> Self {
        let base = match signal {
            Signal::Spans => signals::span::part_schema(),
            Signal::Logs | Signal::Metrics => signals::log::part_schema(),
        };
        let promoted: Vec<(String, ValueType)> =
            keys.columns().map(|(key, kind)| (key.to_owned(), kind)).collect();
        let mut fields = base.fields().to_vec();
        fields.extend(promoted.iter().map(|(key, kind)| {
            Arc::new(Field::new(attribute_column(key), data_type(*kind), true))
        }));
        Self { schema: Arc::new(Schema::new(fields)), promoted }
    }

    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Names and types of the promoted attributes.
    pub(crate) fn promoted(&self) -> impl Iterator<Item = (String, ValueType)> {
        self.promoted.iter().map(|(key, kind)| (attribute_column(key), *kind))
    }

    /// Converts rows from their form in memory to the part's columns.
    pub(crate) fn columns_of(&self, rows: &RecordBatch) -> Result<RecordBatch, StoreError> {
        use signals::span::column::{ATTRIBUTE_TYPES, ATTRIBUTES};
        let column = |name: &str| {
            rows.schema_ref().index_of(name).map(|place| (place, Arc::clone(rows.column(place))))
        };
        let ((map_place, map), (types_place, types)) =
            (column(ATTRIBUTES)?, column(ATTRIBUTE_TYPES)?);
        let promoted = self.promoted_columns(rows)?;
        let split = large::split(&map, &types)?;
        let mut columns = rows.columns().to_vec();
        columns[map_place] = split.attributes;
        columns[types_place] = split.types;
        columns.push(split.large);
        columns.extend(promoted);
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn promoted_columns(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>, StoreError> {
        let mut columns: Vec<Column> =
            self.promoted.iter().map(|(_, kind)| Column::new(*kind)).collect();
        let places: HashMap<&str, usize> =
            self.promoted.iter().enumerate().map(|(i, (key, _))| (key.as_str(), i)).collect();
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let attributes =
            AttributeRows::new(rows).map_err(|error| StoreError::Io(error.to_string()))?;
        // As when keys are counted: similar rows have their keys in the same order.
        let mut before: Vec<Option<(&str, usize)>> = Vec::new();
        for row in 0..rows.num_rows() {
            for (i, (key, text, kind)) in attributes.row(row).enumerate() {
                let known = before.get(i).copied().flatten().filter(|(known, _)| *known == key);
                let Some((key, place)) =
                    known.or_else(|| places.get_key_value(key).map(|(key, place)| (*key, *place)))
                else {
                    continue;
                };
                if before.len() <= i {
                    before.resize(i + 1, None);
                }
                before[i] = Some((key, place));
                if let Some(column) = columns.get_mut(place) {
                    column.push(row, text, kind)?;
                }
            }
        }
        Ok(columns.into_iter().map(|column| column.finish(rows.num_rows())).collect())
    }
}

/// The Arrow type of a promoted attribute.
fn data_type(kind: ValueType) -> DataType {
    match kind {
        ValueType::Int => DataType::Int64,
        ValueType::Double => DataType::Float64,
        ValueType::Bool => DataType::Boolean,
        _ => DataType::Utf8,
    }
}

/// Builds one promoted column; rows that are not pushed are null.
struct Column {
    kind: ValueType,
    values: Values,
    rows: usize,
}

enum Values {
    Text(StringBuilder),
    Int(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
}

impl Column {
    fn new(kind: ValueType) -> Self {
        let values = match kind {
            ValueType::Int => Values::Int(Int64Builder::new()),
            ValueType::Double => Values::Double(Float64Builder::new()),
            ValueType::Bool => Values::Bool(BooleanBuilder::new()),
            _ => Values::Text(StringBuilder::new()),
        };
        Self { kind, values, rows: 0 }
    }

    /// Adds the value of a row. A value that contradicts the counts is an error.
    fn push(&mut self, row: usize, text: &str, kind: ValueType) -> Result<(), StoreError> {
        let wrong =
            || StoreError::Io("attribute values contradict the attribute counts".to_owned());
        if kind != self.kind || row < self.rows {
            return Err(wrong());
        }
        self.fill(row);
        match &mut self.values {
            Values::Text(values) => values.append_value(text),
            Values::Int(values) => values.append_value(text.parse().map_err(|_| wrong())?),
            Values::Double(values) => values.append_value(text.parse().map_err(|_| wrong())?),
            Values::Bool(values) => values.append_value(text == "true"),
        }
        self.rows = row + 1;
        Ok(())
    }

    fn fill(&mut self, row: usize) {
        let missing = row - self.rows;
        match &mut self.values {
            Values::Text(values) => values.append_nulls(missing),
            Values::Int(values) => values.append_nulls(missing),
            Values::Double(values) => values.append_nulls(missing),
            Values::Bool(values) => values.append_nulls(missing),
        }
        self.rows = row;
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.fill(rows);
        match self.values {
            Values::Text(mut values) => Arc::new(values.finish()),
            Values::Int(mut values) => Arc::new(values.finish()),
            Values::Double(mut values) => Arc::new(values.finish()),
            Values::Bool(mut values) => Arc::new(values.finish()),
        }
    }
}

/// The columns of a part that make up its rows: all but promoted attributes.
pub(crate) fn row_columns(metadata: &ParquetMetaData) -> ProjectionMask {
    let schema = metadata.file_metadata().schema_descr();
    let roots = schema.root_schema().get_fields().iter().enumerate();
    let roots = roots.filter(|(_, root)| is_row_column(root.name())).map(|(i, _)| i);
    ProjectionMask::roots(schema, roots)
}

/// Whether a column is part of the rows, not a promoted attribute.
pub(crate) fn is_row_column(name: &str) -> bool {
    !name.starts_with(PREFIX)
}

/// Converts rows of any part of a signal to their form in memory: columns that an older part lacks
/// are null or empty, additional columns of a newer part are dropped, and large attributes are put
/// back in place.
pub(crate) fn rows_of_part(signal: Signal, batch: RecordBatch) -> Result<RecordBatch, StoreError> {
    let schema = super::write::schema(signal);
    let batch = large::restore_batch(batch)?;
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => Ok(cast(column, field.data_type())?),
            None if field.is_nullable() => Ok(new_null_array(field.data_type(), batch.num_rows())),
            None => empty_values(field, batch.num_rows()),
        })
        .collect::<Result<Vec<ArrayRef>, StoreError>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// A column of empty values without nulls: zeroes, empty texts, empty maps.
fn empty_values(field: &Field, rows: usize) -> Result<ArrayRef, StoreError> {
    use arrow::array::{Array, ArrayData, make_array};
    let data_type = field.data_type();
    if matches!(data_type, DataType::Dictionary(..)) {
        let empty = arrow::array::StringArray::from_iter_values(std::iter::repeat_n("", rows));
        return Ok(cast(&empty, data_type)?);
    }
    // Except for dictionaries, the empty value of every type in the schemas is zero bytes.
    let zeroes: ArrayData = new_null_array(data_type, rows).to_data();
    Ok(make_array(zeroes.into_builder().nulls(None).build()?))
}
