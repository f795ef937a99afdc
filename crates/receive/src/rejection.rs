//! Reasons for rejecting a whole request; each protocol maps them to its own statuses.

use std::time::Duration;

use signals::MemoryExhausted;
use store::StoreError;
use wire::WireError;

/// Why a request was rejected as a whole. Final unless documented as retryable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The body is malformed.
    #[error("{0}")]
    Malformed(String),
    /// The content encoding is not supported.
    #[error("unsupported compression {0:?}, supported: identity, gzip, zstd, deflate")]
    UnsupportedCompression(String),
    /// The body exceeds a limit before or after decompression.
    #[error("{0}")]
    TooLarge(String),
    /// The body arrived too slowly.
    #[error("the request body did not arrive in time")]
    TooSlow,
    /// Temporarily unavailable; retryable.
    #[error("{message}")]
    Unavailable {
        /// The cause.
        message: String,
        /// Suggested delay before a retry.
        retry_after: Duration,
    },
    /// A bug in the decoder; the body may be sent once more.
    #[error("internal error while reading the request; it was not stored")]
    Panicked {
        /// Suggested delay before a retry.
        retry_after: Duration,
    },
}

impl Rejection {
    /// Suggested delay before a retry; `None` if the error is final.
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

/// Nearly all store errors are temporary for a sender: full, closing, or a disk failure that ends
/// this process.
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
