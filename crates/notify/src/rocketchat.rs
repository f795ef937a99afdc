//! Rocket.Chat: messages in a channel.
//!
//! Specification: <https://developer.rocket.chat/apidocs/post-message>.

use adopt::alertmanager::receiver::{RocketChatConfig, RocketChatField};
use http::{HeaderName, Method};
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Check, Request, below, json_headers, set_secret};
use crate::notification::{Failure, Reason};
use crate::notifier::State;
use crate::texts::Texts;
use crate::truncate;

const API_URL: &str = "https://open.rocket.chat/";
/// Characters of a title.
const TITLE_CHARS_MAX: usize = 1024;

#[derive(Serialize)]
struct Message {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    avatar: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
}

#[derive(Serialize)]
struct Field {
    short: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
}

/// Of the settings of a button Alertmanager sends these only.
#[derive(Serialize)]
struct Action {
    r#type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    is_webview: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    msg: String,
    msg_in_chat_window: bool,
}

#[derive(Deserialize)]
struct Posted {
    #[serde(default)]
    success: bool,
    #[serde(default)]
    error: String,
}

pub(crate) async fn send(
    config: &RocketChatConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let message = message(config, &attempt.texts)?;
    let base = config.api_url.as_ref().map_or(API_URL, |url| url.reveal());
    let url = below(base, "api/v1/chat.postMessage")?;
    let mut headers = json_headers();
    for (name, secret) in [("x-auth-token", &config.token), ("x-user-id", &config.token_id)] {
        let secret = attempt.secret(secret)?;
        set_secret(&mut headers, HeaderName::from_static(name), &secret)?;
    }
    let body = attempt.json(&message)?;
    let request = Request { method: Method::POST, url: &url, headers, body };
    let answer = attempt.send(request).await?;
    let of_channel = |failure: Failure| failure.of(&format!("channel {:?}", message.channel));
    answer.check(Check::default()).map_err(of_channel)?;
    let posted: Posted = answer.json().map_err(of_channel)?;
    if !posted.success {
        let refused = format!("error response from Rocketchat: {}", posted.error);
        return Err(of_channel(Failure::permanent(refused).with_reason(Reason::ClientError)));
    }
    Ok(State::new())
}

fn message(config: &RocketChatConfig, texts: &Texts<'_>) -> Result<Message, Failure> {
    let field = |field: &RocketChatField| {
        Ok::<_, Failure>(Field {
            short: field.short.unwrap_or(config.short_fields),
            title: texts.text(&field.title)?,
            value: texts.text(&field.value)?,
        })
    };
    let mut actions = Vec::new();
    for action in &config.actions {
        actions.push(Action {
            r#type: "button",
            text: texts.text(&action.text)?,
            url: texts.text(&action.url)?,
            is_webview: false,
            msg: texts.text(&action.msg)?,
            msg_in_chat_window: false,
        });
    }
    let attachment = Attachment {
        title: truncate::to_chars(texts.text(&config.title)?, TITLE_CHARS_MAX),
        title_link: texts.text(&config.title_link)?,
        text: texts.text(&config.text)?,
        image_url: texts.text(&config.image_url)?,
        thumb_url: texts.text(&config.thumb_url)?,
        color: texts.text(&config.color)?,
        fields: config.fields.iter().map(field).collect::<Result<_, _>>()?,
        actions,
    };
    Ok(Message {
        channel: texts.text(&config.channel)?,
        emoji: texts.text(&config.emoji)?,
        avatar: texts.text(&config.icon_url)?,
        attachments: [attachment],
    })
}
