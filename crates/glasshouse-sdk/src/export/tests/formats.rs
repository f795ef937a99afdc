//! The requests received by a backend, for each format.

use super::{
    backend::{Answer, Backend, Received},
    thrift::Thrift,
    *,
};
use opentelemetry::{
    Array, Value,
    trace::{Event, Link},
};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{AnyValue, any_value},
    logs::v1::LogRecord,
};
use prost::Message;
use serde_json::json;

/// A span that uses all features of the formats.
fn full_span() -> SpanData {
    let mut span = span(0xb);
    let at = span.start_time + Duration::from_micros(7);
    span.parent_span_id = SpanId::from(0xa);
    span.span_kind = SpanKind::Client;
    span.name = "chat m-1".into();
    span.attributes = vec![
        KeyValue::new("gen_ai.request.model", "m-1"),
        KeyValue::new("tokens", 12_i64),
        KeyValue::new("ratio", 0.5),
        KeyValue::new("stream", true),
        KeyValue::new("error", false),
        KeyValue::new("server.address", "api.test"),
        KeyValue::new("server.port", 8443_i64),
        KeyValue::new("reasons", Value::Array(Array::String(vec!["a\"b".into(), "c".into()]))),
    ];
    span.dropped_attributes_count = 3;
    let attributes = vec![KeyValue::new("attempt", 2_i64), KeyValue::new("why", "429")];
    span.events.events.push(Event::new("retry", at, attributes, 0));
    span.events.events.push(Event::new("done", at, Vec::new(), 0));
    let linked = SpanContext::new(
        TraceId::from(0xc),
        SpanId::from(0xd),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    span.links.links.push(Link::new(linked, Vec::new(), 0));
    span.status = Status::error("rate limited");
    span
}

fn send_one(target: SpanTarget) {
    let mut settings = settings();
    settings.spans = Some(target);
    let export = start(settings);
    export.span_processor().unwrap().on_end(full_span());
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [1, 0, 0, 0, 0]);
}

#[test]
fn otlp_over_http_carries_spans_under_their_scope_and_resource() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let mut target = http(format!("{}/v1/traces?tenant=a", backend.url()));
    target.headers = vec![
        ("Authorization".to_owned(), Secret("Bearer x".to_owned())),
        ("X-Scope-OrgID".to_owned(), Secret(" a ".to_owned())),
    ];
    send_one(SpanTarget::Otlp(target));

    let received = backend.next();
    assert_eq!(received.path, "/v1/traces?tenant=a");
    assert_eq!(received.headers["content-type"], "application/x-protobuf");
    assert_eq!(received.headers["authorization"], "Bearer x");
    assert_eq!(received.headers["x-scope-orgid"], "a");
    assert!(received.headers["user-agent"].to_str().unwrap().starts_with("glasshouse-sdk/"));
    let traces = received.traces();
    let resource = traces.resource_spans[0].resource.as_ref().unwrap();
    assert!(resource.attributes.iter().any(|attribute| attribute.key == "service.name"));
    let scope = traces.resource_spans[0].scope_spans[0].scope.as_ref().unwrap();
    assert_eq!((scope.name.as_str(), scope.version.as_str()), ("shop", "1.2"));
    let spans = received.spans();
    assert_eq!(spans[0].name, "chat m-1");
    assert_eq!(spans[0].span_id, 0xb_u64.to_be_bytes());
    assert_eq!((spans[0].events.len(), spans[0].links.len()), (2, 1));
    assert!(!backend.has_more());
}

#[test]
fn zipkin_gets_its_json_by_the_rules_of_opentelemetry() {
    let backend = Backend::start(vec![Answer::status(202)]);
    send_one(SpanTarget::Zipkin { url: format!("{}/api/v2/spans", backend.url()) });

    let received = backend.next();
    assert_eq!(received.path, "/api/v2/spans");
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&received.body).unwrap(),
        json!([{
            "traceId": "f0000000000000000000000000000001",
            "id": "000000000000000b",
            "parentId": "000000000000000a",
            "name": "chat m-1",
            "kind": "CLIENT",
            "timestamp": 1_700_000_000_000_000_u64,
            "duration": 2500,
            "localEndpoint": {"serviceName": "shop"},
            "remoteEndpoint": {"serviceName": "api.test", "port": 8443},
            "annotations": [
                {
                    "timestamp": 1_700_000_000_000_007_u64,
                    "value": "\"retry\": {\"attempt\":2,\"why\":\"429\"}",
                },
                {"timestamp": 1_700_000_000_000_007_u64, "value": "done"},
            ],
            "tags": {
                "deployment.environment.name": "test",
                "gen_ai.request.model": "m-1",
                "tokens": "12",
                "ratio": "0.5",
                "stream": "true",
                "error": "rate limited",
                "server.address": "api.test",
                "server.port": "8443",
                "reasons": "[\"a\\\"b\",\"c\"]",
                "otel.scope.name": "shop",
                "otel.scope.version": "1.2",
                "otel.library.name": "shop",
                "otel.library.version": "1.2",
                "otel.dropped_attributes_count": "3",
                "otel.status_code": "ERROR",
            },
        }])
    );
}

#[test]
fn zipkin_leaves_out_what_a_span_has_not() {
    let mut plain = span(1);
    plain.end_time = plain.start_time - Duration::from_secs(5);
    plain.attributes = vec![KeyValue::new("error", "false")];
    plain.instrumentation_scope = InstrumentationScope::default();
    let service = ZipkinService::new(&Resource::builder_empty().build());
    let body = service.encode(&[plain]).unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&body).unwrap(),
        json!([{
            "traceId": "f0000000000000000000000000000001",
            "id": "0000000000000001",
            "name": "work",
            "timestamp": 1_700_000_000_000_000_u64,
            "duration": 1,
            "localEndpoint": {"serviceName": "unknown_service"},
        }])
    );
}

#[test]
fn zipkin_finds_the_other_side_by_rank() {
    let cases: [(&[(&'static str, &'static str)], serde_json::Value); 5] = [
        (&[("server.address", "s"), ("peer.service", "p")], json!({"serviceName": "p"})),
        (
            &[("network.peer.address", "10.0.0.1"), ("network.peer.port", "80")],
            json!({"ipv4": "10.0.0.1", "port": 80}),
        ),
        (&[("server.address", "::1"), ("server.port", "70000")], json!({"ipv6": "::1"})),
        (&[("db.name", "orders")], json!({"serviceName": "orders"})),
        (&[("peer.service", "")], json!(null)),
    ];
    let service = ZipkinService::new(&resource());
    for (attributes, expected) in cases {
        let mut client = span(1);
        client.span_kind = SpanKind::Client;
        client.attributes =
            attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect();
        let body = service.encode(&[client]).unwrap();
        let spans: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(spans[0]["remoteEndpoint"], expected, "{attributes:?}");
    }
}

#[test]
fn jaeger_gets_its_thrift_by_the_rules_of_opentelemetry() {
    let backend = Backend::start(vec![Answer::status(202)]);
    send_one(SpanTarget::JaegerThrift { url: format!("{}/api/traces", backend.url()) });

    let received = backend.next();
    assert_eq!(received.path, "/api/traces");
    assert_eq!(received.headers["content-type"], "application/x-thrift");
    let text = |text: &str| Thrift::Text(text.to_owned());
    let batch = Thrift::read(&received.body);
    assert_eq!(batch.field(1).field(1), &text("shop"));
    let process = batch.field(1).field(2).tags();
    assert_eq!(process["deployment.environment.name"], text("test"));
    let [span] = batch.field(2).list() else { panic!("one span") };
    assert_eq!(span.field(1), &Thrift::I64(1));
    assert_eq!(span.field(2), &Thrift::I64(0xf000_0000_0000_0000_u64.cast_signed()));
    assert_eq!(span.field(3), &Thrift::I64(0xb));
    assert_eq!(span.field(4), &Thrift::I64(0xa));
    assert_eq!(span.field(5), &text("chat m-1"));
    let [parent, link] = span.field(6).list() else { panic!("two references") };
    for (reference, kind, trace, id) in [(parent, 0, 1, 0xa), (link, 1, 0xc, 0xd)] {
        assert_eq!(reference.field(1), &Thrift::I32(kind));
        assert_eq!(reference.field(2), &Thrift::I64(trace));
        assert_eq!(reference.field(4), &Thrift::I64(id));
    }
    assert_eq!(span.field(7), &Thrift::I32(1));
    assert_eq!(span.field(8), &Thrift::I64(1_700_000_000_000_000));
    assert_eq!(span.field(9), &Thrift::I64(2500));
    let expected = [
        ("gen_ai.request.model", text("m-1")),
        ("tokens", Thrift::I64(12)),
        ("ratio", Thrift::Double(0.5)),
        ("stream", Thrift::Bool(true)),
        ("error", Thrift::Bool(true)),
        ("server.address", text("api.test")),
        ("server.port", Thrift::I64(8443)),
        ("reasons", text("[\"a\\\"b\",\"c\"]")),
        ("span.kind", text("client")),
        ("otel.scope.name", text("shop")),
        ("otel.scope.version", text("1.2")),
        ("otel.library.name", text("shop")),
        ("otel.library.version", text("1.2")),
        ("otel.status_code", text("ERROR")),
        ("otel.status_description", text("rate limited")),
        ("otel.dropped_attributes_count", Thrift::I64(3)),
    ];
    let expected = expected.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    assert_eq!(span.field(10).tags(), expected);
    let [retry, done] = span.field(11).list() else { panic!("two logs") };
    assert_eq!(retry.field(1), &Thrift::I64(1_700_000_000_000_007));
    let fields = retry.field(2).tags();
    assert_eq!(fields["event"], text("retry"));
    assert_eq!(fields["attempt"], Thrift::I64(2));
    assert_eq!(done.field(2).tags()["event"], text("done"));
}

#[test]
fn jaeger_leaves_out_what_a_span_has_not() {
    let process = JaegerProcess::new(&Resource::builder_empty().build());
    let batch = Thrift::read(&process.encode(&[span(1), span(2)]));
    assert_eq!(batch.field(1).field(1), &Thrift::Text("unknown_service".to_owned()));
    let [first, _] = batch.field(2).list() else { panic!("two spans") };
    assert_eq!(first.field(4), &Thrift::I64(0));
    assert_eq!((first.get(6), first.get(11)), (None, None));
    assert!(!first.field(10).tags().contains_key("span.kind"));
}

#[test]
fn logs_go_out_under_the_scope_of_the_sdk() {
    let text =
        |text: &str| AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) };
    let backend = Backend::start(vec![Answer::status(200)]);
    let mut settings = settings();
    settings.logs = Some(http(format!("{}/v1/logs", backend.url())));
    let export = start(settings);
    let queue = export.log_queue().unwrap();
    for line in ["first", "second"] {
        queue.send(LogRecord { body: Some(text(line)), ..LogRecord::default() });
    }
    assert!(export.shutdown(PATIENCE));
    assert_eq!(counts(&export.statistics().logs), [2, 0, 0, 0, 0]);

    let mut lines = Vec::new();
    while lines.len() < 2 {
        let request = ExportLogsServiceRequest::decode(backend.next().body).unwrap();
        let logs = &request.resource_logs[0];
        assert!(logs.resource.as_ref().unwrap().attributes.len() >= 2);
        let scope = logs.scope_logs[0].scope.as_ref().unwrap();
        assert_eq!(scope.name, "glasshouse-sdk");
        assert_eq!(scope.version, env!("CARGO_PKG_VERSION"));
        lines.extend(logs.scope_logs[0].log_records.iter().map(|record| record.body.clone()));
    }
    assert_eq!(lines, [Some(text("first")), Some(text("second"))]);
}

#[test]
fn metrics_are_pushed_at_each_interval_and_once_more_at_the_end() {
    let reads = |received: Received| {
        let request = ExportMetricsServiceRequest::decode(received.body).unwrap();
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(Data::Gauge(gauge)) = &metric.data else { panic!("a gauge") };
        gauge.data_points[0].time_unix_nano
    };
    for interval in [Duration::from_millis(20), Duration::from_secs(3600)] {
        let backend = Backend::start(vec![Answer::status(200)]);
        let mut settings = settings();
        settings.metrics = Some((http(format!("{}/v1/metrics", backend.url())), interval));
        let export = start(settings);
        if interval < PATIENCE {
            assert_eq!((reads(backend.next()), reads(backend.next())), (1, 2));
        }
        assert!(export.shutdown(PATIENCE));
        let [exported, dropped, rejected, left, failed] = counts(&export.statistics().metrics);
        assert_eq!([dropped, rejected, left, failed], [0; 4]);
        assert!(exported >= 1);
        if interval > PATIENCE {
            assert_eq!(reads(backend.next()), 1);
            assert!(!backend.has_more());
        }
    }
}

#[test]
fn a_rewrite_changes_spans_before_they_leave() {
    let backend = Backend::start(vec![Answer::status(200)]);
    let export = spans_to(&backend.url(), |settings| {
        settings.rewrite = Some(Arc::new(|span: &mut SpanData| {
            assert!(is_worker_thread());
            span.name = format!("{} renamed", span.name).into();
        }));
    });
    end(&export, 1..2);
    assert!(export.shutdown(PATIENCE));
    assert_eq!(backend.next().spans()[0].name, "work renamed");
}
