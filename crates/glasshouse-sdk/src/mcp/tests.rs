//! Manually instrumented MCP operations; `rmcp` has its own tests.

use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanKind, Status};
use serde_json::json;

use super::*;
use crate::scope::recorded::{Recorded, attributes};
use crate::session::Session;

const CLIENT: &str = "mcp.client.operation.duration";
const SERVER: &str = "mcp.server.operation.duration";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

#[test]
fn a_call_of_a_tool_is_a_client_span_whose_trace_travels_in_meta() {
    let recorded = Recorded::new();
    let session = Session::new("s-1").attach();
    let call = client_call(&recorded.telemetry, "tools", "tools/call", "search")
        .attribute("network.transport", "pipe");
    let (mut own, mut others) = (Map::new(), Map::new());
    call.in_scope(|| {
        inject_meta(&mut own);
        inject_meta_without_baggage(&mut others);
    });
    call.finish();
    drop(session);

    let spans = recorded.spans();
    assert_eq!(spans[0].name, "tools/call search");
    assert_eq!(spans[0].span_kind, SpanKind::Client);
    let said = attributes(&spans[0]);
    for (key, value) in [
        ("mcp.method.name", "tools/call"),
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "search"),
        ("glasshouse.mcp.server", "tools"),
        ("network.transport", "pipe"),
        ("session.id", "s-1"),
    ] {
        assert_eq!(said.get(key).map(String::as_str), Some(value), "{key}");
    }
    assert_eq!(others.keys().collect::<Vec<_>>(), ["traceparent"]);
    let context = extract_meta(&own);
    assert_eq!(context.span().span_context().span_id(), spans[0].span_context.span_id());
    assert_eq!(
        context.baggage().get("session.id").map(ToString::to_string).as_deref(),
        Some("s-1")
    );
    let labels = [("glasshouse.mcp.server", "tools"), ("gen_ai.tool.name", "search")];
    assert_eq!(recorded.count(CLIENT, &labels), 1.0);
}

#[test]
fn inside_an_execution_of_the_tool_there_is_no_second_span() {
    let recorded = Recorded::new();
    let tool = tool::execute(&recorded.telemetry, "search").start();
    tool.in_scope(|| {
        client_call(&recorded.telemetry, "tools", "tools/call", "search").error(McpFailure::Tool);
        client_call(&recorded.telemetry, "tools", "tools/call", "other").finish();
    });
    tool.error(ErrorClass::ToolError, "");

    let spans = recorded.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["tools/call other", "execute_tool search"]);
    let said = attributes(&spans[1]);
    assert_eq!(said["mcp.method.name"], "tools/call");
    assert_eq!(said["glasshouse.mcp.server"], "tools");
    let errors = spans[1].attributes.iter().filter(|pair| pair.key.as_str() == "error.type");
    assert_eq!(errors.count(), 1);
    assert_eq!(recorded.count(CLIENT, &[("error.type", "tool_error")]), 1.0);
}

#[test]
fn the_parent_of_a_server_is_the_client_and_the_carrier_becomes_a_link() {
    let recorded = Recorded::new();
    let carrier = tracing::info_span!("POST /mcp");
    let meta = object(json!({ "traceparent": PARENT, "progressToken": 7 }));
    carrier.in_scope(|| {
        server_call(&recorded.telemetry, "tools", "tools/call", "search", Some(&meta)).finish();
        server_call(&recorded.telemetry, "tools", "ping", "", None).finish();
    });
    drop(carrier);
    let spans = recorded.spans();
    let [call, ping, carrier] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(call.span_kind, SpanKind::Server);
    assert_eq!(call.parent_span_id.to_string(), "b7ad6b7169203331");
    assert_eq!(call.links.links[0].span_context.span_id(), carrier.span_context.span_id());
    assert_eq!(ping.parent_span_id, carrier.span_context.span_id());
    assert!(ping.links.links.is_empty());
}

#[test]
fn what_a_peer_invents_does_not_become_a_label() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    for index in 0..10 {
        let name = format!("invented/{index}");
        server_call(telemetry, "s", &name, "", None).error(McpFailure::Rpc(-32_601));
        server_call(telemetry, "s", "tools/call", &name, None).error(McpFailure::Rpc(-32_602));
        client_call(telemetry, "s", "ping", "").error(McpFailure::Rpc(1000 + index));
    }
    let meta = object(json!({ "traceparent": 1, "tracestate": [], "baggage": "x".repeat(10_000) }));
    drop(server_call(telemetry, "s", "ping", "", Some(&meta)));
    assert_eq!(recorded.values(SERVER, "mcp.method.name").len(), 3);
    assert!(recorded.values(SERVER, "gen_ai.tool.name").iter().all(String::is_empty));
    for (metric, class, count) in [
        (SERVER, "-32601", 10.0),
        (SERVER, "-32602", 10.0),
        (SERVER, "cancelled", 1.0),
        (CLIENT, "_OTHER", 10.0),
    ] {
        assert_eq!(recorded.count(metric, &[("error.type", class)]), count, "{class}");
    }
    let spans = recorded.spans();
    assert_eq!(spans[0].status, Status::error("-32601"));
    assert_eq!(attributes(&spans[0])["rpc.response.status_code"], "-32601");
    assert_eq!(spans[0].name, "_OTHER");
}

#[test]
fn a_prompt_is_no_tool_in_metrics_and_an_unknown_tool_names_no_span() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    server_call(telemetry, "s", "prompts/get", "summary", None).finish();
    client_call(telemetry, "s", "prompts/get", "summary").finish();
    server_call(telemetry, "s", "tools/call", "invented", None).error(McpFailure::Rpc(-32_602));
    server_call(telemetry, "s", "tasks/get", "", None).finish();
    for metric in [SERVER, CLIENT] {
        let tools = recorded.values(metric, "gen_ai.tool.name");
        assert!(tools.iter().all(String::is_empty), "{metric}: {tools:?}");
    }
    let spans = recorded.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_ref()).collect();
    let expected = ["prompts/get summary", "prompts/get summary", "tools/call", "tasks/get"];
    assert_eq!(names, expected);
    assert_eq!(attributes(&spans[0])["gen_ai.prompt.name"], "summary");
}
