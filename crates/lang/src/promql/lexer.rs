//! Text to tokens, with Prometheus' errors.
//!
//! Braces and brackets have their own rules: words in braces are label names, and brackets contain
//! only durations.

use super::ast::{Aggregation, BinaryOp, Span};
use super::keywords::{Keyword, word_kind};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TokenKind {
    /// End of the text.
    End,
    /// An error; always the last token.
    Error,
    Identifier,
    /// An identifier with a colon.
    MetricIdentifier,
    Keyword(Keyword),
    Operator(BinaryOp),
    Aggregator(Aggregation),
    Number,
    Duration,
    Text,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    /// `=`
    Assign,
    /// `=~`
    EqualRegex,
    /// `!~`
    NotRegex,
    At,
    /// Text after `#`; not passed to the parser.
    Comment,
}

/// A token and its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// Its position.
    pub span: Span,
}

/// All tokens of a text, comments included; the last is `End` or `Error`.
///
/// `Error` comes with a message. The number of tokens is at most the length of the text plus one.
#[must_use]
pub fn tokenize(text: &str) -> (Vec<Token>, Option<String>) {
    let mut lexer = Lexer {
        text,
        at: 0,
        start: 0,
        tokens: Vec::new(),
        paren_depth: 0,
        is_in_braces: false,
        brackets: None,
    };
    let result = lexer.run();
    let end = Span::new(lexer.start, text.len());
    let kind = if result.is_ok() { TokenKind::End } else { TokenKind::Error };
    let span = if result.is_ok() { Span::new(text.len(), text.len()) } else { end };
    lexer.tokens.push(Token { kind, span });
    (lexer.tokens, result.err())
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    start: usize,
    tokens: Vec<Token>,
    paren_depth: usize,
    is_in_braces: bool,
    /// Set between `[` and `]`.
    brackets: Option<Brackets>,
}

#[derive(Clone, Copy, Default)]
struct Brackets {
    has_colon: bool,
    /// Once there is a number, anything but a duration is read as outside brackets.
    has_number: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, valid: impl Fn(char) -> bool) -> bool {
        let is_valid = self.peek().is_some_and(valid);
        if is_valid {
            self.next();
        }
        is_valid
    }

    fn accept_run(&mut self, valid: impl Fn(char) -> bool + Copy) {
        while self.accept(valid) {}
    }

    fn emit(&mut self, kind: TokenKind) {
        self.tokens.push(Token { kind, span: Span::new(self.start, self.at) });
        self.start = self.at;
    }

    fn run(&mut self) -> Result<(), String> {
        loop {
            self.accept_run(is_space);
            self.start = self.at;
            let Some(c) = self.next() else { return self.end() };
            if c == '#' {
                self.accept_run(|c| c != '\n' && c != '\r');
                self.emit(TokenKind::Comment);
            } else if self.is_in_braces {
                self.braces(c)?;
            } else if let Some(brackets) = self.brackets {
                self.brackets(c, brackets)?;
            } else {
                self.statement(c)?;
            }
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.is_in_braces {
            Err("unexpected end of input inside braces".into())
        } else if self.brackets.is_some_and(|brackets| !brackets.has_number) {
            Err("unexpected end of input in duration expression".into())
        } else if self.paren_depth > 0 {
            Err("unclosed left parenthesis".into())
        } else if self.brackets.is_some() {
            Err("unclosed left bracket".into())
        } else {
            Ok(())
        }
    }

    fn statement(&mut self, c: char) -> Result<(), String> {
        if let Some(kind) = Self::arithmetic(c) {
            self.emit(kind);
            return Ok(());
        }
        let kind = match c {
            ',' => TokenKind::Comma,
            '@' => TokenKind::At,
            '=' => match self.peek() {
                Some('=') => self.two(TokenKind::Operator(BinaryOp::Equal)),
                Some('~') => return Err("unexpected character after '=': '~'".into()),
                _ => TokenKind::Assign,
            },
            '!' => match self.next() {
                Some('=') => TokenKind::Operator(BinaryOp::NotEqual),
                other => return Err(format!("unexpected character after '!': {}", rune(other))),
            },
            '<' => match self.peek() {
                Some('=') => self.two(TokenKind::Operator(BinaryOp::LessEqual)),
                Some('/') => self.two(TokenKind::Operator(BinaryOp::TrimUpper)),
                _ => TokenKind::Operator(BinaryOp::Less),
            },
            '>' => match self.peek() {
                Some('=') => self.two(TokenKind::Operator(BinaryOp::GreaterEqual)),
                Some('/') => self.two(TokenKind::Operator(BinaryOp::TrimLower)),
                _ => TokenKind::Operator(BinaryOp::Greater),
            },
            '(' | ')' => return self.parenthesis(c),
            '{' => {
                self.is_in_braces = true;
                TokenKind::LeftBrace
            }
            '[' if self.brackets.is_some() => return Err("unexpected left bracket '['".into()),
            '[' => {
                self.brackets = Some(Brackets::default());
                TokenKind::LeftBracket
            }
            ']' => return Err("unexpected right bracket ']'".into()),
            '"' | '\'' | '`' => return self.text_literal(c),
            c if self.starts_number(c) => return self.number(),
            c if is_alpha(c) || c == ':' => {
                self.word();
                return Ok(());
            }
            c => return Err(format!("unexpected character: {}", rune(Some(c)))),
        };
        self.emit(kind);
        Ok(())
    }

    fn two(&mut self, kind: TokenKind) -> TokenKind {
        self.next();
        kind
    }

    fn arithmetic(c: char) -> Option<TokenKind> {
        Some(TokenKind::Operator(match c {
            '+' => BinaryOp::Add,
            '-' => BinaryOp::Sub,
            '*' => BinaryOp::Mul,
            '/' => BinaryOp::Div,
            '%' => BinaryOp::Mod,
            '^' => BinaryOp::Pow,
            _ => return None,
        }))
    }

    fn parenthesis(&mut self, c: char) -> Result<(), String> {
        if c == '(' {
            self.emit(TokenKind::LeftParen);
            self.paren_depth += 1;
            return Ok(());
        }
        if self.paren_depth == 0 {
            self.start = self.at;
            return Err("unexpected right parenthesis ')'".into());
        }
        self.paren_depth -= 1;
        self.emit(TokenKind::RightParen);
        Ok(())
    }

    fn brackets(&mut self, c: char, brackets: Brackets) -> Result<(), String> {
        if let Some(kind) = Self::arithmetic(c) {
            self.emit(kind);
            return Ok(());
        }
        match c {
            ',' => self.emit(TokenKind::Comma),
            ':' if brackets.has_colon => return Err("unexpected colon ':'".into()),
            ':' if self.tokens.last().is_some_and(|last| last.kind == TokenKind::LeftBracket) => {
                self.start = self.at;
                return Err("unexpected colon before duration in duration expression".into());
            }
            ':' => {
                self.brackets = Some(Brackets { has_colon: true, ..brackets });
                self.emit(TokenKind::Colon);
            }
            ']' => {
                self.brackets = None;
                self.emit(TokenKind::RightBracket);
            }
            '(' | ')' => return self.parenthesis(c),
            c if self.starts_number(c) => {
                self.brackets = Some(Brackets { has_number: true, ..brackets });
                return self.number();
            }
            c if is_alpha(c) => {
                self.accept_run(is_alphanumeric);
                let word = self.text[self.start..self.at].to_ascii_lowercase();
                let kind = match word.as_str() {
                    "step" => Keyword::Step,
                    "range" => Keyword::Range,
                    "min_of" => Keyword::MinOf,
                    "max_of" => Keyword::MaxOf,
                    _ if brackets.has_number => {
                        return Err(format!(
                            "unexpected character: {}, expected ':'",
                            rune(Some(c))
                        ));
                    }
                    _ => return Err(not_in_duration(c)),
                };
                self.emit(TokenKind::Keyword(kind));
            }
            c if brackets.has_number => return self.statement(c),
            c => return Err(not_in_duration(c)),
        }
        Ok(())
    }

    fn braces(&mut self, c: char) -> Result<(), String> {
        let kind = match c {
            ',' => TokenKind::Comma,
            '"' | '\'' | '`' => return self.text_literal(c),
            '=' if self.accept(|c| c == '~') => TokenKind::EqualRegex,
            '=' => TokenKind::Assign,
            '!' => match self.next() {
                Some('~') => TokenKind::NotRegex,
                Some('=') => TokenKind::Operator(BinaryOp::NotEqual),
                other => {
                    return Err(format!(
                        "unexpected character after '!' inside braces: {}",
                        rune(other)
                    ));
                }
            },
            '{' => return Err("unexpected left brace '{'".into()),
            '}' => {
                self.is_in_braces = false;
                TokenKind::RightBrace
            }
            c if is_alpha(c) => {
                self.accept_run(is_alphanumeric);
                TokenKind::Identifier
            }
            c => return Err(format!("unexpected character inside braces: {}", rune(Some(c)))),
        };
        self.emit(kind);
        Ok(())
    }

    fn word(&mut self) {
        self.accept_run(|c| is_alphanumeric(c) || c == ':');
        let word = &self.text[self.start..self.at];
        let kind = word_kind(&word.to_ascii_lowercase()).unwrap_or(if word.contains(':') {
            TokenKind::MetricIdentifier
        } else {
            TokenKind::Identifier
        });
        self.emit(kind);
    }

    fn text_literal(&mut self, quote: char) -> Result<(), String> {
        if quote == '`' {
            loop {
                match self.next() {
                    None => return Err("unterminated raw string".into()),
                    Some('`') => break,
                    Some(_) => {}
                }
            }
        } else {
            loop {
                match self.next() {
                    None | Some('\n') => return Err("unterminated quoted string".into()),
                    Some('\\') => self.escape(quote)?,
                    Some(c) if c == quote => break,
                    Some(_) => {}
                }
            }
        }
        self.emit(TokenKind::Text);
        Ok(())
    }

    fn escape(&mut self, quote: char) -> Result<(), String> {
        let unterminated = || "escape sequence not terminated".to_owned();
        let kind = self.next().ok_or_else(unterminated)?;
        let (radix, digits, max) = match kind {
            'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => return Ok(()),
            kind if kind == quote => return Ok(()),
            '0'..='7' => {
                self.at -= 1;
                (8, 3, 255)
            }
            'x' => (16, 2, 255),
            'u' => (16, 4, 0x10_ffff),
            'U' => (16, 8, 0x10_ffff),
            kind => return Err(format!("unknown escape sequence {}", code_point(kind))),
        };
        let mut code: u32 = 0;
        for _ in 0..digits {
            let c = self.next().ok_or_else(unterminated)?;
            let digit = c
                .to_digit(radix)
                .ok_or_else(|| format!("illegal character {} in escape sequence", code_point(c)))?;
            code = code.saturating_mul(radix).saturating_add(digit);
        }
        if code > max || (0xd800..0xe000).contains(&code) && digits >= 4 {
            return Err("escape sequence is an invalid Unicode code point".into());
        }
        Ok(())
    }

    fn starts_number(&self, c: char) -> bool {
        c.is_ascii_digit() || c == '.' && self.peek().is_some_and(|c| c.is_ascii_digit())
    }

    fn number(&mut self) -> Result<(), String> {
        self.at = self.start;
        if self.scan_number() {
            self.emit(TokenKind::Number);
            return Ok(());
        }
        if self.scan_duration() {
            self.emit(TokenKind::Duration);
            return Ok(());
        }
        let scanned = &self.text[self.start..self.at];
        Err(format!("bad number or duration syntax: {}", super::string_literal::quote(scanned)))
    }

    /// Scans a number as far as it goes; false if it is malformed or a letter or digit follows.
    fn scan_number(&mut self) -> bool {
        let is_hexadecimal = self.accept(|c| c == '0') && self.accept(|c| matches!(c, 'x' | 'X'));
        let is_digit =
            |c: char| if is_hexadecimal { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
        if is_hexadecimal {
            self.accept(|c| c == '_');
        }
        let (mut has_dot, mut has_exponent) = (false, false);
        loop {
            if self.accept(is_digit) {
                continue;
            }
            match self.peek() {
                Some('.') => {
                    self.next();
                    if has_dot || has_exponent {
                        return false;
                    }
                    has_dot = true;
                    if self.accept(|c| matches!(c, '_' | '.')) {
                        return false;
                    }
                }
                Some('_') => {
                    self.next();
                    if self.peek().is_none() || self.accept(|c| matches!(c, '.' | '_' | 'e' | 'E'))
                    {
                        return false;
                    }
                }
                Some('e' | 'E') if !is_hexadecimal && !has_exponent => {
                    self.next();
                    self.accept(|c| matches!(c, '+' | '-'));
                    if !self.peek().is_some_and(|c| c.is_ascii_digit()) {
                        return false;
                    }
                    has_exponent = true;
                }
                _ => break,
            }
        }
        self.at > self.start && !self.peek().is_some_and(is_alphanumeric)
    }

    /// Continues where a number stopped before a unit.
    fn scan_duration(&mut self) -> bool {
        if !self.accept(|c| "smhdwy".contains(c)) {
            return false;
        }
        self.accept(|c| c == 's');
        while self.accept(|c| c.is_ascii_digit()) {
            self.accept_run(|c| c.is_ascii_digit());
            if !self.accept(|c| "smhdw".contains(c)) {
                return false;
            }
            self.accept(|c| c == 's');
        }
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn is_alpha(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

fn is_alphanumeric(c: char) -> bool {
    is_alpha(c) || c.is_ascii_digit()
}

fn not_in_duration(c: char) -> String {
    format!("unexpected character in duration expression: {}", rune(Some(c)))
}

/// A character in single quotes.
fn rune(c: Option<char>) -> String {
    match c {
        None => "end of input".into(),
        Some('\'') => r"'\''".into(),
        Some('"') => "'\"'".into(),
        Some(c) => {
            let quoted = super::string_literal::quote(c.encode_utf8(&mut [0; 4]));
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// `U+0063 'c'`
fn code_point(c: char) -> String {
    format!("U+{:04X} '{c}'", c as u32)
}
