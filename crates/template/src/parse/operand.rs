//! Parses commands: functions and values with their arguments.

use super::lexer::{Kind, Token};
use super::parser::{Parsed, Parser};
use super::tree::{Command, Operand, OperandKind};
use crate::go::number::Number;
use crate::go::quote::{quote, unquote};

impl Parser<'_> {
    pub(super) fn command(&mut self) -> Parsed<Command> {
        let at = self.peek_non_space().at;
        let mut operands = Vec::new();
        loop {
            self.peek_non_space();
            operands.extend(self.operand()?);
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelimiter | Kind::RightParenthesis => self.push_back(token),
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if operands.is_empty() {
            return Err("empty command".to_owned());
        }
        Ok(Command { at, operands })
    }

    /// A term and its fields; `None` if no operand follows.
    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let next = self.peek();
        if next.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            fields.push(field_name(&self.next()));
        }
        let kind = match term.kind {
            OperandKind::Field(mut names) => {
                names.append(&mut fields);
                OperandKind::Field(names)
            }
            OperandKind::Variable(mut names) => {
                names.append(&mut fields);
                OperandKind::Variable(names)
            }
            OperandKind::Function(_) | OperandKind::Pipe(_) | OperandKind::Chain(..) => {
                OperandKind::Chain(Box::new(term), fields)
            }
            _ => return Err(format!("unexpected . after term {}", quote(&term.to_string()))),
        };
        Ok(Some(Operand { at: next.at, kind }))
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_non_space();
        let at = token.at;
        let kind = match token.kind {
            Kind::Identifier if self.functions.has(&token.text) => {
                OperandKind::Function(token.text)
            }
            Kind::Identifier => return Err(format!("function {} not defined", quote(&token.text))),
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable if self.variables.contains(&token.text) => {
                OperandKind::Variable(vec![token.text])
            }
            Kind::Variable => return Err(format!("undefined variable {}", quote(&token.text))),
            Kind::Field => OperandKind::Field(vec![field_name(&token)]),
            Kind::Bool => OperandKind::Bool(token.text == "true"),
            Kind::Number | Kind::CharLiteral => OperandKind::Number(Number::parse(&token.text)?),
            Kind::String => {
                let text = unquote(&token.text).ok_or("invalid syntax")?;
                OperandKind::String { quoted: token.text, text: text.into() }
            }
            Kind::LeftParenthesis => {
                self.enter()?;
                let pipe = self.pipe("parenthesized pipeline", Kind::RightParenthesis)?;
                self.depth -= 1;
                return Ok(Some(Operand { at: pipe.at, kind: OperandKind::Pipe(Box::new(pipe)) }));
            }
            _ => {
                self.push_back(token);
                return Ok(None);
            }
        };
        Ok(Some(Operand { at, kind }))
    }
}

/// The name of a field without its dot.
fn field_name(token: &Token) -> String {
    token.text.get(1..).unwrap_or_default().to_owned()
}
