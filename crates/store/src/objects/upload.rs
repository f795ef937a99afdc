//! Objects that are written piece by piece.

use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{
    MultipartUpload, ObjectStore, PutMultipartOptions, PutPayload, PutResult, Result, UploadPart,
};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Shared, blocking, failed};
use crate::files::FileWriter;

/// An object that is written piece by piece.
pub(super) struct Upload {
    shared: Arc<Shared>,
    location: Path,
    path: String,
    file: Arc<Mutex<Box<dyn FileWriter>>>,
    bytes: u64,
    is_over: bool,
}

impl Upload {
    /// Writes to a temporary file, which gets its final name when it is complete.
    pub(super) fn new(
        shared: Arc<Shared>,
        location: Path,
        path: String,
        file: Box<dyn FileWriter>,
    ) -> Self {
        let file = Arc::new(Mutex::new(file));
        Self { shared, location, path, file, bytes: 0, is_over: false }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_over {
            // An abandoned upload must not fill the disk until the next start.
            let _ = self.shared.files.remove(&self.path);
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upload of {} at {}", self.location, self.bytes)
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let mut offset = self.bytes;
        self.bytes += payload.content_length() as u64;
        let (shared, file, path) =
            (Arc::clone(&self.shared), Arc::clone(&self.file), self.location.clone());
        Box::pin(async move {
            blocking(&shared, move |_| {
                let mut file = file.lock();
                for chunk in &payload {
                    file.write_at(chunk, offset).map_err(|error| failed(path.as_ref(), error))?;
                    offset += chunk.len() as u64;
                }
                Ok(())
            })
            .await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (file, path, location) =
            (Arc::clone(&self.file), self.path.clone(), self.location.clone());
        blocking(&self.shared, move |shared| {
            let synced = shared.synced(file.lock().sync());
            synced.map_err(|error| shared.failed(location.as_ref(), error))?;
            shared.publish(&path, &location, true)
        })
        .await
        .inspect(|_| self.is_over = true)
    }

    async fn abort(&mut self) -> Result<()> {
        self.is_over = true;
        let path = self.path.clone();
        blocking(&self.shared, move |shared| {
            shared.files.remove(&path).map_err(|error| failed(&path, error))
        })
        .await
    }
}

/// Writes an object of any size piece by piece, with one piece in memory.
pub(crate) struct ObjectSink {
    upload: Box<dyn MultipartUpload>,
    piece: Vec<u8>,
    /// Becomes true when the store closes: writes then fail, so that closing need not wait.
    closing: watch::Receiver<bool>,
}

impl ObjectSink {
    /// At least the minimum part size of a multipart upload to a bucket.
    pub(crate) const PIECE_BYTES: usize = 8 << 20;

    pub(crate) async fn create(
        objects: &dyn ObjectStore,
        path: &Path,
        closing: watch::Receiver<bool>,
    ) -> Result<Self> {
        let upload = objects.put_multipart_opts(path, PutMultipartOptions::default()).await?;
        Ok(Self { upload, piece: Vec::new(), closing })
    }

    /// Adds bytes without blocking the thread.
    pub(crate) async fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= Self::PIECE_BYTES {
            self.upload.put_part(std::mem::take(&mut self.piece).into()).await?;
        }
        Ok(())
    }

    /// Completes the object and makes it visible.
    pub(crate) async fn complete(mut self) -> Result<()> {
        if !self.piece.is_empty() {
            self.upload.put_part(std::mem::take(&mut self.piece).into()).await?;
        }
        self.upload.complete().await.map(|_| ())
    }
}

impl io::Write for ObjectSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if *self.closing.borrow() {
            return Err(io::Error::other("the store is closing"));
        }
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= Self::PIECE_BYTES {
            let piece = std::mem::take(&mut self.piece);
            // Parquet writes synchronously, on a dedicated thread.
            futures::executor::block_on(self.upload.put_part(piece.into()))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
