//! The records of a log: the write-ahead log, its checkpoint, and that of samples out of order.
//!
//! Source: Prometheus' document `wal.md` and its package `wlog`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::{CHECKSUM, Error};
use crate::fields::Fields;
use crate::limits::RECORD_BYTES_MAX;
use crate::pieces::Pieces;
use crate::report::{Report, Unit};

const PAGE_BYTES: u64 = 32 << 10;
/// Type, length and checksum of a fragment.
const HEADER_BYTES: u64 = 7;
const KIND_MASK: u8 = 0b111;
const SNAPPY: u8 = 0b1000;
const ZSTD: u8 = 0b1_0000;
/// Bytes that one byte of a snappy block can stand for, rounded up: three bytes copy 64.
const SNAPPY_RATIO_MAX: usize = 22;
/// Maximum zstd window: 2^23 bytes, which every decoder must support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

const TORN: &str = "the record is not complete";
const COMPRESSION: &str = "the record cannot be decompressed";
const TOO_LARGE: &str = "the record is too large";

/// Reads the records of segments one after the other.
#[derive(Debug)]
pub(super) struct Log {
    /// The segments that are not open yet, the next one last.
    segments: Vec<PathBuf>,
    open: Option<Pieces>,
    at: u64,
    /// Where the record began.
    start: u64,
    /// The fragments of the record, and the record if it was compressed.
    fragments: Vec<u8>,
    plain: Vec<u8>,
    is_compressed: bool,
}

/// What is at a position of a segment.
enum Part {
    /// The rest of the page is empty.
    PageEnd,
    /// The segment is at its end.
    End,
    Fragment(Fragment),
    /// A fragment with a wrong checksum, and where it ends if its length is right.
    Damaged {
        end: u64,
    },
}

/// A part of a record; its data is between two offsets of the segment.
struct Fragment {
    start: u64,
    end: u64,
    is_first: bool,
    is_last: bool,
    compression: u8,
}

impl Log {
    pub(super) fn new(mut segments: Vec<PathBuf>) -> Self {
        segments.reverse();
        Self {
            segments,
            open: None,
            at: 0,
            start: 0,
            fragments: Vec::new(),
            plain: Vec::new(),
            is_compressed: false,
        }
    }

    /// The record that [`Self::advance`] read.
    pub(super) fn record(&self) -> &[u8] {
        if self.is_compressed { &self.plain } else { &self.fragments }
    }

    /// The file of the record.
    pub(super) fn file(&self) -> &Path {
        self.open.as_ref().map_or(Path::new(""), Pieces::path)
    }

    /// Where the record begins in its file. Offsets in a compressed record are not those of bytes
    /// of the file.
    pub(super) fn offset(&self) -> u64 {
        self.start
    }

    /// Reads the next record. Returns whether there is one. After a damage, reading goes on with the
    /// next fragment or, if that is not found, with the next page.
    pub(super) fn advance(&mut self, report: &mut Report) -> bool {
        let mut is_open = false;
        // Whether the fragment before was damaged, so that its length may be wrong.
        let mut is_lost = false;
        loop {
            let Some(pieces) = &mut self.open else {
                if self.segments.is_empty() {
                    return false;
                }
                self.open_next(report);
                continue;
            };
            match part(pieces, self.at) {
                Ok(Part::End) => {
                    if is_open {
                        report.damage(Unit::Record, pieces.path(), self.start, TORN);
                        is_open = false;
                    }
                    self.open = None;
                }
                Ok(Part::PageEnd) => self.at = page_after(self.at),
                Ok(Part::Damaged { end }) if !is_lost => {
                    report.damage(Unit::Record, pieces.path(), self.at, CHECKSUM);
                    (self.at, is_open, is_lost) = (end, false, true);
                }
                Ok(Part::Damaged { .. }) => {
                    (self.at, is_lost) = (page_after(self.at), false);
                }
                Ok(Part::Fragment(fragment)) => {
                    let (at, file) = (self.at, pieces.path());
                    (self.at, is_lost) = (fragment.end, false);
                    if fragment.is_first {
                        if is_open {
                            report.damage(Unit::Record, file, self.start, TORN);
                        }
                        (self.start, is_open) = (at, true);
                        self.fragments.clear();
                    }
                    // Without a beginning, which is reported, the rest of a record is nothing.
                    if !is_open {
                        continue;
                    }
                    let read = self.add(&fragment);
                    is_open = read == Ok(false);
                    match read {
                        Ok(false) => {}
                        Ok(true) => return true,
                        Err(reason) => {
                            report.damage(Unit::Record, self.file(), self.start, reason);
                        }
                    }
                }
                Err(error) => {
                    if !is_lost {
                        report.error(Unit::Record, self.at, &error);
                    }
                    (self.at, is_open, is_lost) = (page_after(self.at), false, false);
                }
            }
        }
    }

    fn open_next(&mut self, report: &mut Report) {
        self.at = 0;
        if let Some(segment) = self.segments.pop() {
            match Pieces::open(&segment) {
                Ok(pieces) => self.open = Some(pieces),
                Err(error) => report.error(Unit::File, 0, &error),
            }
        }
    }

    /// Adds a fragment to the record. Returns whether the record is complete.
    fn add(&mut self, fragment: &Fragment) -> Result<bool, &'static str> {
        let Some(pieces) = &mut self.open else { return Err(TORN) };
        let data = pieces.get(fragment.start, fragment.end - fragment.start).map_err(|_| TORN)?;
        if self.fragments.len() + data.len() > RECORD_BYTES_MAX {
            return Err(TOO_LARGE);
        }
        self.fragments.extend_from_slice(data);
        if fragment.is_last {
            self.decompress(fragment.compression)?;
        }
        Ok(fragment.is_last)
    }

    fn decompress(&mut self, compression: u8) -> Result<(), &'static str> {
        self.is_compressed = compression != 0;
        self.plain.clear();
        if compression & SNAPPY != 0 {
            let declared = snap::raw::decompress_len(&self.fragments).map_err(|_| COMPRESSION)?;
            if declared > RECORD_BYTES_MAX {
                return Err(TOO_LARGE);
            }
            // So that a short record cannot cause a large allocation.
            if declared / SNAPPY_RATIO_MAX > self.fragments.len() {
                return Err(COMPRESSION);
            }
            self.plain.resize(declared, 0);
            let decompressed =
                snap::raw::Decoder::new().decompress(&self.fragments, &mut self.plain);
            return decompressed.map(drop).map_err(|_| COMPRESSION);
        }
        if compression & ZSTD != 0 {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&self.fragments[..])
                .map_err(|_| COMPRESSION)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| COMPRESSION)?;
            let bounded = &mut decoder.take(RECORD_BYTES_MAX as u64 + 1);
            bounded.read_to_end(&mut self.plain).map_err(|_| COMPRESSION)?;
            if self.plain.len() > RECORD_BYTES_MAX {
                return Err(TOO_LARGE);
            }
        }
        Ok(())
    }
}

fn page_after(offset: u64) -> u64 {
    (offset / PAGE_BYTES + 1) * PAGE_BYTES
}

/// Reads what is at an offset of a segment, and checks the checksum of a fragment.
fn part(pieces: &mut Pieces, at: u64) -> Result<Part, Error> {
    if at >= pieces.length() {
        return Ok(Part::End);
    }
    let header = *pieces.get(at, 1)?.first().unwrap_or(&0);
    let kind = header & KIND_MASK;
    if kind == 0 {
        return Ok(Part::PageEnd);
    }
    let page_end = page_after(at);
    let mut fields = Fields::new(pieces.get(at + 1, HEADER_BYTES - 1)?);
    let lengths = [fields.u8(), fields.u8()].map(|byte| u64::from(byte.unwrap_or_default()));
    let length = lengths[0] << 8 | lengths[1];
    let checksum = fields.u32().unwrap_or_default();
    let start = at + HEADER_BYTES;
    let end = start + length;
    if kind > 4 || end > page_end {
        return Err(pieces.damaged(at, "the header of the fragment is invalid"));
    }
    if crc32c::crc32c(pieces.get(start, length)?) != checksum {
        return Ok(Part::Damaged { end });
    }
    Ok(Part::Fragment(Fragment {
        start,
        end,
        is_first: kind <= 2,
        is_last: kind == 1 || kind == 4,
        compression: header & (SNAPPY | ZSTD),
    }))
}
