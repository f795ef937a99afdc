//! The query engine over one store.

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::registry::Registry;
use signals::Clock;
use store::Store;

use crate::admission::Class;
use crate::executor::{Executor, Pending};
use crate::instruments::Language;
use crate::session::Session;
use crate::source::Source;
use crate::{Limits, QueryError};

/// Answers queries over one store. Cheap to clone; clones share permits, memory and caches.
#[derive(Clone)]
pub struct Engine {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<Limits>,
    /// How PromQL is evaluated, but for the limit of samples.
    pub(crate) promql: promql::Settings,
    class: Class,
    shared: Arc<Shared>,
}

/// State shared by all clones of an engine.
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
        Self {
            source: Arc::new(store),
            clock,
            limits: Arc::new(limits),
            promql: promql::Settings::default(),
            class: Class::default(),
            shared: Arc::new(shared),
        }
    }

    /// The same engine with optional features of PromQL.
    #[must_use]
    pub fn with_promql(self, promql: promql::Settings) -> Self {
        Self { promql, ..self }
    }

    /// The same engine for queries of a class.
    #[must_use]
    pub fn of_class(&self, class: Class) -> Self {
        Self { class, ..self.clone() }
    }

    /// Runs a query on its own threads and within [`Limits::timeout`]; dropping the returned future
    /// ends the query. Every language calls this once, at its outer edge; inside, a query may read
    /// as often as it needs.
    pub(crate) async fn within<T, F>(
        &self,
        language: Language,
        query: impl FnOnce(Self) -> F,
    ) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QueryError>> + Send + 'static,
    {
        self.start(language, query(self.clone())).await?.answer().await
    }

    /// Starts a query; see [`Self::within`].
    pub(crate) async fn start<T: Send + 'static>(
        &self,
        language: Language,
        query: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<Pending<T>, QueryError> {
        self.shared.executor.start(self.class, language, query).await
    }

    /// Runs queries.
    pub(crate) fn executor(&self) -> &Executor {
        &self.shared.executor
    }

    /// Registers histograms of queries with the metrics of the process.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.shared.executor.instruments().register(registry);
    }

    /// Ends all running queries and starts no others until [`Self::resume`], because the process
    /// exceeds its memory limit.
    pub fn pause(&self) {
        self.shared.executor.pause();
    }

    /// Starts queries again.
    pub fn resume(&self) {
        self.shared.executor.resume();
    }

    /// The DataFusion part of the engine.
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
