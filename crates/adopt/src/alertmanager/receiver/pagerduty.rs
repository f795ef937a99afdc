//! `PagerDuty`: incidents by its Events API.

use std::time::Duration;

use serde_json::Value as Json;

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, secret, template, timeout, url};
use crate::error::Read;
use crate::url::Url;
use crate::yaml::{Document, Fields, Node};

/// Details that each event has, unless the file has others of the name.
const DETAILS: [(&str, &str); 4] = [
    ("firing", "{{ .Alerts.Firing | toJson }}"),
    ("resolved", "{{ .Alerts.Resolved | toJson }}"),
    ("num_firing", "{{ .Alerts.Firing | len }}"),
    ("num_resolved", "{{ .Alerts.Resolved | len }}"),
];

/// Opens and resolves incidents of `PagerDuty`.
#[derive(Debug, Clone, PartialEq)]
pub struct PagerDutyConfig {
    /// The key of the Events API v1, which is used if it is there.
    pub service_key: Option<SecretSource>,
    /// The key of the Events API v2.
    pub routing_key: Option<SecretSource>,
    /// The address of the API.
    pub url: Url,
    /// The program that notifies, a template.
    pub client: String,
    /// The address of the program that notifies, a template.
    pub client_url: String,
    /// The title, a template.
    pub description: String,
    /// Further values; each text in them is a template.
    pub details: Vec<(String, Json)>,
    /// Pictures.
    pub images: Vec<PagerDutyImage>,
    /// Links.
    pub links: Vec<PagerDutyLink>,
    /// The affected system, a template.
    pub source: String,
    /// `critical`, `error`, `warning` or `info`; a template.
    pub severity: String,
    /// The kind of the event, a template.
    pub class: String,
    /// The affected part, a template.
    pub component: String,
    /// The group of the affected part, a template.
    pub group: String,
    /// How long a request may take; `None` is without limit.
    pub timeout: Option<Duration>,
}

/// A link; both texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerDutyLink {
    /// The address.
    pub href: String,
    /// The text.
    pub text: String,
}

/// A picture; all texts are templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagerDutyImage {
    /// The picture's address.
    pub src: String,
    /// The text in its place.
    pub alt: String,
    /// Where it links to.
    pub href: String,
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let (routing_key, service_key) =
        (secret(fields, "routing_key")?, secret(fields, "service_key")?);
    if routing_key.is_none() && service_key.is_none() {
        return Err(fields.node.fault("missing service or routing key in PagerDuty config"));
    }
    let url = url(fields, "url")?.or_else(|| context.global.pagerduty_url.clone());
    let client = template(fields, "client", "pagerduty.default.client")?;
    let source = Some(fields.text_or_empty("source")?).filter(|source| !source.is_empty());
    let document = fields.document;
    let images = fields.elements("images")?.iter().map(|node| image(document, node));
    let links = fields.elements("links")?.iter().map(|node| link(document, node));
    Ok(Settings::PagerDuty(Box::new(PagerDutyConfig {
        service_key,
        routing_key,
        url: url.ok_or_else(|| fields.node.fault("no global PagerDuty URL set"))?,
        client_url: template(fields, "client_url", "pagerduty.default.clientURL")?,
        description: template(fields, "description", "pagerduty.default.description")?,
        details: details(fields)?,
        images: images.collect::<Read<_>>()?,
        links: links.collect::<Read<_>>()?,
        source: source.unwrap_or_else(|| client.clone()),
        client,
        severity: fields.text_or_empty("severity")?,
        class: fields.text_or_empty("class")?,
        component: fields.text_or_empty("component")?,
        group: fields.text_or_empty("group")?,
        timeout: timeout(fields)?,
    })))
}

fn details(fields: &mut Fields<'_>) -> Read<Vec<(String, Json)>> {
    let mut details = match fields.take("details") {
        None => Vec::new(),
        Some(node) => {
            let pairs = node.pairs("map[string]interface {}")?.into_iter();
            pairs.map(|(name, value)| Ok((name, value.json()?))).collect::<Read<Vec<_>>>()?
        }
    };
    for (name, default) in DETAILS {
        if !details.iter().any(|(known, _)| known == name) {
            details.push((name.to_owned(), Json::String(default.to_owned())));
        }
    }
    Ok(details)
}

fn image(document: &Document, node: &Node) -> Read<PagerDutyImage> {
    let mut fields = Fields::new(document, node, "pagerduty.PagerdutyImage")?;
    let image = PagerDutyImage {
        src: fields.text_or_empty("src")?,
        alt: fields.text_or_empty("alt")?,
        href: fields.text_or_empty("href")?,
    };
    fields.finish()?;
    Ok(image)
}

fn link(document: &Document, node: &Node) -> Read<PagerDutyLink> {
    let mut fields = Fields::new(document, node, "pagerduty.PagerdutyLink")?;
    let link =
        PagerDutyLink { href: fields.text_or_empty("href")?, text: fields.text_or_empty("text")? };
    fields.finish()?;
    Ok(link)
}
