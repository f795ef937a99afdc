//! Removing files that nobody needs: parts that were replaced or dropped, once their readers are
//! done, and files that no manifest lists.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use signals::Signal;

use super::Upkeep;
use crate::flush::PARTS;
use crate::inner::Inner;
use crate::{StoreError, calendar};

/// A file that no manifest lists may be about to be listed; after this long it is not.
const ORPHAN_AFTER: Duration = Duration::from_mins(10);

impl Inner {
    pub(super) async fn remove_replaced(&self, upkeep: &mut Upkeep) -> Result<(), StoreError> {
        let now = self.clock.monotonic();
        let mut kept = Vec::new();
        let mut failed = None;
        for (since, part) in upkeep.replaced.drain(..) {
            let is_read = Arc::strong_count(&part) > 1;
            if is_read || now.saturating_sub(since) < self.config.grace {
                kept.push((since, part));
                continue;
            }
            match self.objects.delete(&part.path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    failed = Some(error);
                    kept.push((since, part));
                }
            }
        }
        upkeep.replaced = kept;
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    pub(super) async fn remove_orphans(&self, upkeep: &mut Upkeep) -> Result<(), StoreError> {
        // No flush may be between putting a part and listing it.
        let pending = self.pending.lock().await;
        let now = self.clock.monotonic();
        let listed: Vec<_> = self.objects.list(Some(&Path::from(PARTS))).try_collect().await?;
        let orphans: Vec<Path> = {
            let catalog = self.catalog.lock().await;
            let mut known: HashSet<&str> = catalog
                .days()
                .flat_map(|(_, _, manifest)| &manifest.parts)
                .map(|part| part.path.as_str())
                .collect();
            known.extend(upkeep.replaced.iter().map(|(_, part)| part.path.as_ref()));
            let is_orphan = |path: &Path| is_part(path) && !known.contains(path.as_ref());
            listed.into_iter().map(|meta| meta.location).filter(is_orphan).collect()
        };
        drop(pending);
        let mut seen = HashMap::new();
        for path in orphans {
            let name = path.to_string();
            let since = upkeep.orphans.get(&name).copied().unwrap_or(now);
            if now.saturating_sub(since) < ORPHAN_AFTER {
                seen.insert(name, since);
                continue;
            }
            self.objects.delete(&path).await?;
            tracing::info!(path = name, "a file that no manifest lists was removed");
        }
        upkeep.orphans = seen;
        Ok(())
    }
}

/// Whether a path is one of ours.
fn is_part(path: &Path) -> bool {
    let mut names = path.as_ref().split('/').skip(1);
    let signal = names.next();
    let day = names.next().and_then(calendar::parse_day);
    Signal::ALL.into_iter().any(|known| Some(known.name()) == signal) && day.is_some()
}
