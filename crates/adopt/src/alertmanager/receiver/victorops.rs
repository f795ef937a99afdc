//! `VictorOps`, now Splunk On-Call.

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, secret, template, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::Fields;

/// Fields that each incident has.
const RESERVED: [&str; 7] = [
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
];

/// Opens and resolves incidents of `VictorOps`.
#[derive(Debug, Clone, PartialEq)]
pub struct VictorOpsConfig {
    /// The key of the API.
    pub api_key: SecretSource,
    /// The address, to which the keys are appended after a `/`.
    pub api_url: Url,
    /// Who is notified, a template.
    pub routing_key: String,
    /// `CRITICAL`, `WARNING` or `INFO`; a template.
    pub message_type: String,
    /// The text, a template.
    pub state_message: String,
    /// The title, a template.
    pub entity_display_name: String,
    /// The program that notifies, a template.
    pub monitoring_tool: String,
    /// Further fields, templates.
    pub custom_fields: Vec<(String, String)>,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let global = context.global;
    let routing_key = fields.text_or_empty("routing_key")?;
    if routing_key.is_empty() {
        return Err(fields.fault("routing_key", "missing Routing key in VictorOps config"));
    }
    let own_key = secret(fields, "api_key")?;
    let custom_fields = fields.text_map("custom_fields")?;
    if let Some((name, _)) =
        custom_fields.iter().find(|(name, _)| RESERVED.contains(&name.as_str()))
    {
        let reason = format!(
            "victorOps config contains custom field {name} which cannot be used as it conflicts \
             with the fixed/static fields"
        );
        return Err(fields.fault("custom_fields", reason));
    }
    let api_url = url(fields, "api_url")?.or_else(|| global.victorops_api_url.clone());
    let api_url = api_url.ok_or_else(|| fields.node.fault("no global VictorOps URL set"))?;
    let api_key = own_key.or_else(|| global.victorops_api_key.clone());
    Ok(Settings::VictorOps(Box::new(VictorOpsConfig {
        api_key: api_key.ok_or_else(|| fields.node.fault("no global VictorOps API Key set"))?,
        api_url,
        routing_key,
        message_type: fields.text("message_type")?.unwrap_or_else(|| "CRITICAL".to_owned()),
        state_message: template(fields, "state_message", "victorops.default.state_message")?,
        entity_display_name: template(
            fields,
            "entity_display_name",
            "victorops.default.entity_display_name",
        )?,
        monitoring_tool: template(fields, "monitoring_tool", "victorops.default.monitoring_tool")?,
        custom_fields,
    })))
}
