//! Transports to backends. Each sends an encoded batch in one request and maps the response, or its
//! absence, to an `Outcome`; retries are up to the caller.

#[cfg(feature = "grpc")]
mod grpc;
mod http;
mod retry_after;
#[cfg(feature = "tls")]
mod roots;

use super::{
    settings::{OtlpTarget, Protocol, Secret, Signal},
    warnings::Fault,
};
use ::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use bytes::Bytes;
use std::time::Duration;

/// Timeout of a request to Zipkin or Jaeger, which have no setting for it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a response that is read.
const ANSWER_LIMIT_BYTES: usize = 64 * 1024;
/// Maximum retry delay requested by a backend.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

#[cfg(feature = "tls")]
type Roots = roots::Roots;
/// Without TLS there are no root certificates.
#[cfg(not(feature = "tls"))]
type Roots = std::convert::Infallible;

/// The outcome of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Accepted, with the response body.
    Accepted(Bytes),
    /// Retryable, after at least `after` if the backend specified a delay.
    Later { after: Option<Duration>, fault: Fault },
    /// Rejected for good.
    Refused(Fault),
}

/// A transport to one backend.
pub(super) enum Transport {
    Http(Box<http::HttpTransport>),
    #[cfg(feature = "grpc")]
    Grpc(Box<grpc::GrpcTransport>),
}

impl Transport {
    /// A transport to an OTLP receiver. The error is human-readable.
    pub(super) fn otlp(
        target: &OtlpTarget,
        signal: Signal,
        warnings: &mut Vec<String>,
    ) -> Result<Self, String> {
        let uri = address(&target.url)?;
        let headers = headers(&target.headers, signal, warnings);
        #[cfg(feature = "tls")]
        let roots = match &target.certificate {
            Some(path) if uri.scheme_str() == Some("https") => Some(roots::Roots::read(path)?),
            _ => None,
        };
        // Without TLS no endpoint can use them.
        #[cfg(not(feature = "tls"))]
        let roots = target.certificate.as_ref().and(None);
        match target.protocol {
            Protocol::HttpProtobuf => {
                let content = HeaderValue::from_static("application/x-protobuf");
                http::HttpTransport::new(uri, headers, content, target.timeout, true, roots)
                    .map(|transport| Self::Http(Box::new(transport)))
            }
            #[cfg(feature = "grpc")]
            Protocol::Grpc => {
                grpc::GrpcTransport::new(&uri, headers, target.timeout, signal, roots)
                    .map(|transport| Self::Grpc(Box::new(transport)))
            }
            #[cfg(not(feature = "grpc"))]
            Protocol::Grpc => Err(format!(
                "OTLP over gRPC to `{}` needs the feature `grpc` of glasshouse-sdk; the protocol \
                 `http/protobuf` does not",
                shown(&uri)
            )),
        }
    }

    /// A transport to a Zipkin server.
    pub(super) fn zipkin(url: &str) -> Result<Self, String> {
        Self::plain(url, HeaderValue::from_static("application/json"))
    }

    /// A transport to a Jaeger collector.
    pub(super) fn jaeger(url: &str) -> Result<Self, String> {
        Self::plain(url, HeaderValue::from_static("application/x-thrift"))
    }

    fn plain(url: &str, content: HeaderValue) -> Result<Self, String> {
        let uri = address(url)?;
        http::HttpTransport::new(uri, HeaderMap::new(), content, TIMEOUT, false, None)
            .map(|transport| Self::Http(Box::new(transport)))
    }

    /// Sends one request. Ends within the target's timeout.
    pub(super) async fn send(&mut self, body: Bytes) -> Outcome {
        match self {
            Self::Http(http) => http.send(body).await,
            #[cfg(feature = "grpc")]
            Self::Grpc(grpc) => grpc.send(body).await,
        }
    }

    /// Whether responses are OTLP.
    pub(super) fn is_otlp(&self) -> bool {
        match self {
            Self::Http(http) => http.is_otlp(),
            #[cfg(feature = "grpc")]
            Self::Grpc(_) => true,
        }
    }

    /// The endpoint for log lines: without user, password and query.
    pub(super) fn endpoint(&self) -> &str {
        match self {
            Self::Http(http) => http.endpoint(),
            #[cfg(feature = "grpc")]
            Self::Grpc(grpc) => grpc.endpoint(),
        }
    }
}

/// Parses a URL; the error never contains a password.
fn address(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.trim().parse().map_err(|_| {
        "the endpoint is no address; it should look like `http://localhost:4318`".to_owned()
    })?;
    match uri.scheme_str() {
        Some("http") => Ok(uri),
        Some("https") if cfg!(feature = "tls") => Ok(uri),
        Some("https") => {
            Err(format!("`{}` needs the feature `tls` of glasshouse-sdk", shown(&uri)))
        }
        _ => Err(format!("the endpoint `{}` has to begin with http:// or https://", shown(&uri))),
    }
}

/// A URL without its secrets.
fn shown(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| {
        authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host)
    });
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let path = if uri.path() == "/" { "" } else { uri.path() };
    format!("{scheme}{authority}{path}")
}

fn headers(pairs: &[(String, Secret)], signal: Signal, warnings: &mut Vec<String>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(::http::header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    for (name, Secret(value)) in pairs {
        match (HeaderName::try_from(name.trim()), HeaderValue::try_from(value.trim())) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
            _ => warnings.push(format!(
                "the header `{}` for {} is left out: it is no valid HTTP header",
                super::warnings::printable(name),
                signal.as_str()
            )),
        }
    }
    headers
}
