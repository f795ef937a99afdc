//! The manifest of every signal and day as this process knows it, and the only way to change it.
//!
//! The catalog may be stale, because other processes change the same manifests. A change is always
//! made to the newest version; readers call [`Catalog::refresh`] periodically.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use futures::{StreamExt, stream};
use object_store::path::Path;
use signals::Signal;

use super::documents::{Documents, GETS};
use super::{Entry, Manifest, origin};
use crate::StoreError;
use crate::part::Part;

/// Manifests by signal and day.
pub(crate) type Days = BTreeMap<(Signal, i32), Manifest>;

/// The parts that readers see. The catalog updates it with every manifest it changes or reads.
pub(crate) trait View: Debug + Send + Sync {
    /// Replaces the parts of a day. Returns the parts that were visible before and are not listed.
    fn show(&self, signal: Signal, day: i32, manifest: &Manifest) -> Vec<Arc<Part>>;
    /// Hides a part that remains listed but is missing.
    fn hide(&self, signal: Signal, day: i32, path: String);
}

/// All manifests in memory.
#[derive(Debug)]
pub(crate) struct Catalog {
    documents: Documents,
    view: Arc<dyn View>,
    /// Locked while a manifest changes and until the view shows it.
    days: tokio::sync::Mutex<Days>,
}

impl Catalog {
    /// A catalog of loaded manifests; the view shows them.
    pub(crate) fn new(documents: Documents, view: Arc<dyn View>, days: Days) -> Self {
        for ((signal, day), manifest) in &days {
            view.show(*signal, *day, manifest);
        }
        Self { documents, view, days: tokio::sync::Mutex::new(days) }
    }

    /// Reads all manifests as this process knows them.
    pub(crate) async fn with_days<T>(&self, read: impl FnOnce(&Days) -> T) -> T {
        read(&*self.days.lock().await)
    }

    /// Signal, day and entry of a part that is listed.
    pub(crate) async fn listed(&self, path: &Path) -> Option<(Signal, i32, Entry)> {
        let (signal, day) = origin::parse_path(path)?;
        let find = |days: &Days| {
            let mut parts = days.get(&(signal, day))?.parts.iter();
            parts.find(|part| part.path == path.as_ref()).cloned()
        };
        self.with_days(find).await.map(|entry| (signal, day, entry))
    }

    /// Hides a part that is listed but missing.
    pub(crate) fn hide(&self, signal: Signal, day: i32, path: String) {
        self.view.hide(signal, day, path);
    }

    /// The sequence up to which a writer's rows of a day are in parts.
    pub(crate) async fn flushed_sequence(&self, signal: Signal, day: i32, writer: &str) -> u64 {
        let key = (signal, day);
        self.with_days(|days| days.get(&key).map_or(0, |day| day.flushed_sequence(writer))).await
    }

    /// Changes a day's manifest; the change is durable and visible when this returns. Returns the
    /// parts that were visible before and are no longer listed. If another process was first,
    /// `change` runs again on the newest version; it returns `false` if there is nothing to change.
    pub(crate) async fn change(
        &self,
        signal: Signal,
        day: i32,
        change: impl FnMut(&mut Manifest) -> Result<bool, StoreError>,
    ) -> Result<Vec<Arc<Part>>, StoreError> {
        let mut days = self.days.lock().await;
        let known = days.get(&(signal, day)).cloned();
        let known = known.unwrap_or_else(|| Manifest::empty(signal, day));
        let changed = self.documents.change((signal, day), known, change).await?;
        let gone = self.view.show(signal, day, &changed);
        days.insert((signal, day), changed);
        Ok(gone)
    }

    /// Reads what other processes have changed: one list of the manifests' folder, and one get for
    /// each day with a newer version.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let listed = self.documents.list().await?;
        let newer: Vec<(Signal, i32)> = {
            let days = self.days.lock().await;
            let newer = listed.into_iter().filter(|(day, versions)| {
                let known = days.get(day).map_or(0, |manifest| manifest.version);
                versions.last().is_some_and(|version| *version > known)
            });
            newer.map(|(day, _)| day).collect()
        };
        let reads: Vec<_> = newer
            .into_iter()
            .map(|day| async move { (day, self.documents.newest(day).await) })
            .collect();
        let mut reads = stream::iter(reads).buffered(GETS);
        let mut failed = None;
        while let Some(((signal, day), read)) = reads.next().await {
            match read {
                Ok(Some(manifest)) => self.learn(signal, day, manifest).await,
                Ok(None) => {}
                // One damaged manifest must not hide the others.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn learn(&self, signal: Signal, day: i32, manifest: Manifest) {
        let mut days = self.days.lock().await;
        // A concurrent change by this process may already have a newer version.
        if days.get(&(signal, day)).is_none_or(|known| known.version < manifest.version) {
            self.view.show(signal, day, &manifest);
            days.insert((signal, day), manifest);
        }
    }
}
