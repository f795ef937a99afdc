//! What a PromQL query answers.

use std::sync::Arc;

use signals::Labels;
use signals::metric::NativeHistogram;

use crate::Error;

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

impl Value {
    /// Bytes of it and of its text.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for one that is too large to be sent.
    pub fn size(&self) -> Result<usize, Error> {
        Ok(match self {
            Self::Scalar { .. } => VALUE_BYTES,
            Self::Text { text, .. } => VALUE_BYTES + 2 * text.len(),
            Self::Vector(samples) => vector_size(samples),
            Self::Matrix(series) => matrix_size(series)?,
        })
    }
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

/// Bytes of a value and its time as numbers and as text.
const VALUE_BYTES: usize = 64;
/// Bytes of a native histogram as text, roughly.
const HISTOGRAM_TEXT_BYTES: usize = 2048;

/// Bytes of the labels of a series and of their text.
pub fn labels_size(labels: &Labels) -> usize {
    VALUE_BYTES + 3 * labels.as_bytes().len()
}

/// Bytes of samples and of their text.
pub fn vector_size(samples: &[Sample]) -> usize {
    let of_sample = |sample: &Sample| {
        let histogram = if sample.histogram.is_some() { HISTOGRAM_TEXT_BYTES } else { 0 };
        labels_size(&sample.labels) + VALUE_BYTES + histogram
    };
    samples.iter().map(of_sample).sum()
}

/// Bytes of series and of their text.
///
/// # Errors
/// [`Error::TooLarge`] for those that are too large to be sent.
pub fn matrix_size(series: &[Series]) -> Result<usize, Error> {
    let values: usize =
        series.iter().map(|series| series.points.len() + series.histograms.len()).sum();
    if values > VALUES_MAX {
        return Err(Error::TooLarge(format!(
            "the answer has {values} values, and at most {VALUES_MAX} are sent; use a longer step \
             or aggregate"
        )));
    }
    let labels: usize = series.iter().map(|series| labels_size(&series.labels)).sum();
    let histograms: usize = series.iter().map(|series| series.histograms.len()).sum();
    Ok(labels + values * VALUE_BYTES + histograms * HISTOGRAM_TEXT_BYTES)
}
