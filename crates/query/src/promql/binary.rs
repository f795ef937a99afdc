//! Operators: vector with scalar here, vector with vector in `matching`.

use lang::promql::{Binary, BinaryOp, Expr, ValueType};

use super::arithmetic::{compare, float_op};
use super::evaluator::{Evaluator, Merge, Sink};
use super::grid::{ABSENT, Grid, Row, is_absent};
use super::scalar::Scalar;
use crate::QueryError;

impl Evaluator<'_> {
    pub(crate) fn binary(
        &self,
        binary: &Binary,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), QueryError> {
        if matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower) {
            let sign = binary.op.sign();
            return Err(QueryError::Unsupported(format!("operator {sign} of native histograms")));
        }
        let is_scalar = |operand: &Expr| operand.value_type() == ValueType::Scalar;
        match (is_scalar(&binary.left), is_scalar(&binary.right)) {
            (false, false) if binary.op.is_set() => self.set_operator(binary, grid, sink),
            (false, false) => self.match_vectors(binary, grid, sink),
            (true, true) => Err(QueryError::Internal("two scalars are not a vector".into())),
            (true, false) => {
                let scalar = self.scalar(&binary.left, grid)?;
                self.with_scalar(binary, &binary.right, &scalar, true, grid, sink)
            }
            (false, true) => {
                let scalar = self.scalar(&binary.right, grid)?;
                self.with_scalar(binary, &binary.left, &scalar, false, grid, sink)
            }
        }
    }

    fn with_scalar(
        &self,
        binary: &Binary,
        vector: &Expr,
        scalar: &Scalar,
        is_swapped: bool,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), QueryError> {
        let op = binary.op;
        let keeps_name = op.is_comparison() && !binary.is_bool;
        let is_distinct = keeps_name || self.stays_distinct(vector);
        let mut merge = Merge::default();
        self.rows(vector, grid, &mut |mut row| {
            self.scalar_histograms(binary, &mut row)?;
            for (step, value) in row.values.iter_mut().enumerate() {
                if is_absent(*value) {
                    continue;
                }
                let other = scalar.at(step);
                let (left, right) = if is_swapped { (other, *value) } else { (*value, other) };
                if keeps_name {
                    // A filter keeps the vector's value, on whichever side it stands.
                    if !compare(op, left, right) {
                        *value = ABSENT;
                    }
                } else {
                    *value = float_op(op, left, right);
                }
            }
            if !keeps_name {
                self.drop_name(&mut row);
            }
            if row.has_any() { merge.push(row, is_distinct, sink) } else { Ok(()) }
        })?;
        merge.finish(sink)
    }

    /// Histograms and numbers have no order: they never compare; other operators are not built.
    fn scalar_histograms(&self, binary: &Binary, row: &mut Row) -> Result<(), QueryError> {
        if row.histograms.is_empty() {
            return Ok(());
        }
        if binary.op.is_comparison() {
            self.note_incompatible(binary, "histogram", "float");
            row.histograms.clear();
            return Ok(());
        }
        Err(QueryError::Unsupported(format!("{} of native histograms", binary.op.sign())))
    }

    pub(crate) fn note_incompatible(&self, binary: &Binary, left: &str, right: &str) {
        let sign = binary.op.sign();
        let span = binary.left.span();
        self.info(span, &format!("incompatible sample types encountered for binary operator \"{sign}\": {left} {sign} {right}"));
    }
}
