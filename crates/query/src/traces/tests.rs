//! Traces over rows in memory and in files.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use conformance::{Corpus, Tolerated};
use serde_json::json;
use signals::TraceId;
use signals::attributes::Value;
use signals::span::{Kind, Span, SpanBuilder, SpanRows, StatusCode};
use store::TimeRange;

use super::by_id::{self, Spans};
use super::{ROOT_NOT_RECEIVED, SearchRequest, search, tags};
use crate::scan::test_rows::{self, Layout, TestRows};
use crate::session::Session;
use crate::{Limits, QueryError};

struct TestEngine {
    session: Session,
    limits: Limits,
}

impl TestEngine {
    async fn new(batches: &[RecordBatch], layout: Layout) -> Self {
        let limits = Limits::default();
        let rows = TestRows::new(batches, &[], layout).await;
        Self { session: Session::new(Arc::new(rows), &limits).unwrap(), limits }
    }

    fn spans(&self) -> Spans<'_> {
        Spans { session: &self.session, limits: &self.limits, now: 1_000_000_000_000 }
    }

    async fn search(&self, request: SearchRequest) -> Result<Vec<String>, QueryError> {
        let matches = search::run(&self.spans(), &request).await?;
        Ok(matches
            .iter()
            .map(|found| found.trace_id.to_string().trim_start_matches('0').to_owned())
            .collect())
    }
}

/// Three traces; the third has no root.
fn batches() -> Vec<RecordBatch> {
    let second = |n: i64| n * 1_000_000_000;
    [
        json!({"trace_id": "1", "span_id": "1", "service_name": "front", "name": "GET", "kind": "server", "start_time": second(10), "duration_ns": second(2),
            "attributes": {"http.method": "GET", "http.status_code": 200}, "resource_attributes": {"service.name": "front"}}),
        json!({"trace_id": "1", "span_id": "2", "parent_span_id": "1", "service_name": "back", "name": "query", "start_time": second(11), "duration_ns": second(1),
            "status_code": "error", "attributes": {"db": "pg"}, "resource_attributes": {"service.name": "back"}}),
        json!({"trace_id": "2", "span_id": "1", "service_name": "front", "name": "POST", "kind": "server", "start_time": second(700), "duration_ns": second(1),
            "attributes": {"http.method": "POST", "http.status_code": 500}, "resource_attributes": {"service.name": "front"}}),
        json!({"trace_id": "3", "span_id": "5", "parent_span_id": "9", "service_name": "back", "name": "query", "start_time": second(2000), "duration_ns": second(3),
            "attributes": {"db": "my"}, "resource_attributes": {"service.name": "back"}}),
    ]
    .iter()
    .map(test_rows::span)
    .collect()
}

#[tokio::test]
async fn a_trace_is_read_by_its_id() {
    for layout in Layout::ALL {
        let engine = TestEngine::new(&batches(), layout).await;
        let always = TimeRange { start: i64::MIN, end: i64::MAX };
        let read = |id: &'static str| {
            let spans = engine.spans();
            async move { by_id::read(&spans, &[TraceId::parse(id).unwrap()], always).await.unwrap() }
        };
        let first = read("1").await;
        let rows = SpanRows::new(&first).unwrap();
        assert_eq!((rows.len(), rows.name(0), rows.name(1)), (2, "GET", "query"));
        assert_eq!(first.schema().fields().len(), signals::span::part_schema().fields().len());
        assert_eq!(read("2").await.num_rows(), 1);
        assert_eq!(read("7").await.num_rows(), 0);
    }
}

#[tokio::test]
async fn searches_give_the_newest_traces_first() {
    let request = || SearchRequest { limit: 10, ..SearchRequest::default() };
    let query = |text: &str| SearchRequest { traceql: Some(text.to_owned()), ..request() };
    let tag = |key: &str, value: &str| SearchRequest {
        tags: vec![(key.to_owned(), value.to_owned())],
        ..request()
    };
    for layout in Layout::ALL {
        let engine = TestEngine::new(&batches(), layout).await;
        for (request, ids) in [
            (request(), "3 2 1"),
            (SearchRequest { limit: 1, ..request() }, "3"),
            (SearchRequest { limit: 0, ..request() }, ""),
            (query("{ }"), "3 2 1"),
            (query("{ .db = `pg` }"), "1"),
            (query("{ name = `query` }"), "3 1"),
            (query("{ .http.status_code >= 500 }"), "2"),
            (query("{ resource.service.name = `front` } >> { status = error }"), "1"),
            (query("{ rootName = `POST` }"), "2"),
            (query("{ } | count() > 1"), "1"),
            (query("{ duration > 2s }"), "3"),
            (query("{ status != error && name = `query` }"), "3"),
            (query("{ .db = `none` }"), ""),
            (SearchRequest { service: Some("front".to_owned()), ..request() }, "2 1"),
            (
                SearchRequest {
                    operation: Some("query".to_owned()),
                    duration_max_ns: Some(1_000_000_000),
                    ..request()
                },
                "1",
            ),
            (SearchRequest { duration_min_ns: Some(2_000_000_000), ..request() }, "3 1"),
            (
                SearchRequest {
                    service: Some("back".to_owned()),
                    traceql: Some("{ .db = `my` }".to_owned()),
                    ..request()
                },
                "3",
            ),
            (tag("http.status_code", "500"), "2"),
            (tag("error", "true"), "1"),
            (tag("span.kind", "server"), "2 1"),
            (
                SearchRequest {
                    range: Some(TimeRange { start: 0, end: 700_000_000_000 }),
                    ..request()
                },
                "1",
            ),
            (
                SearchRequest {
                    range: Some(TimeRange { start: 11_000_000_000, end: 12_000_000_000 }),
                    ..request()
                },
                "1",
            ),
        ] {
            assert_eq!(
                engine.search(request.clone()).await.unwrap().join(" "),
                ids,
                "{layout:?} {request:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_match_tells_of_its_whole_trace() {
    let engine = TestEngine::new(&batches(), Layout::Mixed).await;
    let request = SearchRequest {
        traceql: Some("{ .db != nil }".to_owned()),
        limit: 10,
        spans_per_set: 1,
        ..SearchRequest::default()
    };
    let matches = search::run(&engine.spans(), &request).await.unwrap();
    let [third, first] = matches.as_slice() else { panic!("{matches:?}") };
    assert_eq!(
        (third.root_service_name.as_str(), third.root_span_name.as_str()),
        (ROOT_NOT_RECEIVED, "")
    );
    assert_eq!((first.root_service_name.as_str(), first.root_span_name.as_str()), ("front", "GET"));
    assert_eq!((first.start_time, first.duration_ns), (10_000_000_000, 2_000_000_000));
    assert_eq!(
        (first.service_stats["back"].span_count, first.service_stats["back"].error_count),
        (1, 1)
    );
    let set = &first.span_sets[0];
    assert_eq!((set.matched, set.spans.len(), set.spans[0].name.as_str()), (1, 1, "query"));
    assert_eq!(format!("{:?}", set.spans[0].attributes), r#"[("db", Text("pg"))]"#);
}

#[tokio::test]
async fn names_and_values_are_listed() {
    for layout in Layout::ALL {
        let engine = TestEngine::new(&batches(), layout).await;
        let spans = engine.spans();
        let scopes = tags::tag_names(&spans, "", None).await.unwrap();
        let of = |scope: &str| {
            scopes.iter().find(|names| names.scope == scope).map(|names| names.names.join(" "))
        };
        assert_eq!(of("span").as_deref(), Some("db http.method http.status_code"));
        assert_eq!(of("resource").as_deref(), Some("service.name"));
        assert!(of("intrinsic").unwrap().contains("rootServiceName"));
        assert!(tags::tag_names(&spans, "nonsense", None).await.is_err());
        for (tag, values) in [
            (".http.status_code", "int:200 int:500"),
            ("http.method", "string:GET string:POST"),
            ("resource.service.name", "string:back string:front"),
            ("name", "string:GET string:POST string:query"),
            ("rootName", "string:GET string:POST"),
            ("status", "keyword:error keyword:ok keyword:unset"),
            ("span.nothing", ""),
        ] {
            let found = tags::tag_values(&spans, tag, "", None).await.unwrap();
            let found: Vec<String> =
                found.iter().map(|value| format!("{}:{}", value.kind, value.value)).collect();
            assert_eq!(found.join(" "), values, "{tag}");
        }
        for (tag, query, values) in [
            ("name", r#"{ resource.service.name = "back" }"#, "query"),
            ("name", r#"{ name =~ "G.*" }"#, "GET"),
            ("resource.service.name", r#"{ name = "query" }"#, "back"),
            (".http.status_code", "{ .http.status_code > 200 }", "500"),
            // What completion sends before a condition is finished.
            ("name", "{ name = }", "GET POST query"),
            ("name", "{}", "GET POST query"),
        ] {
            let found = tags::tag_values(&spans, tag, query, None).await.unwrap();
            let found: Vec<&str> = found.iter().map(|value| value.value.as_str()).collect();
            assert_eq!(found.join(" "), values, "{tag} {query}");
        }
    }
}

/// The attributes of a fixture's object, and its dedicated ones under their names.
fn fixture_attributes(
    object: &serde_json::Value,
    scope: &str,
) -> serde_json::Map<String, serde_json::Value> {
    let mut attributes = serde_json::Map::new();
    for attribute in object["Attrs"].as_array().into_iter().flatten() {
        let (Some(key), value) = (attribute["args"][0].as_str(), &attribute["args"][1]) else {
            continue;
        };
        // The service's name is a column of its own there.
        if !(scope == "resource" && key == "service.name") {
            attributes.insert(key.to_owned(), value.clone());
        }
    }
    for (name, values) in object["DedicatedAttributes"].as_object().into_iter().flatten() {
        if let Some(number) = name.strip_prefix("String0") {
            let value = values[0].as_str().map_or_else(|| "B".repeat(100), str::to_owned);
            attributes.insert(format!("dedicated.{scope}.{number}"), value.into());
        }
    }
    if let Some(service) = object["ServiceName"].as_str() {
        attributes.insert("service.name".to_owned(), service.into());
    }
    attributes
}

fn fixture(trace: &serde_json::Value) -> Vec<RecordBatch> {
    let mut builder = SpanBuilder::default();
    for resource_spans in trace["ResourceSpans"].as_array().unwrap() {
        let resource = &resource_spans["Resource"];
        let attributes =
            serde_json::Value::Object(fixture_attributes(resource, "resource")).to_string();
        let resource = builder.resource(resource["ServiceName"].as_str().unwrap(), &attributes);
        for scope_spans in resource_spans["ScopeSpans"].as_array().unwrap() {
            let scope = &scope_spans["Scope"];
            let attributes =
                serde_json::Value::Object(fixture_attributes(scope, "scope")).to_string();
            let scope = builder.scope(
                scope["Name"].as_str().unwrap(),
                scope["Version"].as_str().unwrap(),
                &attributes,
            );
            for made in scope_spans["Spans"].as_array().unwrap() {
                append_fixture_span(&mut builder, resource, scope, made);
            }
        }
    }
    vec![builder.finish().unwrap()]
}

fn append_fixture_span(
    builder: &mut SpanBuilder,
    resource: signals::span::Resource,
    scope: signals::span::Scope,
    made: &serde_json::Value,
) {
    for (key, value) in fixture_attributes(made, "span") {
        let text = value.to_string();
        builder.attributes().push(
            &key,
            match &value {
                serde_json::Value::String(text) => Value::String(text),
                serde_json::Value::Bool(value) => Value::Bool(*value),
                serde_json::Value::Number(number) if number.is_i64() => {
                    Value::Int(number.as_i64().unwrap())
                }
                serde_json::Value::Number(number) => Value::Double(number.as_f64().unwrap()),
                _ => Value::Json(&text),
            },
        );
    }
    let start = made["StartTimeUnixNano"].as_i64().unwrap();
    let events: Vec<serde_json::Value> = made["Events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| {
            let time = start + event["TimeSinceStartNano"].as_i64().unwrap();
            json!({"time_unix_nano": time, "name": event["Name"], "attributes": fixture_attributes(event, "event")})
        })
        .collect();
    let events = serde_json::Value::Array(events).to_string();
    let links: Vec<serde_json::Value> = made["Links"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|link| json!({"trace_id": "1234567890abcdef".repeat(2), "span_id": "1234567890abcdef", "attributes": fixture_attributes(link, "link")}))
        .collect();
    let links = serde_json::Value::Array(links).to_string();
    let word = |value: &serde_json::Value, prefix: &str| {
        value["_ref"].as_str().unwrap().rsplit(prefix).next().unwrap().to_lowercase()
    };
    let (kind, status) =
        (word(&made["Kind"], "SPAN_KIND_"), word(&made["StatusCode"], "STATUS_CODE_"));
    let message = format!("STATUS_CODE_{}", status.to_uppercase());
    let mut id = [0; 8];
    let name = made["SpanID"].as_str().unwrap().as_bytes();
    id[..name.len()].copy_from_slice(name);
    let mut span = Span::new(TraceId([7; 16]), signals::SpanId(id), start);
    span.name = made["Name"].as_str().unwrap();
    span.kind = Kind::from_name(&kind);
    span.status_code = StatusCode::from_name(&status);
    span.status_message = &message;
    span.duration_ns = made["DurationNano"].as_i64().unwrap();
    span.events = &events;
    span.links = &links;
    builder.append(resource, scope, &span).unwrap();
}

#[tokio::test]
async fn tempo_searches_find_the_fixture_alike() {
    let path = "tempo/derived/curated/traceql_search_on_fixture.json";
    let Some(text) = conformance::corpus_text(path) else { return };
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let batches = fixture(&file["fixture_trace"]);
    let mut engines = Vec::new();
    for layout in Layout::ALL {
        engines.push(TestEngine::new(&batches, layout).await);
    }
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/traces/tests/tolerated.txt");
    let mut corpus = Corpus::new("traceql_search_on_fixture.json", Tolerated::read(&list));
    for case in file["cases"].as_array().unwrap() {
        let is_match = case["matches"].as_bool().unwrap();
        for query in case["queries"].as_array().into_iter().flatten() {
            let query = query.as_str().unwrap();
            let mut fault = None;
            for engine in &engines {
                let request = SearchRequest {
                    traceql: Some(query.to_owned()),
                    limit: 5,
                    ..SearchRequest::default()
                };
                match engine.search(request).await {
                    Ok(found) if found.is_empty() != is_match => {}
                    Ok(_) => fault = Some(format!("{query}: should match is {is_match}")),
                    Err(error) => fault = Some(format!("{query}: {error}")),
                }
            }
            corpus.note(query, fault);
        }
    }
    corpus.finish();
}
