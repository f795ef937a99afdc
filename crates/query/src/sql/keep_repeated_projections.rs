//! Keeps a repeated projection.
//!
//! `SELECT x + 1 AS x FROM (SELECT x + 1 AS x …)` must add twice. The rule `optimize_projections`
//! of DataFusion 55.2 takes two textually equal projections for the same work and drops one (fixed
//! upstream in apache/datafusion#24686, after 55.2; remove this then). An additional alias, which
//! changes no name and no value, makes the two different.

use datafusion::common::tree_node::Transformed;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// The optimizer rule; it runs right before the one that it guards against.
#[derive(Debug)]
pub(crate) struct KeepRepeatedProjections;

impl OptimizerRule for KeepRepeatedProjections {
    fn name(&self) -> &'static str {
        "keep_repeated_projections"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>, DataFusionError> {
        let LogicalPlan::Projection(projection) = plan else {
            return Ok(Transformed::no(plan));
        };
        let repeats = repeats_below(&projection);
        if repeats == 0 {
            return Ok(Transformed::no(LogicalPlan::Projection(projection)));
        }
        let expr = projection.expr.into_iter().map(|expr| wrapped(expr, repeats)).collect();
        let projection =
            Projection::try_new_with_schema(expr, projection.input, projection.schema)?;
        Ok(Transformed::yes(LogicalPlan::Projection(projection)))
    }
}

/// How many projections directly below this one are equal to it. Each of a run has a different
/// number, so that all of them become different.
fn repeats_below(projection: &Projection) -> usize {
    // Projections of names only do nothing, so dropping a repetition is correct.
    if projection.expr.iter().all(|expr| matches!(expr, Expr::Column(_))) {
        return 0;
    }
    let mut repeats = 0;
    let mut below = projection.input.as_ref();
    while let LogicalPlan::Projection(next) = below
        && next.expr == projection.expr
    {
        repeats += 1;
        below = next.input.as_ref();
    }
    repeats
}

fn wrapped(expr: Expr, times: usize) -> Expr {
    match expr {
        Expr::Alias(alias) => {
            let (relation, name) = (alias.relation.clone(), alias.name.clone());
            (0..times).fold(Expr::Alias(alias), |expr, _| {
                expr.alias_qualified(relation.clone(), name.clone())
            })
        }
        other => other,
    }
}
