//! Parts with other columns than today's: older ones, newer ones, and those whose attributes are
//! columns of their own. All of them merge with each other, and no row changes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use signals::attributes::{Value, ValueType};
use signals::log::{LogBuilder, LogRows};
use signals::span::{Span, SpanBuilder, SpanRows, column};
use signals::{Signal, SpanId, TraceId};

use super::harness::NOON;
use crate::part::keys::AttributeKeys;
use crate::part::layout::attribute_column;
use crate::part::merge::{MergeSizes, merge};
use crate::part::write::part_of;
use crate::{Part, StoreError};

/// Spans `first..first + count`: each has a number, a session, now and then a long prompt, and one
/// key whose type changes.
fn spans(first: u64, count: u64) -> RecordBatch {
    let mut builder = SpanBuilder::default();
    let resource = builder.resource("agent", r#"{"service.name":"agent","host.name":"h1"}"#);
    let scope = builder.scope("lib", "1", r#"{"scope.key":true}"#);
    for id in first..first + count {
        let attributes = builder.attributes();
        attributes.push("gen_ai.usage.input_tokens", Value::Int(id as i64));
        if id % 4 == 0 {
            let prompt = format!("{id} {}", "p".repeat(5_000));
            attributes.push("gen_ai.input.messages", Value::String(&prompt));
        }
        attributes.push("session.id", Value::String(&format!("s{}", id % 7)));
        attributes.push("mixed", if id % 2 == 0 { Value::Int(1) } else { Value::Bool(true) });
        attributes.push("cost", Value::Double(id as f64 / 8.0));
        let trace = TraceId(u128::from(1 + id / 5).to_be_bytes());
        let mut span = Span::new(trace, SpanId((1 + id).to_be_bytes()), NOON + id as i64);
        span.status_message = "a message";
        builder.append(resource, scope, &span).unwrap();
    }
    builder.finish().unwrap()
}

/// What a reader sees of spans, one text each, in order of ids.
fn seen(batch: &RecordBatch) -> Vec<String> {
    let rows = SpanRows::new(batch).unwrap();
    let mut seen: Vec<String> = (0..rows.len())
        .map(|row| {
            format!(
                "{} {} {:?} {} {} {}",
                rows.span_id(row),
                rows.start_time(row),
                rows.attributes(row).collect::<Vec<_>>(),
                rows.status_message(row),
                rows.scope_attributes(row),
                rows.dropped_links_count(row),
            )
        })
        .collect();
    seen.sort();
    seen
}

/// A part as a program before the first promoted column wrote it: fewer columns, other names
/// inside maps, nothing in the footer.
fn old_part(rows: &RecordBatch) -> Vec<u8> {
    let without = [column::DROPPED_LINKS_COUNT, column::SCOPE_ATTRIBUTES, column::STATUS_MESSAGE];
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = rows
        .schema()
        .fields()
        .iter()
        .zip(rows.columns())
        .filter(|(field, _)| !without.contains(&field.name().as_str()))
        .map(|(field, column)| match field.data_type() {
            DataType::Map(entry, is_sorted) => {
                let entry = entry.as_ref().clone().with_name("entries");
                let map = DataType::Map(Arc::new(entry), *is_sorted);
                (field.as_ref().clone().with_data_type(map.clone()), cast(column, &map).unwrap())
            }
            _ => (field.as_ref().clone(), Arc::clone(column)),
        })
        .unzip();
    written(fields, columns)
}

/// A part as a later program might write it: with columns that are not known yet.
fn newer_part(rows: &RecordBatch) -> Vec<u8> {
    let mut fields: Vec<Field> =
        rows.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut columns = rows.columns().to_vec();
    fields.insert(0, Field::new("from_the_future", DataType::Int64, false));
    columns.insert(0, Arc::new(Int64Array::from(vec![7; rows.num_rows()])));
    written(fields, columns)
}

fn written(fields: Vec<Field>, columns: Vec<ArrayRef>) -> Vec<u8> {
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn read(bytes: Vec<u8>) -> (RecordBatch, Option<AttributeKeys>) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let keys = AttributeKeys::of_part(reader.metadata());
    let reader = reader.build().unwrap();
    let schema = arrow::array::RecordBatchReader::schema(&reader);
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    (arrow::compute::concat_batches(&schema, &batches).unwrap(), keys)
}

async fn merged(signal: Signal, inputs: Vec<Vec<u8>>) -> Result<Vec<u8>, StoreError> {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut parts = Vec::new();
    for (i, bytes) in inputs.into_iter().enumerate() {
        let path = Path::from(format!("{i}.parquet"));
        let size = bytes.len() as u64;
        objects.put(&path, bytes.into()).await.unwrap();
        parts.push(Arc::new(Part { path, bytes: size, rows: 0, min_time: 0, max_time: 0 }));
    }
    let (origin, sizes) = ("{}".to_owned(), MergeSizes::of(usize::MAX));
    let (_, bytes) = merge(signal, &objects, &parts, origin, sizes, Vec::new()).await?;
    Ok(bytes)
}

fn today(rows: &RecordBatch) -> Vec<u8> {
    part_of(Signal::Spans, std::slice::from_ref(rows)).unwrap()
}

#[tokio::test]
async fn parts_with_fewer_and_more_columns_merge_in_every_combination() {
    let formats: [fn(&RecordBatch) -> Vec<u8>; 3] = [old_part, newer_part, today];
    for first in formats {
        for second in formats {
            for third in formats {
                let inputs: Vec<Vec<u8>> = [(first, 0), (second, 40), (third, 80)]
                    .map(|(write_part, from)| write_part(&spans(from, 40)))
                    .into();
                let mut expected: Vec<String> =
                    inputs.iter().flat_map(|bytes| seen(&read(bytes.clone()).0)).collect();
                expected.sort();
                let output = merged(Signal::Spans, inputs).await.unwrap();
                let (rows, _) = read(output.clone());
                assert_eq!(seen(&rows), expected);
                // What was merged once is merged again.
                let again = merged(Signal::Spans, vec![output, today(&spans(120, 3))]).await;
                assert_eq!(read(again.unwrap()).0.num_rows(), 123);
            }
        }
    }
}

#[tokio::test]
async fn attributes_that_most_rows_have_are_typed_columns_before_and_after_a_merge() {
    let rows = spans(0, 100);
    let alone = today(&rows);
    let both = merged(Signal::Spans, vec![alone.clone(), today(&spans(100, 100))]).await.unwrap();
    for (bytes, count) in [(alone, 100), (both, 200)] {
        let (part, keys) = read(bytes);
        assert_eq!(seen(&part).len(), count);
        let column = |key: &str| part.column_by_name(&attribute_column(key));
        let tokens = column("gen_ai.usage.input_tokens").unwrap();
        let whole = SpanRows::new(&part).unwrap();
        for row in 0..count {
            let text = whole.attributes(row).next().unwrap().1.to_owned();
            let tokens = tokens.as_primitive::<arrow::datatypes::Int64Type>();
            assert_eq!(tokens.value(row).to_string(), text);
        }
        assert_eq!(column("session.id").unwrap().data_type(), &DataType::Utf8);
        assert_eq!(column("cost").unwrap().data_type(), &DataType::Float64);
        // Neither what is large nor what has several types.
        assert!(column("gen_ai.input.messages").is_none() && column("mixed").is_none());
        let keys = keys.unwrap();
        assert!(keys.is_complete && keys.own["mixed"].kind.is_none());
        assert_eq!(keys.own["gen_ai.input.messages"].rows, count as u64 / 4);
        let names = |names: Option<std::collections::BTreeSet<String>>| {
            names.unwrap().into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(keys.resource), "host.name service.name");
        assert_eq!(names(keys.scope), "scope.key");
    }
}

#[test]
fn large_values_lie_in_a_column_of_their_own() {
    let rows = spans(0, 100);
    let (part, _) = read(today(&rows));
    assert_eq!(seen(&part), seen(&rows));
    let small = part.project(&[part.schema().index_of(column::ATTRIBUTES).unwrap()]).unwrap();
    assert!(small.get_array_memory_size() < 64 * 1024);
    let large = part.column_by_name(column::LARGE_ATTRIBUTES).unwrap();
    assert_eq!(large.len() - large.null_count(), 25);
}

#[test]
fn only_keys_that_one_row_in_a_hundred_has_become_columns_and_at_most_64() {
    let mut builder = LogBuilder::default();
    let stream = r#"{k8s_pod_name="p\"1", service_name="s"}"#;
    let resource = builder.resource("s", stream, "{}");
    let scope = builder.scope("", "", "");
    for row in 0..1_000 {
        for key in 0..100 {
            builder.attributes().push(&format!("k{key:02}"), Value::Int(key));
        }
        if row < 9 {
            builder.attributes().push("rare", Value::Int(row));
        }
        builder.attributes().push_text("twice", "a", ValueType::String);
        builder.attributes().push_text("twice", "b", ValueType::String);
        builder.attributes().push("not.a.number", Value::Double(f64::NAN));
        let record = signals::log::Record::new(NOON + row, "line");
        builder.append(resource, scope, &record).unwrap();
    }
    let rows = builder.finish().unwrap();
    let (part, keys) = read(part_of(Signal::Logs, std::slice::from_ref(&rows)).unwrap());
    let keys = keys.unwrap();
    assert_eq!(keys.columns().count(), 64);
    assert!(["rare", "twice", "not.a.number"].iter().all(|key| !keys.own[*key].is_column));
    assert_eq!(
        keys.stream.unwrap().into_iter().collect::<Vec<_>>(),
        ["k8s_pod_name", "service_name"]
    );
    assert_eq!(part.num_columns(), signals::log::part_schema().fields().len() + 64);
    let (read, written) = (LogRows::new(&part).unwrap(), LogRows::new(&rows).unwrap());
    assert_eq!(
        read.attributes(500).collect::<Vec<_>>(),
        written.attributes(500).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_part_with_more_keys_than_are_counted_leaves_their_types_open() {
    let mut builder = SpanBuilder::default();
    let resource = builder.resource("s", "{}");
    let scope = builder.scope("", "", "");
    for row in 0..3_000_u64 {
        builder.attributes().push(&format!("key{row}"), Value::Int(1));
        builder.attributes().push("common", Value::Int(1));
        let span = Span::new(TraceId([1; 16]), SpanId((1 + row).to_be_bytes()), NOON);
        builder.append(resource, scope, &span).unwrap();
    }
    let many = today(&builder.finish().unwrap());
    let keys = read(many.clone()).1.unwrap();
    assert!(!keys.is_complete && keys.own["common"].is_column && keys.own.len() <= 1024);
    let (part, keys) = read(merged(Signal::Spans, vec![many, today(&spans(0, 10))]).await.unwrap());
    let keys = keys.unwrap();
    // `session.id` may lie unseen in the first part, in any type.
    assert!(!keys.is_complete && keys.own["session.id"].kind.is_none());
    assert_eq!(keys.own["common"].kind, Some('i'));
    assert_eq!(part.num_rows(), 3_010);
}
