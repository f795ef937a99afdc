//! Gathers rows of several batches, in any order, into one batch.
//!
//! Maps of texts are copied row by row: the entries of a row are adjacent, so its keys and its
//! values are one piece of memory each. Arrow's kernel copies entry by entry, which was half of the
//! cost of gathering spans with ten attributes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, RecordBatch, StringArray, StructArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::interleave;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// The rows at pairs of batch and row, in this order. All batches have the columns of the first.
///
/// # Errors
/// [`ArrowError`] without a batch, when columns differ, and over 2 GiB of text in a column.
pub(crate) fn gather(
    batches: &[&RecordBatch],
    rows: &[(usize, usize)],
) -> Result<RecordBatch, ArrowError> {
    let first = batches.first().ok_or_else(|| invalid("no batch to take rows of"))?;
    let columns = (0..first.num_columns()).map(|column| {
        let arrays: Vec<&dyn Array> =
            batches.iter().map(|batch| batch.column(column).as_ref()).collect();
        match arrays.iter().map(|array| TextMap::of(*array)).collect::<Option<Vec<_>>>() {
            Some(maps) => gather_maps(first.column(column).data_type(), &maps, rows),
            None => interleave(&arrays, rows),
        }
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    RecordBatch::try_new(first.schema(), columns)
}

fn invalid(what: &str) -> ArrowError {
    ArrowError::InvalidArgumentError(what.to_owned())
}

/// A map from texts to texts without nulls.
struct TextMap<'a> {
    offsets: &'a [i32],
    keys: &'a StringArray,
    values: &'a StringArray,
}

impl<'a> TextMap<'a> {
    fn of(array: &'a dyn Array) -> Option<Self> {
        let map = array.as_map_opt().filter(|map| map.null_count() == 0)?;
        let keys = map.keys().as_string_opt::<i32>()?;
        let values = map.values().as_string_opt::<i32>()?;
        let has_nulls = keys.null_count() + values.null_count() + map.entries().null_count() > 0;
        (!has_nulls).then(|| Self { offsets: map.value_offsets(), keys, values })
    }
}

fn gather_maps(
    data_type: &DataType,
    maps: &[TextMap<'_>],
    rows: &[(usize, usize)],
) -> Result<ArrayRef, ArrowError> {
    let DataType::Map(entry, is_sorted) = data_type else { return Err(invalid("not a map")) };
    let DataType::Struct(fields) = entry.data_type() else { return Err(invalid("not a map")) };
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    offsets.push(0);
    let (mut keys, mut values) = (Texts::new(), Texts::new());
    for (map, row) in rows {
        let map = &maps[*map];
        let (start, end) = (map.offsets[*row] as usize, map.offsets[row + 1] as usize);
        keys.push(map.keys, start, end)?;
        values.push(map.values, start, end)?;
        offsets.push(i32::try_from(keys.len()).map_err(|_| too_large())?);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()?), Arc::new(values.finish()?)];
    let entries = StructArray::try_new(fields.clone(), columns, None)?;
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let map = MapArray::try_new(Arc::clone(entry), offsets, entries, None, *is_sorted)?;
    Ok(Arc::new(map))
}

/// Texts that are being gathered.
struct Texts {
    bytes: Vec<u8>,
    /// Where each text begins, and where the last one ends.
    offsets: Vec<i32>,
}

impl Texts {
    fn new() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0] }
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Adds texts `start..end` of an array.
    fn push(&mut self, texts: &StringArray, start: usize, end: usize) -> Result<(), ArrowError> {
        let offsets = &texts.value_offsets()[start..=end];
        let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
        let moved = i32::try_from(self.bytes.len()).map_err(|_| too_large())? - first;
        last.checked_add(moved).ok_or_else(too_large)?;
        self.bytes.extend_from_slice(&texts.value_data()[first as usize..last as usize]);
        self.offsets.extend(offsets[1..].iter().map(|offset| offset + moved));
        Ok(())
    }

    fn finish(self) -> Result<StringArray, ArrowError> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        StringArray::try_new(offsets, Buffer::from_vec(self.bytes), None)
    }
}

fn too_large() -> ArrowError {
    invalid("a column of text is over 2 GiB")
}

#[cfg(test)]
mod tests {
    use arrow::compute::interleave_record_batch;

    use super::*;
    use crate::tests::realistic;

    #[test]
    fn rows_are_those_of_arrows_kernel() {
        let rows = [realistic::spans(300, 1), realistic::logs(300, 2)];
        for rows in rows {
            let slices = [rows.slice(0, 100), rows.slice(50, 200), rows.slice(299, 1)];
            let batches: Vec<&RecordBatch> = slices.iter().collect();
            let order: Vec<(usize, usize)> =
                (0..400).map(|i| [(0, i % 100), (1, i * 7 % 200), (2, 0)][i % 3]).collect();
            let expected = interleave_record_batch(&batches, &order).unwrap();
            assert_eq!(gather(&batches, &order).unwrap(), expected);
            let none = gather(&batches, &[]).unwrap();
            assert_eq!((none.num_rows(), none.schema()), (0, rows.schema()));
        }
    }
}
