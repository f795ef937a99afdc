//! Errors of the PromQL parser.

use std::fmt;

use super::ast::Span;

/// An error in the text of a query.
///
/// Displayed as in Prometheus: `line:column: parse error: message`, both from one, the column in
/// bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// Position of the error.
    pub span: Span,
    /// Line of the first byte, from one.
    pub line: u32,
    /// Column of the first byte, from one.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl ParseError {
    /// An error at a position in `text`.
    pub(crate) fn new(text: &str, span: Span, message: impl Into<String>) -> Self {
        let (line, column) = span.line_and_column(text);
        Self { span, line, column, message: message.into() }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: parse error: {}", self.line, self.column, self.message)
    }
}
