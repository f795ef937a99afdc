//! Rocket.Chat.

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, flag, secret, template, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::{Document, Fields, Node};

/// Notifies a channel of Rocket.Chat.
#[derive(Debug, Clone, PartialEq)]
pub struct RocketChatConfig {
    /// The address of the server; `None` if `global` has none.
    pub api_url: Option<Url>,
    /// The id of the user that writes.
    pub token_id: SecretSource,
    /// The token of the user that writes.
    pub token: SecretSource,
    /// The channel, a template.
    pub channel: String,
    /// The colour of the attachment, a template.
    pub color: String,
    /// The title, a template.
    pub title: String,
    /// The title's address, a template.
    pub title_link: String,
    /// The text, a template.
    pub text: String,
    /// Rows of a table.
    pub fields: Vec<RocketChatField>,
    /// Whether rows are short that do not say so.
    pub short_fields: bool,
    /// The emoji in place of a picture, a template.
    pub emoji: String,
    /// The picture of who writes, a template.
    pub icon_url: String,
    /// The picture, a template.
    pub image_url: String,
    /// The small picture, a template.
    pub thumb_url: String,
    /// Whether names are links.
    pub link_names: bool,
    /// Buttons.
    pub actions: Vec<RocketChatAction>,
}

/// A row of a table; both texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RocketChatField {
    /// The title.
    pub title: String,
    /// The value.
    pub value: String,
    /// Whether it is short enough to stand beside another one; `None` if the section decides.
    pub short: Option<bool>,
}

/// A button; `kind`, `text`, `url` and `msg` are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RocketChatAction {
    /// `button`.
    pub kind: String,
    /// The text on it.
    pub text: String,
    /// Where it links to.
    pub url: String,
    /// The picture on it.
    pub image_url: String,
    /// Whether the link opens within the application.
    pub is_webview: bool,
    /// The height of what opens.
    pub webview_height_ratio: String,
    /// The message that it sends.
    pub msg: String,
    /// Whether the message is sent to the channel.
    pub msg_in_chat_window: bool,
    /// `sendMessage` or `respondWithMessage`.
    pub msg_processing_type: String,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    const COLOR: &str = "{{ if eq .Status \"firing\" }}red{{ else }}green{{ end }}";
    let global = &context.global.rocketchat;
    let document = fields.document;
    let table = fields.elements("fields")?.iter().map(|node| field(document, node));
    let actions = fields.elements("actions")?.iter().map(|node| action(document, node));
    let token_id = secret(fields, "token_id")?.or_else(|| global.token_id.clone());
    let token = secret(fields, "token")?.or_else(|| global.token.clone());
    let absent = |name| format!("no global Rocketchat {name} set either inline or in a file");
    Ok(Settings::RocketChat(Box::new(RocketChatConfig {
        api_url: url(fields, "api_url")?.or_else(|| global.api_url.clone()),
        token_id: token_id.ok_or_else(|| fields.node.fault(absent("TokenID")))?,
        token: token.ok_or_else(|| fields.node.fault(absent("Token")))?,
        channel: fields.text_or_empty("channel")?,
        color: fields.text("color")?.unwrap_or_else(|| COLOR.to_owned()),
        title: template(fields, "title", "rocketchat.default.title")?,
        title_link: template(fields, "title_link", "rocketchat.default.titlelink")?,
        text: template(fields, "text", "rocketchat.default.text")?,
        fields: table.collect::<Read<_>>()?,
        short_fields: fields.flag("short_fields", false)?,
        emoji: template(fields, "emoji", "rocketchat.default.emoji")?,
        icon_url: template(fields, "icon_url", "rocketchat.default.iconurl")?,
        image_url: fields.text_or_empty("image_url")?,
        thumb_url: fields.text_or_empty("thumb_url")?,
        link_names: fields.flag("link_names", false)?,
        actions: actions.collect::<Read<_>>()?,
    })))
}

fn field(document: &Document, node: &Node) -> Read<RocketChatField> {
    let mut fields = Fields::new(document, node, "rocketchat.RocketchatAttachmentField")?;
    let field = RocketChatField {
        title: fields.text_or_empty("title")?,
        value: fields.text_or_empty("value")?,
        short: flag(fields.take("short"))?,
    };
    fields.finish()?;
    Ok(field)
}

/// The keys are those of Alertmanager, which derives them from names of fields.
fn action(document: &Document, node: &Node) -> Read<RocketChatAction> {
    let mut fields = Fields::new(document, node, "rocketchat.RocketchatAttachmentAction")?;
    let action = RocketChatAction {
        kind: fields.text_or_empty("type")?,
        text: fields.text_or_empty("text")?,
        url: fields.text_or_empty("url")?,
        image_url: fields.text_or_empty("imageurl")?,
        is_webview: fields.flag("iswebview", false)?,
        webview_height_ratio: fields.text_or_empty("webviewheightratio")?,
        msg: fields.text_or_empty("msg")?,
        msg_in_chat_window: fields.flag("msginchatwindow", false)?,
        msg_processing_type: fields.text_or_empty("msgprocessingtype")?,
    };
    fields.finish()?;
    Ok(action)
}
