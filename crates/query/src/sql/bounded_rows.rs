//! Limits on the rows that the operators of a query produce and keep.
//!
//! A join can produce as many rows as the product of its inputs, and the memory pool does not see
//! rows without columns, as under `count(*)`. It does not see what windows keep and produce either:
//! `first_value` copies a text for each row.

use std::fmt::{self, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;

use super::probe::probe;
use super::result_size_limits::too_large;
use crate::charge::Charge;
use crate::measure::{held_bytes, longest_text};
use crate::running;

/// Maximum number of rows that one join produces.
const ROWS_MAX: usize = 100_000_000;
/// Maximum number of tables that an error names.
const NAMES_MAX: usize = 8;

/// Batch size of a query with joins: a joined row may be as large as one row of each table
/// together, and operators hold several batches that no budget sees.
const JOINED_BATCH_ROWS: usize = 1024;
/// The same if a join copies values of any length, such as maps of attributes: a batch may be full
/// of copies of one value. Texts are views, which only the operators above a join copy.
const COPYING_BATCH_ROWS: usize = 64;

/// The window operator that produces its rows at the end, and the one that works by frames.
const WINDOW_OF_ALL: &str = "WindowAggExec";
const WINDOW_OF_FRAMES: &str = "BoundedWindowAggExec";
/// Both keep their input rows and copy them once. A frame may contain all of them.
const WINDOW_COPIES: usize = 2;
/// Limit on the texts that an operator copies for one batch: batches are cut to it before the second
/// and after a join.
const COPIED_BYTES_MAX: usize = 16 << 20;

/// The joins that collect their first input. They make one batch of it, which exists beside the
/// collected batches; DataFusion counts only these.
const COLLECTING: [&str; 4] =
    ["CrossJoinExec", "HashJoinExec", "NestedLoopJoinExec", "PiecewiseMergeJoinExec"];

/// The joins that look for the pairs of a batch of their second input that satisfy a condition; a
/// batch of the others is soon full.
const CONDITIONAL: [&str; 3] = ["HashJoinExec", "NestedLoopJoinExec", "PiecewiseMergeJoinExec"];

const UNNEST: &str = "UnnestExec";
/// The operators that produce more rows than their input.
const GROWING: [&str; 7] = [
    "CrossJoinExec",
    "HashJoinExec",
    "NestedLoopJoinExec",
    "PiecewiseMergeJoinExec",
    "SortMergeJoinExec",
    "SymmetricHashJoinExec",
    UNNEST,
];

/// The tables of a plan, as named in the query, for messages.
pub(crate) fn tables(plan: &LogicalPlan) -> Result<String, DataFusionError> {
    let mut names = Vec::new();
    plan.apply(|node| {
        let name = match node {
            LogicalPlan::SubqueryAlias(alias) => alias.alias.table(),
            LogicalPlan::TableScan(scan) => scan.table_name.table(),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        names.push(name.to_owned());
        // Tables below an alias are known by the alias.
        Ok(TreeNodeRecursion::Jump)
    })?;
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let names = names.join(", ");
    Ok(if more > 0 { format!("{names} and {more} more") } else { names })
}

/// The batch size of an optimized plan if it has joins.
pub(super) fn batch_rows(plan: &LogicalPlan) -> Result<Option<usize>, DataFusionError> {
    let mut batch_rows = None;
    plan.apply(|node| {
        let LogicalPlan::Join(join) = node else { return Ok(TreeNodeRecursion::Continue) };
        let is_copied = |data_type: &DataType| {
            let is_view = matches!(data_type, DataType::Utf8View | DataType::BinaryView);
            let is_text = data_type.is_string() || data_type.is_binary();
            data_type.is_nested() || (is_text && !is_view)
        };
        if join.schema.fields().iter().any(|field| is_copied(field.data_type())) {
            batch_rows = Some(COPYING_BATCH_ROWS);
            return Ok(TreeNodeRecursion::Stop);
        }
        batch_rows = Some(JOINED_BATCH_ROWS);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(batch_rows)
}

/// The plan with a limit after each operator that produces rows and before each that keeps them.
pub(crate) fn bounded(
    plan: Arc<dyn ExecutionPlan>,
    tables: &str,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let plan = plan.transform_up(|node| {
        Ok(if GROWING.contains(&node.name()) {
            let maker = if node.name() == UNNEST { "unnest" } else { "a join" };
            let maker = format!("{maker} of {tables}").into();
            let node = with_bounded_children(node, |join, place| match (join, place) {
                (join, 0) if COLLECTING.contains(&join) => Some(Bound::collected()),
                (join, 1) if CONDITIONAL.contains(&join) => Some(Bound::Probe),
                _ => None,
            })?;
            Transformed::yes(Arc::new(BoundedRowsExec::new(node, Bound::Made(maker))) as _)
        } else if [WINDOW_OF_ALL, WINDOW_OF_FRAMES].contains(&node.name()) {
            let window = Window::new(node.as_ref());
            Transformed::yes(with_bounded_children(node, |_, _| Some(Bound::Window(window)))?)
        } else {
            Transformed::no(node)
        })
    })?;
    Ok(plan.data)
}

/// The same operator, with bounds on its inputs, which depend on its name and their places.
fn with_bounded_children(
    node: Arc<dyn ExecutionPlan>,
    bound: impl Fn(&str, usize) -> Option<Bound>,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let children = node.children().into_iter().enumerate().map(|(place, child)| {
        let child = Arc::clone(child);
        match bound(node.name(), place) {
            Some(bound) => Arc::new(BoundedRowsExec::new(child, bound)) as _,
            None => child,
        }
    });
    let children = children.collect();
    node.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}

/// Passes on the rows of its input, and fails if there are too many.
#[derive(Debug)]
struct BoundedRowsExec {
    input: Arc<dyn ExecutionPlan>,
    bound: Bound,
    /// Rows of all partitions.
    rows: Arc<AtomicUsize>,
}

#[derive(Debug, Clone)]
enum Bound {
    /// On what the join above does before a cancelled query stops: see [`probe`].
    Probe,
    /// On rows that the operator below produces, with its name for errors.
    Made(Arc<str>),
    /// On rows that the window above keeps, and on what it produces for them.
    Window(Window),
    /// On the copy of all rows that the join above makes. It is charged until the end of the query:
    /// the copy outlives the stream.
    Collected(Arc<Mutex<Charge>>),
}

impl Bound {
    fn collected() -> Self {
        Self::Collected(Arc::new(Mutex::new(Charge::none())))
    }
}

/// A window operator, which copies texts for each row.
#[derive(Debug, Clone, Copy)]
struct Window {
    makes_all: bool,
    /// Number of texts that it produces for one row.
    texts: usize,
}

impl Window {
    fn new(node: &dyn ExecutionPlan) -> Self {
        let given = node.children().first().map_or(0, |child| child.schema().fields().len());
        let schema = node.schema();
        let made = schema.fields().iter().skip(given).map(|field| field.data_type());
        let texts = made.filter(|made| made.is_string() || made.is_nested()).count();
        Self { makes_all: node.name() == WINDOW_OF_ALL, texts }
    }

    /// Slices of the batch that are small enough for the operator; what it keeps is charged.
    fn slices(
        self,
        batch: RecordBatch,
        charge: &mut Charge,
        longest: &mut usize,
    ) -> Result<Vec<RecordBatch>, DataFusionError> {
        let texts = batch.columns().iter().map(longest_text).max().unwrap_or_default();
        *longest = texts.max(*longest);
        let made = self.texts.saturating_mul(*longest);
        let rows = batch.num_rows();
        let kept: usize = batch.columns().iter().map(|column| held_bytes(column)).sum();
        let kept = kept.saturating_mul(WINDOW_COPIES);
        if self.makes_all {
            charge.grow(made.saturating_mul(rows).saturating_add(kept))?;
            return Ok(vec![batch]);
        }
        charge.grow(kept)?;
        Ok(slices(batch, COPIED_BYTES_MAX / made.max(1)))
    }
}

/// Slices of at most so many rows, at least one.
fn slices(batch: RecordBatch, rows_max: usize) -> Vec<RecordBatch> {
    let (rows, rows_max) = (batch.num_rows(), rows_max.max(1));
    if rows <= rows_max {
        return vec![batch];
    }
    let slice = |first| batch.slice(first, rows_max.min(rows - first));
    (0..rows).step_by(rows_max).map(slice).collect()
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
        if matches!(self.bound, Bound::Probe) {
            return Ok(probe(input));
        }
        let schema = input.schema();
        let (bound, total) = (self.bound.clone(), Arc::clone(&self.rows));
        let mut charge = Charge::none();
        let mut longest = 0;
        let batches = input.map(move |batch| {
            let batch = batch?;
            running::check().map_err(|error| DataFusionError::External(Box::new(error)))?;
            match &bound {
                Bound::Probe => Ok(vec![batch]),
                Bound::Made(maker) => {
                    let rows = batch.num_rows();
                    if total.fetch_add(rows, Ordering::Relaxed).saturating_add(rows) > ROWS_MAX {
                        return Err(too_large(format!(
                            "{maker} makes more than {ROWS_MAX} rows; join ON a condition that few \
                             pairs of rows satisfy, or join subqueries that have a WHERE or a LIMIT"
                        )));
                    }
                    // One long text may be in all rows.
                    let texts = batch.columns().iter().map(longest_text);
                    let row_bytes = texts.fold(1, usize::saturating_add);
                    Ok(slices(batch, COPIED_BYTES_MAX / row_bytes))
                }
                Bound::Window(window) => {
                    let rows = batch.num_rows();
                    running::note_window_rows(total.fetch_add(rows, Ordering::Relaxed) + rows);
                    window.slices(batch, &mut charge, &mut longest)
                }
                Bound::Collected(copy) => {
                    let bytes = batch.columns().iter().map(|column| held_bytes(column)).sum();
                    copy.lock().grow(bytes)?;
                    Ok(vec![batch])
                }
            }
        });
        let rows = batches.map_ok(|slices| stream::iter(slices.into_iter().map(Ok))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
