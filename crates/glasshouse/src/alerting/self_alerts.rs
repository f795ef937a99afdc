//! Alerts about this server itself. They are made from the state of the process and given to the
//! Alertmanagers, and so need neither rules nor queries nor the store, which may have failed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alertmanager::Live;
use receive::alertmanagers::{Alertmanagers, OutgoingAlert};
use rules::{Group, Groups, Health};
use signals::time::{MILLISECOND, SECOND};
use signals::{Clock, Labels, Timestamp};
use store::Store;

use super::environment::postable;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(15);
/// A group of rules is behind if it misses as many evaluations, and as much time.
const MISSED_EVALUATIONS: i64 = 3;
const BEHIND_MS_MIN: i64 = 30_000;
/// How long a failed notification counts.
const FAILED_WITHIN: Timestamp = 15 * 60 * SECOND;

/// What is looked at.
pub(crate) struct Watched {
    pub(crate) rules: Arc<Groups>,
    pub(crate) store: Store,
    pub(crate) alertmanagers: Arc<Alertmanagers>,
    pub(crate) alertmanager: Live,
    pub(crate) external_url: String,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Something that is wrong: the name of the alert, what it is about, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    alert: &'static str,
    about: String,
    description: String,
}

/// A group of rules and its last evaluation.
struct Evaluated {
    group: String,
    interval_ms: i64,
    at_ms: Option<i64>,
    /// How many rules failed, and the first of them with the reason.
    failed: Option<(usize, String)>,
}

impl Evaluated {
    fn of(group: &Group) -> Self {
        let (at_ms, failed) = group.read(|state| {
            let bad = || state.rules.iter().filter(|rule| rule.health == Health::Bad);
            let first = bad().next().map(|rule| {
                let reason = rule.last_error.as_deref().unwrap_or_default();
                (bad().count(), format!("{}: {reason}", rule.rule.name()))
            });
            (state.evaluated_at_ms, first)
        });
        let group_name = group.identity.to_string();
        Self { group: group_name, interval_ms: group.interval_ms, at_ms, failed }
    }
}

/// The last outcome of an integration.
struct LastNotification {
    integration: String,
    at: Timestamp,
    error: Option<String>,
}

/// Looks until the process ends. Alerts that are not renewed end by themselves.
pub(crate) async fn watch(watched: Watched) {
    let mut since: BTreeMap<(&'static str, String), i64> = BTreeMap::new();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = watched.clock.now();
        let now_ms = now.div_euclid(MILLISECOND);
        let faults = watched.faults(now);
        let key = |fault: &Fault| (fault.alert, fault.about.clone());
        since.retain(|known, _| faults.iter().any(|fault| key(fault) == *known));
        let alerts = faults.iter().map(|fault| {
            let starts_at_ms = *since.entry(key(fault)).or_insert(now_ms);
            watched.alert(fault, starts_at_ms, now_ms)
        });
        let sent = watched.alertmanagers.send(alerts.collect());
        let receipt =
            watched.alertmanager.receive(sent.iter().map(|alert| postable(alert)).collect());
        for error in receipt.errors {
            tracing::error!(error, "an alert about this server is not valid");
        }
    }
}

impl Watched {
    fn faults(&self, now: Timestamp) -> Vec<Fault> {
        let groups = self.rules.groups();
        let evaluated = || groups.iter().map(|group| Evaluated::of(group.as_ref()));
        let notifications = self.alertmanager.read(|alertmanager, _| {
            let mut last: BTreeMap<String, LastNotification> = BTreeMap::new();
            // The newest come first.
            for entry in alertmanager.history().iter() {
                let integration = entry.integration.to_string();
                last.entry(integration.clone()).or_insert_with(|| LastNotification {
                    integration,
                    at: entry.at,
                    error: entry.error.clone(),
                });
            }
            last
        });
        let status = self.store.status();
        let mut faults = behind(evaluated(), now.div_euclid(MILLISECOND));
        faults.extend(evaluated().filter_map(failed));
        faults.extend(failing(notifications.into_values(), now));
        faults.extend(status.fatal.map(|reason| Fault {
            alert: "GlasshouseStoreFailed",
            about: "write-ahead log".to_owned(),
            description: format!("The write-ahead log failed, nothing is stored: {reason}"),
        }));
        faults.extend(status.is_disk_low.then(|| Fault {
            alert: "GlasshouseDiskLow",
            about: "disk".to_owned(),
            description:
                "The disk is nearly full: new data is refused until space is freed.".to_owned(),
        }));
        faults
    }

    fn alert(&self, fault: &Fault, starts_at_ms: i64, now_ms: i64) -> OutgoingAlert {
        let labels = [
            ("alertname", fault.alert),
            ("severity", "critical"),
            ("job", "glasshouse"),
            ("about", fault.about.as_str()),
        ];
        let renewals = i64::try_from(4 * INTERVAL.as_millis()).unwrap_or(i64::MAX);
        OutgoingAlert {
            labels: Labels::from_pairs(labels),
            annotations: BTreeMap::from([
                ("summary".to_owned(), format!("{}: {}", fault.alert, fault.about)),
                ("description".to_owned(), fault.description.clone()),
            ]),
            starts_at_ms,
            ends_at_ms: now_ms + renewals,
            generator_url: format!("{}/", self.external_url),
        }
    }
}

/// Groups that are not evaluated any more. One that was never evaluated waits for its first time.
fn behind(groups: impl Iterator<Item = Evaluated>, now_ms: i64) -> Vec<Fault> {
    let fault = |group: Evaluated| {
        let late_ms = now_ms - group.at_ms?;
        let is_behind = late_ms > (MISSED_EVALUATIONS * group.interval_ms).max(BEHIND_MS_MIN);
        is_behind.then(|| Fault {
            alert: "GlasshouseRulesBehind",
            description: format!(
                "The rules of {} were last evaluated {} s ago; their interval is {} s.",
                group.group,
                late_ms / 1000,
                group.interval_ms / 1000
            ),
            about: group.group,
        })
    };
    groups.filter_map(fault).collect()
}

/// A group with rules whose last evaluation failed: they cannot say that all is well.
fn failed(group: Evaluated) -> Option<Fault> {
    let (count, first) = group.failed?;
    Some(Fault {
        alert: "GlasshouseRulesFailing",
        description: format!("{count} rules of {} failed, first {first}", group.group),
        about: group.group,
    })
}

/// Integrations whose last notification was not sent.
fn failing(notifications: impl Iterator<Item = LastNotification>, now: Timestamp) -> Vec<Fault> {
    let fault = |last: LastNotification| {
        let error = last.error.filter(|_| now - last.at < FAILED_WITHIN)?;
        Some(Fault {
            alert: "GlasshouseNotificationsFailing",
            description: format!(
                "The last notification by {} was not sent: {error}",
                last.integration
            ),
            about: last.integration,
        })
    };
    notifications.filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_behind_after_three_intervals_and_half_a_minute() {
        for (interval_ms, at_ms, now_ms, is_behind) in [
            (1_000, Some(0), 29_000, false),
            (1_000, Some(0), 31_000, true),
            (60_000, Some(0), 179_000, false),
            (60_000, Some(0), 181_000, true),
            (60_000, None, 181_000, false),
            (60_000, Some(0), -3_600_000, false),
        ] {
            let group = Evaluated { group: "a;g".to_owned(), interval_ms, at_ms, failed: None };
            let faults = behind(std::iter::once(group), now_ms);
            assert_eq!(!faults.is_empty(), is_behind, "{interval_ms} {at_ms:?} {now_ms}");
        }
    }

    #[test]
    fn an_integration_fails_while_its_last_notification_was_not_sent() {
        let minute = 60 * SECOND;
        for (at, error, is_failing) in [
            (0, None, false),
            (0, Some("refused"), true),
            (-14 * minute, Some("refused"), true),
            (-16 * minute, Some("refused"), false),
        ] {
            let error = error.map(str::to_owned);
            let last = LastNotification { integration: "hook/webhook[0]".to_owned(), at, error };
            assert_eq!(!failing(std::iter::once(last), 0).is_empty(), is_failing, "{at}");
        }
    }
}
