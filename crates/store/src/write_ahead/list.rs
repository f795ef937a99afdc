//! The list of segments that should exist, so that a missing one is noticed.
//!
//! A segment is listed before its first record is written, and taken off the list before it is
//! removed. After a crash in between, a segment that is not listed may exist.

use std::io;

use serde::{Deserialize, Serialize};
use signals::Timestamp;

use super::FOLDER;
use crate::files::{self, Files};

/// Where the list is.
pub(crate) const PATH: &str = "wal/segments.json";
const UNFINISHED: &str = "wal/segments.json.new";
const BYTES_MAX: u64 = 16 << 20;

/// A segment that should exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) first_sequence: u64,
    pub(crate) created: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Document {
    checksum: String,
    segments: Vec<Listed>,
}

/// The segments that should exist, as far as they are known.
#[derive(Debug)]
pub(crate) enum List {
    /// Oldest first.
    Known(Vec<Listed>),
    /// The disk had no room for the list.
    Unknown,
    /// There is no list.
    Gone,
    /// The list is damaged.
    Damaged(Vec<u8>),
}

fn checksum(segments: &[Listed]) -> String {
    let add = |crc32c, segment: &Listed| {
        let crc32c = crc32c::crc32c_append(crc32c, &segment.first_sequence.to_le_bytes());
        crc32c::crc32c_append(crc32c, &segment.created.to_le_bytes())
    };
    format!("crc32c:{:08x}", segments.iter().fold(0, add))
}

/// Replaces the list, durably.
pub(crate) fn write(files: &dyn Files, segments: &[Listed]) -> io::Result<()> {
    let document = Document { checksum: checksum(segments), segments: segments.to_vec() };
    let bytes = serde_json::to_vec(&document).map_err(io::Error::other)?;
    files::replace(files, PATH, UNFINISHED, &bytes)
}

/// Replaces the list by an empty file, which means unknown and needs no room.
pub(crate) fn forget(files: &dyn Files) -> io::Result<()> {
    match files.edit(PATH) {
        Ok(mut list) => {
            list.truncate(0)?;
            list.sync().map_err(|error| files::sync_error(&error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads the list.
pub(crate) fn read(files: &dyn Files) -> io::Result<List> {
    let bytes = match files::read_all(files, PATH, BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(List::Gone),
        Err(error) => return Err(error),
    };
    if bytes.is_empty() {
        return Ok(List::Unknown);
    }
    Ok(match serde_json::from_slice::<Document>(&bytes) {
        Ok(document) if document.checksum == checksum(&document.segments) => {
            List::Known(document.segments)
        }
        Ok(_) | Err(_) => List::Damaged(bytes),
    })
}

/// The path of a listed segment.
pub(crate) fn path(segment: &Listed) -> String {
    format!("{FOLDER}/{}", super::format::segment_name(segment.first_sequence))
}
