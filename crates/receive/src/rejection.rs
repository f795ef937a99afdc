//! Why a whole request was not taken; each protocol has its own words for these.

use std::time::Duration;

use signals::MemoryExhausted;
use store::StoreError;
use wire::WireError;

/// Why nothing of a request was kept. Retryable only where it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The body is not what it claims to be.
    #[error("{0}")]
    Malformed(String),
    /// The compression is not one that we know.
    #[error("unsupported compression {0:?}, supported: identity, gzip, zstd, deflate")]
    UnsupportedCompression(String),
    /// The body is over a bound, packed or unpacked.
    #[error("{0}")]
    TooLarge(String),
    /// The body came too slowly.
    #[error("the request body did not arrive in time")]
    TooSlow,
    /// Try again later.
    #[error("{message}")]
    Unavailable {
        /// What is missing.
        message: String,
        /// When it may be there again.
        retry_after: Duration,
    },
    /// A defect of ours; the sender may try the same body once more.
    #[error("internal error while reading the request; it was not stored")]
    Panicked {
        /// When to try again.
        retry_after: Duration,
    },
}

impl Rejection {
    /// How long a sender should wait before it tries again; `None` when it should not.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::Panicked { retry_after } => {
                Some(*retry_after)
            }
            _ => None,
        }
    }
}

/// Nearly everything that the store refuses is temporary for a sender: full, closing, or a broken
/// disk that ends this process.
impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooLarge(message) => Self::TooLarge(message),
            StoreError::Memory(error) => error.into(),
            error => Self::Unavailable {
                message: error.to_string(),
                retry_after: crate::limits::RETRY_AFTER,
            },
        }
    }
}

impl From<MemoryExhausted> for Rejection {
    fn from(error: MemoryExhausted) -> Self {
        if error.never_fits {
            return Self::TooLarge(error.to_string());
        }
        let retry_after = crate::limits::RETRY_AFTER;
        Self::Unavailable { message: error.to_string(), retry_after }
    }
}

impl From<WireError> for Rejection {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Memory(error) => error.into(),
            WireError::TooLarge { .. } => Self::TooLarge(error.to_string()),
            WireError::UnknownEncoding(name) => Self::UnsupportedCompression(name),
            WireError::Internal(_) => Self::Panicked { retry_after: crate::limits::RETRY_AFTER },
            error => Self::Malformed(error.to_string()),
        }
    }
}
