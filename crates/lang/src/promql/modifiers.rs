//! Durations in brackets and after `offset`.

use super::ast::{BinaryOp, DurationExpr, DurationOp, Expr, Number, Span};
use super::duration::{SECONDS_MAX, parse_duration};
use super::error::ParseError;
use super::keywords::Keyword;
use super::lexer::TokenKind;
use super::parser::Parser;
use super::string_literal::quote;

const EXPECTED: &str = "number, duration, step(), or range()";
const IN_BRACKETS: &str = "subquery or range selector";
const IN_OFFSET: &str = "offset";

impl Parser<'_> {
    /// A number or a duration.
    pub(crate) fn number(&mut self) -> Result<Number, ParseError> {
        let token = self.peek();
        let source = self.source(token);
        let is_duration = token.kind == TokenKind::Duration;
        let value = match token.kind {
            TokenKind::Number => {
                parse_number(source).map_err(|message| self.error(token.span, message))?
            }
            TokenKind::Duration => {
                let milliseconds =
                    parse_duration(source).map_err(|message| self.error(token.span, message))?;
                milliseconds as f64 / 1000.0
            }
            _ => return Err(self.unexpected("", "")),
        };
        self.next();
        Ok(Number { value, is_duration, span: token.span })
    }

    /// The error for a range or step that is not positive, if the text alone shows it.
    pub(crate) fn check_positive(&self, duration: &DurationExpr) -> Result<(), ParseError> {
        self.check_constant(duration)?;
        if duration.literal().is_some_and(|value| value <= 0.0) {
            return Err(self.error(duration.span(), "duration must be greater than 0"));
        }
        Ok(())
    }

    fn check_constant(&self, duration: &DurationExpr) -> Result<(), ParseError> {
        if let Some(value) = duration.literal()
            && (value.is_nan() || value.abs() > SECONDS_MAX)
        {
            return Err(self.error(duration.span(), "duration out of range"));
        }
        Ok(())
    }

    /// The operand of `offset`: a signed number, duration, function or parentheses.
    pub(crate) fn offset_duration(&mut self) -> Result<DurationExpr, ParseError> {
        let duration = match self.peek().kind {
            TokenKind::Operator(op @ (BinaryOp::Add | BinaryOp::Sub)) => {
                let span = self.next().span;
                let operand = self.duration_primary(IN_OFFSET)?;
                signed(op == BinaryOp::Sub, span, operand)
            }
            // Prometheus parses operators after parentheses as part of the duration.
            TokenKind::LeftParen => self.duration_operators(0, IN_OFFSET)?,
            _ => self.duration_primary(IN_OFFSET)?,
        };
        self.check_constant(&duration)?;
        Ok(duration)
    }

    pub(crate) fn set_offset(
        &self,
        expr: &mut Expr,
        offset: DurationExpr,
    ) -> Result<(), ParseError> {
        let span = expr.span();
        let end = self.previous_end();
        let (place, place_span) = match expr {
            Expr::Selector(selector) => (&mut selector.offset, &mut selector.span),
            Expr::Subquery(subquery) => (&mut subquery.offset, &mut subquery.span),
            _ => {
                let message = "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery";
                return Err(self.error(span, message));
            }
        };
        if place.is_some() {
            return Err(
                self.error(Span::new(span.start, end), "offset may not be set multiple times")
            );
        }
        *place = Some(offset);
        place_span.end = end;
        Ok(())
    }

    /// Arithmetic in brackets.
    pub(crate) fn duration_expression(
        &mut self,
        precedence_min: u8,
    ) -> Result<DurationExpr, ParseError> {
        self.duration_operators(precedence_min, IN_BRACKETS)
    }

    /// The optional step of a subquery.
    pub(crate) fn step_duration(&mut self) -> Result<DurationExpr, ParseError> {
        if matches!(
            self.peek().kind,
            TokenKind::Number
                | TokenKind::Duration
                | TokenKind::LeftParen
                | TokenKind::Operator(_)
                | TokenKind::Keyword(_)
        ) {
            return self.duration_expression(0);
        }
        let expected = "number, duration, step(), range(), or \"]\"";
        Err(self.unexpected("subquery selector", expected))
    }

    fn duration_operators(
        &mut self,
        precedence_min: u8,
        context: &str,
    ) -> Result<DurationExpr, ParseError> {
        self.enter()?;
        let mut left = self.duration_unary(context)?;
        let mut length: u32 = 0;
        while let TokenKind::Operator(sign) = self.peek().kind {
            let op = match sign {
                BinaryOp::Add => DurationOp::Add,
                BinaryOp::Sub => DurationOp::Sub,
                BinaryOp::Mul => DurationOp::Mul,
                BinaryOp::Div => DurationOp::Div,
                BinaryOp::Mod => DurationOp::Mod,
                BinaryOp::Pow => DurationOp::Pow,
                _ => break,
            };
            if sign.precedence() < precedence_min {
                break;
            }
            let span = self.next().span;
            let right_min = sign.precedence() + u8::from(op != DurationOp::Pow);
            let right = self.duration_operators(right_min, context)?;
            if right.literal() == Some(0.0) && matches!(op, DurationOp::Div | DurationOp::Mod) {
                let word = if op == DurationOp::Div { "division" } else { "modulo" };
                return Err(self.error(span, format!("{word} by zero")));
            }
            self.count_node()?;
            length += 1;
            if length > super::HEIGHT_MAX {
                return Err(self.error(span, "duration expression is too long"));
            }
            left = DurationExpr::Binary { op, left: Box::new(left), right: Box::new(right), span };
        }
        self.leave();
        Ok(left)
    }

    fn duration_unary(&mut self, context: &str) -> Result<DurationExpr, ParseError> {
        let TokenKind::Operator(op @ (BinaryOp::Add | BinaryOp::Sub)) = self.peek().kind else {
            return self.duration_primary(context);
        };
        let span = self.next().span;
        self.enter()?;
        let operand = self.duration_operators(BinaryOp::Pow.precedence(), context)?;
        self.leave();
        Ok(signed(op == BinaryOp::Sub, span, operand))
    }

    fn duration_primary(&mut self, context: &str) -> Result<DurationExpr, ParseError> {
        self.count_node()?;
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration => Ok(DurationExpr::Number(self.number()?)),
            TokenKind::LeftParen => {
                self.next();
                let inner = self.duration_operators(0, context)?;
                let close = self.expect_in(TokenKind::RightParen, context)?;
                Ok(DurationExpr::Paren(Box::new(inner), Span::new(token.span.start, close)))
            }
            TokenKind::Keyword(keyword @ (Keyword::Step | Keyword::Range)) => {
                self.next();
                self.expect_in(TokenKind::LeftParen, context)?;
                let close = self.expect_in(TokenKind::RightParen, context)?;
                let span = Span::new(token.span.start, close);
                Ok(if keyword == Keyword::Step {
                    DurationExpr::Step(span)
                } else {
                    DurationExpr::Range(span)
                })
            }
            TokenKind::Keyword(keyword @ (Keyword::MinOf | Keyword::MaxOf)) => {
                self.next();
                self.expect_in(TokenKind::LeftParen, context)?;
                let left = Box::new(self.duration_operators(0, context)?);
                self.expect_in(TokenKind::Comma, context)?;
                let right = Box::new(self.duration_operators(0, context)?);
                let close = self.expect_in(TokenKind::RightParen, context)?;
                let op =
                    if keyword == Keyword::MinOf { DurationOp::MinOf } else { DurationOp::MaxOf };
                let span = Span::new(token.span.start, close);
                Ok(DurationExpr::Binary { op, left, right, span })
            }
            _ => Err(self.unexpected(context, EXPECTED)),
        }
    }

    fn expect_in(&mut self, kind: TokenKind, context: &str) -> Result<usize, ParseError> {
        self.accept(kind)
            .map(|token| token.span.end)
            .ok_or_else(|| self.unexpected(context, EXPECTED))
    }
}

/// A plain number includes the sign, so that `-5m` is a literal.
fn signed(is_negative: bool, span: Span, operand: DurationExpr) -> DurationExpr {
    match operand {
        DurationExpr::Number(number) => {
            let value = if is_negative { -number.value } else { number.value };
            DurationExpr::Number(Number { value, span: span.to(number.span), ..number })
        }
        operand => DurationExpr::Unary { is_negative, expr: Box::new(operand), span },
    }
}

/// Decimal, hexadecimal (`0x1F`), leading-zero octal, `Inf` and `NaN`, with `_` between digits.
fn parse_number(source: &str) -> Result<f64, String> {
    let digits: String = source.chars().filter(|c| *c != '_').collect();
    let lower = digits.to_ascii_lowercase();
    let failed = |reason: &str| {
        format!("error parsing number: strconv.ParseFloat: parsing {}: {reason}", quote(source))
    };
    if let Some(hexadecimal) = lower.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).map(|value| value as f64).map_err(|_| {
            failed(if hexadecimal.is_empty() { "invalid syntax" } else { "value out of range" })
        });
    }
    let is_octal = lower.len() > 1
        && lower.starts_with('0')
        && lower.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    if is_octal && let Ok(value) = i64::from_str_radix(&lower, 8) {
        return Ok(value as f64);
    }
    match lower.as_str() {
        "inf" => return Ok(f64::INFINITY),
        "nan" => return Ok(f64::NAN),
        _ => {}
    }
    match lower.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(failed("value out of range")),
        Err(_) => Err(failed("invalid syntax")),
    }
}
