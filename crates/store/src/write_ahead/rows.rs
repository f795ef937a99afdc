//! Rows of spans and logs as bytes of a record: column after column, in the order of the schema.
//!
//! Text is written as lengths and bytes, so that buffers shared by columns in memory (such as the
//! body of a request) are not written. `docs/formats/write-ahead-log.md` describes the bytes.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, DictionaryArray, FixedSizeBinaryArray,
    Int32Array, MapArray, PrimitiveArray, RecordBatch, StringArray, StringViewBuilder, StructArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    DataType, Fields, Int32Type, Int64Type, SchemaRef, TimestampNanosecondType, UInt8Type,
    UInt32Type,
};
use chunks::varint::{push_sized, push_varint, take_varint};

use crate::StoreError;

const CUT_OFF: &str = "the rows are cut off";

/// Appends all rows of a batch.
pub(super) fn encode(rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), StoreError> {
    push_varint(out, rows.num_rows() as u64);
    rows.columns().iter().try_for_each(|column| encode_column(column, out))
}

/// Reads the rows of a batch of this schema.
pub(super) fn decode(schema: &SchemaRef, bytes: &[u8]) -> Result<RecordBatch, String> {
    let mut bytes = Bytes(bytes);
    let rows = bytes.count()?;
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = decode_column(field.data_type(), rows, &mut bytes)
            .map_err(|reason| format!("column {}: {reason}", field.name()))?;
        columns.push(column);
    }
    if !bytes.0.is_empty() {
        return Err(format!("{} bytes follow the rows", bytes.0.len()));
    }
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| error.to_string())
}

fn encode_column(column: &ArrayRef, out: &mut Vec<u8>) -> Result<(), StoreError> {
    match column.data_type() {
        DataType::FixedSizeBinary(_) => {
            let column = column.as_fixed_size_binary();
            encode_nulls(column.nulls(), out);
            (0..column.len()).for_each(|i| out.extend_from_slice(column.value(i)));
        }
        DataType::UInt8 => encode_primitive::<UInt8Type>(column, out),
        DataType::UInt32 => encode_primitive::<UInt32Type>(column, out),
        DataType::Int64 => encode_primitive::<Int64Type>(column, out),
        DataType::Timestamp(..) => encode_primitive::<TimestampNanosecondType>(column, out),
        DataType::Utf8View => {
            let column = column.as_string_view();
            encode_nulls(column.nulls(), out);
            let lengths = column.lengths();
            lengths.for_each(|length| push_varint(out, u64::from(length)));
            column.iter().flatten().for_each(|text| out.extend_from_slice(text.as_bytes()));
        }
        DataType::Dictionary(..) => {
            let column = column.as_dictionary::<Int32Type>();
            encode_nulls(column.nulls(), out);
            let values = column.values().as_string::<i32>();
            push_varint(out, values.len() as u64);
            encode_texts(values, out);
            for key in column.keys().values() {
                push_varint(out, u64::from(*key as u32));
            }
        }
        DataType::Map(..) => encode_map(column.as_map(), out),
        other => {
            return Err(StoreError::Io(format!(
                "the write-ahead log cannot encode columns of type {other}"
            )));
        }
    }
    Ok(())
}

fn encode_primitive<T: ArrowPrimitiveType>(column: &ArrayRef, out: &mut Vec<u8>) {
    let column = column.as_primitive::<T>();
    encode_nulls(column.nulls(), out);
    out.extend_from_slice(column.values().inner().as_slice());
}

/// `Map<Utf8, Utf8>`: entries of each row, then all keys, then all values.
fn encode_map(column: &MapArray, out: &mut Vec<u8>) {
    for length in column.offsets().lengths() {
        push_varint(out, length as u64);
    }
    let offsets = column.offsets();
    let first = offsets.first().map_or(0, |offset| *offset as usize);
    let entries = offsets.last().map_or(0, |offset| *offset as usize) - first;
    let keys = column.keys().slice(first, entries);
    encode_texts(keys.as_string::<i32>(), out);
    let values = column.values().slice(first, entries);
    encode_nulls(values.nulls(), out);
    encode_texts(values.as_string::<i32>(), out);
}

fn encode_nulls(nulls: Option<&NullBuffer>, out: &mut Vec<u8>) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => {
            out.push(1);
            out.extend_from_slice(nulls.inner().sliced().as_slice());
        }
        None => out.push(0),
    }
}

fn encode_texts(texts: &StringArray, out: &mut Vec<u8>) {
    for length in texts.offsets().lengths() {
        push_varint(out, length as u64);
    }
    let offsets = texts.value_offsets();
    let first = offsets.first().map_or(0, |offset| *offset as usize);
    let last = offsets.last().map_or(0, |offset| *offset as usize);
    push_sized(out, texts.value_data().get(first..last).unwrap_or_default());
}

fn decode_column(kind: &DataType, rows: usize, bytes: &mut Bytes<'_>) -> Result<ArrayRef, String> {
    Ok(match kind {
        DataType::FixedSizeBinary(width) => {
            let nulls = bytes.nulls(rows)?;
            let size = usize::try_from(*width).unwrap_or(0);
            let values = bytes.take(rows.checked_mul(size).ok_or(CUT_OFF)?)?;
            let column = FixedSizeBinaryArray::try_new(*width, Buffer::from(values), nulls);
            Arc::new(column.map_err(text)?)
        }
        DataType::UInt8 => Arc::new(bytes.primitive::<UInt8Type>(rows)?),
        DataType::UInt32 => Arc::new(bytes.primitive::<UInt32Type>(rows)?),
        DataType::Int64 => Arc::new(bytes.primitive::<Int64Type>(rows)?),
        DataType::Timestamp(_, zone) => {
            let column = bytes.primitive::<TimestampNanosecondType>(rows)?;
            Arc::new(column.with_timezone_opt(zone.clone()))
        }
        DataType::Utf8View => bytes.views(rows)?,
        DataType::Dictionary(..) => {
            let nulls = bytes.nulls(rows)?;
            let count = bytes.count()?;
            let values = bytes.texts(count, None)?;
            let keys: Vec<i32> =
                (0..bytes.at_least(rows)?).map(|_| bytes.varint_as()).collect::<Result<_, _>>()?;
            let keys = Int32Array::try_new(keys.into(), nulls).map_err(text)?;
            let column = DictionaryArray::try_new(keys, Arc::new(values));
            Arc::new(column.map_err(text)?)
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return Err("the entries of a map are no struct".into());
            };
            let lengths: Vec<usize> =
                (0..bytes.at_least(rows)?).map(|_| bytes.varint_as()).collect::<Result<_, _>>()?;
            let (offsets, count) = offsets(&lengths)?;
            let entry_rows = bytes.entries(fields, count)?;
            let map = MapArray::try_new(Arc::clone(entries), offsets, entry_rows, None, false);
            Arc::new(map.map_err(text)?)
        }
        other => return Err(format!("the write-ahead log cannot encode columns of type {other}")),
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Offsets of items with these lengths, and their total length.
fn offsets(lengths: &[usize]) -> Result<(OffsetBuffer<i32>, usize), String> {
    let sum = lengths.iter().try_fold(0_usize, |sum, length| sum.checked_add(*length));
    let sum = sum.filter(|sum| i32::try_from(*sum).is_ok()).ok_or("lengths are too large")?;
    Ok((OffsetBuffer::from_lengths(lengths.iter().copied()), sum))
}

/// The remaining bytes. A count is rejected if fewer bytes than that remain.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(taken)
    }

    fn varint_as<T: TryFrom<u64>>(&mut self) -> Result<T, String> {
        let value = take_varint(&mut self.0).ok_or(CUT_OFF)?;
        T::try_from(value).map_err(|_| "a number is too large".into())
    }

    /// A number of items that take at least a byte each.
    fn count(&mut self) -> Result<usize, String> {
        let count = self.varint_as()?;
        self.at_least(count)
    }

    fn at_least(&self, count: usize) -> Result<usize, String> {
        if count <= self.0.len() { Ok(count) } else { Err(CUT_OFF.into()) }
    }

    fn nulls(&mut self, rows: usize) -> Result<Option<NullBuffer>, String> {
        if self.take(1)? == [0] {
            return Ok(None);
        }
        let bits = Buffer::from(self.take(rows.div_ceil(8))?);
        Ok(Some(NullBuffer::new(BooleanBuffer::new(bits, 0, rows))))
    }

    fn primitive<T: ArrowPrimitiveType>(
        &mut self,
        rows: usize,
    ) -> Result<PrimitiveArray<T>, String> {
        let nulls = self.nulls(rows)?;
        let size = size_of::<T::Native>();
        let values = self.take(rows.checked_mul(size).ok_or(CUT_OFF)?)?;
        let values = ScalarBuffer::<T::Native>::new(Buffer::from(values), 0, rows);
        PrimitiveArray::try_new(values, nulls).map_err(text)
    }

    fn views(&mut self, rows: usize) -> Result<ArrayRef, String> {
        let nulls = self.nulls(rows)?;
        let lengths: Vec<usize> =
            (0..self.at_least(rows)?).map(|_| self.varint_as()).collect::<Result<_, _>>()?;
        let mut column = StringViewBuilder::with_capacity(rows);
        for (i, length) in lengths.into_iter().enumerate() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(i)) {
                column.append_null();
            } else {
                let bytes = self.take(length)?;
                column.append_value(std::str::from_utf8(bytes).map_err(text)?);
            }
        }
        Ok(Arc::new(column.finish()))
    }

    fn texts(&mut self, count: usize, nulls: Option<NullBuffer>) -> Result<StringArray, String> {
        let lengths: Vec<usize> =
            (0..self.at_least(count)?).map(|_| self.varint_as()).collect::<Result<_, _>>()?;
        let (offsets, sum) = offsets(&lengths)?;
        if self.varint_as::<usize>()? != sum {
            return Err("texts have another length than their sum".into());
        }
        let values = Buffer::from(self.take(sum)?);
        StringArray::try_new(offsets, values, nulls).map_err(text)
    }

    fn entries(&mut self, fields: &Fields, count: usize) -> Result<StructArray, String> {
        let keys = self.texts(count, None)?;
        let nulls = self.nulls(count)?;
        let values = self.texts(count, nulls)?;
        let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(values)];
        StructArray::try_new(fields.clone(), columns, None).map_err(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signals::attributes::Value;
    use signals::log::{self, LogBuilder};
    use signals::span::{self, Span, SpanBuilder};
    use signals::{SpanId, TraceId};

    use super::*;

    fn logs(bodies: &[(String, bool)]) -> RecordBatch {
        let mut logs = LogBuilder::default();
        let resource = logs.resource("cart", "{service_name=\"cart\"}", "{}");
        let scope = logs.scope("a", "", "");
        for (i, (body, has_trace)) in (0_i64..).zip(bodies) {
            let mut record = log::Record::new(i * 1000, body);
            if *has_trace {
                record.trace_id = Some(TraceId([7; 16]));
            }
            logs.append(resource, scope, &record).unwrap();
        }
        logs.finish().unwrap()
    }

    fn spans(count: u64) -> RecordBatch {
        let mut spans = SpanBuilder::default();
        let resource = spans.resource("cart", "{\"a\":1}");
        let scope = spans.scope("", "", "");
        for id in 0..count {
            let mut span = Span::new(TraceId([1; 16]), SpanId((id + 1).to_be_bytes()), id as i64);
            span.name = "GET /";
            for attribute in 0..id % 3 {
                spans.attributes().push(["a", "b"][attribute as usize], Value::Int(id as i64));
            }
            spans.append(resource, scope, &span).unwrap();
        }
        spans.finish().unwrap()
    }

    fn encoded(rows: &RecordBatch) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(rows, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn spans_come_back_as_they_were_also_from_a_slice() {
        for rows in [spans(0), spans(1), spans(20), spans(20).slice(7, 9)] {
            assert_eq!(decode(&span::schema(), &encoded(&rows)).unwrap(), rows);
        }
    }

    #[test]
    fn rows_that_are_cut_off_or_changed_are_an_error_or_rows() {
        let bytes = encoded(&spans(3));
        for length in 0..bytes.len() {
            assert!(decode(&span::schema(), &bytes[..length]).is_err(), "{length}");
            for bit in [1, 0x80] {
                let mut changed = bytes.clone();
                changed[length] ^= bit;
                let _ = decode(&span::schema(), &changed);
            }
        }
    }

    proptest! {
        #[test]
        fn logs_come_back_as_they_were(bodies in prop::collection::vec((".{0,40}", any::<bool>()), 0..30)) {
            let rows = logs(&bodies);
            prop_assert_eq!(decode(&log::schema(), &encoded(&rows)).unwrap(), rows);
        }

        #[test]
        fn any_bytes_are_an_error_or_rows(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&span::schema(), &bytes);
        }
    }
}
