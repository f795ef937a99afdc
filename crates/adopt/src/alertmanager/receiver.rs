//! The section `receivers`: who is notified, and how.
//!
//! Each file below reads one kind of integration. Settings of `global` are applied. A text that
//! Alertmanager expands as a template for each notification is kept as it is written.

mod discord;
mod email;
mod incidentio;
mod jira;
mod mattermost;
mod msteams;
mod opsgenie;
mod pagerduty;
mod pushover;
mod rocketchat;
mod slack;
mod sns;
mod telegram;
mod victorops;
mod webex;
mod webhook;
mod wechat;

pub use discord::DiscordConfig;
pub use email::{EmailConfig, HostPort, Threading};
pub use incidentio::IncidentioConfig;
pub use jira::{JiraApi, JiraConfig, JiraField};
pub use mattermost::{MattermostAttachment, MattermostConfig, MattermostPriority};
pub use msteams::{MsTeamsConfig, MsTeamsV2Config};
pub use opsgenie::{OpsGenieConfig, OpsGenieResponder};
pub use pagerduty::{PagerDutyConfig, PagerDutyImage, PagerDutyLink};
pub use pushover::PushoverConfig;
pub use rocketchat::{RocketChatAction, RocketChatConfig, RocketChatField};
pub use slack::{SlackAction, SlackConfig, SlackConfirmation, SlackField};
pub use sns::SnsConfig;
pub use telegram::{TelegramChat, TelegramConfig};
pub use victorops::VictorOpsConfig;
pub use webex::WebexConfig;
pub use webhook::WebhookConfig;
pub use wechat::WechatConfig;

use super::global::Global;
use super::values::http_config;
use crate::error::Read;
use crate::http::HttpClientConfig;
use crate::yaml::{Document, Fields, Node};

/// Who is notified.
#[derive(Debug, Clone, PartialEq)]
pub struct Receiver {
    /// The unique name, by which routes refer to it.
    pub name: String,
    /// Labels for filters of the API; `name` is among them.
    pub labels: Vec<(String, String)>,
    /// The ways by which it is notified, in the order in which Alertmanager numbers them.
    pub integrations: Vec<Integration>,
    /// The line in the file, from 1.
    pub line: u32,
}

/// A way by which a receiver is notified.
#[derive(Debug, Clone, PartialEq)]
pub struct Integration {
    /// The name of the kind in metrics and logs, such as `slack`.
    pub name: &'static str,
    /// The position among those of the same kind, from 0.
    pub index: usize,
    /// Whether it is also notified of resolved alerts.
    pub send_resolved: bool,
    /// How requests are made. Mail makes none.
    pub http: HttpClientConfig,
    /// The settings of its kind.
    pub settings: Settings,
    /// The line in the file, from 1.
    pub line: u32,
}

/// The settings of an integration.
#[derive(Debug, Clone, PartialEq)]
pub enum Settings {
    /// `discord_configs`
    Discord(DiscordConfig),
    /// `email_configs`
    Email(Box<EmailConfig>),
    /// `incidentio_configs`
    Incidentio(IncidentioConfig),
    /// `jira_configs`
    Jira(Box<JiraConfig>),
    /// `mattermost_configs`
    Mattermost(Box<MattermostConfig>),
    /// `msteams_configs`
    MsTeams(MsTeamsConfig),
    /// `msteamsv2_configs`
    MsTeamsV2(MsTeamsV2Config),
    /// `opsgenie_configs`
    OpsGenie(Box<OpsGenieConfig>),
    /// `pagerduty_configs`
    PagerDuty(Box<PagerDutyConfig>),
    /// `pushover_configs`
    Pushover(Box<PushoverConfig>),
    /// `rocketchat_configs`
    RocketChat(Box<RocketChatConfig>),
    /// `slack_configs`
    Slack(Box<SlackConfig>),
    /// `sns_configs`
    Sns(SnsConfig),
    /// `telegram_configs`
    Telegram(TelegramConfig),
    /// `victorops_configs`
    VictorOps(Box<VictorOpsConfig>),
    /// `webex_configs`
    Webex(WebexConfig),
    /// `webhook_configs`
    Webhook(WebhookConfig),
    /// `wechat_configs`
    Wechat(Box<WechatConfig>),
}

/// What the reader of one kind knows besides the section itself.
struct Context<'a> {
    global: &'a Global,
    /// Whether the section has an `http_config`.
    has_own_http: bool,
    /// The section's `http_config`, or the global one.
    http: HttpClientConfig,
}

/// A kind of integrations.
struct Kind {
    /// The name of an integration; with `_configs` the key of their list.
    name: &'static str,
    /// The type's name in messages of Alertmanager's YAML library.
    type_name: &'static str,
    read: fn(&mut Fields<'_>, &mut Context<'_>) -> Read<Settings>,
}

const fn kind(
    name: &'static str,
    type_name: &'static str,
    read: fn(&mut Fields<'_>, &mut Context<'_>) -> Read<Settings>,
) -> Kind {
    Kind { name, type_name, read }
}

/// All kinds, in the order in which Alertmanager builds a receiver's integrations.
const KINDS: [Kind; 18] = [
    kind("webhook", "webhook.plain", webhook::read),
    kind("email", "config.plain", email::read),
    kind("pagerduty", "pagerduty.plain", pagerduty::read),
    kind("opsgenie", "opsgenie.plain", opsgenie::read),
    kind("wechat", "config.plain", wechat::read),
    kind("slack", "config.plain", slack::read),
    kind("victorops", "config.plain", victorops::read),
    kind("pushover", "pushover.plain", pushover::read),
    kind("sns", "sns.plain", sns::read),
    kind("telegram", "telegram.plain", telegram::read),
    kind("discord", "discord.plain", discord::read),
    kind("webex", "config.plain", webex::read),
    kind("msteams", "msteams.plain", msteams::read),
    kind("msteamsv2", "msteamsv2.plain", msteams::read_v2),
    kind("jira", "jira.plain", jira::read),
    kind("incidentio", "incidentio.plain", incidentio::read),
    kind("rocketchat", "rocketchat.plain", rocketchat::read),
    kind("mattermost", "mattermost.plain", mattermost::read),
];

/// Kinds that are notified of resolved alerts only where the file says so.
const FIRING_ONLY: [&str; 4] = ["email", "rocketchat", "slack", "wechat"];

/// Kinds of which an empty element of the list has the settings of `global`.
const OPTIONAL: [&str; 4] = ["opsgenie", "rocketchat", "slack", "wechat"];

/// Reads a receiver.
pub(super) fn read(document: &Document, node: &Node, global: &Global) -> Read<Receiver> {
    let mut fields = Fields::new(document, node, "config.plain")?;
    let name = fields.text_or_empty("name")?;
    if name.is_empty() {
        return Err(fields.fault("name", "missing name in receiver"));
    }
    let labels = labels(&mut fields, &name)?;
    let mut integrations = Vec::new();
    for kind in &KINDS {
        let key = format!("{}_configs", kind.name);
        let elements = fields.elements(&key)?;
        for (index, element) in elements.iter().enumerate() {
            integrations.push(integration(document, element, (kind, index), global)?);
        }
    }
    fields.finish()?;
    Ok(Receiver { name, labels, integrations, line: node.line })
}

fn labels(fields: &mut Fields<'_>, name: &str) -> Read<Vec<(String, String)>> {
    let mut labels = fields.text_map("labels")?;
    match labels.iter().find(|(key, _)| key == "name") {
        Some((_, value)) if value != name => {
            let reason =
                format!("receiver label \"name\" must match receiver name {name:?}, got {value:?}");
            return Err(fields.fault("labels", reason));
        }
        Some(_) => {}
        None => labels.push(("name".to_owned(), name.to_owned())),
    }
    Ok(labels)
}

fn integration(
    document: &Document,
    node: &Node,
    (kind, index): (&Kind, usize),
    global: &Global,
) -> Read<Integration> {
    let name = kind.name;
    if node.is_null() && !OPTIONAL.contains(&name) {
        return Err(node.fault(format!("missing {name} config")));
    }
    document.reserve(global.size, node)?;
    let mut fields = Fields::new(document, node, kind.type_name)?;
    let send_resolved = fields.flag("send_resolved", !FIRING_ONLY.contains(&name))?;
    let own = if name == "email" { None } else { http_config(&mut fields)? };
    let mut context = Context {
        global,
        has_own_http: own.is_some(),
        http: own.unwrap_or_else(|| global.http.clone()),
    };
    let settings = (kind.read)(&mut fields, &mut context)?;
    fields.finish()?;
    let http = context.http;
    Ok(Integration { name, index, send_resolved, http, settings, line: node.line })
}
