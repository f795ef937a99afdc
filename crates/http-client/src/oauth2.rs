//! Tokens by OAuth 2.0 with the grant `client_credentials` (RFC 6749, section 4.4).

use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{HttpClientConfig, OAuth2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use crate::HostAddresses;
use crate::client::{HttpClient, Posted, header, secret};

/// A token is renewed this long before it expires, as in Go's `oauth2`.
const EXPIRES_EARLY: Duration = Duration::from_secs(10);
/// Largest response of a token endpoint, in bytes.
const RESPONSE_BYTES_MAX: usize = 1 << 20;
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Fetches tokens, and keeps the last one until it expires.
#[derive(Debug)]
pub(super) struct Tokens {
    client: HttpClient,
    url: Url,
    config: OAuth2,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    /// The header, and when it is no longer used.
    token: Option<(HeaderValue, Option<Instant>)>,
    /// Whether the endpoint wants the client's secret in the body.
    is_secret_in_body: bool,
}

/// A successful response. Source: RFC 6749, section 5.1.
#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    token_type: String,
    /// Some servers send the seconds as text.
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl Tokens {
    /// # Errors
    /// What is wrong with the settings of the client.
    pub(super) fn new(config: OAuth2, addresses: &Arc<HostAddresses>) -> Result<Self, String> {
        let settings = HttpClientConfig {
            tls: config.tls.clone(),
            proxy: config.proxy.clone(),
            ..HttpClientConfig::default()
        };
        let client = HttpClient::new(&settings, addresses)?;
        let url = Url::parse(config.token_url.reveal())
            .map_err(|error| format!("oauth2: token_url: {error}"))?;
        Ok(Self { client, url, config, last: Mutex::default() })
    }

    /// The value of `Authorization`. Requests wait while one of them fetches a token.
    pub(super) async fn authorization(&self) -> Result<HeaderValue, String> {
        let mut last = self.last.lock().await;
        if let Some((header, expires_at)) = &last.token
            && expires_at.is_none_or(|expires_at| Instant::now() + EXPIRES_EARLY < expires_at)
        {
            return Ok(header.clone());
        }
        let failed = |error: String| format!("oauth2: cannot fetch token: {error}");
        let mut posted = self.request(last.is_secret_in_body).await.map_err(failed)?;
        if !posted.status.is_success() && last.token.is_none() {
            // Which of both a server wants is not known before it is asked.
            let other = !last.is_secret_in_body;
            let second = self.request(other).await.map_err(failed)?;
            if second.status.is_success() {
                last.is_secret_in_body = other;
                posted = second;
            }
        }
        let (header, expires_in) = token(posted).map_err(failed)?;
        let expires_at = expires_in.map(|expires_in| Instant::now() + expires_in);
        last.token = Some((header.clone(), expires_at));
        Ok(header)
    }

    async fn request(&self, is_secret_in_body: bool) -> Result<Posted, String> {
        let (headers, body) = self.form(is_secret_in_body)?;
        self.client.post(&self.url, headers, body, RESPONSE_BYTES_MAX).await
    }

    fn form(&self, is_secret_in_body: bool) -> Result<(HeaderMap, Bytes), String> {
        let OAuth2 { client_id, scopes, endpoint_params, .. } = &self.config;
        let password = self.config.client_secret.as_ref().map(secret).transpose()?;
        let password = password.unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !scopes.is_empty() {
            form.append_pair("scope", &scopes.join(" "));
        }
        form.extend_pairs(endpoint_params);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, FORM);
        if is_secret_in_body {
            form.append_pair("client_id", client_id).append_pair("client_secret", &password);
        } else {
            let escaped = [client_id, &password]
                .map(|text| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
            let credentials = BASE64.encode(escaped.join(":"));
            headers.insert(AUTHORIZATION, header(&format!("Basic {credentials}"))?);
        }
        Ok((headers, form.finish().into()))
    }
}

/// The header of a response and how long it is valid.
fn token(posted: Posted) -> Result<(HeaderValue, Option<Duration>), String> {
    if !posted.status.is_success() {
        // Not the body: it may repeat what was sent.
        return Err(format!("server returned HTTP status {}", status(posted.status)));
    }
    let body = posted.body.map_err(|error| error.message("the response is too large"))?;
    let response: Response = serde_json::from_slice(&body)
        .map_err(|_| "the response is not the JSON of a token".to_owned())?;
    if response.access_token.is_empty() {
        return Err("server response missing access_token".to_owned());
    }
    let kind = match response.token_type.to_ascii_lowercase().as_str() {
        "" | "bearer" => "Bearer".to_owned(),
        "mac" => "MAC".to_owned(),
        "basic" => "Basic".to_owned(),
        _ => response.token_type,
    };
    let expires_in = &response.expires_in;
    let of_text = || expires_in.as_str().and_then(|text| text.parse().ok());
    let seconds = expires_in.as_u64().or_else(of_text).unwrap_or_default();
    // Bounded, so that the sum with the time now exists.
    let expires_in = Duration::from_secs(seconds.min(u64::from(u32::MAX)));
    let header = header(&format!("{kind} {}", response.access_token))?;
    Ok((header, (!expires_in.is_zero()).then_some(expires_in)))
}

fn status(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("{} {reason}", status.as_u16()).trim_end().to_owned()
}
