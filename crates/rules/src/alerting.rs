//! Alerting rules: from the result of an expression to the states of alerts.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use promql::Sample;
use signals::Labels;
use signals::metric::NAME_LABEL;
use template::prometheus::{AlertText, Expander, Query, SampleValue, alert_data};
use template::{MissingKey, Run};

use crate::evaluate::Settings;
use crate::{Alert, AlertState};

/// The label with the name of the rule.
const ALERT_NAME: &str = "alertname";
/// The label with the state of an alert, on [`ALERTS`].
const ALERT_STATE: &str = "alertstate";
/// The series of active alerts.
pub(crate) const ALERTS: &str = "ALERTS";
/// The series with the times since when alerts are active.
pub(crate) const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
/// How long a resolved alert is kept, and sent again: a recipient that restarts learns of it.
const RESOLVED_RETENTION_MS: i64 = 15 * 60_000;

/// A rule that makes an alert of each series of its expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertingRule {
    /// The label `alertname`.
    pub alert: String,
    /// How long an alert is pending before it fires.
    pub hold_ms: i64,
    /// How long an alert keeps firing after the condition has ended.
    pub keep_firing_for_ms: i64,
    /// Labels that alerts get; the values are templates.
    pub labels: BTreeMap<String, String>,
    /// Texts about alerts; the values are templates.
    pub annotations: BTreeMap<String, String>,
}

/// A series of the result as an alert.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    labels: Labels,
    annotations: BTreeMap<String, String>,
    value: f64,
}

/// The alerts of a rule that are active, or were until recently.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alerts {
    pub(crate) active: BTreeMap<Labels, Alert>,
    /// Whether the times since when alerts are active are known again after a start. Series are
    /// stored only then, because they would overwrite those times.
    pub(crate) is_restored: bool,
}

/// The labels and annotations of a rule, parsed once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    labels: Vec<(String, AlertText)>,
    annotations: Vec<(String, AlertText)>,
}

impl Texts {
    pub(crate) fn of(rule: &AlertingRule) -> Self {
        let parsed = |texts: &BTreeMap<String, String>| {
            let texts = texts.iter();
            texts.map(|(name, text)| (name.clone(), AlertText::new(&rule.alert, text))).collect()
        };
        Self { labels: parsed(&rule.labels), annotations: parsed(&rule.annotations) }
    }
}

impl AlertingRule {
    /// Whether a template of the rule asks for other series.
    pub(crate) fn has_queries(&self) -> bool {
        let has = |text: &String| text.contains("{{") && text.contains("query");
        self.labels.values().chain(self.annotations.values()).any(has)
    }

    /// The alerts of a result, with expanded labels and annotations.
    ///
    /// # Errors
    /// Prometheus' message, if two of them have the same labels.
    pub(crate) fn candidates(
        &self,
        texts: &Texts,
        result: &[Sample],
        time_ms: i64,
        settings: &Settings,
        query: &Query<'_>,
    ) -> Result<BTreeMap<Labels, Candidate>, String> {
        let expander = Expander {
            time_ms,
            external_url: &settings.external_url,
            query,
            missing_key: MissingKey::Zero,
            run: Run::default(),
        };
        let mut candidates = BTreeMap::new();
        for sample in result {
            let data = LazyCell::new(|| data(sample, settings));
            let expand = |text: &AlertText| match text.plain() {
                Some(text) => text.to_owned(),
                None => expander.expand_text(text, &data).unwrap_or_else(|error| {
                    tracing::warn!(alert = self.alert, %error, "a template of an alert failed");
                    format!("<error expanding template: {error}>")
                }),
            };
            let of_series = sample.labels.iter().filter(|(name, _)| *name != NAME_LABEL);
            let of_series = of_series.map(|(name, value)| (name, Cow::Borrowed(value)));
            let of_rule = texts.labels.iter();
            let of_rule = of_rule.map(|(name, text)| (name.as_str(), Cow::Owned(expand(text))));
            let name = [(ALERT_NAME, Cow::Borrowed(self.alert.as_str()))];
            let labels = Labels::from_pairs(of_series.chain(of_rule).chain(name));
            let annotations = texts.annotations.iter();
            let annotations = annotations.map(|(name, text)| (name.clone(), expand(text)));
            let candidate = Candidate {
                labels: labels.clone(),
                annotations: annotations.collect(),
                value: sample.value,
            };
            if candidates.insert(labels, candidate).is_some() {
                return Err("vector contains metrics with the same labelset after applying alert \
                            labels"
                    .to_owned());
            }
        }
        Ok(candidates)
    }

    /// Labels that every alert of the rule has, apart from templates.
    pub(crate) fn fixed_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let fixed = self.labels.iter().filter(|(_, value)| !value.contains("{{"));
        let fixed = fixed.map(|(name, value)| (name.as_str(), value.as_str()));
        fixed.chain([(ALERT_NAME, self.alert.as_str())])
    }
}

/// The data of templates.
fn data(sample: &Sample, settings: &Settings) -> template::Value {
    let pairs = sample.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (labels, url) = (&settings.external_labels, settings.external_url.as_str());
    alert_data(&pairs.collect(), labels, url, &sample_value(sample))
}

/// The value as templates see it.
pub(crate) fn sample_value(sample: &Sample) -> SampleValue {
    match &sample.histogram {
        Some(histogram) => SampleValue::Histogram {
            count: histogram.count,
            sum: histogram.sum,
            text: promql::histogram_text(histogram),
        },
        None => SampleValue::Float(sample.value),
    }
}

impl Alerts {
    /// Applies the result of an evaluation at `time_ms`. Returns the series to store.
    ///
    /// # Errors
    /// Prometheus' message, if there are more than `limit`; all alerts are then forgotten.
    pub(crate) fn update(
        &mut self,
        rule: &AlertingRule,
        candidates: BTreeMap<Labels, Candidate>,
        [time_ms, sample_time_ms]: [i64; 2],
        limit: Option<u64>,
    ) -> Result<Vec<Sample>, String> {
        self.active.retain(|labels, alert| {
            candidates.contains_key(labels) || alert.is_kept_without_result(rule, time_ms)
        });
        for (labels, candidate) in candidates {
            match self.active.entry(labels) {
                Entry::Occupied(mut known) if known.get().state != AlertState::Inactive => {
                    let alert = known.get_mut();
                    alert.value = candidate.value;
                    alert.annotations = candidate.annotations;
                    alert.keep_firing_since_ms = None;
                }
                Entry::Occupied(mut resolved) => {
                    resolved.insert(candidate.begin(time_ms));
                }
                Entry::Vacant(free) => {
                    free.insert(candidate.begin(time_ms));
                }
            }
        }
        let mut series = Vec::new();
        let mut active = 0_u64;
        for alert in self.active.values_mut().filter(|a| a.state != AlertState::Inactive) {
            active += 1;
            alert.hold(rule.hold_ms, time_ms);
            if self.is_restored {
                series.extend(alert.series(sample_time_ms));
            }
        }
        match limit {
            Some(limit) if limit > 0 && active > limit => {
                self.active.clear();
                Err(format!("exceeded limit of {limit} with {active} alerts"))
            }
            _ => Ok(series),
        }
    }

    /// The alerts that are to be sent now, which then count as sent.
    pub(crate) fn take_due(
        &mut self,
        time_ms: i64,
        resend_ms: i64,
        interval_ms: i64,
    ) -> Vec<Alert> {
        let due = self.active.values_mut().filter(|alert| alert.is_due(time_ms, resend_ms));
        due.map(|alert| {
            alert.last_sent_at_ms = Some(time_ms);
            // Two evaluations or two notifications may fail.
            let valid_ms = interval_ms.max(resend_ms).saturating_mul(4);
            alert.valid_until_ms = Some(time_ms.saturating_add(valid_ms));
            alert.clone()
        })
        .collect()
    }
}

impl Candidate {
    fn begin(self, time_ms: i64) -> Alert {
        Alert {
            state: AlertState::Pending,
            labels: self.labels,
            annotations: self.annotations,
            value: self.value,
            active_at_ms: time_ms,
            fired_at_ms: None,
            resolved_at_ms: None,
            last_sent_at_ms: None,
            valid_until_ms: None,
            keep_firing_since_ms: None,
        }
    }
}

impl Alert {
    /// Applies that an evaluation did not return the alert: a pending one is forgotten, a firing
    /// one is resolved unless the rule keeps it firing, a resolved one is kept for a while.
    fn is_kept_without_result(&mut self, rule: &AlertingRule, time_ms: i64) -> bool {
        if let Some(resolved) = self.resolved_at_ms {
            return time_ms - resolved <= RESOLVED_RETENTION_MS;
        }
        if self.state == AlertState::Pending {
            return false;
        }
        if rule.keep_firing_for_ms > 0 {
            let since = *self.keep_firing_since_ms.get_or_insert(time_ms);
            if time_ms - since < rule.keep_firing_for_ms {
                return true;
            }
        }
        self.state = AlertState::Inactive;
        self.resolved_at_ms = Some(time_ms);
        true
    }

    /// Lets a pending alert fire after `hold_ms`. A firing alert is pending again if the rule
    /// demands longer than before.
    fn hold(&mut self, hold_ms: i64, time_ms: i64) {
        let is_held = time_ms - self.active_at_ms >= hold_ms;
        match self.state {
            AlertState::Pending if is_held => {
                self.state = AlertState::Firing;
                self.fired_at_ms = Some(time_ms);
            }
            AlertState::Firing if !is_held => {
                self.state = AlertState::Pending;
                self.fired_at_ms = None;
                self.last_sent_at_ms = None;
                self.keep_firing_since_ms = None;
            }
            _ => {}
        }
    }

    /// The samples of an active alert.
    fn series(&self, timestamp_ms: i64) -> [Sample; 2] {
        let state = self.labels.iter().chain([(NAME_LABEL, ALERTS)]);
        let state = Labels::from_pairs(state.chain([(ALERT_STATE, self.state.name())]));
        let since = Labels::from_pairs(self.labels.iter().chain([(NAME_LABEL, ALERTS_FOR_STATE)]));
        let sample = |labels, value| Sample { labels, timestamp_ms, value, histogram: None };
        [sample(state, 1.0), sample(since, self.active_at_ms.div_euclid(1000) as f64)]
    }
}
