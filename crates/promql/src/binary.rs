//! Binary operators: vector with scalar here, vector with vector in `matching`.

use std::sync::Arc;

use lang::promql::{Binary, BinaryOp, Expr, Span, ValueType};
use signals::metric::NativeHistogram;

use crate::Error;
use crate::arithmetic::{compare, float_op};
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{ABSENT, Grid, Row, is_absent};
use crate::native_histogram::{self, Mismatch};
use crate::scalar::Scalar;

impl Evaluator<'_> {
    pub(crate) fn binary(
        &self,
        binary: &Binary,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let is_scalar = |operand: &Expr| operand.value_type() == ValueType::Scalar;
        match (is_scalar(&binary.left), is_scalar(&binary.right)) {
            (false, false) if binary.op.is_set() => self.set_operator(binary, grid, sink),
            (false, false) => self.match_vectors(binary, grid, sink),
            (true, true) => Err(Error::Internal("two scalars are not a vector".into())),
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
    ) -> Result<(), Error> {
        let op = binary.op;
        let is_filter = op.is_comparison() && !binary.is_bool;
        let keeps_name = !changes_meaning(binary);
        let is_distinct = keeps_name || self.stays_distinct(vector);
        let mut merge = self.merge();
        self.rows(vector, grid, &mut |mut row| {
            self.histograms_with_scalar(binary, scalar, is_swapped, &mut row);
            for (step, value) in row.values.iter_mut().enumerate() {
                if is_absent(*value) {
                    continue;
                }
                let other = scalar.at(step);
                let (left, right) = if is_swapped { (other, *value) } else { (*value, other) };
                if is_filter {
                    // A filter keeps the value of the vector, whichever side it is on.
                    if !compare(op, left, right) {
                        *value = ABSENT;
                    }
                } else {
                    *value = self.floats(binary, left, right).unwrap_or(ABSENT);
                }
            }
            if !keeps_name {
                self.drop_name(&mut row);
            }
            if row.has_any() { merge.push(row, is_distinct, sink) } else { Ok(()) }
        })?;
        merge.finish(sink)
    }

    fn histograms_with_scalar(
        &self,
        binary: &Binary,
        scalar: &Scalar,
        is_swapped: bool,
        row: &mut Row,
    ) {
        for (step, histogram) in std::mem::take(&mut row.histograms) {
            let (histogram, number) =
                (Cell::Histogram(histogram), Cell::Number(scalar.at(step as usize)));
            let (left, right) = if is_swapped { (number, histogram) } else { (histogram, number) };
            match self.binary_cells(binary, left, right) {
                Some(Cell::Histogram(histogram)) => row.histograms.push((step, histogram)),
                Some(Cell::Number(value)) => {
                    if let Some(place) = row.values.get_mut(step as usize) {
                        *place = value;
                    }
                }
                None => {}
            }
        }
    }

    fn floats(&self, binary: &Binary, left: f64, right: f64) -> Option<f64> {
        if matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower) {
            self.note_incompatible(binary, "float", "float");
            return None;
        }
        Some(float_op(binary.op, left, right))
    }

    /// The operator on two present values; `None` if a filter or the types leave no result.
    pub(crate) fn binary_cells(&self, binary: &Binary, left: Cell, right: Cell) -> Option<Cell> {
        let op = binary.op;
        match (left, right) {
            (Cell::Number(left), Cell::Number(right)) => {
                if op.is_comparison() && !binary.is_bool {
                    return compare(op, left, right).then_some(Cell::Number(left));
                }
                self.floats(binary, left, right).map(Cell::Number)
            }
            (Cell::Histogram(left), Cell::Number(right)) => match op {
                BinaryOp::Mul => Some(Cell::of(native_histogram::scaled(&left, right))),
                BinaryOp::Div => Some(Cell::of(native_histogram::divided(&left, right))),
                BinaryOp::TrimUpper | BinaryOp::TrimLower => Some(Cell::of(
                    native_histogram::trimmed(&left, right, op == BinaryOp::TrimUpper),
                )),
                _ => {
                    self.note_incompatible(binary, "histogram", "float");
                    None
                }
            },
            (Cell::Number(left), Cell::Histogram(right)) => {
                if op == BinaryOp::Mul {
                    return Some(Cell::of(native_histogram::scaled(&right, left)));
                }
                self.note_incompatible(binary, "float", "histogram");
                None
            }
            (Cell::Histogram(left), Cell::Histogram(right)) => match op {
                BinaryOp::Add => self.sum_of_histograms(binary, &left, &right, 1.0),
                BinaryOp::Sub => self.sum_of_histograms(binary, &left, &right, -1.0),
                BinaryOp::Equal | BinaryOp::NotEqual => {
                    let holds =
                        native_histogram::is_equal(&left, &right) == (op == BinaryOp::Equal);
                    if binary.is_bool {
                        return Some(Cell::Number(f64::from(u8::from(holds))));
                    }
                    holds.then_some(Cell::Histogram(left))
                }
                _ => {
                    self.note_incompatible(binary, "histogram", "histogram");
                    None
                }
            },
        }
    }

    fn sum_of_histograms(
        &self,
        binary: &Binary,
        left: &NativeHistogram,
        right: &NativeHistogram,
        factor: f64,
    ) -> Option<Cell> {
        let (left_span, right_span) = (binary.left.span(), binary.right.span());
        let span = Span { start: left_span.start, end: right_span.end };
        let (sum, mismatch) = native_histogram::add_scaled(left, right, factor);
        match mismatch {
            Mismatch::None => {}
            Mismatch::Reconciled => {
                let word = if factor > 0.0 { "addition" } else { "subtraction" };
                self.info(
                    span,
                    &format!("mismatched custom buckets were reconciled during {word}"),
                );
            }
            Mismatch::Incompatible => {
                let sign = binary.op.sign();
                self.warn(
                    span,
                    &format!("incompatible bucket layout encountered for binary operator {sign}"),
                );
                return None;
            }
        }
        Some(Cell::of(sum))
    }

    fn note_incompatible(&self, binary: &Binary, left: &str, right: &str) {
        let sign = binary.op.sign();
        let span = binary.left.span();
        self.info(
            span,
            &format!(
                "incompatible sample types encountered for binary operator \"{sign}\": {left} {sign} {right}"
            ),
        );
    }
}

/// Whether the result has another meaning than the operands, and so loses the metric name.
pub(crate) fn changes_meaning(binary: &Binary) -> bool {
    let is_trim = matches!(binary.op, BinaryOp::TrimUpper | BinaryOp::TrimLower);
    binary.is_bool || !(is_trim || binary.op.is_comparison())
}

/// A present value of one step.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Number(f64),
    Histogram(Arc<NativeHistogram>),
}

impl Cell {
    fn of(histogram: NativeHistogram) -> Self {
        Self::Histogram(Arc::new(histogram))
    }
}

/// The value of a row at a step; `may_be_histogram` avoids the search if there are none.
pub(crate) fn cell(row: &Row, step: usize, may_be_histogram: bool) -> Option<Cell> {
    match row.values.get(step) {
        Some(value) if !is_absent(*value) => Some(Cell::Number(*value)),
        _ if may_be_histogram => row.histogram_at(step).cloned().map(Cell::Histogram),
        _ => None,
    }
}
