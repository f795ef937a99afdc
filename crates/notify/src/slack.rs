//! Slack: incoming webhooks, and `chat.postMessage` with the token of an application.
//!
//! Specification: Alertmanager's `docs/configuration.md`, `<slack_config>`, and
//! <https://docs.slack.dev/reference/methods/chat.postMessage>.

use std::collections::BTreeMap;
use std::sync::Arc;

use adopt::alertmanager::receiver::{SlackAction, SlackConfig, SlackField};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_client::{HttpClient, Posted};
use serde::{Deserialize, Serialize};

use crate::expansion::{Expansion, failure, truncated};
use crate::notifier::Shared;
use crate::request::{self, Request, shown};
use crate::{Failure, Notification, Reason, Sent};

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 1024;
/// Where messages are updated.
const UPDATE_URL: &str = "https://slack.com/api/chat.update";
/// The state of a group whose message can be updated.
const THREAD: &str = "threadTs";
const CHANNEL: &str = "channelId";

#[derive(Debug)]
pub(crate) struct Slack {
    pub(crate) config: SlackConfig,
    pub(crate) client: HttpClient,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Serialize)]
struct Message {
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
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mrkdwn_in: Vec<String>,
}

#[derive(Serialize)]
struct Field {
    title: String,
    value: String,
    short: bool,
}

#[derive(Serialize)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
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
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    ok_text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    dismiss_text: String,
}

/// The answer of Slack's methods.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    ts: String,
}

impl Slack {
    pub(crate) async fn notify(&self, notification: &Notification) -> Result<Sent, Failure> {
        let expansion = Expansion::new(&self.shared, notification)?;
        let mut message = self.message(&expansion)?;
        let mut url = request::secret(&self.config.api_url)?.trim().to_owned();
        let known = |name| notification.state.get(name).filter(|value| !value.is_empty());
        if self.config.update_message
            && let (Some(thread), Some(channel)) = (known(THREAD), known(CHANNEL))
        {
            UPDATE_URL.clone_into(&mut url);
            message.ts.clone_from(thread);
            message.channel.clone_from(channel);
        }
        let body = request::json(&message)?;
        let channel = |failure: Failure| Failure {
            message: format!("channel {:?}: {}", message.channel, failure.message),
            ..failure
        };
        let request = Request {
            client: &self.client,
            url: &url,
            timeout: self.config.timeout,
            retried: &[StatusCode::TOO_MANY_REQUESTS],
        };
        let posted = request.post(body.clone(), &body).await.map_err(channel)?;
        match read(&posted) {
            Ok(state) => {
                let state = if self.config.update_message { state } else { BTreeMap::new() };
                Ok(Sent { message: body, state })
            }
            Err(failure) => Err(channel(Failure { unsent: body, ..failure })),
        }
    }

    fn message(&self, expansion: &Expansion<'_>) -> Result<Message, Failure> {
        let SlackConfig { fields, actions, mrkdwn_in, .. } = &self.config;
        let text = |template: &String| expansion.text(template);
        let config = &self.config;
        let fields = fields.iter().map(|field| self.field(field, expansion));
        let actions = actions.iter().map(|action| action_of(action, expansion));
        let default = ["fallback", "pretext", "text"].map(str::to_owned).to_vec();
        let attachment = Attachment {
            title: truncated(text(&config.title)?, TITLE_CHARS_MAX),
            title_link: text(&config.title_link)?,
            pretext: text(&config.pretext)?,
            text: text(&config.text)?,
            fallback: text(&config.fallback)?,
            callback_id: text(&config.callback_id)?,
            fields: fields.collect::<Result<_, _>>()?,
            actions: actions.collect::<Result<_, _>>()?,
            image_url: text(&config.image_url)?,
            thumb_url: text(&config.thumb_url)?,
            footer: text(&config.footer)?,
            color: text(&config.color)?,
            mrkdwn_in: if mrkdwn_in.is_empty() { default } else { mrkdwn_in.clone() },
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

    fn field(&self, field: &SlackField, expansion: &Expansion<'_>) -> Result<Field, Failure> {
        Ok(Field {
            title: expansion.text(&field.title)?,
            value: expansion.text(&field.value)?,
            short: field.short.unwrap_or(self.config.short_fields),
        })
    }
}

fn action_of(action: &SlackAction, expansion: &Expansion<'_>) -> Result<Action, Failure> {
    let text = |template: &String| expansion.text(template);
    let confirm = action.confirm.as_ref().map(|confirm| {
        Ok(Confirmation {
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

/// Whether Slack has taken the message: a webhook answers `ok`, a method in JSON. Returns what is
/// needed to update the message.
fn read(posted: &Posted) -> Result<BTreeMap<String, String>, Failure> {
    let refused = |message: String| Failure { reason: Reason::ClientError, ..failure(message) };
    let again = |message: String| Failure { is_retryable: true, ..refused(message) };
    let body = posted.body.as_ref().map_err(|error| {
        again(format!("could not read response body: {}", error.clone().message("it is too large")))
    })?;
    let content_type = posted.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.unwrap_or_default().starts_with("application/json") {
        return if body.as_ref() == b"ok" {
            Ok(BTreeMap::new())
        } else {
            Err(refused(format!("received an error response from Slack: {}", shown(posted))))
        };
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        again(format!("could not unmarshal JSON response {:?}: {error}", shown(posted)))
    })?;
    if !answer.ok {
        return Err(refused(format!("error response from Slack: {}", answer.error)));
    }
    let is_known = !answer.ts.is_empty() && !answer.channel.is_empty();
    let state = [(THREAD, answer.ts), (CHANNEL, answer.channel)];
    let state = state.into_iter().filter(|_| is_known);
    Ok(state.map(|(name, value)| (name.to_owned(), value)).collect())
}
