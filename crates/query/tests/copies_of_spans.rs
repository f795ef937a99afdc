//! A span that was sent again is one span, and two spans that share their ids are two: in every
//! language, wherever the rows lie.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use query::traces::SearchRequest;
use query::{Engine, Limits};
use signals::span::{Kind, Span, SpanBuilder};
use signals::time::{ManualClock, SECOND};
use signals::{Batch, SpanId, Timestamp, TraceId};
use store::{Config, Dependencies, NoTotals, Store, WriteRequest};

/// 2026-11-20T12:00:00Z.
const NOW: Timestamp = 1_795_176_000 * SECOND;
const TRACE: TraceId = TraceId([7; 16]);

/// A client and a server that share an id, as Zipkin's do, and a span that was first reported
/// while it ran: `copies` times.
fn spans(copies: usize) -> Batch {
    let mut builder = SpanBuilder::default();
    let scope = builder.scope("", "", "");
    for (service, kind, start, duration_ns) in [
        ("front", Kind::Client, 1, 30),
        ("back", Kind::Server, 2, 20),
        ("back", Kind::Internal, 3, 0),
        ("back", Kind::Internal, 3, 10),
    ]
    .repeat(copies)
    {
        let resource = builder.resource(service, "{}");
        let span = Span {
            name: "call",
            kind,
            duration_ns,
            ..Span::new(TRACE, SpanId([1; 8]), NOW + start)
        };
        builder.append(resource, scope, &span).unwrap();
    }
    Batch::Spans(builder.finish().unwrap())
}

/// Two spans of another trace, around those of the first, so that a part covers their times.
fn others(id: u8) -> Batch {
    let mut builder = SpanBuilder::default();
    let scope = builder.scope("", "", "");
    let resource = builder.resource("other", "{}");
    for start in [-10, 10] {
        let span = Span::new(TraceId([id; 16]), SpanId([2; 8]), NOW + start);
        builder.append(resource, scope, &span).unwrap();
    }
    Batch::Spans(builder.finish().unwrap())
}

async fn append(store: &Store, batch: Batch) {
    let batches = vec![batch];
    let request = WriteRequest { received_at: NOW, batches, ..WriteRequest::default() };
    store.append(request).await.unwrap();
}

/// All answers, over so many spans of other traces.
async fn check(engine: &Engine, others: i64, placement: &str) {
    let trace = engine.trace(TRACE, None).await.unwrap().unwrap();
    assert_eq!(trace.num_rows(), 4, "trace by id: {placement}");
    for (sql, expected) in [
        ("SELECT count(*) FROM spans", 4 + others),
        ("SELECT count(*) FROM spans WHERE name = 'call'", 4),
        ("SELECT count(*) FROM spans WHERE service_name = 'back' AND kind = 'server'", 1),
        ("SELECT sum(duration_ns) FROM spans", 60),
    ] {
        let answer = engine.sql(sql).await.unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        let number = rows[0].column(0).as_primitive::<Int64Type>().value(0);
        assert_eq!(number, expected, "{sql}: {placement}");
    }
    for (query, matched) in [("{ name = `call` }", 4), ("{ kind = server }", 1)] {
        let traceql = Some(query.to_owned());
        let request = SearchRequest { traceql, limit: 10, ..SearchRequest::default() };
        let found = engine.search(request).await.unwrap();
        let sets: Vec<usize> =
            found.iter().flat_map(|f| &f.span_sets).map(|set| set.matched).collect();
        assert_eq!(sets, [matched], "{query}: {placement}");
        let spans: usize = found[0].service_stats.values().map(|stats| stats.span_count).sum();
        assert_eq!(spans, 4, "{query}: {placement}");
    }
}

#[tokio::test]
async fn a_span_that_was_sent_again_is_one_and_spans_that_share_an_id_are_two() {
    // What is done with the store between two sendings of the same spans, and after the second.
    #[derive(Clone, Copy, PartialEq)]
    enum Step {
        Flush,
        Maintain,
        Restart,
    }
    use Step::{Flush, Maintain, Restart};
    let placements: [(&str, &[Step], &[Step]); 6] = [
        ("two batches of the head", &[], &[]),
        ("head and part", &[Flush], &[]),
        ("two parts", &[Flush], &[Flush]),
        ("head and part of another start", &[Restart], &[]),
        ("a merged part", &[Flush], &[Flush, Maintain]),
        ("head and merged part", &[Flush, Maintain], &[]),
    ];
    for (placement, between, after) in placements {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let open = async || {
            let mut dependencies = Dependencies::disk(folder.path());
            dependencies.clock = Arc::clone(&clock) as _;
            let config = Config { compaction_fan_in: 2, ..Config::default() };
            let (store, _) = Store::open(config, dependencies, Arc::new(NoTotals)).await.unwrap();
            let engine = Engine::new(store.clone(), Arc::clone(&clock) as _, Limits::default());
            (store, engine)
        };
        let (mut store, mut engine) = open().await;
        let mut sent = 2;
        append(&store, others(8)).await;
        append(&store, spans(2)).await;
        check(&engine, sent, "one batch").await;
        for (sending, steps) in [between, after].into_iter().enumerate() {
            for step in steps {
                match step {
                    Flush => store.flush().await.unwrap(),
                    Maintain => store.maintain().await.unwrap(),
                    Restart => {
                        store.close().await.unwrap();
                        drop(engine);
                        (store, engine) = open().await;
                    }
                }
                check(&engine, sent, placement).await;
            }
            if sending == 0 {
                append(&store, spans(1)).await;
                check(&engine, sent, placement).await;
                append(&store, others(9)).await;
                sent += 2;
                check(&engine, sent, placement).await;
            }
        }
        store.close().await.unwrap();
    }
}
