//! Rules of adopted files, evaluated with this server's queries and storage.

mod environment;
pub(crate) mod own_files;
mod rule_files;

pub(crate) use environment::ServerEnvironment;
pub(crate) use rule_files::RuleFiles;
