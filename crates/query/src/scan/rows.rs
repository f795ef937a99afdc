//! Where rows come from: the store, or rows made by hand in tests.

use std::fmt::Debug;
use std::sync::Arc;

use object_store::ObjectStore;
use signals::Signal;
use store::{Snapshot, Store, TimeRange};

/// Rows of spans and logs, in memory and in files.
pub(crate) trait Rows: Send + Sync {
    /// The rows that may lie in the range, consistent with each other.
    fn snapshot(&self, signal: Signal, range: TimeRange) -> Snapshot;
    /// Where the parts are.
    fn objects(&self) -> Arc<dyn ObjectStore>;
}

impl Rows for Store {
    fn snapshot(&self, signal: Signal, range: TimeRange) -> Snapshot {
        Store::snapshot(self, signal, range)
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        Store::objects(self)
    }
}

impl Debug for dyn Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rows")
    }
}
