//! Slack: incoming webhooks, and messages of an application, which can be updated.
//!
//! Specification: <https://docs.slack.dev/reference/methods/chat.postMessage>. Mentions: see
//! [`crate::harmless`].

use std::collections::BTreeMap;

use adopt::alertmanager::receiver::{SlackAction, SlackConfig};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};

use crate::attempt::{Answer, Attempt, Check};
use crate::notification::{Failure, Reason};
use crate::notifier::State;
use crate::texts::Texts;
use crate::truncate;

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 1024;
/// Characters of any other text. Slack refuses more, and Alertmanager would lose the notification.
const TEXT_CHARS_MAX: usize = 40_000;
/// The parts of an attachment that are formatted by default.
const MRKDWN_IN: [&str; 3] = ["fallback", "pretext", "text"];
/// Keys of the state, by which a message is updated.
const THREAD: &str = "threadTs";
const CHANNEL: &str = "channelId";

#[derive(Serialize)]
struct Message<'m> {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    ts: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    link_names: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    attachments: [Attachment<'m>; 1],
}

#[derive(Serialize)]
struct Attachment<'m> {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    text: String,
    fallback: String,
    callback_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    mrkdwn_in: Vec<&'m str>,
}

#[derive(Serialize)]
struct Field {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    short: bool,
}

#[derive(Serialize)]
struct Action {
    #[serde(skip_serializing_if = "String::is_empty", rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    style: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<Confirmation>,
}

#[derive(Serialize)]
struct Confirmation {
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    ok_text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    dismiss_text: String,
}

/// What the API answers.
#[derive(Deserialize)]
struct Posted {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    ts: String,
}

pub(crate) async fn send(
    config: &SlackConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let mut message = message(config, &attempt.texts)?;
    let mut url = attempt.secret_url(&config.api_url)?;
    attempt.timeout = config.timeout;
    let state = if config.update_message {
        attempt.texts.notification().state.clone()
    } else {
        State::new()
    };
    if let (Some(ts), Some(channel)) = (state.get(THREAD), state.get(CHANNEL)) {
        message.ts.clone_from(ts);
        message.channel.clone_from(channel);
        url = url
            .join("chat.update")
            .map_err(|error| Failure::permanent(format!("the URL of updates: {error}")))?;
        attempt.secrets.add_url(&url);
    }
    let answer = attempt.post_json(&url, &message).await?;
    let posted = answer.check(Check::default()).and_then(|()| posted(&answer));
    let posted = posted.map_err(|failure| failure.of(&format!("channel {:?}", message.channel)))?;
    if !config.update_message || posted.ts.is_empty() || posted.channel.is_empty() {
        return Ok(state);
    }
    Ok(BTreeMap::from([(THREAD.to_owned(), posted.ts), (CHANNEL.to_owned(), posted.channel)]))
}

/// What Slack answered: JSON, or `ok` from a webhook.
fn posted(answer: &Answer) -> Result<Posted, Failure> {
    let refused = |message: String| Failure::permanent(message).with_reason(Reason::ClientError);
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !kind.unwrap_or_default().starts_with("application/json") {
        let body = answer.body()?;
        if body == b"ok" {
            let nothing = String::new;
            return Ok(Posted { ok: true, error: nothing(), channel: nothing(), ts: nothing() });
        }
        let text = truncate::to_chars(String::from_utf8_lossy(body).into_owned(), 1024);
        return Err(refused(format!("received an error response from Slack: {text}")));
    }
    let posted: Posted = answer.json()?;
    if !posted.ok {
        return Err(refused(format!("error response from Slack: {}", posted.error)));
    }
    Ok(posted)
}

fn message<'m>(config: &'m SlackConfig, texts: &Texts<'_>) -> Result<Message<'m>, Failure> {
    let text = |setting: &String| Ok(truncate::to_chars(texts.text(setting)?, TEXT_CHARS_MAX));
    let field = |field: &adopt::alertmanager::receiver::SlackField| {
        Ok(Field {
            title: text(&field.title)?,
            value: text(&field.value)?,
            short: field.short.unwrap_or(config.short_fields),
        })
    };
    let formatted: Vec<&str> = config.mrkdwn_in.iter().map(String::as_str).collect();
    let attachment = Attachment {
        title: truncate::to_chars(texts.text(&config.title)?, TITLE_CHARS_MAX),
        title_link: text(&config.title_link)?,
        pretext: text(&config.pretext)?,
        text: text(&config.text)?,
        fallback: text(&config.fallback)?,
        callback_id: text(&config.callback_id)?,
        image_url: text(&config.image_url)?,
        thumb_url: text(&config.thumb_url)?,
        footer: text(&config.footer)?,
        color: text(&config.color)?,
        mrkdwn_in: if formatted.is_empty() { MRKDWN_IN.to_vec() } else { formatted },
        fields: config.fields.iter().map(field).collect::<Result<_, Failure>>()?,
        actions: config
            .actions
            .iter()
            .map(|configured| action(configured, &text))
            .collect::<Result<_, Failure>>()?,
    };
    Ok(Message {
        channel: text(&config.channel)?,
        ts: String::new(),
        username: text(&config.username)?,
        icon_emoji: text(&config.icon_emoji)?,
        icon_url: text(&config.icon_url)?,
        link_names: config.link_names,
        text: text(&config.message_text)?,
        attachments: [attachment],
    })
}

fn action(
    action: &SlackAction,
    text: &dyn Fn(&String) -> Result<String, Failure>,
) -> Result<Action, Failure> {
    let confirm = action.confirm.as_ref().map(|confirm| {
        Ok::<_, Failure>(Confirmation {
            text: text(&confirm.text)?,
            title: text(&confirm.title)?,
            ok_text: text(&confirm.ok_text)?,
            dismiss_text: text(&confirm.dismiss_text)?,
        })
    });
    Ok(Action {
        kind: text(&action.kind)?,
        text: text(&action.text)?,
        url: text(&action.url)?,
        style: text(&action.style)?,
        name: text(&action.name)?,
        value: text(&action.value)?,
        confirm: confirm.transpose()?,
    })
}
