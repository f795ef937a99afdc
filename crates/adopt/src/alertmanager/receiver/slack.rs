//! Slack: incoming webhooks, and applications with a token.

use std::time::Duration;

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, flag, secret, secret_url, template, timeout, url};
use crate::error::Read;
use crate::http::{Authentication, Source};
use crate::yaml::{Document, Fields, Node};
use signals::Secret;

/// Where applications with a token write and update messages.
const POST_MESSAGE: &str = "https://slack.com/api/chat.postMessage";

/// Notifies a channel of Slack; all texts but those of addresses are templates.
#[derive(Debug, Clone, PartialEq)]
pub struct SlackConfig {
    /// The address. With a token of an application, the integration's `http` authorizes with it.
    pub api_url: SecretSource,
    /// The channel or user, such as `#alerts`; empty if it is the webhook's own.
    pub channel: String,
    /// Who seems to write.
    pub username: String,
    /// The colour of the attachment.
    pub color: String,
    /// The title.
    pub title: String,
    /// The title's address, a template.
    pub title_link: String,
    /// The text above the attachment.
    pub pretext: String,
    /// The text of the attachment.
    pub text: String,
    /// The text of the message, outside of the attachment.
    pub message_text: String,
    /// Rows of a table.
    pub fields: Vec<SlackField>,
    /// Whether rows are short that do not say so.
    pub short_fields: bool,
    /// The text below the attachment.
    pub footer: String,
    /// The text where attachments are not shown.
    pub fallback: String,
    /// The id of the attachment in actions.
    pub callback_id: String,
    /// An emoji in place of the picture of who seems to write.
    pub icon_emoji: String,
    /// The picture of who seems to write, a template.
    pub icon_url: String,
    /// The picture, a template.
    pub image_url: String,
    /// The small picture, a template.
    pub thumb_url: String,
    /// Whether names are links.
    pub link_names: bool,
    /// The parts of the attachment that are formatted; empty is the default.
    pub mrkdwn_in: Vec<String>,
    /// Buttons.
    pub actions: Vec<SlackAction>,
    /// Whether the message of a group is updated.
    pub update_message: bool,
    /// How long a request may take; `None` is without limit.
    pub timeout: Option<Duration>,
}

/// A row of a table; both texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackField {
    /// The title.
    pub title: String,
    /// The value.
    pub value: String,
    /// Whether it is short enough to stand beside another one; `None` if the section decides.
    pub short: Option<bool>,
}

/// A button; all texts are templates. It has a `url`, or a `name` with a `value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackAction {
    /// `button`.
    pub kind: String,
    /// The text on it.
    pub text: String,
    /// Where it links to; empty if it sends a value.
    pub url: String,
    /// `primary`, `danger`, or empty.
    pub style: String,
    /// The name of the value.
    pub name: String,
    /// The value that it sends.
    pub value: String,
    /// The question before it is sent.
    pub confirm: Option<SlackConfirmation>,
}

/// A question before an action; all texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlackConfirmation {
    /// The question.
    pub text: String,
    /// The title.
    pub title: String,
    /// The text of the button that confirms.
    pub ok_text: String,
    /// The text of the button that does not.
    pub dismiss_text: String,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let update_message = fields.flag("update_message", false)?;
    let api_url = address(fields, context, update_message)?;
    let document = fields.document;
    let table = fields.elements("fields")?.iter().map(|node| field(document, node, "Slack"));
    let actions = fields.elements("actions")?.iter().map(|node| action(document, node));
    Ok(Settings::Slack(Box::new(SlackConfig {
        api_url,
        channel: fields.text_or_empty("channel")?,
        username: template(fields, "username", "slack.default.username")?,
        color: template(fields, "color", "slack.default.color")?,
        title: template(fields, "title", "slack.default.title")?,
        title_link: template(fields, "title_link", "slack.default.titlelink")?,
        pretext: template(fields, "pretext", "slack.default.pretext")?,
        text: template(fields, "text", "slack.default.text")?,
        message_text: fields.text_or_empty("message_text")?,
        fields: table.collect::<Read<_>>()?,
        short_fields: fields.flag("short_fields", false)?,
        footer: template(fields, "footer", "slack.default.footer")?,
        fallback: template(fields, "fallback", "slack.default.fallback")?,
        callback_id: template(fields, "callback_id", "slack.default.callbackid")?,
        icon_emoji: template(fields, "icon_emoji", "slack.default.iconemoji")?,
        icon_url: template(fields, "icon_url", "slack.default.iconurl")?,
        image_url: fields.text_or_empty("image_url")?,
        thumb_url: fields.text_or_empty("thumb_url")?,
        link_names: fields.flag("link_names", false)?,
        mrkdwn_in: fields.texts("mrkdwn_in")?,
        actions: actions.collect::<Read<_>>()?,
        update_message,
        timeout: timeout(fields)?,
    })))
}

/// The address; authorizes with the token of an application if there is one.
fn address(
    fields: &mut Fields<'_>,
    context: &mut Context<'_>,
    update_message: bool,
) -> Read<SecretSource> {
    let global = &context.global.slack;
    let own_url = secret_url(fields, "api_url")?;
    let own_token = secret(fields, "app_token")?;
    let app_url = url(fields, "app_url")?.or_else(|| global.app_url.clone());
    if own_url.is_some() && own_token.is_some() {
        let reason =
            "at most one of api_url/api_url_file & app_token/app_token_file must be configured";
        return Err(fields.fault("app_token", reason));
    }
    let is_inline =
        |url: &str| matches!(&own_url, Some(Source::Inline(own)) if own.reveal() == url);
    if update_message && !is_inline(POST_MESSAGE) {
        let reason = format!(
            "update_message can only be used with bot tokens. api_url must be set to {POST_MESSAGE}"
        );
        return Err(fields.fault("update_message", reason));
    }
    let app_url = app_url.ok_or_else(|| fields.node.fault("no global Slack App URL set"))?;
    let is_authorized =
        matches!(context.http.authentication, Some(Authentication::Authorization { .. }));
    let has_own_access =
        (context.has_own_http && is_authorized) || matches!(own_url, Some(Source::Inline(_)));
    let token = match own_token {
        None if !has_own_access => global.app_token.clone(),
        token => token,
    };
    let Some(token) = token else {
        return own_url.or_else(|| global.api_url.clone()).ok_or_else(|| {
            fields.node.fault("no Slack API URL nor App token set either inline or in a file")
        });
    };
    if is_authorized {
        let reason = "http authorization can't be set when using Slack App tokens";
        return Err(fields.fault("http_config", reason));
    }
    context.http.authentication =
        Some(Authentication::Authorization { kind: "Bearer".to_owned(), credentials: Some(token) });
    Ok(Source::Inline(Secret::new(app_url.reveal().to_owned())))
}

/// Reads a row; `system` is who it is for.
pub(super) fn field(document: &Document, node: &Node, system: &str) -> Read<SlackField> {
    let mut fields = Fields::new(document, node, "config.plain")?;
    let field = SlackField {
        title: fields.text_or_empty("title")?,
        value: fields.text_or_empty("value")?,
        short: flag(fields.take("short"))?,
    };
    fields.finish()?;
    for (text, name) in [(&field.title, "title"), (&field.value, "value")] {
        if text.is_empty() {
            return Err(node.fault(format!("missing {name} in {system} field configuration")));
        }
    }
    Ok(field)
}

fn action(document: &Document, node: &Node) -> Read<SlackAction> {
    let mut fields = Fields::new(document, node, "config.plain")?;
    let mut action = SlackAction {
        kind: fields.text_or_empty("type")?,
        text: fields.text_or_empty("text")?,
        url: fields.text_or_empty("url")?,
        style: fields.text_or_empty("style")?,
        name: fields.text_or_empty("name")?,
        value: fields.text_or_empty("value")?,
        confirm: confirmation(&mut fields)?,
    };
    fields.finish()?;
    let missing = if action.kind.is_empty() {
        "type"
    } else if action.text.is_empty() {
        "text"
    } else if action.url.is_empty() && action.name.is_empty() {
        "name or url"
    } else {
        ""
    };
    if !missing.is_empty() {
        return Err(node.fault(format!("missing {missing} in Slack action configuration")));
    }
    if !action.url.is_empty() {
        action = SlackAction { name: String::new(), value: String::new(), confirm: None, ..action };
    }
    Ok(action)
}

fn confirmation(fields: &mut Fields<'_>) -> Read<Option<SlackConfirmation>> {
    let Some(mut section) = fields.section("confirm", "config.plain")? else { return Ok(None) };
    let confirmation = SlackConfirmation {
        text: section.text_or_empty("text")?,
        title: section.text_or_empty("title")?,
        ok_text: section.text_or_empty("ok_text")?,
        dismiss_text: section.text_or_empty("dismiss_text")?,
    };
    section.finish()?;
    if confirmation.text.is_empty() {
        return Err(section.node.fault("missing text in Slack confirmation configuration"));
    }
    Ok(Some(confirmation))
}
