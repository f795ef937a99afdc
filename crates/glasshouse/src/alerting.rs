//! Alerting: rules of adopted files, evaluated with this server's queries and storage, and who is
//! notified of their alerts.

mod environment;
pub(crate) mod own_files;
pub(crate) mod receiver_test;
mod routing;
mod rule_files;
pub(crate) mod self_alerts;

pub(crate) use environment::ServerEnvironment;
pub(crate) use routing::Routing;
pub(crate) use rule_files::RuleFiles;
