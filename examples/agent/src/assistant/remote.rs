//! Calls the tools of `tool-runner` over MCP.
//!
//! Connects on the first call and after a disconnect. Trace and session context is sent in `_meta`
//! (by the SDK's hook) and, copied from there, in the headers of the HTTP request, so that the
//! server's HTTP span joins the trace.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use futures::stream::BoxStream;
use glasshouse_sdk::llm::ErrorClass;
use glasshouse_sdk::rmcp::ObservedPeer;
use glasshouse_sdk::{Telemetry, mcp, propagation};
use rmcp::model::{CallToolRequestParams, ClientJsonRpcMessage, JsonObject};
use rmcp::service::{RoleClient, RunningService, ServiceError, ServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse,
};
use serde_json::{Value, json};
use sse_stream::Sse;
use tokio::sync::Mutex;

use super::toolbox::ToolFailure;

/// Timeout of a call.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Timeout of connecting.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// The server's tools.
pub(super) struct RemoteTools {
    telemetry: Telemetry,
    url: String,
    connection: Mutex<Option<Connection>>,
}

#[derive(Clone)]
struct Connection {
    peer: ObservedPeer,
    /// In OpenAI's format.
    definitions: Arc<Vec<Value>>,
    _running: Arc<RunningService<RoleClient, ()>>,
}

impl RemoteTools {
    pub(super) fn new(telemetry: &Telemetry, address: SocketAddr) -> Self {
        let url = format!("http://{address}/mcp");
        Self { telemetry: telemetry.clone(), url, connection: Mutex::new(None) }
    }

    /// The server's tools; empty while it is unreachable.
    pub(super) async fn definitions(&self) -> Arc<Vec<Value>> {
        match self.connection().await {
            Ok(connection) => connection.definitions,
            Err(failure) => {
                tracing::warn!(error = %failure, "the tool server cannot be reached");
                Arc::default()
            }
        }
    }

    /// Calls a tool.
    pub(super) async fn call(
        &self,
        name: &str,
        arguments: JsonObject,
    ) -> Result<String, ToolFailure> {
        let connection = self.connection().await?;
        let params = CallToolRequestParams::new(name.to_owned()).with_arguments(arguments);
        let called = tokio::time::timeout(CALL_MAX, connection.peer.call_tool(params)).await;
        let result = match called {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => {
                if matches!(error, ServiceError::TransportClosed | ServiceError::TransportSend(_)) {
                    *self.connection.lock().await = None;
                }
                return Err(ToolFailure::new(ErrorClass::Network, error.to_string()));
            }
            Err(_) => {
                return Err(ToolFailure::new(
                    ErrorClass::Timeout,
                    "the tool gave no answer in 10 s",
                ));
            }
        };
        let texts = result
            .content
            .iter()
            .filter_map(|block| block.as_text().map(|text| text.text.as_str()));
        let text = texts.collect::<Vec<_>>().join("\n");
        if result.is_error == Some(true) {
            return Err(ToolFailure::new(ErrorClass::ToolError, text));
        }
        Ok(text)
    }

    async fn connection(&self) -> Result<Connection, ToolFailure> {
        let mut kept = self.connection.lock().await;
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        // In a task of its own: the connection outlives the request that triggers it, and is not
        // part of that request's trace.
        let connecting = connect(self.telemetry.clone(), self.url.clone());
        let connecting = tokio::spawn(tokio::time::timeout(CONNECT_MAX, connecting));
        let failed = |reason: String| ToolFailure::new(ErrorClass::Network, reason);
        let connection = connecting
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|_| failed("no connection in 3 s".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        *kept = Some(connection.clone());
        Ok(connection)
    }
}

async fn connect(telemetry: Telemetry, url: String) -> anyhow::Result<Connection> {
    let config = StreamableHttpClientTransportConfig::with_uri(url);
    let client = TracedClient(reqwest::Client::builder().no_proxy().build()?);
    let running = ().serve(StreamableHttpClientTransport::with_client(client, config)).await?;
    let peer =
        ObservedPeer::new(&telemetry, "tool-runner", running.peer().clone()).sharing_baggage();
    let tools = peer.list_all_tools().await?;
    let definitions = tools.iter().map(|tool| {
        let parameters = Value::Object((*tool.input_schema).clone());
        let description = tool.description.clone().unwrap_or_default();
        let function =
            json!({ "name": tool.name, "description": description, "parameters": parameters });
        json!({ "type": "function", "function": function })
    });
    let definitions = Arc::new(definitions.collect());
    Ok(Connection { peer, definitions, _running: Arc::new(running) })
}

/// An HTTP client for rmcp that copies the trace context of a message into the request headers.
#[derive(Clone)]
struct TracedClient(reqwest::Client);

impl TracedClient {
    /// The headers with the trace context of the message.
    fn carrying(
        message: &ClientJsonRpcMessage,
        mut headers: HashMap<HeaderName, HeaderValue>,
    ) -> HashMap<HeaderName, HeaderValue> {
        // All request types have `_meta` in their parameters; JSON handles them uniformly.
        let json = serde_json::to_value(message).unwrap_or_default();
        if let Some(Value::Object(meta)) = json.pointer("/params/_meta") {
            let _attached = mcp::extract_meta(meta).attach();
            let mut carried = HeaderMap::new();
            propagation::inject(&mut carried);
            let named = carried.into_iter().filter_map(|(name, value)| Some((name?, value)));
            headers.extend(named);
        }
        headers
    }
}

impl StreamableHttpClient for TracedClient {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, StreamableHttpError<Self::Error>> {
        let headers = Self::carrying(&message, custom_headers);
        self.0.post_message(uri, message, session_id, auth_header, headers).await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), StreamableHttpError<Self::Error>> {
        self.0.delete_session(uri, session_id, auth_header, custom_headers).await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, StreamableHttpError<Self::Error>> {
        self.0.get_stream(uri, session_id, last_event_id, auth_header, custom_headers).await
    }
}
