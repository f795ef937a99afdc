//! Pushdown of a search's condition on single spans to the store.
//!
//! The result holds for every span that satisfies the condition, and for others: the condition is
//! checked again afterwards. Columns are compared directly; attributes by the types that they can
//! have; events and links, which are JSON text, by the texts that they must contain.

use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use datafusion::prelude::ident;
use lang::traceql::{Attribute, BinaryOp, FieldExpr, Intrinsic, Scope, Static};
use signals::attributes::{is_token_count, json, large};
use signals::span::column;

use crate::scan::{attribute, attributes, like_escaped};

/// Every integer up to here is exact as a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The conditions that must all hold.
pub(crate) fn pushed(condition: &FieldExpr) -> Vec<Expr> {
    if let FieldExpr::Binary(BinaryOp::And, left, right) = condition {
        let (mut filters, right) = (pushed(left), pushed(right));
        filters.extend(right);
        return filters;
    }
    necessary(condition).into_iter().collect()
}

fn necessary(condition: &FieldExpr) -> Option<Expr> {
    let FieldExpr::Binary(op, left, right) = condition else { return None };
    match op {
        BinaryOp::And => {
            return match (necessary(left), necessary(right)) {
                (Some(left), Some(right)) => Some(left.and(right)),
                (one, other) => one.or(other),
            };
        }
        BinaryOp::Or => return Some(necessary(left)?.or(necessary(right)?)),
        _ => {}
    }
    let FieldExpr::Static(value) = right.as_ref() else { return None };
    match left.as_ref() {
        FieldExpr::Intrinsic(intrinsic) => on_intrinsic(*intrinsic, *op, value),
        FieldExpr::Attribute(attribute) => on_attribute(attribute, *op, value),
        _ => None,
    }
}

fn on_intrinsic(intrinsic: Intrinsic, op: BinaryOp, value: &Static) -> Option<Expr> {
    let compared = |name: &str, value: Expr| Some(binary_expr(ident(name), comparison(op)?, value));
    match (intrinsic, value) {
        (Intrinsic::Name, Static::Text(text)) => compared(column::NAME, lit(text.clone())),
        (Intrinsic::Duration, Static::Duration(ns) | Static::Int(ns)) => {
            compared(column::DURATION_NS, lit(*ns))
        }
        // The stored words do not sort like the language's values: only equality is pushed down.
        (Intrinsic::Status, Static::Status(status)) if is_equality(op) => {
            compared(column::STATUS_CODE, lit(status.name()))
        }
        (Intrinsic::Kind, Static::Kind(kind)) if is_equality(op) => {
            compared(column::KIND, lit(kind.name()))
        }
        (Intrinsic::EventName, value) => in_json(column::EVENTS, "name", op, value),
        (Intrinsic::LinkTraceId, value) => in_json(column::LINKS, "trace_id", op, value),
        (Intrinsic::LinkSpanId, value) => in_json(column::LINKS, "span_id", op, value),
        _ => None,
    }
}

fn on_attribute(attribute: &Attribute, op: BinaryOp, value: &Static) -> Option<Expr> {
    let key = attribute.name.as_str();
    if attribute.of_parent || matches!(value, Static::Nil) || comparison_or_match(op).is_none() {
        return None;
    }
    match attribute.scope {
        Scope::Span => on_own(key, op, value),
        Scope::Any => {
            Some(on_own(key, op, value)?.or(on_object(column::RESOURCE_ATTRIBUTES, key, op, value)))
        }
        Scope::Resource => Some(on_resource(key, op, value)),
        Scope::Instrumentation => Some(on_object(column::SCOPE_ATTRIBUTES, key, op, value)),
        Scope::Event => in_json(column::EVENTS, key, op, value),
        Scope::Link => in_json(column::LINKS, key, op, value),
    }
}

/// A condition on a span's own attribute. An array satisfies it if one of its items does.
fn on_own(key: &str, op: BinaryOp, value: &Static) -> Option<Expr> {
    let may_be_array = || attributes::of_type(key, "j").is_not_null();
    let of_value = match (value, comparison(op)) {
        (Static::Text(text), Some(op)) if text.len() < large::KEPT_BYTES_MIN => {
            binary_expr(attributes::of_type(key, "sx"), op, lit(text.clone()))
        }
        (Static::Text(_), _) => attributes::of_type(key, "sx").is_not_null(),
        (Static::Bool(value), Some(Operator::Eq)) => {
            attributes::of_type(key, "b").eq(lit(value.to_string()))
        }
        (Static::Bool(_), _) => attributes::of_type(key, "b").is_not_null(),
        (Static::Int(number) | Static::Duration(number), Some(op)) => {
            on_number(key, op, *number as f64)
        }
        (Static::Float(number), Some(op)) => on_number(key, op, *number),
        _ => return None,
    };
    Some(of_value.or(may_be_array()))
}

fn on_number(key: &str, op: Operator, number: f64) -> Expr {
    let compared = compared_number(attributes::number(key), op, number);
    if is_token_count(key) {
        compared.or(attributes::of_type(key, "s").is_not_null())
    } else {
        compared
    }
}

/// A comparison of numbers by IEEE 754; Arrow orders −0 before 0.
fn compared_number(left: Expr, op: Operator, number: f64) -> Expr {
    if number.is_nan() || number.abs() >= EXACT_MAX {
        return left.is_not_null();
    }
    let (low, high) = if number == 0.0 { (-0.0, 0.0) } else { (number, number) };
    match op {
        Operator::Eq => left.clone().gt_eq(lit(low)).and(left.lt_eq(lit(high))),
        Operator::GtEq | Operator::Lt => binary_expr(left, op, lit(low)),
        _ => binary_expr(left, op, lit(high)),
    }
}

fn on_resource(key: &str, op: BinaryOp, value: &Static) -> Expr {
    match value {
        Static::Text(text) if key == "service.name" && op == BinaryOp::Equal => {
            ident(column::SERVICE_NAME).eq(lit(text.clone()))
        }
        value => on_object(column::RESOURCE_ATTRIBUTES, key, op, value),
    }
}

/// A condition on an attribute in a JSON object, which is parsed once for all rows that share it.
fn on_object(name: &str, key: &str, op: BinaryOp, value: &Static) -> Expr {
    let found = attribute(name, key);
    match value {
        Static::Text(text) if op == BinaryOp::Equal => {
            found.clone().eq(lit(text.clone())).or(found.like(lit("[%")))
        }
        _ => found.is_not_null(),
    }
}

/// A condition on a member of the objects in a JSON array: the key must occur, and a text operand
/// must occur somewhere in the array.
fn in_json(name: &str, key: &str, op: BinaryOp, value: &Static) -> Option<Expr> {
    comparison_or_match(op)?;
    let holds = |text: &str, end: &str| {
        let mut literal = String::new();
        json::push_text(&mut literal, text);
        literal.push_str(end);
        ident(name).like(lit(format!("%{}%", like_escaped(&literal))))
    };
    let has_key = holds(key, ":");
    Some(match value {
        Static::Nil => return None,
        Static::Text(text) if op == BinaryOp::Equal => has_key.and(holds(text, "")),
        _ => has_key,
    })
}

fn comparison(op: BinaryOp) -> Option<Operator> {
    Some(match op {
        BinaryOp::Equal => Operator::Eq,
        BinaryOp::NotEqual => Operator::NotEq,
        BinaryOp::Greater => Operator::Gt,
        BinaryOp::GreaterOrEqual => Operator::GtEq,
        BinaryOp::Less => Operator::Lt,
        BinaryOp::LessOrEqual => Operator::LtEq,
        _ => return None,
    })
}

/// `Some` if an operator only holds for an existing value on its left.
fn comparison_or_match(op: BinaryOp) -> Option<()> {
    let is_match = matches!(op, BinaryOp::Regex | BinaryOp::NotRegex);
    (is_match || comparison(op).is_some()).then_some(())
}

fn is_equality(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
}
