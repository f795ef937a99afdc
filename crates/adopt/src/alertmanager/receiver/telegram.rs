//! Telegram.

use std::path::PathBuf;

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, secret, template, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::Fields;

/// Notifies a chat of Telegram.
#[derive(Debug, Clone, PartialEq)]
pub struct TelegramConfig {
    /// The address of the API; `None` if `global` has none.
    pub api_url: Option<Url>,
    /// The bot's token.
    pub bot_token: SecretSource,
    /// The chat.
    pub chat: TelegramChat,
    /// The topic within the chat; 0 if there is none.
    pub message_thread_id: i64,
    /// The text, a template.
    pub message: String,
    /// Whether users are not notified of the message.
    pub disable_notifications: bool,
    /// `Markdown`, `MarkdownV2`, `HTML`, or empty.
    pub parse_mode: String,
}

/// A chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TelegramChat {
    /// Its id.
    Id(i64),
    /// The file that contains its id.
    File(PathBuf),
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let global = context.global;
    let bot_token = secret(fields, "bot_token")?;
    let chat = chat(fields)?;
    let parse_mode = fields.text("parse_mode")?.unwrap_or_else(|| "HTML".to_owned());
    if !matches!(parse_mode.as_str(), "" | "Markdown" | "MarkdownV2" | "HTML") {
        let reason = "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or \
                      empty string";
        return Err(fields.fault("parse_mode", reason));
    }
    let bot_token = bot_token.or_else(|| global.telegram_bot_token.clone());
    let missing = || fields.node.fault("missing bot_token or bot_token_file on telegram_config");
    let bot_token = bot_token.ok_or_else(missing)?;
    Ok(Settings::Telegram(TelegramConfig {
        api_url: url(fields, "api_url")?.or_else(|| global.telegram_api_url.clone()),
        bot_token,
        chat,
        message_thread_id: fields.signed("message_thread_id")?.unwrap_or_default(),
        message: template(fields, "message", "telegram.default.message")?,
        disable_notifications: fields.flag("disable_notifications", false)?,
        parse_mode,
    }))
}

fn chat(fields: &mut Fields<'_>) -> Read<TelegramChat> {
    let id = fields.signed("chat_id")?.filter(|id| *id != 0);
    match (id, fields.path("chat_id_file")?) {
        (Some(id), None) => Ok(TelegramChat::Id(id)),
        (None, Some(file)) => Ok(TelegramChat::File(file)),
        (None, None) => {
            Err(fields.node.fault("missing chat_id or chat_id_file on telegram_config"))
        }
        (Some(_), Some(_)) => {
            let reason = "at most one of chat_id & chat_id_file must be configured";
            Err(fields.fault("chat_id", reason))
        }
    }
}
