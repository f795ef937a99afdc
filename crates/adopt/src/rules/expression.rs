//! Expressions of rules, and positions in them as positions in the file.

use super::Language;
use crate::error::Fault;
use crate::yaml::{Document, Node};

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The text, valid in its language.
    pub text: String,
    /// The line of the text in the file, from 1.
    pub line: u32,
    /// The column of the text in characters, from 1.
    pub column: u32,
}

/// Where an expression is wrong: line and column in its text, from 1.
struct Mistake {
    line: usize,
    column: usize,
    reason: String,
}

impl Expression {
    /// Checks an expression; an error has the position of the mistake.
    pub(super) fn read(
        document: &Document,
        node: &Node,
        text: String,
        language: Language,
    ) -> Result<Self, Fault> {
        let lines = Lines { document, node, text: &text };
        let Err(mistake) = parse(&text, language) else {
            let (line, column) = lines.position(1, 1);
            return Ok(Self { text, line, column });
        };
        let (line, column) = lines.position(mistake.line, mistake.column);
        let reason = format!("could not parse expression: {}", mistake.reason);
        Err(Fault { line, column, reason })
    }
}

fn parse(text: &str, language: Language) -> Result<(), Mistake> {
    match language {
        Language::PromQl => lang::promql::parse(text).map(|_| ()).map_err(|error| Mistake {
            line: error.line as usize,
            column: characters(text, error.line as usize, error.column as usize),
            reason: error.to_string(),
        }),
        Language::LogQl => lang::logql::parse(text).map(|_| ()).map_err(|error| Mistake {
            line: error.line.max(1),
            column: error.column.max(1),
            reason: error.to_string(),
        }),
    }
}

/// A column in characters of a column in bytes.
fn characters(text: &str, line: usize, column: usize) -> usize {
    let line = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let before = line.char_indices().take_while(|(at, _)| at + 1 < column).count();
    before + 1
}

/// The lines of a scalar in the file.
struct Lines<'a> {
    document: &'a Document,
    node: &'a Node,
    text: &'a str,
}

impl Lines<'_> {
    /// The position in the file of a line and a column of the text. It is exact where the line
    /// stands in the file as it is; otherwise it is that of the whole text.
    fn position(&self, mut line: usize, mut column: usize) -> (u32, u32) {
        let lines: Vec<&str> = self.text.split('\n').collect();
        let text = |line: usize| lines.get(line - 1).copied().unwrap_or_default();
        // What is missing at the end is missing after the last line with text.
        while line > 1 && text(line).trim().is_empty() {
            line -= 1;
            column = text(line).chars().count() + 1;
        }
        let first = self.node.line as usize;
        let written = self.document.line(first + line - 1);
        let skipped = if line == 1 { self.node.column as usize - 1 } else { 0 };
        let start = written.char_indices().nth(skipped).map_or(written.len(), |(at, _)| at);
        let after = written.get(start..).unwrap_or_default();
        let Some(found) = after.find(text(line)) else {
            return (self.node.line, self.node.column);
        };
        let before = skipped + after.get(..found).unwrap_or_default().chars().count();
        ((first + line - 1) as u32, (before + column) as u32)
    }
}
