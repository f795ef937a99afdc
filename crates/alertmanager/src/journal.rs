//! The file of silences and notification log: appended to, and replaced by a snapshot.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::record::{self, Record};

/// The file in its folder. See [`crate::record`] for the format.
const NAME: &str = "silences-and-notifications.log";
/// A copy of the last file that was found damaged.
const DAMAGED_NAME: &str = "silences-and-notifications.damaged";
/// A snapshot that is being written.
const TEMPORARY_NAME: &str = "silences-and-notifications.tmp";
/// Nobody else reads silences.
const FILE_MODE: u32 = 0o600;
/// The longest line that is read.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Damaged lines that are named.
const NAMED_MAX: usize = 10;

/// What was found in a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// Records that could not be read.
    pub records: usize,
    /// The first of them: where they are, and what is wrong.
    pub named: Vec<String>,
}

impl Damage {
    /// Counts a record that could not be used.
    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        self.records += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(what());
        }
    }
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    file: File,
    /// Bytes that are known to be complete lines.
    length: u64,
    /// The length of the last snapshot.
    snapshot_length: u64,
}

/// Reads the records of a folder and passes them on. Damaged ones are left out and named; a folder
/// without a file has none.
///
/// # Errors
/// Any error of the file system.
pub(crate) fn read(
    folder: &Path,
    mut found: impl FnMut(Record) -> Result<(), String>,
) -> io::Result<Damage> {
    let mut damage = Damage::default();
    let file = match File::open(folder.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(damage),
        file => file?,
    };
    let (mut reader, mut line, mut number) = (BufReader::new(file), Vec::new(), 0_usize);
    loop {
        line.clear();
        number += 1;
        let length = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let what = |reason: String| format!("{NAME}, line {number}: {reason}");
        let Some(complete) = line.strip_suffix(b"\n") else {
            damage.note(|| what("the line is not complete".to_owned()));
            skip_line(&mut reader)?;
            continue;
        };
        let record = Record::decode(complete);
        if let Err(reason) = record.and_then(|record| record.map_or(Ok(()), &mut found)) {
            damage.note(|| what(reason));
        }
    }
    if damage.records > 0 {
        fs::copy(folder.join(NAME), folder.join(DAMAGED_NAME))?;
    }
    Ok(damage)
}

/// Reads to the end of a line that is too long.
fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        let (used, is_end) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        reader.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

impl Journal {
    /// Starts the file of a folder with a snapshot. A crash leaves the earlier file or this one.
    ///
    /// # Errors
    /// Any error of the file system.
    pub(crate) fn start(folder: &Path, snapshot: &[u8]) -> io::Result<Self> {
        let temporary = folder.join(TEMPORARY_NAME);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE_MODE)
            .open(&temporary)?;
        let header = record::header();
        file.write_all(&header)?;
        file.write_all(snapshot)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(NAME))?;
        File::open(folder)?.sync_all()?;
        // Positions of a file that is open for appending are those of its end.
        let file = OpenOptions::new().append(true).open(folder.join(NAME))?;
        let length = (header.len() + snapshot.len()) as u64;
        Ok(Self { folder: folder.to_owned(), file, length, snapshot_length: length })
    }

    /// Replaces the file by a snapshot.
    ///
    /// # Errors
    /// Any error of the file system; the earlier file stays in use.
    pub(crate) fn replace(&mut self, snapshot: &[u8]) -> io::Result<()> {
        *self = Self::start(&self.folder, snapshot)?;
        Ok(())
    }

    /// Appends lines and makes them durable.
    ///
    /// # Errors
    /// Any error of the file system. What was written is removed, as far as that is possible.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // A line that is not complete would spoil the next one.
            if self.file.set_len(self.length).is_err() {
                let _separated = self.file.write_all(b"\n");
            }
            return written;
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Whether the file has become so large that a snapshot is worth its writing.
    pub(crate) fn is_large(&self) -> bool {
        const SMALL_BYTES: u64 = 1 << 20;
        self.length > SMALL_BYTES && self.length / 4 > self.snapshot_length
    }
}

#[cfg(test)]
mod tests;
