//! Webhooks: the alerts as JSON, version 4 of its form.
//!
//! Specification: Alertmanager's `docs/configuration.md`, `<webhook_config>`.

use std::collections::BTreeMap;
use std::sync::Arc;

use adopt::alertmanager::receiver::WebhookConfig;
use http_client::HttpClient;
use serde::Serialize;
use serde_json::Value as Json;
use template::alertmanager::Data;

use crate::expansion::{Expansion, failure};
use crate::notifier::Shared;
use crate::request::{self, Request};
use crate::{Failure, Notification, Sent};

#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) config: WebhookConfig,
    pub(crate) client: HttpClient,
    pub(crate) shared: Arc<Shared>,
}

type Labels = BTreeMap<String, String>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    receiver: &'a str,
    status: &'a str,
    alerts: Vec<Alert<'a>>,
    #[serde(rename = "notification_reason")]
    notification_reason: &'a str,
    group_labels: &'a Labels,
    common_labels: &'a Labels,
    common_annotations: &'a Labels,
    route_labels: &'a Labels,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    status: &'a str,
    labels: &'a Labels,
    annotations: &'a Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: &'a str,
}

impl Webhook {
    pub(crate) async fn notify(&self, notification: &Notification) -> Result<Sent, Failure> {
        let mut shown = notification.clone();
        let max = usize::try_from(self.config.max_alerts).unwrap_or(usize::MAX);
        let truncated = if max == 0 { 0 } else { shown.alerts.len().saturating_sub(max) };
        shown.alerts.truncate(shown.alerts.len() - truncated);
        let expansion = Expansion::new(&self.shared, &shown)?;
        let body = match &self.config.payload {
            Some(payload) => request::json(&expanded(payload, &expansion)?)?,
            None => request::json(&message(&expansion.data, &notification.group_key, truncated))?,
        };
        let url = expansion.text(request::secret(&self.config.url)?.trim())?;
        if url.is_empty() {
            let message = "the URL is empty after its template was expanded".to_owned();
            return Err(Failure { unsent: body, ..failure(message) });
        }
        let request =
            Request { client: &self.client, url: &url, timeout: self.config.timeout, retried: &[] };
        request.post(body.clone(), &body).await?;
        Ok(Sent { message: body, ..Sent::default() })
    }
}

fn message<'a>(data: &'a Data, group_key: &'a str, truncated_alerts: usize) -> Message<'a> {
    let alert = |alert: &'a template::alertmanager::Alert| Alert {
        status: alert.status.name(),
        labels: &alert.labels,
        annotations: &alert.annotations,
        starts_at: alert.starts_at.to_rfc3339(),
        ends_at: alert.ends_at.to_rfc3339(),
        generator_url: &alert.generator_url,
        fingerprint: &alert.fingerprint,
    };
    Message {
        receiver: &data.receiver,
        status: data.status.name(),
        alerts: data.alerts.iter().map(alert).collect(),
        notification_reason: &data.notification_reason,
        group_labels: &data.group_labels,
        common_labels: &data.common_labels,
        common_annotations: &data.common_annotations,
        route_labels: &data.route_labels,
        external_url: &data.external_url,
        version: "4",
        group_key,
        truncated_alerts,
    }
}

/// A payload with its texts expanded.
fn expanded(payload: &Json, expansion: &Expansion<'_>) -> Result<Json, Failure> {
    Ok(match payload {
        Json::String(template) => Json::String(expansion.text(template)?),
        Json::Array(items) => {
            let items = items.iter().map(|item| expanded(item, expansion));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| Ok((expansion.text(name)?, expanded(value, expansion)?)));
            Json::Object(fields.collect::<Result<_, Failure>>()?)
        }
        other => other.clone(),
    })
}
