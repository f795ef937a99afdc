//! TraceQL over traces made by hand.

mod cases;

use arrow::array::RecordBatch;
use lang::traceql::Root;
use signals::attributes::Value;
use signals::span::{Kind, Span, SpanBuilder, StatusCode};
use signals::{SpanId, TraceId};

use super::{Program, SpanTable, TraceTree, parse_search};

/// `(id, parent, name, duration in ms, number)`.
type Made = (u8, u8, &'static str, i64, i64);

fn trace(spans: &[Made]) -> RecordBatch {
    let mut builder = SpanBuilder::default();
    let resource = builder.resource("shop", r#"{"service.name":"shop","zone":"eu"}"#);
    let scope = builder.scope("lib", "1", "");
    for (id, parent, name, duration_ms, number) in spans {
        builder.attributes().push("n", Value::Int(*number));
        builder.attributes().push("list", Value::Json("[1,2,3]"));
        let mut span = Span::new(TraceId([1; 16]), SpanId([*id; 8]), 1_000_000 * i64::from(*id));
        span.parent_span_id = (*parent > 0).then_some(SpanId([*parent; 8]));
        span.name = name;
        span.kind = if *parent == 0 { Kind::Server } else { Kind::Internal };
        span.status_code = if *number > 90 { StatusCode::Error } else { StatusCode::Unset };
        span.duration_ns = duration_ms * 1_000_000;
        builder.append(resource, scope, &span).unwrap();
    }
    builder.finish().unwrap()
}

/// The sets that a query gives, as names.
fn run(spans: &[Made], query: &str) -> Vec<String> {
    let batch = trace(spans);
    let Root::Spansets(pipeline) = parse_search(query).unwrap().root else { panic!("{query}") };
    let program = Program::new(pipeline).unwrap();
    let table = SpanTable::new(&batch).unwrap();
    let tree = TraceTree::new(&table.rows);
    program
        .run(&table, &tree)
        .iter()
        .map(|set| set.rows.iter().map(|row| table.rows.name(*row)).collect())
        .collect()
}

#[test]
fn loops_and_missing_parents_do_no_harm() {
    let spans = [
        (1, 2, "a", 1, 1),
        (2, 1, "b", 1, 1),
        (3, 3, "c", 1, 1),
        (4, 9, "d", 1, 1),
        (5, 4, "e", 1, 1),
    ];
    for query in [
        "{ } >> { }",
        "{ } << { }",
        "{ } > { }",
        "{ } < { }",
        "{ } ~ { }",
        "{ } !>> { }",
        "{ } &<< { }",
        "{ nestedSetLeft > 0 }",
    ] {
        let _ = run(&spans, query);
    }
    assert_eq!(run(&spans, "{ name = `a` } >> { name = `b` }").join(""), "b");
    assert_eq!(run(&spans, "{ name = `d` } >> { }").join(""), "e");
}

#[test]
fn client_and_server_that_share_an_id_are_two_spans() {
    let mut builder = SpanBuilder::default();
    let scope = builder.scope("", "", "");
    for (service, id, parent, name, kind) in [
        ("front", 1, 0, "root", Kind::Server),
        ("front", 2, 1, "call", Kind::Client),
        ("back", 2, 1, "serve", Kind::Server),
        ("back", 3, 2, "query", Kind::Client),
        ("store", 3, 2, "answer", Kind::Server),
        // A sender that names the shared id as the parent of its own side.
        ("front", 4, 3, "own", Kind::Client),
        ("back", 4, 4, "other", Kind::Server),
    ] {
        let resource = builder.resource(service, "{}");
        let mut span = Span::new(TraceId([1; 16]), SpanId([id; 8]), i64::from(id));
        span.parent_span_id = (parent > 0).then_some(SpanId([parent; 8]));
        (span.name, span.kind) = (name, kind);
        builder.append(resource, scope, &span).unwrap();
    }
    let batch = builder.finish().unwrap();
    let table = SpanTable::new(&batch).unwrap();
    let tree = TraceTree::new(&table.rows);
    let parent = |row| tree.parent(row).map(|parent| table.rows.name(parent));
    let parents: Vec<_> = (0..table.rows.len()).map(parent).collect();
    let expected = [
        None,
        Some("root"),
        Some("root"),
        Some("serve"),
        Some("call"),
        Some("answer"),
        Some("own"),
    ];
    assert_eq!(parents, expected);
}

#[test]
fn a_very_deep_trace_is_walked_without_recursion() {
    let mut builder = SpanBuilder::default();
    let (resource, scope) = (builder.resource("s", "{}"), builder.scope("", "", ""));
    for i in 1..=100_000_u64 {
        let mut span = Span::new(TraceId([1; 16]), SpanId(i.to_be_bytes()), 0);
        span.parent_span_id = (i > 1).then(|| SpanId((i - 1).to_be_bytes()));
        builder.append(resource, scope, &span).unwrap();
    }
    let batch = builder.finish().unwrap();
    let table = SpanTable::new(&batch).unwrap();
    let tree = TraceTree::new(&table.rows);
    let mut marked = vec![false; 100_000];
    marked[0] = true;
    assert_eq!(tree.below(&marked).iter().filter(|below| **below).count(), 99_999);
    marked[99_999] = true;
    assert_eq!(tree.above(&marked).iter().filter(|above| **above).count(), 99_999);
    assert_eq!(tree.nested(0), (1, 200_000));
}

#[test]
fn what_is_not_built_says_so() {
    for query in ["{ } | rate()", "({ } | count()) > ({ } | count())", "{ parent.a = 1 }"] {
        assert!(matches!(parse_search(query), Err(crate::QueryError::Unsupported(_))), "{query}");
    }
    assert!(matches!(parse_search("{ a }"), Err(crate::QueryError::Invalid(_))));
}

#[test]
fn the_necessary_condition_never_excludes_a_match() {
    for (query, condition) in [
        ("{ name = `a` && rootName = `b` }", Some("name = `a`")),
        ("{ rootName = `b` }", None),
        ("{ name = `a` || rootName = `b` }", None),
        ("{ .a } && { .b }", Some(".a")),
        ("{ .a } || { .b }", Some(".a || .b")),
        ("{ .a } !> { .b }", Some(".b")),
        ("{ } | count() > 1", None),
        ("count() > 1", None),
        ("({ .a } | count() > 1) >> { .b }", Some(".a")),
    ] {
        let Root::Spansets(pipeline) = parse_search(query).unwrap().root else { panic!() };
        let necessary = Program::new(pipeline).unwrap().necessary();
        assert_eq!(
            necessary.map(|condition| condition.to_string()).as_deref(),
            condition,
            "{query}"
        );
    }
}
