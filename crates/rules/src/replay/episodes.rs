//! The times of alerts.

use std::collections::BTreeMap;

use signals::Labels;

use crate::{Alert, AlertState};

/// An alert from becoming active until its end. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Labels of the series and of the rule.
    pub labels: Labels,
    /// The annotations at its end.
    pub annotations: BTreeMap<String, String>,
    /// When it became active.
    pub active_at_ms: i64,
    /// When it fired; `None` if it never did.
    pub fired_at_ms: Option<i64>,
    /// When it was resolved, or was pending no more; `None` if it is active at the end of the replay.
    pub ended_at_ms: Option<i64>,
    /// The greatest value of the series.
    pub peak: f64,
}

/// The alerts of a rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Episodes {
    all: Vec<Episode>,
    /// Positions of those that have not ended.
    open: BTreeMap<Labels, usize>,
}

impl Episodes {
    /// Notes the alerts after an evaluation.
    pub(super) fn note<'a>(&mut self, alerts: impl Iterator<Item = &'a Alert>, time_ms: i64) {
        let mut before = std::mem::take(&mut self.open);
        for alert in alerts.filter(|alert| alert.state != AlertState::Inactive) {
            let known = before.remove(&alert.labels).filter(|at| {
                self.all.get(*at).is_some_and(|known| known.active_at_ms == alert.active_at_ms)
            });
            let at = known.unwrap_or_else(|| {
                self.all.push(Episode {
                    labels: alert.labels.clone(),
                    annotations: BTreeMap::new(),
                    active_at_ms: alert.active_at_ms,
                    fired_at_ms: None,
                    ended_at_ms: None,
                    peak: alert.value,
                });
                self.all.len() - 1
            });
            if let Some(episode) = self.all.get_mut(at) {
                episode.peak = episode.peak.max(alert.value);
                episode.fired_at_ms = alert.fired_at_ms.or(episode.fired_at_ms);
                if episode.annotations != alert.annotations {
                    episode.annotations.clone_from(&alert.annotations);
                }
            }
            self.open.insert(alert.labels.clone(), at);
        }
        for ended in before.into_values() {
            if let Some(episode) = self.all.get_mut(ended) {
                episode.ended_at_ms = Some(time_ms);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<Episode> {
        self.all
    }
}
