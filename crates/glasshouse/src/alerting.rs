//! Rules of adopted files, evaluated with this server's queries and storage.

mod environment;
mod rule_files;

pub(crate) use environment::ServerEnvironment;
pub(crate) use rule_files::RuleFiles;
