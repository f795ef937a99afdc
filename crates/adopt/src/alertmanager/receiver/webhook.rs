//! Webhooks: alerts as JSON.

use std::time::Duration;

use serde_json::Value as Json;
use signals::Secret;

use super::{Context, Settings};
use crate::alertmanager::values::{
    SecretSource, check_secret_url, is_template, missing, or_file, timeout,
};
use crate::error::Read;
use crate::yaml::{Fields, Node};

/// Sends alerts to an address.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookConfig {
    /// The address. If it is not in a file, it may be a template.
    pub url: SecretSource,
    /// Alerts of a request; 0 is all.
    pub max_alerts: u64,
    /// How long a request may take; `None` is without limit.
    pub timeout: Option<Duration>,
    /// The body in place of the usual one; each text in it is a template.
    pub payload: Option<Json>,
}

pub(super) fn read(fields: &mut Fields<'_>, _: &mut Context<'_>) -> Read<Settings> {
    let inline = fields.secret("url")?;
    if let Some(url) = &inline {
        check(url.reveal()).map_err(|reason| fields.fault("url", reason))?;
    }
    Ok(Settings::Webhook(WebhookConfig {
        url: url(fields, inline)?,
        max_alerts: fields.unsigned("max_alerts")?,
        timeout: timeout(fields)?,
        payload: fields.take("payload").map(Node::json).transpose()?,
    }))
}

fn url(fields: &mut Fields<'_>, inline: Option<Secret<String>>) -> Read<SecretSource> {
    or_file(fields, "url", inline)?.ok_or_else(|| missing(fields, "url"))
}

fn check(url: &str) -> Result<(), String> {
    let is_template =
        is_template(url).map_err(|reason| format!("invalid template syntax: {reason}"))?;
    if is_template {
        return Ok(());
    }
    check_secret_url(url).map_err(|reason| format!("invalid URL: {reason}"))
}
