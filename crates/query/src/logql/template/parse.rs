//! Parses template text into terms.

use super::function::Function;
use super::{Call, Node, Value};
use crate::QueryError;

/// Deepest nesting of parentheses and branches.
const DEPTH_MAX: usize = 32;
/// Longest template.
const BYTES_MAX: usize = 65_536;

const UNSUPPORTED: [&str; 8] =
    ["range", "with", "define", "template", "block", "break", "continue", "$"];

fn invalid(message: impl std::fmt::Display) -> QueryError {
    QueryError::Invalid(format!("template: {message}"))
}

/// The contents of `{{` … `}}`.
enum Action {
    Output(Call),
    If(Call),
    ElseIf(Call),
    Else,
    End,
    Comment,
}

enum Piece {
    Text(String),
    Action(Action),
}

pub(super) fn nodes(text: &str) -> Result<Vec<Node>, QueryError> {
    if text.len() > BYTES_MAX {
        return Err(invalid(format!("longer than {BYTES_MAX} bytes")));
    }
    let mut pieces = pieces(text)?.into_iter();
    let (nodes, end) = block(&mut pieces, 0)?;
    match end {
        None => Ok(nodes),
        Some(Action::End) => Err(invalid("unexpected {{end}}")),
        Some(_) => Err(invalid("unexpected {{else}}")),
    }
}

/// Nodes up to the action that ends the block.
fn block(
    pieces: &mut std::vec::IntoIter<Piece>,
    depth: usize,
) -> Result<(Vec<Node>, Option<Action>), QueryError> {
    if depth > DEPTH_MAX {
        return Err(invalid(format!("nested deeper than {DEPTH_MAX}")));
    }
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) => nodes.push(Node::Text(text)),
            Piece::Action(Action::Output(call)) => nodes.push(Node::Output(call)),
            Piece::Action(Action::Comment) => {}
            Piece::Action(Action::If(condition)) => nodes.push(branches(pieces, condition, depth)?),
            Piece::Action(end) => return Ok((nodes, Some(end))),
        }
    }
    Ok((nodes, None))
}

fn branches(
    pieces: &mut std::vec::IntoIter<Piece>,
    condition: Call,
    depth: usize,
) -> Result<Node, QueryError> {
    let (then, end) = block(pieces, depth + 1)?;
    let otherwise = match end {
        Some(Action::End) => Vec::new(),
        Some(Action::ElseIf(condition)) => {
            if depth >= DEPTH_MAX {
                return Err(invalid(format!("nested deeper than {DEPTH_MAX}")));
            }
            vec![branches(pieces, condition, depth + 1)?]
        }
        Some(Action::Else) => match block(pieces, depth + 1)? {
            (nodes, Some(Action::End)) => nodes,
            _ => return Err(invalid("unexpected EOF")),
        },
        _ => return Err(invalid("unexpected EOF")),
    };
    Ok(Node::If { condition, then, otherwise })
}

fn pieces(text: &str) -> Result<Vec<Piece>, QueryError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut trims_next = false;
    while let Some(at) = rest.find("{{") {
        let (mut literal, action) = rest.split_at(at);
        let mut action = action.get(2..).unwrap_or_default();
        if trims_next {
            literal = literal.trim_start();
        }
        if let Some(after) = action.strip_prefix("- ") {
            literal = literal.trim_end();
            action = after;
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.to_owned()));
        }
        let end = action_end(action)?;
        let inside = action.get(..end).unwrap_or_default();
        rest = action.get(end + 2..).unwrap_or_default();
        trims_next = inside.ends_with(" -");
        let inside = inside.strip_suffix(" -").unwrap_or(inside);
        pieces.push(Piece::Action(parse_action(inside)?));
    }
    let literal = if trims_next { rest.trim_start() } else { rest };
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal.to_owned()));
    }
    Ok(pieces)
}

/// The position of the `}}` of an action, outside of its strings.
fn action_end(action: &str) -> Result<usize, QueryError> {
    if action.trim_start().starts_with("/*") {
        return action.find("}}").ok_or_else(|| invalid("unclosed comment"));
    }
    let bytes = action.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'`' => {
                let start = at;
                at += 1;
                while bytes.get(at).is_some_and(|b| b != byte) {
                    at += if *byte == b'"' && bytes.get(at) == Some(&b'\\') { 2 } else { 1 };
                }
                if bytes.get(at).is_none() {
                    let what = if bytes.get(start) == Some(&b'`') {
                        "raw quoted string"
                    } else {
                        "quoted string"
                    };
                    return Err(invalid(format!("unterminated {what}")));
                }
            }
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Ok(at),
            _ => {}
        }
        at += 1;
    }
    Err(invalid("unclosed action"))
}

fn parse_action(inside: &str) -> Result<Action, QueryError> {
    if inside.trim_start().starts_with("/*") {
        return Ok(Action::Comment);
    }
    let tokens = tokens(inside)?;
    let is_alone = tokens.len() == 1;
    let terms = |skip: usize| {
        let rest: Vec<Token> = tokens.iter().skip(skip).cloned().collect();
        let mut terms = Terms { tokens: rest.into_iter().peekable(), depth: 0 };
        let call = terms.pipeline()?;
        if terms.tokens.next().is_some() {
            Err(invalid("unexpected \")\" in command"))
        } else {
            Ok(call)
        }
    };
    match tokens.first() {
        Some(Token::Word(word)) if word == "if" => terms(1).map(Action::If),
        Some(Token::Word(word)) if word == "end" => Ok(Action::End),
        Some(Token::Word(word)) if word == "else" && is_alone => Ok(Action::Else),
        Some(Token::Word(word)) if word == "else" => terms(2).map(Action::ElseIf),
        Some(Token::Word(word)) if UNSUPPORTED.contains(&word.as_str()) => {
            Err(QueryError::Unsupported(format!("{word} in templates")))
        }
        Some(_) => terms(0).map(Action::Output),
        None => Err(invalid("missing value for command")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Field(String),
    Value(Value),
    Open,
    Close,
    Pipe,
}

fn tokens(inside: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut rest = inside.trim_start();
    while let Some(first) = rest.chars().next() {
        let word_end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|' | '"' | '`'))
            .unwrap_or(rest.len());
        let mut taken = 1;
        match first {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            '|' => tokens.push(Token::Pipe),
            '"' | '`' => {
                let end =
                    string_end(rest, first).ok_or_else(|| invalid("unterminated quoted string"))?;
                let body = rest.get(1..end).unwrap_or_default();
                let text = if first == '`' { body.to_owned() } else { unquoted(body) };
                tokens.push(Token::Value(Value::Text(text)));
                taken = end + 1;
            }
            '$' => return Err(QueryError::Unsupported("variables in templates".to_owned())),
            _ => {
                let word = rest.get(..word_end.max(first.len_utf8())).unwrap_or_default();
                taken = word.len();
                tokens.push(word_token(word)?);
            }
        }
        rest = rest.get(taken..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn string_end(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| {
        let is_end = c == quote && !is_escaped;
        is_escaped = quote == '"' && c == '\\' && !is_escaped;
        is_end.then_some(at)
    })
}

fn word_token(word: &str) -> Result<Token, QueryError> {
    if let Some(name) = word.strip_prefix('.') {
        if name.contains('.') {
            return Err(QueryError::Unsupported("nested fields in templates".to_owned()));
        }
        if !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Token::Field(name.to_owned()));
        }
    }
    if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return match (word.parse(), word.parse()) {
            (Ok(int), _) => Ok(Token::Value(Value::Int(int))),
            (_, Ok(float)) => Ok(Token::Value(Value::Float(float))),
            _ => Err(invalid(format!("bad number syntax: {word:?}"))),
        };
    }
    Ok(match word {
        "true" | "false" => Token::Value(Value::Bool(word == "true")),
        word => Token::Word(word.to_owned()),
    })
}

fn unquoted(body: &str) -> String {
    let mut text = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('x') => text.push(hex(&mut chars, 2)),
            Some('u') => text.push(hex(&mut chars, 4)),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

fn hex(chars: &mut std::str::Chars<'_>, digits: usize) -> char {
    let code: String = chars.by_ref().take(digits).collect();
    u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or(' ')
}

struct Terms {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Terms {
    /// `command | command …`: each result is the last argument of the next.
    fn pipeline(&mut self) -> Result<Call, QueryError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(invalid(format!("nested deeper than {DEPTH_MAX}")));
        }
        let mut value = self.command(None)?;
        let mut length = 1;
        while self.tokens.next_if_eq(&Token::Pipe).is_some() {
            length += 1;
            if length > DEPTH_MAX {
                return Err(invalid(format!("more than {DEPTH_MAX} commands in a pipeline")));
            }
            value = self.command(Some(value))?;
        }
        self.depth -= 1;
        Ok(value)
    }

    fn command(&mut self, piped: Option<Call>) -> Result<Call, QueryError> {
        let function = match self.tokens.peek() {
            Some(Token::Word(word)) => match word.as_str() {
                "__line__" | "__timestamp__" => None,
                word => Some(Function::from_name(word).ok_or_else(|| Function::unknown(word))?),
            },
            _ => None,
        };
        let Some(function) = function else {
            let value = self.operand()?.ok_or_else(|| invalid("missing value for command"))?;
            return if piped.is_some() {
                Err(invalid("non executable command in pipeline"))
            } else {
                Ok(value)
            };
        };
        self.tokens.next();
        let mut arguments = Vec::new();
        while let Some(argument) = self.operand()? {
            arguments.push(argument);
        }
        arguments.extend(piped);
        function.check(arguments.len())?;
        Ok(Call::Apply(function, arguments))
    }

    fn operand(&mut self) -> Result<Option<Call>, QueryError> {
        match self.tokens.peek() {
            None | Some(Token::Pipe | Token::Close) => return Ok(None),
            Some(_) => {}
        }
        Ok(match self.tokens.next() {
            Some(Token::Field(name)) => Some(Call::Field(name)),
            Some(Token::Value(value)) => Some(Call::Value(value)),
            Some(Token::Word(word)) if word == "__line__" => Some(Call::Line),
            Some(Token::Word(word)) if word == "__timestamp__" => Some(Call::Timestamp),
            Some(Token::Word(word)) => {
                let function =
                    Function::from_name(&word).ok_or_else(|| Function::unknown(&word))?;
                function.check(0)?;
                Some(Call::Apply(function, Vec::new()))
            }
            Some(Token::Open) => {
                let inner = self.pipeline()?;
                if self.tokens.next() != Some(Token::Close) {
                    return Err(invalid("unclosed left paren"));
                }
                Some(inner)
            }
            _ => None,
        })
    }
}
