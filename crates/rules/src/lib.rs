//! Recording and alerting rules, evaluated as Prometheus does.
//!
//! A [`Group`] holds the rules of a group with their state. [`Group::evaluate`] evaluates them once;
//! [`Groups`] does so at each interval. Queries, storage and the recipient of alerts are
//! [`Environment`]: the server's engine and store, or series in memory.
//!
//! Specification: Prometheus' `docs/configuration/recording_rules.md` and `alerting_rules.md`; the
//! compliance suite `alert_generator` of prometheus/compliance.

mod alert;
mod alerting;
mod environment;
mod evaluate;
mod group;
mod groups;
mod in_memory;
mod recording;
pub mod replay;
mod restore;
mod rule;
mod schedule;
mod statistics;
pub mod unit_test;

pub use adopt::rules::Language;
pub use alert::{Alert, AlertState};
pub use alerting::AlertingRule;
pub use environment::{Appended, Environment, LastSample};
pub use evaluate::Settings;
pub use group::{Group, GroupState, Identity};
pub use groups::Groups;
pub use recording::RecordingRule;
pub use rule::{Definition, Health, Rule, RuleState};

#[cfg(test)]
mod tests;
