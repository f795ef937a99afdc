//! Mattermost: incoming webhooks.
//!
//! Specification: <https://developers.mattermost.com/integrate/webhooks/incoming/>.

use adopt::alertmanager::receiver::{
    MattermostAttachment, MattermostConfig, MattermostPriority, SlackField,
};
use serde::Serialize;

use crate::attempt::{Attempt, Check};
use crate::notification::Failure;
use crate::notifier::State;
use crate::texts::Texts;
use crate::truncate;

/// Characters of a message.
const TEXT_CHARS_MAX: usize = 16_383;

#[derive(Serialize)]
struct Message<'m> {
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    attachments: Vec<Attachment>,
    #[serde(skip_serializing_if = "String::is_empty", rename = "type")]
    post_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    props: Option<Properties>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority<'m>>,
}

#[derive(Serialize)]
struct Properties {
    card: String,
}

#[derive(Serialize)]
struct Priority<'m> {
    #[serde(rename = "priority")]
    level: &'m str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    requested_ack: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    persistent_notifications: bool,
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    fallback: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    author_icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    footer_icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
}

#[derive(Serialize)]
struct Field {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<bool>,
}

pub(crate) async fn send(
    config: &MattermostConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let texts = &attempt.texts;
    let level = match &config.priority {
        Some(priority) => texts.text(&priority.priority)?.to_lowercase(),
        None => String::new(),
    };
    let message = message(config, texts, &level)?;
    let url = attempt.secret_url(&config.webhook_url)?;
    let checked = attempt.post_json(&url, &message).await?.check(Check::default());
    checked.map_err(|failure| failure.of(&format!("channel {:?}", message.channel)))?;
    Ok(State::new())
}

fn message<'m>(
    config: &MattermostConfig,
    texts: &Texts<'_>,
    level: &'m str,
) -> Result<Message<'m>, Failure> {
    let text = texts.text(&config.text)?;
    // Without further attachments the text is that of the only one.
    let (text, attachments) = if config.attachments.is_empty() {
        let own = attachment(&config.attachment, texts)?;
        let text = truncate::to_chars(text, TEXT_CHARS_MAX);
        (String::new(), vec![Attachment { text, ..own }])
    } else {
        let attachments = config.attachments.iter().map(|configured| attachment(configured, texts));
        (truncate::to_chars(text, TEXT_CHARS_MAX), attachments.collect::<Result<_, _>>()?)
    };
    let card = config.card.as_ref().filter(|card| !card.is_empty());
    let has_priority = |priority: &&MattermostPriority| !priority.priority.is_empty();
    Ok(Message {
        text,
        channel: texts.text(&config.channel)?,
        username: texts.text(&config.username)?,
        icon_url: texts.text(&config.icon_url)?,
        icon_emoji: texts.text(&config.icon_emoji)?,
        attachments,
        post_type: texts.text(&config.post_type)?,
        props: match card {
            Some(card) => Some(Properties { card: texts.text(card)? }),
            None => None,
        },
        priority: config
            .priority
            .as_ref()
            .filter(has_priority)
            .map(|configured| priority(configured, level)),
    })
}

/// A priority with only what it may have.
fn priority<'m>(configured: &MattermostPriority, level: &'m str) -> Priority<'m> {
    let level = match level {
        "urgent" | "important" => level,
        _ => "standard",
    };
    Priority {
        level,
        requested_ack: configured.requested_ack && level != "standard",
        persistent_notifications: configured.persistent_notifications && level == "urgent",
    }
}

fn attachment(configured: &MattermostAttachment, texts: &Texts<'_>) -> Result<Attachment, Failure> {
    let field = |field: &SlackField| {
        let (title, value) = (texts.text(&field.title)?, texts.text(&field.value)?);
        Ok::<_, Failure>(Field { title, value, short: field.short })
    };
    Ok(Attachment {
        fallback: texts.text(&configured.fallback)?,
        color: texts.text(&configured.color)?,
        pretext: texts.text(&configured.pretext)?,
        text: texts.text(&configured.text)?,
        author_name: texts.text(&configured.author_name)?,
        author_link: texts.text(&configured.author_link)?,
        author_icon: texts.text(&configured.author_icon)?,
        title: texts.text(&configured.title)?,
        title_link: texts.text(&configured.title_link)?,
        fields: configured.fields.iter().map(field).collect::<Result<_, _>>()?,
        thumb_url: texts.text(&configured.thumb_url)?,
        footer: texts.text(&configured.footer)?,
        footer_icon: texts.text(&configured.footer_icon)?,
        image_url: texts.text(&configured.image_url)?,
    })
}
