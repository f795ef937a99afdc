//! The open store: everything that its clones share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use object_store::ObjectStore;
use parking_lot::Mutex;
use signals::{Batch, Clock, Signal, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::files::Files;
use crate::head::memory_of;
use crate::maintain::Upkeep;
use crate::manifest::catalog::Catalog;
use crate::metrics::PartReader;
use crate::part::write::schema;
use crate::recover::replay::{self, Replayer};
use crate::recover::{self, RecoveryReport};
use crate::state::{Cut, State};
use crate::write_ahead::format::{Encoded, WriterId};
use crate::write_ahead::quarantine::Quarantine;
use crate::write_ahead::writer::{Apply, Log, Start};
use crate::{Config, Record, Replay, Seams, StoreError, TimeRange};

/// Time between two looks at the disk: its free space, and whether our files are still there.
const FREE_SPACE_EVERY: Duration = Duration::from_millis(250);
/// A background task that failed tries again after this.
const RETRY_AFTER: Duration = Duration::from_secs(10);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) files: Arc<dyn Files>,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) writer: WriterId,
    pub(crate) state: Arc<State>,
    pub(crate) metric_parts: PartReader,
    pub(crate) catalog: tokio::sync::Mutex<Catalog>,
    /// What a flush has cut and not yet committed; holding it is being the one who flushes.
    pub(crate) pending: tokio::sync::Mutex<Option<Cut>>,
    pub(crate) log: OnceLock<Log>,
    pub(crate) flushed_at: Mutex<Option<Timestamp>>,
    pub(crate) quarantined: AtomicU64,
    pub(crate) upkeep: tokio::sync::Mutex<Upkeep>,
    free: FreeSpace,
    pub(crate) closing: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

#[derive(Default)]
struct FreeSpace {
    looked_at: Mutex<Option<Duration>>,
    is_low: AtomicBool,
}

impl Inner {
    /// Opens the folder and replays its log.
    pub(crate) async fn open(
        config: Config,
        seams: Seams,
        replay: Arc<dyn Replay>,
    ) -> Result<(Arc<Self>, RecoveryReport), StoreError> {
        config.validate()?;
        let opened = recover::open(&seams).await?;
        let missing = opened.report.missing_parts.iter().cloned().collect();
        let state = Arc::new(State::new(
            config.head_bytes_max,
            &config.memory.head,
            config.metric_limits.clone(),
            missing,
        ));
        for (signal, day, manifest) in opened.catalog.days() {
            state.commit(signal, day, &manifest.parts, false);
        }
        let marks = replay::marks(&opened.catalog, opened.writer);
        let mut report = opened.report;
        let inner = Arc::new(Self {
            clock: seams.clock,
            files: seams.files,
            metric_parts: PartReader::new(Arc::clone(&seams.objects), &config.memory.caches),
            objects: seams.objects,
            writer: opened.writer,
            state,
            catalog: tokio::sync::Mutex::new(opened.catalog),
            pending: tokio::sync::Mutex::new(None),
            log: OnceLock::new(),
            flushed_at: Mutex::new(None),
            quarantined: AtomicU64::new(0),
            upkeep: tokio::sync::Mutex::default(),
            free: FreeSpace::default(),
            closing: watch::Sender::new(false),
            tasks: Mutex::default(),
            lock: Mutex::new(Some(opened.lock)),
            config,
        });
        let everything = TimeRange { start: i64::MIN, end: i64::MAX };
        let metric_parts = inner.state.parts(Signal::Metrics, everything);
        if !metric_parts.is_empty() {
            let families = inner.metric_parts.metadata(&metric_parts).await?;
            inner.state.metrics.restore_metadata(families);
        }
        inner.replay(&opened.quarantine, replay.as_ref(), marks, &mut report).await?;
        inner.quarantined.store(report.quarantined.len() as u64, Ordering::Relaxed);
        Ok((inner, report))
    }

    async fn replay(
        &self,
        quarantine: &Quarantine,
        replay: &dyn Replay,
        marks: std::collections::HashMap<(Signal, i32), u64>,
        report: &mut RecoveryReport,
    ) -> Result<(), StoreError> {
        let newest_mark = marks.values().copied().max().unwrap_or(0);
        let mut replayer = Replayer {
            files: self.files.as_ref(),
            writer: self.writer,
            quarantine,
            replay,
            state: self.state.as_ref(),
            report,
            marks,
            last_sequence: 0,
            last_record: None,
            segments: Vec::new(),
        };
        replayer
            .run(async || {
                let flushed = self.flush().await;
                match flushed {
                    Err(error) if self.state.bytes() < 2 * self.config.head_bytes_max => {
                        tracing::warn!(%error, "a flush during the replay failed");
                        Ok(())
                    }
                    other => other,
                }
            })
            .await?;
        let start = Start {
            files: Arc::clone(&self.files),
            clock: Arc::clone(&self.clock),
            writer: self.writer,
            next_sequence: replayer.last_sequence.max(newest_mark) + 1,
            closed: std::mem::take(&mut replayer.segments),
            segment_bytes: self.config.segment_bytes,
        };
        let apply: Arc<dyn Apply> = Arc::clone(&self.state) as Arc<dyn Apply>;
        let log = Log::start(start, apply)?;
        let _ = self.log.set(log);
        if !replayer.report.quarantined.is_empty() {
            // So that the damaged segments are gone and the same damage is not found again.
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, "the flush after a damaged log failed");
            }
        }
        Ok(())
    }

    pub(crate) fn log(&self) -> Result<&Log, StoreError> {
        self.log.get().ok_or_else(|| StoreError::Unavailable("the store is starting".into()))
    }

    pub(crate) async fn append(
        &self,
        record: Record,
        batches: Vec<Batch>,
    ) -> Result<(), StoreError> {
        if batches.is_empty() {
            return Ok(());
        }
        if *self.closing.borrow() {
            return Err(StoreError::Unavailable("the store is closing".into()));
        }
        self.check_room()?;
        check_columns(&batches)?;
        let encoded = Encoded::new(&record)?;
        drop(record);
        let bytes = encoded.stored_bytes() + batches.iter().map(batch_bytes).sum::<usize>();
        let permit = self.config.memory.queue.reserve(bytes)?;
        let answer = self.log()?.append(encoded, batches, permit)?;
        answer
            .await
            .map_err(|_| StoreError::Unavailable("the write-ahead log has stopped".into()))?
    }

    /// Whether memory and disk have room for more.
    fn check_room(&self) -> Result<(), StoreError> {
        if self.state.bytes() >= self.config.head_bytes_max.saturating_mul(2) {
            return Err(StoreError::Unavailable(format!(
                "memory holds {} bytes that are not in parts yet, twice head_bytes_max",
                self.state.bytes()
            )));
        }
        let head = &self.config.memory.head;
        if head.bytes_taken() >= head.bytes_max() {
            return Err(StoreError::Unavailable(format!(
                "memory is full: {} of {} bytes hold what is not in parts yet and the series",
                head.bytes_taken(),
                head.bytes_max()
            )));
        }
        let now = self.clock.monotonic();
        {
            let mut looked_at = self.free.looked_at.lock();
            let is_due = looked_at.is_none_or(|then| now.saturating_sub(then) >= FREE_SPACE_EVERY);
            if is_due {
                *looked_at = Some(now);
                drop(looked_at);
                self.look_at_free_space();
                self.log()?.look_for_itself();
            }
        }
        if self.free.is_low.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable(format!(
                "the disk of {} has less than {} free bytes",
                self.files.location(),
                self.config.free_bytes_min
            )));
        }
        Ok(())
    }

    fn look_at_free_space(&self) {
        // A file system that does not say is taken at its word when it is full.
        let Ok(free) = self.files.free_bytes() else { return };
        let was_low = self.free.is_low.load(Ordering::Relaxed);
        let min = self.config.free_bytes_min;
        // A quarter more is needed to go on than to stop, so that it does not flutter.
        let is_low = free < if was_low { min.saturating_add(min / 4) } else { min };
        self.free.is_low.store(is_low, Ordering::Relaxed);
        if is_low != was_low {
            tracing::warn!(free, min, is_low, "free space of the data folder's disk");
        }
    }

    pub(crate) fn is_disk_low(&self) -> bool {
        self.free.is_low.load(Ordering::Relaxed)
    }

    /// Starts the tasks that flush and maintain.
    pub(crate) fn spawn(self: &Arc<Self>) {
        let mut tasks = self.tasks.lock();
        if tasks.is_empty() && !*self.closing.borrow() {
            let flush = flush_task(Arc::downgrade(self), self.closing.subscribe());
            tasks.push(tokio::spawn(flush));
            let maintain = maintenance_task(Arc::downgrade(self), self.closing.subscribe());
            tasks.push(tokio::spawn(maintain));
        }
    }

    /// Refuses what comes from now on, brings everything into parts, and lets the folder go. A log
    /// that failed before is an error here too: what was acknowledged last may be nowhere.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.closing.send_replace(true);
        let tasks: Vec<JoinHandle<()>> = self.tasks.lock().drain(..).collect();
        for task in tasks {
            // A task that panicked is gone, which is what is wanted of it.
            let _ = task.await;
        }
        let flushed = self.flush().await;
        if let Some(log) = self.log.get() {
            log.stop();
        }
        self.lock.lock().take();
        let failed = self.log.get().and_then(|log| log.fatal().borrow().clone());
        flushed.and(failed.map_or(Ok(()), |reason| Err(StoreError::Fatal(reason))))
    }
}

/// Everything that could make visible rows fail is found before they are written ahead.
fn check_columns(batches: &[Batch]) -> Result<(), StoreError> {
    for batch in batches {
        let (Batch::Spans(rows) | Batch::Logs(rows)) = batch else { continue };
        if rows.schema_ref() != &schema(batch.signal()) {
            return Err(StoreError::Io(format!(
                "a batch has not the columns of {}",
                batch.signal().name()
            )));
        }
    }
    Ok(())
}

fn batch_bytes(batch: &Batch) -> usize {
    match batch {
        Batch::Spans(rows) | Batch::Logs(rows) => memory_of(rows),
        Batch::Metrics(series) => {
            let labels: usize =
                series.labels.iter().map(|labels| labels.as_bytes().len() + 16).sum();
            labels
                + 24 * series.samples.len()
                + 256 * series.histograms.len()
                + 128 * series.exemplars.len()
        }
    }
}

async fn flush_task(inner: Weak<Inner>, mut closing: watch::Receiver<bool>) {
    let mut wait = None;
    loop {
        let Some(state) =
            inner.upgrade().map(|inner| (Arc::clone(&inner.state), inner.config.flush_interval))
        else {
            return;
        };
        let (state, interval) = state;
        tokio::select! {
            () = tokio::time::sleep(wait.unwrap_or(interval)) => {}
            () = state.is_full.notified(), if wait.is_none() => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        let Some(inner) = inner.upgrade() else { return };
        wait = match inner.flush().await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "a flush failed and is tried again");
                Some(RETRY_AFTER.min(interval))
            }
        };
    }
}

async fn maintenance_task(inner: Weak<Inner>, mut closing: watch::Receiver<bool>) {
    loop {
        let Some(interval) = inner.upgrade().map(|inner| inner.config.maintenance_interval) else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.maintain().await {
            tracing::warn!(%error, "maintenance failed and is tried again");
        }
    }
}
