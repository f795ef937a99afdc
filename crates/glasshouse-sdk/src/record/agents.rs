//! Agents, their tools and MCP servers, sessions and background tasks.

use std::time::Duration;

use super::{CALL_SECONDS, COUNTS, LONG_SECONDS, seconds};
use crate::metrics::{Definition, Histogram, Registry, UpDownCounter};

/// Bucket bounds in seconds of MCP operations (GenAI conventions, `mcp.client.operation.duration`).
const MCP_SECONDS: &[f64] =
    &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Recorder of agent runs.
#[derive(Debug)]
pub struct AgentMetrics {
    duration: Histogram<2>,
    inference_calls: Histogram<1>,
    tool_calls: Histogram<1>,
}

impl AgentMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let calls = |name, unit, description| {
            registry.histogram(
                Definition { name, unit, description, labels: ["gen_ai.agent.name"] },
                COUNTS,
            )
        };
        Self {
            duration: registry.histogram(
                Definition {
                    name: "gen_ai.invoke_agent.duration",
                    unit: "s",
                    description: "Duration of one run of an agent",
                    labels: ["gen_ai.agent.name", "error.type"],
                },
                LONG_SECONDS,
            ),
            inference_calls: calls(
                "gen_ai.invoke_agent.inference_calls",
                "{inference_call}",
                "Model calls in one run of an agent",
            ),
            tool_calls: calls(
                "gen_ai.invoke_agent.tool_calls",
                "{tool_call}",
                "Tool calls in one run of an agent",
            ),
        }
    }

    /// Records a finished run; `error` is a class such as `timeout`, or `None` for success.
    pub fn invocation(
        &self,
        agent: &str,
        error: Option<&str>,
        duration: Duration,
        inference_calls: u64,
        tool_calls: u64,
    ) {
        self.duration.record([agent, error.unwrap_or_default()], seconds(duration));
        self.inference_calls.record([agent], inference_calls as f64);
        self.tool_calls.record([agent], tool_calls as f64);
    }
}

/// Recorder of tool executions.
#[derive(Debug)]
pub struct ToolMetrics {
    duration: Histogram<3>,
}

impl ToolMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let definition = Definition {
            name: "gen_ai.execute_tool.duration",
            unit: "s",
            description: "Duration of one execution of a tool",
            labels: ["gen_ai.tool.name", "glasshouse.toolset.key", "error.type"],
        };
        Self { duration: registry.histogram(definition, CALL_SECONDS) }
    }

    /// Records a finished execution; `toolset` is the tool's group, or empty.
    pub fn execution(&self, tool: &str, toolset: &str, error: Option<&str>, duration: Duration) {
        self.duration.record([tool, toolset, error.unwrap_or_default()], seconds(duration));
    }
}

/// The side of an MCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum McpSide {
    /// The program sent the request.
    Client,
    /// The program handled the request.
    Server,
}

/// Recorder of MCP operations.
#[derive(Debug)]
pub struct McpMetrics {
    client: Histogram<4>,
    server: Histogram<4>,
}

impl McpMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let operation = |name, description| {
            let labels =
                ["glasshouse.mcp.server", "mcp.method.name", "gen_ai.tool.name", "error.type"];
            registry.histogram(Definition { name, unit: "s", description, labels }, MCP_SECONDS)
        };
        Self {
            client: operation(
                "mcp.client.operation.duration",
                "Duration of an MCP request as its sender sees it",
            ),
            server: operation(
                "mcp.server.operation.duration",
                "Duration of an MCP request as its server sees it",
            ),
        }
    }

    /// Records a finished operation: `method` such as `tools/call`, `tool` or empty.
    pub fn operation(
        &self,
        side: McpSide,
        server: &str,
        method: &str,
        tool: &str,
        error: Option<&str>,
        duration: Duration,
    ) {
        let histogram = match side {
            McpSide::Client => &self.client,
            McpSide::Server => &self.server,
        };
        let labels = [server, method, tool, error.unwrap_or_default()];
        histogram.record(labels, seconds(duration));
    }
}

/// Recorder of sessions.
#[derive(Debug)]
pub struct SessionMetrics {
    active: UpDownCounter<0>,
}

impl SessionMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            active: registry.up_down(Definition {
                name: "glasshouse.sessions.active",
                unit: "{session}",
                description: "Sessions that are being worked on",
                labels: [],
            }),
        }
    }

    /// Counts a session as active until the returned value is dropped.
    pub fn begin(&self) -> ActiveSession {
        self.active.add([], 1);
        ActiveSession { active: self.active.clone() }
    }
}

/// Counts a session as active until dropped.
#[derive(Debug)]
#[must_use = "the session counts as active only while this lives"]
pub struct ActiveSession {
    active: UpDownCounter<0>,
}

impl Drop for ActiveSession {
    fn drop(&mut self) {
        self.active.add([], -1);
    }
}

/// The outcome of a background task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// It succeeded.
    Success,
    /// It failed or panicked.
    Error,
    /// It was cancelled, or dropped before its end.
    Cancelled,
}

impl TaskOutcome {
    /// `success`, `error` or `cancelled`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Recorder of background tasks.
#[derive(Debug)]
pub struct TaskMetrics {
    active: UpDownCounter<1>,
    duration: Histogram<2>,
}

impl TaskMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            active: registry.up_down(Definition {
                name: "glasshouse.tasks.active",
                unit: "{task}",
                description: "Background tasks that are running",
                labels: ["glasshouse.task.name"],
            }),
            duration: registry.histogram(
                Definition {
                    name: "glasshouse.task.duration",
                    unit: "s",
                    description: "Duration of a background task",
                    labels: ["glasshouse.task.name", "glasshouse.task.outcome"],
                },
                LONG_SECONDS,
            ),
        }
    }

    /// Records the start of a task. Must be followed by a call of [`finished`](Self::finished).
    pub fn started(&self, task: &str) {
        self.active.add([task], 1);
    }

    /// Records the end of a task.
    pub fn finished(&self, task: &str, outcome: TaskOutcome, duration: Duration) {
        self.active.add([task], -1);
        self.duration.record([task, outcome.as_str()], seconds(duration));
    }
}
