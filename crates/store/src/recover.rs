//! Opening a data folder: the lock, the manifests, and the replay of what is not in parts yet.
//!
//! Damage is put aside and reported; it is never a reason not to start. Memory stays bounded: a
//! head over its budget is flushed in the middle of the replay.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use futures::TryStreamExt;
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use signals::time::{MILLISECOND, day_of};
use signals::{Batch, Signal};

use crate::files::{self, FileReader, Files};
use crate::manifest::catalog::Catalog;
use crate::part::order;
use crate::state::State;
use crate::write_ahead::FOLDER;
use crate::write_ahead::format::{SEGMENT_HEADER, VERSION, WriterId, parse_segment_name};
use crate::write_ahead::quarantine::{Quarantine, Quarantined};
use crate::write_ahead::reader::{Found, SegmentReader};
use crate::write_ahead::writer::Segment;
use crate::{Record, Replay, Seams, StoreError};

/// The lock that keeps a second process out.
const LOCK: &str = "lock";
/// Who writes here, and in which version of the layout.
const IDENTITY: &str = "identity.json";
const IDENTITY_BYTES_MAX: u64 = 4096;
/// The version of the folder's layout that this program writes.
const LAYOUT: u32 = 1;
/// Told of the progress every so many bytes.
const PROGRESS_BYTES: u64 = 256 << 20;

/// What was found when the store was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Segments of the write-ahead log.
    pub segments: u64,
    /// Whole records in them.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// Records that were not needed: all their rows are in parts.
    pub skipped: u64,
    /// Bytes of an unfinished write at the very end, which were never acknowledged.
    pub torn_tail_bytes: u64,
    /// Stretches of sequences that are in no segment, both ends inside.
    pub gaps: Vec<(u64, u64)>,
    /// Parts that a manifest lists and that are not there, or not as long as they should be.
    pub missing_parts: Vec<String>,
    /// Damaged bytes that were put aside.
    pub quarantined: Vec<Quarantined>,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    layout: u32,
    writer: String,
}

/// A locked folder with its catalog, before the replay.
pub(crate) struct Opened {
    pub(crate) lock: Box<dyn Send + Sync>,
    pub(crate) writer: WriterId,
    pub(crate) catalog: Catalog,
    pub(crate) quarantine: Quarantine,
    pub(crate) report: RecoveryReport,
}

/// Takes the lock and reads what says which rows are where.
pub(crate) async fn open(seams: &Seams) -> Result<Opened, StoreError> {
    let files = seams.files.as_ref();
    files.create_folder("")?;
    let lock = files.lock(LOCK).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => StoreError::Locked(format!(
            "the data folder {} is in use by {error}: stop that one first, or choose another folder",
            files.location()
        )),
        _ => StoreError::Io(format!("the data folder {}: {error}", files.location())),
    })?;
    let quarantine =
        Quarantine { files: Arc::clone(&seams.files), clock: Arc::clone(&seams.clock) };
    let mut report = RecoveryReport::default();
    let writer = identify(files, &quarantine, &mut report)?;
    files.create_folder(FOLDER)?;
    files.sync_folder("")?;
    remove_unfinished(files)?;
    for folder in ["", FOLDER, crate::manifest::FOLDER, crate::flush::PARTS] {
        make_durable(files, folder)?;
    }
    let objects: Arc<dyn ObjectStore> = Arc::clone(&seams.objects);
    let catalog =
        Catalog::load(objects, Arc::clone(&seams.clock), &quarantine, &mut report.quarantined)
            .await?;
    find_missing(seams.objects.as_ref(), &catalog, &mut report).await?;
    Ok(Opened { lock, writer, catalog, quarantine, report })
}

/// Which listed parts are not there as they should be. Their manifests stay as they are: a disk that
/// was not mounted may come back.
async fn find_missing(
    objects: &dyn ObjectStore,
    catalog: &Catalog,
    report: &mut RecoveryReport,
) -> Result<(), StoreError> {
    let folder = object_store::path::Path::from(crate::flush::PARTS);
    let listed: Vec<_> = objects.list(Some(&folder)).try_collect().await?;
    let sizes: HashMap<&str, u64> =
        listed.iter().map(|meta| (meta.location.as_ref(), meta.size)).collect();
    for part in catalog.days().flat_map(|(_, _, manifest)| &manifest.parts) {
        if sizes.get(part.path.as_str()) != Some(&part.bytes) {
            tracing::error!(
                path = part.path,
                "a part is missing or cut off; its rows cannot be read"
            );
            report.missing_parts.push(part.path.clone());
        }
    }
    Ok(())
}

/// The folder's writer id: from its file, else from its log, else a new one.
fn identify(
    files: &dyn Files,
    quarantine: &Quarantine,
    report: &mut RecoveryReport,
) -> Result<WriterId, StoreError> {
    match files::read_all(files, IDENTITY, IDENTITY_BYTES_MAX) {
        Ok(bytes) => {
            let identity = serde_json::from_slice::<Identity>(&bytes).ok();
            if let Some(identity) = &identity
                && identity.layout > LAYOUT
            {
                return Err(StoreError::Format(format!(
                    "the data folder {} has layout {}, this program knows up to {LAYOUT}: use a newer one",
                    files.location(),
                    identity.layout
                )));
            }
            if let Some(writer) = identity.and_then(|identity| WriterId::from_hex(&identity.writer))
            {
                return Ok(writer);
            }
            report.quarantined.push(quarantine.keep(IDENTITY, 0, &bytes, "not an identity")?);
            files.remove(IDENTITY)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(StoreError::Io(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let mut writer = WriterId::random();
    for entry in files.list(FOLDER)? {
        if parse_segment_name(&entry.name).is_some() {
            let file = files.open(&format!("{FOLDER}/{}", entry.name))?;
            if let Ok(header) = SegmentReader::header(file.as_ref())? {
                writer = header.writer;
                break;
            }
        }
    }
    let identity = Identity { layout: LAYOUT, writer: writer.to_hex() };
    let bytes = serde_json::to_vec_pretty(&identity).map_err(io::Error::other)?;
    let unfinished = format!("{IDENTITY}.new");
    if files.stat(&unfinished).is_ok() {
        files.remove(&unfinished)?;
    }
    files::write_new(files, &unfinished, &[&bytes])?;
    files.rename(&unfinished, IDENTITY)?;
    files.sync_folder("")?;
    Ok(writer)
}

/// After a kill the system still shows names that were never made durable. What is about to be
/// relied on must not vanish with the next power loss, so they are made durable first.
fn make_durable(files: &dyn Files, folder: &str) -> io::Result<()> {
    let entries = files.list(folder)?;
    if !entries.is_empty() {
        files.sync_folder(folder)?;
    }
    for entry in entries.into_iter().filter(|entry| entry.is_folder && !folder.is_empty()) {
        make_durable(files, &format!("{folder}/{}", entry.name))?;
    }
    Ok(())
}

/// Objects that a crash left half written.
fn remove_unfinished(files: &dyn Files) -> io::Result<()> {
    for entry in files.list(crate::objects::IN_PROGRESS)? {
        files.remove(&format!("{}/{}", crate::objects::IN_PROGRESS, entry.name))?;
    }
    Ok(())
}

/// Reads the log again.
pub(crate) struct Replayer<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) writer: WriterId,
    pub(crate) quarantine: &'a Quarantine,
    pub(crate) replay: &'a dyn Replay,
    pub(crate) state: &'a State,
    pub(crate) report: &'a mut RecoveryReport,
    /// For each signal and day, the sequence up to which its rows are in parts.
    pub(crate) marks: HashMap<(Signal, i32), u64>,
    pub(crate) last_sequence: u64,
    /// An empty segment says nothing about gaps: it may stay behind when making one fails.
    pub(crate) last_record: Option<u64>,
    pub(crate) segments: Vec<Segment>,
}

/// The marks of one writer.
pub(crate) fn marks(catalog: &Catalog, writer: WriterId) -> HashMap<(Signal, i32), u64> {
    let writer = writer.to_hex();
    let mark = |(signal, day, manifest): (Signal, i32, &crate::manifest::Manifest)| {
        Some(((signal, day), *manifest.written_ahead.get(&writer)?))
    };
    catalog.days().filter_map(mark).collect()
}

impl Replayer<'_> {
    /// Replays all segments. `flush` is called when the head is over its budget.
    pub(crate) async fn run(
        &mut self,
        mut flush: impl AsyncFnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let names: Vec<(u64, String)> = self
            .files
            .list(FOLDER)?
            .into_iter()
            .filter_map(|entry| Some((parse_segment_name(&entry.name)?, entry.name)))
            .collect();
        let count = names.len();
        let mut told = 0;
        for (index, (first_sequence, name)) in names.into_iter().enumerate() {
            let is_last = index + 1 == count;
            let path = format!("{FOLDER}/{name}");
            let file = self.files.open(&path)?;
            let length = file.length()?;
            self.report.segments += 1;
            let header = SegmentReader::header(file.as_ref())?;
            if is_last && length <= SEGMENT_HEADER as u64 && header.is_err() {
                // The crash came while the segment was made: nothing was ever written into it.
                drop(file);
                self.report.torn_tail_bytes += length;
                self.files.remove(&path)?;
                self.files.sync_folder(FOLDER)?;
                continue;
            }
            let problem = match header {
                Ok(header) if header.version > VERSION => {
                    return Err(StoreError::Format(format!(
                        "{path} has version {}, this program knows up to {VERSION}: use a newer one",
                        header.version
                    )));
                }
                Ok(header) if header.writer != self.writer => Some("a segment of another folder"),
                Ok(header) if header.first_sequence != first_sequence => {
                    Some("a segment under another name")
                }
                Ok(_) => None,
                Err(reason) => {
                    // The records after a damaged header may still be good.
                    let end = length.min(SEGMENT_HEADER as u64);
                    self.put_aside(&path, file.as_ref(), 0..end, reason)?;
                    None
                }
            };
            if let Some(reason) = problem {
                self.put_aside(&path, file.as_ref(), 0..length, reason)?;
                drop(file);
                self.files.remove(&path)?;
                self.files.sync_folder(FOLDER)?;
                continue;
            }
            if is_last {
                // For the same reason: a record that is there but was never synced must stay.
                self.files.edit(&path)?.sync()?;
            }
            let floor = first_sequence.max(self.last_sequence + 1);
            let mut reader = SegmentReader::new(file.as_ref(), self.writer, floor)?;
            let mut end = length;
            while let Some(found) = reader.next()? {
                match found {
                    Found::Record { sequence, offset, bytes, record } => {
                        let expected = self.last_record.map_or(sequence, |last| last + 1);
                        if sequence > expected {
                            self.note_gap(expected, sequence - 1);
                        }
                        self.last_record = Some(sequence);
                        self.last_sequence = sequence;
                        self.report.records += 1;
                        self.report.bytes += bytes;
                        self.restore(&path, sequence, offset, &record)?;
                        if self.report.bytes - told >= PROGRESS_BYTES {
                            told = self.report.bytes;
                            tracing::info!(
                                records = self.report.records,
                                bytes = told,
                                "replaying the write-ahead log"
                            );
                        }
                        if self.state.is_over_budget() {
                            flush().await?;
                        }
                    }
                    Found::Damage { offset, bytes, reason } => {
                        self.put_aside(&path, file.as_ref(), offset..offset + bytes, reason)?;
                    }
                    Found::Tail { offset, bytes, .. } if is_last => {
                        self.report.torn_tail_bytes += bytes;
                        let mut file = self.files.edit(&path)?;
                        file.truncate(offset)?;
                        file.sync()?;
                        end = offset;
                    }
                    Found::Tail { offset, bytes, reason } => {
                        self.put_aside(&path, file.as_ref(), offset..offset + bytes, reason)?;
                    }
                }
            }
            let last_sequence = self.last_sequence.max(first_sequence.saturating_sub(1));
            self.segments.push(Segment { path, last_sequence, bytes: end });
            self.last_sequence = last_sequence;
        }
        Ok(())
    }

    fn note_gap(&mut self, first: u64, last: u64) {
        tracing::error!(first, last, "records are missing from the write-ahead log");
        self.report.gaps.push((first, last));
    }

    fn put_aside(
        &mut self,
        path: &str,
        file: &dyn FileReader,
        range: std::ops::Range<u64>,
        reason: &str,
    ) -> io::Result<()> {
        let kept = self.quarantine.copy(path, file, range, reason)?;
        self.report.quarantined.push(kept);
        Ok(())
    }

    /// Makes the rows of a record visible again, except those that are in parts.
    fn restore(
        &mut self,
        path: &str,
        sequence: u64,
        offset: u64,
        record: &Record,
    ) -> Result<(), StoreError> {
        let decoded = catch_unwind(AssertUnwindSafe(|| self.replay.decode(record)))
            .unwrap_or_else(|_| Err("the decoder panicked".into()));
        let batches = match decoded {
            Ok(batches) => batches,
            Err(reason) => {
                let reason = format!("undecodable: {reason}");
                let kept = self.quarantine.keep(path, offset, &record.payload, &reason)?;
                self.report.quarantined.push(kept);
                Vec::new()
            }
        };
        let before: usize = batches.iter().map(Batch::items).sum();
        let mut missing = Vec::with_capacity(batches.len());
        for batch in batches {
            missing.extend(self.missing(sequence, batch)?);
        }
        if missing.iter().map(Batch::items).sum::<usize>() == 0 && before > 0 {
            self.report.skipped += 1;
        }
        self.state.add(sequence, missing)?;
        self.state.consolidate()
    }

    /// What of a batch is not in parts yet.
    fn missing(&self, sequence: u64, batch: Batch) -> Result<Option<Batch>, StoreError> {
        let signal = batch.signal();
        let is_stored =
            |day: i32| self.marks.get(&(signal, day)).is_some_and(|mark| sequence <= *mark);
        if !self.marks.iter().any(|((of, _), mark)| *of == signal && sequence <= *mark) {
            return Ok(Some(batch));
        }
        let filter = |rows: &RecordBatch| -> Result<Option<RecordBatch>, StoreError> {
            let times = order::times(signal, rows)?;
            let keep: BooleanArray =
                times.values().iter().map(|time| Some(!is_stored(day_of(*time)))).collect();
            let kept = arrow::compute::filter_record_batch(rows, &keep)?;
            Ok((kept.num_rows() > 0).then_some(kept))
        };
        Ok(match batch {
            Batch::Spans(rows) => filter(&rows)?.map(Batch::Spans),
            Batch::Logs(rows) => filter(&rows)?.map(Batch::Logs),
            Batch::Metrics(mut series) => {
                let is_missing = |ms: i64| !is_stored(day_of(ms.saturating_mul(MILLISECOND)));
                series.samples.retain(|sample| is_missing(sample.timestamp_ms));
                series.histograms.retain(|sample| is_missing(sample.timestamp_ms));
                series.exemplars.retain(|exemplar| is_missing(exemplar.timestamp_ms));
                let is_empty = series.samples.is_empty()
                    && series.histograms.is_empty()
                    && series.exemplars.is_empty()
                    && series.metadata.is_empty();
                (!is_empty).then_some(Batch::Metrics(series))
            }
        })
    }
}
