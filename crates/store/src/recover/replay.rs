//! Replays the write-ahead log, record by record.

use arrow::array::{BooleanArray, RecordBatch};
use signals::time::{MILLISECOND, day_of};
use signals::{Batch, Labels, SeriesRef, Signal, Timestamp};
use std::collections::HashMap;

use super::{RecoveryReport, layout};
use crate::files::{FileReader, Files};
use crate::manifest::Manifest;
use crate::manifest::catalog::Days;
use crate::metrics::Limits;
use crate::part::order;
use crate::state::{State, Work};
use crate::write_ahead::FOLDER;
use crate::write_ahead::format::{SEGMENT_HEADER, VERSION, WriterId, parse_segment_name};
use crate::write_ahead::list::{self, List, Listed};
use crate::write_ahead::quarantine::{LostRows, Quarantine};
use crate::write_ahead::reader::{Found, SegmentReader};
use crate::write_ahead::record::{Defined, Section, take_section};
use crate::write_ahead::segments::Segment;
use crate::{StoreError, Totals};

/// Progress is logged whenever this many bytes were read.
const PROGRESS_BYTES: u64 = 256 << 20;

/// Replays the log.
pub(crate) struct Replayer<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) writer: WriterId,
    pub(crate) quarantine: &'a Quarantine,
    pub(crate) totals: &'a dyn Totals,
    pub(crate) state: &'a State,
    pub(crate) report: &'a mut RecoveryReport,
    /// For each signal and day, the sequence up to which its rows are in parts.
    pub(crate) flushed: HashMap<(Signal, i32), u64>,
    pub(crate) last_sequence: u64,
    /// Empty segments say nothing about gaps: a failed attempt to create one may leave it behind.
    pub(crate) last_record: Option<u64>,
    pub(crate) segments: Vec<Segment>,
    /// The series that the current segment defines.
    pub(crate) defined: Defined,
    /// Whether the program that wrote the folder lists segments, so that the list must exist.
    pub(crate) is_listed: bool,
    /// Time of the last flush: data lost from the log arrived after it.
    pub(crate) flushed_at: Timestamp,
    /// Number of pieces quarantined up to the last intact record.
    pub(crate) explained: usize,
    /// The first sequences of missing segments.
    pub(crate) gone: Vec<u64>,
}

/// A segment that is about to be read.
struct OpenSegment {
    path: String,
    file: Box<dyn FileReader>,
    length: u64,
    /// Taken from its name.
    first_sequence: u64,
    is_last: bool,
    /// Whether acknowledged records may be, or have been, in it.
    is_listed: bool,
    /// When its records arrived.
    rows: LostRows,
}

/// The flushed sequences of one writer.
pub(crate) fn flushed_sequences(days: &Days, writer: WriterId) -> HashMap<(Signal, i32), u64> {
    let writer = writer.to_hex();
    let flushed = |manifest: &Manifest| manifest.written_ahead.get(&writer).copied();
    days.iter().filter_map(|(day, manifest)| Some((*day, flushed(manifest)?))).collect()
}

impl Replayer<'_> {
    /// Replays all segments. `flush` is called when the head is over half of its budget.
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
        let listed = self.listed(names.is_empty())?;
        let is_there =
            |known: &&Listed| names.iter().any(|(first, _)| *first == known.first_sequence);
        for gone in listed.iter().filter(|known| !is_there(known)) {
            let path = list::path(gone);
            tracing::error!(path, "a segment of the write-ahead log is missing; its rows are lost");
            let rows = self.arrived(&listed, gone.first_sequence);
            let note = self.quarantine.note(&path, "a segment that is gone", Some(rows))?;
            self.report.quarantined.push(note);
            self.report.missing_segments.push(path);
            self.gone.push(gone.first_sequence);
        }
        let count = names.len();
        for (index, (first_sequence, name)) in names.iter().enumerate() {
            let path = format!("{FOLDER}/{name}");
            let is_listed = listed.iter().any(|known| known.first_sequence == *first_sequence);
            let rows = self.arrived(&listed, *first_sequence);
            let is_last = index + 1 == count;
            let open = || {
                let file = self.files.open(&path)?;
                let (length, _) = (file.length()?, file.read_at(&mut [0], 0)?);
                Ok((file, length))
            };
            let (file, length) = match open() {
                Ok(opened) => opened,
                Err(error) if layout::is_permanent_failure(&error) => {
                    self.take(&path, &error, rows)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let first_sequence = *first_sequence;
            let segment =
                OpenSegment { path, file, length, first_sequence, is_last, is_listed, rows };
            self.report.segments += 1;
            if self.is_ours(&segment)? {
                self.read(segment, &mut flush).await?;
            } else {
                let OpenSegment { path, file, .. } = segment;
                drop(file);
                self.files.remove(&path)?;
                self.files.sync_folder(FOLDER)?;
            }
        }
        // Their names are not reused, in case they come back.
        self.last_sequence = self.gone.iter().copied().fold(self.last_sequence, u64::max);
        Ok(())
    }

    /// The segments that should exist, as far as that is known.
    fn listed(&mut self, is_empty: bool) -> Result<Vec<Listed>, StoreError> {
        let read = match list::read(self.files) {
            Err(error) if layout::is_permanent_failure(&error) => {
                let aside = self.quarantine.take(list::PATH, &error.to_string(), None)?;
                self.report.quarantined.push(aside);
                return Ok(Vec::new());
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                let aside = self.quarantine.take(list::PATH, "too large a list", None)?;
                self.report.quarantined.push(aside);
                return Ok(Vec::new());
            }
            read => read?,
        };
        match read {
            List::Known(listed) => return Ok(listed),
            List::Damaged(bytes) => {
                let reason = "not a list of segments";
                let kept = self.quarantine.keep(list::PATH, 0, &bytes, reason, None)?;
                self.report.quarantined.push(kept);
            }
            List::Gone if self.is_listed => {
                let now = self.quarantine.clock.now();
                let rows = is_empty.then(|| LostRows::arrived(self.flushed_at, now));
                tracing::error!("the list of the write-ahead log's segments is missing");
                let note = self.quarantine.note(list::PATH, "a list that is gone", rows)?;
                self.report.quarantined.push(note);
                if is_empty {
                    self.report.missing_segments.push(FOLDER.into());
                }
            }
            List::Gone | List::Unknown => {}
        }
        Ok(Vec::new())
    }

    /// When the records of a segment arrived: until the next one was created.
    fn arrived(&self, listed: &[Listed], first_sequence: u64) -> LostRows {
        let place = listed.iter().position(|known| known.first_sequence == first_sequence);
        let created = |place: usize| listed.get(place).map(|known| known.created);
        let from = place.and_then(created).unwrap_or(self.flushed_at);
        let next = place.and_then(|place| created(place + 1));
        LostRows::arrived(from, next.unwrap_or_else(|| self.quarantine.clock.now()))
    }

    /// Quarantines a segment that cannot be read at all.
    fn take(
        &mut self,
        path: &str,
        error: &std::io::Error,
        rows: LostRows,
    ) -> Result<(), StoreError> {
        let aside = self.quarantine.take(path, &format!("unreadable: {error}"), Some(rows))?;
        self.report.quarantined.push(aside);
        self.report.missing_segments.push(path.to_owned());
        Ok(())
    }

    /// Checks the header. If this is false, the segment was quarantined or never held records.
    fn is_ours(&mut self, segment: &OpenSegment) -> Result<bool, StoreError> {
        let OpenSegment { path, length, .. } = segment;
        let header = SegmentReader::header(segment.file.as_ref())?;
        let problem = match header {
            Ok(header) if header.version > VERSION => {
                return Err(StoreError::Format(format!(
                    "{path} has version {}, this version supports up to {VERSION}; upgrade Glasshouse",
                    header.version
                )));
            }
            Ok(header) if header.version < VERSION && *length > SEGMENT_HEADER as u64 => {
                return Err(StoreError::Format(format!(
                    "{path} has version {}, this version supports {VERSION}: start the version that \
                     wrote it and stop it with SIGTERM to empty the log",
                    header.version
                )));
            }
            Ok(header) if header.writer != self.writer => "a segment of another folder",
            Ok(header) if header.first_sequence != segment.first_sequence => {
                "a segment under another name"
            }
            Ok(_) => return Ok(true),
            Err(_) if segment.is_last && !segment.is_listed && *length <= SEGMENT_HEADER as u64 => {
                // The crash occurred while the segment was created: it never held records.
                self.report.torn_tail_bytes += length;
                return Ok(false);
            }
            Err(reason) => {
                // The records after a damaged header may still be intact.
                let end = (*length).min(SEGMENT_HEADER as u64);
                self.quarantine(segment, 0..end, reason)?;
                if *length <= SEGMENT_HEADER as u64 {
                    tracing::error!(path, "a segment of the write-ahead log was emptied");
                    self.report.missing_segments.push(path.clone());
                    self.last_sequence = self.last_sequence.max(segment.first_sequence);
                    return Ok(false);
                }
                return Ok(true);
            }
        };
        self.quarantine(segment, 0..*length, problem)?;
        Ok(false)
    }

    async fn read(
        &mut self,
        segment: OpenSegment,
        flush: &mut impl AsyncFnMut() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let OpenSegment { path, file, length, first_sequence, is_last, rows, .. } = &segment;
        let (length, first_sequence, is_last) = (*length, *first_sequence, *is_last);
        // Keeps the series that the segment defines in memory until all of it is read.
        let _pin = self.state.metrics.pin();
        self.defined.clear();
        if is_last {
            // After a kill the system shows unsynced data; sync it before relying on it.
            self.files.edit(path)?.sync()?;
        }
        let floor = first_sequence.max(self.last_sequence + 1);
        let mut reader = SegmentReader::new(file.as_ref(), self.writer, floor)?;
        let mut end = length;
        loop {
            let found = match reader.next() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                Err(error) if layout::is_permanent_failure(&error) => {
                    return self.take(path, &error, rows.clone());
                }
                Err(error) => return Err(error.into()),
            };
            match found {
                Found::Record { sequence, offset, bytes, payload } => {
                    self.count(&segment, sequence, bytes)?;
                    self.restore(&segment, sequence, offset, &payload)?;
                    if self.state.is_due_in_replay() {
                        flush().await?;
                    }
                }
                Found::Tail { offset, bytes, .. } if is_last => {
                    self.report.torn_tail_bytes += bytes;
                    let mut file = self.files.edit(path)?;
                    file.truncate(offset)?;
                    file.sync()?;
                    end = offset;
                }
                Found::Damage { offset, bytes, reason } | Found::Tail { offset, bytes, reason } => {
                    self.quarantine(&segment, offset..offset + bytes, reason)?;
                }
            }
        }
        self.last_sequence = self.last_sequence.max(first_sequence.saturating_sub(1));
        let listed = Listed { first_sequence, created: rows.min_time };
        let path = path.clone();
        self.segments.push(Segment { path, listed, last_sequence: self.last_sequence, bytes: end });
        Ok(())
    }

    fn count(
        &mut self,
        segment: &OpenSegment,
        sequence: u64,
        bytes: u64,
    ) -> Result<(), StoreError> {
        let expected = self.last_record.map_or(sequence, |last| last + 1);
        if sequence > expected {
            tracing::error!(
                first = expected,
                last = sequence - 1,
                "records are missing from the log"
            );
            self.report.gaps.push((expected, sequence - 1));
            let is_inside = |first: &u64| (expected..sequence).contains(first);
            let is_explained =
                self.report.quarantined.len() > self.explained || self.gone.iter().any(is_inside);
            if !is_explained {
                // No damage explains the gap: a segment was cut at the end of a record.
                let rows = LostRows::arrived(self.flushed_at, segment.rows.max_time);
                let reason = "records before it that are gone";
                let note = self.quarantine.note(&segment.path, reason, Some(rows))?;
                self.report.quarantined.push(note);
            }
        }
        self.explained = self.report.quarantined.len();
        self.last_record = Some(sequence);
        self.last_sequence = sequence;
        let told = self.report.bytes / PROGRESS_BYTES;
        self.report.records += 1;
        self.report.bytes += bytes;
        if self.report.bytes / PROGRESS_BYTES > told {
            let (records, bytes) = (self.report.records, self.report.bytes);
            tracing::info!(records, bytes, "replaying the write-ahead log");
        }
        Ok(())
    }

    fn quarantine(
        &mut self,
        segment: &OpenSegment,
        range: std::ops::Range<u64>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let OpenSegment { path, file, rows, .. } = segment;
        let rows = Some(rows.clone());
        let kept = self.quarantine.copy(path, file.as_ref(), range, reason, rows)?;
        self.report.quarantined.push(kept);
        Ok(())
    }

    /// Makes the content of a record visible again, except for rows that are in parts.
    fn restore(
        &mut self,
        segment: &OpenSegment,
        sequence: u64,
        offset: u64,
        payload: &[u8],
    ) -> Result<(), StoreError> {
        let mut work = Work::default();
        let (mut before, mut missing) = (0, 0);
        let mut rest = payload;
        loop {
            let section = match take_section(&mut rest, &self.defined) {
                Ok(Some(section)) => section,
                Ok(None) => break,
                Err(reason) => {
                    self.keep(segment, offset, payload, &format!("undecodable: {reason}"))?;
                    break;
                }
            };
            match section {
                Section::Definitions(definitions) => self.define(definitions),
                Section::Totals(update) => {
                    if let Err(reason) = self.totals.restore(update) {
                        self.keep(segment, offset, payload, &format!("totals: {reason}"))?;
                    }
                }
                Section::Batch(batch, lost) => {
                    if lost > 0 {
                        self.keep(
                            segment,
                            offset,
                            payload,
                            "samples of series that are not defined",
                        )?;
                    }
                    before += batch.items();
                    if let Some(batch) = self.missing(sequence, batch)? {
                        missing += batch.items();
                        self.add(&mut work, batch)?;
                    }
                }
            }
        }
        if missing == 0 && before > 0 {
            self.report.skipped += 1;
        }
        self.state.add(vec![work], sequence)?;
        self.state.consolidate()
    }

    /// Quarantines a record of which some content cannot be used.
    fn keep(
        &mut self,
        segment: &OpenSegment,
        offset: u64,
        payload: &[u8],
        reason: &str,
    ) -> Result<(), StoreError> {
        let OpenSegment { path, rows, .. } = segment;
        tracing::error!(path, offset, reason, "a record of the write-ahead log is damaged");
        let rows = Some(rows.clone());
        let kept = self.quarantine.keep(path, offset, payload, reason, rows)?;
        self.report.quarantined.push(kept);
        Ok(())
    }

    fn define(&mut self, definitions: Vec<(SeriesRef, Labels)>) {
        let (logged, labels): (Vec<SeriesRef>, Vec<Labels>) = definitions.into_iter().unzip();
        let series = self.state.metrics.restore(&labels);
        let defined = logged.into_iter().zip(series);
        self.defined.extend(defined.filter_map(|(logged, series)| Some((logged, series?))));
    }

    fn add(&mut self, work: &mut Work, batch: Batch) -> Result<(), StoreError> {
        match batch {
            Batch::Metrics(mut series) => {
                let limits = Limits::AlreadyApplied;
                work.metrics.push(self.state.metrics.admit(&mut series, limits)?.0);
            }
            rows => work.rows.push(rows),
        }
        Ok(())
    }

    /// The rows of a batch that are not in parts yet.
    fn missing(&self, sequence: u64, batch: Batch) -> Result<Option<Batch>, StoreError> {
        let signal = batch.signal();
        let is_stored =
            |day: i32| self.flushed.get(&(signal, day)).is_some_and(|flushed| sequence <= *flushed);
        if !self.flushed.iter().any(|((of, _), last)| *of == signal && sequence <= *last) {
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
                (!series.is_empty()).then_some(Batch::Metrics(series))
            }
        })
    }
}
