//! Hook for the crate `rmcp` (feature `rmcp`): Model Context Protocol requests become spans and
//! metrics of client and server, with trace context propagated in `_meta`.
//!
//! ```no_run
//! use glasshouse_sdk::Telemetry;
//! use glasshouse_sdk::rmcp::{ObservedPeer, ObservedServer};
//! use rmcp::model::CallToolRequestParams;
//! use rmcp::service::{Peer, RoleClient, ServiceError};
//! use rmcp::{ServerHandler, ServiceExt};
//!
//! async fn serve(tools: impl ServerHandler, telemetry: &Telemetry) {
//!     let server = ObservedServer::new(telemetry, "tools", tools);
//!     let (input, output) = tokio::io::duplex(4096);
//!     let _running = server.serve(tokio::io::join(input, output)).await;
//! }
//!
//! async fn call(peer: Peer<RoleClient>, telemetry: &Telemetry) -> Result<(), ServiceError> {
//!     let peer = ObservedPeer::new(telemetry, "tools", peer);
//!     peer.call_tool(CallToolRequestParams::new("web_search")).await?;
//!     Ok(())
//! }
//! ```

use std::borrow::Cow;
use std::future::Future;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams,
    CancelledNotificationParam, CompleteRequestParams, CompleteResult, CustomNotification,
    CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListSkillsResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProtocolVersion, ReadResourceDirectoryRequestParams,
    ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, RequestMetaObject, ServerConfig, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{
    NotificationContext, Peer, RequestContext, RoleClient, RoleServer, ServiceError,
    SubscriptionContext,
};
use rmcp::{ErrorData, ServerHandler};

use crate::Telemetry;
use crate::llm::ErrorClass;
use crate::mcp::{self, McpCall, McpFailure};

/// A server with instrumented requests. It replaces the handler that it wraps, including in
/// `StreamableHttpService`.
///
/// The span's parent is the client's span from `_meta`; the span that was current before, such as
/// that of the HTTP request, becomes a link.
#[derive(Clone, Debug)]
pub struct ObservedServer<S> {
    telemetry: Telemetry,
    name: Cow<'static, str>,
    inner: S,
}

impl<S> ObservedServer<S> {
    /// Wraps a handler; `name` is the server's name in metrics and spans.
    pub fn new(telemetry: &Telemetry, name: impl Into<Cow<'static, str>>, inner: S) -> Self {
        Self { telemetry: telemetry.clone(), name: name.into(), inner }
    }
}

impl<S> ObservedServer<S> {
    /// Starts a request with the client's span as its parent.
    fn request(
        &self,
        method: &str,
        subject: &str,
        context: &RequestContext<RoleServer>,
    ) -> McpCall {
        mcp::server_call(&self.telemetry, &self.name, method, subject, Some(&**context.meta))
            .attribute("jsonrpc.request.id", &context.id.to_string())
    }

    fn notification(&self, method: &str, context: &NotificationContext<RoleServer>) -> McpCall {
        mcp::server_call(&self.telemetry, &self.name, method, "", Some(&**context.meta))
    }
}

/// The result of a request.
fn judged<T>(result: &Result<T, ErrorData>) -> Result<(), McpFailure> {
    match result {
        Ok(_) => Ok(()),
        Err(error) => Err(McpFailure::Rpc(error.code.0.into())),
    }
}

/// Requests identified by their method alone.
macro_rules! watched_requests {
    ($($handler:ident($($request:ident: $type:ty)?) -> $answer:ty = $method:literal;)*) => {$(
        async fn $handler(
            &self,
            $($request: $type,)?
            context: RequestContext<RoleServer>,
        ) -> Result<$answer, ErrorData> {
            let call = self.request($method, "", &context);
            let work = Box::pin(call.in_scope(|| self.inner.$handler($($request,)? context)));
            call.run(work, judged).await
        }
    )*};
}

/// Notifications of the protocol.
macro_rules! watched_notifications {
    ($($handler:ident($($params:ident: $type:ty)?) = $method:literal;)*) => {$(
        async fn $handler(&self, $($params: $type,)? context: NotificationContext<RoleServer>) {
            let call = self.notification($method, &context);
            let work = Box::pin(call.in_scope(|| self.inner.$handler($($params,)? context)));
            call.run(work, |()| Ok(())).await;
        }
    )*};
}

#[expect(deprecated, reason = "handlers that still have what the protocol gave up work on")]
impl<S: ServerHandler> ServerHandler for ObservedServer<S> {
    watched_requests! {
        ping() -> () = "ping";
        initialize(request: InitializeRequestParams) -> InitializeResult = "initialize";
        discover() -> DiscoverResult = "server/discover";
        complete(request: CompleteRequestParams) -> CompleteResult = "completion/complete";
        set_level(request: rmcp::model::SetLevelRequestParams) -> () = "logging/setLevel";
        list_prompts(request: Option<PaginatedRequestParams>) -> ListPromptsResult = "prompts/list";
        list_resources(request: Option<PaginatedRequestParams>) -> ListResourcesResult
            = "resources/list";
        list_resource_templates(request: Option<PaginatedRequestParams>)
            -> ListResourceTemplatesResult = "resources/templates/list";
        read_resource(request: ReadResourceRequestParams) -> ReadResourceResponse
            = "resources/read";
        subscribe(request: SubscribeRequestParams) -> () = "resources/subscribe";
        unsubscribe(request: UnsubscribeRequestParams) -> () = "resources/unsubscribe";
        list_tools(request: Option<PaginatedRequestParams>) -> ListToolsResult = "tools/list";
        on_custom_request(request: CustomRequest) -> CustomResult = "_OTHER";
        get_task(request: GetTaskParams) -> GetTaskResult = "tasks/get";
        update_task(request: UpdateTaskParams) -> () = "tasks/update";
        cancel_task(request: CancelTaskParams) -> () = "tasks/cancel";
        list_skills(request: Option<PaginatedRequestParams>) -> ListSkillsResult = "skills/list";
        get_skill(request: GetSkillRequestParams) -> GetSkillResult = "skills/get";
        read_resource_directory(request: ReadResourceDirectoryRequestParams)
            -> ReadResourceDirectoryResult = "resources/directory/read";
    }

    watched_notifications! {
        on_cancelled(params: CancelledNotificationParam) = "notifications/cancelled";
        on_progress(params: ProgressNotificationParam) = "notifications/progress";
        on_initialized() = "notifications/initialized";
        on_roots_list_changed() = "notifications/roots/list_changed";
        on_custom_notification(params: CustomNotification) = "_OTHER";
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let call = self.request("tools/call", &request.name, &context);
        let work = Box::pin(call.in_scope(|| self.inner.call_tool(request, context)));
        call.run(work, |result| match result {
            Ok(CallToolResponse::Complete(result)) if result.is_error == Some(true) => {
                Err(McpFailure::Tool)
            }
            other => judged(other),
        })
        .await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let call = self.request("prompts/get", &request.name, &context);
        let work = Box::pin(call.in_scope(|| self.inner.get_prompt(request, context)));
        call.run(work, judged).await
    }

    // A subscription lasts as long as the client wants, so it has no meaningful duration.
    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.inner.listen(context).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.inner.accepted_subscription_filter(requested)
    }

    fn negotiate_initialize(
        &self,
        request: &InitializeRequestParams,
    ) -> Result<InitializeResult, ErrorData> {
        self.inner.negotiate_initialize(request)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.inner.get_tool(name)
    }

    fn get_info(&self) -> ServerConfig {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }
}

/// A connection to a server with instrumented requests. Cheap to clone.
///
/// Within an execution of the same tool ([`crate::tool::execute`]) a call creates no second span.
#[derive(Clone, Debug)]
pub struct ObservedPeer {
    telemetry: Telemetry,
    server: Cow<'static, str>,
    peer: Peer<RoleClient>,
    shares_baggage: bool,
}

impl ObservedPeer {
    /// Wraps a peer; `server` is the server's name in metrics and spans.
    pub fn new(
        telemetry: &Telemetry,
        server: impl Into<Cow<'static, str>>,
        peer: Peer<RoleClient>,
    ) -> Self {
        let (telemetry, server) = (telemetry.clone(), server.into());
        Self { telemetry, server, peer, shares_baggage: false }
    }

    /// Sends baggage, including the session id, to the server: for your own servers.
    #[must_use]
    pub fn sharing_baggage(mut self) -> Self {
        self.shares_baggage = true;
        self
    }

    /// The wrapped peer, for requests without a method here; they are not instrumented.
    pub fn peer(&self) -> &Peer<RoleClient> {
        &self.peer
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// Errors of [`Peer::call_tool`]. A result with `isError` is not an error here, but counts as
    /// one in span and metrics.
    pub async fn call_tool(
        &self,
        mut params: CallToolRequestParams,
    ) -> Result<CallToolResult, ServiceError> {
        let name = params.name.clone();
        let request = |carried| {
            self.carry(&mut params.meta, carried);
            self.peer.call_tool(params)
        };
        self.watch("tools/call", &name, request, |result: &CallToolResult| {
            result.is_error == Some(true)
        })
        .await
    }

    /// Gets a prompt.
    ///
    /// # Errors
    /// Errors of [`Peer::get_prompt`].
    pub async fn get_prompt(
        &self,
        mut params: GetPromptRequestParams,
    ) -> Result<GetPromptResult, ServiceError> {
        let name = params.name.clone();
        let request = |carried| {
            self.carry(&mut params.meta, carried);
            self.peer.get_prompt(params)
        };
        self.watch("prompts/get", &name, request, |_: &GetPromptResult| false).await
    }

    /// Reads a resource. Its URI does not become a label.
    ///
    /// # Errors
    /// Errors of [`Peer::read_resource`].
    pub async fn read_resource(
        &self,
        mut params: ReadResourceRequestParams,
    ) -> Result<ReadResourceResult, ServiceError> {
        let request = |carried| {
            self.carry(&mut params.meta, carried);
            self.peer.read_resource(params)
        };
        self.watch("resources/read", "", request, |_: &ReadResourceResult| false).await
    }

    /// Lists one page of tools.
    ///
    /// # Errors
    /// Errors of [`Peer::list_tools`].
    pub async fn list_tools(
        &self,
        params: Option<PaginatedRequestParams>,
    ) -> Result<ListToolsResult, ServiceError> {
        let mut params = params.unwrap_or_default();
        let request = |carried| {
            self.carry(&mut params.meta, carried);
            self.peer.list_tools(Some(params))
        };
        self.watch("tools/list", "", request, |_: &ListToolsResult| false).await
    }

    /// Lists the tools of all pages in one operation.
    ///
    /// # Errors
    /// Errors of [`Peer::list_all_tools`].
    pub async fn list_all_tools(&self) -> Result<Vec<Tool>, ServiceError> {
        let pages = |_| async {
            let mut tools = Vec::new();
            let mut cursor = None;
            loop {
                let mut params = PaginatedRequestParams::default().with_cursor(cursor);
                // The future runs inside the operation's span.
                self.carry(&mut params.meta, InSpan);
                let page = self.peer.list_tools(Some(params)).await?;
                tools.extend(page.tools);
                cursor = page.next_cursor;
                if cursor.is_none() {
                    return Ok(tools);
                }
            }
        };
        self.watch("tools/list", "", pages, |_: &Vec<Tool>| false).await
    }

    /// Injects the current span into `_meta`.
    fn carry(&self, meta: &mut Option<RequestMetaObject>, _: InSpan) {
        let meta = meta.get_or_insert_default();
        if self.shares_baggage {
            mcp::inject_meta(meta);
        } else {
            mcp::inject_meta_without_baggage(meta);
        }
    }

    async fn watch<T, F: Future<Output = Result<T, ServiceError>>>(
        &self,
        method: &str,
        subject: &str,
        request: impl FnOnce(InSpan) -> F,
        is_tool_error: impl FnOnce(&T) -> bool,
    ) -> Result<T, ServiceError> {
        let call = mcp::client_call(&self.telemetry, &self.server, method, subject);
        // Boxed: rmcp's futures are large, and each wrapper would copy them.
        let work = Box::pin(call.in_scope(|| request(InSpan)));
        call.run(work, |result| match result {
            Ok(answer) if is_tool_error(answer) => Err(McpFailure::Tool),
            Ok(_) => Ok(()),
            Err(error) => Err(failure(error)),
        })
        .await
    }
}

/// Proof that the operation's span is current, as required for injecting the trace context.
struct InSpan;

fn failure(error: &ServiceError) -> McpFailure {
    match error {
        ServiceError::McpError(error) => McpFailure::Rpc(error.code.0.into()),
        ServiceError::TransportSend(_) | ServiceError::TransportClosed => {
            McpFailure::Class(ErrorClass::Network)
        }
        ServiceError::UnexpectedResponse => McpFailure::Class(ErrorClass::Parse),
        ServiceError::Cancelled { .. } => McpFailure::Class(ErrorClass::Cancelled),
        ServiceError::Timeout { .. } => McpFailure::Class(ErrorClass::Timeout),
        _ => McpFailure::Class(ErrorClass::Unknown),
    }
}

#[cfg(test)]
mod tests;
