//! Evaluates metric queries, from the leaves of the tree to its root.

use std::future::Future;
use std::pin::Pin;

use lang::logql::{Group, Grouping, MetricExpr, VectorAggregation, VectorOp};
use signals::Labels;

use super::grid::{Grid, Row, Rows, Steps};
use super::read::Context;
use super::{aggregate, binary, range};
use crate::{QueryError, running};

/// Values of an expression at all steps. The depth of the tree is bounded by the parser.
pub(super) fn run<'e>(
    context: Context<'e>,
    expr: &'e MetricExpr,
    steps: Steps,
) -> Pin<Box<dyn Future<Output = Result<Grid, QueryError>> + Send + 'e>> {
    Box::pin(async move {
        match expr {
            MetricExpr::Literal(value) => Ok(Grid::Scalar(*value)),
            MetricExpr::VectorOf(value) => {
                let row = Row { labels: Labels::empty(), values: vec![Some(*value); steps.count] };
                Ok(Grid::Rows(Rows::unordered(vec![row])))
            }
            MetricExpr::Range(aggregation) => {
                range::run(context, aggregation, steps, None).await.map(Grid::Rows)
            }
            MetricExpr::Vector(aggregation) => {
                vector(context, aggregation, steps).await.map(Grid::Rows)
            }
            MetricExpr::Binary(operation) => {
                let left = run(context, &operation.left, steps).await?;
                let right = run(context, &operation.right, steps).await?;
                running::check()?;
                binary::run(operation, left, right, steps.count)
            }
            MetricExpr::LabelReplace { operand, destination, replacement, source, regex } => {
                let Grid::Rows(rows) = run(context, operand, steps).await? else {
                    return Err(QueryError::Invalid(
                        "label_replace needs series, not a number".to_owned(),
                    ));
                };
                let regex = signals::matcher::anchored(regex).map_err(QueryError::Invalid)?;
                let replaced = |labels: &Labels| match regex
                    .captures(labels.get(source).unwrap_or_default())
                {
                    Some(captures) => {
                        let mut text = String::new();
                        captures.expand(replacement, &mut text);
                        labels.with(destination, &text)
                    }
                    None => labels.clone(),
                };
                let rows = rows
                    .rows
                    .into_iter()
                    .map(|row| Row { labels: replaced(&row.labels), values: row.values });
                Ok(Grid::Rows(Rows::unordered(rows.collect())))
            }
        }
    })
}

async fn vector(
    context: Context<'_>,
    aggregation: &VectorAggregation,
    steps: Steps,
) -> Result<Rows, QueryError> {
    if aggregation.op == VectorOp::ApproxTopk && steps.count > 1 {
        return Err(QueryError::Invalid(
            "approx_topk is only supported on instant queries".to_owned(),
        ));
    }
    // The sum of counts is the count of all: lines are counted in the groups of the sum directly.
    if let (VectorOp::Sum, MetricExpr::Range(inner)) = (aggregation.op, &aggregation.operand)
        && range::is_additive(inner.op)
    {
        let all = Grouping { kind: Group::By, labels: Vec::new() };
        return range::run(
            context,
            inner,
            steps,
            Some(aggregation.grouping.as_ref().unwrap_or(&all)),
        )
        .await;
    }
    match run(context, &aggregation.operand, steps).await? {
        Grid::Rows(rows) => Ok(aggregate::run(aggregation, rows, steps.count)),
        Grid::Scalar(_) => Err(QueryError::Invalid(format!(
            "{} needs series, not a number",
            aggregation.op.name()
        ))),
    }
}
