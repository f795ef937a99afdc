//! Whether a group of alerts is notified of, given what was notified last.
//!
//! Specification: `notify/dedup_stage.go` of Alertmanager.

use std::time::Duration;

use signals::Timestamp;

use crate::alert::Fingerprint;
use crate::notification_log::Entry;
use crate::time::after;

/// Why a notification is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The receiver knows of no firing alert of the group.
    FirstNotification,
    /// An alert has started.
    NewAlertsInGroup,
    /// Some alerts have ended, others have not.
    NewResolvedAlerts,
    /// All alerts have ended.
    AllAlertsResolved,
    /// Nothing has changed for the time of `repeat_interval`.
    RepeatIntervalElapsed,
}

impl Reason {
    /// As templates and webhooks show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstNotification => "first notification",
            Self::NewAlertsInGroup => "new alerts added",
            Self::NewResolvedAlerts => "some alerts resolved",
            Self::AllAlertsResolved => "all alerts resolved",
            Self::RepeatIntervalElapsed => "repeat interval elapsed",
        }
    }
}

/// The alerts of a group, by whether they are firing. Both are sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) firing: Vec<Fingerprint>,
    pub(crate) resolved: Vec<Fingerprint>,
}

/// Why to notify of these alerts; `None` if there is no reason.
pub(crate) fn reason(
    last: Option<&Entry>,
    alerts: &Partition,
    sends_resolved: bool,
    repeat_interval: Duration,
    now: Timestamp,
) -> Option<Reason> {
    let Some(last) = last else {
        return (!alerts.firing.is_empty()).then_some(Reason::FirstNotification);
    };
    let is_known = |known: &[Fingerprint], alerts: &[Fingerprint]| {
        alerts.iter().all(|alert| known.binary_search(alert).is_ok())
    };
    if !is_known(&last.firing, &alerts.firing) {
        let is_first = last.firing.is_empty();
        return Some(if is_first { Reason::FirstNotification } else { Reason::NewAlertsInGroup });
    }
    if alerts.firing.is_empty() {
        // Whether or not resolved alerts are sent, because the log must forget the firing ones.
        return (!last.firing.is_empty()).then_some(Reason::AllAlertsResolved);
    }
    if sends_resolved && !is_known(&last.resolved, &alerts.resolved) {
        return Some(Reason::NewResolvedAlerts);
    }
    (after(last.at, repeat_interval) < now).then_some(Reason::RepeatIntervalElapsed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Reason::{
        AllAlertsResolved, FirstNotification, NewAlertsInGroup, NewResolvedAlerts,
        RepeatIntervalElapsed,
    };
    use super::*;

    #[test]
    fn a_notification_has_the_reason_of_alertmanager() {
        const NOW: Timestamp = 1_000;
        let repeat = Duration::from_nanos(600);
        let ids = |ids: &[u64]| ids.iter().map(|id| Fingerprint::from_u64(*id)).collect();
        let last = |at, firing: &[u64], resolved: &[u64]| {
            let (firing, resolved) = (ids(firing), ids(resolved));
            let (key, expires_at, state) = (String::new(), at + 1, BTreeMap::new());
            Some(Entry { key, at, expires_at, firing, resolved, state })
        };
        for (last, firing, resolved, sends_resolved, expected) in [
            (None, &[2, 3, 4][..], &[][..], false, Some(FirstNotification)),
            (None, &[], &[2, 3, 4], true, None),
            (last(900, &[1, 2, 3], &[]), &[2, 3, 4], &[], false, Some(NewAlertsInGroup)),
            (last(900, &[], &[1]), &[1], &[], false, Some(FirstNotification)),
            (last(399, &[1, 2, 3], &[]), &[1, 2, 3], &[], false, Some(RepeatIntervalElapsed)),
            (last(400, &[1, 2, 3], &[]), &[1, 2, 3], &[], false, None),
            (last(900, &[1, 2, 3], &[]), &[1, 2], &[], true, None),
            // They have started and ended since the last notification.
            (last(100, &[], &[1, 2, 3]), &[], &[3, 4, 5], true, None),
            (last(900, &[1, 2], &[3]), &[1], &[2, 3], true, Some(NewResolvedAlerts)),
            (last(900, &[1, 2], &[3]), &[1], &[2, 3], false, None),
            (last(900, &[1, 2], &[3]), &[], &[1, 2, 3], false, Some(AllAlertsResolved)),
            (last(900, &[1, 2], &[3]), &[], &[1, 2, 3], true, Some(AllAlertsResolved)),
            (last(900, &[1], &[2, 3]), &[1], &[3], true, None),
        ] {
            let alerts = Partition { firing: ids(firing), resolved: ids(resolved) };
            let found = reason(last.as_ref(), &alerts, sends_resolved, repeat, NOW);
            assert_eq!(found, expected, "{last:?} {alerts:?}");
        }
    }
}
