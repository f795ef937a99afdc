//! Garbage collection: parts that were replaced or dropped, and files that no manifest lists.
//!
//! A part that this process replaced is removed after the grace period, when its readers are done.
//! A file that no manifest lists may be a part that another process is about to list, or one whose
//! replacement a reader has not seen yet. It is removed once it has been unlisted for a while and
//! was either written by this process or is older than any part in progress.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use signals::Clock;

use crate::context::Context;
use crate::manifest::catalog::Catalog;
use crate::manifest::drafts::Drafts;
use crate::manifest::origin::{self, PARTS};
use crate::part::Part;
use crate::{Config, StoreError};

/// Minimum time for which a file must have been unlisted.
const ORPHAN_AFTER: Duration = Duration::from_mins(10);
/// Minimum age of a file of another process: far more than
/// [`crate::manifest::drafts::COMMIT_WITHIN`], and than any query takes.
const FOREIGN_AFTER: Duration = Duration::from_hours(24);

/// Removes unused files. Times are from the monotonic clock.
#[derive(Debug)]
pub(crate) struct GarbageCollector {
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    catalog: Arc<Catalog>,
    drafts: Drafts,
    grace: Duration,
    /// Parts that this process replaced or dropped, and when; each counts its own readers.
    replaced: Vec<(Duration, Arc<Part>)>,
    /// Files that no manifest lists, by path, and when they were first seen as such.
    orphans: HashMap<Path, Duration>,
}

impl GarbageCollector {
    pub(crate) fn new(context: &Context, config: &Config) -> Self {
        Self {
            objects: Arc::clone(&context.objects),
            clock: Arc::clone(&context.clock),
            catalog: Arc::clone(&context.catalog),
            drafts: context.drafts.clone(),
            grace: config.grace,
            replaced: Vec::new(),
            orphans: HashMap::new(),
        }
    }

    /// Removes what is due, and remembers parts that were just replaced.
    pub(crate) async fn run(&mut self, replaced: Vec<Arc<Part>>) -> Result<(), StoreError> {
        let now = self.clock.monotonic();
        self.replaced.extend(replaced.into_iter().map(|part| (now, part)));
        let removed = self.remove_replaced().await;
        removed.and(self.remove_orphans().await)
    }

    async fn remove_replaced(&mut self) -> Result<(), StoreError> {
        let now = self.clock.monotonic();
        let mut kept = Vec::new();
        let mut failed = None;
        for (since, part) in self.replaced.drain(..) {
            let is_read = Arc::strong_count(&part) > 1;
            if is_read || now.saturating_sub(since) < self.grace {
                kept.push((since, part));
                continue;
            }
            if let Err(error) = remove(self.objects.as_ref(), &part.path).await {
                failed = Some(error);
                kept.push((since, part));
            }
        }
        self.replaced = kept;
        failed.map_or(Ok(()), Err)
    }

    async fn remove_orphans(&mut self) -> Result<(), StoreError> {
        // The order matters: a part that is put after the list is not among the candidates, and one
        // that was put before is a draft or listed by the time of the refresh.
        let files: Vec<_> = self.objects.list(Some(&Path::from(PARTS))).try_collect().await?;
        let drafts = self.drafts.paths();
        self.catalog.refresh().await?;
        let mut known = self.listed().await;
        known.extend(drafts);
        known.extend(self.replaced.iter().map(|(_, part)| part.path.to_string()));
        // Ages are relative to the clock of the object store, which shows at least this time.
        let newest = files.iter().map(|meta| meta.last_modified).max();
        let now = self.clock.monotonic();
        let before = std::mem::take(&mut self.orphans);
        for meta in files {
            let path = &meta.location;
            if origin::parse_path(path).is_none() || known.contains(path.as_ref()) {
                continue;
            }
            let since = before.get(path).copied().unwrap_or(now);
            let age = newest.and_then(|newest| (newest - meta.last_modified).to_std().ok());
            if now.saturating_sub(since) < ORPHAN_AFTER
                || !(self.is_own(&meta) || age.is_some_and(|age| age >= FOREIGN_AFTER))
            {
                self.orphans.insert(meta.location, since);
                continue;
            }
            remove(self.objects.as_ref(), path).await?;
            tracing::info!(%path, "a file that no manifest lists was removed");
        }
        Ok(())
    }

    fn is_own(&self, meta: &ObjectMeta) -> bool {
        origin::writer(&meta.location) == Some(self.drafts.writer())
    }

    async fn listed(&self) -> HashSet<String> {
        let paths = self.catalog.with_days(|days| {
            let parts = days.values().flat_map(|manifest| &manifest.parts);
            parts.map(|part| part.path.clone()).collect()
        });
        paths.await
    }
}

/// Removes a file that may be gone already.
async fn remove(objects: &dyn ObjectStore, path: &Path) -> Result<(), StoreError> {
    match objects.delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
