//! Webex: messages in a room. The token is among the settings of the client.
//!
//! Specification: <https://developer.webex.com/docs/api/v1/messages/create-a-message>.

use adopt::alertmanager::receiver::WebexConfig;
use serde::Serialize;

use crate::attempt::{Attempt, Check, parsed};
use crate::notification::Failure;
use crate::notifier::State;
use crate::truncate;

/// Bytes of a message.
const MESSAGE_BYTES_MAX: usize = 7439;

#[derive(Serialize)]
struct Message {
    markdown: String,
    #[serde(rename = "roomId", skip_serializing_if = "String::is_empty")]
    room_id: String,
}

pub(crate) async fn send(
    config: &WebexConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let markdown = attempt.texts.text(&config.message)?;
    let message = Message {
        markdown: truncate::to_bytes(markdown, MESSAGE_BYTES_MAX),
        room_id: attempt.texts.text(&config.room_id)?,
    };
    let url = parsed(config.api_url.reveal())?;
    attempt.post_json(&url, &message).await?.check(Check::default())?;
    Ok(State::new())
}
