//! LogQL: text to typed tree, with the checks that need no data.
//!
//! Follows the grammar of Grafana Loki; errors are worded as in Loki where clients or tests read
//! them. `variants(…)` is not supported, and nothing is evaluated here. Regular expressions and
//! templates are validated, but not kept compiled.

mod check;
mod display;
mod duration;
mod filter;
mod lexer;
mod parser;
mod pattern;
mod stage;
mod tree;

pub use duration::{parse_bytes, parse_duration};
pub use pattern::Pattern;
pub use tree::{
    Binary, BinaryOp, Comparison, Conversion, Expr, Extraction, Group, Grouping, LabelFilter,
    LabelFormat, LabelValue, LineFilter, LineMatch, LineOp, LogExpr, Many, MatchOp, Matcher,
    Matching, MetricExpr, NameOrMatcher, RangeAggregation, RangeOp, RangeSelector, Stage, Unwrap,
    VectorAggregation, VectorOp,
};

/// Longest query text, in bytes.
pub const QUERY_BYTES_MAX: usize = 131_072;
/// Deepest nesting of parentheses, filters and operators.
pub const DEPTH_MAX: usize = 128;
/// Maximum number of binary operators in one query; with [`DEPTH_MAX`] it bounds the tree's depth.
pub const OPERATORS_MAX: usize = 256;
/// Maximum number of tokens in one query; bounds the memory of the tree.
pub const TOKENS_MAX: usize = 20_000;

/// The error of an invalid LogQL query, with its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// What is wrong, worded as in Loki where possible.
    pub message: String,
    /// Line of the text, from 1; 0 for the whole expression.
    pub line: usize,
    /// Column in characters, from 1; 0 for the whole expression.
    pub column: usize,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 && self.column == 0 {
            write!(f, "parse error : {}", self.message)
        } else {
            write!(f, "parse error at line {}, col {}: {}", self.line, self.column, self.message)
        }
    }
}

impl ParseError {
    /// An error about the expression as a whole.
    fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), line: 0, column: 0 }
    }
}

/// Parses a query: a log query or a metric query.
///
/// # Errors
/// [`ParseError`] for text that is not LogQL, violates one of its rules, or is too large.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let expr = parser::parse(text)?;
    check::check(&expr)?;
    Ok(expr)
}

/// Parses a stream selector such as `{app="a"}`; unlike a query it may select everything.
///
/// # Errors
/// [`ParseError`], also when more than a selector is given.
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, ParseError> {
    let selector = parser::parse_selector(text)?;
    check::check_patterns(&selector)?;
    Ok(selector)
}
