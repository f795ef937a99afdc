//! The metadata of a target's metrics.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use signals::metric::{Metadata, MetricKind};

/// Memory of the metadata of one target, in bytes; more metrics are left out.
const BYTES_MAX: usize = 4 << 20;
/// Bytes of a help text or a unit; longer ones are cut.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Type, help and unit of the metrics of one target.
#[derive(Debug, Default)]
pub(super) struct TargetMetadata {
    metrics: HashMap<String, Metadata, RandomState>,
    changed: Vec<String>,
    /// Upper bound of the memory of `metrics`.
    bytes: usize,
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
        self.text(metric, help, |metadata| &mut metadata.help);
    }

    /// Sets the unit of a metric.
    pub(super) fn unit(&mut self, metric: &str, unit: &str) {
        self.text(metric, unit, |metadata| &mut metadata.unit);
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

    fn text(&mut self, metric: &str, text: &str, field: fn(&mut Metadata) -> &mut String) {
        let text = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
        if self.bytes + text.len() > BYTES_MAX {
            return;
        }
        let (mut before, mut after) = (0, 0);
        self.update(metric, |metadata| {
            let known = field(metadata);
            let is_changed = known != text;
            if is_changed {
                (before, after) = (known.len(), text.len());
                text.clone_into(known);
            }
            is_changed
        });
        self.bytes = self.bytes.saturating_sub(before) + after;
    }

    fn update(&mut self, metric: &str, change: impl FnOnce(&mut Metadata) -> bool) {
        if !self.metrics.contains_key(metric) {
            let bytes = 2 * metric.len() + size_of::<Metadata>();
            if self.bytes + bytes > BYTES_MAX {
                return;
            }
            self.bytes += bytes;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_one_target_is_bounded() {
        let mut metadata = TargetMetadata::default();
        for i in 0..10_000 {
            let metric = format!("metric_{i}");
            metadata.kind(&metric, MetricKind::Counter);
            metadata.help(&metric, &"ä".repeat(1 << 12));
        }
        let bytes: usize =
            metadata.iter().map(|metadata| metadata.metric.len() + metadata.help.len()).sum();
        assert!((BYTES_MAX / 2..=BYTES_MAX).contains(&bytes), "{bytes}");
    }
}
