//! Why a text is not PromQL, and where.

use std::fmt;

use super::ast::Span;

/// A fault in the text of a query.
///
/// Displayed as Prometheus does: `line:column: parse error: message`, both counted from one, the
/// column in bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// The bytes that are at fault.
    pub span: Span,
    /// Line of the first byte, from one.
    pub line: u32,
    /// Column of the first byte, from one.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl ParseError {
    /// An error about a part of `text`.
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
