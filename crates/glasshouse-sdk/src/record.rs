//! Typed recorders: callers describe events, without metric names and labels.
//!
//! One recorder per part of a service, created once with the program's metrics. Recording does not
//! depend on span sampling; measurements inside sampled spans also become exemplars. Names are
//! those of OpenTelemetry's conventions (GenAI conventions of 2026, HTTP and database conventions
//! 1.23 and later), and `glasshouse.*` otherwise.

mod agents;
mod http;
mod llm;
mod platform;
mod process;
mod streams;

use std::time::Duration;

pub use self::agents::{
    ActiveSession, AgentMetrics, McpMetrics, McpSide, SessionMetrics, TaskMetrics, TaskOutcome,
    ToolMetrics,
};
pub use self::http::{DatabaseMetrics, HttpExchange, HttpMetrics};
pub use self::llm::{LlmCall, LlmMetrics};
pub use self::platform::{
    BudgetMetrics, CacheMetrics, DriftMetrics, GpuMetrics, MemoryMetrics, QueueMetrics,
    RouterMetrics,
};
pub use self::streams::{BeaconRefusal, CloseReason, SseMetrics, SseOutcome, WebVitalMetrics};
use crate::metrics::Registry;

/// Bucket bounds in seconds for 10 ms to 90 s: model and tool calls (GenAI conventions,
/// `gen_ai.client.operation.duration`).
const CALL_SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Bucket bounds in seconds of requests (HTTP conventions, `http.server.request.duration`).
const REQUEST_SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Bucket bounds in seconds for long operations: tasks, agents, connections.
const LONG_SECONDS: &[f64] =
    &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
/// Bucket bounds in seconds for short operations: decisions, lookups, checks.
const SHORT_SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// Bucket bounds in bytes of bodies and messages.
const BYTES: &[f64] = &[
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// Bucket bounds of small counts.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// All recorders of a program.
#[derive(Debug)]
pub(crate) struct Recorders {
    pub(crate) llm: LlmMetrics,
    pub(crate) agents: AgentMetrics,
    pub(crate) tools: ToolMetrics,
    pub(crate) mcp: McpMetrics,
    pub(crate) sessions: SessionMetrics,
    pub(crate) tasks: TaskMetrics,
    pub(crate) http: HttpMetrics,
    pub(crate) sse: SseMetrics,
    pub(crate) web_vitals: WebVitalMetrics,
    pub(crate) memory: MemoryMetrics,
    pub(crate) budget: BudgetMetrics,
    pub(crate) drift: DriftMetrics,
    pub(crate) router: RouterMetrics,
    pub(crate) queue: QueueMetrics,
    pub(crate) cache: CacheMetrics,
    pub(crate) gpu: GpuMetrics,
    pub(crate) database: DatabaseMetrics,
}

impl Recorders {
    /// The recorders for these metrics; `budgets_by_session` enables separate budget series per
    /// session.
    pub(crate) fn new(registry: &Registry, budgets_by_session: bool) -> Self {
        process::observe(registry);
        Self {
            llm: LlmMetrics::new(registry),
            agents: AgentMetrics::new(registry),
            tools: ToolMetrics::new(registry),
            mcp: McpMetrics::new(registry),
            sessions: SessionMetrics::new(registry),
            tasks: TaskMetrics::new(registry),
            http: HttpMetrics::new(registry),
            sse: SseMetrics::new(registry),
            web_vitals: WebVitalMetrics::new(registry),
            memory: MemoryMetrics::new(registry),
            budget: BudgetMetrics::new(registry, budgets_by_session),
            drift: DriftMetrics::new(registry),
            router: RouterMetrics::new(registry),
            queue: QueueMetrics::new(registry),
            cache: CacheMetrics::new(registry),
            gpu: GpuMetrics::new(registry),
            database: DatabaseMetrics::new(registry),
        }
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
