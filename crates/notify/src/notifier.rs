//! An integration that is ready to send.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use adopt::alertmanager::{Integration, SecretSource, Settings};
use adopt::http::{Authentication, HttpClientConfig, Source};
use futures::future::BoxFuture;
use http_client::HttpClient;

use crate::attempt::Attempt;
use crate::harmless::{self, Write};
use crate::notification::{Failure, Notification, Notify, Sent};
use crate::secrets::Secrets;
use crate::templates::Shared;
use crate::texts::Texts;
use crate::{
    discord, email, jira, mattermost, msteams, opsgenie, pagerduty, pushover, rocketchat, slack,
    sns, telegram, truncate, victorops, webex, webhook, wechat,
};

/// Bytes of a message that the history keeps.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// What an integration keeps between the notifications of a group.
pub(crate) type State = BTreeMap<String, String>;

/// An integration that is ready to send.
pub struct Notifier {
    kind: &'static str,
    settings: Settings,
    shared: Arc<Shared>,
    /// `None` for mail.
    client: Option<HttpClient>,
    /// What the client sends that a server might repeat.
    secrets: Vec<SecretSource>,
    wechat: wechat::Token,
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notifier").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Notifier {
    /// The notifier of an integration.
    ///
    /// # Errors
    /// What is wrong with a certificate, key, proxy or header of the settings.
    pub fn new(integration: &Integration, shared: &Arc<Shared>) -> Result<Self, String> {
        let mut http = integration.http.clone();
        if let Settings::Incidentio(config) = &integration.settings
            && let Some(token) = &config.alert_source_token
        {
            let (kind, credentials) = ("Bearer".to_owned(), Some(token.clone()));
            http.authentication = Some(Authentication::Authorization { kind, credentials });
        }
        let client = match &integration.settings {
            Settings::Email(config) => {
                email::check(config)?;
                None
            }
            _ => Some(HttpClient::new(&http, &shared.addresses)?),
        };
        Ok(Self {
            kind: integration.name,
            settings: integration.settings.clone(),
            shared: Arc::clone(shared),
            client,
            secrets: secrets(&http),
            wechat: wechat::Token::default(),
        })
    }

    /// How many alerts of a group are sent.
    fn alerts_max(&self) -> usize {
        let max = match &self.settings {
            Settings::Webhook(config) => config.max_alerts,
            Settings::Incidentio(config) => config.max_alerts,
            _ => 0,
        };
        if max == 0 { usize::MAX } else { usize::try_from(max).unwrap_or(usize::MAX) }
    }

    /// How our own templates write the values of labels and annotations; `None` is as they are.
    fn write(&self) -> Option<Write> {
        match &self.settings {
            Settings::Slack(_) => Some(harmless::entities),
            Settings::Webex(_) => Some(harmless::markdown_entities),
            Settings::Mattermost(_) | Settings::RocketChat(_) => Some(harmless::names),
            Settings::Discord(_) | Settings::MsTeams(_) | Settings::MsTeamsV2(_) => {
                Some(harmless::markdown)
            }
            _ => None,
        }
    }

    async fn send(&self, attempt: &mut Attempt<'_>) -> Result<State, Failure> {
        match &self.settings {
            Settings::Discord(config) => discord::send(config, attempt).await,
            Settings::Email(config) => email::send(config, &self.shared, attempt).await,
            Settings::Incidentio(config) => webhook::send_incidentio(config, attempt).await,
            Settings::Jira(config) => jira::send(config, attempt).await,
            Settings::Mattermost(config) => mattermost::send(config, attempt).await,
            Settings::MsTeams(config) => msteams::send(config, attempt).await,
            Settings::MsTeamsV2(config) => msteams::send_v2(config, attempt).await,
            Settings::OpsGenie(config) => opsgenie::send(config, attempt).await,
            Settings::PagerDuty(config) => pagerduty::send(config, attempt).await,
            Settings::Pushover(config) => pushover::send(config, attempt).await,
            Settings::RocketChat(config) => rocketchat::send(config, attempt).await,
            Settings::Slack(config) => slack::send(config, attempt).await,
            Settings::Sns(config) => sns::send(config, attempt).await,
            Settings::Telegram(config) => telegram::send(config, attempt).await,
            Settings::VictorOps(config) => victorops::send(config, attempt).await,
            Settings::Webex(config) => webex::send(config, attempt).await,
            Settings::Webhook(config) => webhook::send(config, attempt).await,
            Settings::Wechat(config) => wechat::send(config, &self.wechat, attempt).await,
        }
    }
}

/// The secrets of a client's settings.
fn secrets(http: &HttpClientConfig) -> Vec<SecretSource> {
    let of_headers = http.headers.iter().flat_map(|header| {
        let inline = header.secrets.iter().cloned().map(Source::Inline);
        inline.chain(header.files.iter().cloned().map(Source::File))
    });
    let of_authentication = match &http.authentication {
        Some(Authentication::Basic { password, .. }) => password.clone(),
        Some(Authentication::Authorization { credentials, .. }) => credentials.clone(),
        Some(Authentication::OAuth2(oauth2)) => oauth2.client_secret.clone(),
        None => None,
    };
    of_headers.chain(of_authentication).collect()
}

impl Notify for Notifier {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<Sent, Failure>> {
        Box::pin(async move {
            let count = notification.alerts.len().min(self.alerts_max());
            let alerts = notification.alerts.get(..count).unwrap_or_default();
            let mut attempt = Attempt {
                kind: self.kind,
                texts: Texts::new(&self.shared, notification, alerts, self.write()),
                client: self.client.as_ref(),
                timeout: None,
                secrets: Secrets::default(),
                message: String::new(),
            };
            for secret in &self.secrets {
                // The client tells why a file cannot be read.
                if let Ok(secret) = http_client::secret(secret) {
                    attempt.secrets.add(&secret);
                }
            }
            let sent = self.send(&mut attempt).await;
            let message = attempt.secrets.redacted(&attempt.message);
            let message = truncate::to_bytes(message, MESSAGE_BYTES_MAX);
            match sent {
                Ok(state) => Ok(Sent { message, state }),
                Err(failure) => Err(Failure {
                    message: attempt.secrets.redacted(&failure.message),
                    unsent: message,
                    ..failure
                }),
            }
        })
    }
}
