//! Splits matchers into the tokens of the UTF-8 parser.

/// A token; columns are in characters, from 0, and the last is after the token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    OpenBrace,
    CloseBrace,
    Comma,
    Equal,
    NotEqual,
    Regex,
    NotRegex,
    Quoted,
    Unquoted,
}

/// The tokens up to the end or the first error.
pub(super) struct Tokens<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) error: Option<String>,
}

/// Whether a character may stand in quotes only.
pub(super) fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

/// Splits a text.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    let mut lexer = Lexer { rest: text, column: 0 };
    let mut tokens = Vec::new();
    loop {
        match lexer.token() {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => return Tokens { tokens, error: None },
            Err(error) => return Tokens { tokens, error: Some(error) },
        }
    }
}

struct Lexer<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Lexer<'a> {
    fn token(&mut self) -> Result<Option<Token<'a>>, String> {
        let trimmed = self.rest.trim_start();
        let skipped = self.rest.len() - trimmed.len();
        self.take(skipped);
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let (kind, length) = match first {
            '{' => (TokenKind::OpenBrace, 1),
            '}' => (TokenKind::CloseBrace, 1),
            ',' => (TokenKind::Comma, 1),
            '=' | '!' => self.operator()?,
            '"' => (TokenKind::Quoted, self.quoted()?),
            c if !is_reserved(c) => {
                (TokenKind::Unquoted, self.rest.find(is_reserved).unwrap_or(self.rest.len()))
            }
            c => return Err(self.fault(c.len_utf8(), "invalid input")),
        };
        let start = self.column;
        let text = self.take(length);
        Ok(Some(Token { kind, text, start, end: self.column }))
    }

    /// Consumes bytes, of which there are as many.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    fn operator(&self) -> Result<(TokenKind, usize), String> {
        let starts = |sign| self.rest.starts_with(sign);
        if starts("!=") {
            Ok((TokenKind::NotEqual, 2))
        } else if starts("!~") {
            Ok((TokenKind::NotRegex, 2))
        } else if starts("=~") {
            Ok((TokenKind::Regex, 2))
        } else if starts("=") {
            Ok((TokenKind::Equal, 1))
        } else if self.rest.len() == 1 {
            let (start, end) = (self.column, self.column + 1);
            Err(format!("{start}:{end}: unexpected end of input, expected one of '=~'"))
        } else {
            Err(self.fault(1, "expected one of '=~'"))
        }
    }

    /// The length of a text with its quotes.
    fn quoted(&self) -> Result<usize, String> {
        let mut is_escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => return Ok(at + 1),
                _ => {}
            }
        }
        Err(self.fault(self.rest.len(), "missing end \""))
    }

    /// An error about the next bytes.
    fn fault(&self, length: usize, reason: &str) -> String {
        let text = self.rest.get(..length).unwrap_or(self.rest);
        let end = self.column + text.chars().count();
        format!("{}:{end}: {text}: {reason}", self.column)
    }
}
