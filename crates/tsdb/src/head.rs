//! The head: the samples that are in no block yet.
//!
//! They are read in this order: head chunks, the write-ahead log after its checkpoint, and the log
//! of samples that arrived out of order. A sample can be in more than one of them.
//!
//! Source: Prometheus' package `tsdb`, `head_wal.go` and `Head.Init`.

mod items;
mod log;
mod mapped;
mod record;
mod series;

use std::path::{Path, PathBuf};

use signals::SeriesBatch;

use self::items::{Content, Item, Items};
use self::log::Log;
use self::mapped::{Mapped, MappedChunk};
use self::series::HeadSeries;
use crate::batch::Outgoing;
use crate::chunk::Decoder;
use crate::error::Error;
use crate::limits::Limits;
use crate::report::{Report, Unit};
use crate::time_range::{Fate, Kept, TimeRange};

const CHECKPOINT: &str = "checkpoint.";

/// Iterates over the samples of the head as batches, which [`crate::Folder::head`] begins.
#[derive(Debug)]
pub struct HeadBatches {
    series: HeadSeries,
    /// The wanted times, and those of them that no block has.
    range: TimeRange,
    new_range: TimeRange,
    phase: Phase,
    write_ahead: Vec<PathBuf>,
    out_of_order: Vec<PathBuf>,
    decoder: Decoder,
    out: Outgoing,
    report: Report,
    /// Of a second reading of a log: its damages are reported already.
    repeated: Report,
}

#[derive(Debug)]
enum Phase {
    /// Head chunks, with the one that is in the decoder.
    Chunks(Mapped, Option<MappedChunk>),
    /// The write-ahead log, with the record that is being read.
    WriteAhead(Log, Option<Items>),
    /// The log of samples out of order.
    OutOfOrder(Log, Option<Items>),
    Metadata,
    Done,
}

impl HeadBatches {
    /// Reads the series of a data folder.
    pub(crate) fn open(
        folder: &Path,
        range: TimeRange,
        start_ms: i64,
        limits: Limits,
    ) -> Result<Self, Error> {
        let mut report = Report::default();
        let wal = folder.join("wal");
        let write_ahead = write_ahead(&wal, &mut report)?;
        let out_of_order = numbered(&folder.join("wbl"))?;
        let out_of_order: Vec<PathBuf> = out_of_order.into_iter().map(|(_, file)| file).collect();
        let chunks = numbered(&folder.join("chunks_head"))?;
        let log = Log::new(write_ahead.clone());
        let series = HeadSeries::read(log, &wal, limits.head_bytes_max, &mut report)?;
        let mapped = Mapped::new(chunks.into_iter().map(|(_, file)| file).collect());
        Ok(Self {
            series,
            range,
            new_range: TimeRange { min_ms: range.min_ms.max(start_ms), ..range },
            phase: Phase::Chunks(mapped, None),
            write_ahead,
            out_of_order,
            decoder: Decoder::default(),
            out: Outgoing::new(limits.batch_bytes),
            report,
            repeated: Report::default(),
        })
    }

    /// What was read so far. Items of the batch that is being filled are included.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    fn fill(&mut self) {
        while !self.out.is_full() {
            let is_done = match &mut self.phase {
                Phase::Chunks(_, None) => self.next_chunk(),
                Phase::Chunks(_, Some(_)) => self.drain_chunk(),
                Phase::WriteAhead(..) | Phase::OutOfOrder(..) => self.next_item(),
                Phase::Metadata => match self.series.metadata.pop_first() {
                    Some((_, metadata)) => {
                        self.out.metadata(metadata);
                        false
                    }
                    None => true,
                },
                Phase::Done => return,
            };
            if is_done {
                self.end_phase();
            }
        }
    }

    fn end_phase(&mut self) {
        let log = |segments: &mut Vec<PathBuf>| Log::new(std::mem::take(segments));
        self.phase = match &self.phase {
            Phase::Chunks(..) => Phase::WriteAhead(log(&mut self.write_ahead), None),
            Phase::WriteAhead(..) => Phase::OutOfOrder(log(&mut self.out_of_order), None),
            Phase::OutOfOrder(..) => Phase::Metadata,
            Phase::Metadata | Phase::Done => Phase::Done,
        };
    }

    /// Loads the next head chunk. Returns whether there is none.
    fn next_chunk(&mut self) -> bool {
        let Phase::Chunks(mapped, current) = &mut self.phase else { return true };
        let damaged = self.report.damaged();
        let chunk = mapped.next(&mut self.report);
        if self.report.damaged() > damaged {
            self.series.distrust_chunks();
        }
        let Some(chunk) = chunk else { return true };
        let range = if chunk.is_out_of_order { self.range } else { self.new_range };
        let deleted = self.series.deleted.of(chunk.reference);
        if (Kept { range, deleted }).excludes(&chunk.range) {
            return false;
        }
        let Some(known) = self.series.known.get(&chunk.reference) else {
            self.report.unknown_series += 1;
            return false;
        };
        self.out.select(chunk.reference, &known.labels);
        match mapped.data(&chunk).map(|data| self.decoder.load(chunk.encoding, data)) {
            Ok(Ok(())) => *current = Some(chunk),
            Ok(Err(fault)) => {
                self.report.fault(Unit::Chunk, mapped.file(), chunk.start, fault);
                self.series.distrust_chunks();
            }
            Err(error) => {
                self.report.error(Unit::Chunk, chunk.start, &error);
                self.series.distrust_chunks();
            }
        }
        false
    }

    fn drain_chunk(&mut self) -> bool {
        let Phase::Chunks(mapped, current) = &mut self.phase else { return true };
        let Some(chunk) = current else { return false };
        let range = if chunk.is_out_of_order { self.range } else { self.new_range };
        let deleted = self.series.deleted.of(chunk.reference);
        match self.decoder.drain(Kept { range, deleted }, &mut self.out, &mut self.report) {
            Ok(false) => return false,
            Ok(true) => {
                self.report.series += self.series.read_chunk(
                    chunk.reference,
                    (!chunk.is_out_of_order).then_some(chunk.range.max_ms),
                );
            }
            Err(fault) => {
                self.report.fault(Unit::Chunk, mapped.file(), chunk.start, fault);
                self.series.distrust_chunks();
            }
        }
        *current = None;
        false
    }

    /// Reads the next item of a log. Returns whether there is none.
    fn next_item(&mut self) -> bool {
        let (log, current, is_ordered) = match &mut self.phase {
            Phase::WriteAhead(log, items) => (log, items, true),
            Phase::OutOfOrder(log, items) => (log, items, false),
            _ => return true,
        };
        // The write-ahead log was read before, for its series.
        let framing = if is_ordered { &mut self.repeated } else { &mut self.report };
        let item = match current {
            Some(items) => items.next(log.record()),
            None if log.advance(framing) => match Items::new(log.record()) {
                Ok(items) => {
                    *current = items;
                    return false;
                }
                Err(fault) => Err(fault),
            },
            None => return true,
        };
        match item {
            Ok(Some(item)) => {
                if let Content::Invalid(reason) = item.content {
                    self.report.damage(Unit::Record, log.file(), log.offset(), reason);
                } else {
                    self.put(item, is_ordered);
                }
            }
            Ok(None) => *current = None,
            Err(fault) => {
                *current = None;
                self.report.damage(Unit::Record, log.file(), log.offset(), fault.reason);
            }
        }
        false
    }

    /// Puts an item of a log into the batch.
    fn put(&mut self, item: Item, is_ordered: bool) {
        let Item { reference, time_ms, start_ms, content } = item;
        let is_exemplar = matches!(content, Content::Exemplar(..));
        // Blocks have no exemplars.
        let range = if is_ordered && !is_exemplar { self.new_range } else { self.range };
        let deleted = self.series.deleted.of(reference);
        let fate = Kept { range, deleted }.fate(time_ms);
        if fate == Fate::OutOfRange {
            return;
        }
        let Some(known) = self.series.known.get_mut(&reference) else {
            self.report.unknown_series += 1;
            return;
        };
        if is_ordered && !is_exemplar && time_ms <= known.mapped_to_ms {
            return;
        }
        if fate == Fate::Deleted {
            self.report.deleted += 1;
            return;
        }
        self.report.series += u64::from(!known.is_read);
        known.is_read = true;
        self.out.select(reference, &known.labels);
        match content {
            Content::Sample(value) => self.out.sample(time_ms, value, start_ms),
            Content::Histogram(histogram) => self.out.histogram(time_ms, histogram, start_ms),
            Content::Exemplar(value, labels) => self.out.exemplar(time_ms, value, labels),
            Content::Invalid(_) => {}
        }
    }
}

impl Iterator for HeadBatches {
    type Item = SeriesBatch;

    fn next(&mut self) -> Option<SeriesBatch> {
        self.fill();
        self.out.count(&mut self.report);
        self.out.take()
    }
}

/// The segments of the write-ahead log in the order of writing: those of the last checkpoint, then
/// those after it. Missing ones are reported.
fn write_ahead(folder: &Path, report: &mut Report) -> Result<Vec<PathBuf>, Error> {
    let checkpoint = entries(folder, CHECKPOINT)?.pop();
    let mut next = None;
    let mut files = Vec::new();
    if let Some((number, folder)) = checkpoint {
        files.extend(numbered(&folder)?.into_iter().map(|(_, file)| file));
        next = Some(number.saturating_add(1));
    }
    for (number, file) in numbered(folder)? {
        if next.is_some_and(|next| number < next) {
            continue;
        }
        if let Some(missing) = next.filter(|next| number > *next) {
            let missing = folder.join(format!("{missing:08}"));
            report.damage(Unit::File, &missing, 0, "the segment is missing");
        }
        next = Some(number.saturating_add(1));
        files.push(file);
    }
    Ok(files)
}

/// The entries of a folder whose names are numbers, in the order of the numbers.
fn numbered(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    entries(folder, "")
}

/// The entries of a folder that have a prefix and a number as name. A folder that is absent has
/// none.
fn entries(folder: &Path, prefix: &str) -> Result<Vec<(u64, PathBuf)>, Error> {
    let unreadable = |source| Error::unreadable(folder, source);
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix));
        let number = number.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(number) = number.and_then(|text| text.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}
