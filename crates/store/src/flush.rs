//! Flushes memory into parts: cuts the head, sorts the rows, writes one part for each day and
//! signal, commits it, and releases segments of the log.
//!
//! A failed flush resumes where it stopped, before anything new is cut. Until then its rows remain
//! readable in memory and safe in the log.

use std::io::{self, Write};
use std::sync::Arc;

use object_store::{ObjectStore, PutMode, PutOptions};
use parking_lot::Mutex;
use signals::{Clock, MemoryBudget, MemoryReservation, Signal, Timestamp};

use crate::context::Context;
use crate::head::memory_of;
use crate::instruments::Instruments;
use crate::manifest::catalog::Catalog;
use crate::manifest::drafts::{Draft, Drafts};
use crate::manifest::origin::{Origin, SequenceRange};
use crate::manifest::{Entry, Manifest};
use crate::metrics::Frozen;
use crate::part::write::{self, Counted, Written};
use crate::state::{DayRows, FlushInput, State};
use crate::write_ahead::writer::Log;
use crate::{StoreError, calendar, copies, metrics};

/// Flushes the memory of one writer into parts.
#[derive(Debug)]
pub(crate) struct Flusher {
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    catalog: Arc<Catalog>,
    state: Arc<State>,
    /// The parts being written, named after this writer.
    drafts: Drafts,
    /// Budget for parts while they are written.
    memory: MemoryBudget,
    /// The uncommitted cut. Its lock is held during a flush, so flushes do not overlap.
    pending: tokio::sync::Mutex<Option<FlushInput>>,
    flushed_at: Mutex<Option<Timestamp>>,
    instruments: Instruments,
}

impl Flusher {
    pub(crate) fn new(context: &Context, state: Arc<State>) -> Self {
        Self {
            objects: Arc::clone(&context.objects),
            clock: Arc::clone(&context.clock),
            catalog: Arc::clone(&context.catalog),
            state,
            drafts: context.drafts.clone(),
            memory: context.merges.clone(),
            pending: tokio::sync::Mutex::new(None),
            flushed_at: Mutex::new(None),
            instruments: context.instruments.clone(),
        }
    }

    /// When the head was last flushed.
    pub(crate) fn flushed_at(&self) -> Option<Timestamp> {
        *self.flushed_at.lock()
    }

    /// Flushes everything visible at the time of the call, then releases its segments of the log.
    /// `log` is `None` during replay.
    ///
    /// `keep_totals` logs the delta totals again, in the segments that remain.
    pub(crate) async fn flush(
        &self,
        log: Option<&Log>,
        keep_totals: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let mut pending = self.pending.lock().await;
        let began = self.clock.monotonic();
        if let Some(cut) = pending.as_mut() {
            self.write_cut(cut).await?;
            *pending = None;
        }
        if let Some(log) = log
            && let Err(error) = log.rotate().await
        {
            // The flush continues: parts may still have room, and they free the log.
            tracing::warn!(%error, "cannot start a new segment of the write-ahead log; the current one is kept");
        }
        // A large snapshot may itself fill segments; these are kept.
        let first_kept = log.map_or(0, Log::active_first_sequence);
        let are_totals_kept = keep_totals.await;
        let cut = self.state.cut()?;
        let cut = pending.insert(cut);
        self.write_cut(cut).await?;
        let sequence = cut.sequence;
        *pending = None;
        if let Some(log) = log {
            // Without the snapshot, only the older segments hold the totals.
            are_totals_kept?;
            log.release(sequence.min(first_kept.saturating_sub(1)))?;
        }
        *self.flushed_at.lock() = Some(self.clock.now());
        self.instruments.flushed(self.clock.monotonic().saturating_sub(began));
        Ok(())
    }

    async fn write_cut(&self, cut: &mut FlushInput) -> Result<(), StoreError> {
        while let Some(rows) = cut.days.last().cloned() {
            self.write_day(rows, cut.sequence).await?;
            cut.days.pop();
        }
        let Some((frozen, days)) = &mut cut.metrics else { return Ok(()) };
        while let Some(day) = days.last().copied() {
            self.write_metrics(frozen.clone(), day, cut.sequence).await?;
            days.pop();
        }
        self.state.release(frozen);
        cut.metrics = None;
        Ok(())
    }

    async fn write_metrics(
        &self,
        frozen: Frozen,
        day: i32,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let Some(range) = self.range(Signal::Metrics, day, sequence).await else {
            return Ok(());
        };
        let held = usize::try_from(self.state.metrics.stats().bytes).unwrap_or(usize::MAX);
        let row_group = held.min(metrics::part::ROW_GROUP_BYTES);
        let mut sink = Counted::new(PartBuffer::new(&self.memory, row_group));
        let work = move |origin: String| {
            let summary = metrics::part::write(&frozen, day, origin, &mut sink)?;
            Ok::<_, StoreError>((summary.written(sink.crc32c()), sink.into_inner()))
        };
        self.write(Signal::Metrics, day, range, work).await
    }

    async fn write_day(&self, rows: DayRows, sequence: u64) -> Result<(), StoreError> {
        let DayRows { signal, day, mut batches } = rows;
        let Some(range) = self.range(signal, day, sequence).await else { return Ok(()) };
        if signal == Signal::Spans {
            batches = copies::not_stored(&self.objects, &self.state, batches).await?;
        }
        if batches.is_empty() {
            return self.commit(signal, day, &range, None).await;
        }
        let held: usize = batches.iter().map(memory_of).sum();
        let row_group = held.min(write::ROW_GROUP_BYTES);
        let sink = PartBuffer::new(&self.memory, row_group);
        let work = move |origin: String| write::write_flushed(signal, &batches, origin, sink);
        self.write(signal, day, range, work).await
    }

    /// The range of rows up to a sequence that are not in parts yet; `None` if an earlier attempt
    /// succeeded after all.
    async fn range(&self, signal: Signal, day: i32, sequence: u64) -> Option<SequenceRange> {
        let writer = self.drafts.writer().to_hex();
        let after = self.catalog.flushed_sequence(signal, day, &writer).await;
        (after < sequence).then_some(SequenceRange { writer, after, sequence })
    }

    /// Writes and commits one part.
    async fn write(
        &self,
        signal: Signal,
        day: i32,
        range: SequenceRange,
        work: impl FnOnce(String) -> Result<(Written, PartBuffer), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let origin = Origin::flushed(signal, day, range, self.clock.now());
        let json = origin.to_json()?;
        let (written, part) = tokio::task::spawn_blocking(move || work(json))
            .await
            .map_err(|error| StoreError::Io(format!("writing a part: {error}")))??;
        self.put_and_commit(signal, day, &origin, written, part).await
    }

    async fn put_and_commit(
        &self,
        signal: Signal,
        day: i32,
        origin: &Origin,
        written: Written,
        part: PartBuffer,
    ) -> Result<(), StoreError> {
        let PartBuffer { bytes, memory: _memory, .. } = part;
        let draft = self.drafts.begin(origin);
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.objects.put_opts(&draft.location(), bytes.into(), create).await {
            // The name is unique: an earlier attempt succeeded and its response was lost.
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.instruments.part_written(signal, "flush", written.bytes);
        let entry = origin.entry(draft.path(), &written);
        self.commit(signal, day, &origin.range, Some((&draft, entry))).await
    }

    /// Adds a part, if any, to the manifest, and records that the rows of the range are in parts.
    async fn commit(
        &self,
        signal: Signal,
        day: i32,
        range: &SequenceRange,
        part: Option<(&Draft, Entry)>,
    ) -> Result<(), StoreError> {
        let list = |manifest: &mut Manifest| {
            let flushed = manifest.flushed_sequence(&range.writer);
            if flushed >= range.sequence {
                return Ok(false);
            }
            if flushed != range.after {
                return Err(moved(signal, day, flushed));
            }
            if let Some((draft, entry)) = &part {
                draft.check_age()?;
                manifest.parts.push(entry.clone());
            }
            manifest.advance(range);
            Ok(true)
        };
        self.catalog.change(signal, day, list).await?;
        Ok(())
    }
}

/// A part that is being written. Its memory reservation is never refused, because a flush is what
/// frees memory.
struct PartBuffer {
    bytes: Vec<u8>,
    /// Memory of the current row group, which is not in `bytes` yet.
    row_group: usize,
    memory: MemoryReservation,
}

impl PartBuffer {
    fn new(memory: &MemoryBudget, row_group: usize) -> Self {
        let memory = memory.reservation();
        memory.grow(row_group);
        Self { bytes: Vec::new(), row_group, memory }
    }
}

impl Write for PartBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        self.memory.set(self.row_group + self.bytes.capacity());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Continuing would hide or duplicate rows. A restart reads the sequence from the manifest.
fn moved(signal: Signal, day: i32, flushed: u64) -> StoreError {
    StoreError::Fatal(format!(
        "the manifest of {} of {} says that rows up to {flushed} are stored, and this process did \
         not store them: another process runs with a copy of this data folder",
        signal.name(),
        calendar::day_name(day)
    ))
}
