//! Manifests in the object store: lists versions, reads one, and puts the next.
//!
//! Two rules make this safe with any number of processes. The newest version of a day is never
//! removed. A version is committed only when a list of the folder shows none after it: a process
//! that was suspended may put a number that was used and removed before, and detects this by the
//! newer version, which must exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use signals::{Clock, Signal};

use super::{FORMAT, Manifest, VERSIONS_KEPT};
use crate::write_ahead::format::WriterId;
use crate::{StoreError, calendar};

/// Attempts at a change while other writers are first, and at a read while the version to read has
/// been replaced.
const ATTEMPTS: u32 = 16;
/// Number of documents read concurrently.
pub(crate) const GETS: usize = 16;

/// Folder and content of objects that probe the behaviour of the object store.
const PROBES: &str = "probes";
const PROBE: &str = "glasshouse";

/// All documents of an object store.
#[derive(Debug, Clone)]
pub(crate) struct Documents {
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
}

/// A document that cannot be read.
pub(crate) struct Broken {
    pub(crate) path: Path,
    pub(crate) bytes: Vec<u8>,
    pub(crate) reason: String,
}

impl Documents {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, clock: Arc<dyn Clock>) -> Self {
        Self { objects, clock }
    }

    pub(crate) fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// Checks that the object store refuses to overwrite an object. Some servers accept the
    /// condition and ignore it; two processes would then lose each other's parts.
    ///
    /// # Errors
    /// [`StoreError::Config`] when it does not.
    pub(crate) async fn check_conditional_puts(&self) -> Result<(), StoreError> {
        let path = Path::from(format!("{PROBES}/{}", WriterId::random().to_hex()));
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.objects.put_opts(&path, PROBE.into(), create()).await?;
        let second = self.objects.put_opts(&path, PROBE.into(), create()).await;
        // Best effort: a leftover probe is a few bytes that nothing reads.
        let _ = self.objects.delete(&path).await;
        match second {
            Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err(StoreError::Config(format!(
                "{} overwrites an object although the request forbids it (If-None-Match: *): \
                 the store cannot be used with it",
                self.objects
            ))),
        }
    }

    /// The versions of every day, oldest first.
    pub(crate) async fn list(&self) -> Result<BTreeMap<(Signal, i32), Vec<u64>>, StoreError> {
        self.versions_below(&Path::from(super::FOLDER)).await
    }

    async fn versions_below(
        &self,
        folder: &Path,
    ) -> Result<BTreeMap<(Signal, i32), Vec<u64>>, StoreError> {
        let listed: Vec<_> = self.objects.list(Some(folder)).try_collect().await?;
        let mut versions: BTreeMap<(Signal, i32), Vec<u64>> = BTreeMap::new();
        for meta in listed {
            if let Some((signal, day, version)) = super::parse_path(&meta.location) {
                versions.entry((signal, day)).or_default().push(version);
            }
        }
        for versions in versions.values_mut() {
            versions.sort_unstable();
        }
        Ok(versions)
    }

    async fn versions(&self, (signal, day): (Signal, i32)) -> Result<Vec<u64>, StoreError> {
        let mut listed = self.versions_below(&super::folder(signal, day)).await?;
        Ok(listed.remove(&(signal, day)).unwrap_or_default())
    }

    /// Reads a version; `None` when it has been removed.
    pub(crate) async fn read(
        &self,
        (signal, day): (Signal, i32),
        version: u64,
    ) -> Result<Option<Result<Manifest, Broken>>, StoreError> {
        let path = super::path(signal, day, version);
        let bytes = match self.objects.get(&path).await {
            Ok(object) => object.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let manifest = match Manifest::decode(&bytes) {
            Ok(manifest) if manifest.format > FORMAT => {
                return Err(StoreError::Format(format!(
                    "{path} has format {}, this version supports up to {FORMAT}; upgrade Glasshouse",
                    manifest.format
                )));
            }
            Ok(manifest) if manifest.signal == signal.name() && manifest.version == version => {
                Ok(manifest)
            }
            Ok(_) => Err("a manifest of something else".into()),
            Err(reason) => Err(reason),
        };
        Ok(Some(manifest.map_err(|reason| Broken { path, bytes: bytes.to_vec(), reason })))
    }

    /// The newest version of a day, if it has any.
    pub(crate) async fn newest(&self, day: (Signal, i32)) -> Result<Option<Manifest>, StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(version) = self.versions(day).await?.last().copied() else { return Ok(None) };
            match self.read(day, version).await? {
                Some(Ok(manifest)) => return Ok(Some(manifest)),
                Some(Err(Broken { path, reason, .. })) => {
                    return Err(StoreError::Io(format!(
                        "{path}: {reason}; it is rebuilt at the next start"
                    )));
                }
                // It is no longer the newest.
                None => {}
            }
        }
        Err(busy(day))
    }

    /// Applies a change to the newest version, starting with the known one.
    pub(crate) async fn change(
        &self,
        day: (Signal, i32),
        mut known: Manifest,
        mut change: impl FnMut(&mut Manifest) -> Result<bool, StoreError>,
    ) -> Result<Manifest, StoreError> {
        for _ in 0..ATTEMPTS {
            let mut next = known.clone();
            if !change(&mut next)? {
                return Ok(known);
            }
            next.version += 1;
            next.written_at = self.clock.now();
            match self.put(day, &next).await? {
                None => return Ok(next),
                Some(newest) => known = newest,
            }
        }
        Err(busy(day))
    }

    /// Puts the next version, or returns the newest when another process was first.
    async fn put(
        &self,
        (signal, day): (Signal, i32),
        next: &Manifest,
    ) -> Result<Option<Manifest>, StoreError> {
        let bytes = next.encode().map_err(|error| StoreError::Io(error.to_string()))?;
        let path = super::path(signal, day, next.version);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.objects.put_opts(&path, bytes.into(), create).await {
            Ok(_) => {}
            // This call may have put it itself, if its first response was lost.
            Err(object_store::Error::AlreadyExists { .. }) => {
                return Ok(Some(self.expect_newest((signal, day)).await?));
            }
            Err(error) => return Err(error.into()),
        }
        let versions = self.versions((signal, day)).await?;
        if versions.last().is_some_and(|newest| *newest > next.version) {
            return Ok(Some(self.expect_newest((signal, day)).await?));
        }
        for old in versions.into_iter().filter(|old| old + VERSIONS_KEPT <= next.version) {
            // A leftover version does no harm.
            let _ = self.objects.delete(&super::path(signal, day, old)).await;
        }
        Ok(None)
    }

    async fn expect_newest(&self, day: (Signal, i32)) -> Result<Manifest, StoreError> {
        let newest = self.newest(day).await?;
        newest.ok_or_else(|| StoreError::Io(format!("the manifest of {} vanished", name(day))))
    }
}

fn busy(day: (Signal, i32)) -> StoreError {
    StoreError::Io(format!("too many concurrent changes to the manifest of {}", name(day)))
}

fn name((signal, day): (Signal, i32)) -> String {
    format!("{} of {}", signal.name(), calendar::day_name(day))
}
