//! Where the rows of a part come from, and the name of its file.
//!
//! Every part records in its footer which rows it holds, so that a day's list of parts can be
//! rebuilt from the files alone. Rows are identified by their writer and its write-ahead sequences:
//! a *range*. A merge of parts of several writers has one range for each.

use object_store::ObjectMeta;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use signals::{Signal, Timestamp};

use super::Entry;
use crate::StoreError;
use crate::calendar;
use crate::part::write::Written;
use crate::write_ahead::format::WriterId;

/// The folder of all parts.
pub(crate) const PARTS: &str = "parts";

/// Signal and day of a part's path; `None` if the path is not that of a part.
pub(crate) fn parse_path(path: &Path) -> Option<(Signal, i32)> {
    let mut names = path.as_ref().split('/');
    names.next().filter(|name| *name == PARTS)?;
    let signal = names.next()?;
    let signal = Signal::ALL.into_iter().find(|known| known.name() == signal)?;
    let day = calendar::parse_day(names.next()?)?;
    let is_file = names.next().is_some() && names.next().is_none();
    is_file.then_some((signal, day))
}

/// The process that wrote a part, from the part's name.
pub(crate) fn writer(path: &Path) -> Option<WriterId> {
    path.filename()?.split('-').nth(1).and_then(WriterId::from_hex)
}

/// Rows of one signal and day that a writer logged after one write-ahead sequence, up to and
/// including another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SequenceRange {
    pub(crate) writer: String,
    pub(crate) after: u64,
    pub(crate) sequence: u64,
}

impl SequenceRange {
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.writer == other.writer && self.after <= other.after && self.sequence >= other.sequence
    }
}

/// The origin of a part, stored as JSON in its footer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) signal: String,
    pub(crate) day: String,
    pub(crate) level: u32,
    #[serde(flatten)]
    pub(crate) range: SequenceRange,
    /// Sequence ranges of other writers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<SequenceRange>,
    pub(crate) created: Timestamp,
    /// The parts that this one replaced.
    pub(crate) inputs: Vec<String>,
}

impl Origin {
    /// The origin of a flushed part of rows.
    pub(crate) fn flushed(
        signal: Signal,
        day: i32,
        range: SequenceRange,
        created: Timestamp,
    ) -> Self {
        let (signal, day) = (signal.name().into(), calendar::day_name(day));
        let (others, inputs) = (Vec::new(), Vec::new());
        Self { signal, day, level: 0, range, others, created, inputs }
    }

    /// The origin of a part merged from adjacent parts of the manifest, oldest first.
    pub(crate) fn merged(signal: Signal, day: i32, inputs: &[Entry]) -> Option<Self> {
        let mut ranges: Vec<SequenceRange> = Vec::new();
        for range in inputs.iter().flat_map(Entry::ranges) {
            // Retention dropped any rows between two parts of one writer: covering them is safe.
            match ranges.iter_mut().find(|known| known.writer == range.writer) {
                Some(known) => {
                    known.after = known.after.min(range.after);
                    known.sequence = known.sequence.max(range.sequence);
                }
                None => ranges.push(range.clone()),
            }
        }
        let newest = inputs.last()?.range.writer.as_str();
        let newest = ranges.iter().position(|range| range.writer == newest)?;
        let created = inputs.iter().map(|input| input.created).max()?;
        let mut origin = Self::flushed(signal, day, ranges.swap_remove(newest), created);
        origin.others = ranges;
        origin.level = inputs.iter().map(|input| input.level).max()? + 1;
        origin.inputs = inputs.iter().map(|input| input.path.clone()).collect();
        Some(origin)
    }

    /// The origin of a metrics part whose footer has none yet, taken from its name.
    pub(crate) fn from_path(signal: Signal, day: i32, meta: &ObjectMeta) -> Option<Self> {
        let mut words = meta.location.filename()?.strip_suffix(".parquet")?.split('-');
        let sequence = words.next()?.parse().ok()?;
        let writer = words.next()?.to_owned();
        let level = words.next()?.parse().ok()?;
        let created = meta.last_modified.timestamp_nanos_opt()?;
        // The start of its range is not known. An empty range covers no other part.
        let range = SequenceRange { writer, after: sequence, sequence };
        Some(Self { level, ..Self::flushed(signal, day, range, created) })
    }

    pub(crate) fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|error| StoreError::Io(error.to_string()))
    }

    /// A unique path, so that no put overwrites another part. It names the process that may
    /// remove the file.
    pub(crate) fn new_path(&self, writer: WriterId) -> String {
        let Self { signal, day, range: SequenceRange { sequence, .. }, level, .. } = self;
        let (writer, unique) = (writer.to_hex(), WriterId::random().to_hex());
        let unique: String = unique.chars().take(16).collect();
        format!("{PARTS}/{signal}/{day}/{sequence:020}-{writer}-{level}-{unique}.parquet")
    }

    pub(crate) fn entry(&self, path: &str, written: &Written) -> Entry {
        Entry {
            path: path.to_owned(),
            bytes: written.bytes,
            rows: written.rows,
            min_time: written.min_time,
            max_time: written.max_time,
            level: self.level,
            created: self.created,
            crc32c: Some(written.crc32c),
            range: self.range.clone(),
            others: self.others.clone(),
        }
    }
}
