//! Webex.

use super::{Context, Settings};
use crate::alertmanager::values::{template, url};
use crate::error::Read;
use crate::http::Authentication;
use crate::url::Url;
use crate::yaml::Fields;

/// Notifies a room of Webex.
#[derive(Debug, Clone, PartialEq)]
pub struct WebexConfig {
    /// The address of the API.
    pub api_url: Url,
    /// The text, a template.
    pub message: String,
    /// The room, a template.
    pub room_id: String,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let room_id = fields.text_or_empty("room_id")?;
    if room_id.is_empty() {
        return Err(fields.fault("room_id", "missing room_id on webex_config"));
    }
    let is_authorized =
        matches!(context.http.authentication, Some(Authentication::Authorization { .. }));
    if !context.has_own_http || !is_authorized {
        return Err(fields.node.fault("missing webex_configs.http_config.authorization"));
    }
    let api_url = url(fields, "api_url")?.or_else(|| context.global.webex_api_url.clone());
    Ok(Settings::Webex(WebexConfig {
        api_url: api_url.ok_or_else(|| fields.node.fault("no global Webex URL set"))?,
        message: template(fields, "message", "webex.default.message")?,
        room_id,
    }))
}
