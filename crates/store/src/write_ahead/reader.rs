//! Reads a segment record by record: the one reader, for replay and for verification.
//!
//! Damage never stops it. Invalid bytes are reported and skipped up to the next intact record; if
//! none follows, they are the segment's tail.

use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::format::{
    PAYLOAD_BYTES_MAX, RECORD_HEADER, RecordHeader, SEGMENT_HEADER, SegmentHeader, WriterId,
};
use crate::files::FileReader;

/// Bytes that are read at a time.
const WINDOW: usize = 1 << 20;
/// After damage, a sequence further ahead than this is rejected.
const SEQUENCE_LEAP_MAX: u64 = 1 << 32;

/// The next item in a segment.
#[derive(Debug)]
pub(crate) enum Found {
    /// An intact record.
    Record { sequence: u64, offset: u64, bytes: u64, payload: Bytes },
    /// Invalid bytes, followed by intact records.
    Damage { offset: u64, bytes: u64, reason: &'static str },
    /// Invalid bytes, up to the end of the segment.
    Tail { offset: u64, bytes: u64, reason: &'static str },
}

/// A position in a segment.
pub(crate) struct SegmentReader<'a> {
    window: Window<'a>,
    writer: WriterId,
    offset: u64,
    length: u64,
    /// Smaller sequences are not expected.
    next_sequence: u64,
    bytes_max: u64,
}

impl<'a> SegmentReader<'a> {
    /// Starts after the header. `first_sequence` comes from the header, else from the name.
    pub(crate) fn new(
        file: &'a dyn FileReader,
        writer: WriterId,
        first_sequence: u64,
    ) -> io::Result<Self> {
        let length = file.length()?;
        let range = length.min(SEGMENT_HEADER as u64)..length;
        Ok(Self::within(file, writer, first_sequence, range))
    }

    /// Reads a part of a segment that begins and ends between two records.
    pub(crate) fn within(
        file: &'a dyn FileReader,
        writer: WriterId,
        first_sequence: u64,
        range: Range<u64>,
    ) -> Self {
        Self {
            window: Window { file, start: 0, bytes: Vec::new() },
            writer,
            offset: range.start,
            length: range.end,
            next_sequence: first_sequence,
            bytes_max: (PAYLOAD_BYTES_MAX + RECORD_HEADER) as u64,
        }
    }

    /// The offset of the next record.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads and checks the header.
    pub(crate) fn header(file: &dyn FileReader) -> io::Result<Result<SegmentHeader, &'static str>> {
        let mut bytes = [0; SEGMENT_HEADER];
        let read = file.read_at(&mut bytes, 0)?;
        Ok(SegmentHeader::decode(bytes.get(..read).unwrap_or_default()))
    }

    /// The next record or the damage before it; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Found>> {
        if self.offset >= self.length {
            return Ok(None);
        }
        let start = self.offset;
        let reason = match self.record_at(start)? {
            Ok((header, payload)) => return Ok(Some(self.accept(start, &header, payload))),
            Err(reason) => reason,
        };
        for offset in start + 1..self.length {
            if self.is_record_at(offset)? {
                self.offset = offset;
                return Ok(Some(Found::Damage { offset: start, bytes: offset - start, reason }));
            }
        }
        self.offset = self.length;
        Ok(Some(Found::Tail { offset: start, bytes: self.length - start, reason }))
    }

    fn accept(&mut self, offset: u64, header: &RecordHeader, payload: Bytes) -> Found {
        let bytes = header.total_bytes() as u64;
        self.offset = offset + bytes;
        self.next_sequence = header.sequence + 1;
        Found::Record { sequence: header.sequence, offset, bytes, payload }
    }

    fn is_record_at(&mut self, offset: u64) -> io::Result<bool> {
        // Cheap tests first: this runs for every byte of a damaged region.
        let Some(header) = self.header_at(offset)? else { return Ok(false) };
        let leap = header.sequence.checked_sub(self.next_sequence);
        if leap.is_none_or(|leap| leap > SEQUENCE_LEAP_MAX) {
            return Ok(false);
        }
        Ok(self.record_at(offset)?.is_ok())
    }

    fn header_at(&mut self, offset: u64) -> io::Result<Option<RecordHeader>> {
        let rest = self.length - offset;
        if rest < RECORD_HEADER as u64 {
            return Ok(None);
        }
        let header = RecordHeader::decode(self.window.read(offset, RECORD_HEADER)?);
        Ok(header.filter(|header| header.total_bytes() as u64 <= rest.min(self.bytes_max)))
    }

    fn record_at(
        &mut self,
        offset: u64,
    ) -> io::Result<Result<(RecordHeader, Bytes), &'static str>> {
        let Some(header) = self.header_at(offset)? else {
            return Ok(Err("not a whole record"));
        };
        if header.sequence < self.next_sequence {
            return Ok(Err("a sequence that was there before"));
        }
        let bytes = self.window.read(offset, header.total_bytes())?;
        Ok(header.unpack(self.writer, bytes).map(|payload| (header, payload)))
    }
}

/// A window of the file in memory.
struct Window<'a> {
    file: &'a dyn FileReader,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// The caller must know that the file has these bytes.
    fn read(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let end = offset + length as u64;
        let is_inside = offset >= self.start && end <= self.start + self.bytes.len() as u64;
        if !is_inside {
            self.bytes.clear();
            self.bytes.resize(length.max(WINDOW), 0);
            let read = self.file.read_at(&mut self.bytes, offset)?;
            self.bytes.truncate(read);
            self.start = offset;
        }
        let start = (offset - self.start) as usize;
        self.bytes.get(start..start + length).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
