//! Sockets: all ports are bound before anything starts; connections have header, idle and write
//! timeouts.
//!
//! One loop serves every port, HTTP/1.1 and HTTP/2 without TLS. The routers come from `receive` and
//! `serve`; until they are installed, a port answers that the server is starting.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use prometheus_client::registry::Registry;
use signals::Clock;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::config::Config;
use crate::config::ports::{Listen, Port};

mod answer;
mod connection_limits;
mod connection_timeouts;
mod instruments;

use answer::AnswerBody;
use connection_limits::{ConnectionLimits, ConnectionPermit};
use connection_timeouts::body::TimedBody;
use connection_timeouts::{ConnectionTimeouts, TimedStream, TimeoutStatus};
use instruments::Instruments;

/// Maximum size of a request's headers, in bytes.
const HEADER_BYTES_MAX: usize = 32 << 10;
/// Maximum number of a request's headers.
const HEADERS_MAX: usize = 100;
/// Maximum concurrent streams of an HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// Interval of the check of a connection's timeouts.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Interval of HTTP/2 pings on an idle connection, and the timeout of a pong.
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// A bound port.
#[derive(Debug)]
pub(crate) struct Listener {
    /// The port's role.
    pub(crate) port: Port,
    /// The bound address.
    pub(crate) address: SocketAddr,
    socket: TcpListener,
}

/// A port that could not be bound.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    /// The port is in use.
    #[error(
        "port {} is taken (configuration key ports.{port}): stop the process that listens on {address}, \
         set `ports: {{{port}: off}}` or another number, or move all ports with --port-offset N",
        .address.port()
    )]
    Taken { port: Port, address: SocketAddr },
    /// The port number with the offset exceeds 65535.
    #[error("port {number} of ports.{port} plus the offset {offset} exceeds 65535")]
    PastEnd { port: Port, number: u16, offset: u16 },
    /// Any other error.
    #[error("cannot listen on {address} (configuration key ports.{port}): {source}")]
    Other { port: Port, address: SocketAddr, source: io::Error },
}

/// Binds all enabled ports, or none.
pub(crate) async fn bind(config: &Config, offset: u16) -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::new();
    for (port, listen) in config.ports.iter() {
        let Listen::On { address, number } = listen else { continue };
        let number = match number {
            0 => 0,
            _ => number.checked_add(offset).ok_or(BindError::PastEnd { port, number, offset })?,
        };
        let address = SocketAddr::new(address.unwrap_or(config.listen), number);
        let socket = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { port, address },
            _ => BindError::Other { port, address, source },
        })?;
        let address =
            socket.local_addr().map_err(|source| BindError::Other { port, address, source })?;
        listeners.push(Listener { port, address, socket });
    }
    Ok(listeners)
}

/// A connection: its peer address and its permit, which is held until the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    port: Port,
    peer: SocketAddr,
    #[expect(dead_code, reason = "held, not read")]
    permit: Arc<ConnectionPermit>,
}

/// Serves connections of all ports.
#[derive(Clone)]
pub(crate) struct Server {
    clock: Arc<dyn Clock>,
    limits: Arc<ConnectionLimits>,
    refused: Arc<AtomicU64>,
    timed_out: Arc<AtomicU64>,
    instruments: Instruments,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// A server with at most `connections_max` connections on this number of ports.
    pub(crate) fn new(clock: Arc<dyn Clock>, connections_max: usize, ports: usize) -> Self {
        Self {
            clock,
            limits: Arc::new(ConnectionLimits::new(connections_max, ports)),
            refused: Arc::default(),
            timed_out: Arc::default(),
            instruments: Instruments::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Registers the request histograms with the process's own metrics.
    pub(crate) fn register_metrics(&self, registry: &mut Registry) {
        self.instruments.register(registry);
    }

    /// Number of open connections.
    pub(crate) fn connections(&self) -> usize {
        self.limits.open()
    }

    /// Number of connections refused because of the connection limit.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Number of connections closed because of a timeout.
    pub(crate) fn timed_out(&self) -> u64 {
        self.timed_out.load(Ordering::Relaxed)
    }

    /// Serves a port with `router`; until it is set, every request gets "starting".
    pub(crate) fn serve(&self, listener: Listener, router: Arc<OnceLock<Router>>) {
        let server = self.clone();
        self.tasks.spawn(async move { server.accept(listener, router).await });
    }

    /// Stops accepting and lets open connections finish their requests. Returns true if all did
    /// within `drain_max`.
    pub(crate) async fn close(&self, drain_max: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(drain_max, self.tasks.wait()).await.is_ok()
    }

    async fn accept(self, listener: Listener, router: Arc<OnceLock<Router>>) {
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = listener.socket.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Usually out of file descriptors: wait until some are closed.
                    tracing::warn!(port = %listener.port, %error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Some(permit) = self.limits.take(listener.port, peer.ip()) else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            // Responses are written in one go, so Nagle's algorithm would only delay them.
            let _ = stream.set_nodelay(true);
            let connection = Connection { port: listener.port, peer, permit: Arc::new(permit) };
            let (server, router) = (self.clone(), Arc::clone(&router));
            self.tasks
                .spawn(async move { server.serve_connection(stream, connection, router).await });
        }
    }

    /// Serves HTTP/1.1 and HTTP/2 on any stream. Handlers get the peer address from
    /// [`ConnectInfo`]; a handler that upgrades the connection keeps [`Connection`] from the
    /// request's extensions and sets its own timeouts.
    async fn serve_connection<S>(
        &self,
        stream: S,
        connection: Connection,
        router: Arc<OnceLock<Router>>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let timeouts = Arc::new(ConnectionTimeouts::new(Arc::clone(&self.clock)));
        let io = TokioIo::new(TimedStream::new(stream, Arc::clone(&timeouts)));
        let service = hyper::service::service_fn(|request: Request<hyper::body::Incoming>| {
            let (router, clock) = (Arc::clone(&router), Arc::clone(&self.clock));
            let (connection, instruments) = (connection.clone(), self.instruments.clone());
            let in_flight = timeouts.request(request.version());
            async move {
                let (port, began) = (connection.port, clock.monotonic());
                let timed = |body| Body::new(TimedBody::new(body, Arc::clone(&clock)));
                let mut request = request.map(timed);
                request.extensions_mut().insert(ConnectInfo(connection.peer));
                request.extensions_mut().insert(connection);
                let mut answer = answer(router.get(), request).await;
                let duration = clock.monotonic().saturating_sub(began);
                instruments.answered(port, answer.status(), duration);
                let memory = answer.extensions_mut().remove();
                Ok::<_, Infallible>(answer.map(|body| AnswerBody::new(body, memory, in_flight)))
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEADER_BYTES_MAX)
            .timer(TokioTimer::new());
        builder.http1().header_read_timeout(None);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEADER_BYTES_MAX as u32)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        let serving = builder.serve_connection_with_upgrades(io, service);
        tokio::pin!(serving);
        let mut checks = tokio::time::interval(CHECK_INTERVAL);
        let mut is_closing = false;
        loop {
            tokio::select! {
                // Process received data before checking the timeouts.
                biased;
                result = serving.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "connection ended");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !is_closing => {
                    is_closing = true;
                    serving.as_mut().graceful_shutdown();
                }
                _ = checks.tick() => match timeouts.status() {
                    TimeoutStatus::Fine => {}
                    TimeoutStatus::TooSlow => {
                        self.timed_out.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                    TimeoutStatus::Idle if is_closing => {}
                    TimeoutStatus::Idle => {
                        is_closing = true;
                        serving.as_mut().graceful_shutdown();
                    }
                },
            }
        }
    }
}

/// Handles a request; a panic affects only this request.
async fn answer(router: Option<&Router>, request: Request<Body>) -> Response {
    let Some(router) = router else { return starting(&request) };
    let path = request.uri().path().to_owned();
    match AssertUnwindSafe(router.clone().oneshot(request)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => {
            tracing::error!(path, "a request panicked");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
        }
    }
}

fn starting(request: &Request<Body>) -> Response {
    let kind = request.headers().get(http::header::CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
        let headers = [
            ("content-type", "application/grpc"),
            ("grpc-status", "14"),
            ("grpc-message", "starting"),
        ];
        return (StatusCode::OK, headers).into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], "starting\n").into_response()
}

#[cfg(test)]
mod tests;
