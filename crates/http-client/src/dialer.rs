//! Connects to a server: directly, through a proxy, or on a socket of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tower::{BoxError, Service, ServiceExt};

use crate::HostAddresses;

/// Where connections go.
#[derive(Debug, Clone)]
pub(super) enum Dialer {
    /// To the server of the URL, or to its proxy.
    Network(Box<Network>),
    /// To a server on a socket of this machine.
    Socket(PathBuf),
}

/// Connects over TCP.
#[derive(Debug, Clone)]
pub(super) struct Network {
    connector: HttpConnector<Resolver>,
    proxies: Arc<Proxies>,
}

/// Which requests go through a proxy.
#[derive(Debug)]
pub(super) struct Proxies {
    matcher: Matcher,
    headers: HeaderMap,
}

/// A connection.
pub(super) struct Stream {
    io: Box<dyn Io>,
    is_proxy: bool,
}

trait Io: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Io for T {}

/// Finds addresses in the configured map, and asks the system for other names.
#[derive(Debug, Clone)]
pub(super) struct Resolver(Arc<HostAddresses>);

type Calling<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Network {
    pub(super) fn new(addresses: &Arc<HostAddresses>, proxies: Proxies) -> Self {
        let mut connector = HttpConnector::new_with_resolver(Resolver(Arc::clone(addresses)));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        Self { connector, proxies: Arc::new(proxies) }
    }

    /// The header by which a request for a plain page proves itself to its proxy; those over TLS do
    /// so when they connect.
    pub(super) fn proxy_authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        let is_plain = uri.scheme_str() == Some("http");
        self.proxies.matcher.intercept(uri).filter(|_| is_plain)?.basic_auth().cloned()
    }

    async fn connect(mut self, uri: Uri) -> Result<Stream, BoxError> {
        let proxy = self.proxies.matcher.intercept(&uri);
        let Some(proxy) = proxy else {
            return Ok(Stream::of(self.connector.ready().await?.call(uri).await?, false));
        };
        if proxy.uri().scheme_str() != Some("http") {
            let scheme = proxy.uri().scheme_str().unwrap_or_default();
            return Err(format!("proxies over {scheme} are not supported").into());
        }
        if uri.scheme_str() == Some("https") {
            let stream = self.tunnel(&proxy).call(uri).await?;
            return Ok(Stream::of(stream, false));
        }
        let stream = self.connector.ready().await?.call(proxy.uri().clone()).await?;
        Ok(Stream::of(stream, true))
    }

    fn tunnel(&self, proxy: &Intercept) -> Tunnel<HttpConnector<Resolver>> {
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.connector.clone());
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        if self.proxies.headers.is_empty() {
            tunnel
        } else {
            tunnel.with_headers(self.proxies.headers.clone())
        }
    }
}

impl Proxies {
    pub(super) fn new(matcher: Matcher, headers: HeaderMap) -> Self {
        Self { matcher, headers }
    }
}

impl Service<Uri> for Dialer {
    type Response = Stream;
    type Error = BoxError;
    type Future = Calling<Stream>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Network(network) => Box::pin(network.clone().connect(uri)),
            Self::Socket(path) => {
                let path = path.clone();
                Box::pin(async move {
                    let io = TokioIo::new(UnixStream::connect(path).await?);
                    Ok(Stream { io: Box::new(io), is_proxy: false })
                })
            }
        }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Calling<Self::Response>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let known = self.0.get(name.as_str()).copied();
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = match known {
                Some(address) => vec![SocketAddr::new(address, 0)],
                None => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
            };
            Ok(addresses.into_iter())
        })
    }
}

impl Stream {
    fn of(stream: TokioIo<TcpStream>, is_proxy: bool) -> Self {
        Self { io: Box::new(stream), is_proxy }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_proxy)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
