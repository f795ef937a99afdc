//! SQL over the tables `spans`, `logs` and `metrics`: one read-only statement at a time, with
//! limits on text, nesting, rows, memory and time.
//!
//! Nothing can be written, set, listed or loaded: statements other than queries are refused before
//! they are planned, and no function or table reaches files or the network.

pub(crate) mod bounded_rows;
pub(crate) mod collecting;
mod compact;
mod distinct_texts;
mod guard;
mod join_texts;
pub(crate) mod keep_repeated_projections;
pub(crate) mod matching;
mod probe;
pub(crate) mod result_size_limits;
mod slices;
mod stream;
#[cfg(test)]
mod tests;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::common::tree_node::TreeNode;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use signals::MemoryReservation;
use tokio::sync::{mpsc, oneshot};

use crate::instruments::Language;
use crate::session::Session;
use crate::{Engine, Limits, QueryError};
use guard::Kind;

pub use stream::Batches;

/// The answer to a statement; its rows are streamed.
pub struct SqlAnswer {
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows; dropping them cancels the query. The last item may be an error: a limit that was
    /// reached or data that could not be read.
    pub batches: Batches,
    /// Memory of queries, for the text that is made from the rows.
    pub memory: MemoryReservation,
}

/// The query behind `SHOW TABLES`, which would otherwise need DataFusion's information schema.
const SHOW_TABLES: &str =
    "SELECT table_name FROM (VALUES ('logs'), ('metrics'), ('spans')) AS tables(table_name)";

impl Engine {
    /// Answers one SQL statement: a query, `EXPLAIN`, `DESCRIBE` or `SHOW TABLES`.
    ///
    /// # Errors
    /// [`QueryError::Invalid`] with line and column if known, [`QueryError::Unsupported`] for
    /// statements that do not read, and limits.
    pub async fn sql(&self, query: &str) -> Result<SqlAnswer, QueryError> {
        let (engine, query) = (self.clone(), query.to_owned());
        let (schema_sender, mut schema) = oneshot::channel();
        let (sender, batches) = mpsc::channel(1);
        let mut pending = self
            .start(Language::Sql, async move {
                let session = engine.session()?;
                let rows = start(session, engine.clock.now(), &engine.limits, &query).await?;
                // A receiver that dropped the schema does not read the rows either.
                let _ = schema_sender.send(rows.schema());
                stream::send(rows, engine.limits.rows_max, &sender).await
            })
            .await?;
        let schema = tokio::select! {
            biased;
            Ok(schema) = &mut schema => schema,
            end = pending.answer() => {
                end?;
                schema.await.map_err(|error| QueryError::Internal(error.to_string()))?
            }
        };
        let memory = self.limits.memory.reservation();
        Ok(SqlAnswer { schema, batches: stream::received(batches, pending), memory })
    }
}

/// Plans a statement and starts it.
pub(crate) async fn start(
    session: &Session,
    now: signals::Timestamp,
    limits: &Limits,
    query: &str,
) -> Result<SendableRecordBatchStream, QueryError> {
    let mut state = session.state(now);
    let (kind, statement) = guard::parse(query)?;
    let plan = match kind {
        Kind::ShowTables => state.create_logical_plan(SHOW_TABLES).await?,
        Kind::Query | Kind::About => state.statement_to_plan(statement).await?,
    };
    read_only().verify_plan(&plan)?;
    let plan = collecting::in_windows(plan)?;
    let is_limited = is_limited(&plan)?;
    let has_joins = plan.exists(|node| Ok(matches!(node, LogicalPlan::Join(_))))?;
    state.config_mut().options_mut().execution.parquet.pushdown_filters = is_limited;
    let plan = if kind == Kind::Query {
        // One more row than allowed distinguishes a complete answer from a truncated one.
        LogicalPlanBuilder::from(plan).limit(0, Some(limits.rows_max.saturating_add(1)))?.build()?
    } else {
        plan
    };
    // The optimizer removes columns that a join need not copy.
    if has_joins && let Some(rows) = bounded_rows::batch_rows(&state.optimize(&plan)?)? {
        let batch_size = ConfigNonZeroUsize::try_new(rows)?;
        state.config_mut().options_mut().execution.batch_size = batch_size;
    }
    Ok(session.execute(&state, &plan).await?)
}

fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

/// Whether only few of the rows that pass the filters are needed: there is a limit, and no operator
/// below it needs all rows.
fn is_limited(plan: &LogicalPlan) -> Result<bool, DataFusionError> {
    let has_limit = plan.exists(|node| Ok(matches!(node, LogicalPlan::Limit(_))))?;
    let needs_all = plan.exists(|node| {
        Ok(matches!(
            node,
            LogicalPlan::Aggregate(_)
                | LogicalPlan::Window(_)
                | LogicalPlan::Distinct(_)
                | LogicalPlan::Join(_)
        ))
    })?;
    Ok(has_limit && !needs_all)
}
