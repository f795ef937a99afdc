//! `GET /api/v2/alerts`.

use std::sync::Arc;

use adopt::matcher::Matcher;
use serde::{Deserialize, Serialize};
use signals::Timestamp;

use super::filter::{self, ReceiverFilter};
use super::{ApiError, ApiTime, LabelSet};
use crate::alert::Alert;
use crate::alertmanager::{Alertmanager, map};
use crate::silences::ActiveSilences;

/// The parameters of `GET /api/v2/alerts` and `GET /api/v2/alerts/groups`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of the API")]
pub struct AlertsQuery {
    /// Whether alerts are listed that nothing mutes.
    pub active: bool,
    /// Whether silenced alerts are listed.
    pub silenced: bool,
    /// Whether inhibited alerts are listed.
    pub inhibited: bool,
    /// Whether groups are listed that time intervals mute. For groups only.
    pub muted: bool,
    /// Matchers that alerts satisfy.
    pub filter: Vec<String>,
    /// A pattern for the whole name of a receiver.
    pub receiver: Option<String>,
    /// Matchers that the labels of a receiver satisfy.
    pub receiver_matchers: Vec<String>,
}

/// All alerts.
impl Default for AlertsQuery {
    fn default() -> Self {
        Self {
            active: true,
            silenced: true,
            inhibited: true,
            muted: true,
            filter: Vec::new(),
            receiver: None,
            receiver_matchers: Vec::new(),
        }
    }
}

/// An alert with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GettableAlert {
    /// Texts about it.
    pub annotations: LabelSet,
    /// When it ended or ends.
    pub ends_at: ApiTime,
    /// The hash of its labels, in hexadecimal digits.
    pub fingerprint: String,
    /// Who is notified of it.
    pub receivers: Vec<ReceiverReference>,
    /// When it started.
    pub starts_at: ApiTime,
    /// What mutes it.
    pub status: AlertStatus,
    /// When it was received last.
    pub updated_at: ApiTime,
    /// Where it comes from.
    #[serde(rename = "generatorURL", default, skip_serializing_if = "String::is_empty")]
    pub generator_url: String,
    /// Its labels.
    pub labels: LabelSet,
}

/// A receiver by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverReference {
    /// The name.
    pub name: String,
}

/// Whether an alert is notified of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nothing mutes it.
    Active,
    /// Something mutes it.
    Suppressed,
}

/// What mutes an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertStatus {
    /// The state.
    pub state: AlertState,
    /// The ids of silences.
    pub silenced_by: Vec<String>,
    /// The fingerprint of another alert.
    pub inhibited_by: Vec<String>,
    /// The names of time intervals that mute its group. Only listed with groups.
    pub muted_by: Vec<String>,
}

impl AlertStatus {
    fn is_active(&self) -> bool {
        self.silenced_by.is_empty() && self.inhibited_by.is_empty()
    }
}

/// Finds alerts and their states.
pub(super) struct AlertFilter<'a> {
    alertmanager: &'a Alertmanager,
    query: &'a AlertsQuery,
    matchers: Vec<Matcher>,
    silences: ActiveSilences,
    now: Timestamp,
}

impl<'a> AlertFilter<'a> {
    pub(super) fn new(
        alertmanager: &'a Alertmanager,
        query: &'a AlertsQuery,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let matchers = filter::filter(&query.filter)?;
        let silences = alertmanager.silences.active(now);
        Ok(Self { alertmanager, query, matchers, silences, now })
    }

    /// What mutes the alert now; `None` if it is not listed.
    pub(super) fn status(&self, alert: &Alert) -> Option<AlertStatus> {
        let label = |name: &str| alert.labels.get(name);
        if alert.ends_at < self.now || !filter::matches(&self.matchers, label) {
            return None;
        }
        let inhibiting = self.alertmanager.inhibiting(&alert.labels, self.now);
        let mut status = AlertStatus {
            state: AlertState::Active,
            silenced_by: self.silences.muting(&alert.labels),
            inhibited_by: inhibiting.iter().map(ToString::to_string).collect(),
            muted_by: Vec::new(),
        };
        if !status.is_active() {
            status.state = AlertState::Suppressed;
        }
        let is_listed = (self.query.active || !status.is_active())
            && (self.query.silenced || status.silenced_by.is_empty())
            && (self.query.inhibited || status.inhibited_by.is_empty());
        is_listed.then_some(status)
    }
}

/// An alert as the API shows it.
pub(super) fn shown<'r>(
    alert: &Arc<Alert>,
    status: AlertStatus,
    receivers: impl Iterator<Item = &'r str>,
) -> GettableAlert {
    GettableAlert {
        annotations: alert.annotations.clone(),
        ends_at: ApiTime(alert.ends_at),
        fingerprint: alert.fingerprint.to_string(),
        receivers: receivers.map(|name| ReceiverReference { name: name.to_owned() }).collect(),
        starts_at: ApiTime(alert.starts_at),
        status,
        updated_at: ApiTime(alert.updated_at),
        generator_url: alert.generator_url.clone(),
        labels: map(&alert.labels),
    }
}

impl Alertmanager {
    /// The alerts that have not ended: `GET /api/v2/alerts`.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] if a filter is invalid.
    pub fn alerts(
        &self,
        query: &AlertsQuery,
        now: Timestamp,
    ) -> Result<Vec<GettableAlert>, ApiError> {
        let filter = AlertFilter::new(self, query, now)?;
        let receivers = ReceiverFilter::new(query.receiver.as_deref(), &query.receiver_matchers)?;
        let config = &self.configuration.config;
        let mut found = Vec::new();
        for alert in self.alerts.iter() {
            let routes = config.route.matching(&alert.labels);
            let names: Vec<&str> = routes.iter().map(|route| route.receiver.as_str()).collect();
            if !receivers.selects_any(config, &names) {
                continue;
            }
            if let Some(status) = filter.status(alert) {
                found.push(shown(alert, status, names.into_iter()));
            }
        }
        Ok(found)
    }
}
