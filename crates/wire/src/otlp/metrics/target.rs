//! The resource of metrics: `job`, `instance` and the series `target_info`.

use std::sync::Arc;

use signals::metric::{Labels, MetricKind, NAME_LABEL};

use super::labels::{LabelBuilder, Shared};
use super::{Decoder, Translation, labels};
use crate::Limits;
use crate::decoded::Decoded;
use crate::known::{Fingerprint, Fingerprinter};
use crate::otlp::resource::{UNKNOWN_SERVICE, each_attribute};
use crate::otlp::value::{AnyValue, cut, read_pair};
use crate::protobuf::{Fault, Message, Within as _};

/// Half of Prometheus' default lookback, so that `target_info` is found at every point's time.
const STEP_MS: i64 = 150_000;
/// Maximum `target_info` samples per request.
const SAMPLES_MAX: i64 = 100;

/// A `Resource`; parsed only if it is unknown.
#[derive(Debug, Default)]
pub(super) struct Resource<'a> {
    parts: Vec<Message<'a>>,
    pub(super) fingerprint: Fingerprint,
    target: Option<Target>,
    /// Minimum and maximum time of the points.
    span_ms: Option<(i64, i64)>,
    /// Number of samples that its delta points will produce.
    pub(super) delta_items: usize,
}

impl Resource<'_> {
    /// Extends the time range to include a point.
    #[inline]
    pub(super) fn extend_time_range(&mut self, timestamp_ms: i64) {
        let (least, greatest) = self.span_ms.unwrap_or((timestamp_ms, timestamp_ms));
        self.span_ms = Some((least.min(timestamp_ms), greatest.max(timestamp_ms)));
    }

    /// The fingerprint of `target_info`, which maps to no series if there is no information.
    fn info(&self) -> Fingerprint {
        let mut fingerprinter = Fingerprinter::under(self.fingerprint);
        fingerprinter.bytes(b"target_info");
        fingerprinter.fingerprint()
    }

    fn service_name(&self, limits: &Limits) -> Result<String, Fault> {
        let mut name = UNKNOWN_SERVICE.to_owned();
        each_attribute(&self.parts, 1, |pair| {
            if let (key, AnyValue::Text(text)) = read_pair(pair)?
                && key == "service.name"
                && !text.is_empty()
            {
                cut(&text, limits.name_bytes_max).clone_into(&mut name);
            }
            Ok(())
        })?;
        Ok(name)
    }
}

impl<'a> Decoder<'_, 'a> {
    pub(super) fn begin_resource(&mut self, parts: Vec<Message<'a>>) -> Result<(), Fault> {
        let mut fingerprinter = Fingerprinter::under(self.everything);
        for part in &parts {
            fingerprinter.bytes(part.bytes());
        }
        let fingerprint = fingerprinter.fingerprint();
        self.resource = Resource { parts, fingerprint, ..Resource::default() };
        self.found.clear();
        if !self.known.find(self.resource.info(), &mut self.found) {
            // A malformed resource fails the request, even without points.
            self.target()?;
        }
        Ok(())
    }

    /// The parsed resource.
    pub(super) fn target(&mut self) -> Result<&Target, Fault> {
        let mut target = Target::default();
        if self.resource.target.is_none() {
            each_attribute(&self.resource.parts, 1, |pair| {
                let (key, value) = read_pair(pair)?;
                let text = labels::text(&value, &mut self.renderer)?;
                target.add(&key, &text, &mut self.labels, self.translation, self.limits);
                Ok(())
            })
            .within("resource")?;
        }
        Ok(self.resource.target.get_or_insert(target))
    }

    /// Appends `target_info`, if there is information and a job or instance, and counts the items
    /// of the resource; `items_before` is the count before it.
    pub(super) fn end_resource(&mut self, items_before: usize) -> Result<(), Fault> {
        let Some((start, end)) = self.resource.span_ms else { return Ok(()) };
        let fingerprint = self.resource.info();
        self.found.clear();
        self.places.clear();
        if self.known.find(fingerprint, &mut self.found) {
            let reference = self.found.first();
            self.places.extend(reference.map(|reference| self.series.known(*reference)));
        } else {
            let limits = self.limits;
            if let Some(labels) = self.target()?.info(limits) {
                self.places.push(self.series.series(labels));
                let (kind, help) = (MetricKind::Gauge, "Target metadata");
                self.series.metadata("target_info", kind, help, String::new());
            }
            self.unknown.push(fingerprint, &self.places);
        }
        let before = self.series.samples();
        for series in &self.places {
            // Points far apart in one request are backfill: only the latest samples are written.
            let mut time = start.max(end.saturating_sub(STEP_MS * (SAMPLES_MAX - 1)));
            while time < end {
                self.series.sample(*series, time, 1.0);
                time += STEP_MS;
            }
            self.series.sample(*series, end, 1.0);
        }
        self.points.push(before, self.series.samples(), false);
        let items = self.series.items() - items_before + self.resource.delta_items;
        let name = self.resource.service_name(self.limits)?;
        Decoded::count(&mut self.services, &name, items);
        Ok(())
    }
}

/// A parsed resource.
#[derive(Debug, Default)]
pub(super) struct Target {
    service_name: String,
    service_namespace: String,
    service_instance_id: String,
    promoted: Vec<(Arc<str>, String)>,
    /// Labels of `target_info` other than `job` and `instance`.
    info: Vec<(Arc<str>, String)>,
    /// Whether there are attributes besides the service's identity.
    has_info: bool,
}

impl Target {
    /// Adds a resource attribute. One that is not a valid label is dropped.
    pub(super) fn add(
        &mut self,
        key: &str,
        value: &str,
        labels: &mut LabelBuilder<'_>,
        translation: &Translation,
        limits: &Limits,
    ) {
        let identifying = match key {
            "service.name" => Some(&mut self.service_name),
            "service.namespace" => Some(&mut self.service_namespace),
            "service.instance.id" => Some(&mut self.service_instance_id),
            _ => None,
        };
        let is_identifying = identifying.is_some();
        if let Some(known) = identifying {
            cut(value, limits.label_value_bytes_max).clone_into(known);
        }
        self.has_info |= !is_identifying;
        let Ok(label) = labels.label(key, value) else { return };
        if translation.promoted_resource_attributes.contains(key) {
            self.promoted.push(label.clone());
        }
        let is_wanted = self.info.len() < limits.labels_max;
        if is_wanted && !is_identifying || translation.keeps_identifying_attributes {
            self.info.push(label);
        }
    }

    /// `job` and `instance`, if known.
    fn identity(&self) -> Vec<(Arc<str>, String)> {
        let mut identity = Vec::new();
        if !self.service_name.is_empty() {
            let job = if self.service_namespace.is_empty() {
                self.service_name.clone()
            } else {
                format!("{}/{}", self.service_namespace, self.service_name)
            };
            identity.push(("job".into(), job));
        }
        if !self.service_instance_id.is_empty() {
            identity.push(("instance".into(), self.service_instance_id.clone()));
        }
        identity
    }

    /// The labels shared by all points of the resource.
    pub(super) fn shared(&self) -> Shared {
        Shared { overriding: self.identity(), promoted: self.promoted.clone() }
    }

    /// The labels of `target_info`, if it exists.
    fn info(&self, limits: &Limits) -> Option<Labels> {
        let identity = self.identity();
        if !self.has_info || identity.is_empty() {
            return None;
        }
        let room = limits.labels_max.saturating_sub(identity.len() + 1);
        let name = (NAME_LABEL.into(), "target_info".to_owned());
        let info = self.info.iter().take(room).cloned();
        Some(Labels::from_pairs(info.chain(identity).chain([name])))
    }
}
