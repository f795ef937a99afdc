//! Binary operators: vector with scalar here, vector with vector in `matching`.

use std::sync::Arc;

use lang::promql::{Binary, BinaryOp, Expr, Span, ValueType};
use signals::metric::{NativeHistogram, ResetHint};

use crate::Error;
use crate::arithmetic::{compare, float_op};
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{ABSENT, Grid, Row, is_absent};
use crate::native_histogram::{self, Total};
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
        let keeps_name = !changes_meaning(binary);
        let is_distinct = keeps_name || self.stays_distinct(vector);
        let operator = FloatOperator::of(binary);
        let mut notes = StepNotes::default();
        let mut merge = self.merge();
        self.rows(vector, grid, &mut |mut row| {
            let histograms = std::mem::take(&mut row.histograms);
            for (step, value) in row.values.iter_mut().enumerate() {
                if is_absent(*value) {
                    continue;
                }
                let Some(operator) = operator else {
                    *value = ABSENT;
                    notes.set(self, grid, step, Note::Types("float", "float"))?;
                    continue;
                };
                *value = operator.with_scalar(*value, scalar.at(step), is_swapped);
            }
            for (step, histogram) in histograms {
                let number = Cell::Number(scalar.at(step as usize));
                let histogram = Cell::Histogram(histogram);
                let (left, right) =
                    if is_swapped { (number, histogram) } else { (histogram, number) };
                let (combined, note) = combine(binary, left, right);
                if let Some(note) = note {
                    notes.set(self, grid, step as usize, note)?;
                }
                combined.store(&mut row, step as usize);
            }
            if !keeps_name {
                self.drop_name(&mut row);
            }
            if row.has_any() { merge.push(row, is_distinct, sink) } else { Ok(()) }
        })?;
        self.note_steps(binary, &notes);
        merge.finish(sink)
    }

    /// Adds the notes of all steps of an operator.
    pub(crate) fn note_steps(&self, binary: &Binary, notes: &StepNotes) {
        let span = Span { start: binary.left.span().start, end: binary.right.span().end };
        let sign = binary.op.sign();
        let mut last = None;
        for note in notes.steps.iter().flatten() {
            if last == Some(note) {
                continue;
            }
            last = Some(note);
            match note {
                Note::Types(left, right) => self.info(
                    span,
                    &format!(
                        "incompatible sample types encountered for binary operator \"{sign}\": {left} {sign} {right}"
                    ),
                ),
                Note::Layouts => self.warn(
                    span,
                    &format!("incompatible bucket layout encountered for binary operator {sign}"),
                ),
                Note::Resets(word) => {
                    self.warn(span, &format!("conflicting counter resets during histogram {word}"));
                }
                Note::Reconciled(word) => self.info(
                    span,
                    &format!("mismatched custom buckets were reconciled during {word}"),
                ),
            }
        }
    }
}

/// What an operator reports about two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Note {
    /// It does not combine values of these types.
    Types(&'static str, &'static str),
    /// One histogram has exponential and the other custom buckets.
    Layouts,
    /// One histogram follows a counter reset and the other does not.
    Resets(&'static str),
    /// Custom buckets were reduced to the common bounds.
    Reconciled(&'static str),
}

/// The last note of each step: an operator reports at most one per step.
#[derive(Default)]
pub(crate) struct StepNotes {
    steps: Vec<Option<Note>>,
}

impl StepNotes {
    /// Replaces the note of a step.
    pub(crate) fn set(
        &mut self,
        evaluator: &Evaluator,
        grid: &Grid,
        step: usize,
        note: Note,
    ) -> Result<(), Error> {
        if self.steps.is_empty() {
            evaluator.hold(grid.steps * size_of::<Option<Note>>())?;
            self.steps = vec![None; grid.steps];
        }
        if let Some(place) = self.steps.get_mut(step) {
            *place = Some(note);
        }
        Ok(())
    }
}

/// The result of an operator on two present values.
#[derive(Debug)]
pub(crate) enum Combined {
    /// A value.
    Kept(Cell),
    /// A comparison that does not hold.
    Filtered,
    /// The operator does not combine these values.
    Refused,
}

impl Combined {
    /// Writes the value, if there is one, into a row.
    pub(crate) fn store(self, row: &mut Row, step: usize) {
        match self {
            Self::Kept(Cell::Number(value)) => {
                if let Some(place) = row.values.get_mut(step) {
                    *place = value;
                }
            }
            Self::Kept(Cell::Histogram(histogram)) => row.histograms.push((step as u32, histogram)),
            Self::Filtered | Self::Refused => {}
        }
    }

    fn refused(left: &'static str, right: &'static str) -> (Self, Option<Note>) {
        (Self::Refused, Some(Note::Types(left, right)))
    }

    fn histogram(histogram: NativeHistogram) -> (Self, Option<Note>) {
        (Self::Kept(Cell::Histogram(Arc::new(histogram))), None)
    }

    /// The result of a comparison that keeps `left` if it holds.
    fn compared(holds: bool, is_bool: bool, left: Cell) -> (Self, Option<Note>) {
        let combined = if is_bool {
            Self::Kept(Cell::Number(f64::from(u8::from(holds))))
        } else if holds {
            Self::Kept(left)
        } else {
            Self::Filtered
        };
        (combined, None)
    }
}

/// The operator on two present values.
pub(crate) fn combine(binary: &Binary, left: Cell, right: Cell) -> (Combined, Option<Note>) {
    let op = binary.op;
    match (left, right) {
        (Cell::Number(_), Cell::Number(_)) if is_trim(op) => Combined::refused("float", "float"),
        (Cell::Number(a), Cell::Number(b)) => {
            if op.is_comparison() {
                return Combined::compared(compare(op, a, b), binary.is_bool, Cell::Number(a));
            }
            (Combined::Kept(Cell::Number(float_op(op, a, b))), None)
        }
        (Cell::Histogram(a), Cell::Number(b)) => match op {
            BinaryOp::Mul => Combined::histogram(native_histogram::scaled(&a, b)),
            BinaryOp::Div => Combined::histogram(native_histogram::divided(&a, b)),
            _ if is_trim(op) => {
                Combined::histogram(native_histogram::trimmed(&a, b, op == BinaryOp::TrimUpper))
            }
            _ => Combined::refused("histogram", "float"),
        },
        (Cell::Number(a), Cell::Histogram(b)) => match op {
            BinaryOp::Mul => Combined::histogram(native_histogram::scaled(&b, a)),
            _ => Combined::refused("float", "histogram"),
        },
        (Cell::Histogram(a), Cell::Histogram(b)) => match op {
            BinaryOp::Add => sum_of_histograms(&a, &b, 1.0),
            BinaryOp::Sub => sum_of_histograms(&a, &b, -1.0),
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let holds = native_histogram::is_equal(&a, &b) == (op == BinaryOp::Equal);
                Combined::compared(holds, binary.is_bool, Cell::Histogram(a))
            }
            _ => Combined::refused("histogram", "histogram"),
        },
    }
}

/// An operator on two numbers that always has a result, or filters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FloatOperator {
    op: BinaryOp,
    is_filter: bool,
}

impl FloatOperator {
    /// `None` if the operator does not combine numbers.
    pub(crate) fn of(binary: &Binary) -> Option<Self> {
        let is_filter = binary.op.is_comparison() && !binary.is_bool;
        (!is_trim(binary.op)).then_some(Self { op: binary.op, is_filter })
    }

    /// The result for a value of a vector and a scalar, which is on the left if `is_swapped`. A
    /// filter keeps the value of the vector, whichever side it is on.
    fn with_scalar(self, value: f64, scalar: f64, is_swapped: bool) -> f64 {
        let (left, right) = if is_swapped { (scalar, value) } else { (value, scalar) };
        match self.is_filter {
            true if compare(self.op, left, right) => value,
            true => ABSENT,
            false => float_op(self.op, left, right),
        }
    }

    /// The result of two present values; [`ABSENT`] if it is filtered out.
    pub(crate) fn apply(self, left: f64, right: f64) -> f64 {
        match self.is_filter {
            true if compare(self.op, left, right) => left,
            true => ABSENT,
            false => float_op(self.op, left, right),
        }
    }
}

fn sum_of_histograms(
    left: &NativeHistogram,
    right: &NativeHistogram,
    factor: f64,
) -> (Combined, Option<Note>) {
    let word = if factor > 0.0 { "addition" } else { "subtraction" };
    let mut total = Total::of(left, 1.0);
    total.add(right, factor);
    if total.is_incompatible {
        return (Combined::Refused, Some(Note::Layouts));
    }
    if total.has_reset_conflict() {
        return (Combined::Refused, Some(Note::Resets(word)));
    }
    let mut sum = total.finish(1.0);
    if factor < 0.0 {
        sum.reset_hint = ResetHint::Gauge;
    }
    let note = total.is_reconciled.then_some(Note::Reconciled(word));
    (Combined::Kept(Cell::Histogram(Arc::new(sum))), note)
}

fn is_trim(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::TrimUpper | BinaryOp::TrimLower)
}

/// Whether the result has another meaning than the operands, and so loses the metric name.
pub(crate) fn changes_meaning(binary: &Binary) -> bool {
    binary.is_bool || changes_schema(binary.op)
}

/// Whether an operator computes other values, rather than selecting or trimming them.
pub(crate) fn changes_schema(op: BinaryOp) -> bool {
    !(is_trim(op) || op.is_comparison())
}

/// A present value of one step.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Number(f64),
    Histogram(Arc<NativeHistogram>),
}

/// The value of a row at a step; `may_be_histogram` avoids the search if there are none.
pub(crate) fn cell(row: &Row, step: usize, may_be_histogram: bool) -> Option<Cell> {
    match row.values.get(step) {
        Some(value) if !is_absent(*value) => Some(Cell::Number(*value)),
        _ if may_be_histogram => row.histogram_at(step).cloned().map(Cell::Histogram),
        _ => None,
    }
}
