//! TraceQL: text to typed tree, with the checks that need no data.
//!
//! Follows the grammar of Grafana Tempo; errors are worded as in Tempo where tests read them.
//! Queries that Tempo parses but cannot run are rejected as [`ErrorKind::Unsupported`].

mod check;
mod display;
mod field;
mod lexer;
mod metrics;
mod parser;
mod tree;

pub use tree::{
    Aggregate, Attribute, BinaryOp, FieldExpr, Intrinsic, Kind, MetricsAggregate, MetricsExpr,
    MetricsOp, Pipeline, Query, Relation, RelationKind, Root, ScalarExpr, ScalarFilter, Scope,
    SecondStage, SpansetExpr, SpansetOp, Stage, Static, Status, UnaryOp,
};

/// Longest query text, in bytes.
pub const QUERY_BYTES_MAX: usize = 131_072;
/// Deepest nesting of braces, parentheses and operators.
pub const DEPTH_MAX: usize = 64;
/// Maximum number of operators in one query; with [`DEPTH_MAX`] this bounds the tree's depth.
pub const OPERATORS_MAX: usize = 256;
/// Maximum number of tokens in one query; bounds the memory of the tree.
pub const TOKENS_MAX: usize = 20_000;

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text does not follow the grammar.
    Syntax,
    /// The text follows the grammar but is meaningless, such as comparing a number with a text.
    Invalid,
    /// Part of the language, but neither Tempo nor Glasshouse can run it.
    Unsupported,
}

/// The error of an invalid TraceQL query, with its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// What is wrong, or what is not supported.
    pub message: String,
    /// Line of the text, from 1; 0 for the whole expression.
    pub line: usize,
    /// Column in characters, from 1; 0 for the whole expression.
    pub column: usize,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 && self.column == 0 {
            f.write_str(&self.message)
        } else {
            write!(f, "parse error at line {}, col {}: {}", self.line, self.column, self.message)
        }
    }
}

/// Parses a query.
///
/// # Errors
/// [`ParseError`] for text that is not TraceQL, violates one of its rules, or is too large.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    let query = parser::parse(text)?;
    check::check(&query)?;
    Ok(query)
}

/// Parses an attribute or intrinsic, such as `resource.service.name`, `.http.method` or `name`.
///
/// # Errors
/// [`ParseError`] for anything else.
pub fn parse_attribute(text: &str) -> Result<FieldExpr, ParseError> {
    parser::parse_attribute(text)
}
