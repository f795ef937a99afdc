//! The set operators `and`, `or` and `unless`.

use lang::promql::{Binary, BinaryOp};

use crate::Error;
use crate::evaluator::{Evaluator, Sink};
use crate::grid::{Grid, Row, is_absent};
use crate::signature::Signatures;

/// The steps at which series of the deciding side are present, by the labels that must match.
struct Presence<'e, 's> {
    evaluator: &'e Evaluator<'e>,
    signatures: Signatures<'s>,
    steps: Vec<Vec<bool>>,
    steps_max: usize,
}

impl Presence<'_, '_> {
    fn mark(&mut self, row: &Row) -> Result<(), Error> {
        let (number, is_new) = self.signatures.number(&row.labels);
        if is_new {
            self.evaluator.hold(self.steps_max + row.labels.as_bytes().len())?;
            self.steps.push(vec![false; self.steps_max]);
        }
        let Some(steps) = self.steps.get_mut(number) else { return Ok(()) };
        for (is_there, value) in steps.iter_mut().zip(&row.values) {
            *is_there |= !is_absent(*value);
        }
        for (step, _) in &row.histograms {
            if let Some(is_there) = steps.get_mut(*step as usize) {
                *is_there = true;
            }
        }
        Ok(())
    }

    /// Keeps the steps at which a series of the deciding side is there, or is not.
    fn retain(&mut self, row: &mut Row, is_there: bool) {
        let number = self.signatures.find(&row.labels);
        match number.and_then(|number| self.steps.get(number)) {
            Some(steps) => {
                row.retain_steps(|step| steps.get(step).copied().unwrap_or(false) == is_there);
            }
            None if is_there => row.retain_steps(|_| false),
            None => {}
        }
    }
}

impl Evaluator<'_> {
    pub(crate) fn set_operator(
        &self,
        binary: &Binary,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let left = self.collect(&binary.left, grid)?;
        let right = self.collect(&binary.right, grid)?;
        let mut presence = Presence {
            evaluator: self,
            signatures: Signatures::of(&binary.matching),
            steps: Vec::new(),
            steps_max: grid.steps,
        };
        let mut merge = self.merge();
        if binary.op == BinaryOp::Or {
            for row in left {
                self.check()?;
                presence.mark(&row)?;
                merge.add(row)?;
            }
            for mut row in right {
                self.check()?;
                presence.retain(&mut row, false);
                merge.add(row)?;
            }
        } else {
            for row in &right {
                self.check()?;
                presence.mark(row)?;
            }
            for mut row in left {
                self.check()?;
                presence.retain(&mut row, binary.op == BinaryOp::And);
                merge.add(row)?;
            }
        }
        merge.finish(sink)
    }
}
