//! Pushover.

use std::time::Duration;

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, go_duration, required_secret, template};
use crate::error::Read;
use crate::yaml::Fields;

/// Notifies the devices of a user of Pushover.
#[derive(Debug, Clone, PartialEq)]
pub struct PushoverConfig {
    /// The user's key.
    pub user_key: SecretSource,
    /// The application's token.
    pub token: SecretSource,
    /// The title, a template.
    pub title: String,
    /// The text, a template.
    pub message: String,
    /// The link, a template.
    pub url: String,
    /// The link's text, a template.
    pub url_title: String,
    /// The device, a template; empty is all.
    pub device: String,
    /// The sound, a template.
    pub sound: String,
    /// -2 to 2, a template; 2 is repeated until it is acknowledged.
    pub priority: String,
    /// The pause between repetitions.
    pub retry: Duration,
    /// For how long it is repeated.
    pub expire: Duration,
    /// After which time it is deleted; zero is never.
    pub ttl: Duration,
    /// Whether the text is HTML.
    pub html: bool,
    /// Whether the text has a fixed width.
    pub monospace: bool,
}

pub(super) fn read(fields: &mut Fields<'_>, _: &mut Context<'_>) -> Read<Settings> {
    const PRIORITY: &str = "{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}";
    let config = PushoverConfig {
        user_key: required_secret(fields, "user_key")?,
        token: required_secret(fields, "token")?,
        title: template(fields, "title", "pushover.default.title")?,
        message: template(fields, "message", "pushover.default.message")?,
        url: template(fields, "url", "pushover.default.url")?,
        url_title: fields.text_or_empty("url_title")?,
        device: fields.text_or_empty("device")?,
        sound: fields.text_or_empty("sound")?,
        priority: fields.text("priority")?.unwrap_or_else(|| PRIORITY.to_owned()),
        retry: go_duration(fields, "retry", Duration::from_secs(60))?,
        expire: go_duration(fields, "expire", Duration::from_secs(3600))?,
        ttl: go_duration(fields, "ttl", Duration::ZERO)?,
        html: fields.flag("html", false)?,
        monospace: fields.flag("monospace", false)?,
    };
    if config.html && config.monospace {
        return Err(fields.fault("html", "at most one of monospace & html must be configured"));
    }
    Ok(Settings::Pushover(Box::new(config)))
}
