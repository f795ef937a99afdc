//! Exposition formats: what a scrape gets from a target.
//!
//! [`select`] finds the format by the response's `Content-Type`; [`TextParser`] reads Prometheus
//! text and OpenMetrics text, [`FamilyParser`] the delimited protobuf format. Both accept what
//! Prometheus 3 accepts and refuse a page as a whole where Prometheus does, with its messages.
//!
//! The text parser builds no labels: a sample has the text of its series, by which a scraper finds
//! the series of the previous scrape, and [`series_labels`] parses the labels of new ones. A page
//! in the usual order is faster still with [`TextParser::read_expecting`].

mod classic;
mod converter;
mod created;
pub(crate) mod family;
mod fast;
mod float;
mod lexer;
mod limits;
pub(crate) mod protocol;
mod quote;
mod series;
#[cfg(test)]
mod tests;
mod text;
mod write;

use std::borrow::Cow;
use std::sync::Arc;

use signals::Labels;
use signals::metric::{MetricKind, NativeHistogram};

pub use self::converter::{ConvertedEntry, HistogramConverter};
pub use self::family::{FamilyOptions, FamilyParser};
pub use self::float::NORMAL_NAN_BITS;
pub use self::limits::PageLimits;
pub use self::protocol::{Escaping, Format, ScrapeProtocol, Selected, accept, select};
pub use self::series::series_labels;
pub use self::text::TextParser;
pub use self::write::{FamilyWriter, TextWriter, WrittenFormat};

/// What `_created` lines of OpenMetrics text mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CreatedLines {
    /// Samples like all others; Prometheus' default.
    #[default]
    AreSamples,
    /// Start times of the other samples of their series, in [`TextSample::start_ms`]: Prometheus
    /// with start timestamps on.
    AreStartTimes,
}

/// An entry of a page in a text format.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry<'a> {
    /// `# HELP`
    Help {
        /// The metric family.
        metric: Cow<'a, str>,
        /// Its description.
        help: Cow<'a, str>,
    },
    /// `# TYPE`
    Type {
        /// The metric family.
        metric: Cow<'a, str>,
        /// Its type.
        kind: MetricKind,
    },
    /// `# UNIT`, in OpenMetrics.
    Unit {
        /// The metric family.
        metric: Cow<'a, str>,
        /// Its unit, possibly empty.
        unit: &'a str,
    },
    /// A sample.
    Sample(TextSample<'a>),
}

/// A sample of a text format.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextSample<'a> {
    /// Name and labels as they stand on the line; input of [`series_labels`].
    pub series: &'a [u8],
    /// Whether `series` is the one that [`TextParser::read_expecting`] was given. It may be that
    /// series even if not: the comparison is a shortcut.
    pub is_expected: bool,
    /// The type in the last `# TYPE` before the sample.
    pub kind: MetricKind,
    /// The value; NaN has [`NORMAL_NAN_BITS`].
    pub value: f64,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// Start time in milliseconds since 1970, with [`CreatedLines::AreStartTimes`].
    pub start_ms: Option<i64>,
    /// The exemplar, in OpenMetrics.
    pub exemplar: Option<TextExemplar<'a>>,
}

/// An exemplar of a text format.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextExemplar<'a> {
    /// Its labels as they stand on the line, with braces.
    labels: &'a [u8],
    /// The observed value.
    pub value: f64,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
}

/// An entry of a page in the protobuf format.
#[derive(Debug, Clone, PartialEq)]
pub enum FamilyEntry<'a> {
    /// The metadata of a family, before its samples.
    Family {
        /// The name.
        metric: &'a str,
        /// The description.
        help: &'a str,
        /// The unit, possibly empty.
        unit: &'a str,
        /// The type.
        kind: MetricKind,
    },
    /// A float sample.
    Sample {
        /// The series and times.
        series: FamilySeries,
        /// The value.
        value: f64,
        /// The exemplar of a counter or of a bucket.
        exemplar: Option<FamilyExemplar>,
    },
    /// A native histogram.
    Histogram {
        /// The series and times.
        series: FamilySeries,
        /// The histogram.
        histogram: Arc<NativeHistogram>,
        /// Exemplars that have a timestamp.
        exemplars: Vec<FamilyExemplar>,
    },
}

/// The series of a protobuf sample, with the sample's times.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilySeries {
    /// The labels.
    pub labels: Labels,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// Start time in milliseconds since 1970.
    pub start_ms: Option<i64>,
}

/// An exemplar of the protobuf format.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyExemplar {
    /// Its labels.
    pub labels: Labels,
    /// The observed value.
    pub value: f64,
    /// Milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
}
