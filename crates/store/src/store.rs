//! The public interface of the store.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::path::Path;
use prometheus_client::registry::Registry;
use signals::metric::{Exemplar, Metadata};
use signals::{Labels, Matcher, MemoryReservation, SeriesRef, Signal};

use crate::metrics::labels::{LabelCounts, LabelProjection, LabelQuery};
use crate::open_store::OpenStore;
use crate::read::PartRead;
use crate::write_ahead::follower::Follower;
use crate::{
    Appended, Cardinality, Config, Deletion, Dependencies, Quarantined, RecoveryReport,
    SeriesChunks, Snapshot, Status, StoreError, TimeRange, Totals, WriteRequest, backup, metrics,
};

/// The store. Cheap to clone: all clones share one store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<OpenStore>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "store in {}", self.inner.files.location())
    }
}

impl Store {
    /// Opens a data folder, creating it if necessary, and replays its write-ahead log. Logged
    /// updates of delta totals are passed to `totals`.
    ///
    /// # Errors
    /// [`StoreError::Config`], [`StoreError::Locked`], [`StoreError::Format`], and
    /// [`StoreError::Io`] when the folder cannot be read or written. Damaged data is not an error:
    /// it is quarantined and reported.
    pub async fn open(
        config: Config,
        dependencies: Dependencies,
        totals: Arc<dyn Totals>,
    ) -> Result<(Self, RecoveryReport), StoreError> {
        let (inner, report) = OpenStore::open(config, dependencies, totals).await?;
        Ok((Self { inner }, report))
    }

    /// Starts background flushes and maintenance, which run until [`Self::close`].
    pub fn spawn(&self) {
        self.inner.spawn();
    }

    /// Refuses new requests, flushes everything into parts, and releases the folder. Data that
    /// could not be flushed remains in the write-ahead log.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the last flush failed; the store is closed regardless.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }

    /// Flushes everything that is visible now into parts.
    ///
    /// # Errors
    /// [`StoreError::Io`]; nothing is lost, and the next flush resumes where this one stopped.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.inner.flush().await
    }

    /// One round of compaction and retention.
    ///
    /// # Errors
    /// [`StoreError::Io`]; stored data is unchanged.
    pub async fn maintain(&self) -> Result<(), StoreError> {
        self.inner.maintain().await
    }

    /// Deletes samples and exemplars that are visible now. They are gone from memory and parts when
    /// this returns; the memory of another process that shares the bucket is not affected.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when memory or disk do not suffice to rewrite a part, and
    /// [`StoreError::Io`]: some of the samples may be left, and the call can be repeated.
    pub async fn delete(&self, deletion: Deletion) -> Result<(), StoreError> {
        self.inner.delete(deletion).await
    }

    /// Copies all parts and manifests as they are now below a folder of the object store, which is
    /// then a complete store. On a local disk the copies are hard links. Call [`Self::flush`]
    /// before to include what is in memory.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the copy is incomplete.
    pub async fn back_up(&self, folder: &str) -> Result<(), StoreError> {
        let folder = &Path::from(folder);
        backup::back_up(&self.inner.objects, &self.inner.catalog, &self.inner.state, folder).await
    }

    /// The status of the store.
    pub fn status(&self) -> Status {
        self.inner.status()
    }

    /// Registers histograms of the store's work with the metrics of the process.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.inner.instruments.register(registry);
    }

    /// Becomes the reason when the write-ahead log has failed permanently: the process should then
    /// exit with an error and be restarted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while the store is still starting.
    pub fn fatal(&self) -> Result<tokio::sync::watch::Receiver<Option<String>>, StoreError> {
        Ok(self.inner.log()?.fatal())
    }

    /// Decides which items of a request are admitted, logs exactly those and makes them visible.
    /// Returns what was stored and what was refused once it is durable.
    ///
    /// # Errors
    /// [`StoreError::Memory`] and [`StoreError::Unavailable`] when memory or disk is full or the
    /// store is closing, [`StoreError::UnknownSeries`], and [`StoreError::TooLarge`] when the
    /// record is over 128 MiB: nothing was stored.
    pub async fn append(&self, request: WriteRequest) -> Result<Appended, StoreError> {
        self.inner.append(request).await
    }

    /// References of series; new series are created if there is room. A reference that is not used
    /// for a whole flush interval becomes invalid.
    pub fn resolve(&self, labels: &[Labels]) -> Vec<Option<SeriesRef>> {
        self.inner.state.metrics.resolve(labels)
    }

    /// A reader of all metrics that are admitted from now on or, if there was a reader of this name
    /// before, that it did not confirm. The name may consist of letters, digits, `-` and `_`.
    ///
    /// # Errors
    /// [`StoreError::Io`]; [`StoreError::Unavailable`] while the store is starting.
    pub fn follow_metrics(&self, name: &str) -> Result<Follower, StoreError> {
        Ok(self.inner.log()?.follow(name)?)
    }

    /// Forgets all readers of metrics that are not among `names`.
    ///
    /// # Errors
    /// As [`Self::follow_metrics`].
    pub fn retain_followers(&self, names: &[String]) -> Result<(), StoreError> {
        Ok(self.inner.log()?.retain_followers(names)?)
    }

    /// The rows of spans or logs that may lie in the range. A span that was sent more than once is
    /// included once.
    ///
    /// # Errors
    /// [`StoreError::Io`] when rows in memory are malformed.
    pub async fn snapshot(&self, signal: Signal, range: TimeRange) -> Result<Snapshot, StoreError> {
        self.inner.snapshot(signal, range).await
    }

    /// Verifies parts that could not be read. Damaged ones are quarantined and returned, and the
    /// next read skips them.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the object store does not respond.
    pub async fn verify(&self, parts: &[Path]) -> Result<Vec<Quarantined>, StoreError> {
        self.inner.verifier.verify(parts).await
    }

    /// Warnings about lost data of a signal and range: parts and log records that were quarantined,
    /// and missing files.
    pub fn warnings(&self, signal: Signal, range: TimeRange) -> Vec<String> {
        self.inner.state.warnings(signal, range)
    }

    /// The object store of the parts.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.objects)
    }

    /// The series that satisfy all matchers and may have samples in `start_ms..=end_ms`, sorted by
    /// labels. Their size is charged to `memory` while they are read.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when a part cannot be read; [`StoreError::Unavailable`] past
    /// `series_max`; [`StoreError::Memory`].
    pub async fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
        memory: &MemoryReservation,
    ) -> Result<Vec<SeriesChunks>, StoreError> {
        let (head, range) = (&self.inner.state.metrics, (start_ms, end_ms));
        let mut read = self.metric_read(start_ms, end_ms);
        loop {
            let (reader, parts) = (&self.inner.metric_parts, || read.parts());
            let selected =
                metrics::read::select(head, parts, reader, matchers, range, series_max, memory)
                    .await;
            match selected {
                // What this attempt charged is not returned, because others may share `memory`.
                Err(error) if read.is_outdated(&error).await => {}
                selected => return self.inner.verifier.verified(selected).await,
            }
        }
    }

    /// Label sets only, for `/series`, label names and label values.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub async fn series(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        series_max: usize,
    ) -> Result<Vec<Labels>, StoreError> {
        let head = &self.inner.state.metrics;
        let mut read = self.metric_read(start_ms, end_ms);
        loop {
            let (reader, parts) = (&self.inner.metric_parts, || read.parts());
            let series =
                metrics::read::series(head, parts, reader, matchers, start_ms, end_ms, series_max)
                    .await;
            match series {
                Err(error) if read.is_outdated(&error).await => {}
                series => return self.inner.verifier.verified(series).await,
            }
        }
    }

    /// Label names of the series that satisfy all matchers, sorted. Without matchers the names come
    /// from the label index, and the range only selects among whole sources: the head and each
    /// part.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when a part cannot be read; [`StoreError::Memory`] when the
    /// answer does not fit in `memory`.
    pub async fn label_names(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError> {
        let query = LabelQuery { projection: LabelProjection::Names, matchers, start_ms, end_ms };
        Ok(self.labels(&query, memory).await?.into_names())
    }

    /// Values of one label of those series, sorted; otherwise as [`Self::label_names`].
    ///
    /// # Errors
    /// As [`Self::label_names`].
    pub async fn label_values(
        &self,
        name: &str,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        memory: &MemoryReservation,
    ) -> Result<Vec<String>, StoreError> {
        let projection = LabelProjection::ValuesOf(name);
        let query = LabelQuery { projection, matchers, start_ms, end_ms };
        Ok(self.labels(&query, memory).await?.into_values())
    }

    /// Series counts of head and parts of a range by metric, label and pair: the `top` largest of
    /// each.
    ///
    /// # Errors
    /// As [`Self::label_names`].
    pub async fn cardinality(
        &self,
        start_ms: i64,
        end_ms: i64,
        top: usize,
        memory: &MemoryReservation,
    ) -> Result<Cardinality, StoreError> {
        let query =
            LabelQuery { projection: LabelProjection::Pairs, matchers: &[], start_ms, end_ms };
        Ok(Cardinality::of(&self.labels(&query, memory).await?, top))
    }

    async fn labels(
        &self,
        query: &LabelQuery<'_>,
        memory: &MemoryReservation,
    ) -> Result<LabelCounts, StoreError> {
        let head = &self.inner.state.metrics;
        let mut read = self.metric_read(query.start_ms, query.end_ms);
        loop {
            let (reader, parts) = (&self.inner.metric_parts, || read.parts());
            match metrics::read::labels(head, parts, reader, query, memory).await {
                Err(error) if read.is_outdated(&error).await => {}
                counts => return self.inner.verifier.verified(counts).await,
            }
        }
    }

    /// Exemplars of the series that satisfy all matchers, with times in `start_ms..=end_ms`.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub async fn exemplars(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<(Labels, Vec<Exemplar>)>, StoreError> {
        let head = &self.inner.state.metrics;
        let mut read = self.metric_read(start_ms, end_ms);
        loop {
            let (reader, parts) = (&self.inner.metric_parts, || read.parts());
            let found =
                metrics::read::exemplars(head, parts, reader, matchers, start_ms, end_ms).await;
            match found {
                Err(error) if read.is_outdated(&error).await => {}
                found => return self.inner.verifier.verified(found).await,
            }
        }
    }

    fn metric_read(&self, start_ms: i64, end_ms: i64) -> PartRead<'_> {
        let range = TimeRange::of_ms(start_ms, end_ms);
        PartRead::new(&self.inner.catalog, &self.inner.state, Signal::Metrics, range)
    }

    /// Type, help and unit of each metric family, sorted by name.
    pub fn metadata(&self) -> Vec<Metadata> {
        self.inner.state.metrics.metadata()
    }
}
