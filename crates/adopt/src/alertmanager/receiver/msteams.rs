//! Microsoft Teams: connectors, and the workflows that replace them.

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, required_secret_url, template};
use crate::error::Read;
use crate::yaml::Fields;

/// Notifies a connector of Microsoft Teams.
#[derive(Debug, Clone, PartialEq)]
pub struct MsTeamsConfig {
    /// The address, which contains the token.
    pub webhook_url: SecretSource,
    /// The title, a template.
    pub title: String,
    /// The summary, a template.
    pub summary: String,
    /// The text, a template.
    pub text: String,
}

/// Notifies a workflow of Microsoft Teams.
#[derive(Debug, Clone, PartialEq)]
pub struct MsTeamsV2Config {
    /// The address, which contains the token.
    pub webhook_url: SecretSource,
    /// The title, a template.
    pub title: String,
    /// The text, a template.
    pub text: String,
}

pub(super) fn read(fields: &mut Fields<'_>, _: &mut Context<'_>) -> Read<Settings> {
    Ok(Settings::MsTeams(MsTeamsConfig {
        webhook_url: required_secret_url(fields, "webhook_url")?,
        title: template(fields, "title", "msteams.default.title")?,
        summary: template(fields, "summary", "msteams.default.summary")?,
        text: template(fields, "text", "msteams.default.text")?,
    }))
}

pub(super) fn read_v2(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    if context.http.proxy.url.is_none() {
        context.http.proxy.url.clone_from(&context.global.http.proxy.url);
    }
    Ok(Settings::MsTeamsV2(MsTeamsV2Config {
        webhook_url: required_secret_url(fields, "webhook_url")?,
        title: template(fields, "title", "msteamsv2.default.title")?,
        text: template(fields, "text", "msteamsv2.default.text")?,
    }))
}
