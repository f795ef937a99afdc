//! The agent's tools: built-in ones (calculator, clock, memory) and those of `tool-runner`.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use glasshouse_sdk::llm::ErrorClass;
use glasshouse_sdk::{Telemetry, tool};
use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::memory::Memory;
use super::remote::RemoteTools;
use crate::settings::Pace;
use crate::{arithmetic, clock};

/// Maximum length of a result in characters; longer ones are truncated.
const RESULT_CHARS_MAX: usize = 4000;

/// A failed tool call.
#[derive(Debug)]
pub(super) struct ToolFailure {
    pub(super) class: ErrorClass,
    pub(super) message: String,
}

impl ToolFailure {
    pub(super) fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }
}

impl fmt::Display for ToolFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// A tool call requested by a model.
#[derive(Debug, Clone, Default)]
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) name: String,
    /// JSON as written by the model.
    pub(super) arguments: String,
}

pub(super) struct Toolbox {
    telemetry: Telemetry,
    pace: Pace,
    memory: Memory,
    remote: RemoteTools,
}

const OWN: [&str; 4] = ["calculator", "clock", "remember", "recall"];

impl Toolbox {
    pub(super) fn new(telemetry: &Telemetry, pace: Pace, tools: SocketAddr) -> Self {
        Self {
            telemetry: telemetry.clone(),
            pace,
            memory: Memory::new(telemetry),
            remote: RemoteTools::new(telemetry, tools),
        }
    }

    /// The tool definitions for the model.
    pub(super) async fn definitions(&self) -> Vec<Value> {
        let text = |what: &str| json!({ "type": "string", "description": what });
        let own = |name: &str, what: &str, properties: Value| {
            let parameters = json!({ "type": "object", "properties": properties });
            let function = json!({ "name": name, "description": what, "parameters": parameters });
            json!({ "type": "function", "function": function })
        };
        let mut all = vec![
            own(
                "calculator",
                "Computes an expression.",
                json!({ "expression": text("such as 17 % of 2340") }),
            ),
            own("clock", "The time in UTC.", json!({})),
            own("remember", "Keeps a note for this session.", json!({ "text": text("the note") })),
            own(
                "recall",
                "Finds notes of this session.",
                json!({ "query": text("words of the note") }),
            ),
        ];
        all.extend(self.remote.definitions().await.iter().cloned());
        all
    }

    /// Runs a tool for a session.
    pub(super) async fn execute(
        &self,
        session: &str,
        call: &ToolCall,
    ) -> Result<String, ToolFailure> {
        let is_own = OWN.contains(&call.name.as_str());
        let is_known = is_own || self.is_remote(&call.name).await;
        // A name invented by a model must not become a label.
        let name = if is_known { call.name.as_str() } else { "_unknown" };
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let request = tool::execute(&self.telemetry, name)
            .call_id(&call.id)
            .kind("function")
            .toolset(if is_own { "builtin" } else { "tool-runner" })
            .arguments(|| arguments.clone());
        let span = request.start();
        let work = async {
            match arguments.as_object() {
                _ if !is_known => {
                    Err(ToolFailure::new(ErrorClass::NotFound, "there is no such tool"))
                }
                None => {
                    Err(ToolFailure::new(ErrorClass::Parse, "the arguments are no JSON object"))
                }
                Some(arguments) if is_own => self.own(session, &call.name, arguments).await,
                Some(arguments) => self.remote.call(&call.name, arguments.clone()).await,
            }
        };
        let result = span.instrument(work).await;
        match &result {
            Ok(text) => {
                span.in_scope(|| tracing::info!(tool = name, "tool finished"));
                span.result(|| json!(text));
                span.finish();
            }
            Err(failure) => {
                let error_type = failure.class.as_str();
                span.in_scope(|| {
                    // Not the message, which may quote the user's text.
                    tracing::warn!(tool = name, error_type, "tool failed");
                });
                span.error(failure.class, &failure.message);
            }
        }
        result.map(|text| text.chars().take(RESULT_CHARS_MAX).collect())
    }

    async fn is_remote(&self, name: &str) -> bool {
        let named =
            |tool: &Value| tool.pointer("/function/name").and_then(Value::as_str) == Some(name);
        self.remote.definitions().await.iter().any(named)
    }

    async fn own(
        &self,
        session: &str,
        name: &str,
        arguments: &JsonObject,
    ) -> Result<String, ToolFailure> {
        let argument = |key: &str| {
            let text = arguments.get(key).and_then(Value::as_str);
            text.ok_or_else(|| {
                ToolFailure::new(ErrorClass::InvalidRequest, format!("`{key}` is missing"))
            })
        };
        let refused = |reason| ToolFailure::new(ErrorClass::ToolError, reason);
        self.pace.wait(Duration::from_millis(4)).await;
        match name {
            "calculator" => {
                let value = arithmetic::evaluate(argument("expression")?).map_err(refused)?;
                Ok(arithmetic::shown(value))
            }
            "clock" => Ok(utc_now()),
            "remember" => self.memory.store(session, argument("text")?).map_err(refused),
            _ => Ok(self.memory.search(session, argument("query")?)),
        }
    }
}

/// The current time of day in UTC.
fn utc_now() -> String {
    let second = clock::since_1970().as_secs() % 86_400;
    format!("{:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}
