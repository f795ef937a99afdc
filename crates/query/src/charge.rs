//! Arrays whose memory is charged to the query as long as anything refers to them.
//!
//! DataFusion counts what its operators keep, not what functions allocate. An expression holds the
//! results of all its parts at once, and a projection those of all its columns.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, make_array,
};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use signals::MemoryReservation;

use crate::error::out_of_memory;
use crate::measure::held_bytes;
use crate::running;

/// Smaller arrays are not worth charging.
const CHARGED_MIN: usize = 1 << 20;

/// Memory charged to the query until this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    /// `None` outside of a query.
    memory: Option<Arc<MemoryReservation>>,
    bytes: usize,
}

impl Charge {
    /// A charge of no bytes.
    pub(crate) fn none() -> Self {
        Self { memory: running::memory(), bytes: 0 }
    }

    /// Charges the bytes of an array to be built.
    pub(crate) fn new(bytes: usize) -> Result<Self, DataFusionError> {
        let mut charge = Self::none();
        charge.grow(bytes)?;
        Ok(charge)
    }

    /// Charges more bytes.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), DataFusionError> {
        if let Some(memory) = &self.memory {
            memory.try_grow(bytes).map_err(out_of_memory)?;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Bytes charged.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Attaches the charge to the finished array, reduced to the actual size of the array.
    pub(crate) fn keep(mut self, array: ArrayRef) -> Result<ArrayRef, DataFusionError> {
        let Some(memory) = &self.memory else { return Ok(array) };
        let bytes = held_bytes(&array);
        if bytes < CHARGED_MIN {
            return Ok(array);
        }
        memory.shrink(self.bytes.saturating_sub(bytes));
        memory.grow(bytes.saturating_sub(self.bytes));
        self.bytes = bytes;
        charged(&array, &Arc::new(self))
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(memory) = &self.memory {
            memory.shrink(self.bytes);
        }
    }
}

/// A buffer that holds the charge of its array.
struct Charged {
    buffer: Buffer,
    _charge: Arc<Charge>,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_slice()
    }
}

/// The same array with buffers that hold the charge. Arrow validates the values of the innermost
/// arrays again, once.
fn charged(array: &ArrayRef, charge: &Arc<Charge>) -> Result<ArrayRef, DataFusionError> {
    Ok(match array.data_type() {
        DataType::List(_) => {
            let (field, offsets, values, nulls) = array.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(field, offsets, charged(&values, charge)?, nulls)?)
        }
        DataType::Struct(fields) if !fields.is_empty() => {
            Arc::new(charged_columns(array.as_struct(), charge)?)
        }
        DataType::Map(..) => {
            let (field, offsets, entries, nulls, is_sorted) = array.as_map().clone().into_parts();
            let entries = charged_columns(&entries, charge)?;
            Arc::new(MapArray::try_new(field, offsets, entries, nulls, is_sorted)?)
        }
        _ => {
            let data = array.to_data();
            let buffers = data.buffers().iter().map(|buffer| {
                let charged = Charged { buffer: buffer.clone(), _charge: Arc::clone(charge) };
                Buffer::from(Bytes::from_owner(charged))
            });
            let buffers = buffers.collect();
            make_array(data.into_builder().buffers(buffers).build()?)
        }
    })
}

fn charged_columns(
    array: &StructArray,
    charge: &Arc<Charge>,
) -> Result<StructArray, DataFusionError> {
    let (fields, columns, nulls) = array.clone().into_parts();
    let columns: Result<Vec<_>, _> = columns.iter().map(|column| charged(column, charge)).collect();
    Ok(StructArray::try_new(fields, columns?, nulls)?)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, StringArray, StringViewArray};
    use datafusion::arrow::buffer::OffsetBuffer;
    use datafusion::arrow::datatypes::Field;
    use signals::MemoryBudget;

    use super::*;
    use crate::running::Running;

    #[tokio::test]
    async fn an_array_is_charged_until_its_last_slice_is_gone() {
        let texts: Vec<_> = (0..20_000).map(|i| Some(format!("{i:0100}"))).collect();
        let numbers: ArrayRef = Arc::new((0..200_000).collect::<Int64Array>());
        let field = Arc::new(Field::new("n", DataType::Int64, true));
        let item = Arc::new(Field::new("item", DataType::Int64, true));
        let offsets = OffsetBuffer::from_repeated_length(20, 10_000);
        let list = ListArray::new(Arc::clone(&item), offsets, Arc::clone(&numbers), None);
        let arrays: [ArrayRef; 5] = [
            Arc::new(texts.iter().collect::<StringArray>()),
            Arc::new(texts.iter().collect::<StringViewArray>()),
            Arc::clone(&numbers),
            Arc::new(StructArray::from(vec![(field, numbers)])),
            Arc::new(list),
        ];
        let budget = MemoryBudget::new("queries", 1 << 30);
        let query = async {
            for array in arrays {
                let copy = Charge::new(100 << 20).unwrap().keep(Arc::clone(&array)).unwrap();
                let bytes = budget.bytes_taken();
                assert_eq!(&copy, &array);
                assert!((1_600_000..=array.get_array_memory_size()).contains(&bytes), "{bytes}");
                let slice = copy.slice(7, 1);
                drop(copy);
                assert_eq!(budget.bytes_taken(), bytes);
                drop(slice);
                assert_eq!(budget.bytes_taken(), 0);
            }
            let small: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
            let copy = Charge::new(1_000).unwrap().keep(small).unwrap();
            assert_eq!((copy.len(), budget.bytes_taken()), (1, 0));
        };
        Arc::new(Running::new(&budget)).scope(query).await;
    }
}
