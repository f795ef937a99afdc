//! Type checks, with Prometheus' errors.

use super::ast::{
    Aggregate, Aggregation, Binary, Call, Cardinality, Expr, Selector, Span, ValueType,
};
use super::error::ParseError;
use super::string_literal::quote;

/// Checks a whole expression; the parser has limited the height of the tree.
pub(crate) fn check(text: &str, expr: &Expr) -> Result<(), ParseError> {
    Check { text }.expr(expr).map(|_| ())
}

struct Check<'a> {
    text: &'a str,
}

impl Check<'_> {
    fn error<T>(&self, span: Span, message: impl Into<String>) -> Result<T, ParseError> {
        Err(ParseError::new(self.text, span, message))
    }

    fn expr(&self, expr: &Expr) -> Result<ValueType, ParseError> {
        match expr {
            Expr::Number(_) | Expr::Text(_) => {}
            Expr::Selector(selector) => self.selector(selector)?,
            Expr::Subquery(subquery) => {
                let got = self.expr(&subquery.expr)?;
                if got != ValueType::Vector {
                    let message = format!(
                        "subquery is only allowed on instant vector, got {} instead",
                        got.name()
                    );
                    return self.error(subquery.span, message);
                }
            }
            Expr::Call(call) => self.call(call)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate)?,
            Expr::Binary(binary) => self.binary(expr.span(), binary)?,
            Expr::Unary(unary) => {
                let got = self.expr(&unary.expr)?;
                if !matches!(got, ValueType::Scalar | ValueType::Vector) {
                    let message = format!(
                        "unary expression only allowed on expressions of type scalar or instant vector, got {}",
                        quote(got.documented())
                    );
                    return self.error(unary.span, message);
                }
            }
            Expr::Paren(paren) => {
                self.expr(&paren.expr)?;
            }
        }
        Ok(expr.value_type())
    }

    fn expect(&self, expr: &Expr, want: ValueType, context: &str) -> Result<(), ParseError> {
        let got = self.expr(expr)?;
        if got == want {
            return Ok(());
        }
        let message =
            format!("expected type {} in {context}, got {}", want.documented(), got.documented());
        self.error(expr.span(), message)
    }

    fn selector(&self, selector: &Selector) -> Result<(), ParseError> {
        if let Some(name) = &selector.name {
            let others = selector.matchers.len().saturating_sub(1);
            if let Some(twice) =
                selector.matchers.iter().take(others).find(|matcher| matcher.name == "__name__")
            {
                let message = format!(
                    "metric name must not be set twice: {} or {}",
                    quote(name),
                    quote(&twice.value)
                );
                return self.error(selector.span, message);
            }
            return Ok(());
        }
        if selector.matchers.iter().all(|matcher| matcher.matches_empty) {
            let message = "vector selector must contain at least one non-empty matcher";
            return self.error(selector.span, message);
        }
        Ok(())
    }

    fn call(&self, call: &Call) -> Result<(), ParseError> {
        let (name, got) = (quote(call.function.name), call.arguments.len());
        let types = call.function.arguments;
        if call.function.variadic == 0 {
            if got != types.len() {
                let message =
                    format!("expected {} argument(s) in call to {name}, got {got}", types.len());
                return self.error(call.span, message);
            }
        } else {
            let least = types.len() - 1;
            if got < least {
                let message =
                    format!("expected at least {least} argument(s) in call to {name}, got {got}");
                return self.error(call.span, message);
            }
            if let Ok(more) = usize::try_from(call.function.variadic)
                && got > least + more
            {
                let most = least + more;
                let message =
                    format!("expected at most {most} argument(s) in call to {name}, got {got}");
                return self.error(call.span, message);
            }
        }
        if call.function.name == "info"
            && let Some(labels) = call.arguments.get(1)
        {
            self.info_labels(call.span, labels)?;
        }
        let context = format!("call to function {name}");
        for (at, argument) in call.arguments.iter().enumerate() {
            if call.function.name == "info" && at == 1 {
                continue;
            }
            if let Some(want) = types.get(at).or(types.last()) {
                self.expect(argument, *want, &context)?;
            }
        }
        Ok(())
    }

    /// The second argument of `info` selects labels; it is not evaluated.
    fn info_labels(&self, call: Span, labels: &Expr) -> Result<(), ParseError> {
        let got = labels.value_type();
        if got != ValueType::Vector {
            let message = format!(
                "expected type instant vector in call to function \"info\", got {}",
                got.documented()
            );
            return self.error(call, message);
        }
        match labels {
            Expr::Selector(selector) if selector.name.is_some() => self
                .error(selector.span, "expected label selectors only, got vector selector instead"),
            Expr::Selector(selector) if selector.range.is_none() => Ok(()),
            other => self.error(other.span(), "expected label selectors only"),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Result<(), ParseError> {
        self.expect(&aggregate.expr, ValueType::Vector, "aggregation expression")?;
        if let Some(parameter) = &aggregate.parameter {
            let want = if aggregate.op == Aggregation::CountValues {
                ValueType::Text
            } else {
                ValueType::Scalar
            };
            self.expect(parameter, want, "aggregation parameter")?;
        }
        Ok(())
    }

    fn binary(&self, span: Span, binary: &Binary) -> Result<(), ParseError> {
        let (left, right) = (self.expr(&binary.left)?, self.expr(&binary.right)?);
        let (op, matching) = (binary.op, &binary.matching);
        let is_scalar = |value_type| value_type == ValueType::Scalar;
        if binary.is_bool && !op.is_comparison() {
            let message = "bool modifier can only be used on comparison operators";
            return self.error(binary.op_span, message);
        }
        if op.is_comparison() && !binary.is_bool && is_scalar(left) && is_scalar(right) {
            let message = "comparisons between scalars must use BOOL modifier";
            return self.error(binary.op_span, message);
        }
        let twice = matching.labels.iter().find(|label| matching.include.contains(label));
        if let (true, Some(label)) = (matching.is_on, twice) {
            let message =
                format!("label {} must not occur in ON and GROUP clause at once", quote(label));
            return self.error(binary.op_span, message);
        }
        for (operand, value_type) in [(&binary.left, left), (&binary.right, right)] {
            if !matches!(value_type, ValueType::Scalar | ValueType::Vector) {
                let message = "binary expression must contain only scalar and instant vector types";
                return self.error(operand.span(), message);
            }
        }
        let has_scalar = is_scalar(left) || is_scalar(right);
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        if has_scalar && !matching.labels.is_empty() {
            return self.error(span, "vector matching only allowed between instant vectors");
        }
        if has_scalar && has_fill {
            return self
                .error(span, "filling in missing series only allowed between instant vectors");
        }
        if op.is_set() {
            let name = quote(op.sign());
            if has_scalar {
                let message =
                    format!("set operator {name} not allowed in binary scalar expression");
                return self.error(span, message);
            }
            if matching.cardinality != Cardinality::OneToOne {
                return self.error(span, format!("no grouping allowed for {name} operation"));
            }
            if has_fill {
                return self.error(span, "filling in missing series not allowed for set operators");
            }
        }
        Ok(())
    }
}
