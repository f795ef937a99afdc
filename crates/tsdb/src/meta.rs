//! `meta.json`, the description of a block.
//!
//! Source: Prometheus' package `tsdb`, `BlockMeta`.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;
use crate::limits::META_BYTES_MAX;
use crate::pieces;
use crate::time_range::TimeRange;

/// The only version.
const VERSION: u64 = 1;

/// What a block says that it contains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Stats {
    /// Samples, of all types.
    pub num_samples: u64,
    /// Series.
    pub num_series: u64,
    /// Chunks.
    pub num_chunks: u64,
    /// Deleted ranges of time, once per series.
    pub num_tombstones: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: u64,
    min_time: i64,
    max_time: i64,
    #[serde(default)]
    stats: Stats,
    #[serde(default)]
    compaction: Compaction,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Compaction {
    parents: Option<Vec<Parent>>,
    hints: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Parent {
    ulid: String,
}

/// Hints of blocks that do not mean that the head has no samples before their end.
const PARTIAL: [&str; 3] = ["from-out-of-order", "from-stale-series", "from-selected-series"];

/// The description of a block.
#[derive(Debug, Clone)]
pub(crate) struct Meta {
    /// The times of its samples.
    pub(crate) range: TimeRange,
    /// The end of the block as written, the first millisecond after it.
    pub(crate) end_ms: i64,
    pub(crate) stats: Stats,
    /// Names of the blocks that this one replaces.
    pub(crate) parents: Vec<String>,
    /// Whether the block has all samples of the head in its range of time.
    pub(crate) is_whole: bool,
}

impl Meta {
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let bytes = pieces::whole(file, "the description of the block", META_BYTES_MAX)?;
        let damaged = |reason| Error::damaged(file, 0, reason);
        let document: Document = serde_json::from_slice(&bytes)
            .map_err(|_| damaged("the JSON is not that of a block"))?;
        if document.version != VERSION {
            return Err(damaged("the version is unknown"));
        }
        let Document { min_time, max_time, stats, compaction, .. } = document;
        let hints = compaction.hints.unwrap_or_default();
        let parents = compaction.parents.unwrap_or_default();
        Ok(Self {
            range: TimeRange { min_ms: min_time, max_ms: max_time.saturating_sub(1).max(min_time) },
            end_ms: max_time,
            stats,
            parents: parents.into_iter().map(|parent| parent.ulid).collect(),
            is_whole: !hints.iter().any(|hint| PARTIAL.contains(&hint.as_str())),
        })
    }
}

/// Whether a name is a ULID: 26 characters of Crockford's base 32, of 128 bits.
pub(crate) fn is_ulid(name: &str) -> bool {
    let is_digit = |byte: u8| {
        byte.is_ascii_digit()
            || byte.is_ascii_alphabetic() && !b"ILOU".contains(&byte.to_ascii_uppercase())
    };
    name.len() == 26 && name.starts_with(|first| first <= '7') && name.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ulids_are_names_of_blocks() {
        for (name, expected) in [
            ("01BX5ZZKBKACTAV9WEVGEMMVS0", true),
            ("01bx5zzkbkactav9wevgemmvs0", true),
            ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", true),
            ("8ZZZZZZZZZZZZZZZZZZZZZZZZZ", false),
            ("01BX5ZZKBKACTAV9WEVGEMMVSU", false),
            ("01BX5ZZKBKACTAV9WEVGEMMVS0.tmp-for-creation", false),
            ("chunks_head", false),
            ("", false),
        ] {
            assert_eq!(is_ulid(name), expected, "{name}");
        }
    }
}
