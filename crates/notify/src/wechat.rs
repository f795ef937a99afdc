//! `WeChat` Work: messages of an application, with a token that is fetched with its secret.
//!
//! Specification: <https://developer.work.weixin.qq.com/document/path/90236>.

use adopt::alertmanager::receiver::WechatConfig;
use bytes::Bytes;
use http::{HeaderMap, Method};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use signals::time::SECOND;

use crate::attempt::{Attempt, Request, below};
use crate::notification::{Failure, Reason};
use crate::notifier::State;

/// How long a token is used, in nanoseconds.
const TOKEN_AGE_MAX: i64 = 2 * 3600 * SECOND;
/// The code of a token that is too old.
const EXPIRED: i64 = 42001;

/// The token of an application, and when it was fetched, in nanoseconds since 1970.
#[derive(Default)]
pub(crate) struct Token(Mutex<Option<(String, i64)>>);

#[derive(Serialize)]
struct Message {
    text: Content,
    #[serde(skip_serializing_if = "String::is_empty")]
    touser: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    toparty: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    totag: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    agentid: String,
    safe: &'static str,
    msgtype: &'static str,
    markdown: Content,
}

/// Alertmanager sends both kinds, one of them empty.
#[derive(Default, Serialize)]
struct Content {
    content: String,
}

#[derive(Deserialize)]
struct Answered {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
    #[serde(default)]
    access_token: String,
}

pub(crate) async fn send(
    config: &WechatConfig,
    token: &Token,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let message = message(config, attempt).map_err(|failure| failure.of("templating error"))?;
    let now = attempt.texts.notification().now_ns;
    let cached = token.0.lock().clone();
    let used = match cached {
        Some((used, fetched)) if now.saturating_sub(fetched) <= TOKEN_AGE_MAX => used,
        _ => {
            let fetched = fetch(config, attempt).await?;
            *token.0.lock() = Some((fetched.clone(), now));
            fetched
        }
    };
    attempt.secrets.add(&used);
    let mut url = below(config.api_url.reveal(), "message/send")?;
    url.query_pairs_mut().append_pair("access_token", &used);
    let answer = attempt.post_json(&url, &message).await?;
    if answer.status != 200 {
        // Alertmanager tries again whatever the status is.
        let failure = Failure::retryable(format!("unexpected status code {}", answer.status));
        return Err(failure.with_reason(Reason::of_status(answer.status)));
    }
    let answered: Answered = answer.json()?;
    match answered.errcode {
        0 => Ok(State::new()),
        EXPIRED => {
            *token.0.lock() = None;
            Err(Failure::retryable(answered.errmsg))
        }
        _ => Err(Failure::permanent(answered.errmsg)),
    }
}

fn message(config: &WechatConfig, attempt: &Attempt<'_>) -> Result<Message, Failure> {
    let texts = &attempt.texts;
    let content = Content { content: texts.text(&config.message)? };
    let (text, markdown) = if config.is_markdown {
        (Content::default(), content)
    } else {
        (content, Content::default())
    };
    Ok(Message {
        text,
        touser: texts.text(&config.to_user)?,
        toparty: texts.text(&config.to_party)?,
        totag: texts.text(&config.to_tag)?,
        agentid: texts.text(&config.agent_id)?,
        safe: "0",
        msgtype: if config.is_markdown { "markdown" } else { "text" },
        markdown,
    })
}

async fn fetch(config: &WechatConfig, attempt: &mut Attempt<'_>) -> Result<String, Failure> {
    let templating = |failure: Failure| failure.of("templating error");
    let secret = attempt.secret(&config.api_secret)?;
    let secret = attempt.texts.text(&secret).map_err(templating)?;
    attempt.secrets.add(&secret);
    let corp_id = attempt.texts.text(&config.corp_id).map_err(templating)?;
    let mut url = below(config.api_url.reveal(), "gettoken")?;
    url.query_pairs_mut().append_pair("corpsecret", &secret).append_pair("corpid", &corp_id);
    let headers = HeaderMap::new();
    let request = Request { method: Method::GET, url: &url, headers, body: Bytes::new() };
    let answer: Answered = attempt.send(request).await?.json()?;
    if answer.access_token.is_empty() {
        let reason = format!("invalid APISecret for CorpID: {}", config.corp_id);
        return Err(Failure::permanent(reason));
    }
    Ok(answer.access_token)
}
