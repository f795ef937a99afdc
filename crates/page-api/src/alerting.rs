//! `/api/alerting`: what the page shows of alerting beyond the APIs of Prometheus and Alertmanager.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Answer of `GET /api/alerting/notifications`.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NotificationList {
    /// The newest first; older ones are forgotten.
    pub notifications: Vec<NotificationEntry>,
}

/// A notification that was sent, or could not be sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NotificationEntry {
    /// When its last try ended.
    pub at_unix_ms: i64,
    /// The name of the receiver.
    pub receiver: String,
    /// The kind of integration, such as `slack`.
    pub integration: String,
    /// The position of the integration among those of the same kind, from 0.
    pub index: usize,
    /// The group of alerts.
    pub group_key: String,
    /// The labels that the alerts are grouped by.
    pub group_labels: BTreeMap<String, String>,
    /// Why it was sent.
    pub reason: String,
    /// The alerts that it is about.
    pub alerts: Vec<NotifiedAlert>,
    /// Why it was not sent; `None` if it was.
    pub error: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long the last try took.
    pub duration_ms: u64,
    /// The message as it was sent, without secrets.
    pub message: String,
}

/// An alert of a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NotifiedAlert {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it was firing; otherwise it was resolved.
    pub is_firing: bool,
}

/// Answer of `GET /api/alerting/routes`: the tree of routes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RouteNode {
    /// Its name in the tree, unique.
    pub id: String,
    /// The receiver of the alerts that stay here.
    pub receiver: String,
    /// The kinds of integrations of the receiver.
    pub integrations: Vec<String>,
    /// The conditions of the route, as they are written.
    pub matchers: Vec<String>,
    /// Labels that alerts are grouped by; `...` stands for all.
    pub group_by: Vec<String>,
    /// How long a new group waits before its first notification.
    pub group_wait_s: f64,
    /// How long a group waits after a notification before it tells of new alerts.
    pub group_interval_s: f64,
    /// How long a group waits before it tells of the same alerts again.
    pub repeat_interval_s: f64,
    /// Whether the routes after this one are also looked at.
    pub continues: bool,
    /// Time intervals in which nothing is sent.
    pub mute_time_intervals: Vec<String>,
    /// Time intervals outside of which nothing is sent.
    pub active_time_intervals: Vec<String>,
    /// The line in the file, from 1; 0 for the route that exists without a file.
    pub line: u32,
    /// The routes below.
    pub routes: Vec<RouteNode>,
}

/// Body of `POST /api/alerting/routes/test`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RouteTest {
    /// The labels of an alert.
    pub labels: BTreeMap<String, String>,
}

/// Answer of `POST /api/alerting/routes/test`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RouteTestAnswer {
    /// The [`RouteNode::id`] of the routes that the alert reaches.
    pub routes: Vec<String>,
    /// The receivers of these routes.
    pub receivers: Vec<String>,
}

/// Answer of `POST /api/alerting/receivers/{name}/test`, which sends a message to a receiver.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ReceiverTest {
    /// One result for each integration.
    pub results: Vec<IntegrationTest>,
}

/// The result of a message to one integration.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IntegrationTest {
    /// The kind of integration, such as `slack`.
    pub integration: String,
    /// The position of the integration among those of the same kind, from 0.
    pub index: usize,
    /// Why it was not sent; `None` if it was.
    pub error: Option<String>,
    /// The message, without secrets.
    pub message: String,
}

/// Answer of `GET /api/alerting/rule-files`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RuleFileList {
    /// In order of names.
    pub files: Vec<RuleFileEntry>,
}

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RuleFileEntry {
    /// The path of the file.
    pub file: String,
    /// Its name, if it is one of the data folder, which the page may write.
    pub name: Option<String>,
    /// Its text.
    pub content: String,
}

/// Body of `PUT /api/alerting/rule-files/{name}`: the new text of a file in the data folder. An
/// empty text removes the file.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RuleFileSave {
    /// The text that the page has read; `None` for a new file.
    pub read: Option<String>,
    /// The new text.
    pub content: String,
}

/// Answer of the routes below `/api/alerting` with a status of 400 and more.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AlertingError {
    /// What is wrong; for a file of rules with its position.
    pub error: String,
}
