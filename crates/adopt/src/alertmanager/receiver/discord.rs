//! Discord: a webhook of a channel.

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, required_secret_url, template};
use crate::error::Read;
use crate::yaml::Fields;

/// Notifies a channel of Discord.
#[derive(Debug, Clone, PartialEq)]
pub struct DiscordConfig {
    /// The address, which contains the token.
    pub webhook_url: SecretSource,
    /// Text beside the embedded message, a template.
    pub content: String,
    /// Title of the embedded message, a template.
    pub title: String,
    /// Text of the embedded message, a template.
    pub message: String,
    /// Who seems to write, if it is not the webhook's own name.
    pub username: String,
    /// The picture of who seems to write.
    pub avatar_url: String,
}

pub(super) fn read(fields: &mut Fields<'_>, _: &mut Context<'_>) -> Read<Settings> {
    Ok(Settings::Discord(DiscordConfig {
        webhook_url: required_secret_url(fields, "webhook_url")?,
        content: fields.text_or_empty("content")?,
        title: template(fields, "title", "discord.default.title")?,
        message: template(fields, "message", "discord.default.message")?,
        username: fields.text_or_empty("username")?,
        avatar_url: fields.text_or_empty("avatar_url")?,
    }))
}
