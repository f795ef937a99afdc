//! `count(DISTINCT …)` of texts and bytes.
//!
//! DataFusion's own takes 20 KiB for a group before its first value and up to 2 MiB after it, and
//! reports them only when a whole batch has created its groups. This one starts empty.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BinaryArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Accumulator;

use crate::running;

/// Bytes of an entry without its value, and of its slot in the table.
const ENTRY_BYTES: usize = 32;

/// Whether values of a type are supported.
pub(super) fn counts(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
    )
}

/// The values of one group.
#[derive(Debug)]
pub(super) struct DistinctTexts {
    values: HashSet<Box<[u8]>>,
    bytes: usize,
    data_type: DataType,
}

impl DistinctTexts {
    /// An accumulator for values of a type.
    pub(super) fn new(data_type: &DataType) -> Self {
        Self { values: HashSet::new(), bytes: 0, data_type: data_type.clone() }
    }

    fn insert(&mut self, values: &ArrayRef) -> Result<(), DataFusionError> {
        running::check().map_err(|error| DataFusionError::External(Box::new(error)))?;
        let values = cast(values, &DataType::BinaryView)?;
        for value in values.as_binary_view().iter().flatten() {
            if !self.values.contains(value) {
                self.bytes = self.bytes.saturating_add(value.len());
                self.values.insert(value.into());
            }
        }
        Ok(())
    }
}

impl Accumulator for DistinctTexts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<(), DataFusionError> {
        values.iter().try_for_each(|values| self.insert(values))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<(), DataFusionError> {
        let lists = states.iter().flat_map(|lists| lists.as_list::<i32>().iter());
        lists.flatten().try_for_each(|values| self.insert(&values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue, DataFusionError> {
        Ok(ScalarValue::Int64(Some(i64::try_from(self.values.len()).unwrap_or(i64::MAX))))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>, DataFusionError> {
        let values: ArrayRef = Arc::new(BinaryArray::from_iter_values(&self.values));
        let values = cast(&values, &self.data_type)?;
        Ok(vec![SingleRowListArrayBuilder::new(values).build_list_scalar()])
    }

    fn size(&self) -> usize {
        let entries = self.values.capacity().saturating_mul(ENTRY_BYTES);
        size_of_val(self).saturating_add(entries).saturating_add(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringArray;

    use super::*;

    #[test]
    fn values_of_all_types_are_counted_once_whatever_part_has_them() {
        let texts: ArrayRef =
            Arc::new(StringArray::from(vec![Some("a"), None, Some("b"), Some("a")]));
        let other: ArrayRef =
            Arc::new(StringArray::from(vec!["b", "c, which is longer than a view"]));
        for data_type in [
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Utf8View,
            DataType::Binary,
            DataType::LargeBinary,
            DataType::BinaryView,
        ] {
            let mut whole = DistinctTexts::new(&data_type);
            for part in [&texts, &other] {
                let mut one = DistinctTexts::new(&data_type);
                one.update_batch(&[cast(part, &data_type).unwrap()]).unwrap();
                let state = one.state().unwrap().remove(0).to_array().unwrap();
                assert_eq!(state.as_list::<i32>().value_type(), data_type);
                whole.merge_batch(&[state]).unwrap();
            }
            assert_eq!(whole.evaluate().unwrap(), ScalarValue::Int64(Some(3)), "{data_type}");
        }
    }
}
