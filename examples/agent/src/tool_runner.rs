//! `tool-runner`: tools behind the Model Context Protocol over streamable HTTP (`/mcp`).
//!
//! All tools work, on a small built-in corpus and database; with failures enabled, calls fail or
//! are slow occasionally.

mod corpus;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use glasshouse_sdk::Telemetry;
use glasshouse_sdk::http::ObservabilityLayer;
use glasshouse_sdk::rmcp::ObservedServer;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, ServerHandler};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::arithmetic;
use crate::database::{Database, Row};
use crate::service::{Service, Surroundings};
use crate::settings::{Pace, Settings};
use crate::{clock, lock};

/// The service's name, also as an MCP server.
const NAME: &str = "tool-runner";
/// Maximum number of cached search results.
const CACHE_MAX: usize = 64;
/// Lifetime of a cached search result.
const CACHE_TIME: Duration = Duration::from_secs(30);
/// Share of failing calls.
const FAILED_SHARE: f64 = 0.05;
/// Share of slow calls.
const SLOW_SHARE: f64 = 0.06;
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Starts the service.
pub(crate) fn start(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<Service> {
    let (pace, fails) = (Pace(settings.pace), settings.failures);
    let configuration = settings.configuration(NAME, 2);
    let build = move |surroundings: Surroundings| async move { router(&surroundings, pace, fails) };
    Service::start(NAME, configuration, settings.tools_address, stop, build)
}

fn router(surroundings: &Surroundings, pace: Pace, fails: bool) -> Router {
    let Surroundings { telemetry, stop, .. } = surroundings;
    let tools = Tools { inner: Arc::new(Inner::new(telemetry, pace, fails)) };
    let config = StreamableHttpServerConfig::default()
        // Requests are stateless, so that clients survive a restart of the server.
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(BODY_BYTES_MAX)
        .with_cancellation_token(stop.child_token());
    let server = ObservedServer::new(telemetry, NAME, tools);
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        config,
    );
    Router::new()
        .route_service("/mcp", service)
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(ObservabilityLayer::new(telemetry))
}

/// The tools as an rmcp handler. Clones share state.
#[derive(Clone)]
struct Tools {
    inner: Arc<Inner>,
}

struct Inner {
    telemetry: Telemetry,
    pace: Pace,
    database: Database,
    found: Mutex<Cache>,
    /// Source of randomness for simulated failures; `None` disables them.
    failures: Option<Mutex<StdRng>>,
}

/// Cached search results with their time of creation.
#[derive(Default)]
struct Cache {
    answers: HashMap<String, (Instant, String)>,
    order: VecDeque<String>,
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::default();
        info.capabilities = ServerCapabilities::builder().enable_tools().build();
        info.server_info = Implementation::new(NAME, env!("CARGO_PKG_VERSION"));
        info
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult { tools: definitions(), ..ListToolsResult::default() })
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let begin = clock::now();
        let arguments = request.arguments.unwrap_or_default();
        let Some(name) = NAMES.iter().copied().find(|name| *name == request.name) else {
            return Err(ErrorData::invalid_params("there is no such tool", None));
        };
        let result = self.inner.call(name, &arguments).await;
        let status = if result.is_ok() { "success" } else { "error" };
        glasshouse_sdk::log::mcp(NAME, name, begin.elapsed(), status);
        let result = match result {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(reason) => CallToolResult::error(vec![ContentBlock::text(reason)]),
        };
        Ok(result.into())
    }
}

const NAMES: [&str; 4] = ["web_search", "fetch_page", "run_python", "query_database"];

/// The tool definitions for clients.
fn definitions() -> Vec<Tool> {
    let text = |what: &str| json!({ "type": "string", "description": what });
    let tool = |name: &'static str, what: &'static str, properties: Value| {
        let required: Vec<&String> =
            properties.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
        Tool::new(name, what, Arc::new(schema))
    };
    vec![
        tool(
            "web_search",
            "Searches the documentation and names the best pages.",
            json!({ "query": text("words to look for") }),
        ),
        tool(
            "fetch_page",
            "Reads one page by its path.",
            json!({ "path": text("path of the page") }),
        ),
        tool(
            "run_python",
            "Computes one arithmetic expression in a sandbox.",
            json!({ "code": text("the expression") }),
        ),
        tool(
            "query_database",
            "Rows of the tables incidents, orders and releases that hold a word.",
            json!({ "table": text("name of the table"), "contains": text("the word, or nothing for all") }),
        ),
    ]
}

impl Inner {
    fn new(telemetry: &Telemetry, pace: Pace, fails: bool) -> Self {
        Self {
            telemetry: telemetry.clone(),
            pace,
            database: Database::new(telemetry, pace, corpus::tables()),
            found: Mutex::default(),
            failures: fails.then(|| Mutex::new(StdRng::seed_from_u64(5))),
        }
    }

    async fn call(&self, name: &str, arguments: &JsonObject) -> Result<String, String> {
        self.trouble().await?;
        let argument = |key: &str| {
            let text = arguments.get(key).and_then(Value::as_str);
            text.ok_or_else(|| format!("the argument `{key}` is missing or no text"))
        };
        match name {
            "web_search" => self.search(argument("query")?).await,
            "fetch_page" => {
                self.pace.wait(Duration::from_millis(90)).await;
                let path = argument("path")?;
                corpus::page(path)
                    .map(str::to_owned)
                    .ok_or_else(|| format!("no page at {path:.80}"))
            }
            "run_python" => {
                self.pace.wait(Duration::from_millis(250)).await;
                let code = argument("code")?.trim();
                let printed = code.strip_prefix("print(").and_then(|code| code.strip_suffix(')'));
                arithmetic::evaluate(printed.unwrap_or(code)).map(arithmetic::shown)
            }
            _ => {
                let words: Vec<&str> = argument("contains")?.split_whitespace().take(8).collect();
                let rows = self.database.find_many(argument("table")?, &words).await?;
                Ok(written(&rows))
            }
        }
    }

    /// Occasionally fails or waits.
    async fn trouble(&self) -> Result<(), String> {
        let Some(failures) = &self.failures else { return Ok(()) };
        let (fails, slow_ms) = {
            let mut random = lock(failures);
            let slow = random.random_bool(SLOW_SHARE).then(|| random.random_range(900..2600));
            (random.random_bool(FAILED_SHARE), slow)
        };
        if let Some(slow_ms) = slow_ms {
            self.pace.wait(Duration::from_millis(slow_ms)).await;
        }
        if fails {
            tracing::error!(error_type = "tool_error", "upstream answered 503");
            return Err("upstream answered 503".to_owned());
        }
        Ok(())
    }

    async fn search(&self, query: &str) -> Result<String, String> {
        let key: String = query.to_lowercase().chars().take(200).collect();
        if let Some(known) = lock(&self.found).get(&key) {
            self.telemetry.cache().hit("search");
            return Ok(known);
        }
        self.telemetry.cache().miss("search");
        self.pace.wait(Duration::from_millis(220)).await;
        let found = corpus::search(&key);
        if found.is_empty() {
            return Ok("nothing was found".to_owned());
        }
        lock(&self.found).put(key, found.clone());
        Ok(found)
    }
}

impl Cache {
    fn get(&self, key: &str) -> Option<String> {
        let (made, answer) = self.answers.get(key)?;
        (made.elapsed() < CACHE_TIME).then(|| answer.clone())
    }

    fn put(&mut self, key: String, answer: String) {
        if self.answers.insert(key.clone(), (clock::now(), answer)).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > CACHE_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
    }
}

/// Rows as text, one per line.
fn written(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no rows".to_owned();
    }
    let line = |row: &Row| {
        let cells: Vec<String> =
            row.iter().map(|(column, text)| format!("{column}={text}")).collect();
        cells.join(", ")
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
