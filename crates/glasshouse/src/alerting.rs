//! Alerting: rules of adopted files, evaluated with this server's queries and storage, and who is
//! notified of their alerts.

mod built_in;
mod environment;
pub(crate) mod own_files;
pub(crate) mod receiver_test;
pub(crate) mod replay;
mod routing;
mod rule_files;
pub(crate) mod self_alerts;
mod texts;

pub(crate) use environment::ServerEnvironment;
pub(crate) use routing::Routing;
pub(crate) use rule_files::RuleFiles;
