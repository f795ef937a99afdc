//! Rewrites conditions on the columns of SQL views into conditions on stored columns.
//!
//! - `hex_text(trace_id) = '4bf9…'`, `<>` and `IN (…)` compare the binary id, which bloom filters
//!   and statistics support.
//! - `whole_attributes(attributes, …)['k']` compared with a short text, with nothing or with an
//!   integer becomes `attributes['k']`, which does not read large attributes; elsewhere it becomes
//!   `attribute_text(attributes, …, 'k')`, which builds no map.
//! - `attribute_map(resource_attributes)['k']` becomes `attribute_value(resource_attributes, 'k')`,
//!   which parses each distinct object once and builds no map.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use signals::attributes::large;

use crate::scan::attributes::Function;
use crate::scan::functions::{attribute_value, id_of_hex};

/// The optimizer rule; it runs after filters were pushed down through the views.
#[derive(Debug)]
pub(crate) struct RewriteViewPredicates;

impl OptimizerRule for RewriteViewPredicates {
    fn name(&self) -> &'static str {
        "ask_what_is_stored"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>, DataFusionError> {
        let schema = input_schema(&plan)?;
        plan.map_expressions(|expr| {
            let name = expr.schema_name().to_string();
            let rewritten = expr.transform_up(|expr| Ok(rewritten(expr, &schema)))?;
            // An output column keeps its name, even a generated one.
            Ok(rewritten.update_data(|new| {
                if new.schema_name().to_string() == name { new } else { renamed(new, name) }
            }))
        })
    }
}

/// The name of an expression matters only if it is a column of the answer.
fn renamed(expr: Expr, name: String) -> Expr {
    match expr {
        Expr::ScalarFunction(_) => expr.alias(name),
        other => other,
    }
}

fn input_schema(plan: &LogicalPlan) -> Result<DFSchema, DataFusionError> {
    if let LogicalPlan::TableScan(scan) = plan {
        // Filters may name columns that are not projected.
        return DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema());
    }
    let mut schema = DFSchema::empty();
    for input in plan.inputs() {
        schema.merge(input.schema());
    }
    Ok(schema)
}

fn rewritten(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let expr = match without_large(expr) {
        Ok(expr) => return Transformed::yes(expr),
        Err(expr) => expr,
    };
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Eq | Operator::NotEq), right }) => {
            if let (Some((id, bytes)), Some(text)) = (hex_argument(&left, schema), text(&right)) {
                return Transformed::yes(binary(id.clone(), op, id_of_hex(text, bytes)));
            }
            if let (Some(text), Some((id, bytes))) = (text(&left), hex_argument(&right, schema)) {
                return Transformed::yes(binary(id.clone(), op, id_of_hex(text, bytes)));
            }
            Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))
        }
        Expr::InList(InList { expr, list, negated }) => {
            let texts: Option<Vec<&str>> = list.iter().map(text).collect();
            match (hex_argument(&expr, schema), texts) {
                (Some((id, bytes)), Some(texts)) => {
                    let ids = texts.into_iter().map(|text| lit(id_of_hex(text, bytes))).collect();
                    Transformed::yes(id.clone().in_list(ids, negated))
                }
                _ => Transformed::no(Expr::InList(InList { expr, list, negated })),
            }
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "get_field" => {
            if let [Expr::ScalarFunction(map), Expr::Literal(key, _)] = args.as_slice()
                && let Some(Some(key)) = key.try_as_str()
            {
                if map.func.name() == "attribute_map"
                    && let [json] = map.args.as_slice()
                {
                    return Transformed::yes(attribute_value().call(vec![json.clone(), lit(key)]));
                }
                if map.func.name() == Function::Whole.name() {
                    let arguments = [map.args.clone(), vec![lit(key)]].concat();
                    return Transformed::yes(Function::Text.udf().call(arguments));
                }
            }
            Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))
        }
        other => Transformed::no(other),
    }
}

/// Replaces the text of an attribute with its start, if the start decides the condition.
fn without_large(expr: Expr) -> Result<Expr, Expr> {
    let is_short = |expr: &Expr| text(expr).is_some_and(|text| text.len() < large::KEPT_BYTES_MIN);
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
            let starts = match (start(&left), start(&right)) {
                (Some(start), None) if is_short(&right) => Some((start, *right.clone())),
                (None, Some(start)) if is_short(&left) => Some((*left.clone(), start)),
                _ => None,
            };
            match starts {
                Some((left, right)) => {
                    Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
                }
                None => Err(Expr::BinaryExpr(BinaryExpr { left, op, right })),
            }
        }
        Expr::InList(InList { expr, list, negated }) if list.iter().all(is_short) => {
            match start(&expr) {
                Some(start) => Ok(start.in_list(list, negated)),
                None => Err(Expr::InList(InList { expr, list, negated })),
            }
        }
        Expr::IsNull(inner) => match start(&inner) {
            Some(start) => Ok(start.is_null()),
            None => Err(Expr::IsNull(inner)),
        },
        Expr::IsNotNull(inner) => match start(&inner) {
            Some(start) => Ok(start.is_not_null()),
            None => Err(Expr::IsNotNull(inner)),
        },
        Expr::Cast(mut cast) if cast.field.data_type().is_integer() => match start(&cast.expr) {
            Some(start) => {
                cast.expr = Box::new(start);
                Ok(Expr::Cast(cast))
            }
            None => Err(Expr::Cast(cast)),
        },
        Expr::TryCast(mut cast) if cast.field.data_type().is_integer() => match start(&cast.expr) {
            Some(start) => {
                cast.expr = Box::new(start);
                Ok(Expr::TryCast(cast))
            }
            None => Err(Expr::TryCast(cast)),
        },
        other => Err(other),
    }
}

fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// The start of an attribute's text, if an expression is the whole text.
fn start(expr: &Expr) -> Option<Expr> {
    let Expr::ScalarFunction(function) = expr else { return None };
    if function.func.name() != Function::Text.name() {
        return None;
    }
    let [map, _, _, Expr::Literal(key, _)] = function.args.as_slice() else { return None };
    Some(get_field(map.clone(), key.try_as_str().flatten()?))
}

fn binary(id: Expr, op: Operator, value: ScalarValue) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(id), op, Box::new(lit(value))))
}

/// The binary id inside `hex_text(…)`, and its size.
fn hex_argument<'a>(expr: &'a Expr, schema: &DFSchema) -> Option<(&'a Expr, usize)> {
    match expr {
        Expr::ScalarFunction(function) if function.func.name() == "hex_text" => {
            let [id] = function.args.as_slice() else { return None };
            match id.get_type(schema).ok()? {
                DataType::FixedSizeBinary(bytes) => Some((id, usize::try_from(bytes).ok()?)),
                _ => None,
            }
        }
        // The planner compares texts of different types with a cast.
        Expr::Cast(cast) => hex_argument(&cast.expr, schema),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}
