//! Jira: issues that are opened, updated, resolved and opened again.
//!
//! Specification: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/>, and
//! Alertmanager's `docs/configuration.md` for how a group's issue is found: by a label with the
//! hash of the group's key.

use adopt::alertmanager::receiver::{JiraApi, JiraConfig};
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT_LANGUAGE, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use url::Url;

use crate::attempt::{Answer, Attempt, Check, Request, below, json_headers};
use crate::notification::Failure;
use crate::notifier::State;
use crate::texts::Texts;
use crate::truncate;

/// Characters of the parts of an issue.
const SUMMARY_CHARS_MAX: usize = 255;
const DESCRIPTION_CHARS_MAX: usize = 32_767;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search<'s> {
    fields: [&'s str; 1],
    jql: &'s str,
    max_results: u32,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    #[serde(default)]
    key: String,
    #[serde(default)]
    fields: Option<Fields>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    status: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default, rename = "statusCategory")]
    category: Category,
}

#[derive(Default, Deserialize)]
struct Category {
    #[serde(default)]
    key: String,
}

#[derive(Deserialize)]
struct Transitions {
    #[serde(default)]
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Transition {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
}

pub(crate) async fn send(config: &JiraConfig, attempt: &mut Attempt<'_>) -> Result<State, Failure> {
    let found = search(config, attempt).await;
    let existing = found.map_err(|failure| failure.of("failed to look up existing issues"))?;
    if existing.is_none() && !attempt.texts.is_firing() {
        return Ok(State::new());
    }
    let mut fields = fields(config, &attempt.texts)?;
    let (method, path) = match &existing {
        None => (Method::POST, "issue".to_owned()),
        Some(issue) => {
            if !config.summary.enable_update {
                fields.remove("summary");
            }
            if !config.description.enable_update {
                fields.remove("description");
            }
            (Method::PUT, issue_path(issue, ""))
        }
    };
    let body = attempt.json(&json!({ "fields": fields }))?;
    let url = below(config.api_url.reveal(), &path)?;
    let answer = request(attempt, method.clone(), &url, body).await;
    answer.map_err(|failure| failure.of(&format!("failed to {method} request to {path:?}")))?;
    if let Some(issue) = existing {
        transition(config, attempt, &issue).await?;
    }
    Ok(State::new())
}

/// The group's issue: one that is open, or was resolved not long ago.
async fn search(config: &JiraConfig, attempt: &Attempt<'_>) -> Result<Option<Issue>, Failure> {
    let jql = jql(config, &attempt.texts)?;
    let search = Search { fields: ["status"], jql: &jql, max_results: 2 };
    let body =
        serde_json::to_vec(&search).map_err(|error| Failure::permanent(error.to_string()))?;
    let url = search_url(config)?;
    let answer = request(attempt, Method::POST, &url, body.into()).await;
    let answer = answer.map_err(|failure| failure.of("HTTP request to JIRA API"))?;
    let found: Found = answer.json().map_err(permanent)?;
    Ok(found.issues.into_iter().next())
}

fn jql(config: &JiraConfig, texts: &Texts<'_>) -> Result<String, Failure> {
    let project = texts.text(&config.project);
    let project = project.map_err(|failure| failure.of("invalid project template or value"))?;
    let mut conditions = Vec::new();
    if !config.wont_fix_resolution.is_empty() {
        let resolution = quoted(&config.wont_fix_resolution);
        conditions.push(format!("(resolution is EMPTY or resolution != {resolution})"));
    }
    let minutes = config.reopen_duration.as_secs() / 60;
    if texts.is_firing() && !config.reopen_transition.is_empty() && minutes > 0 {
        let resolved = format!("(resolutiondate is EMPTY OR resolutiondate >= -{minutes}m)");
        conditions.push(resolved);
    } else {
        conditions.push("statusCategory != Done".to_owned());
    }
    conditions.push(format!("project={}", quoted(&project)));
    conditions.push(format!("labels={}", quoted(&label(texts))));
    Ok(conditions.join(" and ") + " order by status ASC,resolutiondate DESC")
}

/// A text of a query.
fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

fn label(texts: &Texts<'_>) -> String {
    format!("ALERT{{{}}}", texts.key())
}

/// Where issues are searched: the Cloud has a path of its own, in version 3 of the API only.
fn search_url(config: &JiraConfig) -> Result<Url, Failure> {
    let base = config.api_url.reveal();
    let url = below(base, "search")?;
    let is_cloud = match config.api_type {
        JiraApi::Cloud => true,
        JiraApi::DataCenter => false,
        JiraApi::Auto => url.host_str().unwrap_or_default().ends_with("atlassian.net"),
    };
    if !is_cloud {
        return Ok(url);
    }
    let mut url = below(base, "search/jql")?;
    let path = url.path().replacen("/rest/api/2/", "/rest/api/3/", 1);
    url.set_path(&path);
    Ok(url)
}

fn fields(config: &JiraConfig, texts: &Texts<'_>) -> Result<Map<String, Json>, Failure> {
    let of = |what: &'static str| move |failure: Failure| failure.of(&format!("{what} template"));
    let summary = texts.text(&config.summary.template).map_err(of("summary"))?;
    let project = texts.text(&config.project).map_err(of("project"))?;
    let issue_type = texts.text(&config.issue_type).map_err(of("issue_type"))?;
    let further = texts.values(&config.fields).map_err(of("fields"))?;
    let mut labels = vec![label(texts)];
    for (index, template) in config.labels.iter().enumerate() {
        let label = texts.text(template);
        labels.push(label.map_err(|failure| failure.of(&format!("labels[{index}] template")))?);
    }
    labels.sort();
    let mut fields = Map::new();
    fields.insert("summary".into(), truncate::to_chars(summary, SUMMARY_CHARS_MAX).into());
    fields.insert("project".into(), json!({ "key": project }));
    fields.insert("issuetype".into(), json!({ "name": issue_type }));
    fields.insert("labels".into(), labels.into());
    if let Some(description) = description(config, texts)? {
        fields.insert("description".into(), description);
    }
    let priority = texts.text(&config.priority).map_err(of("priority"))?;
    if !priority.is_empty() {
        fields.insert("priority".into(), json!({ "name": priority }));
    }
    fields.extend(further);
    Ok(fields)
}

/// A text, or the JSON of a document in version 3 of the API.
fn description(config: &JiraConfig, texts: &Texts<'_>) -> Result<Option<Json>, Failure> {
    let text = texts.text(&config.description.template);
    let text = text.map_err(|failure| failure.of("description template"))?;
    let text = truncate::to_chars(text, DESCRIPTION_CHARS_MAX);
    let api_url = below(config.api_url.reveal(), "")?;
    if !api_url.path().ends_with("/3/") {
        return Ok((!text.is_empty()).then(|| text.into()));
    }
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text)
        .map(Some)
        .map_err(|_| Failure::permanent("description template: invalid JSON for API v3"))
}

/// Resolves an issue or opens it again, if it is not so already.
async fn transition(
    config: &JiraConfig,
    attempt: &Attempt<'_>,
    issue: &Issue,
) -> Result<(), Failure> {
    let status = issue.fields.as_ref().and_then(|fields| fields.status.as_ref());
    let Some(status) = status.filter(|_| !issue.key.is_empty()) else { return Ok(()) };
    let is_firing = attempt.texts.is_firing();
    let name = if is_firing { &config.reopen_transition } else { &config.resolve_transition };
    let is_done = status.category.key == "done";
    if is_done != is_firing || name.is_empty() {
        return Ok(());
    }
    let url = below(config.api_url.reveal(), &issue_path(issue, "/transitions"))?;
    let answer = request(attempt, Method::GET, &url, Bytes::new()).await?;
    let known: Transitions = answer.json().map_err(permanent)?;
    let Some(found) = known.transitions.iter().find(|transition| transition.name == *name) else {
        let reason = format!("can't find transition {name} for issue {}", issue.key);
        return Err(Failure::permanent(reason));
    };
    let body = json!({ "transition": { "id": found.id } }).to_string();
    request(attempt, Method::POST, &url, body.into()).await?;
    Ok(())
}

/// The path of an issue, of which the server told the key.
fn issue_path(issue: &Issue, below: &str) -> String {
    let key: String = url::form_urlencoded::byte_serialize(issue.key.as_bytes()).collect();
    format!("issue/{key}{below}")
}

/// Sends a request and checks the status. Unlike other integrations Alertmanager does not try
/// again if there is no answer; Glasshouse does.
async fn request(
    attempt: &Attempt<'_>,
    method: Method,
    url: &Url,
    body: Bytes,
) -> Result<Answer, Failure> {
    let mut headers = json_headers();
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
    let answer = attempt.send(Request { method, url, headers, body }).await?;
    answer.check(Check::default())?;
    Ok(answer)
}

fn permanent(failure: Failure) -> Failure {
    Failure { is_retryable: false, ..failure }
}
