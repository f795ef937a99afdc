//! Limits on collected values that windows copy.

use std::any::Any;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    AggregateUDF, Expr, LogicalPlan, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};

use super::{Collecting, Use};

/// The plan with limits on collected values that windows copy: a window whose frame is its whole
/// partition computes one result and copies it for each row.
pub(in crate::sql) fn in_windows(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let plan = plan.transform_up_with_subqueries(|node| {
        node.map_expressions(|expression| {
            expression.transform_up(|expression| {
                let Expr::WindowFunction(mut window) = expression else {
                    return Ok(Transformed::no(expression));
                };
                let copying = copying(&window);
                let is_copying = copying.is_some();
                if let Some(function) = copying {
                    window.fun = WindowFunctionDefinition::AggregateUDF(function);
                }
                let expression = Expr::WindowFunction(window);
                Ok(if is_copying {
                    Transformed::yes(expression)
                } else {
                    Transformed::no(expression)
                })
            })
        })
    })?;
    Ok(plan.data)
}

/// The function of a window that copies one result, with that limit.
fn copying(window: &WindowFunction) -> Option<Arc<AggregateUDF>> {
    let WindowFunctionDefinition::AggregateUDF(function) = &window.fun else { return None };
    let implementation: &dyn Any = function.inner().as_ref();
    let collecting = implementation.downcast_ref::<Collecting>()?;
    let WindowFunctionParams { order_by, window_frame, .. } = &window.params;
    let is_whole = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::CurrentRow => {
            window_frame.units == WindowFrameUnits::Range && order_by.is_empty()
        }
        _ => bound.is_unbounded(),
    };
    let is_copied = collecting.used == Use::Result
        && is_whole(&window_frame.start_bound)
        && is_whole(&window_frame.end_bound);
    let used = Use::ResultOfEachRow;
    is_copied.then(|| Arc::new(Collecting { inner: collecting.inner.clone(), used }.into()))
}
