//! `OpsGenie`.

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, is_template, secret, template, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::{Document, Fields, Node};

const TYPES: [&str; 5] = ["team", "teams", "user", "escalation", "schedule"];

/// Opens and closes alerts of `OpsGenie`.
#[derive(Debug, Clone, PartialEq)]
pub struct OpsGenieConfig {
    /// The key of the API.
    pub api_key: SecretSource,
    /// The address of the API, to which paths are appended after a `/`.
    pub api_url: Url,
    /// The title, a template.
    pub message: String,
    /// The text, a template.
    pub description: String,
    /// Where the alert comes from, a template.
    pub source: String,
    /// Further values, templates.
    pub details: Vec<(String, String)>,
    /// The domain of the alert, a template.
    pub entity: String,
    /// Who is notified.
    pub responders: Vec<OpsGenieResponder>,
    /// Actions, separated by commas; a template.
    pub actions: String,
    /// Tags, separated by commas; a template.
    pub tags: String,
    /// A note, a template.
    pub note: String,
    /// `P1` to `P5`, a template.
    pub priority: String,
    /// Whether title and text of an open alert are updated.
    pub update_alerts: bool,
}

/// Someone who is notified; all texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpsGenieResponder {
    /// The id, or empty.
    pub id: String,
    /// The name, or empty.
    pub name: String,
    /// The user's name, or empty.
    pub username: String,
    /// `team`, `teams`, `user`, `escalation`, `schedule`, or a template.
    pub responder_type: String,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let global = context.global;
    let document = fields.document;
    let responders = fields.elements("responders")?.iter();
    let responders = responders.map(|node| responder(document, node)).collect::<Read<_>>()?;
    let api_key = secret(fields, "api_key")?.or_else(|| global.opsgenie_api_key.clone());
    let api_url = url(fields, "api_url")?.or_else(|| global.opsgenie_api_url.clone());
    let no_key = "no global OpsGenie API Key set either inline or in a file";
    Ok(Settings::OpsGenie(Box::new(OpsGenieConfig {
        api_url: api_url.ok_or_else(|| fields.node.fault("no global OpsGenie URL set"))?,
        api_key: api_key.ok_or_else(|| fields.node.fault(no_key))?,
        message: template(fields, "message", "opsgenie.default.message")?,
        description: template(fields, "description", "opsgenie.default.description")?,
        source: template(fields, "source", "opsgenie.default.source")?,
        details: fields.text_map("details")?,
        entity: fields.text_or_empty("entity")?,
        responders,
        actions: fields.text_or_empty("actions")?,
        tags: fields.text_or_empty("tags")?,
        note: fields.text_or_empty("note")?,
        priority: fields.text_or_empty("priority")?,
        update_alerts: fields.flag("update_alerts", false)?,
    })))
}

fn responder(document: &Document, node: &Node) -> Read<OpsGenieResponder> {
    let mut fields = Fields::new(document, node, "opsgenie.OpsGenieConfigResponder")?;
    let mut responder = OpsGenieResponder {
        id: fields.text_or_empty("id")?,
        name: fields.text_or_empty("name")?,
        username: fields.text_or_empty("username")?,
        responder_type: fields.text_or_empty("type")?,
    };
    fields.finish()?;
    let OpsGenieResponder { id, name, username, responder_type } = &responder;
    let shown = format!("opsGenieConfig responder {{{id} {name} {username} {responder_type}}}");
    if id.is_empty() && username.is_empty() && name.is_empty() {
        let reason = format!("{shown} has to have at least one of id, username or name specified");
        return Err(node.fault(reason));
    }
    let is_template = is_template(responder_type).map_err(|reason| {
        node.fault(format!("{shown} type contains invalid template syntax: {reason}"))
    })?;
    if !is_template {
        let lower = responder_type.to_lowercase();
        if !TYPES.contains(&lower.as_str()) {
            let types = TYPES.join("|");
            return Err(
                node.fault(format!("{shown} type does not match valid options ^({types})$"))
            );
        }
        responder.responder_type = lower;
    }
    Ok(responder)
}
