//! Conditions on attributes: equal answers for all layouts, and how little of a part is read.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::physical_plan::{ExecutionPlan, collect};
use lang::traceql::Root;
use signals::attributes::Value;
use signals::log::LogBuilder;
use signals::span::{Span, SpanBuilder, column};
use signals::{Signal, SpanId, Timestamp, TraceId};
use store::TimeRange;

use crate::Limits;
use crate::scan::test_rows::TestRows;
use crate::scan::{Order, ScanRequest, plan};
use crate::session::Session;
use crate::traceql::Fields;
use crate::traces::pushed;

const EVER: TimeRange = TimeRange { start: Timestamp::MIN, end: Timestamp::MAX };
/// Rows of one part.
const ROWS: u64 = 4_000;

/// Calls of a model, 4,000 in each of four parts. Input tokens of part `p` lie in `1000 p..1000
/// (p + 1)`, each session is 20 calls long, and each call has a prompt of 3 KiB that does not
/// compress to nothing.
fn calls() -> Vec<RecordBatch> {
    (0..4)
        .map(|part| {
            let mut builder = SpanBuilder::default();
            let resource = builder.resource("agent", r#"{"service.name":"agent","zone":"eu"}"#);
            let scope = builder.scope("lib", "1", "");
            for row in 0..ROWS {
                let id = part * ROWS + row;
                let attributes = builder.attributes();
                let tokens = 1_000 * part + row % 1_000;
                attributes.push("gen_ai.usage.input_tokens", Value::Int(tokens as i64));
                attributes.push("session.id", Value::String(&format!("session-{}", id / 20)));
                attributes.push("gen_ai.input.messages", Value::String(&prompt(id)));
                attributes.push("cost", Value::Double(tokens as f64 / 1e6));
                if row == 7 {
                    attributes.push("seldom", Value::String(&format!("part {part}")));
                }
                let trace = TraceId(u128::from(1 + id).to_be_bytes());
                let span = Span {
                    name: "chat",
                    events: if id % 1_000 == 3 {
                        r#"[{"time_unix_nano":1,"name":"exception","attributes":{"exception.type":"Timeout"},"dropped_attributes_count":0}]"#
                    } else {
                        r#"[{"time_unix_nano":1,"name":"token","attributes":{},"dropped_attributes_count":0}]"#
                    },
                    ..Span::new(trace, SpanId((1 + id).to_be_bytes()), id as i64)
                };
                builder.append(resource, scope, &span).unwrap();
            }
            builder.finish().unwrap()
        })
        .collect()
}

fn prompt(id: u64) -> String {
    let mut state = id + 1;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:x} ", state >> 40)
    };
    (0..450).map(|_| word()).collect()
}

/// The cost of a read.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    bytes: usize,
    /// Rows read from the files.
    rows: usize,
}

fn cost(plan: &Arc<dyn ExecutionPlan>) -> Cost {
    let metrics = plan.metrics().unwrap_or_default().aggregate_by_name();
    let is_source = plan.children().is_empty();
    let value = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize());
    let mut all = Cost {
        bytes: value("bytes_scanned"),
        rows: if is_source { metrics.output_rows().unwrap_or(0) } else { 0 },
    };
    for child in plan.children() {
        let child = cost(child);
        all = Cost { bytes: all.bytes + child.bytes, rows: all.rows + child.rows };
    }
    all
}

/// Number of rows of the answer, and its cost.
async fn run(session: &Session, signal: Signal, request: ScanRequest) -> (usize, Cost) {
    let state = session.state(0);
    let plan = plan(session.rows(signal).unwrap(), signal, request).unwrap();
    let plan = state.create_physical_plan(&plan).await.unwrap();
    let batches = collect(Arc::clone(&plan), state.task_ctx()).await.unwrap();
    (batches.iter().map(RecordBatch::num_rows).sum(), cost(&plan))
}

async fn session(signal: Signal, batches: &[RecordBatch], is_stored: bool) -> Session {
    let rows = TestRows::in_files(signal, batches, is_stored).await;
    Session::new(Arc::new(rows), &Limits::default()).unwrap()
}

/// The scan for the candidates of a search.
fn candidates(query: &str) -> ScanRequest {
    let Root::Spansets(pipeline) = lang::traceql::parse(query).unwrap().root else { panic!() };
    let program = crate::traceql::Program::new(pipeline).unwrap();
    let condition = program.necessary().unwrap();
    let mut fields = Fields::default();
    fields.add(&condition);
    let (columns, filters) = (fields.columns(), pushed(&condition));
    ScanRequest { range: EVER, columns, filters, order: Order::Any, limit: None }
}

#[tokio::test]
async fn traceql_reads_columns_of_attributes_and_not_maps() {
    let calls = calls();
    let stored = session(Signal::Spans, &calls, true).await;
    let plain = session(Signal::Spans, &calls, false).await;
    for (query, candidates_max) in [
        ("{ span.gen_ai.usage.input_tokens > 3990 }", 36),
        ("{ .gen_ai.usage.input_tokens > 3990 }", 36),
        ("{ span.gen_ai.usage.input_tokens > 5000 }", 0),
        ("{ span.session.id = `session-399` }", 20),
        ("{ .session.id = `session-399` && .cost < 0.0015 }", 20),
        ("{ span.cost >= 0.003999 }", 4),
        ("{ span.session.id = `nothing` }", 0),
        ("{ span.no.such.key = 1 }", 0),
        ("{ .no.such.key = `x` || span.session.id = `session-1` }", 20),
    ] {
        let request = candidates(query);
        let (rows, less) = run(&stored, Signal::Spans, request.clone()).await;
        let (same, more) = run(&plain, Signal::Spans, request).await;
        println!("{query}: {rows} rows, {} bytes read, {} without columns", less.bytes, more.bytes);
        assert!(rows <= candidates_max, "{query}: {rows} candidates");
        assert_eq!(rows, same, "{query}");
        assert!(less.rows <= candidates_max, "{query}: {} rows decoded", less.rows);
        assert!(less.bytes * 10 < more.bytes, "{query}: {} of {}", less.bytes, more.bytes);
    }
}

#[tokio::test]
async fn a_search_over_other_attributes_does_not_read_prompts() {
    let calls = calls();
    let stored = session(Signal::Spans, &calls, true).await;
    let plain = session(Signal::Spans, &calls, false).await;
    // Too rare to be a column: the map is read, the prompts are not.
    let request = candidates("{ span.seldom = `part 2` }");
    let (rows, less) = run(&stored, Signal::Spans, request.clone()).await;
    let (_, more) = run(&plain, Signal::Spans, request).await;
    assert_eq!(rows, 1);
    assert!(less.bytes * 10 < more.bytes, "{} of {}", less.bytes, more.bytes);
    // A pattern over the prompts does read them.
    let (_, whole) =
        run(&stored, Signal::Spans, candidates("{ span.gen_ai.input.messages =~ `.*x.*` }")).await;
    assert!(whole.bytes * 2 > more.bytes, "{} of {}", whole.bytes, more.bytes);
}

#[tokio::test]
async fn events_are_only_parsed_where_they_hold_the_texts_that_are_asked_for() {
    let stored = session(Signal::Spans, &calls(), true).await;
    for (query, rows) in [
        ("{ event.exception.type = `Timeout` }", 16),
        ("{ event:name = `exception` }", 16),
        ("{ event:name = `nothing` }", 0),
        ("{ event.no_such_key > 1 }", 0),
    ] {
        let (found, _) = run(&stored, Signal::Spans, candidates(query)).await;
        assert_eq!(found, rows, "{query}");
    }
}

/// Log records with a user and a status, and a resource with a key.
fn lines() -> Vec<RecordBatch> {
    (0..4)
        .map(|part| {
            let mut builder = LogBuilder::default();
            let stream = r#"{service_name="shop"}"#;
            let resource =
                builder.resource("shop", stream, r#"{"service.name":"shop","zone":"eu"}"#);
            let scope = builder.scope("", "", "");
            for row in 0..ROWS {
                let attributes = builder.attributes();
                attributes
                    .push("user.id", Value::String(&format!("u{}", (part * ROWS + row) / 10)));
                attributes.push("status", Value::Int(200 + part as i64 * 100));
                attributes.push("payload", Value::String(&prompt(row)));
                let time = (part * ROWS + row) as i64;
                builder.append(resource, scope, &signals::log::Record::new(time, "line")).unwrap();
            }
            builder.finish().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn logql_reads_columns_of_attributes_and_not_maps() {
    use crate::logql::store_filters;
    let lines = lines();
    let stored = session(Signal::Logs, &lines, true).await;
    let plain = session(Signal::Logs, &lines, false).await;
    for (query, rows) in [
        (r#"{service_name="shop"} | user_id="u17""#, 10),
        (r#"{service_name="shop"} | status="500" | user_id="u1200""#, 10),
        (r#"{service_name="shop"} | status > 400 | user_id="u1300""#, 10),
        (r#"{service_name="shop"} | status >= 600"#, 0),
        (r#"{service_name="shop"} | no_such_label="x""#, 0),
    ] {
        let request = ScanRequest {
            range: EVER,
            columns: vec![
                signals::log::column::BODY,
                signals::log::column::ATTRIBUTES,
                signals::log::column::LARGE_ATTRIBUTES,
            ],
            filters: store_filters(query),
            order: Order::Any,
            limit: None,
        };
        let (found, less) = run(&stored, Signal::Logs, request.clone()).await;
        let (_, more) = run(&plain, Signal::Logs, request).await;
        println!(
            "{query}: {found} rows, {} bytes read, {} without columns",
            less.bytes, more.bytes
        );
        assert_eq!((found, less.rows), (rows, rows), "{query}");
        assert!(less.bytes * 10 < more.bytes, "{query}: {} of {}", less.bytes, more.bytes);
    }
}

#[tokio::test]
async fn sql_reads_columns_of_attributes_and_not_maps() {
    let calls = calls();
    let stored = session(Signal::Spans, &calls, true).await;
    let plain = session(Signal::Spans, &calls, false).await;
    let select = |condition: &str| format!("SELECT name, span_id FROM spans WHERE {condition}");
    for (condition, rows, part) in [
        ("attributes['session.id'] = 'session-42'", 20, 10),
        ("attributes['gen_ai.usage.input_tokens']::BIGINT >= 3999", 4, 10),
        ("attributes['gen_ai.usage.input_tokens'] = '1500'", 4, 10),
        ("attributes['cost']::DOUBLE > 0.0039985", 4, 4),
        ("attributes['session.id'] IN ('session-1', 'session-2')", 40, 10),
        ("attributes['seldom'] = 'part 1'", 1, 10),
        ("attributes['no.such.key'] = 'x'", 0, 10),
        ("attributes['no.such.key'] IS NULL AND attributes['cost'] = '0.000001'", 4, 2),
    ] {
        let mut costs = Vec::new();
        for session in [&stored, &plain] {
            let state = session.state(0);
            let plan = state.create_logical_plan(&select(condition)).await.unwrap();
            let plan = state.create_physical_plan(&plan).await.unwrap();
            let batches = collect(Arc::clone(&plan), state.task_ctx()).await.unwrap();
            let found: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(found, rows, "{condition}");
            costs.push(cost(&plan).bytes);
        }
        println!("{condition}: {} bytes read, {} without columns", costs[0], costs[1]);
        assert!(costs[0] * part < costs[1], "{condition}: {} of {}", costs[0], costs[1]);
    }
}

#[tokio::test]
async fn a_large_value_is_whole_in_every_answer() {
    let stored = session(Signal::Spans, &calls()[..1], true).await;
    let expected = prompt(5);
    let state = stored.state(0);
    let sql = format!(
        "SELECT attributes['gen_ai.input.messages'] = '{expected}' AS a, \
         attributes['gen_ai.input.messages'] <> 'x' AS b, \
         attributes['gen_ai.input.messages'] LIKE '%{}%' AS c, \
         length(attributes['gen_ai.input.messages']) AS d, attribute_types AS e \
         FROM spans WHERE span_id = '{:016x}'",
        &expected[2_000..2_020],
        6
    );
    let plan = state.create_logical_plan(&sql).await.unwrap();
    let plan = state.create_physical_plan(&plan).await.unwrap();
    let batches = collect(plan, state.task_ctx()).await.unwrap();
    let text = arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
    let row = format!("| true | true | true | {} | issd |", expected.len());
    assert!(text.contains(&row), "{text}");
    let request = ScanRequest {
        range: TimeRange { start: 5, end: 6 },
        columns: vec![column::ATTRIBUTES, column::ATTRIBUTE_TYPES, column::LARGE_ATTRIBUTES],
        filters: vec![],
        order: Order::Any,
        limit: None,
    };
    let mut rows = crate::scan::scan(&stored, 0, Signal::Spans, request).await.unwrap();
    let batch = futures::StreamExt::next(&mut rows).await.unwrap().unwrap();
    let rows = signals::span::SpanRows::new(&batch).unwrap();
    assert_eq!(rows.attributes(0).nth(2).unwrap().1, expected);
}
