//! Arrays whose memory is taken from that of the query for as long as anything refers to them.
//!
//! DataFusion counts what its operators keep, not what its functions make on the way. An expression
//! holds the results of all its parts at once, and a projection those of all its columns.

use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayData, ArrayRef, make_array};
use datafusion::arrow::buffer::Buffer;
use datafusion::error::DataFusionError;
use signals::MemoryReservation;

use crate::running;
use crate::session::pool::out_of_memory;

/// Smaller arrays are not worth the look.
const CHARGED_MIN: usize = 1 << 20;

/// Bytes that the query has until this is dropped.
pub(super) struct Charge {
    /// `None` outside of a query.
    memory: Option<Arc<MemoryReservation>>,
    bytes: usize,
}

impl Charge {
    /// Takes bytes for an array that is to be made.
    pub(super) fn new(bytes: usize) -> Result<Self, DataFusionError> {
        let memory = running::memory();
        if let Some(memory) = &memory {
            memory.try_grow(bytes).map_err(out_of_memory)?;
        }
        Ok(Self { memory, bytes })
    }

    /// Takes more bytes.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), DataFusionError> {
        if let Some(memory) = &self.memory {
            memory.try_grow(bytes).map_err(out_of_memory)?;
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Gives back all that it has.
    pub(super) fn shrink(&mut self) {
        if let Some(memory) = &self.memory {
            memory.shrink(self.bytes);
        }
        self.bytes = 0;
    }

    /// The array that was made: has it hold as much as it takes, and gives back the rest.
    pub(super) fn keep(mut self, array: ArrayRef) -> Result<ArrayRef, DataFusionError> {
        let bytes = array.get_array_memory_size();
        let Some(memory) = &self.memory else { return Ok(array) };
        if bytes < CHARGED_MIN {
            return Ok(array);
        }
        memory.shrink(self.bytes.saturating_sub(bytes));
        memory.grow(bytes.saturating_sub(self.bytes));
        self.bytes = bytes;
        Ok(make_array(charged(array.to_data(), &Arc::new(self))?))
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink();
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

fn charged(data: ArrayData, charge: &Arc<Charge>) -> Result<ArrayData, DataFusionError> {
    let buffers = data.buffers().iter().map(|buffer| {
        let charged = Charged { buffer: buffer.clone(), _charge: Arc::clone(charge) };
        Buffer::from(Bytes::from_owner(charged))
    });
    let buffers = buffers.collect();
    let children = data.child_data().iter().cloned();
    let children: Result<Vec<_>, _> = children.map(|child| charged(child, charge)).collect();
    Ok(data.into_builder().buffers(buffers).child_data(children?).build()?)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int64Array, StringArray, StringViewArray, StructArray};
    use datafusion::arrow::datatypes::{DataType, Field};
    use signals::MemoryBudget;

    use super::*;
    use crate::running::Running;

    #[tokio::test]
    async fn an_array_is_charged_until_its_last_slice_is_gone() {
        let texts: Vec<_> = (0..20_000).map(|i| Some(format!("{i:0100}"))).collect();
        let numbers: ArrayRef = Arc::new((0..200_000).collect::<Int64Array>());
        let field = Arc::new(Field::new("n", DataType::Int64, true));
        let arrays: [ArrayRef; 4] = [
            Arc::new(texts.iter().collect::<StringArray>()),
            Arc::new(texts.iter().collect::<StringViewArray>()),
            Arc::clone(&numbers),
            Arc::new(StructArray::from(vec![(field, numbers)])),
        ];
        let budget = MemoryBudget::new("queries", 1 << 30);
        let query = async {
            for array in arrays {
                let bytes = array.get_array_memory_size();
                let copy = Charge::new(100 << 20).unwrap().keep(Arc::clone(&array)).unwrap();
                assert_eq!((&copy, budget.bytes_taken()), (&array, bytes));
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
