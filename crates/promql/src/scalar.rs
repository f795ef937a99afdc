//! Scalars: one number per step, or one for all.

use lang::promql::{Call, Expr};

use crate::Error;
use crate::arithmetic::{float_op, greatest, least};
use crate::evaluator::Evaluator;
use crate::grid::{Grid, is_absent};

/// A number at each step.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    /// The same at all steps.
    Constant(f64),
    /// One per step.
    Steps(Vec<f64>),
}

impl Scalar {
    pub(crate) fn at(&self, step: usize) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(values) => values.get(step).copied().unwrap_or(f64::NAN),
        }
    }

    fn map(self, change: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(change(value)),
            Self::Steps(values) => Self::Steps(values.into_iter().map(change).collect()),
        }
    }
}

impl Evaluator<'_> {
    /// Evaluates a scalar.
    pub(crate) fn scalar(&self, expr: &Expr, grid: &Grid) -> Result<Scalar, Error> {
        match expr {
            Expr::Number(number) => Ok(Scalar::Constant(number.value)),
            Expr::Paren(paren) => self.scalar(&paren.expr, grid),
            Expr::Unary(unary) => {
                let operand = self.scalar(&unary.expr, grid)?;
                Ok(if unary.is_negative { operand.map(|value| -value) } else { operand })
            }
            Expr::Binary(binary) => {
                let left = self.scalar(&binary.left, grid)?;
                let right = self.scalar(&binary.right, grid)?;
                let op = |a, b| float_op(binary.op, a, b);
                Ok(match (left, right) {
                    (Scalar::Constant(a), Scalar::Constant(b)) => Scalar::Constant(op(a, b)),
                    (left, right) => Scalar::Steps(
                        (0..grid.steps).map(|step| op(left.at(step), right.at(step))).collect(),
                    ),
                })
            }
            Expr::Call(call) => self.scalar_call(call, grid),
            other => Err(Error::Internal(format!("{other} is not a scalar"))),
        }
    }

    fn scalar_call(&self, call: &Call, grid: &Grid) -> Result<Scalar, Error> {
        let query = self.query;
        let seconds = |milliseconds: i64| Scalar::Constant(milliseconds as f64 / 1000.0);
        match (call.function.name, call.arguments.as_slice()) {
            ("time", _) => Ok(Scalar::Steps(
                (0..grid.steps).map(|step| grid.time(step) as f64 / 1000.0).collect(),
            )),
            ("pi", _) => Ok(Scalar::Constant(std::f64::consts::PI)),
            ("start", _) => Ok(seconds(query.start_ms)),
            ("end", _) => Ok(seconds(query.end_ms)),
            ("step", _) => Ok(seconds(query.step_ms)),
            ("range", _) => Ok(seconds(query.end_ms.saturating_sub(query.start_ms))),
            ("min_of" | "max_of", [a, b]) => {
                let (a, b) = (self.scalar(a, grid)?, self.scalar(b, grid)?);
                let pick = if call.function.name == "min_of" { least } else { greatest };
                let of = |step| pick(a.at(step), b.at(step));
                Ok(Scalar::Steps((0..grid.steps).map(of).collect()))
            }
            ("scalar", [vector]) => self.vector_as_scalar(vector, grid),
            (name, _) => Err(Error::Unsupported(format!("function {name}"))),
        }
    }

    /// The value of the only series at each step, NaN if there is none or more than one.
    fn vector_as_scalar(&self, expr: &Expr, grid: &Grid) -> Result<Scalar, Error> {
        let mut values = vec![f64::NAN; grid.steps];
        let mut counts = vec![0u32; grid.steps];
        self.rows(expr, grid, &mut |row| {
            for ((into, count), value) in values.iter_mut().zip(&mut counts).zip(&row.values) {
                if !is_absent(*value) {
                    *count += 1;
                    *into = if *count == 1 { *value } else { f64::NAN };
                }
            }
            Ok(())
        })?;
        Ok(Scalar::Steps(values))
    }
}
