//! Errors of queries, worded for users.

use std::time::Duration;

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use signals::MemoryExhausted;
use store::StoreError;

/// Why a query has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueryError {
    /// The text is not a query, or cannot have an answer; the message says what and where.
    #[error("{0}")]
    Invalid(String),
    /// The query has no answer for this data or these parameter values.
    #[error("{0}")]
    Execution(String),
    /// Valid in the language, but not built yet.
    #[error("not supported yet: {0}")]
    Unsupported(String),
    /// A limit of [`crate::Limits`] was reached; the message names it.
    #[error("{0}")]
    TooLarge(String),
    /// It took longer than [`crate::Limits::timeout`].
    #[error("query timed out after {} s", .0.as_secs())]
    Timeout(Duration),
    /// Too many queries are waiting; a retry may succeed.
    #[error("{0}")]
    Busy(String),
    /// The store could not be read.
    #[error(transparent)]
    Store(StoreError),
    /// An internal error.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for QueryError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Memory(exhausted) => exhausted.into(),
            error => Self::Store(error),
        }
    }
}

impl From<MemoryExhausted> for QueryError {
    fn from(exhausted: MemoryExhausted) -> Self {
        if exhausted.never_fits {
            Self::TooLarge(TOO_MUCH_MEMORY.to_owned())
        } else {
            Self::Busy(format!("{exhausted}; try again later"))
        }
    }
}

impl From<promql::Error> for QueryError {
    fn from(error: promql::Error) -> Self {
        match error {
            promql::Error::Invalid(message) => Self::Invalid(message),
            promql::Error::Execution(message) => Self::Execution(message),
            promql::Error::Unsupported(what) => Self::Unsupported(what),
            promql::Error::TooLarge(message) => Self::TooLarge(message),
            promql::Error::Memory(exhausted) => exhausted.into(),
            promql::Error::Series(error) => match error.downcast::<StoreError>() {
                Ok(error) => (*error).into(),
                Err(error) => Self::Internal(error.to_string()),
            },
            error @ (promql::Error::Cancelled | promql::Error::Internal(_)) => {
                Self::Internal(error.to_string())
            }
        }
    }
}

/// For a query that does not fit, even if nothing else runs.
const TOO_MUCH_MEMORY: &str = "the query needs more memory than all queries together may use; \
                               narrow its time range, group by fewer values or add a LIMIT";

/// The error for DataFusion when a query gets no more memory.
pub(crate) fn out_of_memory(exhausted: MemoryExhausted) -> DataFusionError {
    if exhausted.never_fits {
        DataFusionError::ResourcesExhausted(exhausted.to_string())
    } else {
        DataFusionError::External(Box::new(QueryError::from(exhausted)))
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        let position = position_of(&error);
        let at = |message: String| match &position {
            Some(position) if !message.contains(" Line: ") => format!("{message} at {position}"),
            _ => message,
        };
        match root(error) {
            DataFusionError::SQL(error, _) => Self::Invalid(at(parser_message(&error.to_string()))),
            DataFusionError::Plan(message)
            | DataFusionError::Execution(message)
            | DataFusionError::Configuration(message) => Self::Invalid(at(cleaned(&message))),
            DataFusionError::SchemaError(error, _) => Self::Invalid(at(schema_message(&error))),
            DataFusionError::ArrowError(error, _) => Self::Invalid(at(cleaned(&error.to_string()))),
            DataFusionError::NotImplemented(message) => Self::Unsupported(at(cleaned(&message))),
            DataFusionError::ResourcesExhausted(_) => Self::TooLarge(TOO_MUCH_MEMORY.to_owned()),
            DataFusionError::ObjectStore(error) => Self::Store(StoreError::Io(error.to_string())),
            DataFusionError::ParquetError(error) => Self::Store(StoreError::Io(error.to_string())),
            DataFusionError::IoError(error) => Self::Store(StoreError::Io(error.to_string())),
            DataFusionError::External(error) => match error.downcast::<StoreError>() {
                Ok(error) => (*error).into(),
                Err(error) => match error.downcast::<QueryError>() {
                    Ok(error) => *error,
                    Err(error) if is_of_pattern(&error.to_string()) => {
                        Self::Invalid(format!("error parsing regexp: {error}"))
                    }
                    Err(error) => Self::Internal(error.to_string()),
                },
            },
            DataFusionError::Internal(message) if message.contains(NOT_COMPILED) => {
                let from = message.find(NOT_COMPILED).and_then(|from| message.get(from..));
                Self::Invalid(at(cleaned(from.unwrap_or_default())))
            }
            DataFusionError::Internal(message) if message.contains(NOT_IMPLEMENTED) => {
                Self::Unsupported(at(cleaned(message.lines().next().unwrap_or_default())))
            }
            other => Self::Internal(cleaned(&other.strip_backtrace())),
        }
    }
}

/// From Arrow, which does not report the reason as a type.
const NOT_COMPILED: &str = "Regular expression did not compile";

/// From DataFusion, about a function such as `sum` of a text.
const NO_SIGNATURE: &str = " failed to match any signature";

/// From DataFusion, about an aggregate such as `max` over a map.
const NOT_IMPLEMENTED: &str = "not implemented for type";

/// The innermost error, without the wrappers of the layers that it passed through.
fn root(error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => root(*inner),
        DataFusionError::Collection(mut errors) if !errors.is_empty() => {
            root(errors.swap_remove(0))
        }
        DataFusionError::Shared(shared) => match std::sync::Arc::try_unwrap(shared) {
            Ok(inner) => root(inner),
            // The error is shared; the variants that matter to the caller are copied.
            Err(shared) => copied(shared.find_root()),
        },
        DataFusionError::External(inner) => match inner.downcast::<DataFusionError>() {
            Ok(inner) => root(*inner),
            Err(inner) => DataFusionError::External(inner),
        },
        other => other,
    }
}

/// A copy of a shared error, because DataFusion's errors are not `Clone`.
fn copied(error: &DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::ResourcesExhausted(message) => {
            DataFusionError::ResourcesExhausted(message.clone())
        }
        DataFusionError::ObjectStore(_)
        | DataFusionError::ParquetError(_)
        | DataFusionError::IoError(_) => {
            DataFusionError::External(Box::new(StoreError::Io(error.strip_backtrace())))
        }
        DataFusionError::External(inner) => {
            if let Some(error) = inner.downcast_ref::<StoreError>() {
                DataFusionError::External(Box::new(error.clone()))
            } else if let Some(error) = inner.downcast_ref::<QueryError>() {
                DataFusionError::External(Box::new(error.clone()))
            } else if is_of_pattern(&inner.to_string()) {
                DataFusionError::Execution(format!("error parsing regexp: {inner}"))
            } else {
                DataFusionError::Internal(error.strip_backtrace())
            }
        }
        DataFusionError::Internal(message) => DataFusionError::Internal(message.clone()),
        other => DataFusionError::Execution(other.strip_backtrace()),
    }
}

/// Whether an error is about a regular expression. Its type depends on the stage that reads the
/// pattern.
fn is_of_pattern(text: &str) -> bool {
    text.starts_with("regex parse error") || text.starts_with("Compiled regex exceeds size limit")
}

/// `line 1, column 8`, if the planner knows it.
fn position_of(error: &DataFusionError) -> Option<String> {
    let start = error.diagnostic()?.span?.start;
    (start.line > 0).then(|| format!("line {}, column {}", start.line, start.column))
}

/// The parser's message: `Expected: an expression, found: FROM at Line: 1, Column: 8`.
fn parser_message(message: &str) -> String {
    let message = message.strip_prefix("sql parser error: ").unwrap_or(message).trim();
    message.replace("found: EOF", "found: the end of the query")
}

fn schema_message(error: &SchemaError) -> String {
    match error {
        // The list of all columns of the table obscures the actual error.
        SchemaError::FieldNotFound { field, .. } => {
            format!("there is no column {}", field.flat_name())
        }
        other => cleaned(&other.to_string()),
    }
}

/// Removes words that only DataFusion's authors understand.
fn cleaned(message: &str) -> String {
    let message = message.split("\n\nbacktrace:").next().unwrap_or_default();
    if let Some((function, _)) = message.split_once(NO_SIGNATURE) {
        let function = function.rsplit(": ").next().unwrap_or_default();
        return format!(
            "{function} takes no argument of this type; cast it, for example with ::DOUBLE"
        );
    }
    let message = message.split("\nThis issue was likely caused by").next().unwrap_or_default();
    let mut message = message.trim();
    for prefix in [
        "Error during planning: ",
        "Execution error: ",
        "type_coercion\ncaused by\n",
        "Arrow error: ",
    ] {
        message = message.strip_prefix(prefix).unwrap_or(message);
    }
    message.replace("glasshouse.public.", "").trim().to_owned()
}
