//! TraceQL: text to typed tree, with the checks that need no data.
//!
//! Follows the grammar of Grafana Tempo; error texts are Tempo's where tests read them. What Tempo
//! itself parses but cannot run is refused as [`ErrorKind::Unsupported`].

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

/// Longest query text that is read, in bytes.
pub const QUERY_BYTES_MAX: usize = 131_072;
/// Deepest nesting of braces, parentheses and operators.
pub const DEPTH_MAX: usize = 64;
/// Most operators in one query; with [`DEPTH_MAX`] this bounds the depth of the tree.
pub const OPERATORS_MAX: usize = 256;
/// Most tokens in one query; bounds the memory of the tree.
pub const TOKENS_MAX: usize = 20_000;

/// What kind of fault a query has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text does not follow the grammar.
    Syntax,
    /// The text follows the grammar but makes no sense, such as comparing a number with a text.
    Invalid,
    /// Part of the language, but neither Tempo nor this parser's users can run it.
    Unsupported,
}

/// Why a text is not a TraceQL query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// What kind of fault it is.
    pub kind: ErrorKind,
    /// What is wrong.
    pub message: String,
    /// Line of the text, from 1; 0 where the whole expression is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 where the whole expression is meant.
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

/// Reads a query.
///
/// # Errors
/// [`ParseError`] for text that is not TraceQL, that breaks one of its rules, or that is too large.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    let query = parser::parse(text)?;
    check::check(&query)?;
    Ok(query)
}

/// Reads one attribute or intrinsic, such as `resource.service.name`, `.http.method` or `name`.
///
/// # Errors
/// [`ParseError`] for anything else.
pub fn parse_attribute(text: &str) -> Result<FieldExpr, ParseError> {
    parser::parse_attribute(text)
}
