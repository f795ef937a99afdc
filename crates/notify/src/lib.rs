//! Sends notifications: one module per kind of integration of Alertmanager's receivers.
//!
//! A [`Notifier`] expands the templates of its settings with the data of a group of alerts and sends
//! the result. It tries once; when to try again is decided by the crate `alertmanager`.
//!
//! Requests have the method, path, headers and body of Alertmanager 0.34, texts are cut to the same
//! lengths, and the same answers are failures, with these exceptions:
//!
//! - A status of 429 is followed by another try at all receivers, after the time that the server
//!   asks for. Alertmanager drops the notification at some of them.
//! - Values of labels and annotations do less harm in messages of our own templates: see
//!   `harmless`.
//! - Texts that Slack and Teams refuse for their length are cut.
//! - Of an answer at most 64 KiB are read, and a message shows at most 1,024 characters of it.
//!   Secrets are left out wherever the server repeats them.
//!
//! Who configures a receiver may send to an address that a template takes from labels, as in
//! Alertmanager. Then whoever sends alerts chooses the address.
//!
//! Hostile input: an expansion is bounded in steps, output and time, an answer in bytes. The caller
//! bounds the time of a try.

mod attempt;
mod discord;
mod email;
mod harmless;
mod hash;
mod jira;
mod mattermost;
mod msteams;
mod notification;
mod notifier;
mod opsgenie;
mod pagerduty;
mod pushover;
mod rocketchat;
mod secrets;
mod slack;
mod sns;
mod telegram;
mod templates;
#[cfg(test)]
mod testing;
mod texts;
mod truncate;
mod victorops;
mod webex;
mod webhook;
mod wechat;

pub use notification::{Failure, Notification, Notify, Reason, Sent};
pub use notifier::Notifier;
pub use templates::{Shared, default_templates};
