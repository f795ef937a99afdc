//! Webhooks and incident.io: the alerts themselves as JSON.
//!
//! Specification: Alertmanager's `docs/configuration.md`, version 4 of the payload.

use std::collections::BTreeMap;

use adopt::alertmanager::receiver::{IncidentioConfig, WebhookConfig};
use adopt::http::Source;
use serde::{Deserialize, Serialize};
use template::alertmanager::Alert;

use crate::attempt::{Attempt, Check, Request, encoded, json_headers, parsed};
use crate::notification::Failure;
use crate::notifier::State;
use crate::texts::Texts;

/// Bytes of a request that incident.io accepts.
const INCIDENTIO_BYTES_MAX: usize = 512 * 1024;

type Labels = BTreeMap<String, String>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'m> {
    receiver: &'m str,
    status: &'static str,
    alerts: Vec<ShownAlert<'m>>,
    #[serde(rename = "notification_reason")]
    notification_reason: &'m str,
    group_labels: &'m Labels,
    common_labels: &'m Labels,
    common_annotations: &'m Labels,
    route_labels: &'m Labels,
    #[serde(rename = "externalURL")]
    external_url: &'m str,
    version: &'static str,
    group_key: &'m str,
    truncated_alerts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownAlert<'m> {
    status: &'static str,
    labels: &'m Labels,
    annotations: &'m Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'m str,
    fingerprint: &'m str,
}

impl<'m> Message<'m> {
    fn new(version: &'static str, texts: &'m Texts<'_>) -> Self {
        let (data, notification) = (texts.data(), texts.notification());
        let alert = |alert: &'m Alert| ShownAlert {
            status: alert.status.name(),
            labels: &alert.labels,
            annotations: &alert.annotations,
            starts_at: alert.starts_at.to_rfc3339(),
            ends_at: alert.ends_at.to_rfc3339(),
            generator_url: &alert.generator_url,
            fingerprint: &alert.fingerprint,
        };
        Self {
            receiver: &data.receiver,
            status: data.status.name(),
            alerts: data.alerts.iter().map(alert).collect(),
            notification_reason: &data.notification_reason,
            group_labels: &data.group_labels,
            common_labels: &data.common_labels,
            common_annotations: &data.common_annotations,
            route_labels: &data.route_labels,
            external_url: &data.external_url,
            version,
            group_key: &notification.group_key,
            truncated_alerts: notification.alerts.len().saturating_sub(data.alerts.len()),
        }
    }
}

pub(crate) async fn send(
    config: &WebhookConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let body = if let Some(payload) = &config.payload {
        let payload = attempt.texts.json(payload);
        let payload = payload.map_err(|failure| failure.of("failed to render custom payload"))?;
        attempt.json(&payload)?
    } else {
        let body = encoded(&Message::new("4", &attempt.texts))?;
        attempt.show(&body);
        body
    };
    let template = attempt.secret(&config.url)?;
    let url = attempt.texts.text(&template);
    let url = url.map_err(|failure| failure.of("failed to template webhook URL"))?;
    if url.is_empty() {
        return Err(Failure::permanent("webhook URL is empty after templating"));
    }
    let url = attempt.url(&url)?;
    attempt.timeout = config.timeout;
    let headers = json_headers();
    let request = Request { method: http::Method::POST, url: &url, headers, body };
    attempt.send(request).await?.check(Check::default())?;
    Ok(State::new())
}

/// Sends to incident.io; its token is among the settings of the client.
pub(crate) async fn send_incidentio(
    config: &IncidentioConfig,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let url = match &config.url {
        Source::Inline(url) => parsed(url.reveal())?,
        Source::File(file) => attempt.secret_url(&Source::File(file.clone()))?,
    };
    let mut message = Message::new("1", &attempt.texts);
    let mut body = encoded(&message)?;
    if body.len() > INCIDENTIO_BYTES_MAX {
        // One alert is enough to open an incident.
        message.alerts.truncate(1);
        body = encoded(&message)?;
    }
    attempt.show(&body);
    attempt.timeout = config.timeout;
    let headers = json_headers();
    let request = Request { method: http::Method::POST, url: &url, headers, body };
    let check = Check { details: incidentio_details, ..Check::default() };
    attempt.send(request).await?.check(check)?;
    Ok(State::new())
}

fn incidentio_details(_: u16, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        message: String,
        #[serde(default)]
        errors: Vec<String>,
        #[serde(default)]
        error: String,
    }
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else { return String::new() };
    let parts = [refusal.message, refusal.error, refusal.errors.join(", ")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::incidentio_details;

    #[test]
    fn a_refusal_of_incidentio_is_shown_without_json() {
        for (body, expected) in [
            ("", ""),
            ("{invalid}", ""),
            (r#"{"error":"Invalid request"}"#, "Invalid request"),
            (r#"{"message":"Failed","errors":["a","b"]}"#, "Failed: a, b"),
            (r#"{"message":"Too many","error":"limit"}"#, "Too many: limit"),
        ] {
            assert_eq!(incidentio_details(400, body.as_bytes()), expected);
        }
    }
}
