//! PromQL: from text to an answer, over the series of the store.
//!
//! A query is parsed (`lang::promql`), the series that its selectors name are listed, and then a
//! columnar executor runs on a thread of its own: one row per series, one column per step. Samples
//! are decoded one series at a time; labels are looked at once per series.
//!
//! What is not built answers [`crate::QueryError::Unsupported`] by name, never a wrong number.

mod aggregate;
mod annotations;
mod answer;
mod arithmetic;
mod binary;
mod call;
mod classic_histogram;
mod dates;
mod engine;
mod evaluator;
mod extrapolate;
mod grid;
mod histogram_rate;
mod kahan;
mod labels;
mod matching;
mod native_histogram;
mod over_time;
mod plan;
mod range;
mod scalar;
mod select;

pub use crate::source::ExemplarSeries;
pub use answer::{Answer, Options, Sample, Series, Value};
pub(crate) use answer::{labels_size, matrix_size, vector_size};
pub use evaluator::{Query, Settings};
pub use plan::{SelectorPlan, SeriesRead, plan};

/// Most steps of a range query.
pub const STEPS_MAX: i64 = 11_000;

/// A query as Prometheus would write it.
///
/// # Errors
/// [`QueryError::Invalid`](crate::QueryError::Invalid) when it is none.
pub fn format(query: &str) -> Result<String, crate::QueryError> {
    let expr = lang::promql::parse(query);
    expr.map(|expr| expr.to_string()).map_err(|error| crate::QueryError::Invalid(error.to_string()))
}
