//! From memory into parts: cut the head, sort, write one part a day and signal, commit, and free
//! the log.
//!
//! A flush that fails is taken up again where it stopped, before anything new is cut; until then
//! its rows stay readable in memory and safe in the log.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use signals::{Signal, Timestamp};

use crate::inner::Inner;
use crate::manifest::Entry;
use crate::metrics::{Frozen, PartSummary};
use crate::part::write::{self, Counted, Written};
use crate::state::{Cut, DayRows};
use crate::write_ahead::format::WriterId;
use crate::{StoreError, calendar, metrics};

/// The folder of all parts.
pub(crate) const PARTS: &str = "parts";

/// Where the parts of a signal and day are.
pub(crate) fn folder(signal: Signal, day: i32) -> Path {
    Path::from(format!("{PARTS}/{}/{}", signal.name(), calendar::day_name(day)))
}

/// What a part's footer says about where it comes from, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) signal: String,
    pub(crate) day: String,
    pub(crate) level: u32,
    pub(crate) writer: String,
    pub(crate) after: u64,
    pub(crate) sequence: u64,
    pub(crate) created: Timestamp,
    /// The parts that this one replaced.
    pub(crate) inputs: Vec<String>,
}

impl Origin {
    /// A part of rows as they were flushed: those after one sequence, up to the other.
    pub(crate) fn flushed(
        signal: Signal,
        day: i32,
        writer: String,
        (after, sequence): (u64, u64),
        created: Timestamp,
    ) -> Self {
        let (signal, day) = (signal.name().into(), calendar::day_name(day));
        Self { signal, day, level: 0, writer, after, sequence, created, inputs: Vec::new() }
    }

    /// A part that is made of parts, oldest first.
    pub(crate) fn merged(signal: Signal, day: i32, inputs: &[Entry]) -> Option<Self> {
        let last = inputs.last()?;
        let of_writer = inputs.iter().filter(|input| input.writer == last.writer);
        let after = of_writer.map(|input| input.after).min()?;
        let created = inputs.iter().map(|input| input.created).max()?;
        let stretch = (after, last.sequence);
        let mut origin = Self::flushed(signal, day, last.writer.clone(), stretch, created);
        origin.level = inputs.iter().map(|input| input.level).max()? + 1;
        origin.inputs = inputs.iter().map(|input| input.path.clone()).collect();
        Some(origin)
    }

    /// As much as the name of a part tells.
    pub(crate) fn from_path(signal: Signal, day: i32, meta: &ObjectMeta) -> Option<Self> {
        let mut words = meta.location.filename()?.strip_suffix(".parquet")?.split('-');
        let sequence = words.next()?.parse().ok()?;
        let writer = words.next()?.to_owned();
        let level = words.next()?.parse().ok()?;
        let created = meta.last_modified.timestamp_nanos_opt()?;
        let origin = Self::flushed(signal, day, writer, (0, sequence), created);
        Some(Self { level, ..origin })
    }

    pub(crate) fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Io(error.to_string()))
    }

    /// Where the part is. The same rows get the same name again, so that a part whose commit
    /// failed is written over and not left behind.
    pub(crate) fn path(&self) -> String {
        let writer: String = self.writer.chars().take(8).collect();
        let Self { signal, day, sequence, level, .. } = self;
        format!("{PARTS}/{signal}/{day}/{sequence:020}-{writer}-{level}.parquet")
    }

    pub(crate) fn entry(&self, written: &Written) -> Entry {
        Entry {
            path: self.path(),
            bytes: written.bytes,
            rows: written.rows,
            min_time: written.min_time,
            max_time: written.max_time,
            level: self.level,
            created: self.created,
            crc32c: written.crc32c,
            writer: self.writer.clone(),
            after: self.after,
            sequence: self.sequence,
        }
    }
}

impl Inner {
    /// Brings everything that was visible when this was called into parts.
    pub(crate) async fn flush(&self) -> Result<(), StoreError> {
        let flushed = self.try_flush().await;
        if let (Err(StoreError::Fatal(reason)), Some(log)) = (&flushed, self.log.get()) {
            log.fail(reason);
        }
        flushed
    }

    async fn try_flush(&self) -> Result<(), StoreError> {
        let mut pending = self.pending.lock().await;
        if let Some(cut) = pending.as_mut() {
            self.write_cut(cut).await?;
            *pending = None;
        }
        if let Some(log) = self.log.get()
            && let Err(error) = log.rotate().await
        {
            // Parts may still have room where the log has none, and they are what frees it.
            tracing::warn!(%error, "the write-ahead log keeps its segment");
        }
        let cut = self.state.cut()?;
        let cut = pending.insert(cut);
        self.write_cut(cut).await?;
        let sequence = cut.sequence;
        *pending = None;
        if let Some(log) = self.log.get() {
            log.release(sequence)?;
        }
        *self.flushed_at.lock() = Some(self.clock.now());
        Ok(())
    }

    async fn write_cut(&self, cut: &mut Cut) -> Result<(), StoreError> {
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
        let signal = Signal::Metrics;
        let origin = self.origin(signal, day, sequence).await;
        let work = move || {
            let mut sink = Counted::new(Vec::new());
            let summary = metrics::part::write(&frozen, day, &mut sink)?;
            Ok::<_, StoreError>((written(&summary, sink.crc32c()), sink.into_inner()))
        };
        let (written, bytes) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StoreError::Io(format!("writing a part: {error}")))??;
        self.put_and_commit(signal, day, &origin, written, bytes.into()).await
    }

    async fn write_day(&self, rows: DayRows, sequence: u64) -> Result<(), StoreError> {
        let DayRows { signal, day, mut batches } = rows;
        let origin = self.origin(signal, day, sequence).await;
        if signal == Signal::Spans {
            batches = self.not_stored(batches).await?;
        }
        if batches.is_empty() {
            return self.commit(signal, day, None, sequence).await;
        }
        let json = origin.to_json()?;
        let work = move || write::write_sorted(signal, &batches, json, Vec::new());
        let (written, bytes) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StoreError::Io(format!("writing a part: {error}")))??;
        self.put_and_commit(signal, day, &origin, written, bytes.into()).await
    }

    async fn origin(&self, signal: Signal, day: i32, sequence: u64) -> Origin {
        let writer = self.writer.to_hex();
        let after = {
            let catalog = self.catalog.lock().await;
            catalog
                .day(signal, day)
                .and_then(|manifest| manifest.written_ahead.get(&writer).copied())
        };
        let stretch = (after.unwrap_or(0), sequence);
        Origin::flushed(signal, day, writer, stretch, self.clock.now())
    }

    async fn put_and_commit(
        &self,
        signal: Signal,
        day: i32,
        origin: &Origin,
        written: Written,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let entry = origin.entry(&written);
        self.objects.put(&Path::from(entry.path.as_str()), bytes.into()).await?;
        self.commit(signal, day, Some(entry), origin.sequence).await
    }

    /// Lists a part, if there is one, and that all rows up to `sequence` are in parts.
    async fn commit(
        &self,
        signal: Signal,
        day: i32,
        entry: Option<Entry>,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let mut catalog = self.catalog.lock().await;
        let manifest = catalog
            .change(signal, day, |manifest| {
                let is_listed =
                    |entry: &Entry| manifest.parts.iter().any(|known| known.path == entry.path);
                if entry.as_ref().is_some_and(is_listed) {
                    // The attempt before this one came through after all.
                    return false;
                }
                manifest.parts.extend(entry.clone());
                raise(&mut manifest.written_ahead, self.writer, sequence);
                true
            })
            .await?;
        self.state.commit(signal, day, &manifest.parts, true);
        Ok(())
    }
}

/// What a part of metrics is to the manifest.
pub(crate) fn written(summary: &PartSummary, crc32c: u32) -> Written {
    let PartSummary { bytes, rows, min_time, max_time, .. } = *summary;
    Written { bytes, rows, min_time, max_time, crc32c }
}

fn raise(marks: &mut std::collections::BTreeMap<String, u64>, writer: WriterId, sequence: u64) {
    let mark = marks.entry(writer.to_hex()).or_insert(sequence);
    *mark = sequence.max(*mark);
}
