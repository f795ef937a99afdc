//! `OpsGenie`: alerts that are created, updated and closed.
//!
//! Specification: <https://docs.opsgenie.com/docs/alert-api>.

use std::collections::BTreeMap;

use adopt::alertmanager::receiver::OpsGenieConfig;
use http::Method;
use serde::Serialize;
use url::Url;

use crate::attempt::{Attempt, Check, Request, authorize, below, json_headers};
use crate::notification::Failure;
use crate::notifier::State;
use crate::texts::Texts;
use crate::truncate;

/// Characters of a title.
const MESSAGE_CHARS_MAX: usize = 130;

#[derive(Serialize)]
struct Create {
    alias: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    details: BTreeMap<String, String>,
    source: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responders: Vec<Responder>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    priority: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    entity: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<String>,
}

#[derive(Default, PartialEq, Serialize)]
struct Responder {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    r#type: String,
}

#[derive(Serialize)]
struct Close {
    source: String,
}

#[derive(Serialize)]
struct UpdateMessage<'m> {
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'m str,
}

#[derive(Serialize)]
struct UpdateDescription<'m> {
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'m str,
}

pub(crate) async fn send(
    config: &OpsGenieConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let templating = |failure: Failure| failure.of("templating error");
    let alias = attempt.texts.key();
    let base = config.api_url.reveal();
    let of_alert = |action: &str| {
        let mut url = below(base, &format!("v2/alerts/{alias}/{action}"))?;
        url.query_pairs_mut().append_pair("identifierType", "alias");
        Ok::<_, Failure>(url)
    };
    let mut requests: Vec<(Method, Url, bytes::Bytes)> = Vec::new();
    if attempt.texts.is_firing() {
        let create = create(config, &attempt.texts, &alias).map_err(templating)?;
        requests.push((Method::POST, below(base, "v2/alerts")?, attempt.json(&create)?));
        if config.update_alerts {
            let body = attempt.json(&UpdateMessage { message: &create.message })?;
            requests.push((Method::PUT, of_alert("message")?, body));
            let body = attempt.json(&UpdateDescription { description: &create.description })?;
            requests.push((Method::PUT, of_alert("description")?, body));
        }
    } else {
        let source = attempt.texts.text(&config.source).map_err(templating)?;
        requests.push((Method::POST, of_alert("close")?, attempt.json(&Close { source })?));
    }
    let key = attempt.secret(&config.api_key)?;
    let key = attempt.texts.text(&key).map_err(templating)?;
    attempt.secrets.add(&key);
    let mut headers = json_headers();
    authorize(&mut headers, &format!("GenieKey {key}"))?;
    for (method, url, body) in requests {
        let request = Request { method, url: &url, headers: headers.clone(), body };
        attempt.send(request).await?.check(Check::default())?;
    }
    Ok(State::new())
}

fn create(config: &OpsGenieConfig, texts: &Texts<'_>, alias: &str) -> Result<Create, Failure> {
    let mut details = texts.data().common_labels.clone();
    for (name, value) in &config.details {
        details.insert(name.clone(), texts.text(value)?);
    }
    Ok(Create {
        alias: alias.to_owned(),
        message: truncate::to_chars(texts.text(&config.message)?, MESSAGE_CHARS_MAX),
        description: texts.text(&config.description)?,
        details,
        source: texts.text(&config.source)?,
        responders: responders(config, texts)?,
        tags: split(&texts.text(&config.tags)?),
        note: texts.text(&config.note)?,
        priority: texts.text(&config.priority)?,
        entity: texts.text(&config.entity)?,
        actions: split(&texts.text(&config.actions)?),
    })
}

fn responders(config: &OpsGenieConfig, texts: &Texts<'_>) -> Result<Vec<Responder>, Failure> {
    let mut responders = Vec::new();
    for configured in &config.responders {
        let responder = Responder {
            id: texts.text(&configured.id)?,
            name: texts.text(&configured.name)?,
            username: texts.text(&configured.username)?,
            r#type: texts.text(&configured.responder_type)?,
        };
        if responder == Responder::default() {
            continue;
        }
        if responder.r#type != "teams" {
            responders.push(responder);
            continue;
        }
        let team = |name| Responder { name, r#type: "team".to_owned(), ..Responder::default() };
        responders.extend(split(&responder.name).into_iter().map(team));
    }
    Ok(responders)
}

/// The parts between commas that are not empty.
fn split(text: &str) -> Vec<String> {
    let parts = text.trim().split(',').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}
