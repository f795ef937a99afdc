//! TraceQL text to tokens.

use super::tree::{Attribute, Intrinsic, Scope};
use super::{ErrorKind, ParseError, QUERY_BYTES_MAX, TOKENS_MAX};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Word(String),
    Attribute(Attribute),
    /// `scope:name`.
    Scoped(Intrinsic),
    Text(String),
    Int(i64),
    Float(f64),
    /// Nanoseconds.
    Duration(i64),
    Symbol(&'static str),
    End,
}

/// Longest first, so that the first match is the longest.
const SYMBOLS: [&str; 35] = [
    "!>>", "!<<", "&>>", "&<<", "||", "&&", "=~", "!~", "!=", "!>", "!<", "&>", "&<", "&~", ">>",
    "<<", ">=", "<=", "{", "}", "(", ")", "|", "=", ">", "<", "~", "+", "-", "*", "/", "%", "^",
    "!", ",",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    let mut lexer = Lexer { rest: text, line: 1, column: 1 };
    if text.len() > QUERY_BYTES_MAX {
        return Err(lexer.error(format!("query is longer than {QUERY_BYTES_MAX} bytes")));
    }
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space()?;
        let (line, column) = (lexer.line, lexer.column);
        let kind = lexer.next_kind()?;
        let is_end = kind == Kind::End;
        tokens.push(Token { kind, line, column });
        if is_end {
            return Ok(tokens);
        }
        if tokens.len() > TOKENS_MAX {
            return Err(lexer.error(format!("query has more than {TOKENS_MAX} tokens")));
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    column: usize,
}

impl<'a> Lexer<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        for c in taken.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        taken
    }

    fn take_while(&mut self, mut keep: impl FnMut(char) -> bool) -> &'a str {
        self.take(self.rest.find(|c| !keep(c)).unwrap_or(self.rest.len()))
    }

    /// Skips whitespace and Go comments.
    fn skip_space(&mut self) -> Result<(), ParseError> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest.starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest.starts_with("/*") {
                let end =
                    self.rest.find("*/").ok_or_else(|| self.error("comment not terminated"))?;
                self.take(end + 2);
            } else {
                return Ok(());
            }
        }
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            kind: ErrorKind::Syntax,
            message: message.into(),
            line: self.line,
            column: self.column,
        }
    }

    fn next_kind(&mut self) -> Result<Kind, ParseError> {
        let mut chars = self.rest.chars();
        let (Some(first), second) = (chars.next(), chars.next()) else { return Ok(Kind::End) };
        match first {
            '"' | '`' => self.text(first).map(Kind::Text),
            '0'..='9' => self.number(),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number(),
            '.' => {
                self.take(1);
                self.attribute(Scope::Any, false)
            }
            c if c == '_' || c.is_alphabetic() => self.word(),
            _ => match SYMBOLS.iter().find(|symbol| self.rest.starts_with(**symbol)) {
                Some(symbol) => {
                    self.take(symbol.len());
                    Ok(Kind::Symbol(symbol))
                }
                None => Err(self.error(format!("syntax error: unexpected {first:?}"))),
            },
        }
    }

    fn word(&mut self) -> Result<Kind, ParseError> {
        let word = self.take_while(|c| c == '_' || c.is_alphanumeric());
        if self.rest.starts_with(':')
            && matches!(word, "trace" | "span" | "event" | "link" | "instrumentation")
        {
            let (line, column) = (self.line, self.column);
            self.take(1);
            let name = self.take_while(|c| c == '_' || c.is_alphanumeric());
            return Intrinsic::from_name(&format!("{word}:{name}")).map(Kind::Scoped).ok_or_else(
                || ParseError {
                    kind: ErrorKind::Syntax,
                    message: format!("syntax error: unknown intrinsic {word}:{name}"),
                    line,
                    column,
                },
            );
        }
        let scope = match word {
            "span" => Scope::Span,
            "resource" => Scope::Resource,
            "event" => Scope::Event,
            "link" => Scope::Link,
            "instrumentation" => Scope::Instrumentation,
            "parent" => Scope::Any,
            _ => return Ok(Kind::Word(word.to_owned())),
        };
        if !self.rest.starts_with('.') {
            return Ok(Kind::Word(word.to_owned()));
        }
        self.take(1);
        if word != "parent" {
            return self.attribute(scope, false);
        }
        for (prefix, scope) in [("resource.", Scope::Resource), ("span.", Scope::Span)] {
            if self.rest.starts_with(prefix) {
                self.take(prefix.len());
                return self.attribute(scope, true);
            }
        }
        self.attribute(Scope::Any, true)
    }

    /// The name after the scope's dot: everything up to a space or operator, with quoted parts.
    fn attribute(&mut self, scope: Scope, of_parent: bool) -> Result<Kind, ParseError> {
        let mut name = String::new();
        while let Some(c) = self.rest.chars().next() {
            if c == '"' {
                name.push_str(&self.text('"')?);
            } else if c.is_whitespace()
                || matches!(
                    c,
                    '{' | '}' | '(' | ')' | '=' | '~' | '!' | '<' | '>' | '&' | '|' | '^' | ','
                )
            {
                break;
            } else {
                name.push(c);
                self.take(c.len_utf8());
            }
        }
        if name.is_empty() {
            let expecting = if of_parent && scope == Scope::Any {
                "IDENTIFIER or resource. or span."
            } else {
                "IDENTIFIER"
            };
            return Err(self
                .error(format!("syntax error: unexpected END_ATTRIBUTE, expecting {expecting}")));
        }
        Ok(Kind::Attribute(Attribute { scope, of_parent, name }))
    }

    fn number(&mut self) -> Result<Kind, ParseError> {
        let digits =
            self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let after = self.rest.get(digits..).unwrap_or_default();
        let mut end = digits;
        let exponent = after
            .strip_prefix(['e', 'E'])
            .map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        if let Some(exponent) = exponent
            && exponent.starts_with(|c: char| c.is_ascii_digit())
        {
            end = self.rest.len() - exponent.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        } else {
            let units = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | 'µ' | 'μ')))
                .unwrap_or(after.len());
            let with_units = self.rest.get(..digits + units).unwrap_or_default();
            if units > 0
                && let Ok(ns) = crate::logql::parse_duration(with_units)
            {
                self.take(digits + units);
                return Ok(Kind::Duration(ns));
            }
        }
        let text = self.rest.get(..end).unwrap_or_default();
        let kind = if text.contains(['.', 'e', 'E']) {
            let failed = |why| self.error(format!("strconv.ParseFloat: parsing {text:?}: {why}"));
            match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Kind::Float(value)),
                Ok(_) => Err(failed("value out of range")),
                Err(_) => Err(failed("invalid syntax")),
            }
        } else {
            text.parse().map(Kind::Int).map_err(|_| {
                self.error(format!("strconv.Atoi: parsing {text:?}: value out of range"))
            })
        }?;
        self.take(end);
        Ok(kind)
    }

    fn text(&mut self, quote: char) -> Result<String, ParseError> {
        let mut value = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.take(at + 1);
                    return Ok(value);
                }
                '\\' if quote == '"' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, c @ ('"' | '\\' | '\''))) => value.push(c),
                    // Patterns such as "\d+" are often written with a single backslash.
                    Some((_, c)) => value.extend(['\\', c]),
                    None => break,
                },
                _ => value.push(c),
            }
        }
        Err(self.error(format!("unexpected EOF, expecting {quote}")))
    }
}
