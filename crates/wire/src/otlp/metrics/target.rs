//! The resource of metrics: `job`, `instance`, and the series `target_info`.

use std::sync::Arc;

use signals::metric::{Labels, MetricKind, NAME_LABEL};

use super::Translation;
use super::labels::{LabelBuilder, Shared};
use super::series::SeriesTable;
use crate::Limits;
use crate::otlp::value::cut;

/// Half of Prometheus' default lookback: `target_info` must be found at every point's time.
const STEP_MS: i64 = 150_000;
/// Samples of `target_info` that one request makes at most.
const SAMPLES_MAX: i64 = 100;

/// One resource.
#[derive(Debug, Default)]
pub(super) struct Target {
    service_name: String,
    service_namespace: String,
    service_instance_id: String,
    promoted: Vec<(Arc<str>, String)>,
    /// Labels of `target_info` beside `job` and `instance`.
    info: Vec<(Arc<str>, String)>,
    /// Whether there is more to say than which service it is.
    has_info: bool,
    /// Least and greatest time of the points.
    span_ms: Option<(i64, i64)>,
}

impl Target {
    /// Takes in a resource attribute. One that cannot be a label is left out.
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
        if translation.promoted_resource_attributes.iter().any(|promoted| promoted == key) {
            self.promoted.push(label.clone());
        }
        let is_wanted = self.info.len() < limits.labels_max;
        if is_wanted && !is_identifying || translation.keeps_identifying_attributes {
            self.info.push(label);
        }
    }

    /// `job` and `instance`, where known.
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

    /// What all points of the resource share.
    pub(super) fn shared(&self) -> Shared {
        Shared { overriding: self.identity(), promoted: self.promoted.clone() }
    }

    /// Notes the time of a point.
    pub(super) fn saw(&mut self, timestamp_ms: i64) {
        let (least, greatest) = self.span_ms.unwrap_or((timestamp_ms, timestamp_ms));
        self.span_ms = Some((least.min(timestamp_ms), greatest.max(timestamp_ms)));
    }

    /// Writes `target_info`, if there is something to say and a job or instance to say it of.
    pub(super) fn finish(mut self, series: &mut SeriesTable, limits: &Limits) {
        let identity = self.identity();
        let (Some((start, end)), true, false) = (self.span_ms, self.has_info, identity.is_empty())
        else {
            return;
        };
        self.info.truncate(limits.labels_max.saturating_sub(identity.len() + 1));
        let name = (NAME_LABEL.into(), "target_info".to_owned());
        let labels = Labels::from_pairs(self.info.into_iter().chain(identity).chain([name]));
        // Points far apart in one request are backfill: then the latest samples will do.
        let first = start.max(end.saturating_sub(STEP_MS * (SAMPLES_MAX - 1)));
        let mut time = first;
        while time < end {
            series.sample(labels.clone(), time, 1.0);
            time += STEP_MS;
        }
        series.sample(labels, end, 1.0);
        series.metadata("target_info", MetricKind::Gauge, "Target metadata", String::new());
    }
}
