//! What Alertmanager decides: which alerts are sent to whom, and when.
//!
//! [`Alertmanager`] is a state machine without input, output and clock: alerts go in, groups become
//! due, notifications come out. [`Live`] drives it in a server: it waits, sends with retries, and
//! keeps silences and the notification log in a folder. [`Simulation`] drives the same machine
//! through time at once, for tests and replays. [`api`] has the JSON of Alertmanager's API.
//!
//! Specification: Alertmanager 0.34, a single node.
//!
//! # Differences from Alertmanager
//!
//! - An alert is inhibited while *any* source alert fires; Alertmanager knows one of those with the
//!   same equal labels.
//! - A reload neither interrupts notifications nor repeats those of resolved alerts.
//! - Silences and log entries are on disk at once, not after 15 minutes, and damage is no reason not
//!   to start.
//! - Numbers are bounded: see [`Limits`].
//!
//! # When the clock jumps
//!
//! Waits are measured by the monotonic clock, through [`Alertmanager::clock_jumped`]: after a jump
//! `group_wait`, `group_interval`, `repeat_interval`, `resolve_timeout` and ends of alerts take as
//! long as before. So a jump forwards neither resolves all alerts nor repeats all notifications, and
//! a jump backwards delays none. Silences and time intervals follow the wall clock. A time of the
//! future in a stored log counts as the present.

mod alert;
mod alertmanager;
mod alerts;
pub mod api;
mod group;
mod history;
mod inhibitor;
mod journal;
mod limits;
mod live;
mod metrics;
mod notification_log;
mod reason;
mod record;
mod silence;
mod silences;
mod simulation;
mod time;

pub use crate::alertmanager::{
    Alertmanager, Configuration, Dispatch, DispatchId, Outcome, Receipt,
};
pub use alert::{Alert, Fingerprint};
pub use history::{History, HistoryAlert, HistoryEntry};
pub use journal::Damage;
pub use limits::Limits;
pub use live::{Live, Notifiers, Setup};
pub use metrics::Metrics;
pub use notification_log::IntegrationKey;
pub use reason::Reason;
pub use silence::SilenceState;
pub use silences::SilenceError;
pub use simulation::{SimulatedNotification, Simulation};
