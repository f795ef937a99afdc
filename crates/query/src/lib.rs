//! The ways to ask: PromQL, LogQL, TraceQL and SQL to plans to rows.
//!
//! The only crate that names DataFusion. It reads from `store` and knows no HTTP: `serve` turns
//! answers into each protocol's own shape.

pub mod logql;
pub mod promql;
pub mod scan;
pub mod sql;
pub mod table;
pub mod traceql;
pub mod traces;

use std::sync::Arc;
use std::time::Duration;

use signals::Clock;
use store::{Store, StoreError};

/// Bounds on what one query may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall time of one query.
    pub timeout: Duration,
    /// Queries that run at once; more wait.
    pub concurrency: usize,
    /// Memory of all running queries together, in bytes.
    pub memory_bytes: usize,
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
            memory_bytes: 1 << 30,
            samples_max: 50_000_000,
            series_max: 100_000,
            lines_max: 50_000,
            rows_max: 100_000,
        }
    }
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not a query, or cannot have an answer; the message says what and where.
    #[error("{0}")]
    Invalid(String),
    /// Valid in the language, but not built yet.
    #[error("not supported yet: {0}")]
    Unsupported(String),
    /// A bound of [`Limits`] was reached; the message names it.
    #[error("{0}")]
    TooLarge(String),
    /// It took longer than [`Limits::timeout`].
    #[error("query timed out after {} s", .0.as_secs())]
    Timeout(Duration),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that should not happen did.
    #[error("{0}")]
    Internal(String),
}

/// Answers queries over one store. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<Limits>,
}

impl Engine {
    /// An engine over a store.
    pub fn new(store: Store, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self { store, clock, limits: Arc::new(limits) }
    }
}
