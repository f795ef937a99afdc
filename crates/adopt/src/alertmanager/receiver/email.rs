//! Mail.

use std::collections::HashSet;
use std::fmt;

use super::{Context, Settings};
use crate::alertmanager::values::{SecretSource, flag, secret, template};
use crate::error::Read;
use crate::http::{TlsConfig, canonical_name, tls};
use crate::yaml::Fields;

/// Notifies by mail.
#[derive(Debug, Clone, PartialEq)]
pub struct EmailConfig {
    /// Addresses, separated by commas; a template.
    pub to: String,
    /// The sender's address, a template.
    pub from: String,
    /// The name by which the client introduces itself.
    pub hello: String,
    /// The server.
    pub smarthost: HostPort,
    /// The user of PLAIN, LOGIN and CRAM-MD5; empty if mail is sent without one.
    pub auth_username: String,
    /// The password of PLAIN and LOGIN.
    pub auth_password: Option<SecretSource>,
    /// The secret of CRAM-MD5.
    pub auth_secret: Option<SecretSource>,
    /// The identity of PLAIN.
    pub auth_identity: String,
    /// Headers with capitals where they are customary, of which each value is a template. They
    /// replace those that are sent otherwise.
    pub headers: Vec<(String, String)>,
    /// The body as HTML, a template.
    pub html: String,
    /// The body as text, a template; empty if there is none.
    pub text: String,
    /// Whether mail is only sent over TLS.
    pub require_tls: bool,
    /// Settings of TLS.
    pub tls: TlsConfig,
    /// Whether TLS starts with the connection; `None` if the port decides: with 465 it does.
    pub force_implicit_tls: Option<bool>,
    /// How mails of one group are threaded; `None` if they are not.
    pub threading: Option<Threading>,
}

/// How mails of one group are threaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threading {
    /// All mails of a group are one thread.
    All,
    /// Each day is a thread.
    Daily,
}

/// The address of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an IP address, without brackets; may be empty.
    pub host: String,
    /// A number or the name of a service.
    pub port: String,
}

impl HostPort {
    /// Reads an address; `None` if it is absent or empty.
    pub(in crate::alertmanager) fn read(fields: &mut Fields<'_>, key: &str) -> Read<Option<Self>> {
        let text = fields.text_or_empty(key)?;
        if text.is_empty() {
            return Ok(None);
        }
        Self::parse(&text).map(Some).map_err(|reason| fields.fault(key, reason))
    }

    /// Splits an address, with the messages of Go's `net.SplitHostPort`.
    fn parse(text: &str) -> Result<Self, String> {
        let invalid = |reason: &str| Err(format!("address {text}: {reason}"));
        let Some((host, port)) = text.rsplit_once(':') else {
            return invalid("missing port in address");
        };
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(Some(host)) => host,
            Some(None) if text.contains(']') => return invalid("missing port in address"),
            Some(None) => return invalid("missing ']' in address"),
            None if host.contains(':') => return invalid("too many colons in address"),
            None => host,
        };
        if host.contains(['[', ']']) || port.contains(['[', ']']) {
            return invalid("unexpected bracket in address");
        }
        if port.is_empty() {
            return Err(format!("address {text:?}: port cannot be empty"));
        }
        Ok(Self { host: host.to_owned(), port: port.to_owned() })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context<'_>) -> Read<Settings> {
    let smtp = &context.global.smtp;
    let has_tls = fields.take("tls_config").is_some();
    let own_or = |own: String, global: &String| if own.is_empty() { global.clone() } else { own };
    let to = fields.text_or_empty("to")?;
    if to.is_empty() {
        return Err(fields.fault("to", "missing to address in email config"));
    }
    let smarthost = HostPort::read(fields, "smarthost")?.or_else(|| smtp.smarthost.clone());
    let headers = headers(fields)?;
    let config = EmailConfig {
        to,
        from: own_or(fields.text_or_empty("from")?, &smtp.from),
        hello: own_or(fields.text_or_empty("hello")?, &smtp.hello),
        smarthost: smarthost.ok_or_else(|| fields.node.fault("no global SMTP smarthost set"))?,
        auth_username: own_or(fields.text_or_empty("auth_username")?, &smtp.auth_username),
        auth_password: secret(fields, "auth_password")?.or_else(|| smtp.auth_password.clone()),
        auth_secret: secret(fields, "auth_secret")?.or_else(|| smtp.auth_secret.clone()),
        auth_identity: own_or(fields.text_or_empty("auth_identity")?, &smtp.auth_identity),
        html: template(fields, "html", "email.default.html")?,
        text: fields.text_or_empty("text")?,
        require_tls: flag(fields.take("require_tls"))?.unwrap_or(smtp.require_tls),
        tls: if has_tls { tls(fields, "tls_config")? } else { smtp.tls.clone() },
        force_implicit_tls: flag(fields.take("force_implicit_tls"))?.or(smtp.force_implicit_tls),
        threading: threading(fields, &headers)?,
        headers,
    };
    if config.from.is_empty() {
        return Err(fields.node.fault("no global SMTP from set"));
    }
    Ok(Settings::Email(Box::new(config)))
}

fn headers(fields: &mut Fields<'_>) -> Read<Vec<(String, String)>> {
    let (mut headers, mut known) = (Vec::new(), HashSet::new());
    for (name, value) in fields.text_map("headers")? {
        let name = canonical_name(&name);
        if !known.insert(name.clone()) {
            let reason = format!("duplicate header {name:?} in email config");
            return Err(fields.fault("headers", reason));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

fn threading(fields: &mut Fields<'_>, headers: &[(String, String)]) -> Read<Option<Threading>> {
    let Some(mut section) = fields.section("threading", "config.ThreadingConfig")? else {
        return Ok(None);
    };
    let is_enabled = section.flag("enabled", false)?;
    let date = section.text_or_empty("thread_by_date")?;
    section.finish()?;
    if !is_enabled {
        return Ok(None);
    }
    for name in ["References", "In-Reply-To"] {
        if headers.iter().any(|(header, _)| header == name) {
            let reason = format!(
                "conflicting configuration: threading.enabled conflicts with custom {name} header"
            );
            return Err(fields.fault("threading", reason));
        }
    }
    match date.as_str() {
        "none" => Ok(Some(Threading::All)),
        "daily" => Ok(Some(Threading::Daily)),
        _ => {
            let reason = "threading.thread_by_date must be either 'none' or 'daily'";
            Err(section.fault("thread_by_date", reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn addresses_are_split_as_in_go() {
        for text in ["localhost:25", ":25", "[fd12:3456:789a::1]:25"] {
            assert_eq!(HostPort::parse(text).unwrap().to_string(), text);
        }
        for (text, reason) in [
            ("localhost", "address localhost: missing port in address"),
            ("localhost:", "address \"localhost:\": port cannot be empty"),
            ("::1:25", "address ::1:25: too many colons in address"),
            ("[::1:25", "address [::1:25: missing ']' in address"),
            ("[::1]", "address [::1]: missing port in address"),
        ] {
            assert_eq!(HostPort::parse(text).unwrap_err(), reason);
        }
    }
}
