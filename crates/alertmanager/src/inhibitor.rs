//! Inhibition: alerts that mute others.
//!
//! Specification: `inhibit/` of Alertmanager. An alert is muted while any source alert is firing.
//! Alertmanager knows one source alert for each combination of equal labels, so that it may send
//! the target for a moment when that one is resolved before another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use adopt::alertmanager::InhibitRule;
use signals::{Labels, Timestamp};

use crate::alert::{Alert, Fingerprint};

/// The rules with the alerts that mute.
#[derive(Debug, Default)]
pub(crate) struct Inhibitor {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    settings: InhibitRule,
    /// The source alerts by the values of the equal labels.
    sources: HashMap<Vec<String>, Sources>,
    /// The end of each source alert, by which it is in `sources`.
    ends: BTreeMap<Fingerprint, Timestamp>,
}

/// Source alerts, ordered by their end.
#[derive(Debug, Default)]
struct Sources {
    /// Those that are no targets.
    only_sources: BTreeSet<(Timestamp, Fingerprint)>,
    /// Those that are targets as well. They do not mute each other.
    targets: BTreeSet<(Timestamp, Fingerprint)>,
}

impl Inhibitor {
    /// Rules without alerts.
    pub(crate) fn new(rules: &[InhibitRule]) -> Self {
        let rule = |rule: &InhibitRule| Rule {
            settings: rule.clone(),
            sources: HashMap::new(),
            ends: BTreeMap::new(),
        };
        Self { rules: rules.iter().map(rule).collect() }
    }

    /// Notes a new alert or a new state of one.
    pub(crate) fn update(&mut self, alert: &Arc<Alert>) {
        for rule in &mut self.rules {
            if rule.settings.source_matchers.matches(&alert.labels) {
                rule.remove(alert);
                rule.add(alert);
            }
        }
    }

    /// Forgets an alert.
    pub(crate) fn remove(&mut self, alert: &Alert) {
        for rule in &mut self.rules {
            rule.remove(alert);
        }
    }

    /// Takes these alerts in place of all that it knows.
    pub(crate) fn replace<'a>(&mut self, alerts: impl Iterator<Item = &'a Arc<Alert>>) {
        for rule in &mut self.rules {
            rule.sources.clear();
            rule.ends.clear();
        }
        for alert in alerts {
            self.update(alert);
        }
    }

    /// The alert that mutes one with these labels.
    pub(crate) fn inhibiting(&self, labels: &Labels, now: Timestamp) -> Option<Fingerprint> {
        self.rules.iter().find_map(|rule| rule.inhibiting(labels, now))
    }
}

impl Rule {
    /// The values of the equal labels; an absent label has the empty value.
    fn equal(&self, labels: &Labels) -> Vec<String> {
        let value = |name: &String| labels.get(name).unwrap_or_default().to_owned();
        self.settings.equal.iter().map(value).collect()
    }

    fn add(&mut self, alert: &Alert) {
        let sources = self.sources.entry(self.equal(&alert.labels)).or_default();
        let is_target = self.settings.target_matchers.matches(&alert.labels);
        let set = if is_target { &mut sources.targets } else { &mut sources.only_sources };
        set.insert((alert.ends_at, alert.fingerprint));
        self.ends.insert(alert.fingerprint, alert.ends_at);
    }

    fn remove(&mut self, alert: &Alert) {
        let Some(ends_at) = self.ends.remove(&alert.fingerprint) else { return };
        let equal = self.equal(&alert.labels);
        let Some(sources) = self.sources.get_mut(&equal) else { return };
        sources.only_sources.remove(&(ends_at, alert.fingerprint));
        sources.targets.remove(&(ends_at, alert.fingerprint));
        if sources.only_sources.is_empty() && sources.targets.is_empty() {
            self.sources.remove(&equal);
        }
    }

    fn inhibiting(&self, labels: &Labels, now: Timestamp) -> Option<Fingerprint> {
        if self.sources.is_empty() || !self.settings.target_matchers.matches(labels) {
            return None;
        }
        let sources = self.sources.get(&self.equal(labels))?;
        // The one that ends last.
        let firing = |set: &BTreeSet<(Timestamp, Fingerprint)>| {
            set.last().filter(|(ends_at, _)| *ends_at > now).map(|(_, fingerprint)| *fingerprint)
        };
        let is_source = || self.settings.source_matchers.matches(labels);
        firing(&sources.only_sources).or_else(|| firing(&sources.targets).filter(|_| !is_source()))
    }
}
