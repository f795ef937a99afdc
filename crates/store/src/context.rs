//! What flushing, compaction, retention and garbage collection share in one process.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use object_store::ObjectStore;
use signals::{Clock, MemoryBudget};
use tokio::sync::watch;

use crate::files::Files;
use crate::instruments::Instruments;
use crate::lost::Lost;
use crate::manifest::catalog::Catalog;
use crate::manifest::drafts::Drafts;
use crate::metrics::PartReader;

/// Parts, manifests and the clock. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// The disk that holds the objects; `None` for a bucket.
    pub(crate) disk: Option<Arc<dyn Files>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) drafts: Drafts,
    pub(crate) reader: PartReader,
    /// Budget for merges, and for parts that a flush is writing.
    pub(crate) merges: MemoryBudget,
    /// Damaged pieces quarantined since the start.
    pub(crate) quarantined: Arc<AtomicU64>,
    /// Lost data, which answers report as warnings.
    pub(crate) lost: Arc<Lost>,
    pub(crate) instruments: Instruments,
    /// Becomes true when running merges should stop and no new one should start.
    pub(crate) closing: watch::Receiver<bool>,
}
