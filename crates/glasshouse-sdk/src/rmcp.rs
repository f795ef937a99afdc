//! Hook for the crate `rmcp` (feature `rmcp`): requests of the Model Context Protocol become spans
//! and metrics on both ends, and the trace continues from one to the other in `_meta`.
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

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientNotification, ClientRequest,
    GetPromptRequestParams, GetPromptResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResult, RequestMetaObject,
    ServerResult, Tool,
};
use rmcp::service::{
    NotificationContext, Peer, RequestContext, RoleClient, RoleServer, Service, ServiceError,
    ServiceRole,
};

use crate::Telemetry;
use crate::llm::ErrorClass;
use crate::mcp::{self, McpFailure};

/// A server whose requests are watched. It takes the place of the handler it wraps.
///
/// The span's parent is the one that the client names in `_meta`; the span that was current before,
/// such as that of the HTTP request, becomes a link.
#[derive(Clone, Debug)]
pub struct ObservedServer<S> {
    telemetry: Telemetry,
    name: Cow<'static, str>,
    inner: S,
}

impl<S> ObservedServer<S> {
    /// Watches a handler; `name` is the server's name in metrics and spans.
    pub fn new(telemetry: &Telemetry, name: impl Into<Cow<'static, str>>, inner: S) -> Self {
        Self { telemetry: telemetry.clone(), name: name.into(), inner }
    }
}

impl<S: Service<RoleServer>> Service<RoleServer> for ObservedServer<S> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let subject = match &request {
            ClientRequest::CallToolRequest(call) => call.params.name.as_ref(),
            ClientRequest::GetPromptRequest(get) => get.params.name.as_str(),
            _ => "",
        };
        let method = request.method();
        let meta = Some(&**context.meta);
        let call = mcp::server_call(&self.telemetry, &self.name, method, subject, meta)
            .attribute("jsonrpc.request.id", &context.id.to_string());
        let work = Box::pin(call.in_scope(|| self.inner.handle_request(request, context)));
        call.run(work, |result| match result {
            Ok(ServerResult::CallToolResult(result)) if result.is_error == Some(true) => {
                Err(McpFailure::Tool)
            }
            Ok(_) => Ok(()),
            Err(error) => Err(McpFailure::Rpc(error.code.0.into())),
        })
        .await
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let method = match &notification {
            ClientNotification::CancelledNotification(_) => "notifications/cancelled",
            ClientNotification::ProgressNotification(_) => "notifications/progress",
            ClientNotification::InitializedNotification(_) => "notifications/initialized",
            ClientNotification::RootsListChangedNotification(_) => {
                "notifications/roots/list_changed"
            }
            _ => "",
        };
        let meta = Some(&**context.meta);
        let call = mcp::server_call(&self.telemetry, &self.name, method, "", meta);
        let work =
            Box::pin(call.in_scope(|| self.inner.handle_notification(notification, context)));
        call.run(work, |result| match result {
            Ok(()) => Ok(()),
            Err(error) => Err(McpFailure::Rpc(error.code.0.into())),
        })
        .await
    }

    fn get_info(&self) -> <RoleServer as ServiceRole>::Info {
        self.inner.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.inner.supported_protocol_versions()
    }
}

/// A connection to a server whose requests are watched. Cheap to clone.
///
/// Inside an execution of the same tool ([`crate::tool::execute`]) a call makes no second span.
#[derive(Clone, Debug)]
pub struct ObservedPeer {
    telemetry: Telemetry,
    server: Cow<'static, str>,
    peer: Peer<RoleClient>,
    shares_baggage: bool,
}

impl ObservedPeer {
    /// Watches a peer; `server` is the server's name in metrics and spans.
    pub fn new(
        telemetry: &Telemetry,
        server: impl Into<Cow<'static, str>>,
        peer: Peer<RoleClient>,
    ) -> Self {
        let (telemetry, server) = (telemetry.clone(), server.into());
        Self { telemetry, server, peer, shares_baggage: false }
    }

    /// Sends baggage, and with it the session's id, to the server: for servers of your own.
    #[must_use]
    pub fn sharing_baggage(mut self) -> Self {
        self.shares_baggage = true;
        self
    }

    /// The peer itself, for requests that have no method here; they are not watched.
    pub fn peer(&self) -> &Peer<RoleClient> {
        &self.peer
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// Those of [`Peer::call_tool`]. A result that says `isError` is no error here, but counts as
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
    /// Those of [`Peer::get_prompt`].
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

    /// Reads a resource. Its address does not become a label.
    ///
    /// # Errors
    /// Those of [`Peer::read_resource`].
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

    /// Lists tools, one page.
    ///
    /// # Errors
    /// Those of [`Peer::list_tools`].
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

    /// Lists the tools of all pages, as one operation.
    ///
    /// # Errors
    /// Those of [`Peer::list_all_tools`].
    pub async fn list_all_tools(&self) -> Result<Vec<Tool>, ServiceError> {
        self.watch("tools/list", "", |_| self.peer.list_all_tools(), |_: &Vec<Tool>| false).await
    }

    /// Writes the current span into `_meta`.
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
        // Boxed: rmcp's futures are large, and each layer around them would copy theirs.
        let work = Box::pin(call.in_scope(|| request(InSpan)));
        call.run(work, |result| match result {
            Ok(answer) if is_tool_error(answer) => Err(McpFailure::Tool),
            Ok(_) => Ok(()),
            Err(error) => Err(failure(error)),
        })
        .await
    }
}

/// Says that the operation's span is current: the trace must be written inside it.
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
