//! The alerts that senders have sent, until some time after they are resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use signals::Timestamp;

use crate::alert::{Alert, Fingerprint};
use crate::limits::Limits;

/// All alerts, bounded.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    by_fingerprint: BTreeMap<Fingerprint, Arc<Alert>>,
    bytes: usize,
}

impl Alerts {
    /// Adds an alert, merged with what is known of it. Returns what is kept, or `None` if there is
    /// no room for another alert.
    pub(crate) fn put(
        &mut self,
        alert: Alert,
        limits: &Limits,
        now: Timestamp,
    ) -> Option<Arc<Alert>> {
        let known = self.by_fingerprint.get(&alert.fingerprint);
        let (alert, known_bytes) = match known {
            Some(known) if known.overlaps(&alert) => (known.merged(alert, now), known.size()),
            Some(known) => (alert, known.size()),
            None if self.by_fingerprint.len() >= limits.alerts => return None,
            None => (alert, 0),
        };
        let bytes = self.bytes - known_bytes + alert.size();
        if bytes > limits.alerts_bytes && bytes > self.bytes {
            return None;
        }
        self.bytes = bytes;
        let alert = Arc::new(alert);
        self.by_fingerprint.insert(alert.fingerprint, Arc::clone(&alert));
        Some(alert)
    }

    /// Removes resolved alerts and returns them.
    pub(crate) fn remove_resolved(&mut self, now: Timestamp) -> Vec<Arc<Alert>> {
        let is_resolved = |_: &Fingerprint, alert: &mut Arc<Alert>| alert.is_resolved(now);
        let removed: Vec<Arc<Alert>> =
            self.by_fingerprint.extract_if(.., is_resolved).map(|(_, alert)| alert).collect();
        self.bytes -= removed.iter().map(|alert| alert.size()).sum::<usize>();
        removed
    }

    /// In the order of fingerprints.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.by_fingerprint.values()
    }

    /// Replaces each alert by another state of it.
    pub(crate) fn replace(&mut self, mut change: impl FnMut(&Arc<Alert>) -> Arc<Alert>) {
        for alert in self.by_fingerprint.values_mut() {
            *alert = change(alert);
        }
    }

    /// Whether an alert is among them.
    pub(crate) fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.by_fingerprint.contains_key(&fingerprint)
    }

    /// Whether there is no room for another one.
    pub(crate) fn is_full(&self, limits: &Limits) -> bool {
        self.by_fingerprint.len() >= limits.alerts || self.bytes >= limits.alerts_bytes
    }
}
