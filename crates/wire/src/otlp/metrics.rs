//! Decodes `ExportMetricsServiceRequest` (and `MetricsData`, which has the same shape) into series.
//!
//! Follows the translation of Prometheus' OTLP endpoint. A series with a known fingerprint is
//! decoded to its reference, without parsing its resource, scope, metric and attributes. Points of
//! delta temporality are returned beside the batch, as input of a
//! [`super::delta::DeltaAccumulator`].

mod exemplar;
pub(crate) mod exponential;
pub(crate) mod histogram;
mod labels;
mod metric;
pub(crate) mod name;
mod number;
mod point;
pub(crate) mod series;
mod summary;
mod target;
#[cfg(test)]
mod tests;

use std::hash::Hash as _;
use std::rc::Rc;

use signals::metric::SeriesRef;
use signals::{Batch, MemoryReservation, Timestamp};

pub use self::name::Strategy;

use self::labels::{LabelBuilder, Shared};
use self::series::SeriesTable;
use self::target::Resource;
use super::Encoding;
use super::delta::Delta;
use super::json::Transcoded;
use super::memory::DecodedMemory;
use super::reject::Rejections;
use super::resource::{each_attribute, pieces};
use super::value::{Renderer, cut, read_pair};
use crate::decoded::{DataPoints, Decoded};
use crate::known::{Fingerprint, Fingerprinter, KnownSeries, NoKnownSeries, Unknown};
use crate::protobuf::{Fault, Message, Within as _};
use crate::{Limits, WireError};

/// Options of the translation to Prometheus; the defaults are Prometheus' own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of Prometheus")]
pub struct Translation {
    /// How names are translated.
    pub strategy: Strategy,
    /// Resource attributes that become labels of every series.
    pub promoted_resource_attributes: PromotedAttributes,
    /// Whether name, version, schema URL and attributes of the scope become labels.
    pub promotes_scope: bool,
    /// Whether identifying attributes such as `service.name` are kept in `target_info`.
    pub keeps_identifying_attributes: bool,
    /// Whether histograms with explicit bounds become native ones with custom bounds. Those of
    /// deltas do not.
    pub uses_custom_bounds: bool,
    /// Whether labels may begin with an underscore; otherwise they are prefixed with `key`.
    pub keeps_leading_underscores: bool,
    /// Whether several underscores in a row become one.
    pub collapses_underscores: bool,
}

/// Resource attributes that become labels of every series.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PromotedAttributes {
    /// Those of these names.
    These(Vec<String>),
    /// All but those of these names.
    AllBut(Vec<String>),
}

impl Default for PromotedAttributes {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl PromotedAttributes {
    fn contains(&self, key: &str) -> bool {
        match self {
            Self::These(names) => names.iter().any(|name| name == key),
            Self::AllBut(names) => names.iter().all(|name| name != key),
        }
    }
}

/// Decodes an export request with Prometheus' defaults and all series by label.
///
/// # Errors
/// [`WireError`] if the body cannot be parsed; invalid points are only counted.
pub fn decode(
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    decode_with(
        body,
        encoding,
        received_at,
        limits,
        &Translation::default(),
        &NoKnownSeries,
        memory,
    )
}

/// Decodes an export request. The samples do not depend on which series are known.
///
/// # Errors
/// [`WireError`] if the body cannot be parsed; invalid points are only counted.
pub fn decode_with(
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    translation: &Translation,
    known: &dyn KnownSeries,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    if encoding == Encoding::Json {
        let Transcoded { protobuf, surrogates } = super::json::metrics_to_protobuf(body)?;
        let encoding = Encoding::Protobuf;
        let decoded =
            decode_with(&protobuf, encoding, received_at, limits, translation, known, memory)?;
        return Ok(decoded.with_replaced(surrogates));
    }
    let mut everything = Fingerprinter::default();
    (limits, translation).hash(&mut everything);
    let mut decoder = Decoder {
        limits,
        translation,
        known,
        received_at,
        renderer: Renderer::new(limits),
        labels: LabelBuilder::new(limits, translation),
        series: SeriesTable::default(),
        unknown: Unknown::default(),
        points: DataPoints::default(),
        services: Vec::new(),
        deltas: Vec::new(),
        accepted: 0,
        rejections: Rejections::default(),
        everything: everything.fingerprint(),
        resource: Resource::default(),
        scope: Scope::default(),
        found: Vec::new(),
        places: Vec::new(),
        memory: DecodedMemory::new(limits, memory),
    };
    decoder.request(Message::new(body))?;
    decoder.finish()
}

struct Decoder<'l, 'a> {
    limits: &'l Limits,
    translation: &'l Translation,
    known: &'l dyn KnownSeries,
    received_at: Timestamp,
    renderer: Renderer<'l>,
    labels: LabelBuilder<'l>,
    series: SeriesTable,
    unknown: Unknown,
    points: DataPoints,
    services: Vec<(String, usize)>,
    deltas: Vec<Delta>,
    accepted: usize,
    rejections: Rejections,
    /// Fingerprint of the translation options, common to all series.
    everything: Fingerprint,
    /// The current resource.
    resource: Resource<'a>,
    /// The current scope.
    scope: Scope<'a>,
    /// References of the current point's series.
    found: Vec<SeriesRef>,
    /// Their indices in the batch.
    places: Vec<u32>,
    /// Memory of series and samples.
    memory: DecodedMemory<'l>,
}

/// A `ScopeMetrics`; parsed only for an unknown series.
#[derive(Default)]
struct Scope<'a> {
    message: Message<'a>,
    fingerprint: Fingerprint,
    shared: Option<Rc<Shared>>,
}

impl<'a> Decoder<'_, 'a> {
    fn finish(self) -> Result<Decoded, WireError> {
        self.memory.finish()?;
        let batch = self.series.into_batch();
        let is_empty = batch.series.is_empty() && batch.metadata.is_empty();
        Ok(Decoded {
            batches: if is_empty { vec![] } else { vec![Batch::Metrics(batch)] },
            accepted: self.accepted,
            rejected: self.rejections.count(),
            message: self.rejections.message("data points"),
            services: self.services,
            truncated: 0,
            deltas: self.deltas,
            unknown: self.unknown,
            points: self.points,
        })
    }

    fn request(&mut self, mut request: Message<'a>) -> Result<(), Fault> {
        while let Some(field) = request.next()? {
            if field.number == 1 {
                let resource_metrics = field.message().within("resource_metrics")?;
                self.resource_metrics(resource_metrics).within("resource_metrics")?;
            }
        }
        Ok(())
    }

    fn resource_metrics(&mut self, mut message: Message<'a>) -> Result<(), Fault> {
        let before = self.series.items();
        self.begin_resource(pieces(message, 1, "resource")?)?;
        while let Some(field) = message.next()? {
            if field.number == 2 {
                field
                    .message()
                    .and_then(|scope_metrics| self.scope_metrics(scope_metrics))
                    .within("scope_metrics")?;
            }
        }
        self.end_resource(before)
    }

    fn scope_metrics(&mut self, mut message: Message<'a>) -> Result<(), Fault> {
        let mut fingerprinter = Fingerprinter::under(self.resource.fingerprint);
        if self.translation.promotes_scope {
            let mut fields = message;
            while let Some(field) = fields.next()? {
                if matches!(field.number, 1 | 3) {
                    fingerprinter.number(field.number.into());
                    fingerprinter.bytes(field.bytes().within("scope")?);
                }
            }
        }
        self.scope = Scope { message, fingerprint: fingerprinter.fingerprint(), shared: None };
        while let Some(field) = message.next()? {
            if field.number == 2 {
                field.message().and_then(|metric| self.metric(metric)).within("metrics")?;
            }
        }
        Ok(())
    }

    /// The labels that all points of the scope share.
    fn shared(&mut self) -> Result<Rc<Shared>, Fault> {
        if let Some(shared) = &self.scope.shared {
            return Ok(Rc::clone(shared));
        }
        let mut shared = self.target()?.shared();
        if self.translation.promotes_scope {
            self.promote_scope(&mut shared)?;
        }
        Ok(Rc::clone(self.scope.shared.insert(Rc::new(shared))))
    }

    fn promote_scope(&mut self, shared: &mut Shared) -> Result<(), Fault> {
        let mut scope_metrics = self.scope.message;
        let parts = pieces(scope_metrics, 1, "scope")?;
        let promoted = &mut shared.overriding;
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
}

/// Unwraps a validated item or returns the reason for rejecting it.
macro_rules! checked {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(reason) => return Ok(Err(reason)),
        }
    };
}
use checked;

/// Result of translating a point: malformed protobuf, or the reason for rejecting it.
type Taken = Result<Result<(), &'static str>, Fault>;
