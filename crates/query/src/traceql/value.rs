//! Values of spans and how they compare.

use std::borrow::Cow;
use std::cmp::Ordering;

use lang::traceql::{BinaryOp, Kind, Static, Status};
use regex::Regex;
use signals::attributes::ValueType;

/// A value of one span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// The span does not have it.
    Nil,
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A text that is compared with numbers as its numeric value.
    NumericText(Cow<'a, str>, f64),
    Bool(bool),
    /// Nanoseconds.
    Duration(i64),
    Status(Status),
    Kind(Kind),
    /// The elements of an array attribute: equal when one is, unequal when none is.
    Array(Vec<Value<'a>>),
    /// The same field of several events or links: a comparison holds if it holds for one of them.
    Each(Vec<Value<'a>>),
}

impl<'a> Value<'a> {
    /// The value of a stored attribute.
    pub(crate) fn of_attribute(text: &'a str, kind: ValueType) -> Self {
        let as_text = || Self::Text(Cow::Borrowed(text));
        match kind {
            ValueType::String | ValueType::Bytes => as_text(),
            ValueType::Int => text.parse().map_or_else(|_| as_text(), Self::Int),
            ValueType::Double => text.parse().map_or_else(|_| as_text(), Self::Float),
            ValueType::Bool => text.parse().map_or_else(|_| as_text(), Self::Bool),
            ValueType::Json => {
                serde_json::from_str(text).map_or_else(|_| as_text(), |json| Self::of_json(&json))
            }
            ValueType::Empty => Self::Nil,
        }
    }

    /// Treats a numeric text as a number. Some instrumentations send token counts as text.
    pub(crate) fn with_numeric_text(self) -> Self {
        match self {
            Self::Text(text) => match text.trim().parse() {
                Ok(number) => Self::NumericText(text, number),
                Err(_) => Self::Text(text),
            },
            other => other,
        }
    }

    /// The value of an attribute inside JSON.
    pub(crate) fn of_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Nil,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::Float(number.as_f64().unwrap_or(f64::NAN)), Self::Int),
            serde_json::Value::String(text) => Self::Text(Cow::Owned(text.clone())),
            serde_json::Value::Array(items) => {
                Self::Array(items.iter().map(Self::of_json).collect())
            }
            serde_json::Value::Object(_) => Self::Text(Cow::Owned(json.to_string())),
        }
    }

    pub(crate) fn of_static(value: &'a Static) -> Self {
        match value {
            Static::Nil => Self::Nil,
            Static::Int(value) => Self::Int(*value),
            Static::Float(value) => Self::Float(*value),
            Static::Text(text) => Self::Text(Cow::Borrowed(text)),
            Static::Bool(value) => Self::Bool(*value),
            Static::Duration(ns) => Self::Duration(*ns),
            Static::Status(status) => Self::Status(*status),
            Static::Kind(kind) => Self::Kind(*kind),
        }
    }

    /// The value for an answer; arrays as JSON-like text, nil as `None`.
    pub(crate) fn into_static(self) -> Option<Static> {
        Some(match self {
            Self::Nil => return None,
            Self::Int(value) => Static::Int(value),
            Self::Float(value) => Static::Float(value),
            Self::Text(text) | Self::NumericText(text, _) => Static::Text(text.into_owned()),
            Self::Bool(value) => Static::Bool(value),
            Self::Duration(ns) => Static::Duration(ns),
            Self::Status(status) => Static::Status(status),
            Self::Kind(kind) => Static::Kind(kind),
            Self::Array(items) => {
                let items: Vec<String> = items
                    .into_iter()
                    .filter_map(Self::into_static)
                    .map(|item| json_text(&item))
                    .collect();
                Static::Text(format!("[{}]", items.join(",")))
            }
            Self::Each(items) => return items.into_iter().find_map(Self::into_static),
        })
    }

    /// The number for arithmetic and aggregates; durations in nanoseconds.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(value) | Self::Duration(value) => Some(*value as f64),
            Self::Float(value) | Self::NumericText(_, value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Array(items) | Self::Each(items) => items.iter().any(Self::is_true),
            _ => false,
        }
    }

    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a) | Self::Duration(a), Self::Int(b) | Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Text(a) | Self::NumericText(a, _), Self::Text(b) | Self::NumericText(b, _)) => {
                Some(a.cmp(b))
            }
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Status(a), Self::Status(b)) => Some(a.cmp(b)),
            (Self::Kind(a), Self::Kind(b)) => Some(a.cmp(b)),
            (Self::Status(a), Self::Int(b)) | (Self::Int(b), Self::Status(a)) => {
                Some(status_number(*a).cmp(b))
            }
            (Self::Kind(a), Self::Int(b)) | (Self::Int(b), Self::Kind(a)) => {
                Some((*a as i64).cmp(b))
            }
            _ => self.number()?.partial_cmp(&other.number()?),
        }
    }

    /// Whether a comparison holds; values of incomparable types never compare.
    pub(crate) fn compare(&self, op: BinaryOp, other: &Self) -> bool {
        match (self, other) {
            (Self::Nil, Self::Nil) => op == BinaryOp::Equal,
            (Self::Nil, _) | (_, Self::Nil) => false,
            (Self::Each(items), _) => items.iter().any(|item| item.compare(op, other)),
            (_, Self::Each(items)) => items.iter().any(|item| self.compare(op, item)),
            (Self::Array(items), _) if op == BinaryOp::NotEqual => {
                items.iter().all(|item| item.compare(op, other))
            }
            (Self::Array(items), _) => items.iter().any(|item| item.compare(op, other)),
            (_, Self::Array(items)) if op == BinaryOp::NotEqual => {
                items.iter().all(|item| self.compare(op, item))
            }
            (_, Self::Array(items)) => items.iter().any(|item| self.compare(op, item)),
            _ => match (op, self.order(other)) {
                (BinaryOp::Equal, Some(order)) => order.is_eq(),
                (BinaryOp::NotEqual, Some(order)) => order.is_ne(),
                (BinaryOp::Greater, Some(order)) => order.is_gt(),
                (BinaryOp::GreaterOrEqual, Some(order)) => order.is_ge(),
                (BinaryOp::Less, Some(order)) => order.is_lt(),
                (BinaryOp::LessOrEqual, Some(order)) => order.is_le(),
                _ => false,
            },
        }
    }

    /// Whether the text matches a pattern, or does not if `is_negative`; false for other types.
    pub(crate) fn matches(&self, regex: &Regex, is_negative: bool) -> bool {
        match self {
            Self::Text(text) | Self::NumericText(text, _) => regex.is_match(text) != is_negative,
            Self::Each(items) => items.iter().any(|item| item.matches(regex, is_negative)),
            Self::Array(items) if is_negative => items.iter().all(|item| item.matches(regex, true)),
            Self::Array(items) => items.iter().any(|item| item.matches(regex, false)),
            _ => false,
        }
    }

    /// Whether the value is absent.
    pub(crate) fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::Each(items) => items.iter().all(Self::is_nil),
            _ => false,
        }
    }

    /// Arithmetic; nil if an operand is not a number.
    pub(crate) fn arithmetic(&self, op: BinaryOp, other: &Self) -> Value<'static> {
        if let (Self::Int(a), Self::Int(b)) = (self, other) {
            let whole = match op {
                BinaryOp::Add => a.checked_add(*b),
                BinaryOp::Sub => a.checked_sub(*b),
                BinaryOp::Mul => a.checked_mul(*b),
                BinaryOp::Mod => a.checked_rem(*b),
                _ => None,
            };
            if let Some(whole) = whole {
                return Value::Int(whole);
            }
        }
        let (Some(a), Some(b)) = (self.number(), other.number()) else { return Value::Nil };
        let number = match op {
            BinaryOp::Add => a + b,
            BinaryOp::Sub => a - b,
            BinaryOp::Mul => a * b,
            BinaryOp::Div => a / b,
            BinaryOp::Mod => a % b,
            BinaryOp::Pow => a.powf(b),
            _ => return Value::Nil,
        };
        Value::Float(number)
    }
}

fn status_number(status: Status) -> i64 {
    match status {
        Status::Unset => 0,
        Status::Ok => 1,
        Status::Error => 2,
    }
}

fn json_text(value: &Static) -> String {
    match value {
        Static::Text(text) => {
            let mut json = String::new();
            signals::attributes::json::push_text(&mut json, text);
            json
        }
        other => other.to_string(),
    }
}
