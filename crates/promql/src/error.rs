//! Errors of queries.

use std::error::Error as StdError;

use signals::MemoryExhausted;

/// Errors of queries, worded for users.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is not a query, or cannot have an answer; the message says what and where.
    #[error("{0}")]
    Invalid(String),
    /// The query has no answer for this data or these parameter values.
    #[error("{0}")]
    Execution(String),
    /// Valid in the language, but not built yet.
    #[error("not supported yet: {0}")]
    Unsupported(String),
    /// A limit of [`crate::Settings`] or of the answer was reached; the message names it.
    #[error("{0}")]
    TooLarge(String),
    /// The memory budget is exhausted.
    #[error(transparent)]
    Memory(#[from] MemoryExhausted),
    /// A series could not be read.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// The caller cancelled the query.
    #[error("the query was cancelled")]
    Cancelled,
    /// An internal error.
    #[error("{0}")]
    Internal(String),
}

/// The error of a source of series.
pub type SeriesError = Box<dyn StdError + Send + Sync>;
