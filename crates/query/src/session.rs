//! The DataFusion part of the engine: memory, caches, settings, functions and tables, built once.
//!
//! There are no file formats, no table factories, no catalog that lists files, and no other object
//! store: SQL can name our tables and nothing else.

mod pool;

use std::sync::Arc;

use datafusion::arrow::datatypes::TimestampNanosecondType;
use datafusion::arrow::temporal_conversions::as_datetime;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider,
};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionStateDefaults, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::registry::FunctionRegistry;
use datafusion::optimizer::{Optimizer, OptimizerRule};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use signals::{MemoryBudget, MemoryReservation, Signal, Timestamp};

use crate::scan::functions;
use crate::scan::opened::Opened;
use crate::scan::rows_table::RowsTable;
use crate::source::Source;
use crate::sql::keep_repeated_projections::KeepRepeatedProjections;
use crate::sql::matching::PatternsOfRows;
use crate::sql::result_size_limits::{self, BoundedPlanner};
use crate::sql::{bounded_rows, collecting};
use crate::table::{self, MetricsTable, RewriteViewPredicates};
use crate::{Limits, QueryError, running};
use pool::QueryPool;

/// Default catalog and schema of the tables.
const CATALOG: &str = "glasshouse";
const SCHEMA: &str = "public";

/// Functions whose result size is a number in the query, outside the memory pool.
const FUNCTIONS_REFUSED: [&str; 7] =
    ["repeat", "lpad", "rpad", "array_repeat", "array_resize", "range", "generate_series"];

/// State that is built once and shared by all queries of an engine.
pub(crate) struct Session {
    state: SessionState,
    source: Arc<dyn Source>,
    spans: Arc<RowsTable>,
    logs: Arc<RowsTable>,
    memory: MemoryBudget,
    /// For Parquet footers and page indexes.
    _cache: MemoryReservation,
}

impl Session {
    /// A session over a source.
    pub(crate) fn new(source: Arc<dyn Source>, limits: &Limits) -> Result<Self, QueryError> {
        running::follow_tasks();
        // Reserved in full, because DataFusion does not report the size of its cache.
        let cache = limits.caches.reservation();
        cache.grow(limits.caches.bytes_max());
        let runtime = runtime(source.as_ref(), cache.bytes())?;
        let metadata = runtime.cache_manager.get_file_metadata_cache();
        let stored =
            |signal| Arc::new(RowsTable::new(Arc::clone(&source), signal, Arc::clone(&metadata)));
        let (spans, logs) = (stored(Signal::Spans), stored(Signal::Logs));
        let schema = MemorySchemaProvider::new();
        let metrics =
            MetricsTable::new(Arc::clone(&source), limits.series_max, limits.memory.clone());
        schema.register_table("spans".to_owned(), table::view(&(Arc::clone(&spans) as _))?)?;
        schema.register_table("logs".to_owned(), table::view(&(Arc::clone(&logs) as _))?)?;
        schema.register_table("metrics".to_owned(), Arc::new(metrics))?;
        let state = state(runtime, schema)?;
        Ok(Self { state, source, spans, logs, memory: limits.memory.clone(), _cache: cache })
    }

    /// The stored rows of a signal; metrics have samples, not rows.
    pub(crate) fn rows(&self, signal: Signal) -> Option<Arc<RowsTable>> {
        match signal {
            Signal::Spans => Some(Arc::clone(&self.spans)),
            Signal::Logs => Some(Arc::clone(&self.logs)),
            Signal::Metrics => None,
        }
    }

    /// Settings and functions of one query, whose `now()` is `now`.
    pub(crate) fn state(&self, now: Timestamp) -> SessionState {
        let mut state = self.state.clone();
        state.config_mut().set_extension(Arc::new(Opened::new(Arc::clone(&self.source))));
        state.mark_start_execution();
        state.execution_props_mut().query_execution_start_time =
            as_datetime::<TimestampNanosecondType>(now).map(|time| time.and_utc());
        state
    }

    /// Plans and starts a query, charged to the memory of all queries; dropping the stream cancels
    /// it.
    pub(crate) async fn execute(
        &self,
        state: &SessionState,
        plan: &LogicalPlan,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let tables = bounded_rows::tables(plan)?;
        let plan = bounded_rows::bounded(state.create_physical_plan(plan).await?, &tables)?;
        let memory = running::memory().unwrap_or_else(|| Arc::new(self.memory.reservation()));
        let runtime = state.runtime_env();
        let runtime = RuntimeEnv {
            memory_pool: Arc::new(QueryPool::new(memory)),
            disk_manager: Arc::clone(&runtime.disk_manager),
            cache_manager: Arc::clone(&runtime.cache_manager),
            object_store_registry: Arc::clone(&runtime.object_store_registry),
        };
        let context = TaskContext::new(
            None,
            state.session_id().to_owned(),
            state.config().clone(),
            state.scalar_functions().clone(),
            state.higher_order_functions().clone(),
            state.aggregate_functions().clone(),
            state.window_functions().clone(),
            Arc::new(runtime),
        );
        let rows = execute_stream(plan, Arc::new(context))?;
        Ok(match state.config().get_extension::<Opened>() {
            Some(opened) => opened.watch(rows),
            None => rows,
        })
    }
}

/// The URL under which our object store is registered with DataFusion.
pub(crate) fn objects_url() -> Result<ObjectStoreUrl, DataFusionError> {
    ObjectStoreUrl::parse("glasshouse://parts")
}

/// Caches and the only object store. Nothing is spilled to disk: a query that needs more memory
/// than all queries may use is refused, so queries never compete with ingest for the disk.
fn runtime(
    source: &dyn Source,
    cache_bytes_max: usize,
) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
        )
        .with_metadata_cache_limit(cache_bytes_max)
        .build_arc()?;
    // DataFusion registers the local file system by default.
    let files = ObjectStoreUrl::local_filesystem();
    runtime.deregister_object_store(files.as_ref())?;
    runtime.register_object_store(objects_url()?.as_ref(), source.objects());
    Ok(runtime)
}

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    // Times without a time zone are read as UTC, like all stored times.
    options.execution.time_zone = Some("+00:00".to_owned());
    // A recursive query can double a text in each iteration, outside the memory pool.
    options.execution.enable_recursive_ctes = false;
    options.execution.collect_statistics = false;
    options.execution.split_file_groups_by_statistics = true;
    // The rule splits `attributes['k']` off conditions, which then do not reach the parts.
    options.optimizer.enable_leaf_expression_pushdown = false;
    // Off unless it pays for the shape of the query: see `RowsTable`.
    options.execution.parquet.pushdown_filters = false;
    options.execution.parquet.reorder_filters = true;
    config
}

fn state(
    runtime: Arc<RuntimeEnv>,
    schema: MemorySchemaProvider,
) -> Result<SessionState, DataFusionError> {
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    datafusion::catalog::CatalogProviderList::register_catalog(
        &catalogs,
        CATALOG.to_owned(),
        Arc::new(catalog),
    );
    let mut scalar_functions = SessionStateDefaults::default_scalar_functions();
    scalar_functions.retain(|function| !FUNCTIONS_REFUSED.contains(&function.name()));
    let mut scalar_functions = result_size_limits::bounded(scalar_functions);
    scalar_functions.extend(functions::all());
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(BoundedPlanner::new())];
    planners.extend(SessionStateDefaults::default_expr_planners());
    let mut state = SessionStateBuilder::new()
        .with_config(config())
        .with_runtime_env(runtime)
        .with_catalog_list(Arc::new(catalogs))
        .with_expr_planners(planners)
        .with_scalar_functions(scalar_functions)
        .with_aggregate_functions(collecting::bounded(
            SessionStateDefaults::default_aggregate_functions(),
        ))
        .with_window_functions(SessionStateDefaults::default_window_functions())
        .with_optimizer_rules(optimizer_rules())
        .build();
    state.register_function_rewrite(Arc::new(PatternsOfRows::new()))?;
    Ok(state)
}

/// DataFusion's rules, with ours right after filter pushdown through the views: later rules would
/// extract `hex_text(…)` from the conditions as a common subexpression.
fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    let filters = rules.iter().position(|rule| rule.name() == "push_down_filter");
    let after = filters.map_or(rules.len(), |at| at + 1);
    rules.insert(after, Arc::new(RewriteViewPredicates));
    let merges = rules.iter().position(|rule| rule.name() == "optimize_projections");
    rules.insert(merges.unwrap_or(rules.len()), Arc::new(KeepRepeatedProjections));
    rules
}
