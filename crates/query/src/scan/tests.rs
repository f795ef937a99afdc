//! Scans over the same rows in memory, in files, and some in each.

mod late_decoding_probe;

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Int64Type, TimestampNanosecondType};
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::ident;
use futures::TryStreamExt;
use serde_json::json;
use signals::attributes::Value;
use signals::span::{Span, SpanBuilder, SpanRows, column};
use signals::{Signal, SpanId, Timestamp, TraceId};
use store::TimeRange;

use super::test_rows::{self, Layout, TestRows};
use super::{Order, ScanRequest, attribute, scan, time_column, trace_id};
use crate::session::Session;
use crate::{Limits, QueryError};

const EVER: TimeRange = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };

/// Forty spans of ten traces, a second apart, in two files of row groups of two rows.
async fn session(layout: Layout) -> Session {
    let rows: Vec<RecordBatch> = (0..40_u64)
        .map(|i| {
            test_rows::span(&json!({
                "trace_id": format!("{:x}", 1 + i % 10), "span_id": format!("{:x}", 1 + i),
                "service_name": if i % 2 == 0 { "even" } else { "odd" }, "name": "work",
                "start_time": i * 1_000_000_000, "duration_ns": i,
                "attributes": {"i": i}, "resource_attributes": {"host": format!("h{}", i % 4)},
            }))
        })
        .collect();
    let rows = TestRows::new(&rows, &[], layout).await;
    Session::new(Arc::new(rows), &Limits::default()).unwrap()
}

fn request(filters: Vec<Expr>) -> ScanRequest {
    let columns = vec![column::DURATION_NS];
    ScanRequest { range: EVER, columns, filters, order: Order::OldestFirst, limit: None }
}

/// The numbers of the spans that a request finds, in the order of the answer, in every layout.
async fn found(request: ScanRequest) -> Vec<i64> {
    let mut answers = Vec::new();
    for layout in Layout::ALL {
        let session = session(layout).await;
        let rows = scan(&session, 0, Signal::Spans, request.clone()).await.unwrap();
        let schema = rows.schema();
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        let rows = concat_batches(&schema, &batches).unwrap();
        answers.push(rows[column::DURATION_NS].as_primitive::<Int64Type>().values().to_vec());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers.swap_remove(0)
}

#[tokio::test]
async fn the_range_is_half_open_and_exact() {
    let range = TimeRange { start: 5_000_000_000, end: 8_000_000_000 };
    assert_eq!(found(ScanRequest { range, ..request(vec![]) }).await, [5, 6, 7]);
    let range = TimeRange { start: 5_000_000_001, end: 5_000_000_002 };
    assert!(found(ScanRequest { range, ..request(vec![]) }).await.is_empty());
}

#[tokio::test]
async fn a_trace_is_found_by_its_id() {
    let id = TraceId::parse("3").unwrap();
    let filter = ident(column::TRACE_ID).eq(trace_id(id));
    assert_eq!(found(request(vec![filter])).await, [2, 12, 22, 32]);
}

#[tokio::test]
async fn attributes_of_rows_and_resources_are_asked_alike() {
    let filters = vec![
        attribute(column::RESOURCE_ATTRIBUTES, "host").eq(lit("h1")),
        attribute(column::ATTRIBUTES, "i").in_list(vec![lit("9"), lit("10"), lit("13")], false),
    ];
    assert_eq!(found(request(filters)).await, [9, 13]);
    let absent = attribute(column::RESOURCE_ATTRIBUTES, "nothing").is_null();
    assert_eq!(found(request(vec![absent])).await.len(), 40);
}

#[tokio::test]
async fn newest_first_with_a_limit_gives_the_newest() {
    let odd = ident(column::SERVICE_NAME).eq(lit("odd"));
    let request = ScanRequest { limit: Some(3), order: Order::NewestFirst, ..request(vec![odd]) };
    assert_eq!(found(request).await, [39, 37, 35]);
}

#[tokio::test]
async fn a_limit_without_order_gives_that_many_rows() {
    for layout in Layout::ALL {
        let session = session(layout).await;
        let request = ScanRequest { limit: Some(7), order: Order::Any, ..request(vec![]) };
        let rows = scan(&session, 0, Signal::Spans, request).await.unwrap();
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 7);
    }
}

#[tokio::test]
async fn whole_rows_come_back_as_they_were_stored() {
    let schema = signals::span::schema();
    let columns: Vec<&'static str> = vec![
        column::TRACE_ID,
        column::SPAN_ID,
        column::SERVICE_NAME,
        column::NAME,
        column::START_TIME,
        column::ATTRIBUTES,
        column::ATTRIBUTE_TYPES,
        column::RESOURCE_ATTRIBUTES,
    ];
    for layout in Layout::ALL {
        let session = session(layout).await;
        let request = ScanRequest { columns: columns.clone(), ..request(vec![]) };
        let rows = scan(&session, 0, Signal::Spans, request).await.unwrap();
        for (found, name) in rows.schema().fields().iter().zip(&columns) {
            assert_eq!(**found, *schema.field_with_name(name).unwrap());
        }
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 40);
    }
}

#[tokio::test]
async fn every_column_can_be_read_at_once() {
    for layout in Layout::ALL {
        let session = session(layout).await;
        let table = session.rows(Signal::Spans).unwrap();
        let schema = datafusion::catalog::TableProvider::schema(table.as_ref());
        let columns = schema.fields().iter().map(|field| &*field.name().clone().leak()).collect();
        let request = ScanRequest { columns, limit: Some(1), ..request(vec![]) };
        let rows = scan(&session, 0, Signal::Spans, request).await.unwrap();
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        let spans = SpanRows::new(&batches[0]).unwrap();
        assert_eq!((spans.service_name(0), spans.start_time(0)), ("even", 0));
    }
}

#[tokio::test]
async fn no_columns_count_rows() {
    let session = session(Layout::Mixed).await;
    let odd = ident(column::SERVICE_NAME).eq(lit("odd"));
    let request = ScanRequest { columns: vec![], order: Order::Any, ..request(vec![odd]) };
    let rows = scan(&session, 0, Signal::Spans, request).await.unwrap();
    let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 20);
}

#[tokio::test]
async fn what_does_not_fit_is_an_error() {
    let session = session(Layout::Head).await;
    let unknown = ScanRequest { columns: vec!["nothing"], ..request(vec![]) };
    let error = scan(&session, 0, Signal::Spans, unknown).await.err().unwrap();
    assert!(matches!(error, QueryError::Invalid(_)), "{error:?}");
    let metrics = scan(&session, 0, Signal::Metrics, request(vec![])).await.err().unwrap();
    assert!(matches!(metrics, QueryError::Unsupported(_)), "{metrics:?}");
}

#[tokio::test]
async fn a_part_that_is_gone_is_a_failure_of_the_store() {
    let rows = [test_rows::log(&json!({"timestamp": 1, "body": "line"}))];
    let rows = TestRows::new(&[], &rows, Layout::Parts).await.without_files().await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    let columns = vec![time_column(Signal::Logs)];
    let request = ScanRequest { columns, ..request(vec![]) };
    let rows = scan(&session, 0, Signal::Logs, request).await.unwrap();
    let error = QueryError::from(rows.try_collect::<Vec<RecordBatch>>().await.unwrap_err());
    assert!(matches!(error, QueryError::Store(_)), "{error:?}");
}

#[tokio::test]
async fn times_are_in_the_order_asked_for() {
    for layout in Layout::ALL {
        let session = session(layout).await;
        let request = ScanRequest {
            columns: vec![column::START_TIME],
            order: Order::NewestFirst,
            ..request(vec![])
        };
        let rows = scan(&session, 0, Signal::Spans, request).await.unwrap();
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        let times: Vec<i64> = batches
            .iter()
            .flat_map(|b| b[column::START_TIME].as_primitive::<TimestampNanosecondType>().values())
            .copied()
            .collect();
        assert!(times.len() == 40 && times.is_sorted_by(|a, b| a > b), "{times:?}");
    }
}

/// A text that many rows have is stored once; a batch has it in each row.
#[tokio::test]
async fn batches_of_large_rows_have_few_rows() {
    let mut builder = SpanBuilder::default();
    let resource = builder.resource("agent", r#"{"service.name":"agent"}"#);
    let scope = builder.scope("lib", "1", "");
    let text = "p".repeat(1_000);
    for row in 1..=8_000_u64 {
        for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            builder.attributes().push(key, Value::String(&text));
        }
        let trace = TraceId(u128::from(row).to_be_bytes());
        let span = Span::new(trace, SpanId(row.to_be_bytes()), row as i64);
        builder.append(resource, scope, &span).unwrap();
    }
    let rows = TestRows::in_files(Signal::Spans, &[builder.finish().unwrap()], true).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    for (columns, rows_max) in
        [(vec![column::ATTRIBUTES], 280), (vec![column::SPAN_ID, column::SERVICE_NAME], 8_000)]
    {
        let request = ScanRequest { columns, order: Order::Any, ..request(Vec::new()) };
        let batches = scan(&session, 0, Signal::Spans, request).await.unwrap();
        let batches: Vec<RecordBatch> = batches.try_collect().await.unwrap();
        let batches: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
        assert_eq!(batches.iter().sum::<usize>(), 8_000);
        let largest = batches.iter().max().copied().unwrap();
        assert!(largest <= rows_max && largest > rows_max / 2, "{largest} rows");
    }
}
