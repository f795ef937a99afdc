//! Sizes of the values of an array.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;

/// Bytes of a value that is not text.
pub(crate) const NUMBER_BYTES: usize = 8;
/// Bytes of a view without its text.
const VIEW_BYTES: usize = 16;

/// Bytes of the visible values of an array, as if each had its own copy: slices share larger
/// buffers with others, and after a join thousands of views may share one text.
pub(crate) fn bytes_of(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => of_views(array.as_string_view().lengths()),
        DataType::BinaryView => of_views(array.as_binary_view().lengths()),
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            between(lists.value_offsets(), lists.values())
        }
        DataType::Map(..) => {
            let maps = array.as_map();
            let entries: ArrayRef = Arc::new(maps.entries().clone());
            between(maps.value_offsets(), &entries)
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary_opt();
            let longest = dictionary.map(|dictionary| longest_text(dictionary.values()));
            array.len().saturating_mul(longest.unwrap_or(NUMBER_BYTES))
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            columns.map(|column| bytes_of(column)).fold(0, usize::saturating_add)
        }
        _ => {
            let bytes = array.to_data().get_slice_memory_size();
            bytes.unwrap_or_else(|_| array.get_array_memory_size())
        }
    }
}

/// Bytes that an array holds: less than those of its values if they share one text, less than those
/// of its buffers if these are shared.
pub(crate) fn held_bytes(array: &dyn Array) -> usize {
    array.get_array_memory_size().min(bytes_of(array))
}

fn of_views(lengths: impl Iterator<Item = u32>) -> usize {
    let bytes = lengths.map(|length| VIEW_BYTES.saturating_add(length as usize));
    bytes.fold(0, usize::saturating_add)
}

/// Bytes of the values from the first offset to the last one.
fn between(offsets: &[i32], values: &ArrayRef) -> usize {
    let [Some(first), Some(last)] =
        [offsets.first(), offsets.last()].map(|offset| usize::try_from(*offset?).ok())
    else {
        return 0;
    };
    let values = bytes_of(&values.slice(first, last.saturating_sub(first)));
    values.saturating_add(size_of_val(offsets))
}

/// The texts of a column; empty if it has no texts.
pub(crate) fn texts(array: &ArrayRef) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
    match array.data_type() {
        DataType::Utf8 => Box::new(array.as_string::<i32>().iter()),
        DataType::LargeUtf8 => Box::new(array.as_string::<i64>().iter()),
        DataType::Utf8View => Box::new(array.as_string_view().iter()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Bytes of the longest text of a column, or of a number.
pub(crate) fn longest_text(array: &ArrayRef) -> usize {
    texts(array).flatten().map(str::len).max().unwrap_or_default().max(NUMBER_BYTES)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{
        DictionaryArray, Int64Array, ListArray, StringArray, StringViewArray,
    };
    use datafusion::arrow::compute::take;
    use datafusion::arrow::datatypes::{Int32Type, Int64Type};

    use super::*;

    #[test]
    fn each_value_counts_though_they_share_a_text() {
        let long = "x".repeat(1_000);
        let rows = Int64Array::from(vec![0; 100]);
        let view: ArrayRef = Arc::new(StringViewArray::from(vec![long.as_str()]));
        let views = take(&view, &rows, None).unwrap();
        let of_numbers = |list: &str| {
            let numbers = Some(list.bytes().map(|byte| Some(i64::from(byte))).collect::<Vec<_>>());
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![numbers; 10]))
                as ArrayRef
        };
        let dictionary: DictionaryArray<Int32Type> = vec![long.as_str(); 100].into_iter().collect();
        let cases: [(&str, ArrayRef, usize, usize); 6] = [
            ("views", views.clone(), 101_600, 101_600),
            ("a slice of views", views.slice(0, 10), 10_160, 10_160),
            ("texts", Arc::new(StringArray::from(vec!["ab"; 100])), 600, 700),
            ("a slice of lists", of_numbers("0123456789").slice(2, 3), 240, 300),
            ("a dictionary", Arc::new(dictionary), 100_000, 100_000),
            ("numbers", Arc::new(rows), 800, 800),
        ];
        for (name, array, least, most) in cases {
            let bytes = bytes_of(&array);
            assert!((least..=most).contains(&bytes), "{name}: {bytes}");
        }
    }
}
