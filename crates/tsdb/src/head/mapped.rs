//! `chunks_head/000001` and following, the chunks of the head that are on disk.
//!
//! Source: Prometheus' document `head_chunks.md` and its package `chunks`, `head_chunks.go`.

use std::path::{Path, PathBuf};

use crate::error::{CHECKSUM, Error};
use crate::fields::Fields;
use crate::limits::CHUNK_BYTES_MAX;
use crate::pieces::Pieces;
use crate::report::{Report, Unit};
use crate::time_range::TimeRange;

const MAGIC: u32 = 0x0130_bc91;
const VERSION: u8 = 1;
/// Magic number, version and padding.
const FILE_HEADER_BYTES: u64 = 8;
/// Reference of the series, first and last time, and encoding.
const HEADER_BYTES: u64 = 8 + 8 + 8 + 1;
const LENGTH_BYTES_MAX: u64 = 10;
const CHECKSUM_BYTES: u64 = 4;
/// Of the encoding: the samples arrived out of order.
const OUT_OF_ORDER: u8 = 0x80;
/// Files may end with this many zero bytes, less than a chunk takes.
const SHORTEST_BYTES: u64 = 34;

/// Reads the chunks of all files.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The files that are not open yet, the next one last.
    files: Vec<PathBuf>,
    open: Option<Pieces>,
    at: u64,
    /// Whether the chunk before was damaged, so that the length of that one may be wrong.
    is_lost: bool,
}

/// A chunk, whose data is in [`Mapped::data`].
#[derive(Debug, Clone, Copy)]
pub(super) struct MappedChunk {
    pub(super) reference: u64,
    pub(super) range: TimeRange,
    pub(super) is_out_of_order: bool,
    pub(super) encoding: u8,
    /// Where the data begins in the file, and its length.
    pub(super) start: u64,
    length: u64,
}

impl Mapped {
    pub(super) fn new(mut files: Vec<PathBuf>) -> Self {
        files.reverse();
        Self { files, open: None, at: 0, is_lost: false }
    }

    /// The open file.
    pub(super) fn file(&self) -> &Path {
        self.open.as_ref().map_or(Path::new(""), Pieces::path)
    }

    /// The data of the chunk that [`Self::next`] returned.
    pub(super) fn data(&mut self, chunk: &MappedChunk) -> Result<&[u8], Error> {
        match &mut self.open {
            Some(pieces) => pieces.get(chunk.start, chunk.length),
            None => Ok(&[]),
        }
    }

    /// The next chunk with a correct checksum.
    pub(super) fn next(&mut self, report: &mut Report) -> Option<MappedChunk> {
        loop {
            let Some(pieces) = &mut self.open else {
                let file = self.files.pop()?;
                match open(&file) {
                    Ok(pieces) => self.open = Some(pieces),
                    Err(error) => report.error(Unit::File, 0, &error),
                }
                (self.at, self.is_lost) = (FILE_HEADER_BYTES, false);
                continue;
            };
            match header(pieces, self.at) {
                Ok(None) => self.open = None,
                Ok(Some(chunk)) => {
                    let at = self.at;
                    let data_end = chunk.start + chunk.length;
                    self.at = data_end + CHECKSUM_BYTES;
                    match check(pieces, at, data_end) {
                        Ok(()) => {
                            self.is_lost = false;
                            return Some(chunk);
                        }
                        Err(error) => {
                            report.error(Unit::Chunk, at, &error);
                            if self.is_lost {
                                self.give_up(report);
                            }
                            self.is_lost = true;
                        }
                    }
                }
                Err(error) => {
                    report.error(Unit::Chunk, self.at, &error);
                    self.give_up(report);
                }
            }
        }
    }

    /// Ends a file in which the beginning of the next chunk is not known.
    fn give_up(&mut self, report: &mut Report) {
        if let Some(pieces) = self.open.take() {
            let reason = "the rest of the chunks is not read";
            report.damage(Unit::File, pieces.path(), self.at, reason);
        }
    }
}

fn open(file: &Path) -> Result<Pieces, Error> {
    let mut pieces = Pieces::open(file)?;
    let mut header = Fields::new(pieces.get_up_to(0, FILE_HEADER_BYTES)?);
    let (magic, version) = (header.u32(), header.u8());
    if pieces.length() > 0 && magic != Ok(MAGIC) {
        return Err(pieces.damaged(0, "the file has no head chunks"));
    }
    if pieces.length() > 0 && version != Ok(VERSION) {
        return Err(pieces.damaged(4, "the version is unknown"));
    }
    Ok(pieces)
}

/// The header of the chunk at an offset; `None` after the last chunk.
fn header(pieces: &mut Pieces, at: u64) -> Result<Option<MappedChunk>, Error> {
    let left = pieces.length().saturating_sub(at);
    let bytes = pieces.get_up_to(at.min(pieces.length()), HEADER_BYTES + LENGTH_BYTES_MAX)?;
    if left < SHORTEST_BYTES && bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let mut fields = Fields::new(bytes);
    let mut read = || {
        let reference = fields.u64()?;
        let range = TimeRange { min_ms: fields.i64()?, max_ms: fields.i64()? };
        Ok((reference, range, fields.u8()?, fields.uvarint()?))
    };
    let read = read();
    let start = at + fields.position() as u64;
    let (reference, range, encoding, length) =
        read.map_err(|fault: crate::error::Fault| pieces.damaged(at, fault.reason))?;
    if reference == 0 && range == (TimeRange { min_ms: 0, max_ms: 0 }) {
        // Files are allocated before they are filled.
        return Ok(None);
    }
    let data_max = pieces.length().saturating_sub(start + CHECKSUM_BYTES).min(CHUNK_BYTES_MAX);
    if length > data_max {
        return Err(pieces.damaged(at, "the length of the chunk is invalid"));
    }
    let is_out_of_order = encoding & OUT_OF_ORDER != 0;
    let encoding = encoding & !OUT_OF_ORDER;
    Ok(Some(MappedChunk { reference, range, is_out_of_order, encoding, start, length }))
}

/// Checks the checksum of header and data.
fn check(pieces: &mut Pieces, at: u64, data_end: u64) -> Result<(), Error> {
    let bytes = pieces.get(at, data_end - at + CHECKSUM_BYTES)?;
    let is_right = match bytes.split_last_chunk::<{ CHECKSUM_BYTES as usize }>() {
        Some((content, sum)) => crc32c::crc32c(content) == u32::from_be_bytes(*sum),
        None => false,
    };
    if is_right { Ok(()) } else { Err(pieces.damaged(at, CHECKSUM)) }
}
