//! Jira: issues that are opened, updated and resolved.

use std::time::Duration;

use serde_json::Value as Json;

use super::{Context, Settings};
use crate::alertmanager::values::{flag, template, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::{Fields, Value};

/// Opens and resolves issues of Jira.
#[derive(Debug, Clone, PartialEq)]
pub struct JiraConfig {
    /// The address of the API.
    pub api_url: Url,
    /// The API.
    pub api_type: JiraApi,
    /// The project's key, a template.
    pub project: String,
    /// The issue's title.
    pub summary: JiraField,
    /// The issue's text.
    pub description: JiraField,
    /// The issue's labels, templates.
    pub labels: Vec<String>,
    /// The priority's name, a template.
    pub priority: String,
    /// The type's name, a template.
    pub issue_type: String,
    /// The transition that opens a resolved issue again; empty if there is none.
    pub reopen_transition: String,
    /// The transition that resolves an issue; empty if there is none.
    pub resolve_transition: String,
    /// The resolution with which an issue is not opened again; empty if there is none.
    pub wont_fix_resolution: String,
    /// How long after its resolution an issue is opened again; zero is always.
    pub reopen_duration: Duration,
    /// Further fields of the issue; each text in them is a template.
    pub fields: Vec<(String, Json)>,
}

/// An API of Jira.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JiraApi {
    /// As the address says: Cloud for `*.atlassian.net`.
    Auto,
    /// Version 3.
    Cloud,
    /// Version 2.
    DataCenter,
}

/// A text of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JiraField {
    /// The text, a template.
    pub template: String,
    /// Whether an existing issue gets the text, too.
    pub enable_update: bool,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let project = fields.text_or_empty("project")?;
    if project.is_empty() {
        return Err(fields.fault("project", "missing project in jira_config"));
    }
    let issue_type = fields.text_or_empty("issue_type")?;
    if issue_type.is_empty() {
        return Err(fields.fault("issue_type", "missing issue_type in jira_config"));
    }
    let api_type = match fields.text("api_type")?.as_deref() {
        None | Some("auto") => JiraApi::Auto,
        Some("cloud") => JiraApi::Cloud,
        Some("datacenter") => JiraApi::DataCenter,
        Some(_) => {
            let reason = "unknown api_type on jira_config, must be auto, cloud or datacenter";
            return Err(fields.fault("api_type", reason));
        }
    };
    let further = match fields.take("fields") {
        None => Vec::new(),
        Some(node) => {
            let pairs = node.pairs("map[string]interface {}")?.into_iter();
            pairs.map(|(name, value)| Ok((name, value.json()?))).collect::<Read<_>>()?
        }
    };
    let api_url = url(fields, "api_url")?.or_else(|| context.global.jira_api_url.clone());
    Ok(Settings::Jira(Box::new(JiraConfig {
        api_url: api_url.ok_or_else(|| fields.node.fault("no global Jira Cloud URL set"))?,
        api_type,
        project,
        summary: field(fields, "summary", "jira.default.summary")?,
        description: field(fields, "description", "jira.default.description")?,
        labels: fields.texts("labels")?,
        priority: template(fields, "priority", "jira.default.priority")?,
        issue_type,
        reopen_transition: fields.text_or_empty("reopen_transition")?,
        resolve_transition: fields.text_or_empty("resolve_transition")?,
        wont_fix_resolution: fields.text_or_empty("wont_fix_resolution")?,
        reopen_duration: fields.duration("reopen_duration")?.unwrap_or_default(),
        fields: further,
    })))
}

/// A text, or a map with a text.
fn field(fields: &mut Fields<'_>, key: &str, name: &str) -> Read<JiraField> {
    let is_map = fields.take(key).is_some_and(|node| matches!(node.value, Value::Mapping(_)));
    if !is_map {
        return Ok(JiraField { template: template(fields, key, name)?, enable_update: true });
    }
    let Some(mut section) = fields.section(key, "jira.plain")? else {
        return Ok(JiraField { template: String::new(), enable_update: true });
    };
    let field = JiraField {
        template: template(&mut section, "template", name)?,
        enable_update: flag(section.take("enable_update"))?.unwrap_or(true),
    };
    section.finish()?;
    Ok(field)
}
