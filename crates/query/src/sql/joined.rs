//! Bounds on the rows that the operators of a query make and keep.
//!
//! A join can make as many rows as the product of its sides, and what it keeps of them is not seen
//! by the memory pool when they have no columns, as under `count(*)`. A window over all rows keeps
//! them, which the memory pool does not see either.

use std::fmt::{self, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;

use super::charge::Charge;
use super::growth::{longest_text, too_large};
use crate::running;

/// Most rows that one join makes.
const ROWS_MAX: usize = 100_000_000;
/// Most tables that an error names.
const NAMES_MAX: usize = 8;

/// Batches of rows of a query with joins or windows: joined rows may be as large as one of each table together,
/// and operators hold several batches that no budget sees.
pub(super) const BATCH_ROWS: usize = 1024;

/// The window operator that keeps all rows, and the one that keeps those of its frames.
const WINDOW_OF_ALL: &str = "WindowAggExec";
const WINDOW_OF_FRAMES: &str = "BoundedWindowAggExec";
/// It keeps the batches, and makes one of them in the end.
const WINDOW_COPIES: usize = 2;

const UNNEST: &str = "UnnestExec";
/// The operators that make more rows than they are given.
const GROWING: [&str; 7] = [
    "CrossJoinExec",
    "HashJoinExec",
    "NestedLoopJoinExec",
    "PiecewiseMergeJoinExec",
    "SortMergeJoinExec",
    "SymmetricHashJoinExec",
    UNNEST,
];

/// The tables of a plan as the query calls them, for messages.
pub(crate) fn tables(plan: &LogicalPlan) -> Result<String, DataFusionError> {
    let mut names = Vec::new();
    plan.apply(|node| {
        let name = match node {
            LogicalPlan::SubqueryAlias(alias) => alias.alias.table(),
            LogicalPlan::TableScan(scan) => scan.table_name.table(),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        names.push(name.to_owned());
        // What is below an alias is known by it.
        Ok(TreeNodeRecursion::Jump)
    })?;
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let names = names.join(", ");
    Ok(if more > 0 { format!("{names} and {more} more") } else { names })
}

/// The plan with a bound after each operator that makes rows and before each that keeps them.
pub(crate) fn bounded(
    plan: Arc<dyn ExecutionPlan>,
    tables: &str,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let plan = plan.transform_up(|node| {
        Ok(if GROWING.contains(&node.name()) {
            let maker = if node.name() == UNNEST { "unnest" } else { "a join" };
            let maker = format!("{maker} of {tables}").into();
            Transformed::yes(Arc::new(BoundedRowsExec::new(node, Bound::Made(maker))) as _)
        } else if [WINDOW_OF_ALL, WINDOW_OF_FRAMES].contains(&node.name()) {
            let window = Window::new(node.as_ref());
            let children = node.children().into_iter().map(|child| {
                Arc::new(BoundedRowsExec::new(Arc::clone(child), Bound::Kept(window))) as _
            });
            let children = children.collect();
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            Transformed::yes(node.replace_children(children, options)?)
        } else {
            Transformed::no(node)
        })
    })?;
    Ok(plan.data)
}

/// Hands on the rows of its input, and fails when there are too many.
#[derive(Debug)]
struct BoundedRowsExec {
    input: Arc<dyn ExecutionPlan>,
    bound: Bound,
    /// Rows of all partitions.
    rows: Arc<AtomicUsize>,
}

#[derive(Debug, Clone)]
enum Bound {
    /// On rows that the operator below makes, as errors call it.
    Made(Arc<str>),
    /// On the memory of rows that the window above keeps, and of what it makes of them.
    Kept(Window),
}

/// What a window operator makes of its rows: it copies a text for each of them.
#[derive(Debug, Clone, Copy)]
struct Window {
    keeps_all: bool,
    /// Texts of one row that it makes.
    texts: usize,
}

impl Window {
    fn new(node: &dyn ExecutionPlan) -> Self {
        let given = node.children().first().map_or(0, |child| child.schema().fields().len());
        let schema = node.schema();
        let made = schema.fields().iter().skip(given);
        let texts = made.filter(|field| !field.data_type().is_primitive()).count();
        Self { keeps_all: node.name() == WINDOW_OF_ALL, texts }
    }

    /// Takes the memory of a batch; `longest` is the longest text until now.
    fn charge(
        self,
        charge: &mut Charge,
        longest: usize,
        batch: &RecordBatch,
    ) -> Result<(), DataFusionError> {
        let made = self.texts.saturating_mul(longest).saturating_mul(batch.num_rows());
        if self.keeps_all {
            charge.grow(made.saturating_add(WINDOW_COPIES * batch.get_array_memory_size()))
        } else {
            charge.shrink();
            charge.grow(made)
        }
    }
}

impl BoundedRowsExec {
    fn new(input: Arc<dyn ExecutionPlan>, bound: Bound) -> Self {
        Self { input, bound, rows: Arc::default() }
    }
}

impl DisplayAs for BoundedRowsExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "BoundedRowsExec: rows={ROWS_MAX}")
    }
}

impl ExecutionPlan for BoundedRowsExec {
    fn name(&self) -> &'static str {
        "BoundedRowsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(
            &Arc<dyn PhysicalExpr>,
        ) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        Ok(match children.pop() {
            Some(input) => Arc::new(Self::new(input, self.bound.clone())),
            None => self,
        })
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let (bound, total) = (self.bound.clone(), Arc::clone(&self.rows));
        let mut charge = Charge::new(0)?;
        let mut longest = 0;
        let rows = input.map(move |batch| {
            let batch = batch?;
            running::check().map_err(|error| DataFusionError::External(Box::new(error)))?;
            match &bound {
                Bound::Made(maker) => {
                    let rows = batch.num_rows();
                    if total.fetch_add(rows, Ordering::Relaxed).saturating_add(rows) > ROWS_MAX {
                        return Err(too_large(format!(
                            "{maker} makes more than {ROWS_MAX} rows; join ON a condition that few \
                             pairs of rows satisfy, or join subqueries that have a WHERE or a LIMIT"
                        )));
                    }
                }
                Bound::Kept(window) => {
                    let texts = batch.columns().iter().map(longest_text);
                    longest = texts.max().unwrap_or_default().max(longest);
                    window.charge(&mut charge, longest, &batch)?;
                }
            }
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
