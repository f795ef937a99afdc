//! PromQL 3.x: text to typed tree with byte positions, and back to canonical text.
//!
//! Our own parser, with the positions and errors of Prometheus, because users and tools compare
//! `1:5: parse error: …`. Every input is limited in length, nesting and number of nodes. Nothing is
//! evaluated here.

mod ast;
mod check;
mod duration;
mod error;
mod functions;
mod keywords;
mod lexer;
mod matchers;
mod modifiers;
mod parser;
mod postfix;
mod pretty;
mod printer;
mod string_literal;

pub use ast::{
    Aggregate, Aggregation, At, Binary, BinaryOp, Call, Cardinality, DurationExpr, DurationOp,
    Expr, Extension, MatchOp, Matcher, Matching, Number, Paren, Selector, Span, Subquery, Text,
    Unary, ValueType,
};
pub use duration::{format_duration, parse_duration};
pub use error::ParseError;
pub use functions::{Function, function};
pub use keywords::Keyword;
pub use lexer::{Token, TokenKind, tokenize};
pub use matchers::parse_series;
pub use parser::{parse, parse_selector};
pub use pretty::prettify;
pub use string_literal::{
    format_float, is_label_name, is_metric_name, quote, quote_bytes, unquote, unquoted_bytes,
};

/// Longest query text in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Maximum nesting of parentheses, calls and other brackets.
pub const DEPTH_MAX: usize = 64;
/// Maximum height of the tree; a chain of operators such as `a + b + c` is as high as it is long.
pub const HEIGHT_MAX: u32 = 200;
/// Maximum number of nodes of one tree.
pub const NODES_MAX: usize = 10_000;
