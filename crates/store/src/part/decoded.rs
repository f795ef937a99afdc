//! How large the rows of a Parquet file are in memory.
//!
//! A small dictionary can stand for gigabytes of text, so the size of a row group in the file says
//! little. Writers record the unencoded size of texts in the footer (`SizeStatistics` of the
//! Parquet format).

use arrow::datatypes::{DataType, Schema};
use parquet::basic::Type;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};

/// Bytes of a value's levels, and of its offset, view or dictionary key.
const VALUE_BYTES: usize = 16;

/// Mean size of a row as Arrow arrays of the types in `schema`, in bytes, over the columns whose
/// root name is `chosen`; at least 1.
#[must_use]
pub fn decoded_row_bytes(
    group: &RowGroupMetaData,
    schema: &Schema,
    chosen: impl Fn(&str) -> bool,
) -> usize {
    let rows = usize::try_from(group.num_rows()).unwrap_or(0).max(1);
    let is_dictionary = |root: &str| {
        schema
            .field_with_name(root)
            .is_ok_and(|field| matches!(field.data_type(), DataType::Dictionary(..)))
    };
    let bytes = group.columns().iter().fold(0, |bytes: usize, column| {
        let root = column.column_path().parts().first().map_or("", String::as_str);
        let of_column = if !chosen(root) {
            0
        } else if is_dictionary(root) {
            values(column).saturating_mul(VALUE_BYTES)
        } else {
            decoded_bytes(column)
        };
        bytes.saturating_add(of_column)
    });
    bytes.div_ceil(rows).max(1)
}

fn values(column: &ColumnChunkMetaData) -> usize {
    usize::try_from(column.num_values()).unwrap_or(usize::MAX)
}

fn decoded_bytes(column: &ColumnChunkMetaData) -> usize {
    let of_value = |bytes: usize| values(column).saturating_mul(bytes);
    match column.column_type() {
        Type::BOOLEAN => of_value(1),
        Type::INT32 | Type::FLOAT => of_value(4),
        Type::INT64 | Type::DOUBLE => of_value(8),
        Type::INT96 => of_value(12),
        Type::FIXED_LEN_BYTE_ARRAY => {
            of_value(usize::try_from(column.column_descr().type_length()).unwrap_or(0))
        }
        Type::BYTE_ARRAY => {
            let stored = column.uncompressed_size();
            let texts = column.unencoded_byte_array_data_bytes().unwrap_or(stored);
            of_value(VALUE_BYTES).saturating_add(usize::try_from(texts).unwrap_or(usize::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;
    use signals::Signal;
    use signals::attributes::Value;
    use signals::log::{LogBuilder, Record, column, schema};

    use super::*;

    #[test]
    fn a_text_that_repeats_counts_as_often_as_it_is_read() {
        let mut builder = LogBuilder::default();
        let long = "p".repeat(1_000);
        let resource = builder.resource("agent", "{service_name=\"agent\"}", &long);
        let scope = builder.scope("lib", "1", "");
        for row in 0..1_000 {
            builder.attributes().push("prompt", Value::String(&long));
            builder.append(resource, scope, &Record::new(row, "asked")).unwrap();
        }
        let file = crate::part_of(Signal::Logs, &[builder.finish().unwrap()]).unwrap();
        assert!(file.len() < 20_000, "{} bytes", file.len());
        let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
        let group = reader.metadata().row_group(0);
        let of = |is_chosen: &dyn Fn(&str) -> bool| decoded_row_bytes(group, &schema(), is_chosen);
        let attributes = of(&|root| root == column::ATTRIBUTES);
        assert!((1_000..1_200).contains(&attributes), "{attributes} bytes");
        let rest = of(&|root| schema().index_of(root).is_ok() && root != column::ATTRIBUTES);
        assert!((50..400).contains(&rest), "{rest} bytes");
        assert_eq!(of(&|_| false), 1);
    }
}
