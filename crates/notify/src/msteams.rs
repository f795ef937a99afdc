//! Microsoft Teams: connectors, and the workflows that replace them.
//!
//! Specification: <https://learn.microsoft.com/en-us/outlook/actionable-messages/message-card-reference>
//! and <https://learn.microsoft.com/en-us/connectors/teams/#adaptivecarditemschema>.

use adopt::alertmanager::receiver::{MsTeamsConfig, MsTeamsV2Config};
use serde::Serialize;

use crate::attempt::{Attempt, Check};
use crate::notification::Failure;
use crate::notifier::State;
use crate::truncate;

/// Bytes of a text. Teams refuses messages over 28 KB, and Alertmanager would lose the notification.
const TEXT_BYTES_MAX: usize = 24 << 10;
/// Bytes of a title.
const TITLE_BYTES_MAX: usize = 1 << 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageCard {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    title: String,
    summary: String,
    text: String,
    theme_color: &'static str,
}

#[derive(Serialize)]
struct Message {
    r#type: &'static str,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: AdaptiveCard,
}

#[derive(Serialize)]
struct AdaptiveCard {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    body: [TextBlock; 2],
    msteams: Width,
}

#[derive(Serialize)]
struct Width {
    width: &'static str,
}

#[derive(Default, Serialize)]
struct TextBlock {
    r#type: &'static str,
    text: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    weight: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    size: &'static str,
    wrap: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    style: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    color: &'static str,
}

pub(crate) async fn send(
    config: &MsTeamsConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let texts = &attempt.texts;
    let card = MessageCard {
        context: "http://schema.org/extensions",
        r#type: "MessageCard",
        title: truncate::to_bytes(texts.text(&config.title)?, TITLE_BYTES_MAX),
        text: truncate::to_bytes(texts.text(&config.text)?, TEXT_BYTES_MAX),
        summary: truncate::to_bytes(texts.text(&config.summary)?, TITLE_BYTES_MAX),
        theme_color: if texts.is_firing() { "8C1A1A" } else { "2DC72D" },
    };
    let url = attempt.secret_url(&config.webhook_url)?;
    attempt.post_json(&url, &card).await?.check(Check::default())?;
    Ok(State::new())
}

pub(crate) async fn send_v2(
    config: &MsTeamsV2Config,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let texts = &attempt.texts;
    let title = TextBlock {
        r#type: "TextBlock",
        text: truncate::to_bytes(texts.text(&config.title)?, TITLE_BYTES_MAX),
        weight: "Bolder",
        size: "Medium",
        wrap: true,
        style: "heading",
        color: if texts.is_firing() { "Attention" } else { "Good" },
    };
    let text = TextBlock {
        r#type: "TextBlock",
        text: truncate::to_bytes(texts.text(&config.text)?, TEXT_BYTES_MAX),
        wrap: true,
        ..TextBlock::default()
    };
    let content = AdaptiveCard {
        schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        r#type: "AdaptiveCard",
        version: "1.2",
        body: [title, text],
        msteams: Width { width: "full" },
    };
    let content_type = "application/vnd.microsoft.card.adaptive";
    let attachments = [Attachment { content_type, content_url: None, content }];
    let url = attempt.secret_url(&config.webhook_url)?;
    let message = Message { r#type: "message", attachments };
    attempt.post_json(&url, &message).await?.check(Check::default())?;
    Ok(State::new())
}
