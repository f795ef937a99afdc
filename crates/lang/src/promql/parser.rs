//! Parses tokens to a typed tree: recursive descent with operator precedence.
//!
//! Nesting, height of the tree and number of nodes are limited, so that neither the parser nor any
//! walk of the tree can overflow the stack.

use super::ast::{
    Aggregate, Aggregation, Binary, BinaryOp, Call, Cardinality, Expr, Extension, Matcher,
    Matching, Number, Paren, Span, Text, Unary,
};
use super::error::ParseError;
use super::functions::function;
use super::keywords::Keyword;
use super::lexer::{Token, TokenKind, tokenize};
use super::string_literal::{quote, unquote};
use super::{DEPTH_MAX, HEIGHT_MAX, NODES_MAX, TEXT_BYTES_MAX};

/// Parses and type-checks an expression.
///
/// # Errors
/// The first error, with its position, worded as in Prometheus.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text)?;
    if parser.peek().kind == TokenKind::End {
        return Err(parser.error(Span::default(), "no expression found in input"));
    }
    let expr = parser.expression(0)?.expr;
    parser.expect_end()?;
    super::check::check(text, &expr)?;
    Ok(expr)
}

/// Parses a single instant selector, as in `match[]` parameters.
///
/// # Errors
/// As [`parse`].
pub fn parse_selector(text: &str) -> Result<Vec<Matcher>, ParseError> {
    let mut parser = Parser::new(text)?;
    let selector = parser.metric_selector()?;
    parser.expect_end()?;
    let expr = Expr::Selector(Box::new(selector));
    super::check::check(text, &expr)?;
    match expr {
        Expr::Selector(selector) => Ok(selector.matchers),
        _ => Ok(Vec::new()),
    }
}

/// An expression and the height of its tree.
pub(crate) struct Node {
    pub(crate) expr: Expr,
    height: u32,
}

/// A cursor over tokens.
pub(crate) struct Parser<'a> {
    pub(crate) text: &'a str,
    tokens: Vec<Token>,
    lexer_message: Option<String>,
    at: usize,
    depth: usize,
    nodes: usize,
    /// Number of aggregations around the next token: errors in them mention it.
    aggregations: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self, ParseError> {
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("query is longer than {TEXT_BYTES_MAX} bytes");
            return Err(ParseError::new(text, Span::default(), message));
        }
        let (mut tokens, lexer_message) = tokenize(text);
        tokens.retain(|token| token.kind != TokenKind::Comment);
        Ok(Self { text, tokens, lexer_message, at: 0, depth: 0, nodes: 0, aggregations: 0 })
    }

    pub(crate) fn error(&self, span: Span, message: impl Into<String>) -> ParseError {
        ParseError::new(self.text, span, message)
    }

    /// The next token; the last one, `End` or `Error`, is never consumed.
    pub(crate) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Token {
        let last =
            Token { kind: TokenKind::End, span: Span::new(self.text.len(), self.text.len()) };
        self.tokens.get(self.at + ahead).or(self.tokens.last()).copied().unwrap_or(last)
    }

    pub(crate) fn next(&mut self) -> Token {
        let token = self.peek();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    /// Consumes the next token if it is of that kind.
    pub(crate) fn accept(&mut self, kind: TokenKind) -> Option<Token> {
        (self.peek().kind == kind).then(|| self.next())
    }

    /// End of the previous token.
    pub(crate) fn previous_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    pub(crate) fn source(&self, token: Token) -> &'a str {
        self.text.get(token.span.start..token.span.end).unwrap_or_default()
    }

    /// The error for an unexpected next token; `context` and `expected` may be empty.
    pub(crate) fn unexpected(&self, context: &str, expected: &str) -> ParseError {
        let token = self.peek();
        if let (TokenKind::Error, Some(message)) = (token.kind, &self.lexer_message) {
            return self.error(token.span, message.clone());
        }
        let is_plain = context.is_empty() && expected.is_empty();
        let context = if is_plain && self.aggregations > 0 { "aggregation" } else { context };
        let mut message = format!("unexpected {}", self.describe(token));
        for (word, part) in [(" in ", context), (", expected ", expected)] {
            if !part.is_empty() {
                message.push_str(word);
                message.push_str(part);
            }
        }
        self.error(token.span, message)
    }

    fn describe(&self, token: Token) -> String {
        let source = self.source(token);
        let short = || match source.char_indices().nth(10) {
            Some((at, _)) => format!("{}...", quote(&source[..at])),
            None => quote(source),
        };
        match token.kind {
            TokenKind::End | TokenKind::Error => "end of input".into(),
            TokenKind::Identifier => format!("identifier {}", quote(source)),
            TokenKind::MetricIdentifier => format!("metric identifier {}", quote(source)),
            TokenKind::Keyword(
                Keyword::Start
                | Keyword::End
                | Keyword::Step
                | Keyword::Range
                | Keyword::MinOf
                | Keyword::MaxOf,
            ) => quote(source),
            TokenKind::Keyword(_) => format!("<{source}>"),
            TokenKind::Operator(_) | TokenKind::At => format!("<op:{source}>"),
            TokenKind::Aggregator(_) => format!("<aggr:{source}>"),
            TokenKind::Number => format!("number {}", short()),
            TokenKind::Duration => format!("duration {}", short()),
            TokenKind::Text => format!("string {}", short()),
            _ => quote(source),
        }
    }

    pub(crate) fn expect_end(&self) -> Result<(), ParseError> {
        if self.peek().kind == TokenKind::End { Ok(()) } else { Err(self.unexpected("", "")) }
    }

    /// Enters a nesting level; every call is paired with [`Self::leave`] unless it fails.
    pub(crate) fn enter(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("expression is nested more than {DEPTH_MAX} levels deep");
            return Err(self.error(self.peek().span, message));
        }
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(crate) fn count_node(&mut self) -> Result<(), ParseError> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("expression has more than {NODES_MAX} nodes");
            return Err(self.error(self.peek().span, message));
        }
        Ok(())
    }

    fn node(&mut self, expr: Expr, height_below: u32) -> Result<Node, ParseError> {
        self.count_node()?;
        let height = height_below + 1;
        if height > HEIGHT_MAX {
            let message = format!("expression is more than {HEIGHT_MAX} levels high");
            return Err(self.error(expr.span(), message));
        }
        Ok(Node { expr, height })
    }

    /// Operands and operators that bind at least as strongly as `precedence_min`.
    fn expression(&mut self, precedence_min: u8) -> Result<Node, ParseError> {
        self.enter()?;
        let mut left = self.unary()?;
        while let TokenKind::Operator(op) = self.peek().kind {
            let precedence = op.precedence();
            if precedence < precedence_min {
                break;
            }
            let op_span = self.next().span;
            let (is_bool, matching) = self.binary_modifiers()?;
            let right_min = if op == BinaryOp::Pow { precedence } else { precedence + 1 };
            let right = self.expression(right_min)?;
            let height = left.height.max(right.height);
            let binary =
                Binary { op, op_span, left: left.expr, right: right.expr, matching, is_bool };
            left = self.node(Expr::Binary(Box::new(binary)), height)?;
        }
        self.leave();
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, ParseError> {
        let mut signs: Vec<(bool, usize)> = Vec::new();
        while let TokenKind::Operator(op @ (BinaryOp::Add | BinaryOp::Sub)) = self.peek().kind {
            let start = self.next().span.start;
            self.enter()?;
            signs.push((op == BinaryOp::Sub, start));
        }
        if signs.is_empty() {
            return self.postfix();
        }
        // A sign has lower precedence than `^` and the same as `*`.
        let mut node = self.expression(BinaryOp::Pow.precedence())?;
        while let Some((is_negative, start)) = signs.pop() {
            self.leave();
            let span = Span::new(start, node.expr.span().end);
            node = if let Expr::Number(number) = node.expr {
                let value = if is_negative { -number.value } else { number.value };
                Node { expr: Expr::Number(Number { value, span, ..number }), ..node }
            } else {
                let unary = Unary { is_negative, expr: node.expr, span };
                self.node(Expr::Unary(Box::new(unary)), node.height)?
            };
        }
        Ok(node)
    }

    fn postfix(&mut self) -> Result<Node, ParseError> {
        let mut node = self.primary()?;
        loop {
            match self.peek().kind {
                TokenKind::LeftBracket => {
                    let start = self.next().span.start;
                    let height = node.height;
                    let (expr, is_new) = self.brackets(node.expr, start)?;
                    node = if is_new { self.node(expr, height)? } else { Node { expr, height } };
                }
                TokenKind::Keyword(Keyword::Offset) => {
                    self.next();
                    let offset = self.offset_duration()?;
                    self.set_offset(&mut node.expr, offset)?;
                }
                TokenKind::At => {
                    self.next();
                    self.at_modifier(&mut node.expr)?;
                }
                TokenKind::Keyword(keyword @ (Keyword::Anchored | Keyword::Smoothed)) => {
                    self.next();
                    let extension = if keyword == Keyword::Anchored {
                        Extension::Anchored
                    } else {
                        Extension::Smoothed
                    };
                    self.set_extension(&mut node.expr, extension)?;
                }
                _ => return Ok(node),
            }
        }
    }

    fn primary(&mut self) -> Result<Node, ParseError> {
        let token = self.peek();
        let expr = match token.kind {
            TokenKind::Number | TokenKind::Duration => Expr::Number(self.number()?),
            TokenKind::Text => {
                self.next();
                let value = unquote(self.source(token)).unwrap_or_default();
                Expr::Text(Text { value, span: token.span })
            }
            TokenKind::LeftParen => return self.parentheses(),
            TokenKind::Aggregator(op) if self.is_aggregation() => return self.aggregation(op),
            TokenKind::Identifier
            | TokenKind::Keyword(
                Keyword::Start
                | Keyword::End
                | Keyword::Step
                | Keyword::Range
                | Keyword::MinOf
                | Keyword::MaxOf,
            ) if self.peek_at(1).kind == TokenKind::LeftParen => {
                return self.call();
            }
            _ => Expr::Selector(Box::new(self.metric_selector()?)),
        };
        self.node(expr, 0)
    }

    fn is_aggregation(&self) -> bool {
        use TokenKind::LeftParen;
        matches!(
            self.peek_at(1).kind,
            LeftParen | TokenKind::Keyword(Keyword::By | Keyword::Without)
        )
    }

    fn parentheses(&mut self) -> Result<Node, ParseError> {
        let start = self.next().span.start;
        let inner = self.expression(0)?;
        let end = self.accept(TokenKind::RightParen).ok_or_else(|| self.unexpected("", ""))?;
        let span = Span::new(start, end.span.end);
        self.node(Expr::Paren(Box::new(Paren { expr: inner.expr, span })), inner.height)
    }

    /// The arguments in parentheses, and the maximum height among them.
    fn arguments(&mut self) -> Result<(Vec<Expr>, u32), ParseError> {
        self.accept(TokenKind::LeftParen).ok_or_else(|| self.unexpected("", ""))?;
        let (mut arguments, mut height) = (Vec::new(), 0);
        if self.accept(TokenKind::RightParen).is_some() {
            return Ok((arguments, height));
        }
        loop {
            let argument = self.expression(0)?;
            height = height.max(argument.height);
            arguments.push(argument.expr);
            if self.accept(TokenKind::RightParen).is_some() {
                return Ok((arguments, height));
            }
            let comma = self.accept(TokenKind::Comma).ok_or_else(|| self.unexpected("", ""))?;
            if self.peek().kind == TokenKind::RightParen {
                let message = "trailing commas not allowed in function call args";
                return Err(self.error(comma.span, message));
            }
        }
    }

    fn call(&mut self) -> Result<Node, ParseError> {
        let token = self.next();
        let name = self.source(token);
        let (arguments, height) = self.arguments()?;
        let function = function(name).ok_or_else(|| {
            self.error(token.span, format!("unknown function with name {}", quote(name)))
        })?;
        let span = Span::new(token.span.start, self.previous_end());
        self.node(Expr::Call(Box::new(Call { function, arguments, span })), height)
    }

    fn aggregation(&mut self, op: Aggregation) -> Result<Node, ParseError> {
        let start = self.next().span.start;
        self.aggregations += 1;
        let mut modifier = self.grouping_modifier()?;
        let (mut arguments, height) = self.arguments()?;
        self.aggregations -= 1;
        if modifier.is_none() {
            modifier = self.grouping_modifier()?;
        }
        let (is_without, grouping) = modifier.unwrap_or_default();
        let span = Span::new(start, self.previous_end());
        let expected = if op.has_parameter() { 2 } else { 1 };
        if arguments.is_empty() {
            return Err(self.error(span, "no arguments for aggregate expression provided"));
        }
        if arguments.len() != expected {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, expected {expected}, got {}",
                arguments.len()
            );
            return Err(self.error(span, message));
        }
        let Some(expr) = arguments.pop() else {
            return Err(self.error(span, "no arguments for aggregate expression provided"));
        };
        let parameter = arguments.pop();
        let aggregate = Aggregate { op, parameter, expr, grouping, is_without, span };
        self.node(Expr::Aggregate(Box::new(aggregate)), height)
    }

    fn grouping_modifier(&mut self) -> Result<Option<(bool, Vec<String>)>, ParseError> {
        let is_without = match self.peek().kind {
            TokenKind::Keyword(Keyword::By) => false,
            TokenKind::Keyword(Keyword::Without) => true,
            _ => return Ok(None),
        };
        self.next();
        Ok(Some((is_without, self.grouping_labels()?)))
    }

    fn grouping_labels(&mut self) -> Result<Vec<String>, ParseError> {
        const CONTEXT: &str = "grouping opts";
        self.accept(TokenKind::LeftParen).ok_or_else(|| self.unexpected(CONTEXT, "\"(\""))?;
        let mut labels = Vec::new();
        while self.accept(TokenKind::RightParen).is_none() {
            let token = self.peek();
            let source = self.source(token);
            let label = match token.kind {
                TokenKind::Identifier | TokenKind::Keyword(_) | TokenKind::Aggregator(_) => {
                    source.to_owned()
                }
                TokenKind::Operator(op) if op.is_set() || op == BinaryOp::Atan2 => {
                    source.to_owned()
                }
                TokenKind::Text => unquote(source).unwrap_or_default(),
                _ => return Err(self.unexpected(CONTEXT, "label")),
            };
            if label.is_empty() {
                let message = format!("invalid label name for grouping: {}", quote(&label));
                return Err(self.error(token.span, message));
            }
            self.next();
            self.count_node()?;
            labels.push(label);
            if self.peek().kind != TokenKind::RightParen && self.accept(TokenKind::Comma).is_none()
            {
                return Err(self.unexpected(CONTEXT, "\",\" or \")\""));
            }
        }
        Ok(labels)
    }

    fn binary_modifiers(&mut self) -> Result<(bool, Matching), ParseError> {
        let is_bool = self.accept(TokenKind::Keyword(Keyword::Bool)).is_some();
        let mut matching = Matching::default();
        let is_on = match self.peek().kind {
            TokenKind::Keyword(Keyword::On) => Some(true),
            TokenKind::Keyword(Keyword::Ignoring) => Some(false),
            _ => None,
        };
        if let Some(is_on) = is_on {
            self.next();
            matching.is_on = is_on;
            matching.labels = self.grouping_labels()?;
            matching.cardinality = match self.peek().kind {
                TokenKind::Keyword(Keyword::GroupLeft) => Cardinality::ManyToOne,
                TokenKind::Keyword(Keyword::GroupRight) => Cardinality::OneToMany,
                _ => Cardinality::OneToOne,
            };
            if matching.cardinality != Cardinality::OneToOne {
                self.next();
                // `group_left (x) …` parses x as labels, even if `(x) …` could be an operand.
                if self.peek().kind == TokenKind::LeftParen {
                    matching.include = self.grouping_labels()?;
                }
            }
        }
        self.fill_modifiers(&mut matching)?;
        Ok((is_bool, matching))
    }

    /// `fill`, or `fill_left` and `fill_right` in any order, each at most once.
    fn fill_modifiers(&mut self, matching: &mut Matching) -> Result<(), ParseError> {
        while let TokenKind::Keyword(
            keyword @ (Keyword::Fill | Keyword::FillLeft | Keyword::FillRight),
        ) = self.peek().kind
        {
            let (is_left, is_right) = (keyword != Keyword::FillRight, keyword != Keyword::FillLeft);
            let is_twice = (is_left && matching.fill_left.is_some())
                || (is_right && matching.fill_right.is_some());
            // `fill` may also be the name of a metric.
            if is_twice || self.peek_at(1).kind != TokenKind::LeftParen {
                break;
            }
            self.next();
            self.next();
            let mut sign = 1.0;
            if let TokenKind::Operator(op @ (BinaryOp::Add | BinaryOp::Sub)) = self.peek().kind {
                self.next();
                sign = if op == BinaryOp::Sub { -1.0 } else { 1.0 };
            }
            let value = sign * self.number()?.value;
            self.accept(TokenKind::RightParen).ok_or_else(|| self.unexpected("", ""))?;
            if is_left {
                matching.fill_left = Some(value);
            }
            if is_right {
                matching.fill_right = Some(value);
            }
        }
        Ok(())
    }
}
