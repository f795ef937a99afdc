//! An object store in memory that counts what is read from it.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// Gap that a remote store reads through to save requests.
const COALESCED_GAP_BYTES: u64 = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct CountingStore {
    inner: InMemory,
    bytes: AtomicU64,
    ranges: AtomicU64,
    coalesced_bytes: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// Total of all requested ranges.
    pub(super) bytes: u64,
    pub(super) ranges: u64,
    /// Bytes that a store would fetch if it coalesced ranges.
    pub(super) coalesced_bytes: u64,
}

impl CountingStore {
    pub(super) fn reset(&self) {
        for counter in [&self.bytes, &self.ranges, &self.coalesced_bytes] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Read {
        let [bytes, ranges, coalesced_bytes] = [&self.bytes, &self.ranges, &self.coalesced_bytes]
            .map(|counter| counter.load(Ordering::Relaxed));
        Read { bytes, ranges, coalesced_bytes }
    }
}

impl fmt::Display for CountingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counting")
    }
}

#[async_trait]
impl ObjectStore for CountingStore {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let result = self.inner.get_opts(path, options).await?;
        let length = result.range.end - result.range.start;
        self.bytes.fetch_add(length, Ordering::Relaxed);
        self.coalesced_bytes.fetch_add(length, Ordering::Relaxed);
        self.ranges.fetch_add(1, Ordering::Relaxed);
        Ok(result)
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut sorted = ranges.to_vec();
        sorted.sort_by_key(|range| range.start);
        let mut end = 0;
        for range in &sorted {
            let from =
                if end > 0 && range.start <= end + COALESCED_GAP_BYTES { end } else { range.start };
            self.coalesced_bytes.fetch_add(range.end.saturating_sub(from), Ordering::Relaxed);
            end = end.max(range.end);
        }
        self.bytes
            .fetch_add(ranges.iter().map(|range| range.end - range.start).sum(), Ordering::Relaxed);
        self.ranges.fetch_add(ranges.len() as u64, Ordering::Relaxed);
        self.inner.get_ranges(path, ranges).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
