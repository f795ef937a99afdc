//! Discord: a webhook of a channel.
//!
//! Only the content mentions anybody. What its template writes itself, such as `<@&1>` or
//! `@everyone`, is allowed; the same in a value of a label is not. Alertmanager allows both.
//!
//! Specification: <https://discord.com/developers/docs/resources/webhook#execute-webhook>.

use adopt::alertmanager::receiver::DiscordConfig;
use serde::Serialize;

use crate::attempt::{Attempt, Check};
use crate::notification::Failure;
use crate::notifier::State;
use crate::{harmless, truncate};

/// Characters of the parts of a message.
const TITLE_CHARS_MAX: usize = 256;
const DESCRIPTION_CHARS_MAX: usize = 4096;
const CONTENT_CHARS_MAX: usize = 2000;
/// Mentions of users and of roles that a message may have.
const MENTIONS_MAX: usize = 100;
const RED: u32 = 0x99_2D22;
const GREEN: u32 = 0x2E_CC71;

#[derive(Serialize)]
struct Message<'m> {
    content: String,
    embeds: [Embed; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'m str,
    #[serde(skip_serializing_if = "str::is_empty")]
    avatar_url: &'m str,
    allowed_mentions: Mentions,
}

#[derive(Serialize)]
struct Embed {
    title: String,
    description: String,
    color: u32,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Mentions {
    parse: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
}

pub(crate) async fn send(
    config: &DiscordConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let texts = &attempt.texts;
    let title = truncate::to_chars(texts.text(&config.title)?, TITLE_CHARS_MAX);
    let description = truncate::to_chars(texts.text(&config.message)?, DESCRIPTION_CHARS_MAX);
    let color = if texts.is_firing() { RED } else { GREEN };
    let written = texts.text_with(&config.content, harmless::without_mentions)?;
    let is_url = url::Url::options().parse(&config.avatar_url).is_ok();
    let message = Message {
        content: truncate::to_chars(texts.text(&config.content)?, CONTENT_CHARS_MAX),
        embeds: [Embed { title, description, color }],
        username: &config.username,
        avatar_url: if is_url { &config.avatar_url } else { "" },
        allowed_mentions: mentions(&written),
    };
    let url = attempt.secret_url(&config.webhook_url)?;
    attempt.post_json(&url, &message).await?.check(Check::default())?;
    Ok(State::new())
}

/// Whom a text mentions.
fn mentions(text: &str) -> Mentions {
    let mut mentions = Mentions::default();
    if text.contains("@everyone") || text.contains("@here") {
        mentions.parse.push("everyone");
    }
    for part in text.split("<@").skip(1) {
        let Some((name, _)) = part.split_once('>') else { continue };
        let (ids, id) = match name.strip_prefix('&') {
            Some(id) => (&mut mentions.roles, id),
            None => (&mut mentions.users, name.trim_start_matches('!')),
        };
        let is_id = !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_digit());
        if is_id && ids.len() < MENTIONS_MAX && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    mentions
}

#[cfg(test)]
mod tests {
    use super::{Mentions, mentions};

    #[test]
    fn only_written_mentions_are_allowed() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        for (text, parse, users, roles) in [
            ("", &[][..], &[][..], &[][..]),
            ("a@b", &[], &[], &[]),
            ("@everyone", &["everyone"], &[], &[]),
            ("<@1> <@!2> <@&3> <@&3>", &[], &["1", "2"], &["3"]),
            ("<@a> <@ <@&>", &[], &[], &[]),
        ] {
            let expected = Mentions { parse: parse.to_vec(), users: ids(users), roles: ids(roles) };
            assert_eq!(mentions(text), expected, "{text}");
        }
    }
}
