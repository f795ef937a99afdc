//! Conditions on what SQL sees become conditions on what is stored.
//!
//! - `hex_text(trace_id) = '4bf9…'`, `<>` and `IN (…)` compare the binary id, which bloom filters
//!   and statistics know.
//! - `attribute_map(resource_attributes)['k']` becomes `attribute_value(resource_attributes, 'k')`,
//!   which parses each distinct object once and builds no map.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, lit};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use crate::scan::functions::{attribute_value, id_of_hex};

/// The rule; it runs after filters were moved through the views.
#[derive(Debug)]
pub(crate) struct AskWhatIsStored;

impl OptimizerRule for AskWhatIsStored {
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
            // An output column keeps its name, also when nobody gave it one.
            Ok(rewritten.update_data(|new| {
                if new.schema_name().to_string() == name { new } else { renamed(new, name) }
            }))
        })
    }
}

/// Only where the expression is a column of the answer does its name matter.
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
                && map.func.name() == "attribute_map"
                && let [json] = map.args.as_slice()
                && let Some(Some(key)) = key.try_as_str()
            {
                return Transformed::yes(attribute_value().call(vec![json.clone(), lit(key)]));
            }
            Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args }))
        }
        other => Transformed::no(other),
    }
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
        // The planner compares texts of different layouts under a cast.
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
