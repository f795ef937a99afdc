//! `WeChat` Work.

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, secret, template, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::Fields;

/// Notifies users of `WeChat` Work.
#[derive(Debug, Clone, PartialEq)]
pub struct WechatConfig {
    /// The secret of the API.
    pub api_secret: SecretSource,
    /// The company.
    pub corp_id: String,
    /// The address of the API, to which paths are appended after a `/`.
    pub api_url: Url,
    /// The text, a template.
    pub message: String,
    /// The users, a template.
    pub to_user: String,
    /// The departments, a template.
    pub to_party: String,
    /// The tags, a template.
    pub to_tag: String,
    /// The application, a template.
    pub agent_id: String,
    /// Whether the text is Markdown.
    pub is_markdown: bool,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let global = &context.global.wechat;
    let is_markdown = match fields.text_or_empty("message_type")?.as_str() {
        "" | "text" => false,
        "markdown" => true,
        other => {
            let reason = format!(
                "weChat message type {other:?} does not match valid options ^(text|markdown)$"
            );
            return Err(fields.fault("message_type", reason));
        }
    };
    let own_secret = secret(fields, "api_secret")?;
    let api_url = url(fields, "api_url")?.or_else(|| global.api_url.clone());
    let api_url = api_url.ok_or_else(|| fields.node.fault("no global Wechat URL set"))?;
    let api_secret = own_secret.or_else(|| global.api_secret.clone()).ok_or_else(|| {
        fields.node.fault("no global Wechat Api Secret set either inline or in a file")
    })?;
    let mut corp_id = fields.text_or_empty("corp_id")?;
    if corp_id.is_empty() {
        corp_id.clone_from(&global.corp_id);
    }
    if corp_id.is_empty() {
        return Err(fields.node.fault("no global Wechat CorpID set"));
    }
    Ok(Settings::Wechat(Box::new(WechatConfig {
        api_secret,
        corp_id,
        api_url,
        message: template(fields, "message", "wechat.default.message")?,
        to_user: template(fields, "to_user", "wechat.default.to_user")?,
        to_party: template(fields, "to_party", "wechat.default.to_party")?,
        to_tag: template(fields, "to_tag", "wechat.default.to_tag")?,
        agent_id: template(fields, "agent_id", "wechat.default.agent_id")?,
        is_markdown,
    })))
}
