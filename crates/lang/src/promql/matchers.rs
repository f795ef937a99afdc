//! Label matchers in braces, and series in the notation of `promtool` and test samples.

use super::ast::BinaryOp;
use super::ast::{MatchOp, Matcher, Selector, Span};
use super::error::ParseError;
use super::keywords::Keyword;
use super::lexer::TokenKind;
use super::parser::Parser;
use super::string_literal::{is_metric_name, unquote};

impl Matcher {
    /// `__name__="name"`
    pub(crate) fn name(name: &str) -> Self {
        let matches_empty = name.is_empty();
        Self { name: "__name__".into(), op: MatchOp::Equal, value: name.into(), matches_empty }
    }

    fn new(name: String, op: MatchOp, value: String) -> Result<Self, String> {
        let matches_empty = match op {
            MatchOp::Equal => value.is_empty(),
            MatchOp::NotEqual => !value.is_empty(),
            MatchOp::Regex => matches_empty(&value)?,
            MatchOp::NotRegex => !matches_empty(&value)?,
        };
        Ok(Self { name, op, value, matches_empty })
    }
}

fn matches_empty(pattern: &str) -> Result<bool, String> {
    let regex = regex::RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(crate::pattern_memory_max(pattern))
        .build()
        .map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default();
            format!("error parsing regexp: {}", reason.trim_start_matches("error: "))
        })?;
    Ok(regex.is_match(""))
}

impl Parser<'_> {
    /// An instant selector without modifiers.
    pub(crate) fn metric_selector(&mut self) -> Result<Selector, ParseError> {
        let token = self.peek();
        let start = token.span.start;
        let name = match token.kind {
            TokenKind::Identifier | TokenKind::MetricIdentifier | TokenKind::Aggregator(_) => {
                Some(token)
            }
            TokenKind::Keyword(
                Keyword::Bool
                | Keyword::On
                | Keyword::Ignoring
                | Keyword::GroupLeft
                | Keyword::GroupRight,
            ) => None,
            TokenKind::Keyword(_) => Some(token),
            TokenKind::Operator(op) if op.is_set() => Some(token),
            _ => None,
        };
        let mut matchers = Vec::new();
        if name.is_some() {
            self.next();
        }
        if self.accept(TokenKind::LeftBrace).is_some() {
            matchers = self.label_matchers()?;
        } else if name.is_none() {
            return Err(self.unexpected("", ""));
        }
        let name = name.map(|token| self.source(token).to_owned());
        if let Some(name) = &name {
            matchers.push(Matcher::name(name));
        }
        let span = Span::new(start, self.previous_end());
        Ok(Selector { name, matchers, range: None, extension: None, offset: None, at: None, span })
    }

    /// The matchers after `{`, including the closing brace.
    pub(crate) fn label_matchers(&mut self) -> Result<Vec<Matcher>, ParseError> {
        let mut matchers = Vec::new();
        while self.accept(TokenKind::RightBrace).is_none() {
            self.count_node()?;
            matchers.push(self.label_matcher()?);
            if self.peek().kind != TokenKind::RightBrace && self.accept(TokenKind::Comma).is_none()
            {
                return Err(self.unexpected("label matching", "\",\" or \"}\""));
            }
        }
        Ok(matchers)
    }

    fn label_matcher(&mut self) -> Result<Matcher, ParseError> {
        const CONTEXT: &str = "label matching";
        let token = self.peek();
        let name = match token.kind {
            TokenKind::Identifier => self.source(token).to_owned(),
            TokenKind::Text => unquote(self.source(token)).unwrap_or_default(),
            _ => return Err(self.unexpected(CONTEXT, "identifier or \"}\"")),
        };
        self.next();
        let op = match self.peek().kind {
            TokenKind::Assign => MatchOp::Equal,
            TokenKind::Operator(BinaryOp::NotEqual) => MatchOp::NotEqual,
            TokenKind::EqualRegex => MatchOp::Regex,
            TokenKind::NotRegex => MatchOp::NotRegex,
            _ if token.kind == TokenKind::Text => return Ok(Matcher::name(&name)),
            _ => return Err(self.unexpected(CONTEXT, "label matching operator")),
        };
        self.next();
        let value_token = self.peek();
        if value_token.kind != TokenKind::Text {
            return Err(self.unexpected(CONTEXT, "string"));
        }
        self.next();
        let value = unquote(self.source(value_token)).unwrap_or_default();
        let span = token.span.to(value_token.span);
        Matcher::new(name, op, value).map_err(|message| self.error(span, message))
    }
}

/// Parses a series such as `up{job="x"}` or `{"a.b", c="d"}` at the start of `text`.
///
/// Returns its labels, with the name as `__name__`, and the length of the parsed text.
///
/// # Errors
/// As [`super::parse`]; only `=` is allowed between names and values.
pub fn parse_series(text: &str) -> Result<(Vec<(String, String)>, usize), ParseError> {
    let name_end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
        .unwrap_or(text.len());
    let mut labels = Vec::new();
    let name = &text[..name_end];
    if !name.is_empty() {
        if !is_metric_name(name) {
            let message = format!("invalid metric name {}", super::string_literal::quote(name));
            return Err(ParseError::new(text, Span::new(0, name_end), message));
        }
        labels.push(("__name__".to_owned(), name.to_owned()));
    }
    let rest = &text[name_end..];
    if !rest.starts_with('{') {
        if name.is_empty() {
            return Err(ParseError::new(text, Span::default(), "expected a series"));
        }
        return Ok((labels, name_end));
    }
    // Without a closing brace the values are among the labels, and the first mistake.
    let end = closing_brace(rest).map_or(text.len(), |length| name_end + length);
    // Errors have their positions in the whole text.
    let labels_alone = " ".repeat(name_end) + &text[name_end..end];
    let mut parser = Parser::new(&labels_alone)?;
    parser.next();
    for matcher in parser.label_matchers()? {
        if matcher.op != MatchOp::Equal {
            let span = Span::new(name_end, end);
            return Err(ParseError::new(text, span, "expected \"=\" in the labels of a series"));
        }
        labels.push((matcher.name, matcher.value));
    }
    Ok((labels, end))
}

/// Offset after the brace that matches the one at the start, skipping string literals.
fn closing_brace(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some('"' | '\''), '\\') => is_escaped = true,
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '}') => return Some(at + 1),
            _ => {}
        }
    }
    None
}
