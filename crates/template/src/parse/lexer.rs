//! Tokens of templates: text, delimiters with their trim markers, and what is inside of actions.

use crate::go::quote::quote;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text of the token says what is wrong.
    Error,
    End,
    Text,
    LeftDelimiter,
    RightDelimiter,
    LeftParenthesis,
    RightParenthesis,
    Space,
    Pipe,
    Assign,
    Declare,
    /// A printable ASCII character without a meaning of its own, such as a comma.
    Char,
    Bool,
    Number,
    CharLiteral,
    String,
    Dot,
    Nil,
    Field,
    Variable,
    Identifier,
    Keyword,
}

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Offset in bytes.
    pub(super) at: usize,
    pub(super) text: String,
    /// Line of its start, from 1.
    pub(super) line: usize,
}

impl Token {
    /// How messages show it.
    pub(super) fn shown(&self) -> String {
        match self.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Error => self.text.clone(),
            Kind::Keyword | Kind::Dot | Kind::Nil => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let start: String = self.text.chars().take(10).collect();
                format!("{}...", quote(&start))
            }
            _ => quote(&self.text),
        }
    }
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const KEYWORDS: [&str; 10] =
    ["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"];

/// The rest of a text, and the tokens at its start.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    parentheses: usize,
    is_inside: bool,
    has_failed: bool,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of a trim marker and a space before text.
fn left_trim(text: &str) -> usize {
    let mut chars = text.chars();
    if chars.next() == Some('-') && chars.next().is_some_and(is_space) { 2 } else { 0 }
}

/// The length of a right delimiter with its trim marker, and whether it trims.
fn right_delimiter(text: &str) -> Option<(usize, bool)> {
    if text.starts_with(RIGHT) {
        return Some((0, false));
    }
    let marker = text.strip_prefix(is_space)?.strip_prefix('-')?;
    marker.starts_with(RIGHT).then_some((2, true))
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, parentheses: 0, is_inside: false, has_failed: false }
    }

    /// The next token. After an error there are no more.
    pub(super) fn next(&mut self) -> Token {
        if self.has_failed {
            return self.token(Kind::End, 0);
        }
        if self.is_inside { self.inside() } else { self.outside() }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes the next `length` bytes as a token.
    fn token(&mut self, kind: Kind, length: usize) -> Token {
        let text = self.rest().get(..length).unwrap_or_default().to_owned();
        let token = Token { kind, at: self.at, line: self.line, text };
        self.skip(length);
        token
    }

    fn skip(&mut self, length: usize) {
        let skipped = self.rest().get(..length).unwrap_or_default();
        self.line += skipped.matches('\n').count();
        self.at += skipped.len();
    }

    fn error(&mut self, message: impl Into<String>) -> Token {
        self.has_failed = true;
        Token { kind: Kind::Error, at: self.at, line: self.line, text: message.into() }
    }

    fn outside(&mut self) -> Token {
        loop {
            let rest = self.rest();
            let Some((before, action)) = rest.split_once(LEFT) else {
                let kind = if rest.is_empty() { Kind::End } else { Kind::Text };
                return self.token(kind, rest.len());
            };
            let trim = left_trim(action);
            let kept = if trim > 0 { before.trim_end_matches(is_space) } else { before };
            if !kept.is_empty() {
                let token = self.token(Kind::Text, kept.len());
                self.skip(before.len() - kept.len());
                return token;
            }
            self.skip(before.len());
            if !action.get(trim..).unwrap_or_default().starts_with("/*") {
                let token = self.token(Kind::LeftDelimiter, LEFT.len());
                self.skip(trim);
                self.is_inside = true;
                self.parentheses = 0;
                return token;
            }
            self.skip(LEFT.len() + trim);
            if let Err(message) = self.comment() {
                return self.error(message);
            }
        }
    }

    /// Skips a comment with its right delimiter.
    fn comment(&mut self) -> Result<(), &'static str> {
        let inner = self.rest().get(2..).unwrap_or_default();
        let length = inner.find("*/").ok_or("unclosed comment")? + 4;
        let after = self.rest().get(length..).unwrap_or_default();
        let (marker, trims) =
            right_delimiter(after).ok_or("comment ends before closing delimiter")?;
        self.skip(length + marker + RIGHT.len());
        if trims {
            self.trim();
        }
        Ok(())
    }

    fn trim(&mut self) {
        let rest = self.rest();
        self.skip(rest.len() - rest.trim_start_matches(is_space).len());
    }

    fn inside(&mut self) -> Token {
        let rest = self.rest();
        if let Some((marker, trims)) = right_delimiter(rest) {
            if self.parentheses > 0 {
                return self.error("unclosed left paren");
            }
            self.skip(marker);
            let token = self.token(Kind::RightDelimiter, RIGHT.len());
            if trims {
                self.trim();
            }
            self.is_inside = false;
            return token;
        }
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { return self.error("unclosed action") };
        let next = chars.next();
        match c {
            c if is_space(c) => self.space(),
            '=' => self.token(Kind::Assign, 1),
            ':' if next == Some('=') => self.token(Kind::Declare, 2),
            ':' => self.error("expected :="),
            '|' => self.token(Kind::Pipe, 1),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::CharLiteral, "unterminated character constant"),
            '`' => match rest.get(1..).and_then(|inner| inner.find('`')) {
                Some(end) => self.token(Kind::String, end + 2),
                None => self.error("unterminated raw quoted string"),
            },
            '$' => self.name(Kind::Variable),
            '.' if next.is_some_and(|next| !next.is_ascii_digit()) => self.name(Kind::Field),
            '.' | '+' | '-' | '0'..='9' => self.number(),
            '(' => {
                self.parentheses += 1;
                self.token(Kind::LeftParenthesis, 1)
            }
            ')' if self.parentheses == 0 => self.error("unexpected right paren"),
            ')' => {
                self.parentheses -= 1;
                self.token(Kind::RightParenthesis, 1)
            }
            c if is_alphanumeric(c) => self.word(),
            ' '..='~' => self.token(Kind::Char, 1),
            c => self.error(format!("unrecognized character in action: {}", code_point(c))),
        }
    }

    /// Spaces, apart from the last one if it belongs to a trim marker.
    fn space(&mut self) -> Token {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(is_space).len();
        let last = rest.get(length - 1..).unwrap_or_default();
        if right_delimiter(last).is_none() {
            return self.token(Kind::Space, length);
        }
        if length == 1 { self.inside() } else { self.token(Kind::Space, length - 1) }
    }

    fn quoted(&mut self, delimiter: char, kind: Kind, error: &str) -> Token {
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if chars.next().is_none_or(|(_, c)| c == '\n') => break,
                '\\' => {}
                '\n' => break,
                c if c == delimiter => return self.token(kind, at + 1),
                _ => {}
            }
        }
        self.error(error)
    }

    /// A field or variable, of which the first character is `.` or `$`.
    fn name(&mut self, kind: Kind) -> Token {
        let name = self.rest().get(1..).unwrap_or_default();
        let length = name.find(|c| !is_alphanumeric(c)).unwrap_or(name.len());
        if let Some(c) = not_terminator(name.get(length..).unwrap_or_default()) {
            return self.error(format!("bad character {}", code_point(c)));
        }
        let is_dot = kind == Kind::Field && length == 0;
        self.token(if is_dot { Kind::Dot } else { kind }, length + 1)
    }

    fn word(&mut self) -> Token {
        let rest = self.rest();
        let length = rest.find(|c| !is_alphanumeric(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        if let Some(c) = not_terminator(after) {
            return self.error(format!("bad character {}", code_point(c)));
        }
        let kind = match word {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            _ if KEYWORDS.contains(&word) => Kind::Keyword,
            _ => Kind::Identifier,
        };
        self.token(kind, length)
    }

    /// A number; the parser finds what is wrong in it.
    fn number(&mut self) -> Token {
        let rest = self.rest();
        let mut length = number_length(rest);
        let mut after = rest.get(length..).unwrap_or_default().chars();
        match after.next() {
            Some(c) if is_alphanumeric(c) => length += c.len_utf8(),
            Some('+' | '-') => length += 1,
            _ => return self.token(Kind::Number, length),
        }
        let shown = rest.get(..length).unwrap_or_default();
        self.error(format!("bad number syntax: {}", quote(shown)))
    }
}

/// The first character that may not follow a name.
fn not_terminator(after: &str) -> Option<char> {
    let c = after.chars().next()?;
    let is_terminator = is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(');
    if is_terminator || after.starts_with(RIGHT) { None } else { Some(c) }
}

/// The length of what looks like a number.
fn number_length(text: &str) -> usize {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let prefix = unsigned.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (digits, exponents): (fn(char) -> bool, &[char]) = match prefix.as_str() {
        "0x" => (|c| c.is_ascii_hexdigit() || c == '_', &['p', 'P']),
        "0o" => (|c| ('0'..='7').contains(&c) || c == '_', &[]),
        "0b" => (|c| matches!(c, '0' | '1' | '_'), &[]),
        _ => (|c| c.is_ascii_digit() || c == '_', &['e', 'E']),
    };
    let has_prefix = matches!(prefix.as_str(), "0x" | "0o" | "0b");
    let mut rest = if has_prefix { unsigned.get(2..).unwrap_or_default() } else { unsigned };
    rest = rest.trim_start_matches(digits);
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(digits);
    }
    if let Some(exponent) = rest.strip_prefix(exponents) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        rest = exponent.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    }
    rest = rest.strip_prefix('i').unwrap_or(rest);
    text.len() - rest.len()
}

/// A character as `U+0040 '@'`.
fn code_point(c: char) -> String {
    let code = format!("U+{:04X}", u32::from(c));
    let is_printable = !quote(&c.to_string()).contains('\\') || matches!(c, '"' | '\\');
    if is_printable { format!("{code} '{c}'") } else { code }
}
