//! incident.io.

use std::time::Duration;

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, missing, or_file, secret, timeout, url};
use crate::error::Read;
use crate::http::{Authentication, Source};
use crate::url::Url;
use crate::yaml::Fields;

/// Notifies an alert source of incident.io.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentioConfig {
    /// The address.
    pub url: Source<Url>,
    /// The alert source's token; `None` if `http_config` has an authorization.
    pub alert_source_token: Option<SecretSource>,
    /// Alerts of a request; 0 is all.
    pub max_alerts: u64,
    /// How long a request may take; `None` is without limit.
    pub timeout: Option<Duration>,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let inline = url(fields, "url")?;
    let url = or_file(fields, "url", inline)?.ok_or_else(|| missing(fields, "url"))?;
    let alert_source_token = secret(fields, "alert_source_token")?;
    let is_authorized =
        matches!(context.http.authentication, Some(Authentication::Authorization { .. }));
    if context.has_own_http && is_authorized && alert_source_token.is_some() {
        let reason = "cannot specify alert_source_token or alert_source_token_file when using \
                      http_config.authorization";
        return Err(fields.fault("http_config", reason));
    }
    if context.has_own_http && !is_authorized && alert_source_token.is_none() {
        let reason = "at least one of alert_source_token, alert_source_token_file or \
                      http_config.authorization must be configured";
        return Err(fields.node.fault(reason));
    }
    Ok(Settings::Incidentio(IncidentioConfig {
        url,
        alert_source_token,
        max_alerts: fields.unsigned("max_alerts")?,
        timeout: timeout(fields)?,
    }))
}
