//! Agent runs, and the iterations of their loop.
//!
//! ```
//! use glasshouse_sdk::agent;
//! # async fn think_and_act() -> Result<bool, std::io::Error> { Ok(true) }
//!
//! async fn solve(telemetry: &glasshouse_sdk::Telemetry) -> Result<(), std::io::Error> {
//!     agent::invoke(telemetry, "researcher")
//!         .run(async {
//!             for number in 1.. {
//!                 if agent::iteration(number).run(think_and_act()).await? {
//!                     break;
//!                 }
//!             }
//!             Ok(())
//!         })
//!         .await
//! }
//! ```

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::{Context, KeyValue, Value};

use crate::Telemetry;
use crate::llm::ErrorClass;
use crate::span::{HelperSpan, InSpan, NAME_BYTES_MAX, bounded, put};

/// Counts the calls made by the agent of a context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    inference: AtomicU64,
    tool: AtomicU64,
}

impl Calls {
    /// Counts the start of a model call.
    pub(crate) fn count_inference(&self) {
        self.0.inference.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the start of a tool execution.
    pub(crate) fn count_tool(&self) {
        self.0.tool.fetch_add(1, Ordering::Relaxed);
    }

    /// Model calls and tool executions so far.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.0.inference.load(Ordering::Relaxed), self.0.tool.load(Ordering::Relaxed))
    }
}

/// The call counts of the agent in the current context, if there is one.
pub(crate) fn current_calls() -> Option<Calls> {
    Context::map_current(|context| context.get::<Calls>().cloned())
}

/// An agent run in this program: span `invoke_agent {name}`.
///
/// Model and tool calls within the run are attributed to it, on any task or thread to which the
/// context is propagated; those of a nested agent are attributed to that agent.
pub fn invoke(telemetry: &Telemetry, name: &str) -> AgentRequest {
    AgentRequest {
        telemetry: telemetry.clone(),
        name: bounded(name, NAME_BYTES_MAX).to_owned(),
        attributes: Vec::new(),
    }
}

/// A run that has not started yet.
#[derive(Clone, Debug)]
#[must_use = "a run does nothing until it is started"]
pub struct AgentRequest {
    telemetry: Telemetry,
    name: String,
    attributes: Vec<KeyValue>,
}

impl AgentRequest {
    /// The conversation id in the program's own data, if there is one.
    pub fn conversation(self, id: &str) -> Self {
        if id.is_empty() {
            return self;
        }
        self.attribute("gen_ai.conversation.id", bounded(id, NAME_BYTES_MAX).to_owned())
    }

    /// Adds an attribute to the run. It must not hold content.
    pub fn attribute(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        put(&mut self.attributes, KeyValue::new(key, value));
        self
    }

    /// Starts the run and its span.
    #[must_use = "a run that is dropped without an end counts as cancelled"]
    pub fn start(self) -> AgentSpan {
        let Self { telemetry, name, attributes } = self;
        let calls = Calls::default();
        let span = HelperSpan::start_within(
            Context::current_with_value(calls.clone()),
            || tracing::info_span!(target: "glasshouse::agent", "invoke_agent", otel.kind = "internal"),
        );
        span.describe(
            || named("invoke_agent", &name),
            || {
                let mut list = attributes;
                list.push(KeyValue::new("gen_ai.operation.name", "invoke_agent"));
                if !name.is_empty() {
                    list.push(KeyValue::new("gen_ai.agent.name", name.clone()));
                }
                list
            },
        );
        AgentSpan { telemetry, span, name, calls, ended: false }
    }

    /// Runs the future as the agent. Errors are classified as [`ErrorClass::Unknown`]; use
    /// [`AgentRequest::run_with`] to set a class. A dropped future counts as cancelled.
    ///
    /// # Errors
    /// Errors of the future.
    pub async fn run<T, E: fmt::Display>(
        self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.run_with(work, |_| ErrorClass::Unknown).await
    }

    /// Runs the future as the agent; `classify` determines the class of its error.
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

/// A running agent. If dropped without being ended, it counts as cancelled.
#[derive(Debug)]
pub struct AgentSpan {
    telemetry: Telemetry,
    span: HelperSpan,
    name: String,
    calls: Calls,
    ended: bool,
}

impl AgentSpan {
    /// Runs the future inside the run.
    #[must_use = "a future does nothing until it is awaited"]
    pub fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.span.instrument(future)
    }

    /// Runs the code inside the run.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }

    /// The context inside the run, for manual propagation.
    #[must_use]
    pub fn context(&self) -> Context {
        self.span.context().clone()
    }

    /// Ends the run successfully.
    pub fn finish(mut self) {
        self.end(None);
    }

    /// Ends the run with an error. The message is recorded only with content capture enabled.
    pub fn error(mut self, class: ErrorClass, message: &str) {
        let description = self.telemetry.content().error_text(message);
        self.end(Some((class, description)));
    }

    fn end(&mut self, error: Option<(ErrorClass, Option<String>)>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let duration = self.span.elapsed();
        let (inference, tool) = self.calls.counted();
        let class = error.as_ref().map(|(class, _)| class.as_str());
        self.span.finish(
            error.map(|(class, text)| {
                (class.as_str().into(), text.unwrap_or_else(|| class.to_string()))
            }),
            |list| {
                for (key, calls) in [
                    ("glasshouse.agent.inference_calls", inference),
                    ("glasshouse.agent.tool_calls", tool),
                ] {
                    list.push(KeyValue::new(key, i64::try_from(calls).unwrap_or(i64::MAX)));
                }
            },
            || self.telemetry.agents().invocation(&self.name, class, duration, inference, tool),
        );
    }
}

impl Drop for AgentSpan {
    fn drop(&mut self) {
        self.end(Some((ErrorClass::of_dropped(ErrorClass::Unknown), None)));
    }
}

/// One iteration of an agent's reasoning loop: span `react.iteration`. By convention, `number`
/// starts at 1.
#[must_use = "an iteration ends where it is dropped"]
pub fn iteration(number: u64) -> Iteration {
    let span = HelperSpan::start(
        || tracing::info_span!(target: "glasshouse::agent", "react.iteration", otel.kind = "internal"),
    );
    span.describe(
        || "react.iteration".to_owned(),
        || {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            vec![KeyValue::new("glasshouse.iteration", number)]
        },
    );
    Iteration { span, ended: false }
}

/// An iteration of an agent's loop. Dropping it ends it.
#[derive(Debug)]
pub struct Iteration {
    span: HelperSpan,
    ended: bool,
}

impl Iteration {
    /// Runs the future inside the iteration and ends it.
    pub async fn run<F: Future>(self, turn: F) -> F::Output {
        self.instrument(turn).await
    }

    /// Runs the future inside the iteration.
    #[must_use = "a future does nothing until it is awaited"]
    pub fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.span.instrument(future)
    }

    /// Runs the code inside the iteration.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }

    /// Ends the iteration with an error.
    pub fn error(mut self, class: ErrorClass) {
        self.ended = true;
        self.span.finish(Some((class.as_str().into(), class.to_string())), |_| {}, || {});
    }
}

impl Drop for Iteration {
    fn drop(&mut self) {
        if !self.ended {
            let fault = std::thread::panicking().then_some(ErrorClass::Unknown);
            let error = fault.map(|class| (class.as_str().into(), class.to_string()));
            self.span.finish(error, |_| {}, || {});
        }
    }
}

/// `{operation} {name}`, or only the operation if the name is empty.
pub(crate) fn named(operation: &str, name: &str) -> String {
    if name.is_empty() { operation.to_owned() } else { format!("{operation} {name}") }
}

#[cfg(test)]
mod tests;
