//! `PagerDuty`: incidents by its Events API, version 2, or version 1 with a service key.
//!
//! Specification: <https://developer.pagerduty.com/docs/events-api-v2-overview>.

use adopt::alertmanager::SecretSource;
use adopt::alertmanager::receiver::PagerDutyConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::attempt::{Attempt, Check, Request, encoded, json_headers, parsed};
use crate::notification::Failure;
use crate::notifier::State;
use crate::truncate;

/// Bytes of an event.
const EVENT_BYTES_MAX: usize = 512_000;
/// Characters of a title.
const TITLE_CHARS_MAX: usize = 1024;
const V1_URL: &str = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
const TOO_LARGE: &str = "Custom details have been removed because the original event exceeds the \
                         maximum size of 512KB";

#[derive(Default, Serialize)]
struct Event {
    #[serde(skip_serializing_if = "String::is_empty")]
    routing_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    service_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    dedup_key: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    incident_key: String,
    /// Of version 1.
    #[serde(skip_serializing_if = "str::is_empty", rename = "event_type")]
    v1_action: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// Of version 2.
    #[serde(rename = "event_action")]
    action: &'static str,
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "String::is_empty")]
    client: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    client_url: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: Map<String, Json>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Image>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link>,
}

#[derive(Serialize)]
struct Payload {
    summary: String,
    source: String,
    severity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    class: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    component: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_details: Map<String, Json>,
}

#[derive(Serialize)]
struct Image {
    src: String,
    alt: String,
    href: String,
}

#[derive(Serialize)]
struct Link {
    href: String,
    text: String,
}

pub(crate) async fn send(
    config: &PagerDutyConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let details = attempt.texts.values(&config.details);
    let details = details.map_err(|failure| failure.of("failed to render details"))?;
    let is_v1 = config.service_key.is_some();
    let (version, url) = if is_v1 { ("v1", V1_URL) } else { ("v2", config.url.reveal()) };
    let event = if is_v1 { v1(config, attempt, details) } else { v2(config, attempt, details) };
    let mut event = event.map_err(|failure| {
        failure.of(&format!("failed to template PagerDuty {version} message"))
    })?;
    let (key, name) =
        if is_v1 { (&event.service_key, "service") } else { (&event.routing_key, "routing") };
    if key.is_empty() {
        return Err(Failure::permanent(format!("{name} key cannot be empty")));
    }
    attempt.secrets.add(key);
    let mut body = encoded(&event)?;
    if body.len() > EVENT_BYTES_MAX {
        let details = match &mut event.payload {
            Some(payload) => &mut payload.custom_details,
            None => &mut event.details,
        };
        *details = Map::from_iter([("error".to_owned(), TOO_LARGE.into())]);
        body = encoded(&event)?;
    }
    attempt.show(&body);
    attempt.timeout = config.timeout;
    let url = parsed(url)?;
    let request = Request { method: http::Method::POST, url: &url, headers: json_headers(), body };
    // Version 1 answers 403 to who asks too often.
    let retried: &[u16] = if is_v1 { &[403] } else { &[] };
    attempt.send(request).await?.check(Check { retried, details: refusal })?;
    Ok(State::new())
}

/// A key, which is a template.
fn key(attempt: &mut Attempt<'_>, source: Option<&SecretSource>) -> Result<String, Failure> {
    let Some(source) = source else { return Ok(String::new()) };
    let template = attempt.secret(source)?;
    attempt.texts.text(&template)
}

fn v1(
    config: &PagerDutyConfig,
    attempt: &mut Attempt<'_>,
    details: Map<String, Json>,
) -> Result<Event, Failure> {
    let service_key = key(attempt, config.service_key.as_ref())?;
    let texts = &attempt.texts;
    let mut event = Event {
        service_key,
        v1_action: action(attempt),
        incident_key: texts.key(),
        description: truncate::to_chars(texts.text(&config.description)?, TITLE_CHARS_MAX),
        details,
        ..Event::default()
    };
    if texts.is_firing() {
        event.client = texts.text(&config.client)?;
        event.client_url = texts.text(&config.client_url)?;
    }
    Ok(event)
}

fn v2(
    config: &PagerDutyConfig,
    attempt: &mut Attempt<'_>,
    custom_details: Map<String, Json>,
) -> Result<Event, Failure> {
    let routing_key = key(attempt, config.routing_key.as_ref())?;
    let texts = &attempt.texts;
    let severity = if config.severity.is_empty() { "error" } else { &config.severity };
    let (mut images, mut links) = (Vec::new(), Vec::new());
    for image in &config.images {
        let src = texts.text(&image.src)?;
        let (alt, href) = (texts.text(&image.alt)?, texts.text(&image.href)?);
        if !src.is_empty() {
            images.push(Image { src, alt, href });
        }
    }
    for link in &config.links {
        let (href, text) = (texts.text(&link.href)?, texts.text(&link.text)?);
        if !href.is_empty() {
            links.push(Link { href, text });
        }
    }
    Ok(Event {
        client: texts.text(&config.client)?,
        client_url: texts.text(&config.client_url)?,
        routing_key,
        action: action(attempt),
        dedup_key: texts.key(),
        images,
        links,
        payload: Some(Payload {
            summary: truncate::to_chars(texts.text(&config.description)?, TITLE_CHARS_MAX),
            source: texts.text(&config.source)?,
            severity: texts.text(severity)?,
            class: texts.text(&config.class)?,
            component: texts.text(&config.component)?,
            group: texts.text(&config.group)?,
            custom_details,
        }),
        ..Event::default()
    })
}

fn action(attempt: &Attempt<'_>) -> &'static str {
    if attempt.texts.is_firing() { "trigger" } else { "resolve" }
}

fn refusal(status: u16, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        message: String,
        #[serde(default)]
        errors: Vec<String>,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) if status == 400 => {
            format!("{}: {}", refusal.message, refusal.errors.join(","))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use adopt::http::Source;
    use signals::Secret;

    use super::*;
    use crate::testing;

    #[test]
    fn an_event_of_version_1_has_other_names() {
        let config = PagerDutyConfig {
            service_key: Some(Source::Inline(Secret::new("key".to_owned()))),
            routing_key: None,
            url: adopt::Url::parse("http://unused").unwrap(),
            client: "{{ template \"pagerduty.default.client\" . }}".to_owned(),
            client_url: "u".to_owned(),
            description: "{{ .Status }}".to_owned(),
            details: Vec::new(),
            images: Vec::new(),
            links: Vec::new(),
            source: String::new(),
            severity: String::new(),
            class: String::new(),
            component: String::new(),
            group: String::new(),
            timeout: None,
        };
        let details = Map::from_iter([("a".to_owned(), 1.into())]);
        let event = testing::attempt("pagerduty", |attempt| v1(&config, attempt, details).unwrap());
        let expected = serde_json::json!({
            "service_key": "key",
            "incident_key": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
            "event_type": "trigger", "description": "firing", "event_action": "", "payload": null,
            "client": "Alertmanager", "client_url": "u", "details": {"a": 1},
        });
        assert_eq!(serde_json::to_value(event).unwrap(), expected);
    }
}
