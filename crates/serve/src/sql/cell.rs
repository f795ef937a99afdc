//! Encodes one value of an Arrow column as JSON.
//!
//! Integers beyond 2^53 and decimals are JSON strings, because parsers would round them. Times are
//! RFC 3339 with nanoseconds, bytes are hexadecimal, and numbers outside JSON are strings.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::json;

/// Largest integer that every JSON parser represents exactly.
const EXACT_MAX: u64 = 1 << 53;
/// Maximum nesting of lists and structs; deeper values are null.
const DEPTH_MAX: usize = 32;

/// A row as an object with one name per column.
pub(super) fn object(out: &mut Vec<u8>, names: &[String], batch: &RecordBatch, row: usize) {
    out.push(b'{');
    for (i, (name, column)) in names.iter().zip(batch.columns()).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json::text(out, name);
        out.push(b':');
        value(out, column, row, 0);
    }
    out.push(b'}');
}

fn value(out: &mut Vec<u8>, column: &dyn Array, row: usize, depth: usize) {
    if column.is_null(row) || depth > DEPTH_MAX {
        return null(out);
    }
    match column.data_type() {
        // A null column has no validity bitmap.
        DataType::Null => null(out),
        DataType::Utf8 => json::text(out, column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => json::text(out, column.as_string::<i64>().value(row)),
        DataType::Utf8View => json::text(out, column.as_string_view().value(row)),
        DataType::Boolean => {
            push(out, if column.as_boolean().value(row) { "true" } else { "false" });
        }
        DataType::Int8 => integer(out, column.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => integer(out, column.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => integer(out, column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => integer(out, column.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt8 => integer(out, column.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => integer(out, column.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => integer(out, column.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => integer(out, column.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float32 => float(out, column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(out, column.as_primitive::<Float64Type>().value(row)),
        DataType::Binary => bytes(out, column.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(out, column.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(out, column.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(out, column.as_fixed_size_binary().value(row)),
        DataType::Dictionary(keys, _) if **keys == DataType::Int32 => {
            let dictionary = column.as_dictionary::<Int32Type>();
            match dictionary.key(row) {
                Some(key) if key < dictionary.values().len() => {
                    value(out, dictionary.values(), key, depth + 1);
                }
                _ => null(out),
            }
        }
        DataType::List(_) => list(out, &column.as_list::<i32>().value(row), depth),
        DataType::LargeList(_) => list(out, &column.as_list::<i64>().value(row), depth),
        DataType::FixedSizeList(..) => list(out, &column.as_fixed_size_list().value(row), depth),
        DataType::Struct(fields) => {
            let columns = column.as_struct();
            out.push(b'{');
            for (i, (field, inner)) in fields.iter().zip(columns.columns()).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json::text(out, field.name());
                out.push(b':');
                value(out, inner, row, depth + 1);
            }
            out.push(b'}');
        }
        DataType::Map(..) => map(out, &column.as_map().value(row), depth),
        DataType::Timestamp(unit, _) => match nanoseconds(column, row, *unit) {
            Some(time) => time_text(out, time),
            None => formatted(out, column, row),
        },
        _ => formatted(out, column, row),
    }
}

fn null(out: &mut Vec<u8>) {
    push(out, "null");
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn integer(out: &mut Vec<u8>, number: i128) {
    if number.unsigned_abs() <= u128::from(EXACT_MAX) {
        push(out, &number.to_string());
    } else {
        push(out, &format!("\"{number}\""));
    }
}

fn float(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        push(
            out,
            &serde_json::Number::from_f64(number)
                .map_or_else(|| "null".to_owned(), |n| n.to_string()),
        );
    } else {
        push(out, &format!("\"{}\"", crate::go_float::plain(number)));
    }
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push(out, &format!("\"{}\"", hex::encode(bytes)));
}

fn list(out: &mut Vec<u8>, items: &dyn Array, depth: usize) {
    json::list(out, 0..items.len(), |out, i| value(out, items, i, depth + 1));
}

/// A map with text keys as an object.
fn map(out: &mut Vec<u8>, entries: &arrow::array::StructArray, depth: usize) {
    let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
        return null(out);
    };
    out.push(b'{');
    for i in 0..entries.len() {
        if i > 0 {
            out.push(b',');
        }
        let mut key = Vec::new();
        value(&mut key, keys, i, depth + 1);
        if key.first() == Some(&b'"') {
            out.extend_from_slice(&key);
        } else {
            json::text(out, &String::from_utf8_lossy(&key));
        }
        out.push(b':');
        value(out, values, i, depth + 1);
    }
    out.push(b'}');
}

/// A time in nanoseconds; `None` on overflow.
fn nanoseconds(column: &dyn Array, row: usize, unit: TimeUnit) -> Option<i64> {
    use arrow::datatypes::{
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType,
    };
    let (number, factor) = match unit {
        TimeUnit::Second => {
            (column.as_primitive::<TimestampSecondType>().value(row), 1_000_000_000)
        }
        TimeUnit::Millisecond => {
            (column.as_primitive::<TimestampMillisecondType>().value(row), 1_000_000)
        }
        TimeUnit::Microsecond => {
            (column.as_primitive::<TimestampMicrosecondType>().value(row), 1_000)
        }
        TimeUnit::Nanosecond => (column.as_primitive::<TimestampNanosecondType>().value(row), 1),
    };
    number.checked_mul(factor)
}

fn time_text(out: &mut Vec<u8>, time: i64) {
    let text = signals::time::to_rfc3339(time);
    let seconds = text.get(..text.len().saturating_sub(5)).unwrap_or_default();
    push(out, &format!("\"{seconds}.{:09}Z\"", time.rem_euclid(1_000_000_000)));
}

/// Intervals, dates, decimals and all remaining types, as text.
fn formatted(out: &mut Vec<u8>, column: &dyn Array, row: usize) {
    let options = FormatOptions::default().with_display_error(true);
    match ArrayFormatter::try_new(column, &options) {
        Ok(formatter) => json::text(out, &formatter.value(row).to_string()),
        Err(_) => null(out),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array, Int64Array,
        ListArray, MapBuilder, NullArray, StringBuilder, TimestampNanosecondArray, UInt64Array,
    };

    use super::*;

    #[test]
    fn every_type_has_its_json() {
        let mut attributes = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        attributes.keys().append_value("k\"");
        attributes.values().append_null();
        attributes.append(true).unwrap();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("i", Arc::new(Int64Array::from(vec![-5]))),
            ("big", Arc::new(UInt64Array::from(vec![u64::MAX]))),
            ("f", Arc::new(Float64Array::from(vec![0.1]))),
            ("nan", Arc::new(Float64Array::from(vec![f64::NAN]))),
            ("b", Arc::new(BooleanArray::from(vec![None]))),
            ("n", Arc::new(NullArray::new(1))),
            ("d", Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("x")]))),
            ("id", Arc::new(FixedSizeBinaryArray::try_from_iter([[0xab_u8, 1]].iter()).unwrap())),
            (
                "l",
                Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some([
                    Some(1),
                    None,
                ])])),
            ),
            ("m", Arc::new(attributes.finish())),
            (
                "t",
                Arc::new(
                    TimestampNanosecondArray::from(vec![1_700_000_000_000_000_001])
                        .with_timezone("+00:00"),
                ),
            ),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut out = Vec::new();
        let names: Vec<String> =
            batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
        object(&mut out, &names, &batch, 0);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"i":-5,"big":"18446744073709551615","f":0.1,"nan":"NaN","b":null,"n":null,"d":"x","id":"ab01","l":[1,null],"m":{"k\"":null},"t":"2023-11-14T22:13:20.000000001Z"}"#
        );
    }
}
