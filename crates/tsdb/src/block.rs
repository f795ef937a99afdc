//! A block: the samples of a range of time, with an index, chunks and deletions.

use std::path::{Path, PathBuf};

use signals::SeriesBatch;

use crate::batch::Outgoing;
use crate::chunk::Decoder;
use crate::error::Error;
use crate::index::{ChunkMeta, Entry, Index};
use crate::limits::Limits;
use crate::meta::{Meta, Stats};
use crate::report::{Report, Unit};
use crate::segments::Segments;
use crate::time_range::{Kept, TimeRange};
use crate::tombstones::Tombstones;

/// A block whose description and contents could be read.
#[derive(Debug, Clone)]
pub struct Block {
    folder: PathBuf,
    name: String,
    pub(crate) meta: Meta,
    limits: Limits,
}

impl Block {
    /// Reads the description of a block and checks the header of its index.
    pub(crate) fn open(folder: PathBuf, name: String, limits: Limits) -> Result<Self, Error> {
        let meta = Meta::read(&folder.join("meta.json"))?;
        Index::check(&folder.join("index"))?;
        Ok(Self { folder, name, meta, limits })
    }

    /// Checks what [`Self::batches`] reads before the first series.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.batches(TimeRange::ALL).map(drop)
    }

    /// The name of its folder, a ULID.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The times of its samples.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        self.meta.range
    }

    /// What the block says that it contains. Nothing depends on it. The difference to the report
    /// shows how much a damage costs.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.meta.stats
    }

    /// The samples of the block in a range of time, without deleted ones: series by series in the
    /// order of their labels, the samples of a series in the order of time. Chunks outside of the
    /// range are not read, so that a long block can be read day by day.
    ///
    /// # Errors
    /// If the index or the deletions cannot be opened, their frame is damaged, or the symbols are
    /// damaged or larger than [`Limits::symbols_bytes_max`]. Later damages are in the report.
    pub fn batches(&self, range: TimeRange) -> Result<BlockBatches, Error> {
        Ok(BlockBatches {
            tombstones: Tombstones::read(&self.folder.join("tombstones"))?,
            index: Index::open(&self.folder.join("index"), &self.limits)?,
            segments: Segments::new(self.folder.join("chunks")),
            range,
            entry: Entry::default(),
            next_chunk: 0,
            chunk: None,
            decoder: Decoder::default(),
            items_before: 0,
            out: Outgoing::new(self.limits.batch_bytes),
            report: Report::default(),
        })
    }
}

/// Iterates over the samples of a block as batches.
#[derive(Debug)]
pub struct BlockBatches {
    tombstones: Tombstones,
    index: Index,
    segments: Segments,
    range: TimeRange,
    /// The current series and its next chunk.
    entry: Entry,
    next_chunk: usize,
    /// The chunk in the decoder: its reference and where its data begins in its file.
    chunk: Option<(u64, u64)>,
    decoder: Decoder,
    /// Number of items before the current series.
    items_before: u64,
    out: Outgoing,
    report: Report,
}

impl BlockBatches {
    /// What was read so far. Items of the batch that is being filled are included.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Reads on until the batch is full. Returns whether there may be more.
    fn fill(&mut self) -> bool {
        while !self.out.is_full() {
            if self.chunk.is_some() {
                self.drain();
            } else if let Some(meta) = self.entry.chunks.get(self.next_chunk) {
                let meta = *meta;
                self.next_chunk += 1;
                self.load(meta);
            } else {
                self.end_series();
                if !self.index.next(&mut self.entry, &mut self.report) {
                    self.entry = Entry::default();
                    return false;
                }
                self.next_chunk = 0;
                self.out.select(self.entry.reference, &self.entry.labels);
            }
        }
        true
    }

    fn end_series(&mut self) {
        let items = self.out.items();
        self.report.series += u64::from(items > self.items_before);
        self.items_before = items;
    }

    fn load(&mut self, meta: ChunkMeta) {
        let deleted = self.tombstones.of(self.entry.reference);
        if (Kept { range: self.range, deleted }).excludes(&meta.range) {
            return;
        }
        let reference = meta.reference;
        match self.segments.read(reference) {
            Ok(chunk) => {
                let start = chunk.start;
                match self.decoder.load(chunk.encoding, chunk.data) {
                    Ok(()) => self.chunk = Some((reference, start)),
                    Err(fault) => {
                        let file = self.segments.file(reference);
                        self.report.fault(Unit::Chunk, &file, start, fault);
                    }
                }
            }
            Err(error) => {
                let offset = reference & u64::from(u32::MAX);
                self.report.error(Unit::Chunk, offset, &error);
            }
        }
    }

    fn drain(&mut self) {
        let deleted = self.tombstones.of(self.entry.reference);
        let kept = Kept { range: self.range, deleted };
        match self.decoder.drain(kept, &mut self.out, &mut self.report) {
            Ok(false) => {}
            Ok(true) => self.chunk = None,
            Err(fault) => {
                if let Some((reference, start)) = self.chunk.take() {
                    let file = self.segments.file(reference);
                    self.report.fault(Unit::Chunk, &file, start, fault);
                }
            }
        }
    }
}

impl Iterator for BlockBatches {
    type Item = SeriesBatch;

    fn next(&mut self) -> Option<SeriesBatch> {
        self.fill();
        self.out.count(&mut self.report);
        self.out.take()
    }
}
