//! `tombstones`, the deleted times of the series of a block.
//!
//! Source: Prometheus' document `tombstones.md` and its package `tombstones`.

use std::collections::HashMap;
use std::path::Path;

use crate::error::{CHECKSUM, ENDS, Error, Fault};
use crate::fields::Fields;
use crate::limits::TOMBSTONES_BYTES_MAX;
use crate::pieces;
use crate::time_range::{TimeRange, join};

const MAGIC: u32 = 0x0130_ba30;
const VERSION: u8 = 1;
/// Magic number and version.
const HEADER_BYTES: usize = 5;
const CHECKSUM_BYTES: usize = 4;

/// Deleted ranges of time by the reference of the series.
#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    ranges: HashMap<u64, Vec<TimeRange>, foldhash::fast::RandomState>,
}

impl Tombstones {
    /// Reads the file; without it nothing is deleted.
    ///
    /// # Errors
    /// If the file is damaged. It is not skipped: what was deleted must not come back.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        if std::fs::symlink_metadata(file).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound)
        {
            return Ok(Self::default());
        }
        let bytes = pieces::whole(file, "the list of deletions", TOMBSTONES_BYTES_MAX)?;
        Self::parse(&bytes).map_err(|Fault { at, reason }| Error::damaged(file, at as u64, reason))
    }

    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let fault = |reason| Fault { at: 0, reason };
        let mut header = Fields::new(bytes);
        if header.u32()? != MAGIC {
            return Err(fault("the file is not a list of deletions"));
        }
        if header.u8()? != VERSION {
            return Err(fault("the version is unknown"));
        }
        let end = bytes.len() - HEADER_BYTES;
        let (Some(stones_end), Some(checksum)) =
            (end.checked_sub(CHECKSUM_BYTES), bytes.last_chunk::<CHECKSUM_BYTES>())
        else {
            return Err(fault(ENDS));
        };
        let stones = header.bytes(stones_end)?;
        if crc32c::crc32c(stones) != u32::from_be_bytes(*checksum) {
            return Err(fault(CHECKSUM));
        }
        let mut tombstones = Self::default();
        let mut fields = Fields::new(stones);
        let within = |fault: Fault| Fault { at: fault.at + HEADER_BYTES, ..fault };
        while !fields.is_empty() {
            let series = fields.uvarint().map_err(within)?;
            let min_ms = fields.varint().map_err(within)?;
            let max_ms = fields.varint().map_err(within)?;
            tombstones.add(series, TimeRange { min_ms, max_ms });
        }
        tombstones.join();
        Ok(tombstones)
    }

    /// Adds a range. [`Self::join`] must be called after the last one.
    pub(crate) fn add(&mut self, series: u64, range: TimeRange) {
        if range.min_ms <= range.max_ms {
            self.ranges.entry(series).or_default().push(range);
        }
    }

    pub(crate) fn join(&mut self) {
        self.ranges.values_mut().for_each(join);
    }

    /// The ranges of a series, ascending and disjoint.
    pub(crate) fn of(&self, series: u64) -> &[TimeRange] {
        self.ranges.get(&series).map_or(&[], Vec::as_slice)
    }
}
