//! PromQL: from text to an answer, over series from any source.
//!
//! A query is parsed (`lang::promql`), [`plan()`] lists the data that its selectors read, the caller
//! finds those series, and [`Query::answer`] runs a columnar executor over them on the caller's
//! thread: one row per series, one column per step. Samples are decoded one series at a time;
//! labels are processed once per series.
//!
//! Unsupported features return [`Error::Unsupported`] with their name, never a wrong number.

mod aggregate;
mod annotations;
mod answer;
mod arithmetic;
mod best;
mod binary;
mod call;
mod classic_histogram;
mod dates;
mod error;
mod evaluator;
mod extended;
mod extrapolate;
mod grid;
mod histogram_rate;
mod histogram_stats;
mod info;
mod invariance;
mod kahan;
mod label_hash;
mod labels;
mod logarithms;
mod matching;
pub mod memory;
mod merge;
mod native_histogram;
pub mod notation;
mod over_time;
mod parameter_range;
mod pick;
mod plan;
mod prepared;
mod range;
mod sample_counts;
mod scalar;
mod select;
mod set_operator;
mod signature;
mod start_times;
mod syntax_tree;
mod text;

pub use answer::{
    Answer, Options, Sample, Series, Timings, Value, labels_size, matrix_size, vector_size,
};
pub use error::{Error, SeriesError};
pub use evaluator::{Query, Settings, compare_labels};
pub use lang::promql::{Expr, format_duration, format_float, quote};
pub use native_histogram::shown as histogram_text;
pub use plan::{Conditions, SelectorPlan, SeriesRead, StartTimes, matchers, plan};
pub use prepared::{Prepared, PreparedQueries};
pub use sample_counts::SampleCounts;
pub use syntax_tree::syntax_tree;

/// Maximum number of steps of a range query.
pub const STEPS_MAX: i64 = 11_000;

/// Parses a query.
///
/// # Errors
/// [`Error::Invalid`], worded as in Prometheus.
pub fn parse(query: &str) -> Result<Expr, Error> {
    lang::promql::parse(query).map_err(|error| Error::Invalid(error.to_string()))
}

/// Parses a series selector, as in `match[]` parameters.
///
/// # Errors
/// As [`parse`].
pub fn parse_selector(selector: &str) -> Result<Vec<signals::Matcher>, Error> {
    let parsed = lang::promql::parse_selector(selector);
    matchers(&parsed.map_err(|error| Error::Invalid(error.to_string()))?)
}

/// Formats a query as Prometheus does.
///
/// # Errors
/// As [`parse`].
pub fn format(query: &str) -> Result<String, Error> {
    Ok(parse(query)?.to_string())
}
