//! `alertmanager.yml`, read as Alertmanager 0.34 reads it.
//!
//! [`load`] applies defaults and the section `global`, makes the same checks as Alertmanager, and
//! resolves what routes inherit. File names in the result are relative to the folder of the file.
//! Templates are kept as they are written; they are compiled where they are expanded.

mod global;
mod inhibit;
mod interval;
pub mod receiver;
mod route;
mod unsupported;
mod values;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use inhibit::InhibitRule;
pub use interval::{Location, NamedInterval, TimeInterval, TimeRange};
pub use receiver::{Integration, Receiver, Settings};
pub use route::{GroupBy, Route};
pub use values::SecretSource;

use crate::error::{Error, Read, Unsupported};
use crate::files::Files;
use crate::matcher;
use crate::redact::redacted;
use crate::yaml::{Document, Fields, Node};

const KIND: &str = "config.plain";

/// Keys of secrets beside those that all systems have.
const SECRETS: [&str; 27] = [
    "alert_source_token",
    "api_key",
    "api_secret",
    "app_token",
    "auth_password",
    "auth_secret",
    "bot_token",
    "discord_configs.webhook_url",
    "mattermost_configs.webhook_url",
    "mattermost_webhook_url",
    "msteams_configs.webhook_url",
    "msteamsv2_configs.webhook_url",
    "opsgenie_api_key",
    "pagerduty_configs.routing_key",
    "pagerduty_configs.service_key",
    "rocketchat_token",
    "rocketchat_token_id",
    "slack_api_url",
    "slack_app_token",
    "slack_configs.api_url",
    "smtp_auth_password",
    "smtp_auth_secret",
    "telegram_bot_token",
    "token_id",
    "user_key",
    "victorops_api_key",
    "webhook_configs.url",
];

/// An `alertmanager.yml`.
#[derive(Debug)]
pub struct Config {
    /// After which time without an update an alert is resolved that has no end.
    pub resolve_timeout: Duration,
    /// Patterns of files with templates.
    pub templates: Vec<PathBuf>,
    /// The root of the routes.
    pub route: Route,
    /// Which alerts mute others.
    pub inhibit_rules: Vec<InhibitRule>,
    /// Who is notified.
    pub receivers: Vec<Receiver>,
    /// The intervals of `time_intervals` and `mute_time_intervals`.
    pub time_intervals: Vec<NamedInterval>,
    /// Matchers that should be written differently.
    pub warnings: Vec<Warning>,
    /// What Alertmanager accepts and Glasshouse does not support.
    pub unsupported: Vec<Unsupported>,
    /// The text of the file with `<secret>` in place of secrets, for `/api/v2/status`. Unlike
    /// Alertmanager's answer it keeps comments and has no defaults.
    pub redacted: String,
}

/// Matchers that should be written differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with them.
    pub warning: matcher::Warning,
}

/// Reads a configuration.
///
/// # Errors
/// The first error, if the file cannot be read or Alertmanager would refuse it.
pub fn load(file: &Path, files: &dyn Files) -> Result<Config, Error> {
    let unreadable = |source| Error::Unreadable { file: file.to_owned(), source };
    let document = Document::parse(file, files.read(file).map_err(unreadable)?)?;
    let mut config = read(&document).map_err(|fault| fault.of(file))?;
    config.unsupported = document.unsupported();
    config.redacted = redacted(&document, &SECRETS);
    Ok(config)
}

fn read(document: &Document) -> Read<Config> {
    let nothing = Node::nothing();
    let root = document.root.as_deref().unwrap_or(&nothing);
    if root.is_null() {
        return Err(root.fault("no route provided in config"));
    }
    let mut fields = Fields::new(document, root, KIND)?;
    let fields = &mut fields;
    let mut warnings = Vec::new();
    let global = global::read(document, fields)?;
    let receivers = receivers(document, fields, &global)?;
    let time_intervals = time_intervals(document, fields)?;
    let inhibit_rules = inhibit::read(document, fields, &mut warnings)?;
    let patterns = fields.texts("templates")?;
    unsupported::read(fields)?;
    let route = {
        let receivers = receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        let intervals = time_intervals.iter().map(|interval| interval.name.as_str()).collect();
        let names = Names { receivers, intervals };
        route::read(document, fields, &names, &mut warnings)?
    };
    fields.finish()?;
    Ok(Config {
        resolve_timeout: global.resolve_timeout,
        templates: patterns.iter().map(|pattern| document.path(pattern)).collect(),
        route,
        inhibit_rules,
        receivers,
        time_intervals,
        warnings,
        unsupported: Vec::new(),
        redacted: String::new(),
    })
}

/// The names that routes may refer to.
struct Names<'a> {
    receivers: HashSet<&'a str>,
    intervals: HashSet<&'a str>,
}

fn receivers(
    document: &Document,
    fields: &mut Fields<'_>,
    global: &global::Global,
) -> Read<Vec<Receiver>> {
    let mut receivers: Vec<Receiver> = Vec::new();
    let mut names = HashSet::new();
    for node in fields.elements("receivers")? {
        let receiver = receiver::read(document, node, global)?;
        if !names.insert(receiver.name.clone()) {
            let name = receiver.name;
            return Err(node.fault(format!("notification config name {name:?} is not unique")));
        }
        receivers.push(receiver);
    }
    Ok(receivers)
}

fn time_intervals(document: &Document, fields: &mut Fields<'_>) -> Read<Vec<NamedInterval>> {
    let mut intervals: Vec<NamedInterval> = Vec::new();
    let mut names = HashSet::new();
    for (key, what) in
        [("mute_time_intervals", "mute time interval"), ("time_intervals", "time interval")]
    {
        for node in fields.elements(key)? {
            let interval = interval::read(document, node, what)?;
            if !names.insert(interval.name.clone()) {
                return Err(node.fault(format!("{what} {:?} is not unique", interval.name)));
            }
            intervals.push(interval);
        }
    }
    Ok(intervals)
}

#[cfg(test)]
mod tests;
