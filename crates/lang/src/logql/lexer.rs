//! LogQL text to tokens.

use super::{ParseError, QUERY_BYTES_MAX, TOKENS_MAX};

/// A token and its position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
    pub(super) column: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// An identifier or keyword; the parser distinguishes them by position.
    Word(String),
    Text(String),
    /// A number, as written.
    Number(String),
    /// The text between `[` and `]`.
    Range(String),
    /// A flag such as `--strict`, without the dashes.
    Flag(String),
    Symbol(&'static str),
    End,
}

/// Longest first, so that the first match is the longest.
const SYMBOLS: [&str; 26] = [
    "|=", "|~", "|>", "!=", "!~", "!>", "=~", "==", ">=", "<=", "{", "}", "(", ")", ",", "|", "=",
    ">", "<", "+", "-", "*", "/", "%", "^", ".",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ParseError> {
    if text.len() > QUERY_BYTES_MAX {
        return Err(ParseError::whole(format!(
            "input size too long ({} > {QUERY_BYTES_MAX})",
            text.len()
        )));
    }
    let mut lexer = Lexer { rest: text, line: 1, column: 1 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_space();
        let (line, column) = (lexer.line, lexer.column);
        let kind = lexer.next_kind()?;
        let is_end = kind == Kind::End;
        tokens.push(Token { kind, line, column });
        if is_end {
            return Ok(tokens);
        }
        if tokens.len() > TOKENS_MAX {
            return Err(ParseError {
                message: format!("query has more than {TOKENS_MAX} tokens"),
                line,
                column,
            });
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

    fn skip_space(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest.starts_with('#') {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError { message: message.into(), line: self.line, column: self.column }
    }

    fn next_kind(&mut self) -> Result<Kind, ParseError> {
        let mut chars = self.rest.chars();
        let (Some(first), second) = (chars.next(), chars.next()) else { return Ok(Kind::End) };
        match first {
            '"' | '`' => self.text(first).map(Kind::Text),
            '[' => self.range(),
            '0'..='9' => Ok(Kind::Number(self.number())),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => Ok(Kind::Number(self.number())),
            '-' if second == Some('-') && chars.next().is_some_and(|c| c.is_ascii_alphabetic()) => {
                self.take(2);
                Ok(Kind::Flag(self.take_while(|c| c.is_ascii_alphabetic() || c == '-').to_owned()))
            }
            c if c == '_' || c.is_alphabetic() => {
                Ok(Kind::Word(self.take_while(|c| c == '_' || c.is_alphanumeric()).to_owned()))
            }
            _ => match SYMBOLS.iter().find(|symbol| self.rest.starts_with(**symbol)) {
                Some(symbol) => {
                    self.take(symbol.len());
                    Ok(Kind::Symbol(symbol))
                }
                None => Err(self.error(format!("syntax error: unexpected {first:?}"))),
            },
        }
    }

    /// Digits with everything that may follow them: fraction, exponent, units.
    fn number(&mut self) -> String {
        let mut previous = ' ';
        let is_hex = self.rest.starts_with("0x") || self.rest.starts_with("0X");
        self.take_while(|c| {
            let is_exponent =
                if is_hex { matches!(previous, 'p' | 'P') } else { matches!(previous, 'e' | 'E') };
            let keep = c.is_ascii_alphanumeric()
                || matches!(c, '.' | '_' | 'µ' | 'μ')
                || (matches!(c, '+' | '-') && is_exponent);
            previous = c;
            keep
        })
        .to_owned()
    }

    fn range(&mut self) -> Result<Kind, ParseError> {
        let Some(end) = self.rest.find(']') else {
            return Err(self.error("missing closing ']' in duration"));
        };
        let taken = self.take(end + 1);
        Ok(Kind::Range(taken.trim_matches(['[', ']']).trim().to_owned()))
    }

    fn text(&mut self, quote: char) -> Result<String, ParseError> {
        let body = self.rest.get(1..).unwrap_or_default();
        if quote == '`' {
            let Some(end) = body.find('`') else {
                return Err(self.error("literal not terminated"));
            };
            return Ok(self.take(end + 2).trim_matches('`').to_owned());
        }
        let mut is_escaped = false;
        let end = body.find(|c| {
            let is_end = (c == '"' && !is_escaped) || c == '\n';
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        match end {
            Some(end) if body.as_bytes().get(end) == Some(&b'"') => {
                let text = unquote(body.get(..end).unwrap_or_default())
                    .map_err(|message| self.error(message))?;
                self.take(end + 2);
                Ok(text)
            }
            _ => Err(self.error("literal not terminated")),
        }
    }
}

/// Go's escapes of double-quoted strings.
fn unquote(body: &str) -> Result<String, &'static str> {
    const INVALID: &str = "invalid char escape";
    if !body.contains('\\') {
        return Ok(body.to_owned());
    }
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        let letter = escape.as_bytes().get(1).ok_or(INVALID)?;
        let (digits, radix) = match letter {
            b'x' => (2, 16),
            b'u' => (4, 16),
            b'U' => (8, 16),
            b'0'..=b'7' => (3, 8),
            _ => (0, 0),
        };
        if digits == 0 {
            bytes.push(match letter {
                b'a' => 7,
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                b'\\' | b'"' | b'\'' => *letter,
                _ => return Err(INVALID),
            });
            rest = escape.get(2..).unwrap_or_default();
            continue;
        }
        let start = if radix == 8 { 1 } else { 2 };
        let code = escape.get(start..start + digits).ok_or(INVALID)?;
        let code = u32::from_str_radix(code, radix).map_err(|_| INVALID)?;
        if matches!(letter, b'u' | b'U') {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(
                char::from_u32(code).ok_or(INVALID)?.encode_utf8(&mut buffer).as_bytes(),
            );
        } else {
            bytes.push(u8::try_from(code).map_err(|_| INVALID)?);
        }
        rest = escape.get(start + digits..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).map_err(|_| "invalid UTF-8 encoding")
}
