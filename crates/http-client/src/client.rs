//! The client, its requests and their outcomes.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{Authentication, HttpClientConfig, Source, TlsConfig};
use adopt::{Files as _, SystemFiles};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderName, HeaderValue, LOCATION, PROXY_AUTHORIZATION,
    USER_AGENT,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use signals::{MemoryReservation, Secret};
use url::Url;

use crate::HostAddresses;
use crate::dialer::{Dialer, Network, Proxies};
use crate::oauth2::Tokens;

/// Redirects that are followed, as in Go.
const REDIRECTS_MAX: usize = 10;
/// Bytes that are reserved for a body by its announced length.
const RESERVED_MAX: usize = 256 << 10;
/// Characters of a server's message that are shown.
const MESSAGE_CHARS_MAX: usize = 500;
/// How long an unused connection stays open, as in Prometheus.
const IDLE_MAX: Duration = Duration::from_secs(300);
/// How Glasshouse calls itself.
const NAME: HeaderValue =
    HeaderValue::from_static(concat!("Glasshouse/", env!("CARGO_PKG_VERSION")));

/// A client with the settings of one job.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client<HttpsConnector<Dialer>, Full<Bytes>>,
    dialer: Dialer,
    /// `None` for a server on a socket.
    config: Option<Arc<HttpClientConfig>>,
    tokens: Option<Arc<Tokens>>,
}

/// A response with a status that is not an error.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The body as sent.
    pub body: Bytes,
}

/// The response to a request with a body.
#[derive(Debug)]
pub struct Posted {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The body as sent, or why it was not read.
    pub body: Result<Bytes, FetchError>,
}

impl Posted {
    /// The status and the first line of the body, for messages.
    #[must_use]
    pub fn message(&self) -> String {
        let text = self.body.as_ref().map(|body| String::from_utf8_lossy(body));
        let text = text.unwrap_or_default();
        let line: String =
            text.lines().next().unwrap_or_default().chars().take(MESSAGE_CHARS_MAX).collect();
        format!("server returned HTTP status {}: {line}", self.status)
    }
}

/// A request without a body.
#[derive(Debug)]
pub struct Get<'a> {
    /// What is fetched.
    pub url: &'a Url,
    /// Headers beside the configured ones.
    pub headers: HeaderMap,
    /// Bytes of the body as sent.
    pub body_bytes_max: usize,
    /// What the body is reserved from.
    pub memory: &'a MemoryReservation,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The body is larger than it may be.
    TooLarge,
    /// Anything else.
    Failed(String),
}

impl HttpClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// What is wrong with a certificate, key or proxy, with the file.
    pub fn new(config: &HttpClientConfig, addresses: &Arc<HostAddresses>) -> Result<Self, String> {
        let network = Network::new(addresses, proxies(config)?);
        let dialer = Dialer::Network(Box::new(network));
        let tls = crate::tls::config(&config.tls)?;
        let client = client(dialer.clone(), tls, config.enable_http2);
        let tokens = match &config.authentication {
            Some(Authentication::OAuth2(oauth2)) => {
                Some(Arc::new(Tokens::new((**oauth2).clone(), addresses)?))
            }
            _ => None,
        };
        Ok(Self { client, dialer, config: Some(Arc::new(config.clone())), tokens })
    }

    /// A client that talks to a server on a socket of this machine.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn on_socket(path: &Path) -> Result<Self, String> {
        let dialer = Dialer::Socket(path.to_owned());
        let client = client(dialer.clone(), crate::tls::config(&TlsConfig::default())?, false);
        Ok(Self { client, dialer, config: None, tokens: None })
    }

    /// Gets a page.
    ///
    /// # Errors
    /// Why there is none, in the words of Prometheus where they say enough.
    pub async fn get(&self, get: Get<'_>) -> Result<Fetched, FetchError> {
        let Get { url, headers, body_bytes_max, memory } = get;
        let shown = without_password(url);
        let failed = |error: String| FetchError::Failed(format!("Get {shown:?}: {error}"));
        let response =
            self.respond(Method::GET, url, headers, Bytes::new()).await.map_err(failed)?;
        let status = response.status();
        if status != StatusCode::OK {
            let reason = status.canonical_reason().unwrap_or_default();
            let message = format!("server returned HTTP status {} {reason}", status.as_u16());
            return Err(FetchError::Failed(message.trim_end().to_owned()));
        }
        let (parts, mut incoming) = response.into_parts();
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|length| length.parse().ok()).unwrap_or(0_usize);
        // A length alone must not reserve much memory.
        let mut body = BytesMut::with_capacity(announced.min(body_bytes_max).min(RESERVED_MAX));
        while let Some(frame) = incoming.frame().await {
            let Ok(chunk) = frame.map_err(|error| failed(chain(&error)))?.into_data() else {
                continue;
            };
            if body.len() + chunk.len() > body_bytes_max {
                return Err(FetchError::TooLarge);
            }
            memory.try_grow(chunk.len()).map_err(|error| FetchError::Failed(error.to_string()))?;
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { headers: parts.headers, body: body.freeze() })
    }

    /// Sends a body with `POST`, as [`Self::send`].
    ///
    /// # Errors
    /// Why there is no response, with the URL.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        body_bytes_max: usize,
    ) -> Result<Posted, String> {
        let shown = without_password(url);
        let failed = |error: String| format!("Post {shown:?}: {error}");
        self.send(Method::POST, url, headers, body, body_bytes_max).await.map_err(failed)
    }

    /// Sends a body. A response with any status is not an error; its body has at most so many
    /// bytes as sent.
    ///
    /// # Errors
    /// Why there is no response. The URL, which may be a secret, is not named.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        body_bytes_max: usize,
    ) -> Result<Posted, String> {
        let response = self.respond(method, url, headers, body).await?;
        let (parts, body) = response.into_parts();
        let body = read(Limited::new(body, body_bytes_max)).await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return FetchError::TooLarge;
            }
            FetchError::Failed(chain(error.as_ref()))
        });
        Ok(Posted { status: parts.status, headers: parts.headers, body })
    }

    /// The response, after redirects.
    async fn respond(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, String> {
        let mut headers = headers;
        headers.extend(self.headers()?);
        if let Some(tokens) = &self.tokens {
            // A token is fetched by another client, without tokens.
            let authorization = Box::pin(tokens.authorization()).await?;
            headers.insert(AUTHORIZATION, authorization);
        }
        headers.insert(USER_AGENT, NAME);
        let follows = self.config.as_ref().is_none_or(|config| config.follow_redirects);
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let uri = Uri::try_from(url.as_str()).map_err(|error| error.to_string())?;
            let mut request = Request::builder().method(method.clone()).uri(uri.clone());
            if let Some(to) = request.headers_mut() {
                to.extend(headers.clone());
                if let Dialer::Network(network) = &self.dialer
                    && let Some(authorization) = network.proxy_authorization(&uri)
                {
                    to.insert(PROXY_AUTHORIZATION, authorization);
                }
            }
            let request =
                request.body(Full::new(body.clone())).map_err(|error| error.to_string())?;
            let response = self.client.request(request).await.map_err(|error| chain(&error))?;
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let is_followed = follows && is_redirect(response.status(), &method);
            let (true, Some(location)) = (is_followed, location) else {
                return Ok(response);
            };
            let next = url.join(location).map_err(|error| format!("{location:?}: {error}"))?;
            if next.host_str() != url.host_str() {
                // Secrets are for the host that was asked.
                headers.remove(AUTHORIZATION);
                headers.remove(COOKIE);
            }
            url = next;
        }
        Err(format!("stopped after {REDIRECTS_MAX} redirects"))
    }

    /// The configured headers, with authorization.
    fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let Some(config) = &self.config else { return Ok(headers) };
        for configured in &config.headers {
            let name = header_name(&configured.name)?;
            for value in &configured.values {
                headers.append(name.clone(), header(value)?);
            }
            for secret in &configured.secrets {
                headers.append(name.clone(), header(secret.reveal())?);
            }
            for file in &configured.files {
                headers.append(name.clone(), header(read_file(file)?.trim())?);
            }
        }
        match &config.authentication {
            Some(Authentication::Basic { username, password }) => {
                let username = username.as_ref().map(text).transpose()?.unwrap_or_default();
                let password = password.as_ref().map(secret).transpose()?.unwrap_or_default();
                let credentials = BASE64.encode(format!("{username}:{password}"));
                headers.insert(AUTHORIZATION, header(&format!("Basic {credentials}"))?);
            }
            Some(Authentication::Authorization { kind, credentials: Some(credentials) }) => {
                let credentials = secret(credentials)?;
                headers.insert(AUTHORIZATION, header(&format!("{kind} {credentials}"))?);
            }
            _ => {}
        }
        Ok(headers)
    }
}

impl FetchError {
    /// The message, given that of a body that is too large.
    #[must_use]
    pub fn message(self, too_large: &str) -> String {
        match self {
            Self::TooLarge => too_large.to_owned(),
            Self::Failed(message) => message,
        }
    }
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    HeaderName::try_from(text).map_err(|_| format!("{text:?} is not a name of a header"))
}

pub(crate) fn header(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| "a configured header has characters that HTTP does not allow".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// The message of an error with those of its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

fn client(
    dialer: Dialer,
    tls: rustls::ClientConfig,
    enable_http2: bool,
) -> Client<HttpsConnector<Dialer>, Full<Bytes>> {
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    let connector = if enable_http2 {
        builder.enable_http2().wrap_connector(dialer)
    } else {
        builder.wrap_connector(dialer)
    };
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_MAX)
        .build(connector)
}

/// Reads a whole body: only after it is the connection used again.
async fn read(mut body: Limited<Incoming>) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes.freeze())
}

/// A URL as messages show it.
#[must_use]
pub fn without_password(url: &Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() {
        // Fails only for URLs without a host, which have no password.
        let _ = url.set_password(Some("xxxxx"));
    }
    url.into()
}

/// Whether the same request is to be sent elsewhere; the other redirects make a `POST` a `GET`.
fn is_redirect(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301..=303 => method == Method::GET,
        307 | 308 => true,
        _ => false,
    }
}

fn proxies(config: &HttpClientConfig) -> Result<Proxies, String> {
    let proxy = &config.proxy;
    let mut headers = HeaderMap::new();
    for (name, values) in &proxy.connect_header {
        let name = header_name(name)?;
        for value in values {
            headers.append(name.clone(), header(value.reveal())?);
        }
    }
    let matcher = match &proxy.url {
        _ if proxy.from_environment => Matcher::from_env(),
        Some(url) => Matcher::builder().all(url.reveal()).no(proxy.no_proxy.as_str()).build(),
        None => Matcher::builder().build(),
    };
    Ok(Proxies::new(matcher, headers))
}

/// A secret, read now if it is in a file.
///
/// # Errors
/// Why the file cannot be read, with its name.
pub fn secret(source: &Source<Secret<String>>) -> Result<String, String> {
    match source {
        Source::Inline(secret) => Ok(secret.reveal().clone()),
        Source::File(file) => Ok(read_file(file)?.trim().to_owned()),
    }
}

/// A text, read now if it is in a file.
pub(crate) fn text(source: &Source<String>) -> Result<String, String> {
    match source {
        Source::Inline(text) => Ok(text.clone()),
        Source::File(file) => Ok(read_file(file)?.trim().to_owned()),
    }
}

fn read_file(file: &Path) -> Result<String, String> {
    let fail = |error: String| format!("{}: {error}", file.display());
    let bytes = SystemFiles.read(file).map_err(|error| fail(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| fail("not valid UTF-8".to_owned()))
}
