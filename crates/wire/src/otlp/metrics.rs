//! `ExportMetricsServiceRequest` (and `MetricsData`, which has the same shape) to series.
//!
//! Follows the translation that Prometheus' OTLP endpoint does. Points of delta temporality are
//! not samples yet: they come out beside the batch, for a [`super::delta::DeltaAccumulator`].

mod exemplar;
pub(crate) mod exponential;
pub(crate) mod histogram;
mod labels;
pub(crate) mod name;
mod number;
pub(crate) mod series;
mod summary;
mod target;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use signals::attributes::Value;
use signals::metric::MetricKind;
use signals::{Batch, MemoryReservation, Timestamp};

pub use self::name::Strategy;

use self::labels::{LabelBuilder, PointLabels, Shared};
use self::name::Shape;
use self::series::SeriesTable;
use self::target::Target;
use super::delta::Delta;
use super::memory::DecodedMemory;
use super::reject::{Rejections, checked_time};
use super::resource::{Kept, each_attribute, pieces};
use super::value::{Renderer, cut, read_pair};
use super::{Decoded, Encoding};
use crate::protobuf::{Fault, Message, Within as _};
use crate::{Limits, WireError};

/// Choices in the translation to Prometheus; the default is Prometheus' own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Translation {
    /// How names are translated.
    pub strategy: Strategy,
    /// Resource attributes that become labels of every series.
    pub promoted_resource_attributes: Vec<String>,
    /// Whether name, version, schema and attributes of the scope become labels.
    pub promotes_scope: bool,
    /// Whether `service.name` and the like stay in `target_info`.
    pub keeps_identifying_attributes: bool,
}

/// Decodes an export request as Prometheus does unless told otherwise.
///
/// # Errors
/// [`WireError`] when the body cannot be read; bad points are only counted.
pub fn decode(
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    decode_with(body, encoding, received_at, limits, &Translation::default(), memory)
}

/// Decodes an export request.
///
/// # Errors
/// [`WireError`] when the body cannot be read; bad points are only counted.
pub fn decode_with(
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    translation: &Translation,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    if encoding == Encoding::Json {
        let body = super::json::metrics_to_protobuf(body)?;
        return decode_with(&body, Encoding::Protobuf, received_at, limits, translation, memory);
    }
    let mut decoder = Decoder {
        limits,
        translation,
        received_at,
        renderer: Renderer::new(limits),
        labels: LabelBuilder::new(limits, translation),
        series: SeriesTable::default(),
        deltas: Vec::new(),
        accepted: 0,
        rejections: Rejections::default(),
        target: Target::default(),
        shared: Shared::default(),
        memory: DecodedMemory::new(limits, memory),
    };
    decoder.request(Message::new(body))?;
    decoder.finish()
}

struct Decoder<'l> {
    limits: &'l Limits,
    translation: &'l Translation,
    received_at: Timestamp,
    renderer: Renderer<'l>,
    labels: LabelBuilder<'l>,
    series: SeriesTable,
    deltas: Vec<Delta>,
    accepted: usize,
    rejections: Rejections,
    /// Of the resource that is being read.
    target: Target,
    /// Of the scope that is being read.
    shared: Shared,
    /// What series and samples take so far.
    memory: DecodedMemory<'l>,
}

/// What a series and its sample take beside the labels' texts.
const SERIES_BYTES: usize = 200;

/// How values of points relate in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temporality {
    Delta,
    Cumulative,
}

/// What all points of a metric share.
struct Metric {
    /// The family's name as Prometheus has it.
    name: String,
    temporality: Temporality,
    is_monotonic: bool,
}

/// What points of all kinds have in common, once checked.
struct Point<'a> {
    labels: PointLabels<'a>,
    timestamp_ms: i64,
    is_stale: bool,
}

/// Fields of a metric as the wire has them.
#[derive(Default)]
struct RawMetric<'a> {
    name: Cow<'a, str>,
    description: Cow<'a, str>,
    unit: Cow<'a, str>,
    data: Option<(u32, Message<'a>)>,
}

/// Bit of a point's flags: there is no value, the series ends.
const NO_RECORDED_VALUE: u32 = 1;

const NO_TEMPORALITY: &str = "aggregation temporality is not given";
const BAD_NAME: &str = "metric name is empty, too long or has only invalid characters";

impl Decoder<'_> {
    fn finish(self) -> Result<Decoded, WireError> {
        self.memory.finish()?;
        let batch = self.series.into_batch();
        let is_empty = batch.labels.is_empty() && batch.metadata.is_empty();
        Ok(Decoded {
            batches: if is_empty { vec![] } else { vec![Batch::Metrics(batch)] },
            accepted: self.accepted,
            rejected: self.rejections.count(),
            message: self.rejections.message("data points"),
            deltas: self.deltas,
        })
    }

    fn request(&mut self, mut request: Message<'_>) -> Result<(), Fault> {
        while let Some(field) = request.next()? {
            if field.number == 1 {
                let resource_metrics = field.message().within("resource_metrics")?;
                self.resource_metrics(resource_metrics).within("resource_metrics")?;
            }
        }
        Ok(())
    }

    fn resource_metrics(&mut self, mut message: Message<'_>) -> Result<(), Fault> {
        let parts = pieces(message, 1, "resource")?;
        self.target = Target::default();
        each_attribute(&parts, 1, |pair| {
            let (key, value) = read_pair(pair)?;
            let text = labels::text(&value, &mut self.renderer)?;
            self.target.add(&key, &text, &mut self.labels, self.translation, self.limits);
            Ok(())
        })
        .within("resource")?;
        while let Some(field) = message.next()? {
            if field.number == 2 {
                field
                    .message()
                    .and_then(|scope_metrics| self.scope_metrics(scope_metrics))
                    .within("scope_metrics")?;
            }
        }
        let target = std::mem::take(&mut self.target);
        target.finish(&mut self.series, self.limits);
        Ok(())
    }

    fn scope_metrics(&mut self, mut message: Message<'_>) -> Result<(), Fault> {
        self.shared = self.target.shared();
        if self.translation.promotes_scope {
            self.promote_scope(message)?;
        }
        while let Some(field) = message.next()? {
            if field.number == 2 {
                field.message().and_then(|metric| self.metric(metric)).within("metrics")?;
            }
        }
        Ok(())
    }

    fn promote_scope(&mut self, mut scope_metrics: Message<'_>) -> Result<(), Fault> {
        let parts = pieces(scope_metrics, 1, "scope")?;
        let promoted = &mut self.shared.overriding;
        for part in &parts {
            let mut part = *part;
            while let Some(field) = part.next()? {
                let name = match field.number {
                    1 => "otel_scope_name",
                    2 => "otel_scope_version",
                    _ => continue,
                };
                promoted.push((name.into(), field.text().within("scope")?.into_owned()));
            }
        }
        each_attribute(&parts, 3, |pair| {
            let (key, value) = read_pair(pair)?;
            let text = labels::text(&value, &mut self.renderer)?;
            if let Ok((name, value)) = self.labels.label(&format!("otel_scope_{key}"), &text)
                && promoted.len() < self.limits.labels_max
            {
                promoted.push((name, value));
            }
            Ok(())
        })
        .within("scope")?;
        while let Some(field) = scope_metrics.next()? {
            if field.number == 3 {
                let url = field.text().within("schema_url")?.into_owned();
                promoted.push(("otel_scope_schema_url".into(), url));
            }
        }
        let value_bytes_max = self.limits.label_value_bytes_max;
        for (_, value) in promoted {
            value.truncate(cut(value, value_bytes_max).len());
        }
        Ok(())
    }

    fn metric(&mut self, mut message: Message<'_>) -> Result<(), Fault> {
        let mut raw = RawMetric::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => raw.name = field.text().within("name")?,
                2 => raw.description = field.text().within("description")?,
                3 => raw.unit = field.text().within("unit")?,
                5 | 7 | 9 | 10 | 11 => {
                    raw.data = Some((field.number, field.message().within("data")?));
                }
                _ => {}
            }
        }
        // A metric without data, or of a kind that did not exist yet, has no points to lose.
        let Some((kind, data)) = raw.data else { return Ok(()) };
        let header = Header::read(data)?;
        let is_sum = kind == 7;
        let shape = match kind {
            5 => Shape::Gauge,
            7 if header.is_monotonic => Shape::MonotonicSum,
            _ => Shape::Other,
        };
        let named = name::metric(self.translation.strategy, "", &raw.name, &raw.unit, shape);
        // The longest suffix is `_bucket`.
        let Some(name) = named.ok().filter(|name| name.len() + 7 <= self.limits.name_bytes_max)
        else {
            self.rejections.add(header.points, BAD_NAME, &raw.name);
            return Ok(());
        };
        let temporality = match (kind, header.temporality) {
            (5 | 11, _) | (_, 2) => Temporality::Cumulative,
            (_, 1) => Temporality::Delta,
            _ => {
                self.rejections.add(header.points, NO_TEMPORALITY, &raw.name);
                return Ok(());
            }
        };
        let before = self.accepted;
        let metric = Metric { name, temporality, is_monotonic: header.is_monotonic };
        let mut points = data;
        while let Some(field) = points.next()? {
            if field.number == 1 {
                let point = field.message().within("data_points")?;
                let result = match kind {
                    5 | 7 => self.number(&metric, is_sum, point),
                    9 => self.classic_histogram(&metric, point),
                    10 => self.exponential_histogram(&metric, point),
                    _ => self.summary(&metric, point),
                };
                if let Err(reason) = result.within("data_points")? {
                    self.rejections.add(1, reason, &raw.name);
                }
            }
        }
        if self.accepted > before {
            let kind = match kind {
                7 if header.is_monotonic => MetricKind::Counter,
                9 | 10 => MetricKind::Histogram,
                11 => MetricKind::Summary,
                _ => MetricKind::Gauge,
            };
            let help = cut(&raw.description, self.limits.label_value_bytes_max);
            let unit = name::unit(cut(&raw.unit, self.limits.name_bytes_max));
            self.series.metadata(&metric.name, kind, help, unit);
        }
        Ok(())
    }

    /// Checks time and labels of a point that makes `series` series.
    fn point<'a>(
        &mut self,
        time_unix_nano: u64,
        flags: u32,
        attributes: &Kept<'a>,
        series: usize,
    ) -> Result<Result<Point<'a>, &'static str>, Fault> {
        let time =
            match checked_time(time_unix_nano, self.received_at, self.received_at, self.limits) {
                Ok(time) => time,
                Err(reason) => return Ok(Err(reason)),
            };
        let labels =
            self.labels.point(&self.shared, attributes, &mut self.renderer).within("attributes")?;
        let labels = match labels {
            Ok(labels) => labels,
            Err(reason) => return Ok(Err(reason)),
        };
        // Each bucket repeats all labels of its point.
        let bytes = labels.bytes(&self.shared).saturating_add(SERIES_BYTES).saturating_mul(series);
        if let Err(reason) = self.memory.take(bytes) {
            return Ok(Err(reason));
        }
        let timestamp_ms = time / signals::time::MILLISECOND;
        Ok(Ok(Point { labels, timestamp_ms, is_stale: flags & NO_RECORDED_VALUE != 0 }))
    }

    /// Counts a point as taken.
    fn accept(&mut self, point: &Point<'_>) {
        self.accepted += 1;
        self.rejections.accepted_at(point.timestamp_ms * signals::time::MILLISECOND);
        self.target.saw(point.timestamp_ms);
    }
}

/// What `Gauge`, `Sum`, `Histogram` and the others say beside their points.
struct Header {
    points: usize,
    temporality: i32,
    is_monotonic: bool,
}

impl Header {
    fn read(mut data: Message<'_>) -> Result<Self, Fault> {
        let mut header = Self { points: 0, temporality: 0, is_monotonic: false };
        while let Some(field) = data.next()? {
            match field.number {
                1 => header.points += 1,
                2 => header.temporality = field.int32().within("aggregation_temporality")?,
                3 => header.is_monotonic = field.varint().within("is_monotonic")? != 0,
                _ => {}
            }
        }
        Ok(header)
    }
}

/// Takes the good value of a checked item, or hands the reason on.
macro_rules! checked {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(reason) => return Ok(Err(reason)),
        }
    };
}
use checked;

/// What a point's translation returns: malformed protobuf, or the reason why it is not taken.
type Taken = Result<Result<(), &'static str>, Fault>;

/// The text of a double as a label value: `le` and `quantile`.
fn label_number(number: f64) -> String {
    if number == f64::INFINITY {
        return "+Inf".to_owned();
    }
    let mut text = String::new();
    if number.is_finite() {
        // Never an exponent, as in Prometheus.
        Value::String(&format!("{number}")).push_to(&mut text);
    } else {
        Value::Double(number).push_to(&mut text);
    }
    text
}

/// When the interval of a point began, in milliseconds; 0 where unknown or impossible.
fn start_ms(unix_nano: u64) -> i64 {
    i64::try_from(unix_nano).unwrap_or(0) / signals::time::MILLISECOND
}
