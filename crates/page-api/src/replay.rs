//! `POST /api/alerting/replay`: what rules would have done over stored history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::NotifiedAlert;

/// Body of `POST /api/alerting/replay`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// The first time.
    pub from_unix_ms: i64,
    /// The last time.
    pub to_unix_ms: i64,
    /// Files of rules; `None` stands for those in use.
    #[serde(default)]
    pub rules: Option<Vec<RuleFileText>>,
    /// The text of an `alertmanager.yml`; `None` stands for the configuration in use.
    #[serde(default)]
    pub alertmanager: Option<String>,
    /// Time between evaluations of groups of [`Self::rules`] that do not set it; `None` stands for a
    /// minute.
    #[serde(default)]
    pub interval_s: Option<f64>,
}

/// A file of rules that is not stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RuleFileText {
    /// The path of the file, for messages.
    pub file: String,
    /// Its text.
    pub content: String,
}

/// Answer of `POST /api/alerting/replay`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReplayAnswer {
    /// The rules of all groups, in order.
    pub rules: Vec<ReplayedRule>,
    /// How many messages each integration would have got.
    pub integrations: Vec<ReplayedIntegration>,
    /// The messages in order of time; not all if there are very many.
    pub notifications: Vec<ReplayedNotification>,
    /// The number of all messages.
    pub notifications_total: usize,
}

/// What a rule would have done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReplayedRule {
    /// Its file.
    pub file: String,
    /// Its group.
    pub group: String,
    /// The name of the series or of the alert.
    pub name: String,
    /// Whether it makes alerts; otherwise it records series.
    pub is_alerting: bool,
    /// How many alerts became active.
    pub active_total: usize,
    /// How many of them fired.
    pub fired_total: usize,
    /// How long they fired, all together.
    pub firing_s: f64,
    /// The alerts in the order in which they became active; not all if there are very many.
    pub episodes: Vec<ReplayedEpisode>,
    /// How many evaluations failed.
    pub failures: u64,
    /// Why the last of them failed.
    pub last_failure: Option<String>,
}

/// An alert from becoming active until its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReplayedEpisode {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations at the end.
    pub annotations: BTreeMap<String, String>,
    /// When it became active.
    pub active_unix_ms: i64,
    /// When it fired; `None` if it never did.
    pub fired_unix_ms: Option<i64>,
    /// When it ended; `None` if it is active at the end.
    pub ended_unix_ms: Option<i64>,
    /// The greatest value of the expression, as text: JSON has no infinity.
    pub peak: String,
}

/// How many messages an integration of a receiver would have got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReplayedIntegration {
    /// The name of the receiver.
    pub receiver: String,
    /// The kind of integration, such as `slack`; empty for a receiver that has none.
    pub integration: String,
    /// The position of the integration among those of the same kind, from 0.
    pub index: usize,
    /// The number of messages.
    pub messages: usize,
}

/// A message that would have been sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReplayedNotification {
    /// When.
    pub at_unix_ms: i64,
    /// The name of the receiver.
    pub receiver: String,
    /// The kind of integration, such as `slack`.
    pub integration: String,
    /// The position of the integration among those of the same kind, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
    /// The labels that the alerts are grouped by.
    pub group_labels: BTreeMap<String, String>,
    /// The first alerts that it is about.
    pub alerts: Vec<NotifiedAlert>,
    /// The number of all alerts that it is about.
    pub alerts_total: usize,
}
