//! Copies values into buffers of the right size.
//!
//! Arrow builds a list of texts in blocks of at least 8 KiB. As the state of one of thousands of
//! groups, with a few texts each, such a list would take a hundred times its size.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;

use crate::measure::bytes_of;

/// The same value; a list with mostly empty buffers is copied.
pub(super) fn compact(value: ScalarValue) -> Result<ScalarValue, DataFusionError> {
    match value {
        ScalarValue::List(list) => {
            let list: ArrayRef = list;
            if list.get_array_memory_size() / 2 < bytes_of(&list) {
                return Ok(ScalarValue::List(Arc::new(list.as_list().clone())));
            }
            Ok(ScalarValue::List(Arc::new(compact_array(&list)?.as_list::<i32>().clone())))
        }
        other => Ok(other),
    }
}

fn compact_array(array: &ArrayRef) -> Result<ArrayRef, DataFusionError> {
    Ok(match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        DataType::List(_) => {
            let (field, offsets, values, nulls) = array.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(field, offsets, compact_array(&values)?, nulls)?)
        }
        DataType::Struct(fields) if !fields.is_empty() => {
            let (fields, columns, nulls) = array.as_struct().clone().into_parts();
            let columns = columns.iter().map(compact_array).collect::<Result<_, _>>()?;
            Arc::new(StructArray::try_new(fields, columns, nulls)?)
        }
        _ => Arc::clone(array),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_a_few_texts_takes_little_more_than_they_do() {
        let texts = ["a text of more than twelve bytes", "another one of them"];
        let texts = texts.map(|text| ScalarValue::Utf8View(Some(text.to_owned())));
        let list = ScalarValue::new_list_nullable(&texts, &DataType::Utf8View);
        let nested = ScalarValue::List(ScalarValue::new_list_nullable(
            &[ScalarValue::List(Arc::clone(&list))],
            &list.data_type().clone(),
        ));
        for list in [ScalarValue::List(list), nested] {
            assert!(list.size() > 8_000, "{} bytes", list.size());
            let compact = compact(list.clone()).unwrap();
            assert!(compact.size() < 1_000, "{} bytes", compact.size());
            assert_eq!(compact, list);
        }
    }
}
