//! Measures when late decoding of Parquet columns pays: the numbers of decision 0005.
//!
//! `cargo test -p query late_decoding -- --ignored --nocapture`

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session as DataFusionSession, TableProvider};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    Expr, LogicalPlanBuilder, TableProviderFilterPushDown, TableType, lit,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::ident;
use futures::TryStreamExt;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use signals::attributes::Value;
use signals::span::{Kind, Span, SpanBuilder, column};
use signals::time::SystemClock;
use signals::{Clock, Signal, SpanId, TraceId};
use store::Part;

use crate::Limits;
use crate::scan::rows_table::RowsTable;
use crate::scan::test_rows::{Layout, TestRows, write_part};
use crate::session::Session;
use crate::source::Source;

const ROWS: u64 = 200_000;
const ROUNDS: usize = 5;

/// One part, always or never decoded late.
#[derive(Debug)]
struct Probe {
    table: Arc<RowsTable>,
    part: Arc<Part>,
    is_late: bool,
}

#[async_trait]
impl TableProvider for Probe {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        self.table.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn DataFusionSession,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let mut options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        options.global.pushdown_filters = self.is_late;
        let source = self.table.files(options, None, None);
        self.table.parts_plan(std::slice::from_ref(&self.part), source, 1, projection, limit)
    }
}

/// Spans of 30 services sorted by time, ten attributes each; one in 200 is of service `s0`.
fn spans() -> RecordBatch {
    let mut random = SmallRng::seed_from_u64(7);
    let mut builder = SpanBuilder::default();
    let resources: Vec<_> = (0..30)
        .map(|i| {
            builder.resource(&format!("s{i}"), &format!(r#"{{"host.name":"h{i}","pod":"p-{i}"}}"#))
        })
        .collect();
    let scope = builder.scope("probe", "1", "{}");
    for i in 0..ROWS {
        let is_rare = random.random_range(0..200) == 0;
        let service = if is_rare { 0 } else { random.random_range(1..30) };
        for key in 0..10 {
            let value = format!("/value/{}", random.random_range(0..5_000));
            builder.attributes().push(&format!("http.attribute.{key}"), Value::String(&value));
        }
        let trace_id =
            TraceId((u128::from(random.random::<u64>()) << 64 | u128::from(i / 20)).to_be_bytes());
        let span = Span {
            name: "GET /a/{id}",
            kind: Kind::Server,
            duration_ns: random.random_range(0..1_000_000_000),
            status_message: "ok, as it should be",
            ..Span::new(trace_id, SpanId(random.random()), i as i64 * 1_000_000)
        };
        builder.append(resources[service], scope, &span).unwrap();
    }
    builder.finish().unwrap()
}

struct Shape {
    name: &'static str,
    columns: Vec<&'static str>,
    filter: Option<Expr>,
    newest: bool,
    limit: Option<usize>,
}

fn shapes() -> Vec<Shape> {
    let all: Vec<&'static str> = signals::span::schema()
        .fields()
        .iter()
        .map(|field| &*field.name().clone().leak())
        .collect();
    let rare = || Some(ident(column::SERVICE_NAME).eq(lit("s0")));
    let half = || Some(ident(column::DURATION_NS).gt(lit(500_000_000_i64)));
    let narrow = vec![column::DURATION_NS];
    let four = vec![column::DURATION_NS, column::NAME, column::TRACE_ID, column::SPAN_ID];
    let wide = vec![column::ATTRIBUTES];
    let shape = |name, columns: &Vec<&'static str>, filter, newest, limit| Shape {
        name,
        columns: columns.clone(),
        filter,
        newest,
        limit,
    };
    vec![
        shape("0.5 % of rows, 1 column", &narrow, rare(), false, None),
        shape("0.5 % of rows, 4 columns", &four, rare(), false, None),
        shape("0.5 % of rows, attributes", &wide, rare(), false, None),
        shape("0.5 % of rows, all columns", &all, rare(), false, None),
        shape("50 % of rows, 1 column", &vec![column::SERVICE_NAME], half(), false, None),
        shape(
            "50 % of rows, 4 columns",
            &vec![column::SERVICE_NAME, column::NAME, column::TRACE_ID, column::SPAN_ID],
            half(),
            false,
            None,
        ),
        shape("50 % of rows, attributes", &wide, half(), false, None),
        shape("50 % of rows, all columns", &all, half(), false, None),
        shape("0.5 % of rows, all columns, any 20", &all, rare(), false, Some(20)),
        shape("50 % of rows, all columns, any 20", &all, half(), false, Some(20)),
        shape("0.5 % of rows, all columns, newest 20", &all, rare(), true, Some(20)),
        shape("50 % of rows, all columns, newest 20", &all, half(), true, Some(20)),
        shape("no filter, all columns, newest 20", &all, None, true, Some(20)),
        shape(
            "50 % of rows, 1 column, newest 20",
            &vec![column::SERVICE_NAME],
            half(),
            true,
            Some(20),
        ),
    ]
}

#[tokio::test]
#[ignore = "a measurement; its result is decision 0005"]
async fn late_decoding_pays_by_shape() {
    let clock = SystemClock::new();
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let objects = rows.objects();
    let path = "spans/probe.parquet";
    let part = write_part(objects.as_ref(), Signal::Spans, path, &[spans()], 50_000).await;
    let part = Arc::new(part);
    println!("{} rows, {} bytes", part.rows, part.bytes);
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    let table = session.rows(Signal::Spans).unwrap();
    for shape in shapes() {
        let mut best = [Duration::MAX; 2];
        let mut found = [0; 2];
        for round in 0..2 * ROUNDS {
            let late = round % 2;
            let provider =
                Probe { table: Arc::clone(&table), part: Arc::clone(&part), is_late: late == 1 };
            let mut state = session.state(0);
            state.config_mut().options_mut().execution.target_partitions = 1;
            let mut plan =
                LogicalPlanBuilder::scan("t", provider_as_source(Arc::new(provider)), None)
                    .unwrap();
            if let Some(filter) = shape.filter.clone() {
                plan = plan.filter(filter).unwrap();
            }
            let time = ident(column::START_TIME);
            plan = if shape.newest {
                plan.sort_with_limit([time.sort(false, false)], shape.limit).unwrap()
            } else {
                plan.limit(0, shape.limit).unwrap()
            };
            let columns: Vec<Expr> = shape.columns.iter().map(|name| ident(*name)).collect();
            let plan = plan.project(columns).unwrap().build().unwrap();
            let start = clock.monotonic();
            let rows = session.execute(&state, &plan).await.unwrap();
            found[late] = rows
                .try_fold(0, |sum, batch| async move { Ok(sum + batch.num_rows()) })
                .await
                .unwrap();
            best[late] = best[late].min(clock.monotonic().saturating_sub(start));
        }
        assert_eq!(found[0], found[1]);
        println!(
            "{:40} {:>7} rows   early {:>7.1} ms   late {:>7.1} ms   {:.2}",
            shape.name,
            found[0],
            best[0].as_secs_f64() * 1e3,
            best[1].as_secs_f64() * 1e3,
            best[0].as_secs_f64() / best[1].as_secs_f64()
        );
    }
}
