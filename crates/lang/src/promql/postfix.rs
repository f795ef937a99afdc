//! Suffixes of a selector: brackets, `@`, `anchored` and `smoothed`.

use super::ast::{At, BinaryOp, Expr, Extension, Span, Subquery};
use super::error::ParseError;
use super::keywords::Keyword;
use super::lexer::TokenKind;
use super::parser::Parser;
use super::string_literal::format_float;

impl Parser<'_> {
    /// `anchored` or `smoothed`.
    pub(crate) fn set_extension(
        &self,
        expr: &mut Expr,
        extension: Extension,
    ) -> Result<(), ParseError> {
        let span = expr.span();
        let end = self.previous_end();
        let Expr::Selector(selector) = expr else {
            let why = match expr {
                Expr::Subquery(_) => "is not supported for subqueries",
                _ => "not implemented",
            };
            return Err(self.error(span, format!("{} modifier {why}", extension.name())));
        };
        if selector.extension.is_some_and(|other| other != extension) {
            let message = "anchored and smoothed modifiers cannot be used together";
            return Err(self.error(span, message));
        }
        selector.extension = Some(extension);
        selector.span.end = end;
        Ok(())
    }

    /// The operand of `@`.
    pub(crate) fn at_modifier(&mut self, expr: &mut Expr) -> Result<(), ParseError> {
        let span = expr.span();
        let at = self.at_value(span)?;
        let end = self.previous_end();
        let (place, place_span) = match expr {
            Expr::Selector(selector) => (&mut selector.at, &mut selector.span),
            Expr::Subquery(subquery) => (&mut subquery.at, &mut subquery.span),
            _ => {
                let message = "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery";
                return Err(self.error(span, message));
            }
        };
        if place.is_some() {
            return Err(self.error(span, "@ <timestamp> may not be set multiple times"));
        }
        *place = Some(at);
        place_span.end = end;
        Ok(())
    }

    fn at_value(&mut self, operand: Span) -> Result<At, ParseError> {
        const EXPECTED: &str = "timestamp";
        let edge = match self.peek().kind {
            TokenKind::Keyword(Keyword::Start) => Some(At::Start),
            TokenKind::Keyword(Keyword::End) => Some(At::End),
            _ => None,
        };
        if let Some(edge) = edge {
            self.next();
            for kind in [TokenKind::LeftParen, TokenKind::RightParen] {
                self.accept(kind).ok_or_else(|| self.unexpected("@", EXPECTED))?;
            }
            return Ok(edge);
        }
        let mut sign = 1.0;
        if let TokenKind::Operator(op @ (BinaryOp::Add | BinaryOp::Sub)) = self.peek().kind {
            self.next();
            sign = if op == BinaryOp::Sub { -1.0 } else { 1.0 };
        }
        if !matches!(self.peek().kind, TokenKind::Number | TokenKind::Duration) {
            return Err(self.unexpected("@", EXPECTED));
        }
        let seconds = sign * self.number()?.value;
        let milliseconds = (seconds * 1000.0).round();
        if milliseconds.is_nan() || milliseconds.abs() >= i64::MAX as f64 {
            let shown =
                if seconds.is_finite() { format!("{seconds:.6}") } else { format_float(seconds) };
            let message = format!("timestamp out of bounds for @ modifier: {shown}");
            return Err(self.error(operand, message));
        }
        Ok(At::Time(milliseconds as i64))
    }

    /// The contents of brackets: the range of a selector, or the range and step of a subquery, and
    /// whether it is a subquery.
    pub(crate) fn brackets(
        &mut self,
        expr: Expr,
        bracket: usize,
    ) -> Result<(Expr, bool), ParseError> {
        let range = self.duration_expression(0)?;
        if self.accept(TokenKind::Colon).is_some() {
            let step = if self.peek().kind == TokenKind::RightBracket {
                None
            } else {
                Some(self.step_duration()?)
            };
            self.accept(TokenKind::RightBracket)
                .ok_or_else(|| self.unexpected("subquery selector", "\"]\""))?;
            self.check_positive(&range)?;
            if let Some(step) = &step {
                self.check_positive(step)?;
            }
            let span = Span::new(expr.span().start, self.previous_end());
            let subquery = Subquery { expr, range, step, offset: None, at: None, span };
            return Ok((Expr::Subquery(Box::new(subquery)), true));
        }
        self.accept(TokenKind::RightBracket)
            .ok_or_else(|| self.unexpected("subquery or range", "\":\" or \"]\""))?;
        self.check_positive(&range)?;
        let span = Span::new(bracket, self.previous_end());
        match expr {
            Expr::Selector(selector) if selector.range.is_none() => {
                let mut selector = *selector;
                if selector.offset.is_some() {
                    return Err(self.error(span, "no offset modifiers allowed before range"));
                }
                if selector.at.is_some() {
                    return Err(self.error(span, "no @ modifiers allowed before range"));
                }
                selector.range = Some(range);
                selector.span.end = span.end;
                Ok((Expr::Selector(Box::new(selector)), false))
            }
            _ => Err(self.error(span, "ranges only allowed for vector selectors")),
        }
    }
}

impl Extension {
    /// The word in the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}
