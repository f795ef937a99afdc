//! Components of an AI platform: memory, budgets, drift, routing, queues, caches, GPUs.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{COUNTS, SHORT_SECONDS, seconds};
use crate::metrics::{Counter, Definition, Gauge, Histogram, Kind, Metric, Registry};
use crate::scope::now;

/// Maximum number of sessions with a budget; the least recently updated one is evicted.
const BUDGETS_MAX: usize = 10_000;
/// Time after which a budget without updates expires.
const BUDGET_IDLE: Duration = Duration::from_secs(30 * 60);
/// Maximum number of sessions with separate series, if enabled.
const BUDGET_SERIES_MAX: usize = 200;

/// Recorder of a memory engine.
#[derive(Debug)]
pub struct MemoryMetrics {
    duration: Histogram<2>,
    items: Gauge<0>,
    results: Histogram<0>,
}

impl MemoryMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            duration: registry.histogram(
                Definition {
                    name: "glasshouse.memory.operation.duration",
                    unit: "s",
                    description: "Duration of an operation of the memory engine",
                    labels: ["glasshouse.memory.operation", "glasshouse.memory.status"],
                },
                SHORT_SECONDS,
            ),
            items: registry.gauge(Definition {
                name: "glasshouse.memory.items",
                unit: "{item}",
                description: "Items in memory, of all users",
                labels: [],
            }),
            results: registry.histogram(
                Definition {
                    name: "glasshouse.memory.search.results",
                    unit: "{result}",
                    description: "Results of one search in memory",
                    labels: [],
                },
                COUNTS,
            ),
        }
    }

    /// Records a finished operation: `operation` such as `search`, `status` such as `success`.
    pub fn operation(&self, operation: &str, status: &str, duration: Duration) {
        self.duration.record([operation, status], seconds(duration));
    }

    /// Sets the number of items, over all users.
    pub fn items(&self, items: u64) {
        self.items.set([], items as f64);
    }

    /// Records the number of results of a search.
    pub fn search_results(&self, results: u64) {
        self.results.record([], results as f64);
    }
}

/// The budget of one session.
#[derive(Debug, Clone, Copy)]
struct Budget {
    total_bytes: f64,
    used_bytes: f64,
    updated: Instant,
}

type Budgets = Arc<Mutex<HashMap<String, Budget>>>;

/// Limit, usage and utilization.
const BUDGET: [Definition<0>; 3] = [
    Definition {
        name: "glasshouse.memory.budget.limit",
        unit: "By",
        description: "Bytes that sessions may use",
        labels: [],
    },
    Definition {
        name: "glasshouse.memory.budget.usage",
        unit: "By",
        description: "Bytes that sessions use",
        labels: [],
    },
    Definition {
        name: "glasshouse.memory.budget.utilization",
        unit: "1",
        description: "Share of its budget that a session uses; of all sessions the highest",
        labels: [],
    },
];

/// Recorder of memory budgets.
///
/// Sessions are not labels: the metrics are sums over all sessions, and the highest utilization.
/// With `budgets_by_session` up to 200 sessions have separate series.
#[derive(Debug)]
pub struct BudgetMetrics {
    budgets: Budgets,
}

impl BudgetMetrics {
    pub(super) fn new(registry: &Registry, by_session: bool) -> Self {
        let budgets: Budgets = Arc::default();
        let seen = Arc::clone(&budgets);
        registry.produce(move || {
            let mut budgets = seen.lock();
            budgets.retain(|_, budget| budget.updated.elapsed() < BUDGET_IDLE);
            if by_session { each_session(&budgets) } else { all_sessions(&budgets) }
        });
        Self { budgets }
    }

    /// Sets a session's budget and its usage, in bytes.
    pub fn update(&self, session: &str, total_bytes: u64, used_bytes: u64) {
        let mut budgets = self.budgets.lock();
        if budgets.len() >= BUDGETS_MAX && !budgets.contains_key(session) {
            let oldest = budgets.iter().min_by_key(|(_, budget)| budget.updated);
            if let Some(oldest) = oldest.map(|(session, _)| session.clone()) {
                budgets.remove(&oldest);
            }
        }
        let budget = Budget {
            total_bytes: total_bytes as f64,
            used_bytes: used_bytes as f64,
            updated: now(),
        };
        budgets.insert(session.to_owned(), budget);
    }

    /// Removes a session that has ended.
    pub fn remove(&self, session: &str) {
        self.budgets.lock().remove(session);
    }
}

/// One point for all sessions.
fn all_sessions(budgets: &HashMap<String, Budget>) -> Vec<Metric> {
    let sum = |of: fn(&Budget) -> f64| budgets.values().map(of).sum::<f64>();
    let highest = budgets.values().map(Budget::utilization).fold(0.0, f64::max);
    let values = [sum(|budget| budget.total_bytes), sum(|budget| budget.used_bytes), highest];
    let metrics = BUDGET.into_iter().zip(values).map(|(definition, value)| {
        let point = (!budgets.is_empty()).then(|| (Vec::new(), value));
        Metric::made(definition, Kind::Gauge, point)
    });
    metrics.collect()
}

/// One point for each of the most recently updated sessions.
fn each_session(budgets: &HashMap<String, Budget>) -> Vec<Metric> {
    let mut latest: Vec<(&String, &Budget)> = budgets.iter().collect();
    latest.sort_unstable_by_key(|(_, budget)| std::cmp::Reverse(budget.updated));
    latest.truncate(BUDGET_SERIES_MAX);
    let values: [fn(&Budget) -> f64; 3] =
        [|budget| budget.total_bytes, |budget| budget.used_bytes, Budget::utilization];
    let metrics = BUDGET.into_iter().zip(values).map(|(definition, of)| {
        let points = latest.iter().map(|(session, budget)| {
            (vec![(Cow::Borrowed("session.id"), (*session).clone())], of(budget))
        });
        Metric::made(definition, Kind::Gauge, points)
    });
    metrics.collect()
}

impl Budget {
    fn utilization(&self) -> f64 {
        if self.total_bytes > 0.0 { self.used_bytes / self.total_bytes } else { 0.0 }
    }
}

/// Recorder of drift checks.
#[derive(Debug)]
pub struct DriftMetrics {
    score: Gauge<1>,
    checks: Counter<2>,
    duration: Histogram<0>,
}

impl DriftMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            score: registry.gauge(Definition {
                name: "glasshouse.drift.score",
                unit: "",
                description: "Last drift score of a model, from 0 (none) to 1",
                labels: ["gen_ai.request.model"],
            }),
            checks: registry.counter(Definition {
                name: "glasshouse.drift.checks",
                unit: "{check}",
                description: "Drift checks",
                labels: ["gen_ai.request.model", "glasshouse.drift.status"],
            }),
            duration: registry.histogram(
                Definition {
                    name: "glasshouse.drift.check.duration",
                    unit: "s",
                    description: "Duration of a drift check",
                    labels: [],
                },
                SHORT_SECONDS,
            ),
        }
    }

    /// Records a check: `status` such as `ok`, `warning`, `critical`.
    pub fn check(&self, model: &str, score: f64, status: &str, duration: Duration) {
        self.score.set([model], score);
        self.checks.add([model, status], 1);
        self.duration.record([], seconds(duration));
    }
}

/// Recorder of a model router.
#[derive(Debug)]
pub struct RouterMetrics {
    decisions: Counter<2>,
    duration: Histogram<0>,
}

impl RouterMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            decisions: registry.counter(Definition {
                name: "glasshouse.router.decisions",
                unit: "{decision}",
                description: "Decisions for a model",
                labels: ["gen_ai.request.model", "glasshouse.router.reason"],
            }),
            duration: registry.histogram(
                Definition {
                    name: "glasshouse.router.decision.duration",
                    unit: "s",
                    description: "Duration of a decision",
                    labels: [],
                },
                SHORT_SECONDS,
            ),
        }
    }

    /// Records the choice of a model; `reason` is from a small set, such as `cheapest`.
    pub fn decision(&self, model: &str, reason: &str, duration: Duration) {
        self.decisions.add([model, reason], 1);
        self.duration.record([], seconds(duration));
    }
}

/// Recorder of request queues.
#[derive(Debug)]
pub struct QueueMetrics {
    depth: Gauge<1>,
    wait: Histogram<1>,
}

impl QueueMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let labels = ["glasshouse.queue.service"];
        Self {
            depth: registry.gauge(Definition {
                name: "glasshouse.queue.depth",
                unit: "{request}",
                description: "Requests that wait in a queue",
                labels,
            }),
            wait: registry.histogram(
                Definition {
                    name: "glasshouse.queue.wait",
                    unit: "s",
                    description: "How long a request waited in a queue",
                    labels,
                },
                SHORT_SECONDS,
            ),
        }
    }

    /// Sets the number of requests waiting for a service.
    pub fn depth(&self, service: &str, requests: u64) {
        self.depth.set([service], requests as f64);
    }

    /// Records the waiting time of a request for a service.
    pub fn wait(&self, service: &str, waited: Duration) {
        self.wait.record([service], seconds(waited));
    }
}

/// Recorder of the program's own caches; a call's usage covers the provider's prompt cache.
#[derive(Debug)]
pub struct CacheMetrics {
    lookups: Counter<2>,
}

impl CacheMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            lookups: registry.counter(Definition {
                name: "glasshouse.cache.lookups",
                unit: "{lookup}",
                description: "Look-ups in a cache",
                labels: ["glasshouse.cache.type", "glasshouse.cache.outcome"],
            }),
        }
    }

    /// Records a cache hit; `cache_type` such as `embedding`.
    pub fn hit(&self, cache_type: &str) {
        self.lookups.add([cache_type, "hit"], 1);
    }

    /// Records a cache miss.
    pub fn miss(&self, cache_type: &str) {
        self.lookups.add([cache_type, "miss"], 1);
    }
}

/// Recorder of GPUs (hardware conventions).
#[derive(Debug)]
pub struct GpuMetrics {
    utilization: Gauge<1>,
    memory_usage: Gauge<1>,
    memory_limit: Gauge<1>,
    temperature: Gauge<2>,
}

impl GpuMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let gauge = |name, unit, description| {
            registry.gauge(Definition { name, unit, description, labels: ["hw.id"] })
        };
        Self {
            utilization: gauge("hw.gpu.utilization", "1", "Share of a GPU that is in use"),
            memory_usage: gauge("hw.gpu.memory.usage", "By", "Bytes of GPU memory in use"),
            memory_limit: gauge("hw.gpu.memory.limit", "By", "Bytes of GPU memory there are"),
            temperature: registry.gauge(Definition {
                name: "hw.temperature",
                unit: "Cel",
                description: "Temperature of a GPU",
                labels: ["hw.id", "hw.type"],
            }),
        }
    }

    /// Sets the utilization of a GPU, in percent from 0 to 100.
    pub fn utilization(&self, gpu: &str, percent: f64) {
        self.utilization.set([gpu], percent / 100.0);
    }

    /// Sets the used and the total memory, in bytes.
    pub fn memory(&self, gpu: &str, used_bytes: u64, total_bytes: u64) {
        self.memory_usage.set([gpu], used_bytes as f64);
        self.memory_limit.set([gpu], total_bytes as f64);
    }

    /// Sets the temperature in degrees Celsius.
    pub fn temperature(&self, gpu: &str, celsius: f64) {
        self.temperature.set([gpu, "gpu"], celsius);
    }
}
