//! The metadata of a target's metrics.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use signals::metric::{Metadata, MetricKind};

/// Metrics of one target with metadata; more are left out.
const METRICS_MAX: usize = 10_000;

/// Type, help and unit of the metrics of one target.
#[derive(Debug, Default)]
pub(super) struct TargetMetadata {
    metrics: HashMap<String, Metadata, RandomState>,
    changed: Vec<String>,
}

impl TargetMetadata {
    /// Sets the type of a metric.
    pub(super) fn kind(&mut self, metric: &str, kind: MetricKind) {
        self.update(metric, |metadata| {
            let is_changed = metadata.kind != kind;
            metadata.kind = kind;
            is_changed
        });
    }

    /// Sets the description of a metric.
    pub(super) fn help(&mut self, metric: &str, help: &str) {
        self.update(metric, |metadata| replace(&mut metadata.help, help));
    }

    /// Sets the unit of a metric.
    pub(super) fn unit(&mut self, metric: &str, unit: &str) {
        self.update(metric, |metadata| replace(&mut metadata.unit, unit));
    }

    /// What changed since the last call.
    pub(super) fn take_changed(&mut self) -> Vec<Metadata> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed.iter().filter_map(|metric| self.metrics.get(metric).cloned()).collect()
    }

    /// All metrics with metadata.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Metadata> {
        self.metrics.values()
    }

    fn update(&mut self, metric: &str, change: impl FnOnce(&mut Metadata) -> bool) {
        if !self.metrics.contains_key(metric) {
            if self.metrics.len() >= METRICS_MAX {
                return;
            }
            let metadata = Metadata {
                metric: metric.to_owned(),
                kind: MetricKind::Unknown,
                help: String::new(),
                unit: String::new(),
            };
            self.metrics.insert(metric.to_owned(), metadata);
            self.changed.push(metric.to_owned());
        }
        if let Some(metadata) = self.metrics.get_mut(metric)
            && change(metadata)
        {
            self.changed.push(metric.to_owned());
        }
    }
}

/// Replaces a text and returns whether it was different.
fn replace(text: &mut String, by: &str) -> bool {
    let is_changed = text != by;
    if is_changed {
        by.clone_into(text);
    }
    is_changed
}
