//! A real rmcp server and client over an in-memory pipe.

use opentelemetry::trace::SpanKind;
use rmcp::model::{CallToolResult, ContentBlock, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, ServiceExt};

use super::*;
use crate::scope::recorded::{Recorded, attributes};
use crate::session::Session;
use crate::tool;

const CLIENT: &str = "mcp.client.operation.duration";
const SERVER: &str = "mcp.server.operation.duration";

/// Returns its session, a tool error, or an unknown tool error.
#[derive(Clone)]
struct Tools;

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        tokio::task::yield_now().await;
        let session = Session::current().map(|session| session.id().to_owned());
        let said = vec![ContentBlock::text(session.unwrap_or_default())];
        match request.name.as_ref() {
            "session" => Ok(CallToolResult::success(said).into()),
            "broken" => Ok(CallToolResult::error(said).into()),
            _ => Err(ErrorData::invalid_params("no such tool", None)),
        }
    }
}

#[tokio::test]
async fn a_call_is_one_trace_on_both_ends() {
    let recorded = Recorded::new();
    let telemetry = &recorded.telemetry;
    let (near, far) = tokio::io::duplex(1 << 16);
    let server = ObservedServer::new(telemetry, "tools", Tools);
    let (server, client) = tokio::join!(server.serve(far), ().serve(near));
    let (server, client) = (server.expect("a server"), client.expect("a client"));
    let plain = ObservedPeer::new(telemetry, "tools", client.peer().clone());
    let sharing = plain.clone().sharing_baggage();

    let said = |result: Result<CallToolResult, ServiceError>| {
        result
            .expect("an answer")
            .content
            .first()
            .and_then(|part| Some(part.as_text()?.text.clone()))
    };
    let session = Session::new("s-1");
    let call = |name: &'static str| CallToolRequestParams::new(name);
    let own = session.instrument(sharing.call_tool(call("session"))).await;
    assert_eq!(said(own).as_deref(), Some("s-1"));
    let others = session.instrument(plain.call_tool(call("session"))).await;
    assert_eq!(said(others).as_deref(), Some(""));
    let broken = tool::execute(telemetry, "broken")
        .run(async { plain.call_tool(call("broken")).await })
        .await;
    assert_eq!(broken.expect("an answer").is_error, Some(true));
    plain.call_tool(call("invented")).await.expect_err("no such tool");
    plain.list_all_tools().await.expect("no tools");
    drop((plain, sharing));
    client.cancel().await.expect("an end");
    server.waiting().await.expect("an end");

    for (side, class, tool, count) in [
        (CLIENT, "", "session", 2.0),
        (SERVER, "", "session", 2.0),
        (CLIENT, "tool_error", "broken", 1.0),
        (SERVER, "tool_error", "broken", 1.0),
        (CLIENT, "-32602", "invented", 1.0),
        (SERVER, "-32602", "", 1.0),
    ] {
        let labels =
            [("mcp.method.name", "tools/call"), ("error.type", class), ("gen_ai.tool.name", tool)];
        assert_eq!(recorded.count(side, &labels), count, "{side} {class} {tool}");
    }
    let initialized = [("mcp.method.name", "notifications/initialized")];
    assert_eq!(recorded.count(SERVER, &initialized), 1.0);

    let spans = recorded.spans();
    for served in spans.iter().filter(|span| span.name.starts_with("tools/")) {
        if served.span_kind != SpanKind::Server {
            continue;
        }
        let above = spans
            .iter()
            .find(|span| span.span_context.span_id() == served.parent_span_id)
            .expect("the client's span");
        let is_covered = above.name == "execute_tool broken";
        assert!(is_covered || above.span_kind == SpanKind::Client, "{above:?}");
        assert!(attributes(served).contains_key("jsonrpc.request.id"));
    }
    assert!(
        spans
            .iter()
            .all(|span| span.name != "tools/call broken" || span.span_kind == SpanKind::Server)
    );
}
