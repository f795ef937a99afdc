//! What follows when a notification was sent, or was not.

use std::sync::Arc;
use std::time::Duration;

use notify::{Failure, Sent};
use signals::Timestamp;

use super::flush::FlushKey;
use super::{Alertmanager, DispatchId};
use crate::history::HistoryEntry;
use crate::notification_log::key;

/// How a dispatch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The notification that was sent, or the last failure.
    pub result: Result<Sent, Failure>,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it took, with all tries.
    pub duration: Duration,
}

impl Alertmanager {
    /// Takes the outcome of a dispatch. A group whose next flush has waited for it may be due now.
    pub fn finished(&mut self, id: DispatchId, outcome: Outcome, now: Timestamp) {
        let Some(sent) = self.in_flight.remove(&id) else { return };
        let has_failed = outcome.result.is_err();
        match &outcome.result {
            Ok(Sent { state, .. }) => {
                let log_key = key(&sent.group_key, &sent.integration);
                let (alerts, repeat) = (sent.alerts.clone(), sent.repeat_interval);
                self.log_notification(log_key, alerts, state.clone(), repeat, now);
            }
            Err(failure) => self.metrics.failed(sent.integration.name, failure.reason),
        }
        let group_key = Arc::clone(&sent.group_key);
        let flush_key = FlushKey { group_key, receiver: sent.integration.receiver.clone() };
        let entry = HistoryEntry::new(sent.into_what(), outcome, now);
        self.history.push(entry, self.limits.history);
        let Some(flush) = self.flushes.get_mut(&flush_key) else { return };
        flush.has_failed |= has_failed;
        flush.pending = flush.pending.saturating_sub(1);
        if flush.pending > 0 {
            return;
        }
        let Some(flush) = self.flushes.remove(&flush_key) else { return };
        if !flush.has_failed {
            self.groups.remove_resolved(flush.group, &flush.resolved);
        }
        for waiting in flush.waiting {
            if let Some(due) = self.groups.get(waiting).map(|group| group.due) {
                self.groups.schedule(waiting, due);
            }
        }
    }
}
