//! The ways to ask: PromQL, LogQL, TraceQL and SQL to plans to rows.
//!
//! The only crate that names DataFusion. It reads from `store` and knows no HTTP: `serve` turns
//! answers into each protocol's own shape.

mod admission;
mod charge;
mod counted;
mod error;
mod executor;
pub mod logql;
mod measure;
pub mod promql;
mod running;
pub(crate) mod scan;
mod session;
mod source;
pub mod sql;
mod table;
mod traceql;
pub mod traces;
pub mod warnings;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signals::{Clock, MemoryBudget};
use store::Store;

pub use counted::Counted;
pub use error::QueryError;
pub use executor::lower_priority;
pub use store::TimeRange;

use executor::{Executor, Pending};
use session::Session;
use source::Source;

/// Bounds on what one query may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall time of one query.
    pub timeout: Duration,
    /// Queries that run at once; more wait.
    pub concurrency: usize,
    /// Memory of all running queries together.
    pub memory: MemoryBudget,
    /// Memory of Parquet footers and page indexes that queries remember.
    pub caches: MemoryBudget,
    /// Samples that one PromQL query may read.
    pub samples_max: usize,
    /// Series that one selector may name.
    pub series_max: usize,
    /// Log lines that one query may return.
    pub lines_max: usize,
    /// Rows that one SQL query may return.
    pub rows_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            concurrency: 4,
            memory: MemoryBudget::new("queries", 1 << 30),
            caches: MemoryBudget::new("caches", 64 << 20),
            samples_max: 50_000_000,
            series_max: 100_000,
            lines_max: 50_000,
            rows_max: 100_000,
        }
    }
}

/// Answers queries over one store. Cheap to clone; clones share permits, memory and caches.
#[derive(Clone)]
pub struct Engine {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<Limits>,
    shared: Arc<Shared>,
}

/// What all clones of an engine have in common.
struct Shared {
    executor: Arc<Executor>,
    /// Built by the first query that needs DataFusion, so that start-up stays quick.
    session: OnceLock<Session>,
}

impl Engine {
    /// An engine over a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        let memory = limits.memory.clone();
        let executor = Arc::new(Executor::new(limits.concurrency, limits.timeout, memory));
        let shared = Shared { executor, session: OnceLock::new() };
        Self { source: Arc::new(store), clock, limits: Arc::new(limits), shared: Arc::new(shared) }
    }

    /// Runs a query on threads of its own and within [`Limits::timeout`]; dropping the returned
    /// future ends the query. Every language runs its queries so, at its outer edge, and inside one
    /// it may read as often as it needs.
    pub(crate) async fn within<T, F>(&self, query: impl FnOnce(Self) -> F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QueryError>> + Send + 'static,
    {
        self.start(query(self.clone())).await?.answer().await
    }

    /// Starts a query, see [`Self::within`].
    pub(crate) async fn start<T: Send + 'static>(
        &self,
        query: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<Pending<T>, QueryError> {
        self.shared.executor.start(query).await
    }

    /// Ends all running queries and starts no others until [`Self::resume`], because the process has
    /// more memory than it may.
    pub fn pause(&self) {
        self.shared.executor.pause();
    }

    /// Starts queries again.
    pub fn resume(&self) {
        self.shared.executor.resume();
    }

    /// DataFusion's half of the engine.
    pub(crate) fn session(&self) -> Result<&Session, QueryError> {
        if let Some(session) = self.shared.session.get() {
            return Ok(session);
        }
        let session = Session::new(Arc::clone(&self.source), &self.limits)?;
        Ok(self.shared.session.get_or_init(|| session))
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("limits", &self.limits).finish_non_exhaustive()
    }
}
