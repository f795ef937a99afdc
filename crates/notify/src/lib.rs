//! Sends notifications: one module per kind of integration of Alertmanager's receivers.
//!
//! A [`Notifier`] expands the templates of its settings with the data of a group of alerts and sends
//! the result. It tries once; when to try again is decided by the crate `alertmanager`.

mod expansion;
mod notifier;
mod request;
mod slack;
#[cfg(test)]
mod tests;
mod webhook;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use template::alertmanager::Alert;

pub use notifier::{DEFAULT_TEMPLATES, Notifier, Shared};

/// What is to be said about a group of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The receiver's name.
    pub receiver: String,
    /// The stable name of the group, by which other systems recognise updates.
    pub group_key: String,
    /// The labels that the alerts are grouped by.
    pub group_labels: BTreeMap<String, String>,
    /// The labels of the route, as configured.
    pub route_labels: BTreeMap<String, String>,
    /// The alerts, in the order in which they are shown. At least one.
    pub alerts: Vec<Alert>,
    /// Why it is sent, as templates show it.
    pub reason: String,
    /// What the same integration returned for the group's last notification, such as the id of a
    /// message that is updated. Empty at first.
    pub state: BTreeMap<String, String>,
    /// The time, in nanoseconds since 1970.
    pub now_ns: i64,
}

/// A notification that was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The message as it was sent, without secrets, for the history of notifications.
    pub message: String,
    /// What the next notification of the group gets as [`Notification::state`].
    pub state: BTreeMap<String, String>,
}

/// Why a notification was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, without secrets.
    pub message: String,
    /// Whether another try may succeed.
    pub is_retryable: bool,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The kind of failure, for metrics.
    pub reason: Reason,
    /// The message that was not sent, without secrets, if its templates could be expanded.
    pub unsent: String,
}

/// The kinds of failures, as Alertmanager's `alertmanager_notifications_failed_total` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The receiver refused the notification: status 4xx.
    ClientError,
    /// The receiver failed: status 5xx.
    ServerError,
    /// There was no answer in time.
    DeadlineExceeded,
    /// Anything else.
    Other,
}

/// One integration of a receiver.
pub trait Notify: Send + Sync {
    /// Tries once to send. The caller bounds the time.
    fn notify<'a>(&'a self, notification: &'a Notification)
    -> BoxFuture<'a, Result<Sent, Failure>>;
}
