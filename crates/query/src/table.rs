//! The tables of SQL: `spans`, `logs` and `metrics`.
//!
//! Spans and logs are views over the stored rows: ids are lower-case hexadecimal text, and
//! attributes of resources and scopes are maps like the row's own. An optimizer rule rewrites
//! conditions on them into conditions on the stored columns, so that bloom filters, statistics and
//! dictionaries still apply. Metrics are samples, one per row.

mod matchers;
mod metrics;
mod rewrite_view_predicates;
mod samples_exec;

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::functions::expr_fn::lower;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::prelude::ident;
use signals::{log, span};

use crate::scan::attributes;
use crate::scan::functions::{attribute_map, hex_text};

pub(crate) use metrics::MetricsTable;
pub(crate) use rewrite_view_predicates::RewriteViewPredicates;

/// Columns of JSON objects that SQL sees as maps.
const JSON_COLUMNS: [&str; 4] = [
    span::column::RESOURCE_ATTRIBUTES,
    span::column::SCOPE_ATTRIBUTES,
    log::column::RESOURCE_ATTRIBUTES,
    log::column::SCOPE_ATTRIBUTES,
];

/// A table of SQL over stored rows, under the same column names.
pub(crate) fn view(
    rows: &Arc<dyn TableProvider>,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let schema = rows.schema();
    let fields = schema.fields().iter();
    let columns = fields
        .filter(|field| field.name() != span::column::LARGE_ATTRIBUTES)
        .map(|field| readable(field));
    let plan = LogicalPlanBuilder::scan("stored", provider_as_source(Arc::clone(rows)), None)?
        .project(columns)?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// The form of a column in SQL.
fn readable(field: &Field) -> Expr {
    let column = ident(field.name());
    if field.name() == span::column::ATTRIBUTES {
        attributes::whole().alias(field.name())
    } else if field.name() == span::column::ATTRIBUTE_TYPES {
        // Some parts hold the value in upper case.
        lower(column).alias(field.name())
    } else if matches!(field.data_type(), DataType::FixedSizeBinary(_)) {
        hex_text().call(vec![column]).alias(field.name())
    } else if JSON_COLUMNS.contains(&field.name().as_str()) {
        attribute_map().call(vec![column]).alias(field.name())
    } else {
        column
    }
}
