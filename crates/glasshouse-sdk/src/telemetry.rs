//! The handle used by all instrumentation: `Telemetry`.

use std::sync::{Arc, OnceLock};

use tracing::Dispatch;
use tracing::dispatcher::WeakDispatch;

use crate::export::MetricsSource as _;
use crate::llm::{ContentPolicy, PriceTable};
use crate::metrics::{
    Counter, Definition, FloatCounter, Gauge, Histogram, Registry, UpDownCounter,
};
use crate::record::{
    AgentMetrics, BudgetMetrics, CacheMetrics, DatabaseMetrics, DriftMetrics, GpuMetrics,
    HttpMetrics, LlmMetrics, McpMetrics, MemoryMetrics, QueueMetrics, Recorders, RouterMetrics,
    SessionMetrics, SseMetrics, TaskMetrics, ToolMetrics, WebVitalMetrics,
};
use crate::start::Metrics;

/// Records a program's telemetry. Created once at startup, cloned and passed to the router, to
/// streams and to tasks; clones share their state.
#[derive(Debug, Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    metrics: Arc<Metrics>,
    recorders: Recorders,
    prices: PriceTable,
    content: ContentPolicy,
    dispatch: OnceLock<WeakDispatch>,
}

impl Telemetry {
    /// The handle of a started instance.
    pub(crate) fn started(
        metrics: Arc<Metrics>,
        prices: PriceTable,
        content: ContentPolicy,
        budgets_by_session: bool,
    ) -> Self {
        let recorders = Recorders::new(&metrics.registry, budgets_by_session);
        let dispatch = OnceLock::new();
        Self { inner: Arc::new(Inner { metrics, recorders, prices, content, dispatch }) }
    }

    /// The subscriber is created last, because its layers may need the handle.
    pub(crate) fn set_dispatch(&self, dispatch: &Dispatch) {
        let _ = self.inner.dispatch.set(dispatch.downgrade());
    }

    /// A handle that records into this registry without being started.
    pub(crate) fn recording(registry: Registry) -> Self {
        Self::started(
            Arc::new(Metrics::unnamed(registry)),
            PriceTable::default(),
            ContentPolicy::default(),
            false,
        )
    }

    /// A handle that records into this registry, with these prices and this content policy.
    #[cfg(test)]
    pub(crate) fn with_policies(
        registry: Registry,
        prices: PriceTable,
        content: ContentPolicy,
    ) -> Self {
        Self::started(Arc::new(Metrics::unnamed(registry)), prices, content, false)
    }

    /// The subscriber for spans and log lines, for programs that disabled the global one: set it
    /// for a thread with [`tracing::dispatcher::set_default`]. It lives as long as the
    /// [`Guard`](crate::Guard).
    pub fn dispatch(&self) -> Dispatch {
        let dispatch = self.inner.dispatch.get().and_then(WeakDispatch::upgrade);
        dispatch.unwrap_or_else(Dispatch::none)
    }

    /// All current metrics in the OpenMetrics text format.
    pub fn exposition(&self) -> String {
        self.inner.metrics.exposition("application/openmetrics-text").1
    }

    /// The prices of model calls.
    pub fn prices(&self) -> &PriceTable {
        &self.inner.prices
    }

    /// The capture of prompts, answers and tool arguments.
    pub fn content(&self) -> &ContentPolicy {
        &self.inner.content
    }

    /// A handle without any effect: for tests, and to disable observability.
    #[must_use]
    pub fn noop() -> Self {
        Self::recording(Registry::off())
    }

    /// A handle that records and exports nothing: for benchmarks of the SDK.
    #[doc(hidden)]
    #[must_use]
    pub fn unexported() -> Self {
        Self::recording(Registry::new(2000))
    }

    /// All current metrics, under their canonical names.
    #[cfg(test)]
    pub(crate) fn collect(&self) -> Vec<crate::metrics::Metric> {
        self.inner.metrics.registry.collect()
    }
}

/// The recorders.
impl Telemetry {
    /// Model calls.
    pub fn llm(&self) -> &LlmMetrics {
        &self.inner.recorders.llm
    }

    /// Agent runs.
    pub fn agents(&self) -> &AgentMetrics {
        &self.inner.recorders.agents
    }

    /// Tool executions.
    pub fn tools(&self) -> &ToolMetrics {
        &self.inner.recorders.tools
    }

    /// MCP operations.
    pub fn mcp(&self) -> &McpMetrics {
        &self.inner.recorders.mcp
    }

    /// Sessions.
    pub fn sessions(&self) -> &SessionMetrics {
        &self.inner.recorders.sessions
    }

    /// Background tasks.
    pub fn tasks(&self) -> &TaskMetrics {
        &self.inner.recorders.tasks
    }

    /// Served HTTP requests.
    pub fn http(&self) -> &HttpMetrics {
        &self.inner.recorders.http
    }

    /// Event streams.
    pub fn sse(&self) -> &SseMetrics {
        &self.inner.recorders.sse
    }

    /// Web Vitals.
    pub fn web_vitals(&self) -> &WebVitalMetrics {
        &self.inner.recorders.web_vitals
    }

    /// The memory engine.
    pub fn memory(&self) -> &MemoryMetrics {
        &self.inner.recorders.memory
    }

    /// Memory budgets of sessions.
    pub fn budget(&self) -> &BudgetMetrics {
        &self.inner.recorders.budget
    }

    /// Drift checks.
    pub fn drift(&self) -> &DriftMetrics {
        &self.inner.recorders.drift
    }

    /// The model router.
    pub fn router(&self) -> &RouterMetrics {
        &self.inner.recorders.router
    }

    /// Request queues.
    pub fn queue(&self) -> &QueueMetrics {
        &self.inner.recorders.queue
    }

    /// Caches of the program.
    pub fn cache(&self) -> &CacheMetrics {
        &self.inner.recorders.cache
    }

    /// GPUs.
    pub fn gpu(&self) -> &GpuMetrics {
        &self.inner.recorders.gpu
    }

    /// Database queries.
    pub fn database(&self) -> &DatabaseMetrics {
        &self.inner.recorders.database
    }
}

/// Custom metrics.
impl Telemetry {
    /// An integer counter. Equal definitions share one metric.
    pub fn counter<const N: usize>(&self, definition: Definition<N>) -> Counter<N> {
        self.inner.metrics.registry.counter(definition)
    }

    /// A floating-point counter, such as seconds or dollars.
    pub fn float_counter<const N: usize>(&self, definition: Definition<N>) -> FloatCounter<N> {
        self.inner.metrics.registry.float_counter(definition)
    }

    /// An up-down counter.
    pub fn up_down_counter<const N: usize>(&self, definition: Definition<N>) -> UpDownCounter<N> {
        self.inner.metrics.registry.up_down(definition)
    }

    /// A gauge.
    pub fn gauge<const N: usize>(&self, definition: Definition<N>) -> Gauge<N> {
        self.inner.metrics.registry.gauge(definition)
    }

    /// A histogram with these upper bounds, in ascending order.
    pub fn histogram<const N: usize>(
        &self,
        definition: Definition<N>,
        bounds: &'static [f64],
    ) -> Histogram<N> {
        self.inner.metrics.registry.histogram(definition, bounds)
    }
}
