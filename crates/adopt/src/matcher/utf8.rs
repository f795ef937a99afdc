//! The UTF-8 parser of matchers: names and values are in double quotes, with the escapes of Go, or
//! without them where they contain no reserved character.

use lang::promql::unquoted_bytes;
use signals::MatchOp;

use super::Matcher;
use super::utf8_lexer::{Token, TokenKind, Tokens, tokens};

const END: &str = "end of input";

/// Parses matchers.
pub(super) fn parse(text: &str) -> Result<Vec<Matcher>, String> {
    Parser { tokens: tokens(text), at: 0 }.parse()
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn parse(mut self) -> Result<Vec<Matcher>, String> {
        let mut matchers = Vec::new();
        if self.tokens.tokens.is_empty() && self.tokens.error.is_none() {
            return Ok(matchers);
        }
        let has_open_brace = self.peek()?.kind == TokenKind::OpenBrace;
        self.at += usize::from(has_open_brace);
        let mut is_over = match self.next_kind() {
            Some(kind) => kind == TokenKind::CloseBrace,
            None if self.tokens.error.is_none() => true,
            None => return Err(self.tokens.error.unwrap_or_default()),
        };
        while !is_over {
            matchers.push(self.matcher()?);
            is_over = self.end_of_matcher()?;
        }
        self.close_brace(has_open_brace)?;
        self.end()?;
        Ok(matchers)
    }

    /// The next token; the error at the end of all.
    fn peek(&self) -> Result<Token<'a>, String> {
        let error = || self.tokens.error.clone().unwrap_or_else(|| END.to_owned());
        self.tokens.tokens.get(self.at).copied().ok_or_else(error)
    }

    fn next_kind(&self) -> Option<TokenKind> {
        self.tokens.tokens.get(self.at).map(|token| token.kind)
    }

    fn is_at_end(&self) -> bool {
        self.next_kind().is_none() && self.tokens.error.is_none()
    }

    fn peek_one_of(&self, kinds: &[TokenKind]) -> Result<Token<'a>, String> {
        let token = self.peek()?;
        if kinds.contains(&token.kind) {
            return Ok(token);
        }
        Err(format!("{}:{}: unexpected {}", token.start, token.end, token.text))
    }

    fn expect(&mut self, kinds: &[TokenKind], missing: &str) -> Result<Token<'a>, String> {
        let token = self.peek_one_of(kinds).map_err(|error| format!("{error}: {missing}"))?;
        self.at += 1;
        Ok(token)
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        const TEXT: [TokenKind; 2] = [TokenKind::Quoted, TokenKind::Unquoted];
        const OPERATOR: [TokenKind; 4] =
            [TokenKind::Equal, TokenKind::NotEqual, TokenKind::Regex, TokenKind::NotRegex];
        let name = unquoted(self.expect(&TEXT, "expected label name")?)?;
        let missing = "expected an operator such as '=', '!=', '=~' or '!~'";
        let op = match self.expect(&OPERATOR, missing)?.kind {
            TokenKind::NotEqual => MatchOp::NotEqual,
            TokenKind::Regex => MatchOp::Regex,
            TokenKind::NotRegex => MatchOp::NotRegex,
            _ => MatchOp::Equal,
        };
        let value = unquoted(self.expect(&TEXT, "expected label value")?)?;
        Matcher::new(name, op, value).map_err(|error| format!("failed to create matcher: {error}"))
    }

    /// Reads a comma; returns whether no matcher follows.
    fn end_of_matcher(&mut self) -> Result<bool, String> {
        if self.is_at_end() {
            return Ok(true);
        }
        let next = self
            .peek_one_of(&[TokenKind::Comma, TokenKind::CloseBrace])
            .map_err(|error| format!("{error}: expected a comma or close brace"))?;
        if next.kind == TokenKind::CloseBrace {
            return Ok(true);
        }
        self.at += 1;
        if self.is_at_end() {
            return Ok(true);
        }
        let kinds = [TokenKind::CloseBrace, TokenKind::Unquoted, TokenKind::Quoted];
        let next = self
            .peek_one_of(&kinds)
            .map_err(|error| format!("{error}: expected a matcher or close brace after comma"))?;
        Ok(next.kind == TokenKind::CloseBrace)
    }

    fn close_brace(&mut self, has_open_brace: bool) -> Result<(), String> {
        let column = || {
            let last = self.at.checked_sub(1).and_then(|at| self.tokens.tokens.get(at));
            last.map_or(0, |token| token.end)
        };
        let closing = self.peek_one_of(&[TokenKind::CloseBrace]);
        match (closing, has_open_brace) {
            (Ok(_), true) => self.at += 1,
            (Ok(token), false) => {
                return Err(format!("0:{}: }}: expected opening brace", token.end));
            }
            (Err(error), true) => {
                return Err(format!("0:{}: {error}: expected close brace", column()));
            }
            (Err(_), false) => {}
        }
        Ok(())
    }

    fn end(&self) -> Result<(), String> {
        if self.is_at_end() {
            return Ok(());
        }
        let token = self.peek().map_err(|error| format!("{error}: expected end of input"))?;
        Err(format!("{}:{}: {}: expected end of input", token.start, token.end, token.text))
    }
}

/// The text of a token without quotes and escapes.
fn unquoted(token: Token<'_>) -> Result<String, String> {
    if token.kind != TokenKind::Quoted {
        return Ok(token.text.to_owned());
    }
    // Go's quotes contain no line break, and `\'` is an escape in single quotes only.
    let is_valid = !token.text.contains('\n') && !has_single_quote_escape(token.text);
    let bytes = is_valid.then(|| unquoted_bytes(token.text)).flatten();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| format!("{}:{}: {}: invalid input", token.start, token.end, token.text))
}

fn has_single_quote_escape(text: &str) -> bool {
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\\' && characters.next() == Some('\'') {
            return true;
        }
    }
    false
}
