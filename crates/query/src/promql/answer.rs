//! What a PromQL query answers.

use std::sync::Arc;

use signals::Labels;
use signals::metric::NativeHistogram;

use crate::QueryError;

/// What a caller may choose for one query.
#[derive(Debug, Clone)]
pub struct Options {
    /// How far an instant selector looks back for a sample, in milliseconds.
    pub lookback_ms: i64,
    /// Most series to answer with; 0 is no limit.
    pub limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { lookback_ms: 300_000, limit: 0 }
    }
}

/// The answer to a query, with what Prometheus would annotate.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// What may make the result wrong, sorted.
    pub warnings: Vec<String>,
    /// What may surprise, sorted.
    pub infos: Vec<String>,
}

/// A result of one of PromQL's types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Scalar {
        /// When it was evaluated.
        timestamp_ms: i64,
        /// The number.
        value: f64,
    },
    /// A text.
    Text {
        /// When it was evaluated.
        timestamp_ms: i64,
        /// The text.
        text: String,
    },
    /// At most one sample per series.
    Vector(Vec<Sample>),
    /// Samples of each series over time.
    Matrix(Vec<Series>),
}

/// One sample of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The series.
    pub labels: Labels,
    /// When.
    pub timestamp_ms: i64,
    /// The number; unused when there is a histogram.
    pub value: f64,
    /// The native histogram, if it is one.
    pub histogram: Option<Arc<NativeHistogram>>,
}

/// Samples of a series over time, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The series.
    pub labels: Labels,
    /// Time in milliseconds and number.
    pub points: Vec<(i64, f64)>,
    /// Time in milliseconds and native histogram.
    pub histograms: Vec<(i64, Arc<NativeHistogram>)>,
}

/// Most values over time of one answer: it becomes text that the client holds whole.
const VALUES_MAX: usize = 10_000_000;

/// Refuses answers that are too large to be sent.
///
/// # Errors
/// [`QueryError::TooLarge`].
pub(crate) fn check_size(all: &[Series]) -> Result<(), QueryError> {
    let values: usize =
        all.iter().map(|series| series.points.len() + series.histograms.len()).sum();
    if values > VALUES_MAX {
        return Err(QueryError::TooLarge(format!(
            "the answer has {values} values, and at most {VALUES_MAX} are sent; use a longer step \
             or aggregate"
        )));
    }
    Ok(())
}
