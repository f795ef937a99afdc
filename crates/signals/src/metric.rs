//! Metrics: series of samples, identified by their labels.

mod bounds;
mod builder;
mod resolution;

use std::fmt;
use std::sync::Arc;

pub use bounds::bucket_bound;
pub use builder::LabelsBuilder;
pub use resolution::{SCHEMA_MAX, SCHEMA_MIN};

/// The label that holds the metric's name.
pub const NAME_LABEL: &str = "__name__";

/// The bits of Prometheus' staleness marker, a NaN.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Whether a value is the staleness marker.
#[must_use]
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// The labels of a series: sorted by name, no duplicates, no empty values.
///
/// One allocation, cheap to clone. Encoded as a sequence of `length name length value`, with
/// lengths as little-endian `u32`. Equal label sets have equal bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels {
    bytes: Arc<[u8]>,
}

impl Labels {
    /// No labels at all.
    #[must_use]
    pub fn empty() -> Self {
        Self { bytes: Arc::from([]) }
    }

    /// Sorts the pairs. The last value of a duplicate name wins; empty values are dropped.
    #[must_use]
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
        pairs.sort_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
        let mut bytes = Vec::new();
        for (i, (name, value)) in pairs.iter().enumerate() {
            let is_repeated = pairs.get(i + 1).is_some_and(|next| next.0.as_ref() == name.as_ref());
            if !is_repeated && !value.as_ref().is_empty() {
                push_text(&mut bytes, name.as_ref());
                push_text(&mut bytes, value.as_ref());
            }
        }
        Self { bytes: bytes.into() }
    }

    /// Decodes [`Self::as_bytes`].
    ///
    /// Returns `None` unless the bytes hold complete pairs of UTF-8 text with ascending names.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut previous: Option<&str> = None;
        while !rest.is_empty() {
            let name = take_text(&mut rest)?;
            let value = take_text(&mut rest)?;
            if value.is_empty() || previous.is_some_and(|previous| previous >= name) {
                return None;
            }
            previous = Some(name);
        }
        Some(Self { bytes: bytes.into() })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pairs in ascending order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest: &[u8] = &self.bytes;
        std::iter::from_fn(move || Some((take_text(&mut rest)?, take_text(&mut rest)?)))
    }

    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(n, v)| (n == name).then_some(v))
    }

    /// The metric's name, or the empty text.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.get(NAME_LABEL).unwrap_or_default()
    }

    /// Number of labels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are no labels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// These labels without those selected by `is_dropped`.
    #[must_use]
    pub fn without(&self, mut is_dropped: impl FnMut(&str) -> bool) -> Self {
        Self::from_pairs(self.iter().filter(|(name, _)| !is_dropped(name)))
    }

    /// These labels with one label set, or removed if the value is empty.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self::from_pairs(self.iter().chain([(name, value)]))
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&text.as_bytes()[..length as usize]);
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let (text, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

/// `{a="b", c="d"}`, the metric name as a label like any other.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(f, "{separator}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

/// A reference to a series in one store, usable in place of its labels.
///
/// Valid while the store keeps the series in memory; never reused for another series or after a
/// restart. The store reports stale references as unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(u64);

impl SeriesRef {
    /// Restores a reference from [`Self::to_u64`].
    #[must_use]
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The reference as a number.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        self.0
    }
}

/// How a batch names a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeriesKey {
    /// By its labels: the store finds or creates the series.
    Labels(Labels),
    /// By a reference from the store: avoids building, hashing and comparing labels.
    Ref(SeriesRef),
}

impl From<Labels> for SeriesKey {
    fn from(labels: Labels) -> Self {
        Self::Labels(labels)
    }
}

impl From<SeriesRef> for SeriesKey {
    fn from(reference: SeriesRef) -> Self {
        Self::Ref(reference)
    }
}

impl SeriesKey {
    /// The labels, unless the series is named by reference.
    #[must_use]
    pub fn labels(&self) -> Option<&Labels> {
        match self {
            Self::Labels(labels) => Some(labels),
            Self::Ref(_) => None,
        }
    }
}

/// The series of a request and their new samples.
#[derive(Debug, Clone, Default)]
pub struct SeriesBatch {
    /// The series that samples, histograms, exemplars and start times refer to by index.
    pub series: Vec<SeriesKey>,
    /// Float samples.
    pub samples: Vec<Sample>,
    /// Native histogram samples.
    pub histograms: Vec<HistogramSample>,
    /// Exemplars.
    pub exemplars: Vec<Exemplar>,
    /// Start times of counters, where the sender provides them.
    pub start_times: Vec<StartTime>,
    /// Type, help and unit of metric families.
    pub metadata: Vec<Metadata>,
}

impl SeriesBatch {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
            && self.histograms.is_empty()
            && self.exemplars.is_empty()
            && self.metadata.is_empty()
    }
}

/// The start time of a counter, histogram or summary: OTLP's `start_time_unix_nano`, the created
/// timestamp of OpenMetrics and remote write. Applies to the samples of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartTime {
    /// Index into [`SeriesBatch::series`].
    pub series: u32,
    /// Milliseconds since 1970.
    pub start_ms: i64,
}

/// A float sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Index into [`SeriesBatch::series`].
    pub series: u32,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The value; [`STALE_NAN_BITS`] marks the end of the series.
    pub value: f64,
}

/// The samples of one series in columns; timestamps are strictly ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples {
    /// Milliseconds since 1970 of `values`.
    pub timestamps: Vec<i64>,
    /// Float samples.
    pub values: Vec<f64>,
    /// Native histograms, interleaved in time with the float samples.
    pub histograms: Vec<(i64, Arc<NativeHistogram>)>,
}

impl Samples {
    /// Clears the samples and keeps the allocations.
    pub fn clear(&mut self) {
        self.timestamps.clear();
        self.values.clear();
        self.histograms.clear();
    }
}

/// A native histogram sample.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSample {
    /// Index into [`SeriesBatch::series`].
    pub series: u32,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The histogram.
    pub histogram: Arc<NativeHistogram>,
}

/// A Prometheus native histogram with absolute, floating-point bucket counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NativeHistogram {
    /// Resolution: each bucket is `2^(2^-schema)` times the one below; [`CUSTOM_SCHEMA`] has custom
    /// bounds.
    pub schema: i32,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of all observations.
    pub sum: f64,
    /// Runs of populated positive buckets.
    pub positive_spans: Vec<BucketSpan>,
    /// Count of each populated positive bucket.
    pub positive_counts: Vec<f64>,
    /// Runs of populated negative buckets.
    pub negative_spans: Vec<BucketSpan>,
    /// Count of each populated negative bucket.
    pub negative_counts: Vec<f64>,
    /// Upper bounds for [`CUSTOM_SCHEMA`].
    pub custom_bounds: Vec<f64>,
    /// The sender's counter-reset hint.
    pub reset_hint: ResetHint,
}

/// The schema of histograms with custom bucket bounds.
pub const CUSTOM_SCHEMA: i32 = -53;

impl NativeHistogram {
    /// Whether the buckets have custom bounds.
    #[must_use]
    pub fn has_custom_bounds(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }

    /// Whether counts may decrease without a reset.
    #[must_use]
    pub fn is_gauge(&self) -> bool {
        self.reset_hint == ResetHint::Gauge
    }
}

/// Whether the counts of a native histogram were reset since the previous sample: remote write's
/// `ResetHint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResetHint {
    /// Not specified: a decrease indicates a reset.
    #[default]
    Unknown,
    /// The counts were reset.
    Reset,
    /// The counts were not reset.
    NotReset,
    /// A gauge histogram, whose counts may decrease.
    Gauge,
}

/// A run of consecutive buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketSpan {
    /// Gap to the previous run, or the index of the first bucket.
    pub offset: i32,
    /// Number of buckets.
    pub length: u32,
}

/// An example observation, usually with a `trace_id`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Index into [`SeriesBatch::series`].
    pub series: u32,
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The observed value.
    pub value: f64,
    /// Its own labels, such as `trace_id` and `span_id`.
    pub labels: Labels,
}

/// Metadata of a metric family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Name of the family.
    pub metric: String,
    /// Its type.
    pub kind: MetricKind,
    /// Help text from the sender.
    pub help: String,
    /// Its unit, possibly empty.
    pub unit: String,
}

/// The type of a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetricKind {
    /// Monotonic, except for resets to zero.
    Counter,
    /// An arbitrary value.
    Gauge,
    /// Buckets, sum and count.
    Histogram,
    /// Buckets whose counts may go down.
    GaugeHistogram,
    /// Quantiles, sum and count.
    Summary,
    /// Constant labels about something.
    Info,
    /// One of several states.
    StateSet,
    /// Not specified.
    #[default]
    Unknown,
}

impl MetricKind {
    /// The name in Prometheus' API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_unique_and_never_empty() {
        let labels = Labels::from_pairs([("b", "1"), ("a", ""), ("c", "x"), ("b", "2")]);
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("b", "2"), ("c", "x")]);
        assert_eq!(Labels::from_bytes(labels.as_bytes()), Some(labels));
    }

    #[test]
    fn broken_label_bytes_are_refused() {
        let whole = Labels::from_pairs([("a", "1"), ("b", "2")]);
        for length in 1..whole.as_bytes().len() {
            let cut = &whole.as_bytes()[..length];
            assert!(Labels::from_bytes(cut).is_none_or(|labels| labels.len() == 1), "{length}");
        }
    }
}
