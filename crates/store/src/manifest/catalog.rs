//! All manifests in memory, and the one way to change them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use signals::{Clock, Signal};

use super::{FORMAT, Manifest, VERSIONS_KEPT, rebuild};
use crate::StoreError;
use crate::write_ahead::quarantine::{Quarantine, Quarantined};

/// How often a change is tried again because another writer was first.
const ATTEMPTS: u32 = 16;

/// The newest manifest of every signal and day.
#[derive(Debug)]
pub(crate) struct Catalog {
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    days: BTreeMap<(Signal, i32), Manifest>,
}

impl Catalog {
    /// Reads all manifests. A damaged one is put aside, and the version before it counts.
    pub(crate) async fn load(
        objects: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        quarantine: &Quarantine,
        damaged: &mut Vec<Quarantined>,
    ) -> Result<Self, StoreError> {
        let mut catalog = Self { objects, clock, days: BTreeMap::new() };
        let folder = Path::from(super::FOLDER);
        let listed: Vec<_> = catalog.objects.list(Some(&folder)).try_collect().await?;
        let mut versions: BTreeMap<(Signal, i32), Vec<u64>> = BTreeMap::new();
        for meta in listed {
            if let Some((signal, day, version)) = super::parse_path(&meta.location) {
                versions.entry((signal, day)).or_default().push(version);
            }
        }
        for ((signal, day), mut versions) in versions {
            versions.sort_unstable_by(|a, b| b.cmp(a));
            let newest = versions.first().copied().unwrap_or(0);
            let mut found = None;
            let mut is_damaged = false;
            for version in versions {
                match catalog.read(signal, day, version).await? {
                    Ok(manifest) => {
                        found = Some(manifest);
                        break;
                    }
                    Err(broken) => {
                        is_damaged = true;
                        damaged.push(catalog.put_aside(quarantine, broken).await?);
                    }
                }
            }
            let mut manifest = found.unwrap_or_else(|| Manifest::empty(signal, day));
            // Numbers are not used twice, even those of damaged versions.
            manifest.version = newest;
            catalog.days.insert((signal, day), manifest);
            if is_damaged {
                catalog.rebuild(signal, day).await?;
            }
        }
        Ok(catalog)
    }

    /// Adds what only the damaged versions of a day knew.
    async fn rebuild(&mut self, signal: Signal, day: i32) -> Result<(), StoreError> {
        let folder = crate::flush::folder(signal, day);
        let files: Vec<_> = self.objects.list(Some(&folder)).try_collect().await?;
        let Some(manifest) = self.days.get(&(signal, day)) else { return Ok(()) };
        let objects = self.objects.as_ref();
        let found = rebuild::rebuild(objects, signal, day, manifest, &files).await?;
        tracing::warn!(
            signal = signal.name(),
            day,
            parts = found.len(),
            "a damaged manifest was put together again"
        );
        self.change(signal, day, |manifest| {
            manifest.parts.retain(|part| !rebuild::is_superseded(signal, part, &found));
            manifest.parts.extend(found.iter().cloned());
            for part in &found {
                let mark = manifest.written_ahead.entry(part.writer.clone()).or_insert(0);
                *mark = part.sequence.max(*mark);
            }
            true
        })
        .await?;
        Ok(())
    }

    async fn read(
        &self,
        signal: Signal,
        day: i32,
        version: u64,
    ) -> Result<Result<Manifest, Broken>, StoreError> {
        let path = super::path(signal, day, version);
        let bytes = self.objects.get(&path).await?.bytes().await?;
        let decoded = Manifest::decode(&bytes);
        let manifest = match decoded {
            Ok(manifest) if manifest.format > FORMAT => {
                return Err(StoreError::Format(format!(
                    "{path} has format {}, this program knows up to {FORMAT}: use a newer one",
                    manifest.format
                )));
            }
            Ok(manifest) if manifest.signal == signal.name() && manifest.version == version => {
                Ok(manifest)
            }
            Ok(_) => Err("a manifest of something else".into()),
            Err(reason) => Err(reason),
        };
        Ok(manifest.map_err(|reason| Broken { path, bytes: bytes.to_vec(), reason }))
    }

    async fn put_aside(
        &self,
        quarantine: &Quarantine,
        broken: Broken,
    ) -> Result<Quarantined, StoreError> {
        let Broken { path, bytes, reason } = broken;
        let reason = format!("manifest: {reason}");
        let kept = quarantine.keep(path.as_ref(), 0, &bytes, &reason)?;
        self.objects.delete(&path).await?;
        Ok(kept)
    }

    /// The manifest of a day, if there is one.
    pub(crate) fn day(&self, signal: Signal, day: i32) -> Option<&Manifest> {
        self.days.get(&(signal, day))
    }

    /// All manifests, in order of signal and day.
    pub(crate) fn days(&self) -> impl Iterator<Item = (Signal, i32, &Manifest)> {
        self.days.iter().map(|((signal, day), manifest)| (*signal, *day, manifest))
    }

    /// Changes a day's manifest: durable when this returns. The change may be asked for several
    /// times when other writers are at work; it sees the newest manifest each time, and leaves
    /// things as they are by returning `false`.
    pub(crate) async fn change(
        &mut self,
        signal: Signal,
        day: i32,
        mut change: impl FnMut(&mut Manifest) -> bool,
    ) -> Result<&Manifest, StoreError> {
        for _ in 0..ATTEMPTS {
            let mut next = self
                .days
                .get(&(signal, day))
                .cloned()
                .unwrap_or_else(|| Manifest::empty(signal, day));
            if !change(&mut next) {
                return Ok(self.days.entry((signal, day)).or_insert(next));
            }
            next.version += 1;
            next.written_at = self.clock.now();
            let bytes = next.encode().map_err(|error| StoreError::Io(error.to_string()))?;
            let path = super::path(signal, day, next.version);
            let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match self.objects.put_opts(&path, bytes.into(), create).await {
                Ok(_) => {
                    let version = next.version;
                    self.days.insert((signal, day), next);
                    self.forget(signal, day, version).await;
                    return self
                        .days
                        .get(&(signal, day))
                        .ok_or_else(|| StoreError::Io("a manifest vanished".into()));
                }
                Err(object_store::Error::AlreadyExists { .. }) => {
                    let theirs = self.read(signal, day, next.version).await?.map_err(|broken| {
                        StoreError::Io(format!("{}: {}", broken.path, broken.reason))
                    })?;
                    self.days.insert((signal, day), theirs);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Io(format!(
            "the manifest of {} of {} is changed by others without pause",
            signal.name(),
            crate::calendar::day_name(day)
        )))
    }

    /// Removes all versions of a day's manifest, the newest last, so that a crash in between brings
    /// no older one back to life.
    pub(crate) async fn remove(&mut self, signal: Signal, day: i32) -> Result<(), StoreError> {
        let folder = super::folder(signal, day);
        let listed: Vec<_> = self.objects.list(Some(&folder)).try_collect().await?;
        let mut paths: Vec<Path> = listed.into_iter().map(|meta| meta.location).collect();
        paths.sort();
        for path in paths {
            self.objects.delete(&path).await?;
        }
        self.days.remove(&(signal, day));
        Ok(())
    }

    /// Removes a version that is not kept any more. What stays by mistake does no harm.
    async fn forget(&self, signal: Signal, day: i32, newest: u64) {
        if let Some(old) = newest.checked_sub(VERSIONS_KEPT).filter(|old| *old > 0) {
            let _ = self.objects.delete(&super::path(signal, day, old)).await;
        }
    }
}

struct Broken {
    path: Path,
    bytes: Vec<u8>,
    reason: String,
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::Generic { store: crate::objects::SYNC_FAILED, .. } => {
                Self::Fatal(error.to_string())
            }
            error => Self::Io(error.to_string()),
        }
    }
}
