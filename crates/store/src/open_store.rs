//! The open store: everything that its clones share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use object_store::ObjectStore;
use parking_lot::Mutex;
use signals::{Clock, Signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::context::Context;
use crate::copies::LookedUp;
use crate::files::Files;
use crate::flush::Flusher;
use crate::instruments::Instruments;
use crate::maintenance::Maintenance;
use crate::maintenance::verify::Verifier;
use crate::manifest::catalog::Catalog;
use crate::manifest::drafts::Drafts;
use crate::metrics::PartReader;
use crate::recover::replay::{self, Replayer};
use crate::recover::{self, RecoveryReport};
use crate::state::State;
use crate::write_ahead::format::WriterId;
use crate::write_ahead::quarantine::Quarantine;
use crate::write_ahead::record::Defined;
use crate::write_ahead::writer::{Apply, Log, Start};
use crate::{Config, Deletion, Dependencies, StoreError, TimeRange, Totals};

/// Interval between checks of the disk: free space, and whether our files still exist.
const FREE_SPACE_EVERY: Duration = Duration::from_millis(250);
/// Delay before a failed background task is retried.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// A burst is over when the head has hardly grown for this long.
const BURST_OVER_AFTER: Duration = Duration::from_secs(15);
/// A smaller head is not flushed at the end of a burst.
const BURST_BYTES: usize = 16 << 20;

pub(crate) struct OpenStore {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) files: Arc<dyn Files>,
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) writer: WriterId,
    pub(crate) state: Arc<State>,
    pub(crate) metric_parts: PartReader,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) flusher: Flusher,
    maintenance: tokio::sync::Mutex<Maintenance>,
    pub(crate) log: OnceLock<Log>,
    pub(crate) verifier: Verifier,
    pub(crate) looked_up: tokio::sync::Mutex<LookedUp>,
    pub(crate) quarantined: Arc<AtomicU64>,
    /// Segments of the log that were missing at the start.
    pub(crate) missing_segments: AtomicU64,
    /// Whether other processes may use the same objects.
    is_shared: bool,
    pub(crate) totals: Arc<dyn Totals>,
    free: FreeSpace,
    pub(crate) closing: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
    pub(crate) instruments: Instruments,
}

#[derive(Default)]
struct FreeSpace {
    looked_at: Mutex<Option<Duration>>,
    is_low: AtomicBool,
}

impl OpenStore {
    /// Opens the folder and replays its log.
    pub(crate) async fn open(
        config: Config,
        dependencies: Dependencies,
        totals: Arc<dyn Totals>,
    ) -> Result<(Arc<Self>, RecoveryReport), StoreError> {
        config.validate()?;
        let opened = recover::open(&dependencies).await?;
        let Dependencies { files, clock, objects, objects_disk } = dependencies;
        let missing = opened.report.missing_parts.iter().cloned().collect();
        let writer = opened.writer;
        let state = Arc::new(State::new(writer, &config, missing));
        let flushed = replay::flushed_sequences(&opened.days, writer);
        let is_listed = opened.is_listed;
        let flushed_at = opened.days.values().map(|manifest| manifest.written_at).max();
        state.lost.add(&opened.notes);
        let lost = Arc::clone(&state.lost);
        let catalog = Catalog::new(opened.documents, Arc::clone(&state) as _, opened.days);
        let catalog = Arc::new(catalog);
        let closing = watch::Sender::new(false);
        let quarantined = Arc::new(AtomicU64::new(0));
        let instruments = Instruments::default();
        let context = Context {
            objects: Arc::clone(&objects),
            disk: objects_disk.clone(),
            clock: Arc::clone(&clock),
            catalog: Arc::clone(&catalog),
            drafts: Drafts::new(writer, Arc::clone(&clock)),
            reader: PartReader::new(Arc::clone(&objects), &config.memory.caches),
            merges: config.memory.merges.clone(),
            quarantined: Arc::clone(&quarantined),
            lost,
            instruments: instruments.clone(),
            closing: closing.subscribe(),
        };
        let mut report = opened.report;
        let inner = Arc::new(Self {
            totals,
            flusher: Flusher::new(&context, Arc::clone(&state)),
            metric_parts: context.reader.clone(),
            verifier: Verifier::new(&context),
            maintenance: tokio::sync::Mutex::new(Maintenance::new(context, &config)),
            clock,
            files,
            objects,
            writer,
            state,
            catalog,
            log: OnceLock::new(),
            quarantined,
            missing_segments: AtomicU64::new(0),
            looked_up: tokio::sync::Mutex::new(LookedUp::new(&config.memory.head)),
            is_shared: objects_disk.is_none(),
            free: FreeSpace::default(),
            closing,
            tasks: Mutex::default(),
            lock: Mutex::new(Some(opened.lock)),
            instruments,
            config,
        });
        inner.restore_metadata(&mut report).await?;
        let flushed_at = flushed_at.unwrap_or(signals::Timestamp::MIN);
        let log = (is_listed, flushed_at);
        inner.replay(&opened.quarantine, flushed, log, &mut report).await?;
        inner.missing_segments.store(report.missing_segments.len() as u64, Ordering::Relaxed);
        inner.state.lost.add(&report.quarantined);
        inner.quarantined.store(report.quarantined.len() as u64, Ordering::Relaxed);
        Ok((inner, report))
    }

    /// Reads the metadata of metric families from parts. A part that cannot be read is verified.
    async fn restore_metadata(&self, report: &mut RecoveryReport) -> Result<(), StoreError> {
        let everything = TimeRange { start: i64::MIN, end: i64::MAX };
        let mut parts = self.state.parts(Signal::Metrics, everything);
        while !parts.is_empty() {
            match self.metric_parts.metadata(&parts).await {
                Ok(families) => {
                    self.state.metrics.restore_metadata(families);
                    break;
                }
                Err(StoreError::Unreadable { path, reason }) => {
                    tracing::warn!(path, reason, "the metric metadata of a part cannot be read");
                    parts.retain(|part| part.path.as_ref() != path);
                    match self.verifier.verify(&[path.into()]).await {
                        Ok(aside) => report.quarantined.extend(aside),
                        Err(error) => tracing::warn!(%error, "a part could not be verified"),
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn replay(
        &self,
        quarantine: &Quarantine,
        flushed: std::collections::HashMap<(Signal, i32), u64>,
        (is_listed, flushed_at): (bool, signals::Timestamp),
        report: &mut RecoveryReport,
    ) -> Result<(), StoreError> {
        let newest_flushed = flushed.values().copied().max().unwrap_or(0);
        let mut replayer = Replayer {
            files: self.files.as_ref(),
            writer: self.writer,
            quarantine,
            totals: self.totals.as_ref(),
            state: self.state.as_ref(),
            report,
            flushed,
            last_sequence: 0,
            last_record: None,
            segments: Vec::new(),
            defined: Defined::default(),
            is_listed,
            flushed_at,
            explained: 0,
            gone: Vec::new(),
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
        let last_sequence = replayer.last_sequence.max(newest_flushed);
        let is_damaged = !replayer.report.quarantined.is_empty();
        let start = Start {
            files: Arc::clone(&self.files),
            clock: Arc::clone(&self.clock),
            writer: self.writer,
            next_sequence: last_sequence + 1,
            damaged_until: if is_damaged { last_sequence } else { 0 },
            closed: std::mem::take(&mut replayer.segments),
            segment_bytes: self.config.segment_bytes,
            followed_bytes_max: self.config.followed_bytes_max,
            instruments: self.instruments.clone(),
        };
        let apply: Arc<dyn Apply> = Arc::clone(&self.state) as Arc<dyn Apply>;
        let log = Log::start(start, apply)?;
        let _ = self.log.set(log);
        if is_damaged {
            // Frees the damaged segments, so that the next start does not find the same damage.
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, "the flush after a damaged log failed");
            }
        }
        Ok(())
    }

    pub(crate) fn log(&self) -> Result<&Log, StoreError> {
        self.log.get().ok_or_else(|| StoreError::Unavailable("the store is starting".into()))
    }

    /// Whether memory and disk have room for more.
    pub(crate) fn check_room(&self) -> Result<(), StoreError> {
        if self.state.bytes() >= self.config.head_bytes_max.saturating_mul(2) {
            return Err(StoreError::Unavailable(format!(
                "{} bytes are not flushed yet, twice the limit of the head",
                self.state.bytes()
            )));
        }
        let head = &self.config.memory.head;
        let (taken, max) = (head.bytes_taken(), head.bytes_max());
        if taken >= max {
            return Err(StoreError::Unavailable(format!(
                "memory is full: unflushed data and active series use {taken} of {max} bytes"
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
                self.log()?.check_segment_exists();
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
        // If the free space is unknown, rely on the file system's disk-full errors.
        let Ok(free) = self.files.free_bytes() else { return };
        let was_low = self.free.is_low.load(Ordering::Relaxed);
        let min = self.config.free_bytes_min;
        // Hysteresis: accepting again needs a quarter more free space than stopping.
        let is_low = free < if was_low { min.saturating_add(min / 4) } else { min };
        self.free.is_low.store(is_low, Ordering::Relaxed);
        if is_low != was_low {
            tracing::warn!(free, min, is_low, "free space of the data folder's disk");
        }
    }

    pub(crate) fn is_disk_low(&self) -> bool {
        self.free.is_low.load(Ordering::Relaxed)
    }

    /// Flushes everything visible at the time of the call into parts.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let flushed = self.flusher.flush(self.log.get(), self.append_totals()).await;
        self.note_fatal(&flushed);
        flushed
    }

    /// Runs everything that is due now.
    pub(crate) async fn maintain(&self) -> Result<(), StoreError> {
        let done = self.maintenance.lock().await.run().await;
        self.note_fatal(&done);
        done
    }

    /// Deletes samples that are visible at the time of the call.
    pub(crate) async fn delete(&self, deletion: Deletion) -> Result<(), StoreError> {
        self.flush().await?;
        let done = self.maintenance.lock().await.delete(deletion).await;
        self.note_fatal(&done);
        done
    }

    fn note_fatal(&self, result: &Result<(), StoreError>) {
        if let (Err(StoreError::Fatal(reason)), Some(log)) = (result, self.log.get()) {
            log.fail(reason);
        }
    }

    /// Starts the tasks that flush, maintain and refresh.
    pub(crate) fn spawn(self: &Arc<Self>) {
        let mut tasks = self.tasks.lock();
        if tasks.is_empty() && !*self.closing.borrow() {
            let flush = flush_task(Arc::downgrade(self), self.closing.subscribe());
            tasks.push(tokio::spawn(flush));
            let maintain = maintenance_task(Arc::downgrade(self), self.closing.subscribe());
            tasks.push(tokio::spawn(maintain));
            if self.is_shared {
                let refresh = refresh_task(Arc::downgrade(self), self.closing.subscribe());
                tasks.push(tokio::spawn(refresh));
            }
        }
    }

    /// Refuses new requests, flushes everything into parts, and releases the folder. An earlier
    /// failure of the log is an error here, too: the last acknowledged data may be lost.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.closing.send_replace(true);
        let tasks: Vec<JoinHandle<()>> = self.tasks.lock().drain(..).collect();
        for task in tasks {
            // A task that panicked has ended, which is all that matters here.
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

async fn flush_task(inner: Weak<OpenStore>, mut closing: watch::Receiver<bool>) {
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
            () = end_of_burst(&state), if wait.is_none() => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        let Some(inner) = inner.upgrade() else { return };
        wait = match inner.flush().await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(%error, "a flush failed and will be retried");
                Some(RETRY_AFTER.min(interval))
            }
        };
    }
}

/// Completes when the head is large and hardly grows any more, so that the data of a burst does not
/// occupy memory for a whole flush interval.
async fn end_of_burst(state: &State) {
    let mut before = state.bytes();
    loop {
        tokio::time::sleep(BURST_OVER_AFTER).await;
        let bytes = state.bytes();
        if is_burst_over(before, bytes) {
            return;
        }
        before = bytes;
    }
}

/// Whether a head that grew from `before` to `bytes` between two checks is left over from a burst.
/// Steady growth is not: within a flush interval it adds a fortieth or more per check.
fn is_burst_over(before: usize, bytes: usize) -> bool {
    bytes >= BURST_BYTES && bytes.saturating_sub(before) <= before / 64
}

async fn maintenance_task(inner: Weak<OpenStore>, mut closing: watch::Receiver<bool>) {
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
            tracing::warn!(%error, "maintenance failed and will be retried");
        }
    }
}

async fn refresh_task(inner: Weak<OpenStore>, mut closing: watch::Receiver<bool>) {
    loop {
        let Some(interval) = inner.upgrade().map(|inner| inner.config.refresh_interval) else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        let Some(inner) = inner.upgrade() else { return };
        if let Err(error) = inner.catalog.refresh().await {
            tracing::warn!(%error, "parts of other processes could not be listed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_over_when_much_is_left_and_hardly_anything_comes() {
        const MIB: usize = 1 << 20;
        let mut cases = vec![
            ("nothing", 0, 0, false),
            ("little", MIB, MIB, false),
            ("much at once", 0, 64 * MIB, false),
            ("much that still grows", 60 * MIB, 64 * MIB, false),
            ("much that stays", 64 * MIB, 64 * MIB, true),
            ("much with own metrics", 64 * MIB, 64 * MIB + MIB / 2, true),
            ("what a flush has left", 64 * MIB, MIB, false),
        ];
        let looks = Config::default().flush_interval.as_secs() / BURST_OVER_AFTER.as_secs();
        for look in 1..looks as usize {
            cases.push(("steady data", look * 2 * MIB, (look + 1) * 2 * MIB, false));
        }
        for (what, before, bytes, is_over) in cases {
            assert_eq!(is_burst_over(before, bytes), is_over, "{what}: {before} to {bytes}");
        }
    }
}
