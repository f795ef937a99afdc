//! Parses field expressions: inside `{ … }` and as arguments of functions.

use super::ParseError;
use super::lexer::Kind as Lexeme;
use super::parser::Parser;
use super::tree::{BinaryOp, FieldExpr, Intrinsic, Kind, Static, Status, UnaryOp};

/// Precedence of the operand of unary operators.
const UNARY: u8 = 5;

/// The precedence of an operator; `&&` and `||` have the same, as in Tempo.
pub(super) fn strength(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::And | BinaryOp::Or => 1,
        BinaryOp::Add | BinaryOp::Sub => 3,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => UNARY,
        BinaryOp::Pow => 6,
        _ => 2,
    }
}

impl Parser {
    pub(super) fn field(&mut self, strength_min: u8) -> Result<FieldExpr, ParseError> {
        self.deeper(|parser| {
            let mut left = parser.field_operand()?;
            loop {
                let op = match parser.kind() {
                    Lexeme::Symbol(symbol) => BinaryOp::from_name(symbol),
                    _ => None,
                };
                let Some(op) = op.filter(|op| strength(*op) >= strength_min) else {
                    return Ok(left);
                };
                parser.count_operator()?;
                parser.advance();
                let right = parser.field(strength(op) + u8::from(op != BinaryOp::Pow))?;
                left = FieldExpr::Binary(op, Box::new(left), Box::new(right));
            }
        })
    }

    fn field_operand(&mut self) -> Result<FieldExpr, ParseError> {
        let unary = if self.is_symbol("-") {
            Some(UnaryOp::Negate)
        } else if self.is_symbol("!") {
            Some(UnaryOp::Not)
        } else {
            None
        };
        if let Some(op) = unary {
            self.count_operator()?;
            self.advance();
            return Ok(match (op, self.field(UNARY)?) {
                (UnaryOp::Negate, FieldExpr::Static(Static::Int(value))) => {
                    FieldExpr::Static(Static::Int(value.saturating_neg()))
                }
                (UnaryOp::Negate, FieldExpr::Static(Static::Float(value))) => {
                    FieldExpr::Static(Static::Float(-value))
                }
                (UnaryOp::Negate, FieldExpr::Static(Static::Duration(ns))) => {
                    FieldExpr::Static(Static::Duration(ns.saturating_neg()))
                }
                (op, operand) => FieldExpr::Unary(op, Box::new(operand)),
            });
        }
        if self.eat("(") {
            let inner = self.field(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if let Some(attribute) = self.attribute() {
            return Ok(attribute);
        }
        let Some(value) = self.constant() else { return self.unexpected("") };
        self.advance();
        Ok(FieldExpr::Static(value))
    }

    /// The attribute or intrinsic at the current token, if any.
    pub(super) fn attribute(&mut self) -> Option<FieldExpr> {
        let field = match self.kind() {
            Lexeme::Attribute(attribute) => FieldExpr::Attribute(attribute.clone()),
            Lexeme::Scoped(intrinsic) => FieldExpr::Intrinsic(*intrinsic),
            Lexeme::Word(word) => FieldExpr::Intrinsic(Intrinsic::from_name(word)?),
            _ => return None,
        };
        self.advance();
        Some(field)
    }

    /// The constant at the current token, if any.
    pub(super) fn constant(&self) -> Option<Static> {
        match self.kind() {
            Lexeme::Text(text) => Some(Static::Text(text.clone())),
            Lexeme::Int(value) => Some(Static::Int(*value)),
            Lexeme::Float(value) => Some(Static::Float(*value)),
            Lexeme::Duration(ns) => Some(Static::Duration(*ns)),
            Lexeme::Word(word) => match word.as_str() {
                "nil" => Some(Static::Nil),
                "true" => Some(Static::Bool(true)),
                "false" => Some(Static::Bool(false)),
                "maxInt" => Some(Static::Int(i64::MAX)),
                "minInt" => Some(Static::Int(i64::MIN)),
                word => Status::from_name(word)
                    .map(Static::Status)
                    .or_else(|| Kind::from_name(word).map(Static::Kind)),
            },
            _ => None,
        }
    }
}
