//! One round of upkeep: see what other processes did, drop old parts, merge small ones, remove
//! files that nobody needs.
//!
//! Each of the three is a value that owns what it needs, and none needs a write-ahead log: a
//! process that takes nothing in can do this for those that do.

pub(crate) mod compact;
pub(crate) mod garbage;
pub(crate) mod retain;

use std::sync::Arc;

use object_store::ObjectStore;
use signals::Clock;
use tokio::sync::watch;

use crate::files::Files;
use crate::manifest::catalog::Catalog;
use crate::manifest::drafts::Drafts;
use crate::metrics::PartReader;
use crate::{Config, StoreError};
use compact::Compactor;
use garbage::GarbageCollector;
use retain::Retention;

/// All upkeep of one process.
#[derive(Debug)]
pub(crate) struct Maintenance {
    catalog: Arc<Catalog>,
    retention: Retention,
    compactor: Compactor,
    garbage: GarbageCollector,
}

/// What upkeep works on.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// The disk that the objects are on, if they are on one.
    pub(crate) disk: Option<Arc<dyn Files>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) drafts: Drafts,
    pub(crate) reader: PartReader,
    /// Turns true when a merge should stop and nothing new should be begun.
    pub(crate) closing: watch::Receiver<bool>,
}

impl Maintenance {
    pub(crate) fn new(surroundings: Surroundings, config: &Config) -> Self {
        Self {
            catalog: Arc::clone(&surroundings.catalog),
            retention: Retention::new(&surroundings, config),
            garbage: GarbageCollector::new(&surroundings, config),
            compactor: Compactor::new(surroundings, config),
        }
    }

    /// Does everything that is due now.
    pub(crate) async fn run(&mut self) -> Result<(), StoreError> {
        let mut replaced = Vec::new();
        let rounds = [
            self.catalog.refresh().await,
            self.retention.run(&mut replaced).await,
            self.compactor.run(&mut replaced).await,
            self.garbage.run(replaced).await,
        ];
        // One that fails must not keep the others from being done.
        rounds.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }
}
