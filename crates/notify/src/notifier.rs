//! An integration that is ready to send.

use std::sync::Arc;

use adopt::alertmanager::{Integration, Settings};
use futures::future::BoxFuture;
use http_client::{HostAddresses, HttpClient};
use template::alertmanager::Templates;

use crate::slack::Slack;
use crate::webhook::Webhook;
use crate::{Failure, Notification, Notify, Sent};

/// The templates that settings refer to unless they are set, as the text of a file.
pub const DEFAULT_TEMPLATES: &str = include_str!("default.tmpl");

/// What all integrations have in common.
#[derive(Debug)]
pub struct Shared {
    /// The default templates, and those of the user.
    pub templates: Arc<Templates>,
    /// The URL under which users reach the server.
    pub external_url: String,
    /// Addresses of host names.
    pub addresses: Arc<HostAddresses>,
}

/// An integration of a receiver.
#[derive(Debug)]
pub struct Notifier {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Slack(Box<Slack>),
    Webhook(Box<Webhook>),
}

impl Notifier {
    /// Whether notifications by this kind of integration can be sent.
    #[must_use]
    pub fn supports(integration: &Integration) -> bool {
        matches!(integration.settings, Settings::Slack(_) | Settings::Webhook(_))
    }

    /// An integration with these settings; `None` if its kind is not supported.
    ///
    /// # Errors
    /// What is wrong with the settings of its HTTP client.
    pub fn new(integration: &Integration, shared: &Arc<Shared>) -> Result<Option<Self>, String> {
        let client = || HttpClient::new(&integration.http, &shared.addresses);
        let shared = Arc::clone(shared);
        let kind = match &integration.settings {
            Settings::Slack(config) => Kind::Slack(Box::new(Slack {
                config: (**config).clone(),
                client: client()?,
                shared,
            })),
            Settings::Webhook(config) => Kind::Webhook(Box::new(Webhook {
                config: config.clone(),
                client: client()?,
                shared,
            })),
            _ => return Ok(None),
        };
        Ok(Some(Self { kind }))
    }
}

impl Notify for Notifier {
    fn notify<'a>(
        &'a self,
        notification: &'a Notification,
    ) -> BoxFuture<'a, Result<Sent, Failure>> {
        match &self.kind {
            Kind::Slack(slack) => Box::pin(slack.notify(notification)),
            Kind::Webhook(webhook) => Box::pin(webhook.notify(notification)),
        }
    }
}
