//! Limits on the cost of a query.

use std::time::Duration;

use signals::MemoryBudget;

/// Limits on the cost of queries.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wall time of one query.
    pub timeout: Duration,
    /// Interactive queries that run at once; others wait. See [`crate::Class`].
    pub concurrency: usize,
    /// Memory of all running queries together.
    pub memory: MemoryBudget,
    /// Memory of cached Parquet footers and page indexes.
    pub caches: MemoryBudget,
    /// Samples that one PromQL query may read.
    pub samples_max: usize,
    /// Series that one selector may match.
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
