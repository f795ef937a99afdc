//! Model Context Protocol operations of clients and servers, and trace context in `_meta`.
//!
//! For programs with their own MCP implementation; the feature `rmcp` instruments the crate `rmcp`.

use std::borrow::Cow;
use std::future::Future;

use opentelemetry::propagation::Injector;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use serde_json::{Map, Value as Json};

use crate::Telemetry;
use crate::agent::named;
use crate::llm::ErrorClass;
use crate::propagation::{self, Fields};
use crate::record::McpSide;
use crate::span::{HelperSpan, InSpan, NAME_BYTES_MAX, bounded};
use crate::tool;

/// Injects the current span and baggage into the `_meta` of a request to your own server.
pub fn inject_meta(meta: &mut Map<String, Json>) {
    Context::map_current(|context| propagation::inject_into(context, &mut Meta(meta), true));
}

/// Injects the current span into the `_meta` of a request to a third-party server, without the
/// session and other baggage.
pub fn inject_meta_without_baggage(meta: &mut Map<String, Json>) {
    Context::map_current(|context| propagation::inject_into(context, &mut Meta(meta), false));
}

/// Extracts trace context and baggage from the `_meta` of a request, on top of the current context.
///
/// Malformed and overlong fields are ignored, as in headers.
#[must_use]
pub fn extract_meta(meta: &Map<String, Json>) -> Context {
    propagation::extract_from(&fields(meta))
}

fn fields(meta: &Map<String, Json>) -> Fields {
    let text = |key: &str| meta.get(key).and_then(Json::as_str).map(str::to_owned);
    Fields::bounded(text("traceparent"), text("tracestate"), text("baggage"))
}

struct Meta<'a>(&'a mut Map<String, Json>);

impl Injector for Meta<'_> {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.insert(key.to_owned(), Json::String(value));
        }
    }
}

/// The reason of a failed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpFailure {
    /// The tool ran and returned `isError`.
    Tool,
    /// The peer returned a JSON-RPC error with this code.
    Rpc(i64),
    /// No response: transport error, timeout or cancellation.
    Class(ErrorClass),
}

impl McpFailure {
    /// The value of `error.type`: `tool_error`, a JSON-RPC code as text, or the class. Codes not
    /// defined by the specification are `_OTHER`, because the peer chooses them.
    fn error_type(self) -> Cow<'static, str> {
        match self {
            Self::Tool => ErrorClass::ToolError.as_str().into(),
            Self::Rpc(code @ (-32_700 | -32_603..=-32_600 | -32_099..=-32_000)) => {
                code.to_string().into()
            }
            Self::Rpc(_) => "_OTHER".into(),
            Self::Class(class) => class.as_str().into(),
        }
    }
}

/// Starts a client operation: `method` such as `tools/call`; `tool` a tool, a prompt, or empty.
///
/// Within an execution of the same tool ([`tool::execute`]) no second span is created; attributes
/// are set on the tool's span.
#[must_use = "an operation that is dropped without an end counts as cancelled"]
pub fn client_call(telemetry: &Telemetry, server: &str, method: &str, tool: &str) -> McpCall {
    let is_covered = method == CALL_TOOL && tool::is_running(tool);
    let span = if is_covered {
        HelperSpan::joined()
    } else {
        HelperSpan::start(
            || tracing::info_span!(target: "glasshouse::mcp", "mcp_client", otel.kind = "client"),
        )
    };
    McpCall::new(telemetry, McpSide::Client, span, is_covered, [server, method, tool])
}

/// Starts handling a client's request.
///
/// The parent is the span in `meta`, and the current span (of the HTTP request) becomes a link;
/// without a span in `meta`, the current span is the parent.
#[must_use = "an operation that is dropped without an end counts as cancelled"]
pub fn server_call(
    telemetry: &Telemetry,
    server: &str,
    method: &str,
    tool: &str,
    meta: Option<&Map<String, Json>>,
) -> McpCall {
    let fields = meta.map(fields).unwrap_or_default();
    let create =
        || tracing::info_span!(target: "glasshouse::mcp", "mcp_server", otel.kind = "server");
    let span = HelperSpan::start_within(propagation::extract_from(&fields), create);
    if fields.trace_parent.is_some() {
        span.link(Context::map_current(|context| context.span().span_context().clone()));
    }
    let method = if METHODS.contains(&method) { method } else { "_OTHER" };
    McpCall::new(telemetry, McpSide::Server, span, false, [server, method, tool])
}

const CALL_TOOL: &str = "tools/call";

/// The requests and notifications of the protocol. A peer may send any text as a method; other
/// values must not become labels.
const METHODS: [&str; 37] = [
    "completion/complete",
    "elicitation/create",
    "initialize",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/elicitation/complete",
    "notifications/initialized",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
    "notifications/tools/list_changed",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/directory/read",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "roots/list",
    "sampling/createMessage",
    "server/discover",
    "skills/get",
    "skills/list",
    "subscriptions/listen",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/update",
    CALL_TOOL,
    "tools/list",
];

/// A running operation. If dropped without being ended, it counts as cancelled.
#[derive(Debug)]
pub struct McpCall {
    telemetry: Telemetry,
    side: McpSide,
    span: HelperSpan,
    /// The span belongs to a tool execution, which ends it.
    is_covered: bool,
    server: String,
    method: String,
    tool: String,
    ended: bool,
}

impl McpCall {
    fn new(
        telemetry: &Telemetry,
        side: McpSide,
        span: HelperSpan,
        is_covered: bool,
        names: [&str; 3],
    ) -> Self {
        let [server, method, tool] = names.map(|name| bounded(name, NAME_BYTES_MAX).to_owned());
        let attributes = || {
            let mut list = Vec::with_capacity(8);
            list.push(KeyValue::new("mcp.method.name", method.clone()));
            list.push(KeyValue::new("glasshouse.mcp.server", server.clone()));
            if is_covered {
                return list;
            }
            if method == CALL_TOOL {
                list.push(KeyValue::new("gen_ai.operation.name", "execute_tool"));
            }
            if !tool.is_empty() {
                let key = if method.starts_with("prompts/") {
                    "gen_ai.prompt.name"
                } else {
                    "gen_ai.tool.name"
                };
                list.push(KeyValue::new(key, tool.clone()));
            }
            list
        };
        if is_covered {
            span.set(attributes);
        } else {
            span.describe(|| named(&method, &tool), attributes);
        }
        let telemetry = telemetry.clone();
        Self { telemetry, side, span, is_covered, server, method, tool, ended: false }
    }

    /// Adds an attribute, such as `mcp.session.id`, `mcp.protocol.version`, `jsonrpc.request.id` or
    /// `network.transport`.
    #[must_use]
    pub fn attribute(self, key: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            let value = bounded(value, NAME_BYTES_MAX).to_owned();
            self.span.set(|| vec![KeyValue::new(key, value)]);
        }
        self
    }

    /// Runs the future inside the operation.
    #[must_use = "a future does nothing until it is awaited"]
    pub fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.span.instrument(future)
    }

    /// Runs the code inside the operation, where [`inject_meta`] injects its span.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }

    /// Runs the future inside the operation; `judge` determines the result from its output.
    pub async fn run<T>(
        self,
        work: impl Future<Output = T>,
        judge: impl FnOnce(&T) -> Result<(), McpFailure>,
    ) -> T {
        let output = self.instrument(work).await;
        match judge(&output) {
            Ok(()) => self.finish(),
            Err(failure) => self.error(failure),
        }
        output
    }

    /// Ends the operation successfully.
    pub fn finish(mut self) {
        self.end(None);
    }

    /// Ends the operation with an error.
    pub fn error(mut self, failure: McpFailure) {
        self.end(Some(failure));
    }

    fn end(&mut self, failure: Option<McpFailure>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let duration = self.span.elapsed();
        let error = failure.map(McpFailure::error_type);
        // Clients may request tools that do not exist; such names are not recorded.
        let is_unknown_tool = self.side == McpSide::Server
            && matches!(failure, Some(McpFailure::Rpc(-32_601 | -32_602)));
        if is_unknown_tool && self.span.is_recording() {
            self.span.context().span().update_name(self.method.clone());
        }
        // For other methods the subject is a prompt.
        let is_tool = self.method == CALL_TOOL && !is_unknown_tool;
        let tool = if is_tool { self.tool.as_str() } else { "" };
        let status = error.clone().filter(|_| !self.is_covered);
        self.span.finish(
            status.map(|error| (error.clone(), error.into_owned())),
            |list| {
                if let Some(McpFailure::Rpc(code)) = failure {
                    list.push(KeyValue::new("rpc.response.status_code", code.to_string()));
                }
            },
            || {
                let (side, server, method) = (self.side, &self.server, &self.method);
                self.telemetry.mcp().operation(
                    side,
                    server,
                    method,
                    tool,
                    error.as_deref(),
                    duration,
                );
            },
        );
    }
}

impl Drop for McpCall {
    fn drop(&mut self) {
        self.end(Some(McpFailure::Class(ErrorClass::of_dropped(ErrorClass::Unknown))));
    }
}

#[cfg(test)]
mod tests;
