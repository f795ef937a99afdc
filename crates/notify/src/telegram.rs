//! Telegram: messages of a bot.
//!
//! Specification: <https://core.telegram.org/bots/api#sendmessage>.

use std::time::Duration;

use adopt::alertmanager::receiver::{TelegramChat, TelegramConfig};
use adopt::http::Source;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, parsed};
use crate::notification::{Failure, Reason};
use crate::notifier::State;
use crate::truncate;

const API_URL: &str = "https://api.telegram.org";
/// Characters of a message.
const TEXT_CHARS_MAX: usize = 4096;
/// In place of a document, which cannot be cut anywhere.
const TOO_LONG: &str = "Alertmanager notification could not be sent: message length exceeds \
                        Telegram limits.\n\t\t\tPlease check the template used for producing the \
                        message content.";

/// All values are text, as Alertmanager sends them.
#[derive(Serialize)]
struct Message<'m> {
    chat_id: String,
    text: String,
    disable_web_page_preview: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    disable_notification: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    parse_mode: &'m str,
    #[serde(skip_serializing_if = "String::is_empty", rename = "message_thread_id")]
    thread_id: String,
}

#[derive(Deserialize)]
struct Posted {
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    error_code: u16,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// In seconds.
    #[serde(default)]
    retry_after: u32,
}

pub(crate) async fn send(
    config: &TelegramConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let text = if config.parse_mode == "HTML" {
        let text = attempt.texts.html(&config.message)?;
        if text.chars().count() > TEXT_CHARS_MAX { TOO_LONG.to_owned() } else { text }
    } else {
        truncate::to_chars(attempt.texts.text(&config.message)?, TEXT_CHARS_MAX)
    };
    let retried = |failure: Failure| Failure { is_retryable: true, ..failure };
    let message = Message {
        chat_id: chat(config).map_err(retried)?.to_string(),
        text,
        disable_web_page_preview: "true",
        disable_notification: if config.disable_notifications { "true" } else { "" },
        parse_mode: &config.parse_mode,
        thread_id: match config.message_thread_id {
            0 => String::new(),
            id => id.to_string(),
        },
    };
    let token = attempt.secret(&config.bot_token).map_err(retried)?;
    let api_url = config.api_url.as_ref().map_or(API_URL, |url| url.reveal());
    let url = parsed(&format!("{api_url}/bot{token}/sendMessage"))?;
    let answer = attempt.post_json(&url, &message).await?;
    let posted: Posted = answer.json()?;
    if posted.ok {
        return Ok(State::new());
    }
    // Alertmanager tries again whatever the answer is.
    let refused = Failure::retryable(format!(
        "telegram: {} ({})",
        truncate::to_chars(posted.description, TEXT_CHARS_MAX),
        posted.error_code
    ));
    let wait = posted.parameters.retry_after;
    let retry_after = (wait > 0).then(|| Duration::from_secs(wait.into()));
    Err(Failure { retry_after, ..refused.with_reason(Reason::of_status(posted.error_code)) })
}

fn chat(config: &TelegramConfig) -> Result<i64, Failure> {
    let file = match &config.chat {
        TelegramChat::Id(id) => return Ok(*id),
        TelegramChat::File(file) => file,
    };
    let text = http_client::secret(&Source::File(file.clone())).map_err(Failure::permanent)?;
    text.parse().map_err(|error| {
        Failure::permanent(format!("could not parse chat_id from {}: {error}", file.display()))
    })
}
