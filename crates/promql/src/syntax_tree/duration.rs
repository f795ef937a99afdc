//! Durations in the tree: a literal is a number of milliseconds, arithmetic is a tree of its own.

use lang::promql::{DurationExpr, DurationOp, format_float};
use serde::Serialize;

/// Arithmetic of durations; the fields are in order of their names.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Duration {
    Operation(Operation),
    Number {
        duration: bool,
        #[serde(rename = "type")]
        kind: &'static str,
        val: String,
    },
}

#[derive(Serialize)]
pub(super) struct Operation {
    lhs: Option<Box<Duration>>,
    op: &'static str,
    rhs: Option<Box<Duration>>,
    #[serde(rename = "type")]
    kind: &'static str,
    wrapped: bool,
}

/// Whole milliseconds of a literal; 0 for arithmetic, which has a value in a query only.
pub(super) fn literal_ms(duration: Option<&DurationExpr>) -> i64 {
    const NANOSECONDS: f64 = 1e9;
    match duration {
        // Nanoseconds are rounded, milliseconds are not.
        Some(DurationExpr::Number(number)) => {
            (number.value * NANOSECONDS).round() as i64 / 1_000_000
        }
        _ => 0,
    }
}

impl Duration {
    /// The arithmetic of a range or step; `None` for a literal.
    pub(super) fn of_range(duration: Option<&DurationExpr>) -> Option<Self> {
        match duration? {
            DurationExpr::Number(_) => None,
            arithmetic => Some(Self::of(arithmetic)),
        }
    }

    /// As [`Self::of_range`], for an offset. There, a plus sign before a function is kept.
    pub(super) fn of_offset(duration: Option<&DurationExpr>) -> Option<Self> {
        use DurationExpr::{Binary, Range, Step, Unary};
        use DurationOp::{MaxOf, MinOf};
        match duration? {
            Unary { is_negative: false, expr, .. }
                if matches!(**expr, Step(_) | Range(_) | Binary { op: MinOf | MaxOf, .. }) =>
            {
                Some(Self::Operation(Operation::new("+", None, Some(Self::of(expr)))))
            }
            _ => Self::of_range(duration),
        }
    }

    fn of(duration: &DurationExpr) -> Self {
        let operation = match duration {
            DurationExpr::Number(number) => {
                return Self::Number {
                    duration: number.is_duration,
                    kind: "numberLiteral",
                    val: format_float(number.value),
                };
            }
            // A plus sign is left out.
            DurationExpr::Unary { is_negative: false, expr, .. } => return Self::of(expr),
            DurationExpr::Unary { expr, .. } => Operation::new("-", None, Some(Self::of(expr))),
            DurationExpr::Step(_) => Operation::new("step", None, None),
            DurationExpr::Range(_) => Operation::new("range", None, None),
            DurationExpr::Binary { op, left, right, .. } => {
                Operation::new(sign(*op), Some(Self::of(left)), Some(Self::of(right)))
            }
            DurationExpr::Paren(inner, _) => match Self::of(inner) {
                Self::Operation(operation) => operation.wrapped(),
                // Prometheus wraps a sum without a left side.
                number @ Self::Number { .. } => Operation::new("+", None, Some(number)).wrapped(),
            },
        };
        Self::Operation(operation)
    }
}

impl Operation {
    fn new(op: &'static str, lhs: Option<Duration>, rhs: Option<Duration>) -> Self {
        let (lhs, rhs) = (lhs.map(Box::new), rhs.map(Box::new));
        Self { lhs, op, rhs, kind: "durationExpr", wrapped: false }
    }

    fn wrapped(self) -> Self {
        Self { wrapped: true, ..self }
    }
}

fn sign(op: DurationOp) -> &'static str {
    match op {
        DurationOp::Add => "+",
        DurationOp::Sub => "-",
        DurationOp::Mul => "*",
        DurationOp::Div => "/",
        DurationOp::Mod => "%",
        DurationOp::Pow => "^",
        DurationOp::MinOf => "min_of",
        DurationOp::MaxOf => "max_of",
    }
}
