//! A bucket in memory that several clients share, for tests of many processes on one bucket.
//!
//! Every operation of a client has a number. At a chosen one it fails, its response is lost, the
//! client's process crashes, or it waits until the test resumes it, so that operations of other
//! clients run between two operations of this one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    Result, UploadPart,
};
use parking_lot::Mutex;
use signals::{Clock, Timestamp};
use tokio::sync::Notify;

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails without being done.
    Error,
    /// It is done, and the response says that it failed.
    LostAnswer,
    /// It is not done, and the process is gone.
    CrashBefore,
    /// It is done, and the process is gone.
    CrashAfter,
    /// It waits for [`Client::resume`].
    Pause,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Bucket {
    objects: InMemory,
    /// By the bucket's own clock.
    modified: Mutex<HashMap<Path, Timestamp>>,
    clock: Arc<dyn Clock>,
    ignores_conditions: AtomicBool,
    /// Number of puts refused because the object existed.
    pub(crate) conflicts: AtomicU64,
}

/// The bucket as one process sees it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    bucket: Arc<Bucket>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    plan: Mutex<Plan>,
    paused: Notify,
    resume: Notify,
}

#[derive(Debug, Default)]
struct Plan {
    operations: u64,
    fault: Option<(u64, Fault)>,
    is_gone: bool,
    has_faulted: bool,
}

impl Bucket {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            objects: InMemory::new(),
            modified: Mutex::default(),
            clock,
            ignores_conditions: AtomicBool::new(false),
            conflicts: AtomicU64::new(0),
        })
    }

    /// From now on puts overwrite objects and ignore conditions.
    pub(crate) fn ignore_conditions(&self) {
        self.ignores_conditions.store(true, Ordering::Relaxed);
    }

    /// A client for a newly started process.
    pub(crate) fn client(self: &Arc<Self>) -> Client {
        Client { bucket: Arc::clone(self), shared: Arc::default() }
    }

    /// Paths of all objects below a folder.
    pub(crate) async fn paths(&self, below: &str) -> Vec<String> {
        let below = Path::from(below);
        let listed = self.objects.list(Some(&below)).map_ok(|meta| meta.location.to_string());
        let mut paths: Vec<String> = listed.try_collect().await.unwrap();
        paths.sort();
        paths
    }

    /// Removes all objects below a folder, as an accident would.
    pub(crate) async fn remove(&self, below: &str) {
        for path in self.paths(below).await {
            self.objects.delete(&Path::from(path)).await.unwrap();
        }
    }

    async fn put(
        &self,
        path: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        if self.ignores_conditions.load(Ordering::Relaxed) {
            options.mode = PutMode::Overwrite;
        }
        let put = self.objects.put_opts(path, payload, options).await;
        match &put {
            Ok(_) => {
                self.modified.lock().insert(path.clone(), self.clock.now());
            }
            Err(Error::AlreadyExists { .. }) => {
                self.conflicts.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {}
        }
        put
    }

    fn dated(&self, mut meta: ObjectMeta) -> ObjectMeta {
        let modified = self.modified.lock().get(&meta.location).copied().unwrap_or(0);
        meta.last_modified = chrono_of(modified);
        meta
    }
}

/// `object_store` has times of a type that it does not export.
fn chrono_of<T: From<std::time::SystemTime>>(time: Timestamp) -> T {
    (std::time::UNIX_EPOCH + std::time::Duration::from_nanos(time as u64)).into()
}

fn failed(what: &'static str) -> Error {
    Error::Generic { store: "simulated bucket", source: what.into() }
}

impl Client {
    /// Injects a fault at the n-th operation from now, counted from 1.
    pub(crate) fn fail_at(&self, operation: u64, fault: Fault) {
        let mut plan = self.shared.plan.lock();
        plan.fault = Some((plan.operations + operation, fault));
        plan.has_faulted = false;
    }

    pub(crate) fn has_faulted(&self) -> bool {
        self.shared.plan.lock().has_faulted
    }

    /// Cancels the injected fault.
    pub(crate) fn cancel_fault(&self) {
        self.shared.plan.lock().fault = None;
    }

    /// Kills the process of this client.
    pub(crate) fn kill(&self) {
        self.shared.plan.lock().is_gone = true;
        self.shared.resume.notify_one();
    }

    /// Returns when the client has reached the operation chosen for a pause.
    pub(crate) async fn paused(&self) {
        self.shared.paused.notified().await;
    }

    /// Resumes the client.
    pub(crate) fn resume(&self) {
        self.shared.resume.notify_one();
    }

    async fn run<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.next_fault()? {
            None => work.await,
            Some(Fault::Error) => Err(failed("it fails")),
            Some(Fault::LostAnswer) => {
                let _ = work.await;
                Err(failed("the answer is lost"))
            }
            Some(Fault::CrashBefore) => {
                self.shared.plan.lock().is_gone = true;
                Err(failed("the process is gone"))
            }
            Some(Fault::CrashAfter) => {
                let _ = work.await;
                self.shared.plan.lock().is_gone = true;
                Err(failed("the process is gone"))
            }
            Some(Fault::Pause) => {
                self.shared.paused.notify_one();
                self.shared.resume.notified().await;
                if self.shared.plan.lock().is_gone {
                    return Err(failed("the process is gone"));
                }
                work.await
            }
        }
    }

    fn next_fault(&self) -> Result<Option<Fault>> {
        let mut plan = self.shared.plan.lock();
        plan.operations += 1;
        if plan.is_gone {
            return Err(failed("the process is gone"));
        }
        let fault = plan.fault.filter(|(at, _)| *at == plan.operations).map(|(_, fault)| fault);
        plan.has_faulted |= fault.is_some();
        Ok(fault)
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a simulated bucket")
    }
}

#[async_trait]
impl ObjectStore for Client {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.run(self.bucket.put(path, payload, options)).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        _options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = Upload { client: self.clone(), path: path.clone(), pieces: Vec::new() };
        self.run(async { Ok(Box::new(upload) as _) }).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.run(async {
            let mut result = self.bucket.objects.get_opts(path, options).await?;
            result.meta = self.bucket.dated(result.meta);
            Ok(result)
        })
        .await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let client = self.clone();
        let delete = move |path: Result<Path>| {
            let client = client.clone();
            async move {
                let one = stream::iter([path]).boxed();
                let deleted = client.bucket.objects.delete_stream(one).try_collect::<Vec<_>>();
                let deleted = client.run(deleted).await?;
                deleted.into_iter().next().ok_or_else(|| failed("nothing was deleted"))
            }
        };
        paths.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (client, prefix) = (self.clone(), prefix.cloned());
        let list = async move {
            let listed = client.bucket.objects.list(prefix.as_ref()).try_collect::<Vec<_>>();
            let listed = client.run(listed).await?;
            let dated = listed.into_iter().map(|meta| Ok(client.bucket.dated(meta)));
            Ok::<_, Error>(stream::iter(dated.collect::<Vec<Result<ObjectMeta>>>()))
        };
        stream::once(list).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.run(self.bucket.objects.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.run(self.bucket.objects.copy_opts(from, to, options)).await
    }
}

/// An object that is put when it is complete.
#[derive(Debug)]
struct Upload {
    client: Client,
    path: Path,
    pieces: Vec<PutPayload>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, piece: PutPayload) -> UploadPart {
        self.pieces.push(piece);
        let client = self.client.clone();
        Box::pin(async move { client.run(async { Ok(()) }).await })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let bytes = self.pieces.iter().flat_map(|piece| piece.iter().cloned());
        let payload = bytes.collect::<PutPayload>();
        self.client.put_opts(&self.path, payload, PutOptions::default()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.pieces.clear();
        Ok(())
    }
}
