//! The newest manifest of every signal and day, and the one way to change them.
//!
//! What is known here may be old: other processes change the same manifests. A change is made on
//! the newest manifest in any case; who only reads calls [`Catalog::refresh`] from time to time.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use futures::{StreamExt, stream};
use signals::Signal;

use super::Manifest;
use super::documents::{Documents, GETS};
use crate::StoreError;
use crate::part::Part;

/// Manifests by signal and day.
pub(crate) type Days = BTreeMap<(Signal, i32), Manifest>;

/// What readers see, kept in step with the manifests.
pub(crate) trait View: Debug + Send + Sync {
    /// The manifest of a day is this from now on. Returns the parts that it lists no more.
    fn show(&self, signal: Signal, day: i32, manifest: &Manifest) -> Vec<Arc<Part>>;
}

/// All manifests in memory.
#[derive(Debug)]
pub(crate) struct Catalog {
    documents: Documents,
    view: Arc<dyn View>,
    /// Held while a manifest is changed, and while a view is told.
    days: tokio::sync::Mutex<Days>,
}

impl Catalog {
    /// What was loaded, which the view is shown.
    pub(crate) fn new(documents: Documents, view: Arc<dyn View>, days: Days) -> Self {
        for ((signal, day), manifest) in &days {
            view.show(*signal, *day, manifest);
        }
        Self { documents, view, days: tokio::sync::Mutex::new(days) }
    }

    /// Asks something of all manifests as they are known here.
    pub(crate) async fn ask<T>(&self, question: impl FnOnce(&Days) -> T) -> T {
        question(&*self.days.lock().await)
    }

    /// Up to which sequence a writer's rows of a day are in parts.
    pub(crate) async fn mark(&self, signal: Signal, day: i32, writer: &str) -> u64 {
        self.ask(|days| days.get(&(signal, day)).map_or(0, |manifest| manifest.mark(writer))).await
    }

    /// Changes a day's manifest: durable, and shown to readers, when this returns. Returns the
    /// parts that readers saw before and that are not listed any more. The change may be asked
    /// for several times when other processes are at work; it sees the newest manifest each time,
    /// and leaves things as they are by returning `false`.
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

    /// Learns what other processes have changed: one list of the manifests' folder, and one get
    /// for each day that is newer than what is known.
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
                // One damaged manifest must not keep the others from being seen.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn learn(&self, signal: Signal, day: i32, manifest: Manifest) {
        let mut days = self.days.lock().await;
        // A change of our own may have come further in the meantime.
        if days.get(&(signal, day)).is_none_or(|known| known.version < manifest.version) {
            self.view.show(signal, day, &manifest);
            days.insert((signal, day), manifest);
        }
    }
}
