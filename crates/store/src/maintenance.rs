//! One round of maintenance: refresh the catalog, verify parts, drop old ones, merge small ones,
//! collect garbage.
//!
//! Each step is a value that owns what it needs. None needs a write-ahead log, so that a process
//! without a data folder can maintain a bucket.

pub(crate) mod compact;
pub(crate) mod gc;
pub(crate) mod retention;
pub(crate) mod scrub;
pub(crate) mod verify;

use std::sync::Arc;

use crate::context::Context;
use crate::manifest::catalog::Catalog;
use crate::{Config, Deletion, StoreError};
use compact::Compactor;
use gc::GarbageCollector;
use retention::Retention;
use scrub::Scrubber;

/// All maintenance of one process.
#[derive(Debug)]
pub(crate) struct Maintenance {
    catalog: Arc<Catalog>,
    retention: Retention,
    compactor: Compactor,
    garbage: GarbageCollector,
    scrubber: Scrubber,
}

impl Maintenance {
    pub(crate) fn new(context: Context, config: &Config) -> Self {
        Self {
            catalog: Arc::clone(&context.catalog),
            retention: Retention::new(&context, config),
            garbage: GarbageCollector::new(&context, config),
            scrubber: Scrubber::new(&context),
            compactor: Compactor::new(context, config),
        }
    }

    /// Deletes samples from all parts.
    pub(crate) async fn delete(&mut self, deletion: Deletion) -> Result<(), StoreError> {
        let mut replaced = Vec::new();
        let deleted = self.compactor.delete(&Arc::new(deletion), &mut replaced).await;
        deleted.and(self.garbage.run(replaced).await)
    }

    /// Runs everything that is due now.
    pub(crate) async fn run(&mut self) -> Result<(), StoreError> {
        let mut replaced = Vec::new();
        let rounds = [
            self.catalog.refresh().await,
            self.scrubber.run().await,
            self.retention.run(&mut replaced).await,
            self.compactor.run(&mut replaced).await,
            self.garbage.run(replaced).await,
        ];
        // A failed step must not prevent the others.
        rounds.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }
}
