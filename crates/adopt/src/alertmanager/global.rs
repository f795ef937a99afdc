//! The section `global`: defaults of all receivers.

use std::time::Duration;

use super::receiver::HostPort;
use super::values::{self, SecretSource, http_config, secret, secret_url, url, url_or};
use crate::error::Read;
use crate::http::{self, HttpClientConfig, TlsConfig};
use crate::url::Url;
use crate::yaml::{Document, Fields, Node};

/// Defaults of all receivers.
pub(super) struct Global {
    /// The length of all texts, in bytes.
    pub(super) size: usize,
    pub(super) resolve_timeout: Duration,
    pub(super) http: HttpClientConfig,
    pub(super) smtp: Smtp,
    pub(super) slack: Slack,
    pub(super) pagerduty_url: Option<Url>,
    pub(super) opsgenie_api_url: Option<Url>,
    pub(super) opsgenie_api_key: Option<SecretSource>,
    pub(super) wechat: Wechat,
    pub(super) victorops_api_url: Option<Url>,
    pub(super) victorops_api_key: Option<SecretSource>,
    pub(super) telegram_api_url: Option<Url>,
    pub(super) telegram_bot_token: Option<SecretSource>,
    pub(super) webex_api_url: Option<Url>,
    pub(super) jira_api_url: Option<Url>,
    pub(super) rocketchat: Rocketchat,
    pub(super) mattermost_webhook_url: Option<SecretSource>,
}

/// Defaults of mail.
pub(super) struct Smtp {
    pub(super) from: String,
    pub(super) hello: String,
    pub(super) smarthost: Option<HostPort>,
    pub(super) auth_username: String,
    pub(super) auth_password: Option<SecretSource>,
    pub(super) auth_secret: Option<SecretSource>,
    pub(super) auth_identity: String,
    pub(super) require_tls: bool,
    pub(super) tls: TlsConfig,
    pub(super) force_implicit_tls: Option<bool>,
}

/// Defaults of Slack.
pub(super) struct Slack {
    pub(super) api_url: Option<SecretSource>,
    pub(super) app_token: Option<SecretSource>,
    pub(super) app_url: Option<Url>,
}

/// Defaults of `WeChat`.
pub(super) struct Wechat {
    pub(super) api_url: Option<Url>,
    pub(super) api_secret: Option<SecretSource>,
    pub(super) corp_id: String,
}

/// Defaults of Rocket.Chat.
pub(super) struct Rocketchat {
    pub(super) api_url: Option<Url>,
    pub(super) token: Option<SecretSource>,
    pub(super) token_id: Option<SecretSource>,
}

/// Reads the section; defaults where it is absent.
pub(super) fn read(document: &Document, main: &mut Fields<'_>) -> Read<Global> {
    let nothing = Node::nothing();
    let node = main.take("global").unwrap_or(&nothing);
    let mut fields = Fields::new(document, node, "config.plain")?;
    let fields = &mut fields;
    let global = Global {
        size: node.size(),
        resolve_timeout: match fields.take_written("resolve_timeout") {
            None => Duration::from_secs(300),
            Some(_) => fields.duration("resolve_timeout")?.unwrap_or_default(),
        },
        http: http_config(fields)?.unwrap_or_default(),
        smtp: smtp(fields)?,
        slack: slack(fields)?,
        pagerduty_url: url_or(fields, "pagerduty_url", "https://events.pagerduty.com/v2/enqueue")?,
        opsgenie_api_url: url_or(fields, "opsgenie_api_url", "https://api.opsgenie.com/")?,
        opsgenie_api_key: secret(fields, "opsgenie_api_key")?,
        wechat: Wechat {
            api_url: url_or(fields, "wechat_api_url", "https://qyapi.weixin.qq.com/cgi-bin/")?,
            api_secret: secret(fields, "wechat_api_secret")?,
            corp_id: fields.text_or_empty("wechat_api_corp_id")?,
        },
        victorops_api_url: url_or(
            fields,
            "victorops_api_url",
            "https://alert.victorops.com/integrations/generic/20131114/alert/",
        )?,
        victorops_api_key: secret(fields, "victorops_api_key")?,
        telegram_api_url: url_or(fields, "telegram_api_url", "https://api.telegram.org")?,
        telegram_bot_token: secret(fields, "telegram_bot_token")?,
        webex_api_url: url_or(fields, "webex_api_url", "https://webexapis.com/v1/messages")?,
        jira_api_url: url(fields, "jira_api_url")?,
        rocketchat: Rocketchat {
            api_url: url_or(fields, "rocketchat_api_url", "https://open.rocket.chat/")?,
            token: secret(fields, "rocketchat_token")?,
            token_id: secret(fields, "rocketchat_token_id")?,
        },
        mattermost_webhook_url: secret_url(fields, "mattermost_webhook_url")?,
    };
    fields.finish()?;
    Ok(global)
}

fn smtp(fields: &mut Fields<'_>) -> Read<Smtp> {
    Ok(Smtp {
        from: fields.text_or_empty("smtp_from")?,
        hello: fields.text("smtp_hello")?.unwrap_or_else(|| "localhost".to_owned()),
        smarthost: HostPort::read(fields, "smtp_smarthost")?,
        auth_username: fields.text_or_empty("smtp_auth_username")?,
        auth_password: secret(fields, "smtp_auth_password")?,
        auth_secret: secret(fields, "smtp_auth_secret")?,
        auth_identity: fields.text_or_empty("smtp_auth_identity")?,
        require_tls: fields.flag("smtp_require_tls", true)?,
        tls: http::tls(fields, "smtp_tls_config")?,
        force_implicit_tls: values::flag(fields.take("smtp_force_implicit_tls"))?,
    })
}

fn slack(fields: &mut Fields<'_>) -> Read<Slack> {
    let slack = Slack {
        api_url: secret_url(fields, "slack_api_url")?,
        app_token: secret(fields, "slack_app_token")?,
        app_url: url_or(fields, "slack_app_url", "https://slack.com/api/chat.postMessage")?,
    };
    // Both may name the same address: an older way to use tokens.
    let is_app_url = match (&slack.api_url, &slack.app_url) {
        (Some(http::Source::Inline(api)), Some(app)) => api.reveal() == app.reveal(),
        _ => false,
    };
    if slack.app_token.is_some() && slack.api_url.is_some() && !is_app_url {
        let reason = "at most one of slack_app_token/slack_app_token_file & \
                      slack_api_url/slack_api_url_file must be configured";
        return Err(fields.fault("slack_app_token", reason));
    }
    Ok(slack)
}
