//! Pushover: messages to the devices of a user.
//!
//! Specification: <https://pushover.net/api>.

use adopt::alertmanager::SecretSource;
use adopt::alertmanager::receiver::PushoverConfig;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value as Json;
use url::Url;

use crate::attempt::{Attempt, Check, Request, parsed};
use crate::notification::Failure;
use crate::notifier::State;
use crate::truncate;

const API_URL: &str = "https://api.pushover.net/1/messages.json";
/// Characters of the parts of a message.
const TITLE_CHARS_MAX: usize = 250;
const MESSAGE_CHARS_MAX: usize = 1024;
const URL_CHARS_MAX: usize = 512;

pub(crate) async fn send(
    config: &PushoverConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let url = url(config, attempt)?;
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/plain"))]);
    let request = Request { method: Method::POST, url: &url, headers, body: Bytes::new() };
    attempt.send(request).await?.check(Check::default())?;
    Ok(State::new())
}

/// The address, which has all parameters.
fn url(config: &PushoverConfig, attempt: &mut Attempt<'_>) -> Result<Url, Failure> {
    let token = key(&config.token, attempt)?;
    let user = key(&config.user_key, attempt)?;
    let parameters = parameters(config, attempt)?;
    let mut url = parsed(API_URL)?;
    url.query_pairs_mut()
        .append_pair("token", &token)
        .append_pair("user", &user)
        .extend_pairs(&parameters);
    let shown = parameters.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    attempt.message = Json::Object(shown.collect()).to_string();
    Ok(url)
}

/// A key, which is a template.
fn key(source: &SecretSource, attempt: &mut Attempt<'_>) -> Result<String, Failure> {
    let template = attempt.secret(source)?;
    let key = attempt.texts.text(&template)?;
    attempt.secrets.add(&key);
    Ok(key)
}

/// The parameters that are no secrets.
fn parameters(
    config: &PushoverConfig,
    attempt: &Attempt<'_>,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let texts = &attempt.texts;
    let flag = || "1".to_owned();
    let title = truncate::to_chars(texts.text(&config.title)?, TITLE_CHARS_MAX);
    let mut parameters = vec![("title", title)];
    let message = if config.html {
        parameters.push(("html", flag()));
        texts.html(&config.message)?
    } else {
        texts.text(&config.message)?
    };
    if config.monospace {
        parameters.push(("monospace", flag()));
    }
    let message = truncate::to_chars(message, MESSAGE_CHARS_MAX).trim().to_owned();
    // An empty message is refused.
    let message = if message.is_empty() { "(no details)".to_owned() } else { message };
    parameters.extend([
        ("message", message),
        ("url", truncate::to_chars(texts.text(&config.url)?, URL_CHARS_MAX)),
        ("url_title", texts.text(&config.url_title)?),
        ("priority", texts.text(&config.priority)?),
        ("retry", config.retry.as_secs().to_string()),
        ("expire", config.expire.as_secs().to_string()),
        ("device", texts.text(&config.device)?),
        ("sound", texts.text(&config.sound)?),
    ]);
    if config.ttl.as_secs() > 0 {
        parameters.push(("ttl", config.ttl.as_secs().to_string()));
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use adopt::http::Source;
    use signals::Secret;

    use super::*;
    use crate::testing;

    #[test]
    fn a_message_is_in_the_parameters() {
        let secret = |text: &str| Source::Inline(Secret::new(text.to_owned()));
        let config = PushoverConfig {
            user_key: secret("user{{ \"1\" }}"),
            token: secret("token"),
            title: "{{ template \"pushover.default.title\" . }}".to_owned(),
            message: " <b>{{ \"<\" }}</b> ".to_owned(),
            url: "http://a".to_owned(),
            url_title: "t".to_owned(),
            device: "{{ .Status }}".to_owned(),
            sound: String::new(),
            priority: "2".to_owned(),
            retry: Duration::from_secs(60),
            expire: Duration::from_secs(3600),
            ttl: Duration::ZERO,
            html: true,
            monospace: false,
        };
        let shown = |config: &PushoverConfig| {
            testing::attempt("pushover", |attempt| {
                let url = url(config, attempt).unwrap();
                (url.query().unwrap().to_owned(), attempt.message.clone())
            })
        };
        let (query, message) = shown(&config);
        assert_eq!(
            query,
            "token=token&user=user1&title=%5BFIRING%3A1%5D+Down+&html=1&\
             message=%3Cb%3E%26lt%3B%3C%2Fb%3E&url=http%3A%2F%2Fa&url_title=t&priority=2&retry=60&\
             expire=3600&device=firing&sound="
        );
        assert!(!message.contains("token") && message.contains("Down"), "{message}");
        let config = PushoverConfig {
            html: false,
            monospace: true,
            message: String::new(),
            ttl: Duration::from_secs(5),
            ..config
        };
        let (query, _) = shown(&config);
        assert!(query.contains("&monospace=1&message=%28no+details%29&"), "{query}");
        assert!(query.ends_with("&ttl=5"), "{query}");
    }
}
