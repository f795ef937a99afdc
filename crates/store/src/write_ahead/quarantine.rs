//! Where damaged bytes are put aside, so that nothing is lost and nothing stands in the way.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use signals::{Clock, Timestamp};

use crate::calendar;
use crate::files::{self, FileReader, Files};

/// The folder of everything that was put aside.
pub(crate) const FOLDER: &str = "quarantine";
/// Bytes that are copied at a time.
const CHUNK: usize = 1 << 20;

/// What was put aside, and why; the sidecar file holds the same as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// Where the bytes are now, relative to the data folder.
    pub path: String,
    /// Where they were.
    pub source: String,
    /// At which byte of the source they began.
    pub offset: u64,
    /// How many there are.
    pub bytes: u64,
    /// What is wrong with them.
    pub reason: String,
    /// When they were put aside, in nanoseconds since 1970.
    pub time: Timestamp,
}

impl Quarantined {
    /// A whole part, which is put aside among the objects.
    pub(crate) fn part(source: &str, bytes: u64, reason: &str, time: Timestamp) -> Self {
        // Parts of several signals may have the same name.
        let path = format!("{}/{}", folder(time, reason), source.replace('/', "-"));
        let (source, reason) = (source.to_owned(), reason.to_owned());
        Self { path, source, offset: 0, bytes, reason, time }
    }
}

/// Where to put what is found at a time, named after what is wrong with it.
fn folder(time: Timestamp, reason: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let word: String = reason.chars().map(letter).take(48).collect();
    format!("{FOLDER}/{}-{word}", calendar::compact_time(time))
}

/// Puts bytes aside.
#[derive(Debug, Clone)]
pub(crate) struct Quarantine {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Quarantine {
    /// Copies a stretch of a file.
    pub(crate) fn copy(
        &self,
        source: &str,
        file: &dyn FileReader,
        range: std::ops::Range<u64>,
        reason: &str,
    ) -> io::Result<Quarantined> {
        self.put(source, range.start, range.end - range.start, reason, |path| {
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

    /// Keeps bytes that are in memory.
    pub(crate) fn keep(
        &self,
        source: &str,
        offset: u64,
        bytes: &[u8],
        reason: &str,
    ) -> io::Result<Quarantined> {
        self.put(source, offset, bytes.len() as u64, reason, |path| {
            files::write_new(self.files.as_ref(), path, &[bytes])
        })
    }

    fn put(
        &self,
        source: &str,
        offset: u64,
        bytes: u64,
        reason: &str,
        write: impl FnOnce(&str) -> io::Result<()>,
    ) -> io::Result<Quarantined> {
        let time = self.clock.now();
        let folder = folder(time, reason);
        self.files.create_folder(FOLDER)?;
        self.files.sync_folder("")?;
        self.files.create_folder(&folder)?;
        self.files.sync_folder(FOLDER)?;
        let name = source.rsplit('/').next().unwrap_or(source);
        // The same bytes may be put aside again after a crash within the same second.
        let taken = self.files.list(&folder)?;
        let path = (0..=taken.len())
            .map(|number| format!("{name}.{offset}.{number}"))
            .find(|name| !taken.iter().any(|entry| entry.name == *name))
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
            "damaged bytes were put aside"
        );
        Ok(quarantined)
    }
}
