//! Decodes one `Metric`: its type, name and points.

use std::borrow::Cow;
use std::cell::OnceCell;

use signals::metric::MetricKind;

use super::name::{self, Shape};
use super::{Decoder, Translation};
use crate::Limits;
use crate::known::{Fingerprint, Fingerprinter};
use crate::otlp::value::cut;
use crate::protobuf::{Fault, Message, Within as _};

const NO_TEMPORALITY: &str = "aggregation temporality is not given";
pub(super) const BAD_NAME: &str = "metric name is empty, too long or has only invalid characters";

/// Aggregation temporality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporality {
    Delta,
    Cumulative,
}

/// The data types, by field number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Gauge = 5,
    Sum = 7,
    Histogram = 9,
    ExponentialHistogram = 10,
    Summary = 11,
}

/// The properties shared by all points of a metric.
pub(super) struct Metric<'a> {
    raw: Raw<'a>,
    data: Data,
    pub(super) temporality: Temporality,
    pub(super) is_monotonic: bool,
    /// Fingerprint of everything that determines its series except a point's attributes.
    pub(super) fingerprint: Fingerprint,
    /// The Prometheus name of the family, computed on demand; `None` if it is invalid.
    name: OnceCell<Option<String>>,
}

/// The fields of a parsed metric.
#[derive(Default)]
struct Raw<'a> {
    name: Cow<'a, str>,
    description: Cow<'a, str>,
    unit: Cow<'a, str>,
    data: Option<(Data, Message<'a>)>,
}

impl<'a> Raw<'a> {
    fn read(mut message: Message<'a>) -> Result<Self, Fault> {
        let mut raw = Self::default();
        while let Some(field) = message.next()? {
            let data = match field.number {
                1 => {
                    raw.name = field.text().within("name")?;
                    continue;
                }
                2 => {
                    raw.description = field.text().within("description")?;
                    continue;
                }
                3 => {
                    raw.unit = field.text().within("unit")?;
                    continue;
                }
                5 => Data::Gauge,
                7 => Data::Sum,
                9 => Data::Histogram,
                10 => Data::ExponentialHistogram,
                11 => Data::Summary,
                _ => continue,
            };
            raw.data = Some((data, field.message().within("data")?));
        }
        Ok(raw)
    }

    /// The fingerprint of the metric within its resource and scope, or across all of them.
    fn fingerprint(&self, under: Fingerprint, header: &Header, data: Data) -> Fingerprinter {
        let mut fingerprinter = Fingerprinter::under(under);
        fingerprinter.number(data as u64 * 2 + u64::from(header.is_monotonic));
        fingerprinter.bytes(self.name.as_bytes());
        fingerprinter.bytes(self.unit.as_bytes());
        fingerprinter
    }
}

/// Properties of `Gauge`, `Sum`, `Histogram` and the others, without their points.
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

    fn temporality(&self, data: Data) -> Option<Temporality> {
        match (data, self.temporality) {
            (Data::Gauge | Data::Summary, _) | (_, 2) => Some(Temporality::Cumulative),
            (_, 1) => Some(Temporality::Delta),
            _ => None,
        }
    }
}

impl Metric<'_> {
    /// The family name; `None` if it is invalid.
    pub(super) fn name(&self, translation: &Translation, limits: &Limits) -> Option<&str> {
        let translated = || {
            let shape = match self.data {
                Data::Gauge => Shape::Gauge,
                Data::Sum if self.is_monotonic => Shape::MonotonicSum,
                _ => Shape::Other,
            };
            let name =
                name::metric(translation.strategy, "", &self.raw.name, &self.raw.unit, shape);
            // The longest suffix is `_bucket`.
            name.ok().filter(|name| name.len() + 7 <= limits.name_bytes_max)
        };
        self.name.get_or_init(translated).as_deref()
    }

    /// Whether its points may have exemplars.
    pub(super) fn has_exemplars(&self) -> bool {
        self.data != Data::Gauge
    }

    /// Whether its points have a meaningful start time.
    pub(super) fn is_counting(&self) -> bool {
        match self.data {
            Data::Gauge => false,
            Data::Sum => self.is_monotonic,
            Data::Histogram | Data::ExponentialHistogram | Data::Summary => true,
        }
    }

    fn kind(&self) -> MetricKind {
        match self.data {
            Data::Sum if self.is_monotonic => MetricKind::Counter,
            Data::Gauge | Data::Sum => MetricKind::Gauge,
            Data::Histogram | Data::ExponentialHistogram => MetricKind::Histogram,
            Data::Summary => MetricKind::Summary,
        }
    }
}

impl<'a> Decoder<'_, 'a> {
    pub(super) fn metric(&mut self, message: Message<'a>) -> Result<(), Fault> {
        let mut raw = Raw::read(message)?;
        // A metric without data, or of a type from a newer version, has no points to reject.
        let Some((data, mut points)) = raw.data.take() else { return Ok(()) };
        let header = Header::read(points)?;
        let Some(temporality) = header.temporality(data) else {
            self.rejections.add(header.points, NO_TEMPORALITY, &raw.name);
            return Ok(());
        };
        let fingerprint = raw.fingerprint(self.scope.fingerprint, &header, data).fingerprint();
        let mut family = raw.fingerprint(self.everything, &header, data);
        family.bytes(raw.description.as_bytes());
        let is_monotonic = header.is_monotonic;
        let name = OnceCell::new();
        let metric = Metric { raw, data, temporality, is_monotonic, fingerprint, name };
        let before = self.accepted;
        while let Some(field) = points.next()? {
            if field.number == 1 {
                let point = field.message().within("data_points")?;
                let result = match data {
                    Data::Gauge | Data::Sum => self.number(&metric, point),
                    Data::Histogram => self.classic_histogram(&metric, point),
                    Data::ExponentialHistogram => self.exponential_histogram(&metric, point),
                    Data::Summary => self.summary(&metric, point),
                };
                if let Err(reason) = result.within("data_points")? {
                    self.rejections.add(1, reason, &metric.raw.name);
                }
            }
        }
        if self.accepted > before {
            self.family(&metric, family.fingerprint());
        }
        Ok(())
    }

    /// Records the metadata of the family, unless it is known.
    fn family(&mut self, metric: &Metric<'_>, fingerprint: Fingerprint) {
        self.found.clear();
        if self.known.find(fingerprint, &mut self.found) {
            return;
        }
        let Some(name) = metric.name(self.translation, self.limits) else { return };
        let help = cut(&metric.raw.description, self.limits.label_value_bytes_max);
        let unit = name::unit(cut(&metric.raw.unit, self.limits.name_bytes_max));
        self.series.metadata(name, metric.kind(), help, unit);
        self.unknown.push(fingerprint, &[]);
    }
}
