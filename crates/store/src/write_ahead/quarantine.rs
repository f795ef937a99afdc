//! Quarantine of damaged bytes, which preserves them and lets everything else continue.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use signals::{Clock, Signal, Timestamp};

use crate::calendar;
use crate::files::{self, FileReader, Files};
use crate::time_range::TimeRange;

/// The folder of everything that was quarantined.
pub(crate) const FOLDER: &str = "quarantine";
/// Bytes that are copied at a time.
const CHUNK: usize = 1 << 20;

/// Maximum size of a note.
const NOTE_BYTES_MAX: u64 = 64 << 10;

/// A quarantined piece and the reason; its sidecar file holds the same as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Where the bytes are now, relative to the data folder.
    pub path: String,
    /// Where the bytes were.
    pub source: String,
    /// Offset in the source at which they began.
    pub offset: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// What is wrong with them.
    pub reason: String,
    /// When they were quarantined, in nanoseconds since 1970.
    pub time: Timestamp,
    /// The rows that are lost with it; `None` when it held no rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<LostRows>,
}

/// Lost rows, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRows {
    /// `spans`, `logs` or `metrics`; `None` where all signals may be affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// Time of the oldest row; for the log, the earliest possible arrival.
    pub min_time: Timestamp,
    /// Time of the newest row, inclusive.
    pub max_time: Timestamp,
}

impl LostRows {
    /// Rows of any signal that arrived between two times.
    pub(crate) fn arrived(min_time: Timestamp, max_time: Timestamp) -> Self {
        Self { signal: None, min_time, max_time }
    }

    /// Rows of one signal.
    pub(crate) fn of(signal: Signal, min_time: Timestamp, max_time: Timestamp) -> Self {
        Self { signal: Some(signal.name().to_owned()), min_time, max_time }
    }

    /// Whether rows of a signal and range may be among them.
    pub(crate) fn concern(&self, signal: Signal, range: TimeRange) -> bool {
        self.signal.as_deref().is_none_or(|name| name == signal.name())
            && self.max_time >= range.start
            && self.min_time < range.end
    }
}

impl Quarantined {
    /// A whole part, which is quarantined in the object store.
    pub(crate) fn part(
        source: &str,
        bytes: u64,
        reason: &str,
        time: Timestamp,
        rows: LostRows,
    ) -> Self {
        // Parts of several signals may have the same name.
        let path = format!("{}/{}", folder(time, reason), source.replace('/', "-"));
        let (source, reason) = (source.to_owned(), reason.to_owned());
        Self { path, source, offset: 0, bytes, reason, time, rows: Some(rows) }
    }
}

/// The quarantine folder for a time, named after the reason.
fn folder(time: Timestamp, reason: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let word: String = reason.chars().map(letter).take(48).collect();
    format!("{FOLDER}/{}-{word}", calendar::compact_time(time))
}

/// Moves and copies data into quarantine.
#[derive(Debug, Clone)]
pub(crate) struct Quarantine {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Quarantine {
    /// Quarantines a range of a file by copying it.
    pub(crate) fn copy(
        &self,
        source: &str,
        file: &dyn FileReader,
        range: std::ops::Range<u64>,
        reason: &str,
        rows: Option<LostRows>,
    ) -> io::Result<Quarantined> {
        self.put(source, range.start, range.end - range.start, reason, rows, |path| {
            let mut to = self.files.create(path)?;
            let mut offset = range.start;
            let mut buffer = vec![0; CHUNK];
            while offset < range.end {
                let want = (range.end - offset).min(CHUNK as u64) as usize;
                let chunk = buffer.get_mut(..want).unwrap_or_default();
                let read = file.read_at(chunk, offset)?;
                if read == 0 {
                    break;
                }
                to.write_at(chunk.get(..read).unwrap_or_default(), offset - range.start)?;
                offset += read as u64;
            }
            to.sync()
        })
    }

    /// Quarantines bytes that are in memory.
    pub(crate) fn keep(
        &self,
        source: &str,
        offset: u64,
        bytes: &[u8],
        reason: &str,
        rows: Option<LostRows>,
    ) -> io::Result<Quarantined> {
        self.put(source, offset, bytes.len() as u64, reason, rows, |path| {
            files::write_new(self.files.as_ref(), path, &[bytes])
        })
    }

    /// Quarantines a file or folder that cannot be read or is in the wrong place.
    pub(crate) fn take(
        &self,
        source: &str,
        reason: &str,
        rows: Option<LostRows>,
    ) -> io::Result<Quarantined> {
        let bytes = self.files.stat(source).map_or(0, |stat| stat.bytes);
        let taken = self.put(source, 0, bytes, reason, rows, |path| {
            self.files.rename(source, path)?;
            self.files.sync_folder(source.rsplit_once('/').map_or("", |(folder, _)| folder))
        })?;
        Ok(taken)
    }

    /// Records that something is missing: there are no bytes to keep.
    pub(crate) fn note(
        &self,
        source: &str,
        reason: &str,
        rows: Option<LostRows>,
    ) -> io::Result<Quarantined> {
        self.put(source, 0, 0, reason, rows, |_| Ok(()))
    }

    /// The notes of everything that was quarantined before. Unreadable notes are skipped: their
    /// data is in quarantine regardless.
    pub(crate) fn notes(&self) -> Vec<Quarantined> {
        let list = |folder: &str| self.files.list(folder).unwrap_or_default();
        let mut notes = Vec::new();
        for folder in list(FOLDER) {
            let folder = format!("{FOLDER}/{}", folder.name);
            let names = list(&folder).into_iter().map(|entry| entry.name);
            for name in names.filter(|name| name.strip_suffix(".json").is_some()) {
                let path = format!("{folder}/{name}");
                let note = files::read_all(self.files.as_ref(), &path, NOTE_BYTES_MAX);
                if let Ok(Ok(note)) = note.map(|bytes| serde_json::from_slice(&bytes)) {
                    notes.push(note);
                } else {
                    tracing::warn!(path, "a quarantine record is damaged");
                }
            }
        }
        notes
    }

    fn put(
        &self,
        source: &str,
        offset: u64,
        bytes: u64,
        reason: &str,
        rows: Option<LostRows>,
        write: impl FnOnce(&str) -> io::Result<()>,
    ) -> io::Result<Quarantined> {
        let time = self.clock.now();
        let folder = folder(time, reason);
        self.files.create_folder(FOLDER)?;
        self.files.sync_folder("")?;
        self.files.create_folder(&folder)?;
        self.files.sync_folder(FOLDER)?;
        let name = source.rsplit('/').next().unwrap_or(source);
        // The same bytes may be quarantined again after a crash within the same second.
        let taken = self.files.list(&folder)?;
        let path = (0..=taken.len())
            .map(|number| format!("{name}.{offset}.{number}"))
            .find(|name| {
                let note = format!("{name}.json");
                !taken.iter().any(|entry| entry.name == *name || entry.name == note)
            })
            .map(|name| format!("{folder}/{name}"))
            .ok_or(io::ErrorKind::AlreadyExists)?;
        write(&path)?;
        let quarantined = Quarantined {
            path: path.clone(),
            source: source.to_owned(),
            offset,
            bytes,
            reason: reason.to_owned(),
            time,
            rows,
        };
        let sidecar = serde_json::to_vec_pretty(&quarantined).map_err(io::Error::other)?;
        let sidecar_path = format!("{path}.json");
        if self.files.stat(&sidecar_path).is_ok() {
            self.files.remove(&sidecar_path)?;
        }
        files::write_new(self.files.as_ref(), &sidecar_path, &[&sidecar])?;
        self.files.sync_folder(&folder)?;
        tracing::error!(
            source,
            offset,
            bytes,
            reason,
            kept_at = path,
            "damaged bytes were quarantined"
        );
        Ok(quarantined)
    }
}
