//! What is sent, and what became of it: the types that this crate shares with the crate
//! `alertmanager`.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;
use template::alertmanager::Alert;

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
    /// The receiver refused the notification: status 4xx, or an error in its answer.
    ClientError,
    /// The receiver failed: status 5xx.
    ServerError,
    /// There was no answer in time.
    DeadlineExceeded,
    /// The receiver refused the credentials: status 401 or 403.
    AuthError,
    /// The receiver has been asked too often: status 429.
    RateLimited,
    /// Anything else.
    Other,
}

/// One integration of a receiver.
pub trait Notify: Send + Sync {
    /// Tries once to send. The caller bounds the time.
    fn notify<'a>(&'a self, notification: &'a Notification)
    -> BoxFuture<'a, Result<Sent, Failure>>;
}

impl Reason {
    /// The name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientError => "clientError",
            Self::ServerError => "serverError",
            Self::DeadlineExceeded => "contextDeadlineExceeded",
            Self::AuthError => "authError",
            Self::RateLimited => "rateLimited",
            Self::Other => "other",
        }
    }

    /// The kind of failure that a status is.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::AuthError,
            429 => Self::RateLimited,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }
}

impl Failure {
    /// A failure that would be the same at the next try.
    pub(crate) fn permanent(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_retryable: false,
            retry_after: None,
            reason: Reason::Other,
            unsent: String::new(),
        }
    }

    /// A failure after which another try may succeed.
    pub(crate) fn retryable(message: impl Into<String>) -> Self {
        Self { is_retryable: true, ..Self::permanent(message) }
    }

    /// The same failure of this kind.
    pub(crate) fn with_reason(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    /// The same failure with what was being done before the message.
    pub(crate) fn of(self, doing: &str) -> Self {
        Self { message: format!("{doing}: {}", self.message), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn a_status_has_the_reason_of_alertmanager() {
        for (status, name) in [
            (401, "authError"),
            (403, "authError"),
            (429, "rateLimited"),
            (400, "clientError"),
            (404, "clientError"),
            (500, "serverError"),
            (503, "serverError"),
            (302, "other"),
        ] {
            assert_eq!(Reason::of_status(status).name(), name, "{status}");
        }
    }
}
