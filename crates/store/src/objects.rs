//! Parts and manifests on the local disk, as an [`ObjectStore`] over [`Files`].
//!
//! The local store of `object_store` returns before data is durable, and cannot be tested for power
//! loss. Here a put syncs the object and its name, and is atomic: an object is written under
//! `objects-in-progress/` and then renamed. Conditional puts are exact within one process; the lock
//! of the folder excludes other processes.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use parking_lot::Mutex;

use crate::files::{FileStat, FileWriter, Files};

mod upload;

pub(crate) use upload::ObjectSink;
use upload::Upload;

/// Folder of objects that are being written; leftovers of a crash are removed at start.
pub(crate) const IN_PROGRESS: &str = "objects-in-progress";
/// Whole objects are streamed in pieces of this size.
const STREAM_BYTES: u64 = 1 << 20;
const STORE: &str = "local";
/// Store name in errors that only a restart resolves.
pub(crate) const SYNC_FAILED: &str = "local disk that failed to sync";

/// The objects of one folder.
#[derive(Debug, Clone)]
pub struct LocalObjects {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    files: Arc<dyn Files>,
    /// Makes the check for an existing object and the rename one step.
    publish: Mutex<()>,
    attempts: AtomicU64,
    /// Folders that this process made durable; an existing folder may not survive a power loss.
    durable_folders: Mutex<HashSet<String>>,
    /// After a failed sync the contents of the disk are unknown: puts are refused, and so are
    /// lists, because callers rely on what a list shows.
    has_sync_failed: AtomicBool,
}

impl LocalObjects {
    /// Objects have the paths of their files.
    #[must_use]
    pub fn new(files: Arc<dyn Files>) -> Self {
        let shared = Shared {
            files,
            publish: Mutex::new(()),
            attempts: AtomicU64::new(0),
            durable_folders: Mutex::new(HashSet::new()),
            has_sync_failed: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl fmt::Display for LocalObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "objects in {}", self.shared.files.location())
    }
}

impl Shared {
    /// Records a failed sync of a file or folder.
    fn synced(&self, result: io::Result<()>) -> io::Result<()> {
        if result.is_err() {
            self.has_sync_failed.store(true, Ordering::Release);
        }
        result
    }

    fn failed(&self, path: &str, error: io::Error) -> Error {
        if self.has_sync_failed.load(Ordering::Acquire) {
            return Error::Generic { store: SYNC_FAILED, source: error.into() };
        }
        failed(path, error)
    }

    fn begin(&self) -> Result<(String, Box<dyn FileWriter>)> {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        let path = format!("{IN_PROGRESS}/{number}");
        let create = || {
            if self.has_sync_failed.load(Ordering::Acquire) {
                return Err(io::Error::other("a sync failed before"));
            }
            self.files.create_folder(IN_PROGRESS)?;
            if self.files.stat(&path).is_ok() {
                // Left by a process that crashed.
                self.files.remove(&path)?;
            }
            self.files.create(&path)
        };
        let file = create().map_err(|error| self.failed(&path, error))?;
        Ok((path, file))
    }

    /// Renames a synced file to its final name, durably.
    fn publish(&self, from: &str, location: &Path, is_new: bool) -> Result<PutResult> {
        let to = location.as_ref();
        let _guard = self.publish.lock();
        if is_new && self.files.stat(to).is_ok() {
            let source = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(Error::AlreadyExists { path: to.into(), source: source.into() });
        }
        let publish = || -> io::Result<FileStat> {
            let folder = self.create_folders(to)?;
            self.files.rename(from, to)?;
            self.synced(self.files.sync_folder(folder))?;
            self.files.stat(to)
        };
        let stat = publish().map_err(|error| self.failed(to, error))?;
        Ok(PutResult { e_tag: Some(e_tag(&stat)), version: None })
    }

    /// Makes the folders above a file durable, and returns the one that holds it.
    fn create_folders<'a>(&self, path: &'a str) -> io::Result<&'a str> {
        let Some((folder, _)) = path.rsplit_once('/') else { return Ok("") };
        if !self.durable_folders.lock().contains(folder) {
            let parent = self.create_folders(folder)?;
            self.files.create_folder(folder)?;
            self.synced(self.files.sync_folder(parent))?;
            self.durable_folders.lock().insert(folder.to_owned());
        }
        Ok(folder)
    }

    fn put(&self, location: &Path, payload: &PutPayload, is_new: bool) -> Result<PutResult> {
        let (path, mut file) = self.begin()?;
        let mut offset = 0;
        let written = payload
            .iter()
            .try_for_each(|chunk| {
                file.write_at(chunk, offset)?;
                offset += chunk.len() as u64;
                Ok(())
            })
            .and_then(|()| self.synced(file.sync()))
            .map_err(|error| self.failed(location.as_ref(), error));
        drop(file);
        let result = written.and_then(|()| self.publish(&path, location, is_new));
        if result.is_err() {
            // The first error is the relevant one; a leftover is removed at the next start.
            let _ = self.files.remove(&path);
        }
        result
    }

    /// Objects are immutable, so a copy is another name of the same file where that is possible.
    fn copy(&self, from: &Path, to: &Path, is_new: bool) -> Result<()> {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        let path = format!("{IN_PROGRESS}/{number}");
        let link = || {
            self.files.create_folder(IN_PROGRESS)?;
            self.files.link(from.as_ref(), &path)
        };
        if let Err(error) = link() {
            if error.kind() != io::ErrorKind::Unsupported {
                return Err(self.failed(from.as_ref(), error));
            }
            let whole = 0..self.metadata(from)?.size;
            let bytes = self.read(from, std::slice::from_ref(&whole))?;
            return self.put(to, &bytes.into_iter().collect(), is_new).map(|_| ());
        }
        let result = self.publish(&path, to, is_new);
        if result.is_err() {
            let _ = self.files.remove(&path);
        }
        result.map(|_| ())
    }

    fn metadata(&self, location: &Path) -> Result<ObjectMeta> {
        let path = location.as_ref();
        let stat = self.files.stat(path).map_err(|error| failed(path, error))?;
        Ok(describe(location.clone(), &stat))
    }

    fn read(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let path = location.as_ref();
        let read = || -> io::Result<Vec<Bytes>> {
            let file = self.files.open(path)?;
            let length = file.length()?;
            ranges
                .iter()
                .map(|range| {
                    if range.start > range.end || range.end > length {
                        let message = format!("bytes {range:?} of {path}, which has {length}");
                        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
                    }
                    let mut bytes = vec![0; (range.end - range.start) as usize];
                    if file.read_at(&mut bytes, range.start)? < bytes.len() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    Ok(Bytes::from(bytes))
                })
                .collect()
        };
        read().map_err(|error| failed(path, error))
    }

    fn list(&self, prefix: &str, found: &mut Vec<ObjectMeta>) -> Result<()> {
        let entries = self.files.list(prefix).map_err(|error| failed(prefix, error))?;
        for entry in entries {
            let path =
                if prefix.is_empty() { entry.name } else { format!("{prefix}/{}", entry.name) };
            if entry.is_folder {
                self.list(&path, found)?;
                continue;
            }
            // Removed since the folder was listed.
            let (Ok(stat), Ok(location)) = (self.files.stat(&path), Path::parse(&path)) else {
                continue;
            };
            found.push(describe(location, &stat));
        }
        Ok(())
    }

    fn delete(&self, location: &Path) -> Result<()> {
        let path = location.as_ref();
        self.files.remove(path).map_err(|error| failed(path, error))
    }
}

fn describe(location: Path, stat: &FileStat) -> ObjectMeta {
    let since = Duration::from_nanos(u64::try_from(stat.modified).unwrap_or(0));
    let modified = UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH);
    ObjectMeta {
        location,
        last_modified: modified.into(),
        size: stat.bytes,
        e_tag: Some(e_tag(stat)),
        version: None,
    }
}

/// Objects are immutable, so time and size distinguish two objects of the same name.
fn e_tag(stat: &FileStat) -> String {
    format!("\"{:x}-{:x}\"", stat.modified, stat.bytes)
}

fn failed(path: &str, error: io::Error) -> Error {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path, source: error.into() },
        io::ErrorKind::AlreadyExists => Error::AlreadyExists { path, source: error.into() },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied { path, source: error.into() },
        _ => Error::Generic { store: STORE, source: error.into() },
    }
}

/// Runs file access on a thread where it blocks no other task.
async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> Result<T> + Send + 'static,
) -> Result<T> {
    if tokio::runtime::Handle::try_current().is_err() {
        return work(shared);
    }
    let shared = Arc::clone(shared);
    tokio::task::spawn_blocking(move || work(&shared)).await?
}

#[async_trait]
impl ObjectStore for LocalObjects {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let is_new = match options.mode {
            PutMode::Overwrite => false,
            PutMode::Create => true,
            PutMode::Update(_) => {
                return Err(Error::NotImplemented {
                    operation: "put in place of a certain version".into(),
                    implementer: STORE.into(),
                });
            }
        };
        let location = location.clone();
        blocking(&self.shared, move |shared| shared.put(&location, &payload, is_new)).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let (path, file) = blocking(&self.shared, Shared::begin).await?;
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(Upload::new(shared, location.clone(), path, file)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let path = location.clone();
        let shared = Arc::clone(&self.shared);
        let (meta, range, is_head) = blocking(&self.shared, move |shared| {
            let meta = shared.metadata(&path)?;
            options.check_preconditions(&meta)?;
            let range = match &options.range {
                Some(range) => range
                    .as_range(meta.size)
                    .map_err(|error| Error::Generic { store: STORE, source: error.into() })?,
                None => 0..meta.size,
            };
            Ok((meta, range, options.head))
        })
        .await?;
        let path = location.clone();
        let end = if is_head { range.start } else { range.end };
        // A range is one read; a whole object is streamed in pieces that are read on demand.
        let pieces = stream::unfold(range.start, move |start| {
            let (shared, path) = (Arc::clone(&shared), path.clone());
            async move {
                if start >= end {
                    return None;
                }
                let next = end.min(start + STREAM_BYTES);
                let piece = start..next;
                let read = blocking(&shared, move |shared| {
                    shared.read(&path, std::slice::from_ref(&piece))
                })
                .await;
                Some((read.map(|pieces| pieces.into_iter().next().unwrap_or_default()), next))
            }
        });
        Ok(GetResult {
            // Fused, because collectors poll once more after the end.
            payload: GetResultPayload::Stream(pieces.fuse().boxed()),
            meta,
            range,
            attributes: object_store::Attributes::default(),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (location, ranges) = (location.clone(), ranges.to_vec());
        blocking(&self.shared, move |shared| shared.read(&location, &ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let shared = Arc::clone(&self.shared);
        locations
            .then(move |location| {
                let shared = Arc::clone(&shared);
                async move {
                    let location = location?;
                    let path = location.clone();
                    blocking(&shared, move |shared| shared.delete(&path)).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.map_or(String::new(), |prefix| prefix.as_ref().to_owned());
        let shared = Arc::clone(&self.shared);
        let list = async move {
            let listed = blocking(&shared, move |shared| {
                if shared.has_sync_failed.load(Ordering::Acquire) {
                    return Err(shared.failed(&prefix, io::Error::other("a sync failed before")));
                }
                let mut found = Vec::new();
                shared.list(&prefix, &mut found)?;
                Ok(found)
            });
            match listed.await {
                Ok(found) => stream::iter(found.into_iter().map(Ok)).left_stream(),
                Err(error) => stream::iter([Err(error)]).right_stream(),
            }
        };
        stream::once(list).flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let prefix = prefix.map_or(String::new(), |prefix| prefix.as_ref().to_owned());
        blocking(&self.shared, move |shared| {
            let entries = shared.files.list(&prefix).map_err(|error| failed(&prefix, error))?;
            let mut result = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
            for entry in entries {
                let path =
                    if prefix.is_empty() { entry.name } else { format!("{prefix}/{}", entry.name) };
                let Ok(location) = Path::parse(&path) else { continue };
                if entry.is_folder {
                    result.common_prefixes.push(location);
                } else if let Ok(stat) = shared.files.stat(&path) {
                    result.objects.push(describe(location, &stat));
                }
            }
            Ok(result)
        })
        .await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (from, to) = (from.clone(), to.clone());
        blocking(&self.shared, move |shared| {
            shared.copy(&from, &to, options.mode == CopyMode::Create)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use object_store::ObjectStoreExt;

    use super::*;
    use crate::files::DiskFiles;

    #[tokio::test]
    async fn an_object_that_is_put_is_found_again_by_every_way_of_reading() {
        let folder = tempfile::tempdir().unwrap();
        let objects = LocalObjects::new(Arc::new(DiskFiles::new(folder.path())));
        let path = Path::from("parts/spans/2026-11-20/a.parquet");
        objects.put(&path, Bytes::from_static(b"0123456789").into()).await.unwrap();
        assert_eq!(objects.get(&path).await.unwrap().bytes().await.unwrap(), "0123456789");
        assert_eq!(objects.get_range(&path, 2..5).await.unwrap(), "234");
        assert_eq!(objects.get_ranges(&path, &[0..1, 9..10]).await.unwrap(), ["0", "9"]);
        assert_eq!(objects.head(&path).await.unwrap().size, 10);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let again = objects.put_opts(&path, "x".into(), create).await;
        assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
        let prefix = Path::from("parts");
        let listed: Vec<ObjectMeta> = objects.list(Some(&prefix)).try_collect().await.unwrap();
        assert_eq!(listed.len(), 1);
        objects.delete(&path).await.unwrap();
        assert!(matches!(objects.get(&path).await, Err(Error::NotFound { .. })));
    }

    #[tokio::test]
    async fn an_empty_object_is_read_as_no_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let objects = LocalObjects::new(Arc::new(DiskFiles::new(folder.path())));
        let path = Path::from("manifest/logs/2026-11-20/00000000000000000001.json");
        objects.put(&path, Bytes::new().into()).await.unwrap();
        assert_eq!(objects.get(&path).await.unwrap().bytes().await.unwrap(), "");
    }

    #[tokio::test]
    async fn an_upload_in_pieces_appears_only_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let objects = LocalObjects::new(Arc::new(DiskFiles::new(folder.path())));
        let path = Path::from("parts/a");
        let mut upload = objects.put_multipart(&path).await.unwrap();
        let (first, second) = (upload.put_part("abc".into()), upload.put_part("def".into()));
        second.await.unwrap();
        first.await.unwrap();
        assert!(objects.head(&path).await.is_err());
        upload.complete().await.unwrap();
        assert_eq!(objects.get(&path).await.unwrap().bytes().await.unwrap(), "abcdef");
    }
}
