//! The last notifications, for people who ask what was sent.

use std::collections::VecDeque;
use std::time::Duration;

use notify::{Failure, Sent};
use signals::{Labels, Timestamp};

use crate::alertmanager::Outcome;
use crate::notification_log::IntegrationKey;
use crate::reason::Reason;

/// Alerts that are kept of one notification.
const ALERTS_MAX: usize = 100;
/// Bytes that are kept of a message.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// An alert of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryAlert {
    /// Its labels.
    pub labels: Labels,
    /// Whether it was firing.
    pub is_firing: bool,
}

/// A notification that was tried to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it was sent or given up, in nanoseconds since 1970.
    pub at: Timestamp,
    /// How long it took, with all tries.
    pub duration: Duration,
    /// The group's key.
    pub group_key: String,
    /// The labels that the alerts are grouped by.
    pub group_labels: Labels,
    /// The receiver and the integration.
    pub integration: IntegrationKey,
    /// The first alerts, in the order in which they were shown.
    pub alerts: Vec<HistoryAlert>,
    /// How many alerts there were.
    pub alerts_total: usize,
    /// Why it was sent.
    pub reason: Reason,
    /// How often it was tried.
    pub attempts: u32,
    /// The start of the message, or of the one that was not sent.
    pub message: String,
    /// Why it was not sent; `None` if it was.
    pub error: Option<String>,
}

/// What was sent.
pub(crate) struct What {
    pub(crate) group_key: String,
    pub(crate) group_labels: Labels,
    pub(crate) integration: IntegrationKey,
    pub(crate) alerts: Vec<HistoryAlert>,
    pub(crate) reason: Reason,
}

impl HistoryEntry {
    pub(crate) fn new(what: What, outcome: Outcome, now: Timestamp) -> Self {
        let What { group_key, group_labels, integration, mut alerts, reason } = what;
        let (message, error) = match outcome.result {
            Ok(Sent { message, .. }) => (message, None),
            Err(Failure { message, unsent, .. }) => (unsent, Some(cut(message))),
        };
        let alerts_total = alerts.len();
        alerts.truncate(ALERTS_MAX);
        Self {
            at: now,
            duration: outcome.duration,
            group_key,
            group_labels,
            integration,
            alerts,
            alerts_total,
            reason,
            attempts: outcome.attempts,
            message: cut(message),
            error,
        }
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
    text
}

/// The last notifications, bounded.
#[derive(Debug, Default)]
pub struct History {
    entries: VecDeque<HistoryEntry>,
}

impl History {
    pub(crate) fn push(&mut self, entry: HistoryEntry, entries_max: usize) {
        self.entries.push_back(entry);
        while self.entries.len() > entries_max {
            self.entries.pop_front();
        }
    }

    /// The newest first.
    pub fn iter(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.entries.iter().rev()
    }
}
