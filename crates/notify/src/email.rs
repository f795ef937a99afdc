//! Mail, over SMTP.
//!
//! Mail is only sent over TLS unless the settings say otherwise: by STARTTLS, or from the first
//! byte on port 465. What comes from labels and annotations cannot add headers, recipients or
//! commands: headers and bodies are encoded, and addresses are checked.
//!
//! The client is our own, because the crate lettre has no release without RUSTSEC-2026-0561 here,
//! knows neither CRAM-MD5 nor the identity of PLAIN, and verifies certificates otherwise than the
//! rest of Glasshouse. It speaks no more than a notification needs.
//!
//! Specification: RFC 5321 (SMTP), 3207 (STARTTLS), 4954 (AUTH), 5322 and 2045 to 2047 (messages).

mod address;
mod login;
mod message;
mod smtp;

use std::time::Duration;

use adopt::alertmanager::receiver::EmailConfig;
use http_client::HostAddresses;
use tokio::net::TcpStream;

use crate::attempt::Attempt;
use crate::notification::Failure;
use crate::notifier::State;
use crate::templates::Shared;
use smtp::{Client, Stream};

/// The port on which TLS starts with the connection.
const TLS_PORT: u16 = 465;
/// How long the end of a session may take.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// Checks settings that would fail each time.
///
/// # Errors
/// What is wrong.
pub(crate) fn check(config: &EmailConfig) -> Result<(), String> {
    for (name, _) in &config.headers {
        let is_name = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(format!("{name:?} is not a name of a header"));
        }
    }
    port(config).map(|_| ())
}

pub(crate) async fn send(
    config: &EmailConfig,
    shared: &Shared,
    attempt: &mut Attempt<'_>,
) -> Result<State, Failure> {
    let mail = message::mail(config, &attempt.texts)?;
    attempt.show(mail.shown.as_bytes());
    for secret in [&config.auth_password, &config.auth_secret].into_iter().flatten() {
        if let Ok(secret) = http_client::secret(secret) {
            attempt.secrets.add(&secret);
        }
    }
    let mut client = connect(config, &shared.addresses).await?;
    let sent = deliver(config, &mut client, &mail).await;
    // The mail is delivered or not, whatever the server says now, and when.
    let farewell = client.command("QUIT", "QUIT");
    let _said = tokio::time::timeout(FAREWELL_MAX, farewell).await;
    sent.map(|()| State::new())
}

/// Connects and greets, over TLS if it is required.
async fn connect(config: &EmailConfig, addresses: &HostAddresses) -> Result<Client, Failure> {
    let host = config.smarthost.host.as_str();
    let port = port(config).map_err(Failure::permanent)?;
    let has_tls_at_once = config.force_implicit_tls.unwrap_or(port == TLS_PORT);
    let connecting = async {
        match addresses.get(host) {
            Some(address) => TcpStream::connect((*address, port)).await,
            None => TcpStream::connect((host, port)).await,
        }
    };
    let stream = connecting.await.map_err(|error| {
        let doing = if has_tls_at_once { "TLS connection" } else { "connection" };
        Failure::retryable(format!("establish {doing} to server: {error}"))
    })?;
    let mut stream = Stream::Plain(stream);
    if has_tls_at_once {
        let secured = stream.secure(&config.tls, host).await?;
        stream = secured.map_err(|error| {
            Failure::retryable(format!("establish TLS connection to server: {error}"))
        })?;
    }
    let mut client = Client::new(stream);
    client.greet(&config.hello).await?;
    if config.require_tls && !has_tls_at_once {
        if !client.has("STARTTLS") {
            return Err(Failure::retryable(format!(
                "'require_tls' is true (default) but {:?} does not advertise the STARTTLS extension",
                config.smarthost.to_string()
            )));
        }
        client = client.start_tls(&config.tls, host).await?;
        client.hello(&config.hello).await?;
    }
    Ok(client)
}

async fn deliver(
    config: &EmailConfig,
    client: &mut Client,
    mail: &message::Mail,
) -> Result<(), Failure> {
    login::login(config, client).await?;
    let mut from = format!("MAIL FROM:<{}>", mail.from);
    if client.has("8BITMIME") {
        from += " BODY=8BITMIME";
    }
    if client.has("SMTPUTF8") {
        from += " SMTPUTF8";
    }
    client.command("MAIL", &from).await?;
    for to in &mail.to {
        client.command("RCPT", &format!("RCPT TO:<{to}>")).await?;
    }
    client.data(&mail.text).await
}

/// The port, which may be the name of a service.
fn port(config: &EmailConfig) -> Result<u16, String> {
    match config.smarthost.port.as_str() {
        "smtp" => Ok(25),
        "smtps" | "submissions" => Ok(TLS_PORT),
        "submission" => Ok(587),
        port => port.parse().map_err(|_| format!("{port:?} is not a port")),
    }
}
