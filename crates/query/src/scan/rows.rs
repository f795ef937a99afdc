//! Where rows come from: the store, or rows made by hand in tests.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::path::Path;
use signals::{Matcher, Signal};
use store::{Quarantined, SeriesChunks, Snapshot, Store, StoreError, TimeRange};

/// Rows of spans and logs and series of metrics, in memory and in files.
#[async_trait]
pub(crate) trait Rows: Send + Sync {
    /// The rows that may lie in the range, consistent with each other, each span once.
    async fn snapshot(&self, signal: Signal, range: TimeRange) -> Result<Snapshot, StoreError>;
    /// Where the parts are.
    fn objects(&self) -> Arc<dyn ObjectStore>;
    /// Puts aside those parts that are damaged; see [`Store::verify`].
    async fn verify(&self, parts: &[Path]) -> Result<Vec<Quarantined>, StoreError>;
    /// The series that satisfy all matchers; see [`Store::select`].
    async fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<SeriesChunks>, StoreError>;
}

#[async_trait]
impl Rows for Store {
    async fn snapshot(&self, signal: Signal, range: TimeRange) -> Result<Snapshot, StoreError> {
        Store::snapshot(self, signal, range).await
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        Store::objects(self)
    }

    async fn verify(&self, parts: &[Path]) -> Result<Vec<Quarantined>, StoreError> {
        Store::verify(self, parts).await
    }

    async fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        Store::select(self, matchers, start_ms, end_ms, series_max).await
    }
}

impl Debug for dyn Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}
