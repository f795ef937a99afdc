//! TraceQL over the spans of one trace: evaluates a query to span sets.
//!
//! Pure: [`crate::traces`] finds candidate traces and reads them whole.

mod field;
mod pipeline;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use lang::traceql::{ErrorKind, FieldExpr, Query, Root};

pub(crate) use self::field::{Fields, SpanTable};
pub(crate) use self::pipeline::Program;
pub(crate) use self::tree::TraceTree;
pub(crate) use self::value::Value;
use crate::QueryError;

/// Parses a search: a query that returns span sets.
///
/// # Errors
/// Invalid if it is not TraceQL, unsupported if it is not implemented, such as metrics.
pub(crate) fn parse_search(text: &str) -> Result<Query, QueryError> {
    let query = lang::traceql::parse(text).map_err(|error| match error.kind {
        ErrorKind::Unsupported => QueryError::Unsupported(error.message),
        ErrorKind::Syntax | ErrorKind::Invalid => {
            QueryError::Invalid(format!("invalid TraceQL query: {error}"))
        }
    })?;
    match query.root {
        Root::Spansets(_) => Ok(query),
        Root::ScalarFilter(_) => {
            Err(QueryError::Unsupported("comparisons between pipelines".to_owned()))
        }
        Root::Metrics(_) => Err(QueryError::Unsupported("TraceQL metrics".to_owned())),
    }
}

/// Calls `each` with every attribute and intrinsic in an expression.
pub(crate) fn for_each_field(expr: &FieldExpr, each: &mut dyn FnMut(&FieldExpr)) {
    match expr {
        FieldExpr::Static(_) => {}
        FieldExpr::Attribute(_) | FieldExpr::Intrinsic(_) => each(expr),
        FieldExpr::Unary(_, operand) => for_each_field(operand, each),
        FieldExpr::Binary(_, left, right) => {
            for_each_field(left, each);
            for_each_field(right, each);
        }
    }
}
