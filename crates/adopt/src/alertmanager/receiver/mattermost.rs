//! Mattermost: incoming webhooks.

use super::slack::{SlackField, field};
use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, secret_url, template};
use crate::error::Read;
use crate::yaml::{Document, Fields, Node};

/// Notifies a channel of Mattermost.
#[derive(Debug, Clone, PartialEq)]
pub struct MattermostConfig {
    /// The address, which contains the token.
    pub webhook_url: SecretSource,
    /// The channel, a template; empty if it is the webhook's own.
    pub channel: String,
    /// Who seems to write, a template.
    pub username: String,
    /// The text of the message, a template.
    pub text: String,
    /// The attachment that the settings of the section itself describe.
    pub attachment: MattermostAttachment,
    /// Further attachments.
    pub attachments: Vec<MattermostAttachment>,
    /// The picture of who seems to write, a template.
    pub icon_url: String,
    /// An emoji in place of the picture, a template.
    pub icon_emoji: String,
    /// The type of the post.
    pub post_type: String,
    /// The text of the post's card, a template; `None` if there are no properties.
    pub card: Option<String>,
    /// The priority of the post; `None` if it has none.
    pub priority: Option<MattermostPriority>,
}

/// A part of a message; all texts are templates, and empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MattermostAttachment {
    /// The text where attachments are not shown.
    pub fallback: String,
    /// The colour of its border.
    pub color: String,
    /// The text above.
    pub pretext: String,
    /// The text.
    pub text: String,
    /// The author's name.
    pub author_name: String,
    /// The author's address.
    pub author_link: String,
    /// The author's picture.
    pub author_icon: String,
    /// The title.
    pub title: String,
    /// The title's address.
    pub title_link: String,
    /// Rows of a table.
    pub fields: Vec<SlackField>,
    /// The small picture.
    pub thumb_url: String,
    /// The text below.
    pub footer: String,
    /// The picture beside the text below.
    pub footer_icon: String,
    /// The picture.
    pub image_url: String,
}

/// The priority of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MattermostPriority {
    /// Its name, such as `urgent`; a template.
    pub priority: String,
    /// Whether readers are asked to acknowledge it.
    pub requested_ack: bool,
    /// Whether readers are notified until they do.
    pub persistent_notifications: bool,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let webhook_url = secret_url(fields, "webhook_url")?
        .or_else(|| context.global.mattermost_webhook_url.clone())
        .ok_or_else(|| {
            fields.node.fault("missing webhook_url or webhook_url_file on mattermost_config")
        })?;
    let document = fields.document;
    let elements = fields.elements("attachments")?.iter();
    let attachments = elements.map(|node| further(document, node)).collect::<Read<_>>()?;
    let attachment = MattermostAttachment {
        fallback: template(fields, "fallback", "mattermost.default.fallback")?,
        color: template(fields, "color", "mattermost.default.color")?,
        title: template(fields, "title", "mattermost.default.title")?,
        title_link: template(fields, "title_link", "mattermost.default.titlelink")?,
        ..attachment(fields)?
    };
    Ok(Settings::Mattermost(Box::new(MattermostConfig {
        webhook_url,
        channel: fields.text_or_empty("channel")?,
        username: template(fields, "username", "mattermost.default.username")?,
        text: template(fields, "text", "mattermost.default.text")?,
        attachment,
        attachments,
        icon_url: fields.text_or_empty("icon_url")?,
        icon_emoji: fields.text_or_empty("icon_emoji")?,
        post_type: fields.text_or_empty("type")?,
        card: card(fields)?,
        priority: priority(fields)?,
    })))
}

fn further(document: &Document, node: &Node) -> Read<MattermostAttachment> {
    let mut fields = Fields::new(document, node, "mattermost.MattermostAttachment")?;
    let attachment = attachment(&mut fields)?;
    fields.finish()?;
    Ok(attachment)
}

fn attachment(fields: &mut Fields<'_>) -> Read<MattermostAttachment> {
    let document = fields.document;
    let elements = fields.elements("fields")?.iter();
    let table = elements.map(|node| field(document, node, "Mattermost")).collect::<Read<_>>()?;
    let mut text = |key: &str| fields.text_or_empty(key);
    Ok(MattermostAttachment {
        fallback: text("fallback")?,
        color: text("color")?,
        pretext: text("pretext")?,
        text: text("text")?,
        author_name: text("author_name")?,
        author_link: text("author_link")?,
        author_icon: text("author_icon")?,
        title: text("title")?,
        title_link: text("title_link")?,
        fields: table,
        thumb_url: text("thumb_url")?,
        footer: text("footer")?,
        footer_icon: text("footer_icon")?,
        image_url: text("image_url")?,
    })
}

fn card(fields: &mut Fields<'_>) -> Read<Option<String>> {
    let Some(mut section) = fields.section("props", "mattermost.MattermostProps")? else {
        return Ok(None);
    };
    let card = section.text_or_empty("card")?;
    section.finish()?;
    Ok(Some(card))
}

fn priority(fields: &mut Fields<'_>) -> Read<Option<MattermostPriority>> {
    let Some(mut section) = fields.section("priority", "mattermost.MattermostPriority")? else {
        return Ok(None);
    };
    let priority = MattermostPriority {
        priority: section.text_or_empty("priority")?,
        requested_ack: section.flag("requested_ack", false)?,
        persistent_notifications: section.flag("persistent_notifications", false)?,
    };
    section.finish()?;
    Ok(Some(priority))
}
