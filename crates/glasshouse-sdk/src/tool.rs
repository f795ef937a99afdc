//! Tool executions by this program.
//!
//! ```
//! use glasshouse_sdk::tool;
//! # async fn search() -> Result<String, std::io::Error> { Ok(String::new()) }
//!
//! async fn found(telemetry: &glasshouse_sdk::Telemetry) -> Result<String, std::io::Error> {
//!     tool::execute(telemetry, "web_search").call_id("call_1").run(search()).await
//! }
//! ```

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use opentelemetry::{Context, KeyValue, Value};
use serde_json::Value as Json;

use crate::Telemetry;
use crate::agent::{self, named};
use crate::llm::{Content, ErrorClass};
use crate::span::{HelperSpan, InSpan, NAME_BYTES_MAX, bounded, put};

/// The tool executed in a context: an MCP call to it belongs to the same execution.
#[derive(Clone, Debug)]
struct Running(Arc<str>);

/// Whether the current context is inside an execution of this tool.
pub(crate) fn is_running(tool: &str) -> bool {
    Context::map_current(|context| {
        context.get::<Running>().is_some_and(|Running(name)| **name == *tool)
    })
}

/// A tool execution: span `execute_tool {name}`.
pub fn execute(telemetry: &Telemetry, name: &str) -> ToolRequest {
    ToolRequest {
        telemetry: telemetry.clone(),
        name: bounded(name, NAME_BYTES_MAX).into(),
        toolset: String::new(),
        attributes: Vec::new(),
    }
}

/// An execution that has not started yet.
#[derive(Clone, Debug)]
#[must_use = "an execution does nothing until it is started"]
pub struct ToolRequest {
    telemetry: Telemetry,
    name: Arc<str>,
    toolset: String,
    attributes: Vec<KeyValue>,
}

impl ToolRequest {
    /// The id of the call, given by the model.
    pub fn call_id(self, id: &str) -> Self {
        self.text("gen_ai.tool.call.id", id)
    }

    /// The tool's group, a label of the metrics.
    pub fn toolset(mut self, toolset: &str) -> Self {
        bounded(toolset, NAME_BYTES_MAX).clone_into(&mut self.toolset);
        let toolset = self.toolset.clone();
        self.text("glasshouse.toolset.key", &toolset)
    }

    /// The tool's description.
    pub fn description(self, description: &str) -> Self {
        self.text("gen_ai.tool.description", description)
    }

    /// `function`, `extension` or `datastore`.
    pub fn kind(self, kind: &str) -> Self {
        self.text("gen_ai.tool.type", kind)
    }

    /// The arguments. Evaluated only with content capture enabled.
    pub fn arguments(mut self, arguments: impl FnOnce() -> Json) -> Self {
        if let Some(json) = self.telemetry.content().json(Content::ToolArguments, arguments) {
            put(&mut self.attributes, KeyValue::new("gen_ai.tool.call.arguments", json));
        }
        self
    }

    /// Adds an attribute to the execution. It must not hold content.
    pub fn attribute(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        put(&mut self.attributes, KeyValue::new(key, value));
        self
    }

    fn text(self, key: &'static str, text: &str) -> Self {
        if text.is_empty() {
            return self;
        }
        self.attribute(key, bounded(text, NAME_BYTES_MAX).to_owned())
    }

    /// Starts the execution and its span.
    #[must_use = "an execution that is dropped without an end counts as cancelled"]
    pub fn start(self) -> ToolSpan {
        let Self { telemetry, name, toolset, attributes } = self;
        if let Some(calls) = agent::current_calls() {
            calls.count_tool();
        }
        let context = Context::current_with_value(Running(Arc::clone(&name)));
        let span = HelperSpan::start_within(
            context,
            || tracing::info_span!(target: "glasshouse::tool", "execute_tool", otel.kind = "internal"),
        );
        span.describe(
            || named("execute_tool", &name),
            || {
                let mut list = attributes;
                list.push(KeyValue::new("gen_ai.operation.name", "execute_tool"));
                list.push(KeyValue::new("gen_ai.tool.name", Arc::clone(&name)));
                list
            },
        );
        ToolSpan { telemetry, span, name, toolset, ended: false }
    }

    /// Runs the future as the tool. Errors are classified as [`ErrorClass::ToolError`]; use
    /// [`ToolRequest::run_with`] to set another class. A dropped future counts as cancelled.
    ///
    /// # Errors
    /// Errors of the future.
    pub async fn run<T, E: fmt::Display>(
        self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.run_with(work, |_| ErrorClass::ToolError).await
    }

    /// Runs the future as the tool; `classify` determines the class of its error.
    ///
    /// # Errors
    /// Errors of the future.
    pub async fn run_with<T, E: fmt::Display>(
        self,
        work: impl Future<Output = Result<T, E>>,
        classify: impl FnOnce(&E) -> ErrorClass,
    ) -> Result<T, E> {
        let span = self.start();
        let result = span.instrument(work).await;
        match &result {
            Ok(_) => span.finish(),
            Err(error) => span.error(classify(error), &error.to_string()),
        }
        result
    }
}

/// A running execution. If dropped without being ended, it counts as cancelled.
#[derive(Debug)]
pub struct ToolSpan {
    telemetry: Telemetry,
    span: HelperSpan,
    name: Arc<str>,
    toolset: String,
    ended: bool,
}

impl ToolSpan {
    /// Runs the future inside the execution.
    #[must_use = "a future does nothing until it is awaited"]
    pub fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.span.instrument(future)
    }

    /// Runs the code inside the execution.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }

    /// The tool's result. Evaluated only with content capture enabled.
    pub fn result(&self, result: impl FnOnce() -> Json) {
        if self.span.is_recording()
            && let Some(json) = self.telemetry.content().json(Content::ToolResult, result)
        {
            self.span.set(|| vec![KeyValue::new("gen_ai.tool.call.result", json)]);
        }
    }

    /// Ends the execution successfully.
    pub fn finish(mut self) {
        self.end(None);
    }

    /// Ends the execution with an error. The message is recorded only with content capture enabled.
    pub fn error(mut self, class: ErrorClass, message: &str) {
        let description = self.telemetry.content().error_text(message);
        self.end(Some((class, description)));
    }

    fn end(&mut self, error: Option<(ErrorClass, Option<String>)>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let duration = self.span.elapsed();
        let class = error.as_ref().map(|(class, _)| class.as_str());
        self.span.finish(
            error.map(|(class, text)| {
                (class.as_str().into(), text.unwrap_or_else(|| class.to_string()))
            }),
            |_| {},
            || self.telemetry.tools().execution(&self.name, &self.toolset, class, duration),
        );
    }
}

impl Drop for ToolSpan {
    fn drop(&mut self) {
        self.end(Some((ErrorClass::of_dropped(ErrorClass::ToolError), None)));
    }
}
