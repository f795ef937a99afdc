//! What is wrong with a file, and what is not supported.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what its system accepts.
    #[error("{}:{line}: {reason}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u32,
        /// The column in characters, from 1.
        column: u32,
        /// Why, in the words of the system that the file is for where it has any.
        reason: String,
    },
}

impl Error {
    /// Why, without the position.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Unreadable { source, .. } => source.to_string(),
            Self::Invalid { reason, .. } => reason.clone(),
        }
    }
}

/// A setting that is valid, and that Glasshouse does not support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// The key as written, such as `consul_sd_configs`.
    pub key: String,
    /// The scrape job that it belongs to, if any.
    pub job: Option<String>,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} is not supported", self.file.display(), self.line, self.key)?;
        match &self.job {
            Some(job) => write!(f, " (job {job:?})"),
            None => Ok(()),
        }
    }
}

/// What is wrong at a position of the file that is being read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn of(self, file: impl Into<PathBuf>) -> Error {
        let Self { line, column, reason } = self;
        Error::Invalid { file: file.into(), line, column, reason }
    }
}

/// The result of reading a part of a file.
pub(crate) type Read<T> = Result<T, Fault>;
