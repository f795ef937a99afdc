//! `index`, the series of a block and where their chunks are.
//!
//! Source: Prometheus' document `index.md` and its package `index`. Postings and label indices are
//! not read, because all series are.

mod entry;
mod symbols;

use std::path::Path;

pub(crate) use self::entry::{ChunkMeta, Entry};

use self::symbols::Symbols;
use crate::error::{CHECKSUM, ENDS, Error, Fault};
use crate::fields::Fields;
use crate::limits::{ENTRY_BYTES_MAX, Limits};
use crate::pieces::Pieces;
use crate::report::{Report, Unit};

const MAGIC: u32 = 0xbaaa_d700;
const HEADER_BYTES: u64 = 5;
/// Six references and a checksum at the end of the file.
const CONTENTS_BYTES: u64 = 6 * 8 + CHECKSUM_BYTES;
const CHECKSUM_BYTES: u64 = 4;
/// Longest prefix with the length of an entry.
const PREFIX_BYTES_MAX: u64 = 10;
/// Entries begin at multiples of this since version 2.
const ALIGNMENT: u64 = 16;
/// How many times the bytes of the section may be read in search of the next series after damages.
const SEARCHES_MAX: u64 = 8;
/// Bytes that may be searched in any case.
const SEARCHED_BYTES_MIN: u64 = 64 << 20;

/// Where the sections of an index are.
#[derive(Debug, Clone, Copy)]
struct Contents {
    version: u8,
    /// Offset of the symbols; 0 if there are none.
    symbols: u64,
    /// Offsets of the first series and of the end of the last one.
    series: u64,
    series_end: u64,
}

impl Contents {
    fn read(pieces: &mut Pieces) -> Result<Self, Error> {
        let length = pieces.length();
        if length < HEADER_BYTES + CONTENTS_BYTES {
            return Err(pieces.damaged(length, ENDS));
        }
        let mut header = Fields::new(pieces.get(0, HEADER_BYTES)?);
        let (magic, version) = (header.u32(), header.u8());
        if magic != Ok(MAGIC) {
            return Err(pieces.damaged(0, "the file is not an index"));
        }
        let version = version.unwrap_or_default();
        if !(1..=3).contains(&version) {
            return Err(pieces.damaged(4, "the version is unknown"));
        }
        let start = length - CONTENTS_BYTES;
        let contents = checked(pieces, start, CONTENTS_BYTES - CHECKSUM_BYTES)?;
        let (offsets, _) = contents.as_chunks::<8>();
        let mut sections = [0; 6];
        for (section, offset) in sections.iter_mut().zip(offsets) {
            *section = u64::from_be_bytes(*offset);
        }
        let [symbols, series, ..] = sections;
        let after = sections.into_iter().filter(|section| *section > series);
        let series_end = after.min().unwrap_or(start).min(start);
        let series = if series == 0 { series_end } else { series };
        Ok(Self { version, symbols, series: align(series, version), series_end })
    }
}

/// The next offset at which an entry may begin.
fn align(offset: u64, version: u8) -> u64 {
    if version == 1 { offset } else { offset.div_ceil(ALIGNMENT).saturating_mul(ALIGNMENT) }
}

/// Bytes before their checksum.
fn checked(pieces: &mut Pieces, offset: u64, length: u64) -> Result<&[u8], Error> {
    let file = pieces.path().to_owned();
    let bytes = pieces.get(offset, length.saturating_add(CHECKSUM_BYTES))?;
    match bytes.split_last_chunk::<{ CHECKSUM_BYTES as usize }>() {
        Some((content, checksum)) if crc32c::crc32c(content) == u32::from_be_bytes(*checksum) => {
            Ok(content)
        }
        _ => Err(Error::damaged(&file, offset, CHECKSUM)),
    }
}

/// The series of an index in the order of the file, which is that of their labels.
#[derive(Debug)]
pub(crate) struct Index {
    pieces: Pieces,
    contents: Contents,
    symbols: Symbols,
    /// Where the next entry begins.
    at: u64,
    /// Bytes that may still be searched for a series after damages.
    searchable: u64,
}

impl Index {
    /// Checks header and contents.
    pub(crate) fn check(file: &Path) -> Result<(), Error> {
        Contents::read(&mut Pieces::open(file)?).map(drop)
    }

    /// Opens an index and reads its symbols.
    pub(crate) fn open(file: &Path, limits: &Limits) -> Result<Self, Error> {
        let mut pieces = Pieces::open(file)?;
        let contents = Contents::read(&mut pieces)?;
        let symbols = Symbols::read(&mut pieces, contents.version, contents.symbols, limits)?;
        let section = contents.series_end.saturating_sub(contents.series);
        let searchable = section.saturating_mul(SEARCHES_MAX).max(SEARCHED_BYTES_MIN);
        Ok(Self { pieces, contents, symbols, at: contents.series, searchable })
    }

    /// Reads the next series that is not damaged. Returns whether there is one.
    pub(crate) fn next(&mut self, entry: &mut Entry, report: &mut Report) -> bool {
        while self.at < self.contents.series_end {
            if self.is_padding() {
                self.at = self.contents.series_end;
                return false;
            }
            let (start, end) = match self.bounds(self.at) {
                Ok(bounds) => bounds,
                Err(error) => {
                    report.error(Unit::Series, self.at, &error);
                    self.search(report);
                    continue;
                }
            };
            let reference = match self.contents.version {
                1 => self.at,
                _ => self.at / ALIGNMENT,
            };
            self.at = align(end + CHECKSUM_BYTES, self.contents.version);
            match self.decode(start, end, entry) {
                Ok(()) => {
                    entry.reference = reference;
                    return true;
                }
                Err(fault) => report.fault(Unit::Series, self.pieces.path(), start, fault),
            }
        }
        false
    }

    /// Whether only zero bytes before the next section are left.
    fn is_padding(&mut self) -> bool {
        let left = self.contents.series_end - self.at;
        let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        left < ALIGNMENT && self.pieces.get(self.at, left).is_ok_and(is_zero)
    }

    /// Where the content of the entry at an offset begins and ends, if its checksum is right.
    fn bounds(&mut self, offset: u64) -> Result<(u64, u64), Error> {
        let mut prefix = Fields::new(self.pieces.get_up_to(offset, PREFIX_BYTES_MAX)?);
        let length = prefix.uvarint();
        let start = offset + prefix.position() as u64;
        let file = self.pieces.path();
        let length = length.map_err(|fault| Error::damaged(file, offset, fault.reason))?;
        let left = self.contents.series_end.saturating_sub(start + CHECKSUM_BYTES);
        if length == 0 || length > left.min(ENTRY_BYTES_MAX) {
            return Err(Error::damaged(file, offset, "the length of the series is invalid"));
        }
        self.searchable = self.searchable.saturating_sub(length);
        checked(&mut self.pieces, start, length)?;
        self.searchable = self.searchable.saturating_add(length);
        Ok((start, start + length))
    }

    fn decode(&mut self, start: u64, end: u64, entry: &mut Entry) -> Result<(), Fault> {
        let content = self.pieces.get(start, end - start);
        let content = content.map_err(|_| Fault { at: 0, reason: ENDS })?;
        entry.decode(content, &self.symbols)
    }

    /// Goes on to the next offset at which an entry has the right checksum: the length of a damaged
    /// one cannot be trusted.
    #[cold]
    fn search(&mut self, report: &mut Report) {
        let step = if self.contents.version == 1 { 1 } else { ALIGNMENT };
        let from = self.at;
        loop {
            self.at += step;
            self.searchable = self.searchable.saturating_sub(step);
            if self.at >= self.contents.series_end || self.is_padding() {
                return;
            }
            if self.bounds(self.at).is_ok() {
                return;
            }
            if self.searchable == 0 {
                self.at = self.contents.series_end;
                let reason = "too many damages: the rest of the series is not read";
                return report.damage(Unit::File, self.pieces.path(), from, reason);
            }
        }
    }
}
