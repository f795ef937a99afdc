//! The flush of a group: which alerts are muted, and which integrations are notified.
//!
//! Specification: `aggrGroup.flush` of Alertmanager's `dispatch/`, and the stages of its `notify/`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use notify::Notification;
use signals::{Labels, Timestamp};

use super::{Alertmanager, Dispatch, DispatchId};
use crate::alert::{Alert, by_labels};
use crate::group::{Group, GroupId, Mark};
use crate::history::{HistoryAlert, What};
use crate::metrics::Suppressed;
use crate::notification_log::{Entry, IntegrationKey, NotificationLog, key};
use crate::reason::{Partition, Reason, reason};
use crate::record::Record;
use crate::time::after;

/// The shortest time that a notification may take.
const TIMEOUT_MIN: Duration = Duration::from_secs(10);

/// What a flush is known by: the key of its group, and the receiver, because groups of routes with the
/// same matchers have the same key. One receiver does not wait for another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct FlushKey {
    pub(super) group_key: Arc<str>,
    pub(super) receiver: String,
}

/// A flush whose notifications are being sent. Its group is not flushed again before it ends.
#[derive(Debug)]
pub(super) struct Flush {
    pub(super) group: GroupId,
    /// The resolved alerts of the group, which are removed after success.
    pub(super) resolved: Vec<Arc<Alert>>,
    /// Notifications without an outcome.
    pub(super) pending: usize,
    pub(super) has_failed: bool,
    /// Groups that are due and wait for the end. After a reload the group is another one with the
    /// same key and receiver.
    pub(super) waiting: Vec<GroupId>,
}

/// A notification that is being sent.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) group_key: Arc<str>,
    pub(super) group_labels: Labels,
    pub(super) integration: IntegrationKey,
    /// The alerts that are sent, in the order in which they are shown.
    pub(super) sent: Vec<Arc<Alert>>,
    /// All alerts that are not muted, for the log.
    pub(super) alerts: Partition,
    pub(super) repeat_interval: Duration,
    pub(super) reason: Reason,
    pub(super) started_at: Timestamp,
}

impl InFlight {
    /// What the history shows of it.
    pub(super) fn into_what(self) -> What {
        let shown = |alert: &Arc<Alert>| HistoryAlert {
            labels: alert.labels.clone(),
            is_firing: !alert.is_resolved(self.started_at),
        };
        What {
            alerts: self.sent.iter().map(shown).collect(),
            group_key: self.group_key.to_string(),
            group_labels: self.group_labels,
            integration: self.integration,
            reason: self.reason,
        }
    }
}

impl Alertmanager {
    /// Flushes a group that is due.
    pub(super) fn flush(&mut self, id: GroupId, now: Timestamp, dispatches: &mut Vec<Dispatch>) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(route) = self.groups.routes.get(group.route) else { return };
        let (group_key, receiver) = (Arc::clone(&group.key), route.receiver.clone());
        let (key, tick) = (FlushKey { group_key, receiver }, group.due);
        if let Some(flush) = self.flushes.get_mut(&key) {
            flush.waiting.push(id);
            return;
        }
        let next = after(now, route.group_interval);
        let alerts = sorted_alerts(group);
        let resolved: Vec<Arc<Alert>> =
            alerts.iter().filter(|alert| alert.is_resolved(now)).map(Arc::clone).collect();
        self.groups.schedule(id, next);
        let alerts = self.unmuted(id, alerts, tick, now);
        let before = dispatches.len();
        if !alerts.is_empty() {
            self.notify(id, &alerts, (tick, now), dispatches);
        }
        let pending = dispatches.len() - before;
        if pending == 0 {
            self.groups.remove_resolved(id, &resolved);
            return;
        }
        let (has_failed, waiting) = (false, Vec::new());
        self.flushes.insert(key, Flush { group: id, resolved, pending, has_failed, waiting });
    }

    /// The alerts that are not muted. `tick` is when the flush was due.
    fn unmuted(
        &mut self,
        id: GroupId,
        mut alerts: Vec<Arc<Alert>>,
        tick: Timestamp,
        now: Timestamp,
    ) -> Vec<Arc<Alert>> {
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        let mut muted = 0;
        alerts.retain(|alert| {
            let is_inhibited = self.inhibitor.inhibiting(&alert.labels, now).is_some();
            let mark = if is_inhibited { Mark::Suppressed } else { Mark::Active };
            group.mark(alert.fingerprint, mark);
            muted += usize::from(is_inhibited);
            !is_inhibited
        });
        self.metrics.suppressed(Suppressed::Inhibition, muted);
        if alerts.is_empty() {
            return alerts;
        }
        if let Some(why) = self.time_muted(id, tick) {
            self.metrics.suppressed(why, alerts.len());
            return Vec::new();
        }
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        let active = self.silences.active(now);
        let unsilenced = alerts.len();
        alerts.retain(|alert| {
            let is_silenced = active.mutes(&alert.labels);
            if is_silenced {
                group.mark(alert.fingerprint, Mark::Suppressed);
            }
            !is_silenced
        });
        self.metrics.suppressed(Suppressed::Silence, unsilenced - alerts.len());
        alerts
    }

    /// Whether time intervals mute a group. Notes them in the group.
    fn time_muted(&mut self, id: GroupId, tick: Timestamp) -> Option<Suppressed> {
        let group = self.groups.get(id)?;
        let route = self.groups.routes.get(group.route)?;
        let intervals = &self.configuration.config.time_intervals;
        let second = tick.div_euclid(signals::time::SECOND);
        let containing = |names: &[String]| -> Vec<String> {
            let contains = |name: &&String| {
                let named =
                    |interval: &&adopt::alertmanager::NamedInterval| interval.name == **name;
                intervals.iter().find(named).is_some_and(|interval| interval.contains(second))
            };
            names.iter().filter(contains).cloned().collect()
        };
        let active = &route.active_time_intervals;
        let (why, muted_by) = if !active.is_empty() && containing(active).is_empty() {
            (Suppressed::ActiveTimeInterval, active.clone())
        } else {
            (Suppressed::MuteTimeInterval, containing(&route.mute_time_intervals))
        };
        let is_muted = !muted_by.is_empty();
        self.groups.get_mut(id)?.muted_by = muted_by;
        is_muted.then_some(why)
    }

    /// Decides for each integration of the receiver whether it is notified.
    fn notify(
        &mut self,
        id: GroupId,
        alerts: &[Arc<Alert>],
        (tick, now): (Timestamp, Timestamp),
        dispatches: &mut Vec<Dispatch>,
    ) {
        let Some(group) = self.groups.get(id) else { return };
        let Some(route) = self.groups.routes.get(group.route).cloned() else { return };
        let (group_key, group_labels) = (Arc::clone(&group.key), group.labels.clone());
        let partition = partition(alerts, now);
        let config = Arc::clone(&self.configuration.config);
        let receiver = config.receivers.iter().find(|receiver| receiver.name == route.receiver);
        for integration in receiver.map_or(&[][..], |receiver| &receiver.integrations) {
            let integration_key = IntegrationKey {
                receiver: route.receiver.clone(),
                name: integration.name,
                index: integration.index,
            };
            let (sends_resolved, repeat) = (integration.send_resolved, route.repeat_interval);
            let log_key = key(&group_key, &integration_key);
            self.metrics.log_queried();
            let last = self.log.get(&log_key).map(Arc::clone);
            let reason = reason(last.as_deref(), &partition, sends_resolved, repeat, tick);
            let Some(reason) = reason else { continue };
            let state = match (last, reason) {
                (Some(last), reason) if reason != Reason::FirstNotification => last.state.clone(),
                _ => BTreeMap::new(),
            };
            self.metrics.notification(integration.name);
            if !sends_resolved && partition.firing.is_empty() {
                // Nothing is sent, but the log must know that the alerts have been resolved.
                self.log_notification(log_key, partition.clone(), state, repeat, now);
                continue;
            }
            let is_sent = |alert: &&Arc<Alert>| sends_resolved || !alert.is_resolved(now);
            let sent: Vec<Arc<Alert>> = alerts.iter().filter(is_sent).map(Arc::clone).collect();
            self.dispatched += 1;
            let id = DispatchId(self.dispatched);
            dispatches.push(Dispatch {
                id,
                integration: integration_key.clone(),
                notification: Notification {
                    receiver: route.receiver.clone(),
                    group_key: group_key.to_string(),
                    group_labels: map(&group_labels),
                    route_labels: route.labels.clone(),
                    alerts: sent.iter().map(|alert| alert.shown(now)).collect(),
                    reason: reason.name().to_owned(),
                    state,
                    now_ns: now,
                },
                timeout: route.group_interval.max(TIMEOUT_MIN),
            });
            let in_flight = InFlight {
                group_key: Arc::clone(&group_key),
                group_labels: group_labels.clone(),
                integration: integration_key,
                sent,
                alerts: partition.clone(),
                repeat_interval: repeat,
                reason,
                started_at: now,
            };
            self.in_flight.insert(id, in_flight);
        }
    }

    /// Notes that an integration was told of these alerts.
    pub(super) fn log_notification(
        &mut self,
        key: String,
        alerts: Partition,
        state: BTreeMap<String, String>,
        repeat: Duration,
        now: Timestamp,
    ) {
        let expires_at = NotificationLog::expiry(now, repeat, &self.limits);
        let Partition { firing, resolved } = alerts;
        let entry = Arc::new(Entry { key, at: now, expires_at, firing, resolved, state });
        self.save(&Record::Notified(Arc::clone(&entry)));
        let dropped = self.log.put(entry, &self.limits);
        self.metrics.log_dropped(dropped);
    }
}

/// The alerts of a group, in the order in which they are shown.
fn sorted_alerts(group: &Group) -> Vec<Arc<Alert>> {
    let mut alerts: Vec<Arc<Alert>> =
        group.members.values().map(|member| Arc::clone(&member.alert)).collect();
    alerts.sort_by(|a, b| -> Ordering { by_labels(&a.labels, &b.labels) });
    alerts
}

fn partition(alerts: &[Arc<Alert>], now: Timestamp) -> Partition {
    let mut partition = Partition::default();
    for alert in alerts {
        let resolved = &mut partition.resolved;
        let side = if alert.is_resolved(now) { resolved } else { &mut partition.firing };
        side.push(alert.fingerprint);
    }
    partition.firing.sort_unstable();
    partition.resolved.sort_unstable();
    partition
}

/// Labels by name.
pub(crate) fn map(labels: &Labels) -> BTreeMap<String, String> {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
