//! How requests are made: authentication, TLS, proxies and headers.

mod read;
mod sigv4;

use std::path::PathBuf;

use signals::Secret;

use crate::url::Url;

pub(crate) use read::{RESERVED, canonical_name, headers, read, tls};
pub use sigv4::SigV4Config;
pub(crate) use sigv4::{sigv4, sigv4_config};

/// A value in the configuration, or the file that contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<T> {
    /// The value.
    Inline(T),
    /// The file, which is read again for each use.
    File(PathBuf),
}

/// Settings of an HTTP client.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpClientConfig {
    /// Who sends the requests.
    pub authentication: Option<Authentication>,
    /// Settings of TLS.
    pub tls: TlsConfig,
    /// The proxy.
    pub proxy: Proxy,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// Whether HTTP 2 may be used.
    pub enable_http2: bool,
    /// Further headers, in the order of the file.
    pub headers: Vec<HttpHeader>,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            authentication: None,
            tls: TlsConfig::default(),
            proxy: Proxy::default(),
            follow_redirects: true,
            enable_http2: true,
            headers: Vec::new(),
        }
    }
}

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Authentication {
    /// `Authorization: Basic …`.
    Basic {
        /// The user.
        username: Option<Source<String>>,
        /// The password.
        password: Option<Source<Secret<String>>>,
    },
    /// `Authorization: <kind> <credentials>`.
    Authorization {
        /// The scheme, `Bearer` by default.
        kind: String,
        /// The credentials.
        credentials: Option<Source<Secret<String>>>,
    },
    /// A token fetched with client credentials.
    OAuth2(Box<OAuth2>),
}

/// Where tokens are fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth2 {
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Option<Source<Secret<String>>>,
    /// Requested scopes.
    pub scopes: Vec<String>,
    /// The address of the token endpoint.
    pub token_url: Url,
    /// Further parameters of the request.
    pub endpoint_params: Vec<(String, String)>,
    /// Settings of TLS for the token endpoint.
    pub tls: TlsConfig,
    /// The proxy for the token endpoint.
    pub proxy: Proxy,
}

/// Settings of TLS for a client.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TlsConfig {
    /// Certificates that may sign the server's.
    pub ca: Option<Source<String>>,
    /// The client's certificate.
    pub certificate: Option<Source<String>>,
    /// The client's key.
    pub key: Option<Source<Secret<String>>>,
    /// The server's name, if it is not the host of the URL.
    pub server_name: Option<String>,
    /// Whether any certificate is accepted.
    pub insecure_skip_verify: bool,
    /// The oldest version.
    pub min_version: Option<TlsVersion>,
    /// The newest version.
    pub max_version: Option<TlsVersion>,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.0.
    Tls10,
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

/// The proxy of a client.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Proxy {
    /// Its URL.
    pub url: Option<Url>,
    /// Hosts that are reached without it, separated by commas.
    pub no_proxy: String,
    /// Whether the usual environment variables name it.
    pub from_environment: bool,
    /// Headers of requests to the proxy.
    pub connect_header: Vec<(String, Vec<Secret<String>>)>,
}

/// A header of each request.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Values.
    pub values: Vec<String>,
    /// Values that are secrets.
    pub secrets: Vec<Secret<String>>,
    /// Files whose contents are values.
    pub files: Vec<PathBuf>,
}
