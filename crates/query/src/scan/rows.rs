//! Where rows come from: the store, or rows made by hand in tests.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use signals::{Matcher, MemoryReservation, Signal};
use store::{SeriesChunks, Snapshot, Store, StoreError, TimeRange};

/// Rows of spans and logs and series of metrics, in memory and in files.
#[async_trait]
pub(crate) trait Rows: Send + Sync {
    /// The rows that may lie in the range, consistent with each other.
    fn snapshot(&self, signal: Signal, range: TimeRange) -> Snapshot;
    /// Where the parts are.
    fn objects(&self) -> Arc<dyn ObjectStore>;
    /// The series that satisfy all matchers; see [`Store::select`].
    async fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        memory: &MemoryReservation,
    ) -> Result<Vec<SeriesChunks>, StoreError>;
}

#[async_trait]
impl Rows for Store {
    fn snapshot(&self, signal: Signal, range: TimeRange) -> Snapshot {
        Store::snapshot(self, signal, range)
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        Store::objects(self)
    }

    async fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        memory: &MemoryReservation,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        Store::select(self, matchers, start_ms, end_ms, series_max, memory).await
    }
}

impl Debug for dyn Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}
