//! `GET /api/v2/alerts/groups`.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use signals::Timestamp;
use template::Run;
use template::alertmanager::{Data, Expander, RouteLabels};

use super::alerts::{AlertFilter, AlertsQuery, shown};
use super::filter::ReceiverFilter;
use super::{AlertState, AlertStatus, ApiError, GettableAlert, LabelSet, ReceiverReference};
use crate::alert::{Alert, Fingerprint, by_all_labels, by_labels};
use crate::alertmanager::{Alertmanager, map};
use crate::group::Group;

/// A group of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertGroup {
    /// The alerts that the query selects.
    pub alerts: Vec<GettableAlert>,
    /// The labels that they are grouped by.
    pub labels: LabelSet,
    /// Who is notified.
    pub receiver: ReceiverReference,
    /// The labels of the route, expanded with all alerts of the group.
    pub route_labels: LabelSet,
}

struct Found<'a> {
    group: &'a Group,
    receiver: &'a str,
    alerts: Vec<(&'a Arc<Alert>, AlertStatus)>,
}

impl Alertmanager {
    /// The groups with alerts that the query selects: `GET /api/v2/alerts/groups`.
    ///
    /// # Errors
    /// [`ApiError::BadRequest`] if a filter is invalid.
    pub fn groups(&self, query: &AlertsQuery, now: Timestamp) -> Result<Vec<AlertGroup>, ApiError> {
        let filter = AlertFilter::new(self, query, now)?;
        let receivers = ReceiverFilter::new(query.receiver.as_deref(), &query.receiver_matchers)?;
        let config = &self.configuration.config;
        let mut found = Vec::new();
        let mut receivers_of: HashMap<Fingerprint, Vec<&str>> = HashMap::new();
        for group in self.groups.iter() {
            let Some(route) = self.groups.routes.get(group.route) else { continue };
            let receiver = route.receiver.as_str();
            if !receivers.selects(config, receiver) {
                continue;
            }
            let mut alerts = Vec::new();
            for member in group.members.values() {
                if let Some(status) = filter.status(&member.alert) {
                    receivers_of.entry(member.alert.fingerprint).or_default().push(receiver);
                    alerts.push((&member.alert, status));
                }
            }
            alerts.sort_by(|(a, _), (b, _)| by_labels(&a.labels, &b.labels));
            if !alerts.is_empty() && (query.muted || group.muted_by.is_empty()) {
                found.push(Found { group, receiver, alerts });
            }
        }
        found.sort_by(|a, b| {
            let by_labels = by_all_labels(&a.group.labels, &b.group.labels);
            by_labels.then_with(|| a.receiver.cmp(b.receiver))
        });
        for receivers in receivers_of.values_mut() {
            receivers.sort_unstable();
        }
        Ok(found.into_iter().map(|found| self.shown_group(found, &receivers_of, now)).collect())
    }

    fn shown_group(
        &self,
        found: Found<'_>,
        receivers_of: &HashMap<Fingerprint, Vec<&str>>,
        now: Timestamp,
    ) -> AlertGroup {
        let Found { group, receiver, alerts } = found;
        let alerts = alerts.into_iter().map(|(alert, mut status)| {
            status.muted_by.clone_from(&group.muted_by);
            if !status.muted_by.is_empty() {
                status.state = AlertState::Suppressed;
            }
            let receivers = receivers_of.get(&alert.fingerprint).into_iter().flatten().copied();
            shown(alert, status, receivers)
        });
        AlertGroup {
            alerts: alerts.collect(),
            labels: map(&group.labels),
            receiver: ReceiverReference { name: receiver.to_owned() },
            route_labels: self.route_labels(group, now),
        }
    }

    /// The labels of a group's route. One whose template fails is left out.
    fn route_labels(&self, group: &Group, now: Timestamp) -> LabelSet {
        let Some(route) = self.groups.routes.get(group.route) else { return LabelSet::new() };
        if route.labels.is_empty() {
            return LabelSet::new();
        }
        let mut alerts: Vec<&Alert> = group.members.values().map(|member| &*member.alert).collect();
        alerts.sort_by(|a, b| by_labels(&a.labels, &b.labels));
        let alerts = alerts.into_iter().map(|alert| alert.shown(now)).collect();
        let mut data = Data::new(&route.receiver, map(&group.labels), alerts);
        "unknown".clone_into(&mut data.notification_reason);
        data.route_labels.clone_from(&route.labels);
        data.external_url.clone_from(&self.configuration.external_url);
        let labels = RouteLabels { values: route.labels.clone(), are_rendered: false };
        let expander = Expander {
            templates: &self.configuration.templates,
            data: &data.to_value(),
            route_labels: &labels,
            now_ns: now,
            run: Run::default(),
        };
        let expanded = |name: &String| {
            let text = format!("{{{{ routeLabels {} }}}}", template::quote(name));
            Some((name.clone(), expander.text(&text).ok()?))
        };
        route.labels.keys().filter_map(expanded).collect()
    }
}
