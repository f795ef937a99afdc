//! Records of what outlives the process: silences, and the notification log.
//!
//! A file is text: one record per line, as `CRC-32C in 8 hexadecimal digits`, space, JSON. The first
//! line is the header `{"format":1}`. JSON contains no line break, so that damage is confined to the
//! lines that it touches, and a line without a line break is one that was not written to its end.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::notification_log::Entry;
use crate::silence::SilenceRecord;

/// The number of the format.
const FORMAT: u32 = 1;

/// A silence or an entry of the notification log. A record replaces earlier ones with its id or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Silence(SilenceRecord),
    Notified(Arc<Entry>),
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Line<'r> {
    Format(u32),
    Silence(&'r SilenceRecord),
    Notified(&'r Entry),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum OwnedLine {
    Format(u32),
    Silence(SilenceRecord),
    Notified(Entry),
}

/// The first line of a file.
pub(crate) fn header() -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&Line::Format(FORMAT), &mut bytes);
    bytes
}

impl Record {
    /// Appends the record as a line.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Silence(record) => encode(&Line::Silence(record), bytes),
            Self::Notified(entry) => encode(&Line::Notified(entry), bytes),
        }
    }

    /// Decodes a line without its line break; `None` for a header.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub(crate) fn decode(line: &[u8]) -> Result<Option<Self>, String> {
        let (checksum, json) = line.split_at_checked(9).ok_or("the line is too short")?;
        let checksum = std::str::from_utf8(checksum).ok().and_then(|text| text.strip_suffix(' '));
        let checksum = checksum.and_then(|text| u32::from_str_radix(text, 16).ok());
        if checksum != Some(crc32c::crc32c(json)) {
            return Err("the checksum is wrong".to_owned());
        }
        match serde_json::from_slice(json).map_err(|error| error.to_string())? {
            OwnedLine::Format(FORMAT) => Ok(None),
            OwnedLine::Format(other) => Err(format!("the format {other} is newer than {FORMAT}")),
            OwnedLine::Silence(record) => Ok(Some(Self::Silence(record))),
            OwnedLine::Notified(entry) => Ok(Some(Self::Notified(Arc::new(entry)))),
        }
    }
}

fn encode(line: &Line<'_>, bytes: &mut Vec<u8>) {
    // Texts and numbers can always be written.
    let Ok(json) = serde_json::to_vec(line) else { return };
    bytes.extend_from_slice(format!("{:08x} ", crc32c::crc32c(&json)).as_bytes());
    bytes.extend_from_slice(&json);
    bytes.push(b'\n');
}
