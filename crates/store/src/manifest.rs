//! The list of parts: one small JSON document for each signal and UTC day.
//!
//! A document is immutable. A new version is named with the next number and put only if that name
//! is free. This compare-and-set lets several writers share a bucket. The format is described in
//! `docs/formats/manifest.md`.
//!
//! [`documents`] reads and puts documents, [`catalog`] holds the current ones, [`load`] reads them
//! all at start and rebuilds ([`rebuild`]) what is damaged or gone.

pub(crate) mod catalog;
pub(crate) mod documents;
pub(crate) mod drafts;
pub(crate) mod load;
pub(crate) mod origin;
pub(crate) mod part_list;
pub(crate) mod rebuild;

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::path::Path;
use serde::{Deserialize, Serialize};
use signals::{Signal, Timestamp};

use crate::calendar;
use crate::part::Part;
use origin::SequenceRange;

/// The version of the document that this program writes.
pub(crate) const FORMAT: u32 = 1;
/// The folder of all documents.
pub(crate) const FOLDER: &str = "manifest";
/// Number of versions that are kept, including the newest.
pub(crate) const VERSIONS_KEPT: u64 = 3;
/// Larger versions are invalid: no process counts that far, and the next number must always fit.
const VERSION_MAX: u64 = u64::MAX / 2;
/// Maximum size of a document.
const BYTES_MAX: usize = 64 << 20;
const PREFIX: &str = "{\"checksum\":\"crc32c:";
const MIDDLE: &str = "\",\"manifest\":";
const END: &str = "}\n";

/// The parts of one signal and day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) signal: String,
    pub(crate) day: String,
    pub(crate) version: u64,
    pub(crate) written_at: Timestamp,
    /// For each writer, the write-ahead sequence up to which its rows of this signal and day are
    /// in parts, or were and have been dropped since.
    pub(crate) written_ahead: BTreeMap<String, u64>,
    pub(crate) parts: Vec<Entry>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Path in the object store.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) min_time: Timestamp,
    pub(crate) max_time: Timestamp,
    /// 0 for a flushed part, incremented by each merge.
    pub(crate) level: u32,
    /// When its newest rows were flushed.
    pub(crate) created: Timestamp,
    /// Of the whole file; absent when the list was rebuilt from footers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crc32c: Option<u32>,
    /// Sequence range of its rows; for a merged part, that of its newest input.
    #[serde(flatten)]
    pub(crate) range: SequenceRange,
    /// Sequence ranges of its rows of other writers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) others: Vec<SequenceRange>,
}

impl Entry {
    /// Sequence ranges of all its rows.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = &SequenceRange> {
        std::iter::once(&self.range).chain(&self.others)
    }

    pub(crate) fn part(&self) -> Arc<Part> {
        Arc::new(Part {
            path: Path::from(self.path.as_str()),
            bytes: self.bytes,
            rows: self.rows,
            min_time: self.min_time,
            max_time: self.max_time,
        })
    }
}

impl Manifest {
    /// The document before the first version.
    pub(crate) fn empty(signal: Signal, day: i32) -> Self {
        Self {
            format: FORMAT,
            signal: signal.name().into(),
            day: calendar::day_name(day),
            version: 0,
            written_at: 0,
            written_ahead: BTreeMap::new(),
            parts: Vec::new(),
        }
    }

    /// The sequence up to which the rows of a writer are in parts.
    pub(crate) fn flushed_sequence(&self, writer: &str) -> u64 {
        self.written_ahead.get(writer).copied().unwrap_or(0)
    }

    /// Records that a writer's rows up to a sequence are in parts.
    pub(crate) fn advance(&mut self, range: &SequenceRange) {
        let flushed = self.written_ahead.entry(range.writer.clone()).or_insert(0);
        *flushed = range.sequence.max(*flushed);
    }

    /// Encodes the document for storage.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let body = serde_json::to_string(self)?;
        let checksum = crc32c::crc32c(body.as_bytes());
        Ok(format!("{PREFIX}{checksum:08x}{MIDDLE}{body}{END}").into_bytes())
    }

    /// Decodes a stored document, or describes what is wrong with it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > BYTES_MAX {
            return Err(format!("{} bytes are too many for a manifest", bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
        let (checksum, body) = text
            .strip_prefix(PREFIX)
            .and_then(|text| text.strip_suffix(END))
            .and_then(|text| text.split_once(MIDDLE))
            .ok_or("not a manifest")?;
        if checksum != format!("{:08x}", crc32c::crc32c(body.as_bytes())) {
            return Err("wrong checksum".into());
        }
        serde_json::from_str(body).map_err(|error| error.to_string())
    }
}

/// The folder of a document's versions.
pub(crate) fn folder(signal: Signal, day: i32) -> Path {
    Path::from(format!("{FOLDER}/{}/{}", signal.name(), calendar::day_name(day)))
}

/// The path of a version.
pub(crate) fn path(signal: Signal, day: i32, version: u64) -> Path {
    folder(signal, day).join(format!("{version:020}.json"))
}

/// Parses a path made by [`path`] into signal, day and version.
pub(crate) fn parse_path(path: &Path) -> Option<(Signal, i32, u64)> {
    let mut names = path.as_ref().split('/');
    if names.next() != Some(FOLDER) {
        return None;
    }
    let signal = names.next()?;
    let signal = Signal::ALL.into_iter().find(|known| known.name() == signal)?;
    let day = calendar::parse_day(names.next()?)?;
    let version = names.next()?.strip_suffix(".json").filter(|digits| digits.len() == 20)?;
    let version = version.parse().ok().filter(|version| *version <= VERSION_MAX)?;
    names.next().is_none().then_some((signal, day, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let mut manifest = Manifest::empty(Signal::Spans, 20_777);
        manifest.version = 7;
        manifest.written_ahead.insert("ab".into(), 42);
        manifest.parts.push(Entry {
            path: "parts/spans/2026-11-20/x.parquet".into(),
            bytes: 10,
            rows: 2,
            min_time: -5,
            max_time: i64::MAX,
            level: 1,
            created: 3,
            crc32c: Some(u32::MAX),
            range: SequenceRange { writer: "ab".into(), after: 0, sequence: 42 },
            others: vec![SequenceRange { writer: "cd".into(), after: 3, sequence: 4 }],
        });
        manifest
    }

    #[test]
    fn a_manifest_comes_back_as_it_was_and_is_json() {
        let bytes = manifest().encode().unwrap();
        assert_eq!(Manifest::decode(&bytes), Ok(manifest()));
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["manifest"]["parts"][0]["max_time"], i64::MAX);
    }

    #[test]
    fn a_manifest_with_any_byte_changed_or_cut_off_is_refused() {
        let bytes = manifest().encode().unwrap();
        for position in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[position] ^= 1;
            assert!(Manifest::decode(&broken).is_err(), "{position}");
            assert!(Manifest::decode(&bytes[..position]).is_err(), "{position}");
        }
    }

    #[test]
    fn paths_name_signal_day_and_version() {
        let path = path(Signal::Logs, 20_777, 3);
        assert_eq!(path.as_ref(), "manifest/logs/2026-11-20/00000000000000000003.json");
        assert_eq!(parse_path(&path), Some((Signal::Logs, 20_777, 3)));
        for other in [
            "manifest/logs/2026-11-20/3.json",
            "manifest/x/2026-11-20/00000000000000000003.json",
            "manifest/logs/2026-11-20/18446744073709551615.json",
            "parts",
        ] {
            assert_eq!(parse_path(&Path::from(other)), None, "{other}");
        }
    }
}
