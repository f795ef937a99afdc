//! The state machine: what arrives, what is due, and what is to be sent.

mod flush;
mod outcome;
mod reload;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use adopt::alertmanager::{Config, Route};
use notify::Notification;
use signals::{Labels, Timestamp};
use template::alertmanager::Templates;

use crate::alert::{Alert, Fingerprint};
use crate::alerts::Alerts;
use crate::api::PostableAlert;
use crate::group::Groups;
use crate::history::History;
use crate::inhibitor::Inhibitor;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::notification_log::{IntegrationKey, NotificationLog};
use crate::record::Record;
use crate::silence::SilenceRecord;
use crate::silences::{SilenceError, Silences};
use crate::time::after;

pub(crate) use flush::map;
use flush::{Flush, FlushKey, InFlight};
pub use outcome::Outcome;

/// What an Alertmanager is configured with.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The file.
    pub config: Arc<Config>,
    /// The templates that the file names, and the default ones, for labels of routes.
    pub templates: Arc<Templates>,
    /// The URL under which users reach the server, for templates.
    pub external_url: String,
}

/// Identifies a notification that is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DispatchId(u64);

/// A notification that is to be sent. [`Alertmanager::finished`] takes its outcome.
#[derive(Debug, Clone)]
pub struct Dispatch {
    /// Its identity.
    pub id: DispatchId,
    /// Which integration sends it.
    pub integration: IntegrationKey,
    /// What is sent.
    pub notification: Notification,
    /// How long may be tried to send it.
    pub timeout: Duration,
}

/// What has become of alerts that were received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// One message for each invalid alert.
    pub errors: Vec<String>,
    /// Alerts for which there was no room.
    pub dropped: usize,
}

/// Alerts, silences and the notification log, and what follows from them.
///
/// Nothing happens by itself: the caller passes the time, calls [`Self::advance`] at
/// [`Self::next_wakeup`], sends what that returns and reports by [`Self::finished`]. With the same
/// calls everything happens in the same way, so that a simulation shows what a server would do.
///
/// Times are those of the wall clock, in nanoseconds since 1970, and must not decrease. Where the
/// clock jumps, [`Self::clock_jumped`] is called first.
#[derive(Debug)]
pub struct Alertmanager {
    pub(crate) configuration: Configuration,
    pub(crate) limits: Limits,
    pub(crate) started_at: Timestamp,
    pub(crate) alerts: Alerts,
    pub(crate) groups: Groups,
    pub(crate) inhibitor: Inhibitor,
    pub(crate) silences: Silences,
    pub(crate) log: NotificationLog,
    pub(crate) metrics: Metrics,
    pub(crate) history: History,
    /// The flushes of groups that wait for outcomes.
    flushes: HashMap<FlushKey, Flush>,
    in_flight: BTreeMap<DispatchId, InFlight>,
    dispatched: u64,
    next_alerts_gc: Timestamp,
    next_maintenance: Timestamp,
    /// Records that are not saved so far; `None` if nothing is saved.
    unsaved: Option<Unsaved>,
}

/// Records that are not saved so far.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    /// The records as lines.
    pub(crate) lines: Vec<u8>,
    /// Whether there were more than may wait, so that only a snapshot is complete.
    pub(crate) is_incomplete: bool,
}

/// The bytes of records that may wait to be saved.
const UNSAVED_BYTES_MAX: usize = 64 << 20;

impl Alertmanager {
    /// An Alertmanager without alerts and silences.
    #[must_use]
    pub fn new(configuration: Configuration, limits: Limits, now: Timestamp) -> Self {
        let metrics = Metrics::default();
        metrics.configured(&configuration.config);
        Self {
            groups: Groups::new(&configuration.config.route, &Groups::default()),
            inhibitor: Inhibitor::new(&configuration.config.inhibit_rules),
            configuration,
            limits,
            started_at: now,
            alerts: Alerts::default(),
            silences: Silences::default(),
            log: NotificationLog::default(),
            metrics,
            history: History::default(),
            flushes: HashMap::new(),
            in_flight: BTreeMap::new(),
            dispatched: 0,
            next_alerts_gc: after(now, limits.alerts_gc_interval),
            next_maintenance: after(now, limits.maintenance_interval),
            unsaved: None,
        }
    }

    /// The configuration in use.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The counters and histograms.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The last notifications.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Takes alerts from a sender: `POST /api/v2/alerts`. Valid alerts are kept even if others are
    /// invalid.
    pub fn receive(&mut self, alerts: Vec<PostableAlert>, now: Timestamp) -> Receipt {
        let resolve_timeout = self.configuration.config.resolve_timeout;
        let (mut receipt, mut has_made_room) = (Receipt::default(), false);
        for alert in alerts {
            match alert.into_alert(resolve_timeout, self.limits.alert_bytes, now) {
                Ok(alert) => {
                    self.metrics.received(!alert.is_resolved(now));
                    let is_new = !self.alerts.contains(alert.fingerprint);
                    if is_new && !has_made_room && self.alerts.is_full(&self.limits) {
                        // Once for all alerts of a request, because it looks at all alerts.
                        self.remove_resolved(now);
                        has_made_room = true;
                    }
                    receipt.dropped += usize::from(!self.put(alert, now));
                }
                Err((is_firing, error)) => {
                    self.metrics.received(is_firing);
                    self.metrics.invalid();
                    receipt.errors.push(error);
                }
            }
        }
        receipt
    }

    /// Keeps an alert and adds it to its groups. Returns `false` if there is no room for it.
    fn put(&mut self, alert: Alert, now: Timestamp) -> bool {
        let Some(alert) = self.alerts.put(alert, &self.limits, now) else {
            self.metrics.limited();
            return false;
        };
        self.inhibitor.update(&alert);
        self.route(&alert, now);
        true
    }

    /// Adds an alert to the group of each route that it takes.
    fn route(&mut self, alert: &Arc<Alert>, now: Timestamp) {
        let not_before = after(self.started_at, self.limits.start_delay);
        for route in self.configuration.config.route.matching(&alert.labels) {
            let times = (now, not_before);
            if !self.groups.insert(route.index, alert, self.limits.groups, times) {
                self.metrics.group_limited();
            }
        }
    }

    fn remove_resolved(&mut self, now: Timestamp) {
        for alert in self.alerts.remove_resolved(now) {
            self.inhibitor.remove(&alert);
        }
    }

    /// When [`Self::advance`] is to be called next.
    #[must_use]
    pub fn next_wakeup(&self) -> Timestamp {
        let next = self.next_alerts_gc.min(self.next_maintenance);
        self.groups.next_due().map_or(next, |due| due.min(next))
    }

    /// Does what is due, and returns what is to be sent.
    pub fn advance(&mut self, now: Timestamp) -> Vec<Dispatch> {
        if now >= self.next_alerts_gc {
            self.next_alerts_gc = after(now, self.limits.alerts_gc_interval);
            self.remove_resolved(now);
        }
        if now >= self.next_maintenance {
            self.next_maintenance = after(now, self.limits.maintenance_interval);
            self.silences.remove_old(&self.limits, now);
            self.log.remove_expired(now);
        }
        let mut dispatches = Vec::new();
        while let Some(id) = self.groups.pop_due(now) {
            self.flush(id, now, &mut dispatches);
        }
        dispatches
    }

    /// Sets a silence. `new_id` is its id if it is a new one. Returns the id.
    pub(crate) fn set_silence_record(
        &mut self,
        record: SilenceRecord,
        new_id: String,
        now: Timestamp,
    ) -> Result<String, SilenceError> {
        let set = self.silences.set(record, new_id, &self.limits, now)?;
        for record in set.changed {
            self.save(&Record::Silence(record));
        }
        Ok(set.id)
    }

    /// Ends a silence: `DELETE /api/v2/silence/{id}`. It is no error if it has ended before.
    ///
    /// # Errors
    /// [`SilenceError::NotFound`] if there is none with this id.
    pub fn expire_silence(&mut self, id: &str, now: Timestamp) -> Result<(), SilenceError> {
        if let Some(record) = self.silences.expire(id, now)? {
            self.save(&Record::Silence(record));
        }
        Ok(())
    }

    /// The routes that an alert with these labels takes.
    pub fn routes_for(&self, labels: &Labels) -> Vec<&Route> {
        self.configuration.config.route.matching(labels)
    }

    /// The alert that mutes one with these labels.
    pub(crate) fn inhibiting(&self, labels: &Labels, now: Timestamp) -> Option<Fingerprint> {
        self.inhibitor.inhibiting(labels, now)
    }

    /// The clock has jumped by `by` nanoseconds and shows `now`.
    ///
    /// Waits keep their length: those for flushes and repetitions, and those for the ends of alerts.
    /// Silences and time intervals are times of the calendar and stay.
    pub fn clock_jumped(&mut self, by: i64, now: Timestamp) {
        let before = now.saturating_sub(by);
        // The earlier state is kept with the later one, so that its address is not used again.
        let mut moved: HashMap<*const Alert, (Arc<Alert>, Arc<Alert>)> = HashMap::new();
        let mut change = |alert: &Arc<Alert>| {
            if alert.is_resolved(before) {
                return Arc::clone(alert);
            }
            let (_, later) = moved.entry(Arc::as_ptr(alert)).or_insert_with(|| {
                let ends_at = alert.ends_at.saturating_add(by);
                (Arc::clone(alert), Arc::new(Alert { ends_at, ..Alert::clone(alert) }))
            });
            Arc::clone(later)
        };
        self.groups.clock_jumped(by, &mut change);
        self.alerts.replace(&mut change);
        self.inhibitor.replace(self.alerts.iter());
        self.log.clock_jumped(by);
        for time in [&mut self.started_at, &mut self.next_alerts_gc, &mut self.next_maintenance] {
            *time = time.saturating_add(by);
        }
    }

    /// Encodes all changes from now on for [`Self::take_unsaved`].
    pub(crate) fn save_changes(&mut self) {
        self.unsaved.get_or_insert_default();
    }

    fn save(&mut self, record: &Record) {
        let Some(unsaved) = &mut self.unsaved else { return };
        if unsaved.lines.len() > UNSAVED_BYTES_MAX {
            unsaved.is_incomplete = true;
        } else {
            record.encode(&mut unsaved.lines);
        }
    }

    /// The records since the last call.
    pub(crate) fn take_unsaved(&mut self) -> Unsaved {
        self.unsaved.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Records of all silences and of the notification log, which replace all others.
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        self.take_unsaved();
        let mut bytes = Vec::new();
        for silence in self.silences.iter() {
            Record::Silence(silence.record.clone()).encode(&mut bytes);
        }
        let silences_bytes = bytes.len();
        for entry in self.log.iter() {
            Record::Notified(Arc::clone(entry)).encode(&mut bytes);
        }
        Snapshot { silences_bytes, bytes }
    }

    /// Takes records of an earlier run. Returns messages about those that are invalid.
    pub(crate) fn restore(&mut self, record: Record, now: Timestamp) -> Result<(), String> {
        match record {
            Record::Silence(record) => {
                let id = record.id.clone();
                let restored = self.silences.restore(record, &self.limits, now);
                restored.map_err(|error| format!("silence {id}: {error}"))
            }
            Record::Notified(entry) => {
                self.log.restore(Arc::unwrap_or_clone(entry), &self.limits, now);
                Ok(())
            }
        }
    }
}

/// All that is to be saved.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The bytes of the silences, which come first.
    pub(crate) silences_bytes: usize,
    pub(crate) bytes: Vec<u8>,
}

#[cfg(test)]
mod tests;
