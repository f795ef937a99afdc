//! The answer to a PromQL query.

use std::sync::Arc;
use std::time::Duration;

use signals::Labels;
use signals::metric::NativeHistogram;

use crate::Error;
use crate::sample_counts::SampleCounts;

/// Options of one query.
#[derive(Debug, Clone)]
pub struct Options {
    /// How far an instant selector looks back for a sample, in milliseconds.
    pub lookback_ms: i64,
    /// Maximum number of series in the answer; 0 means no limit.
    pub limit: usize,
    /// Whether the answer has [`Answer::samples`].
    pub counts_samples: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { lookback_ms: 300_000, limit: 0, counts_samples: false }
    }
}

/// The answer to a query, with Prometheus' annotations.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// Warnings, sorted.
    pub warnings: Vec<String>,
    /// Infos, sorted.
    pub infos: Vec<String>,
    /// How many samples the query looked at, if that was asked for.
    pub samples: Option<SampleCounts>,
    /// How long it took; [`crate::Query::answer`] leaves them to the caller.
    pub timings: Timings,
}

/// How long a query took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Time until the query was started.
    pub queue: Duration,
    /// Time to select the series.
    pub preparation: Duration,
    /// Time to decode samples and evaluate the expression.
    pub evaluation: Duration,
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
    /// A string.
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
    /// Size of the result and its text, in bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the result is too large to send.
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
    /// Its time.
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
    /// Pairs of time in milliseconds and value.
    pub points: Vec<(i64, f64)>,
    /// Pairs of time in milliseconds and native histogram.
    pub histograms: Vec<(i64, Arc<NativeHistogram>)>,
}

/// Maximum number of values in one answer: the client holds all of its text.
const VALUES_MAX: usize = 10_000_000;

/// Bytes of a value and its time, as numbers and as text.
const VALUE_BYTES: usize = 64;
/// Approximate bytes of a native histogram as text.
const HISTOGRAM_TEXT_BYTES: usize = 2048;

/// Bytes of the labels of a series and their text.
pub fn labels_size(labels: &Labels) -> usize {
    VALUE_BYTES + 3 * labels.as_bytes().len()
}

/// Bytes of samples and their text.
pub fn vector_size(samples: &[Sample]) -> usize {
    let of_sample = |sample: &Sample| {
        let histogram = if sample.histogram.is_some() { HISTOGRAM_TEXT_BYTES } else { 0 };
        labels_size(&sample.labels) + VALUE_BYTES + histogram
    };
    samples.iter().map(of_sample).sum()
}

/// Bytes of series and their text.
///
/// # Errors
/// [`Error::TooLarge`] if they are too large to send.
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
