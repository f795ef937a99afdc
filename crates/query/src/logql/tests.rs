//! LogQL over rows in memory and in files: Loki's own scripts, and what they do not cover.

mod script;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use conformance::{Corpus, Tolerated};
use lang::logql::Expr;
use signals::log::{LogBuilder, Record};
use signals::time::SECOND;
use signals::{Labels, MemoryReservation};
use store::TimeRange;

use super::grid::Steps;
use super::read::Context;
use super::row::Extras;
use super::{Direction, Stream, Value, evaluate, instant, matrix, streams};
use crate::scan::test_rows::{Layout, TestRows};
use crate::session::Session;
use crate::{Limits, QueryError};

/// A line of a test: stream, time, text, metadata.
struct Line<'a> {
    stream: &'a str,
    timestamp: i64,
    text: &'a str,
    metadata: &'a [(String, String)],
}

fn batch(lines: &[Line<'_>]) -> RecordBatch {
    let mut builder = LogBuilder::default();
    for line in lines {
        let labels = super::row::stream_label_set(line.stream);
        let service_name = labels.get("service_name").unwrap_or("unknown_service");
        let resource = builder.resource(service_name, line.stream, "{}");
        let scope = builder.scope("", "", "");
        for (name, value) in line.metadata {
            builder.attributes().push(name, signals::attributes::Value::String(value));
        }
        builder.append(resource, scope, &Record::new(line.timestamp, line.text)).unwrap();
    }
    builder.finish().unwrap()
}

/// Lines in one of the layouts.
struct TestEngine {
    session: Session,
    limits: Limits,
    memory: MemoryReservation,
    extras: Extras,
}

impl TestEngine {
    async fn new(batches: &[RecordBatch], layout: Layout) -> Self {
        let limits = Limits::default();
        let rows = TestRows::new(&[], batches, layout).await;
        let session = Session::new(Arc::new(rows), &limits).unwrap();
        Self {
            session,
            memory: limits.memory.reservation(),
            limits,
            extras: Extras { detected_level: false, observed_timestamp: false },
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            session: &self.session,
            limits: &self.limits,
            memory: &self.memory,
            now: 0,
            extras: self.extras,
        }
    }

    async fn metric(
        &self,
        query: &str,
        steps: Steps,
        is_instant: bool,
    ) -> Result<Value, QueryError> {
        match super::parse(query)? {
            Expr::Metric(expr) => {
                let grid = evaluate::run(self.context(), &expr, steps).await?;
                Ok(if is_instant { instant(grid, steps.start) } else { matrix(grid, steps) })
            }
            Expr::Log(_) => Err(QueryError::Invalid("not a metric query".to_owned())),
        }
    }

    async fn lines(
        &self,
        query: &str,
        range: (i64, i64),
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<Stream>, QueryError> {
        match super::parse(query)? {
            Expr::Log(log) => {
                let range = TimeRange { start: range.0 * SECOND, end: range.1 * SECOND };
                streams::run(self.context(), &log, range, limit, direction).await
            }
            Expr::Metric(_) => Err(QueryError::Invalid("not a log query".to_owned())),
        }
    }
}

/// The scripts of a folder by name.
fn scripts(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "logqltest"));
    files.sort();
    files
}

/// What every query comes to is computed by hand and by a program apart, not by this engine.
#[tokio::test]
async fn our_scripts_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logql");
    let mut known = Tolerated::read(&folder.join("known-failures.txt"));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in scripts(&folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let evals = script::run(&text).await;
        count += evals.len();
        let failed: Vec<&script::Eval> = evals
            .iter()
            .filter(|eval| eval.outcome.fault().is_some())
            .filter(|eval| !known.failed(&format!("{name}: {}", eval.text)))
            .collect();
        wrong.extend(failed.iter().map(|eval| {
            format!("{name}:{}: {}", eval.line, eval.outcome.fault().unwrap_or_default())
        }));
        if conformance::is_update() && !failed.is_empty() {
            std::fs::write(&path, script::updated(&text, &failed)).unwrap();
        }
    }
    assert!(known.idle().is_empty(), "known failures that are none: {:?}", known.idle());
    assert!(wrong.is_empty() || conformance::is_update(), "{}", wrong.join("\n"));
    assert!(count >= 300, "{count} evaluations");
}

#[tokio::test]
async fn loki_scripts_hold() {
    let folder = conformance::corpus_folder("loki/agpl-verbatim/logqltest/testdata");
    let Some(folder) = folder else { return };
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/logql/tests/tolerated.txt");
    let mut corpus = Corpus::new("logqltest", Tolerated::read(&list));
    for path in scripts(&folder) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        for eval in script::run(&text).await {
            let fault = eval.outcome.fault().map(|what| format!("{name}:{}: {what}", eval.line));
            corpus.note(&format!("{name} {}", eval.text), fault);
        }
    }
    corpus.finish();
}

fn line<'a>(stream: &'a str, second: i64, text: &'a str) -> Line<'a> {
    Line { stream, timestamp: second * SECOND, text, metadata: &[] }
}

fn texts(streams: &[Stream]) -> Vec<String> {
    streams
        .iter()
        .flat_map(|stream| {
            stream
                .entries
                .iter()
                .map(|entry| format!("{} {}", entry.timestamp / SECOND, entry.line))
        })
        .collect()
}

#[tokio::test]
async fn the_newest_lines_come_first_wherever_they_are() {
    let batches: Vec<RecordBatch> =
        (0..40).map(|i| batch(&[line(r#"{app="a"}"#, i * 100, &format!("line {i}"))])).collect();
    for layout in Layout::ALL {
        let engine = TestEngine::new(&batches, layout).await;
        let lines = |query: &'static str, range, limit, direction| {
            let engine = &engine;
            async move { texts(&engine.lines(query, range, limit, direction).await.unwrap()) }
        };
        assert_eq!(
            lines(r#"{app="a"}"#, (0, 4000), 2, Direction::Backward).await,
            ["3900 line 39", "3800 line 38"]
        );
        assert_eq!(
            lines(r#"{app="a"}"#, (0, 4000), 2, Direction::Forward).await,
            ["0 line 0", "100 line 1"]
        );
        assert_eq!(
            lines(r#"{app="a"} |= "line 1""#, (0, 1900), 3, Direction::Backward).await,
            ["1800 line 18", "1700 line 17", "1600 line 16"]
        );
        assert_eq!(
            lines(r#"{app="a"}"#, (100, 300), 9, Direction::Forward).await,
            ["100 line 1", "200 line 2"]
        );
        assert!(lines(r#"{app="b"}"#, (0, 4000), 2, Direction::Backward).await.is_empty());
        assert!(lines(r#"{app="a"}"#, (0, 4000), 0, Direction::Backward).await.is_empty());
    }
}

#[tokio::test]
async fn lines_carry_labels_by_where_they_came_from() {
    let metadata = [("trace_id".to_owned(), "abc".to_owned()), ("app".to_owned(), "m".to_owned())];
    let lines = [Line {
        stream: r#"{app="a", service_name="s"}"#,
        timestamp: SECOND,
        text: r#"{"level":"warn","n":1}"#,
        metadata: &metadata,
    }];
    let mut engine = TestEngine::new(&[batch(&lines)], Layout::Head).await;
    engine.extras.detected_level = true;
    let streams = engine
        .lines(
            r#"{service_name="s"} | json | n > 0 | trace_id="abc""#,
            (0, 10),
            10,
            Direction::Backward,
        )
        .await
        .unwrap();
    let [stream] = streams.as_slice() else { panic!("{streams:?}") };
    assert_eq!(stream.labels, Labels::from_pairs([("app", "a"), ("service_name", "s")]));
    let entry = &stream.entries[0];
    assert_eq!(
        entry.structured_metadata,
        Labels::from_pairs([
            ("app_extracted", "m"),
            ("detected_level", "warn"),
            ("trace_id", "abc")
        ])
    );
    assert_eq!(entry.parsed, Labels::from_pairs([("level", "warn"), ("n", "1")]));
}

#[tokio::test]
async fn lines_that_cannot_be_parsed_are_marked_not_lost() {
    let engine = TestEngine::new(
        &[batch(&[line(r#"{app="a"}"#, 1, "no json"), line(r#"{app="a"}"#, 2, r#"{"n":"x"}"#)])],
        Layout::Head,
    )
    .await;
    let marked = |query: &'static str| {
        let engine = &engine;
        async move {
            let streams = engine.lines(query, (0, 10), 10, Direction::Forward).await.unwrap();
            streams[0]
                .entries
                .iter()
                .map(|entry| entry.parsed.get("__error__").unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(marked(r#"{app="a"} | json"#).await, ["JSONParserErr", ""]);
    assert_eq!(marked(r#"{app="a"} | json | n > 5"#).await, ["JSONParserErr", "LabelFilterErr"]);
    assert_eq!(marked(r#"{app="a"} | json | __error__="""#).await, [""]);
}

#[tokio::test]
async fn a_text_with_wildcards_is_looked_for_as_it_is() {
    let lines = [
        line(r#"{app="a"}"#, 1, "100% sure"),
        line(r#"{app="a"}"#, 2, "1000 sure"),
        line(r#"{app="a"}"#, 3, r"a_b\c"),
        line(r#"{app="a"}"#, 4, "axb"),
    ];
    for layout in Layout::ALL {
        let engine = TestEngine::new(&[batch(&lines), batch(&lines)], layout).await;
        for (query, count) in [
            (r#"{app="a"} |= "100%""#, 2),
            (r#"{app="a"} |= "a_b""#, 2),
            (r#"{app="a"} |= `b\`"#, 2),
            (r#"{app="a"} |= "b\\\\c""#, 0),
        ] {
            assert_eq!(
                texts(&engine.lines(query, (0, 10), 10, Direction::Forward).await.unwrap()).len(),
                count,
                "{query}"
            );
        }
    }
}
