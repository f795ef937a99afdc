//! The section `alerting`: where alerts are sent.

use std::time::Duration;

use signals::relabel::{NameScheme, Rule};

use super::discovery::{self, Discovery};
use super::relabel::rules;
use crate::error::Read;
use crate::http::{self, HttpClientConfig};
use crate::yaml::{Document, Fields, Node};

/// Where alerts are sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alerting {
    /// Rules for the labels of alerts.
    pub alert_relabel_configs: Vec<Rule>,
    /// Groups of Alertmanagers; each gets all alerts.
    pub alertmanagers: Vec<AlertmanagerConfig>,
}

/// A group of Alertmanagers.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertmanagerConfig {
    /// `http` or `https`.
    pub scheme: String,
    /// In front of the path of the API.
    pub path_prefix: String,
    /// How long a request may take.
    pub timeout: Duration,
    /// How requests are made.
    pub http: HttpClientConfig,
    /// Rules for the labels of the Alertmanagers.
    pub relabel_configs: Vec<Rule>,
    /// Rules for the labels of alerts for this group.
    pub alert_relabel_configs: Vec<Rule>,
    /// Where the addresses come from.
    pub discovery: Vec<Discovery>,
}

pub(super) fn read(section: Option<Fields<'_>>, names: NameScheme) -> Read<Alerting> {
    let Some(mut fields) = section else {
        return Ok(Alerting::default());
    };
    let alert_relabel_configs =
        rules(&mut fields, "alert_relabel_configs", "alert relabeling rule", names)?;
    let elements = fields.elements("alertmanagers")?.iter();
    let alertmanagers = elements.map(|node| alertmanager(fields.document, node, names));
    let alerting =
        Alerting { alert_relabel_configs, alertmanagers: alertmanagers.collect::<Read<_>>()? };
    fields.finish()?;
    Ok(alerting)
}

fn alertmanager(document: &Document, node: &Node, names: NameScheme) -> Read<AlertmanagerConfig> {
    if node.is_null() {
        return Err(node.fault("empty or null Alertmanager config section"));
    }
    let mut fields = Fields::new(document, node, "config.AlertmanagerConfig")?;
    let fields = &mut fields;
    let version = fields.text("api_version")?.unwrap_or_else(|| "v2".to_owned());
    if version != "v2" {
        let reason =
            format!("expected Alertmanager api version to be one of [v2] but got {version}");
        return Err(fields.fault("api_version", reason));
    }
    let config = AlertmanagerConfig {
        scheme: fields.text("scheme")?.unwrap_or_else(|| "http".to_owned()),
        path_prefix: fields.text_or_empty("path_prefix")?,
        timeout: fields.interval("timeout", Duration::from_secs(10))?,
        http: http::read(fields, true)?,
        relabel_configs: rules(
            fields,
            "relabel_configs",
            "Alertmanager target relabeling rule",
            names,
        )?,
        alert_relabel_configs: rules(
            fields,
            "alert_relabel_configs",
            "Alertmanager alert relabeling rule",
            names,
        )?,
        discovery: discovery::read(fields)?,
    };
    let has_sigv4 = http::sigv4(fields)?;
    fields.finish()?;
    if has_sigv4 && config.http.authentication.is_some() {
        let reason = "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured";
        return Err(fields.fault("sigv4", reason));
    }
    if config.relabel_configs.is_empty() {
        discovery::check_addresses(fields, &config.discovery)?;
    }
    Ok(config)
}
