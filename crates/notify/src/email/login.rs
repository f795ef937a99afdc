//! AUTH: the first mechanism of the server for which the settings have a password.

use adopt::alertmanager::SecretSource;
use adopt::alertmanager::receiver::EmailConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::smtp::Client;
use crate::hash::hmac_md5;
use crate::notification::{Failure, Reason};

/// Hosts to which a password may be sent without TLS, as in Go.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A mechanism with what it needs.
enum Mechanism {
    CramMd5(String),
    Plain(String),
    Login(String),
}

/// Proves who sends, if the settings have a user and the server knows how.
pub(super) async fn login(config: &EmailConfig, client: &mut Client) -> Result<(), Failure> {
    let Some(known) = client.parameters("AUTH").map(str::to_owned) else { return Ok(()) };
    if config.auth_username.is_empty() {
        return Ok(());
    }
    let user = &config.auth_username;
    let mechanism = mechanism(config, &known);
    let mechanism =
        mechanism.map_err(|reason| Failure::retryable(format!("find auth mechanism: {reason}")))?;
    let (name, proven) = match mechanism {
        Mechanism::CramMd5(secret) => ("CRAM-MD5", cram_md5(client, user, &secret).await),
        Mechanism::Plain(password) => {
            if !client.is_secure() && !LOCAL.contains(&config.smarthost.host.as_str()) {
                return Err(Failure::retryable("PLAIN auth: unencrypted connection"));
            }
            let text = format!("{}\0{user}\0{password}", config.auth_identity);
            let command = format!("AUTH PLAIN {}", BASE64.encode(text));
            ("PLAIN", client.prove(&command).await)
        }
        Mechanism::Login(password) => ("LOGIN", with_login(client, user, &password).await),
    };
    proven.map_err(|failure| failure.of(&format!("{name} auth")).with_reason(Reason::AuthError))
}

/// The first mechanism for which there is a password.
fn mechanism(config: &EmailConfig, known: &str) -> Result<Mechanism, String> {
    let mut reasons = Vec::new();
    for name in known.split(' ') {
        let source = match name {
            "CRAM-MD5" => &config.auth_secret,
            "PLAIN" | "LOGIN" => &config.auth_password,
            _ => {
                reasons.push(format!("unknown auth mechanism: {name}"));
                continue;
            }
        };
        match (read(source.as_ref()), name) {
            (Err(reason), _) => reasons.push(format!("could not read {reason}")),
            (Ok(secret), "CRAM-MD5") if secret.is_empty() => {
                reasons.push("missing secret for CRAM-MD5 auth mechanism".to_owned());
            }
            (Ok(secret), name) if secret.is_empty() => {
                reasons.push(format!("missing password for {name} auth mechanism"));
            }
            (Ok(secret), "CRAM-MD5") => return Ok(Mechanism::CramMd5(secret)),
            (Ok(secret), "PLAIN") => return Ok(Mechanism::Plain(secret)),
            (Ok(secret), _) => return Ok(Mechanism::Login(secret)),
        }
    }
    Err(reasons.join("\n"))
}

fn read(source: Option<&SecretSource>) -> Result<String, String> {
    source.map_or(Ok(String::new()), http_client::secret)
}

async fn cram_md5(client: &mut Client, user: &str, secret: &str) -> Result<(), Failure> {
    let challenge = challenge(&client.challenge("AUTH CRAM-MD5").await?)?;
    let code = hmac_md5(secret.as_bytes(), challenge.as_bytes());
    client.prove(&BASE64.encode(format!("{user} {code}"))).await
}

/// LOGIN has no specification; servers ask for both in turn.
async fn with_login(client: &mut Client, user: &str, password: &str) -> Result<(), Failure> {
    let mut question = client.challenge("AUTH LOGIN").await?;
    for (expected, answer) in [("username:", user), ("password:", password)] {
        if challenge(&question)?.to_lowercase() != expected {
            return Err(Failure::retryable("unexpected server challenge"));
        }
        let answer = BASE64.encode(answer);
        if expected == "username:" {
            question = client.challenge(&answer).await?;
        } else {
            client.prove(&answer).await?;
        }
    }
    Ok(())
}

/// What a server asks.
fn challenge(text: &str) -> Result<String, Failure> {
    let decoded = BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| Failure::retryable("the challenge of the server is no base64"))
}
