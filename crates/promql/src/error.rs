//! Why a query has no answer.

use std::error::Error as StdError;

use signals::MemoryExhausted;

/// Why a query has no answer, in words for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not a query, or cannot have an answer; the message says what and where.
    #[error("{0}")]
    Invalid(String),
    /// A query that these data, or the values of its parameters, give no answer to.
    #[error("{0}")]
    Execution(String),
    /// Valid in the language, but not built yet.
    #[error("not supported yet: {0}")]
    Unsupported(String),
    /// A bound of [`crate::Settings`] or of the answer was reached; the message names it.
    #[error("{0}")]
    TooLarge(String),
    /// Its memory is used up.
    #[error(transparent)]
    Memory(#[from] MemoryExhausted),
    /// A series could not be read.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The caller cancelled the query.
    #[error("the query was cancelled")]
    Cancelled,
    /// Something that should not happen did.
    #[error("{0}")]
    Internal(String),
}

/// Why a series cannot be read, as its source puts it.
pub type SeriesError = Box<dyn StdError + Send + Sync>;
