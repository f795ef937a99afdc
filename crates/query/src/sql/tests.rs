//! SQL tests are data: every file of `testdata/sql` is run over the same rows in memory, in files,
//! and some in each, and must give the same answers.
//!
//! A file holds rows (`spans`, `logs` or `metrics`, then a JSON object a line) and cases: `query`, the SQL,
//! `----`, and the answer a row a line with columns set apart by ` | `; or `error`, the SQL,
//! `----`, and a part of the message; or `plan`, the SQL, `----`, and lines of which each must be
//! part of the plan over files, or not be after a `!`. An empty line ends each.

mod patterns;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use signals::{MemoryBudget, SeriesBatch, Timestamp};

use super::start;
use crate::running::Running;
use crate::scan::test_rows::{self, Layout, TestRows};
use crate::session::Session;
use crate::{Limits, QueryError};

/// `now()` in all cases: 2026-11-20T12:00:00Z.
const NOW: Timestamp = 1_795_176_000_000_000_000;

#[derive(Default)]
struct TestFile {
    spans: Vec<RecordBatch>,
    logs: Vec<RecordBatch>,
    metrics: Vec<SeriesBatch>,
    cases: Vec<Case>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Query,
    Error,
    Plan,
}

struct Case {
    line: usize,
    sql: String,
    kind: Kind,
    expected: String,
}

fn parsed(text: &str) -> TestFile {
    let mut file = TestFile::default();
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim_end()));
    while let Some((line, head)) = lines.next() {
        let body = lines.by_ref().map(|(_, line)| line).take_while(|line| !line.is_empty());
        let row = |row: &str| serde_json::from_str(row).unwrap_or_else(|e| panic!("{row}: {e}"));
        match head {
            "spans" => file.spans.extend(body.map(|line| test_rows::span(&row(line)))),
            "logs" => file.logs.extend(body.map(|line| test_rows::log(&row(line)))),
            "metrics" => file.metrics.extend(body.map(|line| test_rows::series(&row(line)))),
            "query" | "error" | "plan" => {
                let body: Vec<&str> = body.collect();
                let cut = body.iter().position(|line| *line == "----").expect("----");
                file.cases.push(Case {
                    line,
                    sql: body[..cut].join("\n"),
                    kind: match head {
                        "query" => Kind::Query,
                        "error" => Kind::Error,
                        _ => Kind::Plan,
                    },
                    expected: body[cut + 1..].join("\n"),
                });
            }
            "" => {}
            comment => assert!(comment.starts_with('#'), "line {line}: {comment}"),
        }
    }
    file
}

async fn answer(session: &Session, sql: &str) -> Result<String, QueryError> {
    let rows = start(session, NOW, &Limits::default(), sql).await?;
    let batches: Vec<RecordBatch> = rows.try_collect().await?;
    let mut text = String::new();
    for batch in &batches {
        let options = FormatOptions::default().with_null("null");
        let columns: Vec<ArrayFormatter> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let values: Vec<String> =
                columns.iter().map(|column| column.value(row).to_string()).collect();
            writeln!(text, "{}", values.join(" | ").trim_end()).unwrap();
        }
    }
    Ok(text.trim_end().to_owned())
}

#[tokio::test]
async fn every_answer_is_the_same_in_memory_in_files_and_in_both() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sql");
    let mut failures = String::new();
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = parsed(&std::fs::read_to_string(&path).unwrap());
        for layout in Layout::ALL {
            let rows =
                TestRows::new(&file.spans, &file.logs, layout).await.with_metrics(&file.metrics);
            let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
            for case in &file.cases {
                if case.kind == Kind::Plan && layout != Layout::Parts {
                    continue;
                }
                cases += 1;
                let (is_right, found) = check(&session, case).await;
                if !is_right {
                    let name = path.file_name().unwrap().display();
                    writeln!(
                        failures,
                        "{name}:{} ({layout:?})\n{}\nexpected:\n{}\nfound:\n{found}\n",
                        case.line, case.sql, case.expected
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(cases > 0 && failures.is_empty(), "{failures}");
}

async fn check(session: &Session, case: &Case) -> (bool, String) {
    match case.kind {
        Kind::Query => match answer(session, &case.sql).await {
            Ok(found) => (found == case.expected, found),
            Err(error) => (false, format!("{error:?}")),
        },
        Kind::Error => match answer(session, &case.sql).await {
            Ok(found) => (false, found),
            Err(error) => {
                let is_ours = matches!(error, QueryError::Internal(_));
                let is_right = !is_ours && error.to_string().contains(&case.expected);
                (is_right, format!("{error:?}"))
            }
        },
        Kind::Plan => {
            let found = answer(session, &format!("EXPLAIN {}", case.sql)).await.unwrap();
            let physical = found.split_once("physical_plan").unwrap().1.to_owned();
            let holds = |line: &str| match line.strip_prefix('!') {
                Some(absent) => !physical.contains(absent),
                None => physical.contains(line),
            };
            (case.expected.lines().all(holds), physical)
        }
    }
}

async fn refused(sql: &str) -> QueryError {
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    match start(&session, NOW, &Limits::default(), sql).await {
        Err(error) => error,
        Ok(_) => panic!("{} was not refused", &sql[..sql.len().min(80)]),
    }
}

#[tokio::test]
async fn deep_and_long_queries_are_refused_without_harm() {
    let parentheses = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    let chain = format!("SELECT 1{}", "+1".repeat(32_000));
    let ors = format!("SELECT 1 FROM logs WHERE body = 'a'{}", " OR body = 'b'".repeat(4_500));
    let nots = format!("SELECT {} true", "NOT ".repeat(16_000));
    let minuses = format!("SELECT {}1", "- ".repeat(32_000));
    let casts = format!("SELECT 1{}", "::int".repeat(13_000));
    let brackets = format!("SELECT {}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let indexes = format!("SELECT a{}", "[1]".repeat(20_000));
    let unions = format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(3_400));
    let tables = format!("SELECT 1 FROM spans s0{}", ", spans s".repeat(7_000));
    let subqueries =
        format!("SELECT 1 FROM {}spans{}", "(SELECT * FROM ".repeat(2_000), ")".repeat(2_000));
    let long = format!("SELECT '{}'", "x".repeat(70_000));
    for sql in [
        parentheses,
        chain,
        ors,
        nots,
        minuses,
        casts,
        brackets,
        indexes,
        unions,
        tables,
        subqueries,
        long,
    ] {
        let error = refused(&sql).await;
        let message = error.to_string();
        assert!(
            matches!(error, QueryError::TooLarge(_) | QueryError::Invalid(_)),
            "{}: {error:?}",
            &sql[..60]
        );
        assert!(message.len() < 500, "{message}");
    }
}

#[tokio::test]
async fn the_deepest_queries_that_are_allowed_have_answers() {
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    let chain = format!("SELECT 1{}", "+1".repeat(590));
    assert_eq!(answer(&session, &chain).await.unwrap(), "591");
    let ors: Vec<String> = (0..190).map(|i| format!("body LIKE '%{i}%'")).collect();
    let ors = format!("SELECT count(*) FROM logs WHERE {}", ors.join(" OR "));
    assert_eq!(answer(&session, &ors).await.unwrap(), "0");
    let ids: Vec<String> = (0..1_700).map(|i| format!("'{i:032x}'")).collect();
    let list = format!("SELECT count(*) FROM spans WHERE trace_id IN ({})", ids.join(","));
    assert_eq!(answer(&session, &list).await.unwrap(), "0");
    let nested = format!("SELECT {}1{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(answer(&session, &nested).await.unwrap(), "1");
}

/// Rows of a query over three spans, under a bound on rows, as [`crate::Engine::sql`] sends them.
async fn bounded(sql: &str, limits: &Limits) -> Result<usize, QueryError> {
    Arc::new(Running::new(&limits.memory)).scope(counted(sql, limits)).await
}

async fn counted(sql: &str, limits: &Limits) -> Result<usize, QueryError> {
    let span = |i: i64| {
        test_rows::span(&serde_json::json!({"trace_id": "1", "span_id": "1", "start_time": i}))
    };
    let rows = TestRows::new(&[span(1), span(2), span(3)], &[], Layout::Mixed).await;
    let session = Session::new(Arc::new(rows), limits).unwrap();
    let rows = start(&session, NOW, limits, sql).await?;
    let (sender, mut received) = tokio::sync::mpsc::channel(1_000);
    super::stream::send(rows, limits.rows_max, &sender).await?;
    drop(sender);
    let mut count = 0;
    while let Some(batch) = received.recv().await {
        count += batch.num_rows();
    }
    Ok(count)
}

#[tokio::test]
async fn more_rows_than_allowed_are_an_error_and_exactly_as_many_are_not() {
    let limits = |rows_max| Limits { rows_max, ..Limits::default() };
    let all = "SELECT start_time FROM spans";
    assert_eq!(bounded(all, &limits(3)).await.unwrap(), 3);
    let error = bounded(all, &limits(2)).await.unwrap_err();
    assert!(matches!(error, QueryError::TooLarge(_)), "{error:?}");
    assert_eq!(bounded("SELECT start_time FROM spans LIMIT 2", &limits(2)).await.unwrap(), 2);
}

#[tokio::test]
async fn a_query_that_needs_too_much_memory_is_an_error() {
    let limits = Limits { memory: MemoryBudget::new("queries", 100_000), ..Limits::default() };
    let sql = "SELECT a.start_time + (b.start_time - c.start_time) AS t, count(*) \
               FROM spans a, spans b, spans c, spans d, spans e, spans f, spans g, spans h \
               GROUP BY t, random() ORDER BY t";
    let error = bounded(sql, &limits).await.unwrap_err();
    assert!(matches!(error, QueryError::TooLarge(_)), "{error:?}");
}

#[tokio::test]
async fn texts_of_one_row_are_counted_together() {
    let text = "x".repeat(4_000);
    let sql = |columns: i32| {
        let texts: Vec<String> =
            (0..columns).map(|i| format!("concat(x, '{i}') AS c{i}")).collect();
        let (texts, rows) = (texts.join(", "), tens(4));
        format!("SELECT {texts} FROM (SELECT concat('{text}', CAST(x0 AS VARCHAR)) AS x {rows})")
    };
    let limits = Limits { memory: MemoryBudget::new("queries", 200 << 20), ..Limits::default() };
    assert_eq!(bounded(&sql(2), &limits).await.unwrap(), 10_000);
    let error = bounded(&sql(20), &limits).await.unwrap_err();
    assert!(matches!(error, QueryError::TooLarge(_)), "{error:?}");
    assert_eq!(limits.memory.bytes_taken(), 0);
}

#[tokio::test]
async fn distinct_texts_of_many_groups_take_little_memory() {
    let limits = Limits { memory: MemoryBudget::new("queries", 30 << 20), ..Limits::default() };
    let sql = format!(
        "SELECT x, count(DISTINCT y), count(*) FROM (SELECT concat('a group of some length ', \
         CAST(x0 + 10 * x1 + 100 * x2 + 1000 * x3 AS VARCHAR)) AS x, \
         concat('a text of some length ', CAST(x0 AS VARCHAR)) AS y {}) GROUP BY x",
        tens(4)
    );
    assert_eq!(bounded(&sql, &limits).await.unwrap(), 10_000);
}

#[tokio::test]
async fn what_windows_keep_for_each_row_is_counted() {
    let text = "x".repeat(60_000);
    let sql = |window: &str| {
        format!(
            "SELECT {window} FROM \
             (SELECT x0, concat('{text}', CAST(x0 AS VARCHAR)) AS x FROM (SELECT x0 {}))",
            tens(3)
        )
    };
    let limits = Limits { memory: MemoryBudget::new("queries", 50 << 20), ..Limits::default() };
    for grows in [
        "length(first_value(x) OVER ())",
        "count(DISTINCT x) OVER (ORDER BY x0)",
        "median(x0) OVER (ORDER BY x0 GROUPS 500 PRECEDING), length(x)",
        "string_agg(substr(x, 1, 500), ',') OVER ()",
        "string_agg(substr(x, 1, 500), ',') FILTER (WHERE x0 < 5) OVER (ORDER BY x0 \
         ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
        "array_agg(substr(x, 1, 500)) OVER ()",
    ] {
        let error = bounded(&sql(grows), &limits).await.expect_err(grows);
        assert!(matches!(error, QueryError::TooLarge(_)), "{grows}: {error:?}");
    }
    let number = "first_value(x0) OVER ()";
    assert_eq!(bounded(&sql(number), &limits).await.unwrap(), 1_000);
    assert_eq!(limits.memory.bytes_taken(), 0);
}

/// `FROM` so many times ten rows, all combined.
fn tens(count: usize) -> String {
    let rows = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let tables: Vec<String> = (0..count).map(|i| format!("{rows} AS t{i}(x{i})")).collect();
    format!("FROM {}", tables.join(", "))
}

#[tokio::test]
async fn what_grows_without_end_is_refused_by_name() {
    let text = "x".repeat(8_000);
    let long = format!("concat('{text}', CAST(x0 AS VARCHAR), '{text}')");
    let patterns: Vec<String> = (0..65).map(|i| format!("('a{i}')")).collect();
    let patterns = format!("(VALUES {}) AS v(p)", patterns.join(", "));
    for (sql, part) in [
        (
            format!("SELECT sum(x0) {}", tens(9)),
            "a join of t0, t1, t2, t3, t4, t5, t6, t7 and 1 more makes more",
        ),
        (
            format!(
                "SELECT sum(x) FROM (SELECT unnest(make_array(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)) AS x {})",
                tens(7)
            ),
            "unnest of t0, t1, t2, t3, t4, t5, t6 makes more than 100000000 rows",
        ),
        (
            format!("SELECT array_agg(x0) {}", tens(8)),
            "array_agg and string_agg collect at most 64 MiB",
        ),
        (
            format!("SELECT string_agg(CAST(x0 AS VARCHAR), ',') {}", tens(8)),
            "array_agg and string_agg collect at most 64 MiB",
        ),
        (
            format!("SELECT x0 % 2, array_agg(x1) {} GROUP BY 1", tens(8)),
            "array_agg and string_agg collect at most",
        ),
        (
            format!(
                "SELECT array_length(array_agg(x0) OVER (ORDER BY x1, x2, x3, x4)) {}",
                tens(5)
            ),
            "array_agg and string_agg collect at most 64 MiB",
        ),
        (
            format!("SELECT count(*) FROM {patterns} WHERE regexp_like('a', p)"),
            "regexp_like with more than 64 regular expressions",
        ),
        (
            format!("SELECT count(*) FROM {patterns} WHERE 'a' !~ p"),
            "regexp_like with more than 64 regular expressions",
        ),
        (
            format!("SELECT regexp_replace('a', p, 'b') FROM {patterns}"),
            "regexp_replace with more than 64 regular expressions",
        ),
        (
            // A join repeats the text without a copy.
            format!(
                "SELECT x || x FROM (SELECT substr(replace('{text}' || y, 'x', '{}'), 1) AS x \
                 FROM (VALUES ('a')) AS w(y)) a {}",
                &text[..64],
                tens(4).replace("FROM", ",")
            ),
            "|| would make up to",
        ),
        (format!("SELECT levenshtein({long}, {long}) {}", tens(1)), "levenshtein would compare"),
    ] {
        let answer = bounded(&sql, &Limits::default()).await;
        let error = answer.expect_err(&sql);
        assert!(matches!(error, QueryError::TooLarge(_)), "{sql}: {error:?}");
        assert!(error.to_string().contains(part), "{sql}: {error}");
    }
}

#[tokio::test]
async fn texts_in_a_row_are_joined() {
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    let long = vec!["x"; 500].join(" || ");
    for (expression, expected) in [
        ("x || y", "ab"),
        ("x || 1 || (y || 2.5) || x", "a1b2.5a"),
        ("coalesce(x || NULL || y, 'null')", "null"),
        ("coalesce(x || z, 'null')", "null"),
        ("'a' || 'b'", "ab"),
        (&format!("length({long})"), "500"),
    ] {
        let sql = format!("SELECT {expression} FROM (VALUES ('a', 'b', NULL)) AS v(x, y, z)");
        assert_eq!(answer(&session, &sql).await.unwrap(), expected, "{expression}");
    }
}

#[tokio::test]
async fn an_aggregate_that_a_type_does_not_have_is_not_supported() {
    let sql = format!("SELECT max(map(['a'], [x0])) OVER () {}", tens(1));
    let error = bounded(&sql, &Limits::default()).await.unwrap_err();
    assert!(matches!(&error, QueryError::Unsupported(_)), "{error:?}");
}

#[tokio::test]
async fn joins_that_copy_values_of_any_length_have_small_batches() {
    let rows = TestRows::new(&[], &[], Layout::Head).await;
    let session = Session::new(Arc::new(rows), &Limits::default()).unwrap();
    for (sql, expected) in [
        ("SELECT service_name FROM logs", None),
        ("SELECT a.service_name, b.timestamp FROM logs a, logs b", Some(1024)),
        // The columns of the tables that are not selected are not copied.
        ("SELECT count(*) FROM logs a JOIN spans b ON a.trace_id = b.trace_id", Some(1024)),
        ("SELECT a.body FROM logs a JOIN spans b ON a.trace_id = b.trace_id", Some(1024)),
        ("SELECT a.attributes FROM logs a JOIN spans b ON a.trace_id = b.trace_id", Some(64)),
        ("SELECT DISTINCT * FROM logs a CROSS JOIN logs b", Some(64)),
    ] {
        let state = session.state(NOW);
        let plan = state.create_logical_plan(sql).await.unwrap();
        let optimized = state.optimize(&plan).unwrap();
        assert_eq!(super::bounded_rows::batch_rows(&optimized).unwrap(), expected, "{sql}");
    }
}
