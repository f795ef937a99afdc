//! What was read, left out, and not readable.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Fault};

/// Number of damages that a report describes one by one.
const DAMAGES_MAX: usize = 100;

/// What a damage affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A whole file, or what remains of it.
    File,
    /// A series and its samples in a block.
    Series,
    /// A chunk, or the rest of it from a broken sample on.
    Chunk,
    /// A record of a log, or the rest of it from a broken item on.
    Record,
}

impl Unit {
    fn plural(self) -> &'static str {
        match self {
            Self::File => "files",
            Self::Series => "series",
            Self::Chunk => "chunks",
            Self::Record => "records",
        }
    }
}

/// Something that could not be read and was left out. If the beginning of the next series cannot be
/// found for a while, one damage stands for several series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What it affects.
    pub unit: Unit,
    /// The file.
    pub file: PathBuf,
    /// Where, in bytes from the start of the file.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: at byte {}: {}", self.file.display(), self.offset, self.reason)
    }
}

/// Counts of what was read so far from a block or the head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Series of which something was read. In the head, series with the same labels count once
    /// per reference of the log.
    pub series: u64,
    /// Float samples that were put into batches.
    pub samples: u64,
    /// Native histograms that were put into batches.
    pub histograms: u64,
    /// Exemplars that were put into batches.
    pub exemplars: u64,
    /// Samples that were read and left out because they are deleted. Chunks that are deleted as a
    /// whole are not read and not counted.
    pub deleted: u64,
    /// Items of the head whose series is not in the log.
    pub unknown_series: u64,
    /// The first hundred damages.
    pub damages: Vec<Damage>,
    /// All damages by what they affect and the reason.
    pub damages_by_reason: BTreeMap<(Unit, String), u64>,
}

impl Report {
    /// Number of damages.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damages_by_reason.values().sum()
    }

    /// Counts a damage at an offset of a file.
    #[cold]
    pub(crate) fn damage(&mut self, unit: Unit, file: &Path, offset: u64, reason: &str) {
        *self.damages_by_reason.entry((unit, reason.to_owned())).or_default() += 1;
        if self.damages.len() < DAMAGES_MAX {
            let reason = reason.to_owned();
            self.damages.push(Damage { unit, file: file.to_owned(), offset, reason });
        }
    }

    /// Counts a damage in bytes that begin at `start` of a file.
    #[cold]
    pub(crate) fn fault(&mut self, unit: Unit, file: &Path, start: u64, fault: Fault) {
        self.damage(unit, file, fault.offset(start), fault.reason);
    }

    /// Counts an error while reading a part of a file.
    #[cold]
    pub(crate) fn error(&mut self, unit: Unit, offset: u64, error: &Error) {
        match error {
            Error::Unreadable { file, source } => {
                self.damage(unit, file, offset, &source.to_string());
            }
            Error::Damaged { file, offset, reason } => self.damage(unit, file, *offset, reason),
            Error::TooLarge { file, what, .. } => {
                self.damage(unit, file, offset, &format!("{what} is too large"));
            }
        }
    }
}

/// One line: the counts, then damages by reason.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { series, samples, histograms, exemplars, .. } = self;
        write!(f, "{series} series, {samples} samples, {histograms} histograms")?;
        write!(f, ", {exemplars} exemplars")?;
        if self.deleted > 0 {
            write!(f, ", {} deleted samples left out", self.deleted)?;
        }
        if self.unknown_series > 0 {
            write!(f, ", {} items of unknown series left out", self.unknown_series)?;
        }
        for ((unit, reason), count) in &self.damages_by_reason {
            write!(f, "; {count} {} left out: {reason}", unit.plural())?;
        }
        Ok(())
    }
}
