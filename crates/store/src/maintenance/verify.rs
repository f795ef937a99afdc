//! Verifies parts that could not be read: compares their bytes with the checksum in the manifest
//! and quarantines damaged ones, so that everything else can be read and merged.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use signals::{Clock, Signal};
use tokio::sync::watch;

use crate::StoreError;
use crate::context::Context;
use crate::lost::Lost;
use crate::manifest::catalog::Catalog;
use crate::manifest::{Entry, Manifest};
use crate::objects::ObjectSink;
use crate::part::object::PartObject;
use crate::recover::layout;
use crate::write_ahead::quarantine::{LostRows, Quarantined};

/// Compares parts with their manifests.
#[derive(Debug)]
pub(crate) struct Verifier {
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    catalog: Arc<Catalog>,
    quarantined: Arc<AtomicU64>,
    lost: Arc<Lost>,
    closing: watch::Receiver<bool>,
}

impl Verifier {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            objects: Arc::clone(&context.objects),
            clock: Arc::clone(&context.clock),
            catalog: Arc::clone(&context.catalog),
            quarantined: Arc::clone(&context.quarantined),
            lost: Arc::clone(&context.lost),
            closing: context.closing.clone(),
        }
    }

    /// Returns the result; a part that could not be read is verified first.
    pub(crate) async fn verified<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unreadable { path, .. }) = &result
            && let Err(error) = self.check(&[Path::from(path.as_str())], true).await
        {
            tracing::warn!(path, %error, "a part that cannot be read could not be verified");
        }
        result
    }

    /// Verifies parts. A damaged one is removed from its manifest and quarantined; a missing one
    /// remains listed, because its disk may come back, but is not read any more. Returns what was
    /// quarantined.
    pub(crate) async fn verify(&self, paths: &[Path]) -> Result<Vec<Quarantined>, StoreError> {
        self.check(paths, false).await
    }

    /// As [`Self::verify`]; `are_unreadable` says that none of them could be read.
    async fn check(
        &self,
        paths: &[Path],
        are_unreadable: bool,
    ) -> Result<Vec<Quarantined>, StoreError> {
        let mut aside = Vec::new();
        for path in paths {
            let Some((signal, day, entry)) = self.catalog.listed(path).await else { continue };
            let reason = match checksum(self.objects.as_ref(), path).await {
                Ok((bytes, _)) if bytes != entry.bytes => "wrong length",
                Ok((_, found)) if entry.crc32c == Some(found) => continue,
                Ok(_) if entry.crc32c.is_some() => "wrong checksum",
                // A list that an earlier program rebuilt from footers has no checksums.
                Ok(_) if are_unreadable || !is_readable(&self.objects, &entry).await => {
                    "unreadable"
                }
                Ok(_) => continue,
                Err(object_store::Error::NotFound { .. }) => {
                    self.hide(path).await?;
                    continue;
                }
                Err(error) if is_permanent_failure(&error) => {
                    tracing::error!(%path, %error, "a part cannot be read");
                    self.hide(path).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            aside.extend(self.quarantine(signal, day, entry, reason).await?);
        }
        Ok(aside)
    }

    /// Hides a missing part, unless another process has replaced it.
    async fn hide(&self, path: &Path) -> Result<(), StoreError> {
        self.catalog.refresh().await?;
        if let Some((signal, day, entry)) = self.catalog.listed(path).await {
            tracing::error!(path = entry.path, "a part is missing; its rows cannot be read");
            self.catalog.hide(signal, day, entry.path);
        }
        Ok(())
    }

    /// Copies a part to quarantine and removes it from its manifest. The file itself is then
    /// unlisted, and is removed once its readers are done.
    async fn quarantine(
        &self,
        signal: Signal,
        day: i32,
        entry: Entry,
        reason: &str,
    ) -> Result<Option<Quarantined>, StoreError> {
        let rows = LostRows::of(signal, entry.min_time, entry.max_time);
        let kept = Quarantined::part(&entry.path, entry.bytes, reason, self.clock.now(), rows);
        self.copy(&Path::from(entry.path.as_str()), &Path::from(kept.path.as_str())).await?;
        let note = serde_json::to_vec_pretty(&kept).map_err(std::io::Error::other)?;
        self.objects.put(&Path::from(format!("{}.json", kept.path)), note.into()).await?;
        let mut was_listed = false;
        let unlist = |manifest: &mut Manifest| {
            let before = manifest.parts.len();
            manifest.parts.retain(|part| part.path != entry.path);
            was_listed = manifest.parts.len() < before;
            Ok(was_listed)
        };
        self.catalog.change(signal, day, unlist).await?;
        if !was_listed {
            return Ok(None);
        }
        self.quarantined.fetch_add(1, Ordering::Relaxed);
        self.lost.add([&kept]);
        tracing::error!(path = entry.path, reason, kept_at = kept.path, "a part was quarantined");
        Ok(Some(kept))
    }

    /// Copies an object, in bounded memory.
    async fn copy(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let mut pieces = self.objects.get(from).await?.into_stream();
        let mut sink = ObjectSink::create(self.objects.as_ref(), to, self.closing.clone()).await?;
        while let Some(piece) = pieces.try_next().await? {
            sink.add(&piece).await?;
        }
        Ok(sink.complete().await?)
    }
}

/// Whether all pages of a part can be read.
async fn is_readable(objects: &Arc<dyn ObjectStore>, entry: &Entry) -> bool {
    let read = async {
        let object = PartObject::new(objects, &entry.part());
        let rows = ParquetRecordBatchStreamBuilder::new(object).await?.build()?;
        rows.try_for_each(|_| std::future::ready(Ok(()))).await
    };
    // The Parquet reader panics on some damaged pages.
    matches!(AssertUnwindSafe(read).catch_unwind().await, Ok(Ok(())))
}

/// Whether the local disk permanently fails to read an object.
pub(crate) fn is_permanent_failure(error: &object_store::Error) -> bool {
    use object_store::Error::{Generic, PermissionDenied};
    let (Generic { source, .. } | PermissionDenied { source, .. }) = error else { return false };
    source.downcast_ref::<std::io::Error>().is_some_and(layout::is_permanent_failure)
}

/// Size and CRC-32C of an object, in bounded memory.
pub(crate) async fn checksum(
    objects: &dyn ObjectStore,
    path: &Path,
) -> object_store::Result<(u64, u32)> {
    let mut pieces = objects.get(path).await?.into_stream();
    let (mut bytes, mut crc32c) = (0, 0);
    while let Some(piece) = pieces.try_next().await? {
        bytes += piece.len() as u64;
        crc32c = crc32c::crc32c_append(crc32c, &piece);
    }
    Ok((bytes, crc32c))
}
