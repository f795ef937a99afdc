//! Expressions that have the same value at all steps, because `@` sets the time of all that they
//! read. They are evaluated once.

use lang::promql::{Call, Expr};

use crate::Error;
use crate::evaluator::{Evaluator, Sink};
use crate::grid::Grid;

/// The functions whose result depends on the step, or that Prometheus regards as such.
const OF_STEPS: &[&str] = &[
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "time",
    "timestamp",
    "year",
];

/// Whether an expression has the same value at all steps.
fn is_invariant(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Text(_) => true,
        Expr::Selector(selector) => selector.at.is_some(),
        Expr::Subquery(subquery) => subquery.at.is_some(),
        Expr::Call(call) => is_invariant_call(call),
        Expr::Aggregate(aggregate) => {
            is_invariant(&aggregate.expr) && aggregate.parameter.as_ref().is_none_or(is_invariant)
        }
        Expr::Binary(binary) => is_invariant(&binary.left) && is_invariant(&binary.right),
        Expr::Unary(unary) => is_invariant(&unary.expr),
        Expr::Paren(paren) => is_invariant(&paren.expr),
    }
}

fn is_invariant_call(call: &Call) -> bool {
    let is_selector = |argument: &Expr| matches!(argument.bare(), Expr::Selector(_));
    // The times of samples are invariant, those of other results are the steps.
    let is_of_samples = call.function.name == "timestamp" && call.arguments.iter().all(is_selector);
    (is_of_samples || !OF_STEPS.contains(&call.function.name))
        && call.arguments.iter().all(is_invariant)
}

impl Evaluator<'_> {
    /// Passes the rows of a vector to `sink` as they are computed.
    pub(crate) fn rows(&self, expr: &Expr, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        if grid.is_instant || grid.steps == 0 || !is_invariant(expr) {
            return self.rows_of_steps(expr, grid, sink);
        }
        let mut first = Grid { steps: 1, is_instant: true, ..*grid };
        self.begin_counts(&mut first)?;
        self.rows_of_steps(expr, &first, &mut |mut row| {
            row.repeat(grid.steps);
            sink(row)
        })?;
        if let Some(counts) = &self.counts {
            counts.borrow_mut().repeat(&first, grid);
        }
        Ok(())
    }
}
