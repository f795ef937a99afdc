//! Why a file or a part of it cannot be read.

use std::io;
use std::path::{Path, PathBuf};

/// A file cannot be read at all. Damage to a part of it is a [`crate::Damage`] instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The content is not what the format requires.
    #[error("{}: at byte {offset}: {reason}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where, in bytes from its start.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// Something is larger than a bound of [`crate::Limits`] or of this crate.
    #[error("{}: {what} takes {bytes} bytes, more than {bytes_max}", file.display())]
    TooLarge {
        /// The file or folder.
        file: PathBuf,
        /// What.
        what: &'static str,
        /// Its size, or the size at which reading it ended.
        bytes: u64,
        /// The bound.
        bytes_max: u64,
    },
}

impl Error {
    pub(crate) fn unreadable(file: &Path, source: io::Error) -> Self {
        Self::Unreadable { file: file.to_owned(), source }
    }

    pub(crate) fn damaged(file: &Path, offset: u64, reason: &'static str) -> Self {
        Self::Damaged { file: file.to_owned(), offset, reason }
    }
}

/// What is wrong at a position of the bytes that are being decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Position in bytes from the start of what is decoded.
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

impl Fault {
    /// The position in a file in which the decoded bytes begin at `start`.
    pub(crate) fn offset(self, start: u64) -> u64 {
        start.saturating_add(self.at as u64)
    }
}

pub(crate) const CHECKSUM: &str = "the checksum does not match";
pub(crate) const ENDS: &str = "the content ends early";
