//! The metrics part of TraceQL: metrics functions, second stages, hints and constants.

use super::ParseError;
use super::lexer::Kind;
use super::parser::Parser;
use super::tree::{
    BinaryOp, MetricsAggregate, MetricsExpr, MetricsOp, ScalarExpr, SecondStage, SpansetExpr,
    Static,
};

impl Parser {
    /// The metrics function at the current token, if any.
    pub(super) fn metrics_aggregate(&mut self) -> Result<Option<MetricsAggregate>, ParseError> {
        let Kind::Word(word) = self.kind() else { return Ok(None) };
        let Some(op) = MetricsOp::from_name(word) else { return Ok(None) };
        self.advance();
        self.expect("(")?;
        let mut aggregate = MetricsAggregate {
            op,
            field: None,
            quantiles: Vec::new(),
            compare: None,
            by: Vec::new(),
        };
        match op {
            MetricsOp::Rate | MetricsOp::CountOverTime => {}
            MetricsOp::Compare => aggregate.compare = Some(self.compare_arguments()?),
            _ => {
                let Some(field) = self.attribute() else { return self.unexpected("") };
                aggregate.field = Some(field);
                while op == MetricsOp::QuantileOverTime && self.eat(",") {
                    let quantile = match self.kind() {
                        Kind::Int(value) => *value as f64,
                        Kind::Float(value) => *value,
                        _ => return self.unexpected("FLOAT or INTEGER"),
                    };
                    self.advance();
                    aggregate.quantiles.push(quantile);
                }
                if op == MetricsOp::QuantileOverTime && aggregate.quantiles.is_empty() {
                    return self.unexpected(",");
                }
            }
        }
        self.expect(")")?;
        if self.eat_word("by") {
            self.expect("(")?;
            aggregate.by = self.attributes()?;
        }
        Ok(Some(aggregate))
    }

    fn compare_arguments(&mut self) -> Result<(Box<SpansetExpr>, Vec<i64>), ParseError> {
        self.expect("{")?;
        let filter = if self.is_symbol("}") {
            super::FieldExpr::Static(Static::Bool(true))
        } else {
            self.field(0)?
        };
        self.expect("}")?;
        let mut numbers = Vec::new();
        while numbers.len() < 3 && self.eat(",") {
            let Kind::Int(value) = self.kind() else { return self.unexpected("INTEGER") };
            numbers.push(*value);
            self.advance();
        }
        Ok((Box::new(SpansetExpr::Filter(filter)), numbers))
    }

    /// All following `| topk(n)`, `| bottomk(n)` and comparisons with a number.
    pub(super) fn second_stages(
        &mut self,
        mut metrics: MetricsExpr,
    ) -> Result<MetricsExpr, ParseError> {
        loop {
            let stage = if self.eat("|") {
                let is_top = self.is_word("topk");
                if !is_top && !self.is_word("bottomk") {
                    return self.unexpected("");
                }
                self.advance();
                self.expect("(")?;
                let Kind::Int(count) = self.kind() else { return self.unexpected("INTEGER") };
                let count = u64::try_from(*count).unwrap_or_default();
                self.advance();
                self.expect(")")?;
                if is_top { SecondStage::Topk(count) } else { SecondStage::Bottomk(count) }
            } else {
                let op = match self.kind() {
                    Kind::Symbol(symbol) => {
                        BinaryOp::from_name(symbol).filter(|op| op.is_comparison())
                    }
                    _ => None,
                };
                let Some(op) = op else { return Ok(metrics) };
                self.count_operator()?;
                self.advance();
                SecondStage::Filter(op, self.series_constant()?)
            };
            push(&mut metrics, stage);
        }
    }

    /// `with(name=value, …)`, if present.
    pub(super) fn hints(&mut self) -> Result<Vec<(String, Static)>, ParseError> {
        let mut hints = Vec::new();
        if !self.eat_word("with") {
            return Ok(hints);
        }
        self.expect("(")?;
        loop {
            let Kind::Word(name) = self.kind() else { return self.unexpected("IDENTIFIER") };
            let name = name.clone();
            self.advance();
            self.expect("=")?;
            let Some(value) = self.constant() else { return self.unexpected("") };
            self.advance();
            hints.push((name, value));
            if self.eat(")") {
                return Ok(hints);
            }
            self.expect(",")?;
        }
    }
}

fn push(metrics: &mut MetricsExpr, stage: SecondStage) {
    if let MetricsExpr::Pipeline { second, .. } | MetricsExpr::Math { second, .. } = metrics {
        second.push(stage);
    }
}

/// Adds a comparison stage to the series.
pub(super) fn filtered(mut metrics: MetricsExpr, op: BinaryOp, value: f64) -> MetricsExpr {
    push(&mut metrics, SecondStage::Filter(op, value));
    metrics
}

/// Arithmetic of two numbers, evaluated if both are constants; also returns whether one of the
/// constants was a duration.
pub(super) fn fold(
    op: BinaryOp,
    left: ScalarExpr,
    right: ScalarExpr,
) -> Result<(ScalarExpr, bool), String> {
    let (ScalarExpr::Static(a), ScalarExpr::Static(b)) = (&left, &right) else {
        return Ok((ScalarExpr::Binary(op, Box::new(left), Box::new(right)), false));
    };
    let is_duration = matches!(a, Static::Duration(_)) || matches!(b, Static::Duration(_));
    if let (Static::Int(a), Static::Int(b), false) = (a, b, op == BinaryOp::Pow) {
        let value = match op {
            BinaryOp::Add => a.checked_add(*b),
            BinaryOp::Sub => a.checked_sub(*b),
            BinaryOp::Mul => a.checked_mul(*b),
            BinaryOp::Div => a.checked_div(*b),
            _ => a.checked_rem(*b),
        };
        return value
            .map(|value| (ScalarExpr::Static(Static::Int(value)), false))
            .ok_or_else(|| format!("integer overflow in {a} {} {b}", op.name()));
    }
    let number = |value: &Static| match value {
        Static::Int(value) | Static::Duration(value) => *value as f64,
        Static::Float(value) => *value,
        _ => f64::NAN,
    };
    let (a, b) = (number(a), number(b));
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        _ => a.powf(b),
    };
    Ok((
        ScalarExpr::Static(if is_duration {
            Static::Duration(value as i64)
        } else {
            Static::Float(value)
        }),
        is_duration,
    ))
}
