//! The metrics endpoint for Prometheus: only `GET /metrics`, with the content from `metrics`.

use super::MetricsSource;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

const CONNECTIONS: usize = 64;
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const HEADER_LIMIT_BYTES: usize = 16 * 1024;
/// Time until a connection is closed gracefully, and then again until it is closed forcibly.
const CONNECTION_TIME: Duration = Duration::from_secs(60);

/// Binds the port; the warning explains how to choose another one.
pub(super) fn bind(address: SocketAddr) -> Result<(std::net::TcpListener, SocketAddr), String> {
    let bound = std::net::TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    });
    bound.map_err(|error: io::Error| {
        format!(
            "metrics are not served for scraping: {address} cannot be opened: {error}; choose \
             another port with `prometheus_port` or `PROMETHEUS_ENDPOINT`"
        )
    })
}

/// Serves until the future is dropped.
pub(super) async fn serve(listener: std::net::TcpListener, metrics: Arc<dyn MetricsSource>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(
                target: super::warnings::TARGET,
                %error,
                "metrics are not served for scraping"
            );
            return;
        }
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropped with this future, which closes all connections.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = Arc::clone(&metrics);
                connections.spawn(async move {
                    connection(stream, metrics).await;
                    drop(place);
                });
            }
            // Usually too many open files: wait until some are closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(stream: TcpStream, metrics: Arc<dyn MetricsSource>) {
    let service = service_fn(move |request| {
        let response = answer(&request, metrics.as_ref());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADER_LIMIT_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // Connection errors are ignored.
    if tokio::time::timeout(CONNECTION_TIME, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(CONNECTION_TIME, connection).await;
    }
}

fn answer(request: &Request<Incoming>, metrics: &dyn MetricsSource) -> Response<Full<Bytes>> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let (status, content_type, body) = if request.uri().path() != "/metrics" {
        (StatusCode::NOT_FOUND, TEXT, "metrics are at /metrics\n".to_owned())
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let (content_type, body) = metrics.exposition(accept.unwrap_or(""));
        (StatusCode::OK, content_type, body)
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, TEXT, "/metrics is only read\n".to_owned())
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
