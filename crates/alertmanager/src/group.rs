//! Groups of alerts that are notified of together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use adopt::alertmanager::{GroupBy, Route};
use signals::{Labels, Timestamp};

use crate::alert::{Alert, Fingerprint};
use crate::time::after;

/// Identifies a group while the process runs; never used twice.
pub(crate) type GroupId = u64;

/// The settings of a route, without its children.
#[derive(Debug, Clone)]
pub(crate) struct RouteSettings {
    /// The key of the route, which starts the keys of its groups.
    pub(crate) key: String,
    pub(crate) receiver: String,
    pub(crate) group_by: GroupBy,
    pub(crate) group_wait: Duration,
    pub(crate) group_interval: Duration,
    pub(crate) repeat_interval: Duration,
    pub(crate) mute_time_intervals: Vec<String>,
    pub(crate) active_time_intervals: Vec<String>,
    pub(crate) labels: BTreeMap<String, String>,
}

impl RouteSettings {
    fn of(route: &Route) -> Self {
        Self {
            key: route.key(),
            receiver: route.receiver.clone(),
            group_by: route.group_by.clone(),
            group_wait: route.group_wait,
            group_interval: route.group_interval,
            repeat_interval: route.repeat_interval,
            mute_time_intervals: route.mute_time_intervals.clone(),
            active_time_intervals: route.active_time_intervals.clone(),
            labels: route.labels.clone(),
        }
    }

    /// The labels that an alert is grouped by.
    fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => {
                labels.without(|name| names.binary_search_by(|n| n.as_str().cmp(name)).is_err())
            }
        }
    }
}

/// Whether an alert of a group was muted when the group was flushed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// The group was not flushed since.
    Unprocessed,
    Active,
    Suppressed,
}

/// An alert of a group.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) alert: Arc<Alert>,
    pub(crate) mark: Mark,
}

/// Alerts of one route with the same group labels.
#[derive(Debug)]
pub(crate) struct Group {
    /// The position of the route.
    pub(crate) route: usize,
    pub(crate) labels: Labels,
    /// The stable name of the group.
    pub(crate) key: Arc<str>,
    /// When the group is flushed next.
    pub(crate) due: Timestamp,
    pub(crate) members: BTreeMap<Fingerprint, Member>,
    /// The time intervals that mute the group.
    pub(crate) muted_by: Vec<String>,
}

/// All groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) routes: Vec<RouteSettings>,
    ids: Vec<HashMap<Labels, GroupId>>,
    by_id: BTreeMap<GroupId, Group>,
    due: BTreeSet<(Timestamp, GroupId)>,
    created: GroupId,
}

impl Groups {
    /// The routes of a configuration, without groups. Ids go on after those of `previous`.
    pub(crate) fn new(root: &Route, previous: &Self) -> Self {
        let routes: Vec<RouteSettings> = root.all().into_iter().map(RouteSettings::of).collect();
        Self {
            ids: routes.iter().map(|_| HashMap::new()).collect(),
            routes,
            created: previous.created,
            ..Self::default()
        }
    }

    /// Adds an alert to its group of a route. Returns `false` if it needs another group than there
    /// may be. Nothing is due before `not_before`.
    pub(crate) fn insert(
        &mut self,
        route: usize,
        alert: &Arc<Alert>,
        groups_max: usize,
        (now, not_before): (Timestamp, Timestamp),
    ) -> bool {
        let (Some(settings), Some(ids)) = (self.routes.get(route), self.ids.get_mut(route)) else {
            return false;
        };
        let labels = settings.group_labels(&alert.labels);
        if let Some(group) = ids.get(&labels).and_then(|id| self.by_id.get_mut(id)) {
            group.insert(alert);
            return true;
        }
        if self.by_id.len() >= groups_max {
            return false;
        }
        // An alert that has fired for long enough does not wait.
        let is_overdue = after(alert.starts_at, settings.group_wait) < now;
        let due = if is_overdue { now } else { after(now, settings.group_wait) };
        let mut group = Group {
            route,
            key: format!("{}:{}", settings.key, text(&labels)).into(),
            labels: labels.clone(),
            due: due.max(not_before),
            members: BTreeMap::new(),
            muted_by: Vec::new(),
        };
        group.insert(alert);
        self.created += 1;
        ids.insert(labels, self.created);
        self.due.insert((group.due, self.created));
        self.by_id.insert(self.created, group);
        true
    }

    /// Takes the group that is due first, if it is due now. It is not due again before
    /// [`Self::schedule`] is called.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<GroupId> {
        let (due, id) = *self.due.first()?;
        // The end of the range of times is never reached.
        (due <= now && due < i64::MAX).then(|| {
            self.due.pop_first();
            id
        })
    }

    /// When the next group is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Schedules the next flush of a group.
    pub(crate) fn schedule(&mut self, id: GroupId, due: Timestamp) {
        if let Some(group) = self.by_id.get_mut(&id) {
            self.due.remove(&(group.due, id));
            group.due = due;
            self.due.insert((due, id));
        }
    }

    pub(crate) fn get(&self, id: GroupId) -> Option<&Group> {
        self.by_id.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        self.by_id.get_mut(&id)
    }

    /// Removes alerts of a group that were notified of as resolved, unless they have changed since,
    /// and the group if it is empty then.
    pub(crate) fn remove_resolved(&mut self, id: GroupId, resolved: &[Arc<Alert>]) {
        let Some(group) = self.by_id.get_mut(&id) else { return };
        for alert in resolved {
            let member = group.members.get(&alert.fingerprint);
            if member.is_some_and(|member| Arc::ptr_eq(&member.alert, alert)) {
                group.members.remove(&alert.fingerprint);
            }
        }
        if !group.members.is_empty() {
            return;
        }
        self.due.remove(&(group.due, id));
        if let Some(ids) = self.ids.get_mut(group.route) {
            ids.remove(&group.labels);
        }
        self.by_id.remove(&id);
    }

    /// All groups, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.by_id.values()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Moves all waits, because the clock has jumped, and replaces the state of each alert.
    pub(crate) fn clock_jumped(
        &mut self,
        by: i64,
        mut change: impl FnMut(&Arc<Alert>) -> Arc<Alert>,
    ) {
        self.due = self.due.iter().map(|(due, id)| (due.saturating_add(by), *id)).collect();
        for group in self.by_id.values_mut() {
            group.due = group.due.saturating_add(by);
            for member in group.members.values_mut() {
                member.alert = change(&member.alert);
            }
        }
    }
}

impl Group {
    fn insert(&mut self, alert: &Arc<Alert>) {
        let mark = self.members.get(&alert.fingerprint).map_or(Mark::Unprocessed, |m| m.mark);
        let member = Member { alert: Arc::clone(alert), mark };
        self.members.insert(alert.fingerprint, member);
    }

    /// Notes whether an alert is muted.
    pub(crate) fn mark(&mut self, alert: Fingerprint, mark: Mark) {
        if let Some(member) = self.members.get_mut(&alert) {
            member.mark = mark;
        }
    }
}

/// Labels as keys of groups show them: `{a="b", c="d"}`.
fn text(labels: &Labels) -> String {
    let shown: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={}", template::quote(value))).collect();
    format!("{{{}}}", shown.join(", "))
}
