//! Comparisons.

use std::cmp::Ordering;

use crate::call::{Call, Returned, argument};
use crate::go::verb::Verb;
use crate::text::Text;
use crate::value::Value;

/// Bytes of a value that an error shows.
const SHOWN_MAX: usize = 1_000;

/// Values that compare with each other.
#[derive(Clone, Copy, PartialEq)]
enum Basic<'v> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    match value {
        Value::Bool(value) => Some(Basic::Bool(*value)),
        Value::Int(number) | Value::Named(_, number) => Some(Basic::Int(*number)),
        Value::Float(number) => Some(Basic::Float(*number)),
        Value::String(text) | Value::Safe(_, text) => Some(Basic::Text(text)),
        _ => None,
    }
}

fn incompatible(left: &Value, right: &Value) -> String {
    let (left, right) = (left.type_name(), right.type_name());
    format!("incompatible types for comparison: {left} and {right}")
}

/// The message for values without an order or equality, as odd as Go's.
fn non_comparable(left: &Value, right: &Value) -> String {
    let shown = |value: &Value, letter| {
        let mut text = Text::new(SHOWN_MAX);
        let _shortened = Verb { letter, ..Verb::value() }.write(&mut text, value);
        text.finish()
    };
    let (left_type, right_type) = (left.type_name(), right.type_name());
    if std::mem::discriminant(left) == std::mem::discriminant(right) {
        return format!("non-comparable type {}: {right_type}", shown(right, 's'));
    }
    let (left, right) = (shown(left, 's'), shown(right, 'v'));
    format!("non-comparable types {left}: {left_type}, {right_type}: {right}")
}

fn are_equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (basic(left), basic(right)) {
        (Some(Basic::Bool(left)), Some(Basic::Bool(right))) => Ok(left == right),
        (Some(Basic::Int(left)), Some(Basic::Int(right))) => Ok(left == right),
        (Some(Basic::Float(left)), Some(Basic::Float(right))) => Ok(left == right),
        (Some(Basic::Text(left)), Some(Basic::Text(right))) => Ok(left == right),
        (None, None) => match (left, right) {
            (Value::Nil, Value::Nil) => Ok(true),
            (Value::Nil, _) | (_, Value::Nil) => Ok(false),
            (Value::Time(left), Value::Time(right)) => Ok(left == right),
            _ => Err(non_comparable(left, right)),
        },
        _ if matches!(left, Value::Nil) || matches!(right, Value::Nil) => Ok(false),
        _ => Err(incompatible(left, right)),
    }
}

/// The order of two values; `None` if one is not a number.
fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, String> {
    let invalid = || "invalid type for comparison".to_owned();
    let (first, second) = (basic(left).ok_or_else(invalid)?, basic(right).ok_or_else(invalid)?);
    match (first, second) {
        (Basic::Int(left), Basic::Int(right)) => Ok(Some(left.cmp(&right))),
        (Basic::Float(left), Basic::Float(right)) => Ok(left.partial_cmp(&right)),
        (Basic::Text(left), Basic::Text(right)) => Ok(Some(left.cmp(right))),
        (Basic::Bool(_), Basic::Bool(_)) => Err(invalid()),
        _ => Err(incompatible(left, right)),
    }
}

fn pair(arguments: &[Value]) -> (&Value, &Value) {
    (argument(arguments, 0), argument(arguments, 1))
}

fn is_less(arguments: &[Value]) -> Result<bool, String> {
    let (left, right) = pair(arguments);
    Ok(order(left, right)? == Some(Ordering::Less))
}

fn is_less_or_equal(arguments: &[Value]) -> Result<bool, String> {
    let (left, right) = pair(arguments);
    Ok(matches!(order(left, right)?, Some(Ordering::Less | Ordering::Equal)))
}

pub(super) fn equal(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let Some((first, others)) = arguments.split_first().filter(|(_, others)| !others.is_empty())
    else {
        return Err("missing argument for comparison".to_owned());
    };
    for other in others {
        if are_equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn not_equal(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let (left, right) = pair(arguments);
    Ok(Value::Bool(!are_equal(left, right)?))
}

pub(super) fn less(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    is_less(arguments).map(Value::Bool)
}

pub(super) fn less_or_equal(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    is_less_or_equal(arguments).map(Value::Bool)
}

/// The inverse of `le`, so that NaN is greater than everything, as in Go.
pub(super) fn greater(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    is_less_or_equal(arguments).map(|is_less_or_equal| Value::Bool(!is_less_or_equal))
}

/// The inverse of `lt`.
pub(super) fn greater_or_equal(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    is_less(arguments).map(|is_less| Value::Bool(!is_less))
}
