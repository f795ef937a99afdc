//! The error type of the store.

use signals::MemoryExhausted;

/// Failures of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot take this now; the sender should retry.
    #[error("{0}")]
    Unavailable(String),
    /// Not enough memory for this now; a retry may succeed.
    #[error(transparent)]
    Memory(#[from] MemoryExhausted),
    /// A file or object could not be read or written.
    #[error("{0}")]
    Io(String),
    /// A part cannot be read: it is damaged or missing, or the object store does not respond. The
    /// part has been verified, and quarantined if damaged, so that the next read skips it.
    #[error("part {path} cannot be read: {reason}")]
    Unreadable {
        /// Where it is in [`crate::Store::objects`].
        path: String,
        /// What went wrong.
        reason: String,
    },
    /// A request is larger than the store accepts; a retry does not help.
    #[error("{0}")]
    TooLarge(String),
    /// The disk failed and its contents are unknown until a restart.
    #[error("{0}")]
    Fatal(String),
    /// A setting is wrong; the message names it.
    #[error("{0}")]
    Config(String),
    /// Another process holds the data folder; the message names both.
    #[error("{0}")]
    Locked(String),
    /// The data was written by a newer or unsupported older version; nothing was changed.
    #[error("{0}")]
    Format(String),
    /// A batch uses a series reference that is no longer valid. Nothing was stored: send the batch
    /// again with the labels of its series.
    #[error("a series reference is no longer valid")]
    UnknownSeries,
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::Generic { store: crate::objects::SYNC_FAILED, .. } => {
                Self::Fatal(error.to_string())
            }
            error => Self::Io(error.to_string()),
        }
    }
}

impl From<signals::rows::ColumnError> for StoreError {
    fn from(error: signals::rows::ColumnError) -> Self {
        Self::Io(error.to_string())
    }
}
