//! Plain HTTP requests to a server, for the commands `query` and `doctor`.

use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// The content type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// Maximum wait for a response.
const TIMEOUT: Duration = Duration::from_secs(120);

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// Body.
    pub(crate) body: Bytes,
}

/// Sends a GET request.
pub(crate) async fn get(url: &str, bytes_max: usize) -> anyhow::Result<Answer> {
    send(Method::GET, url, None, String::new(), bytes_max).await
}

/// Sends a POST request.
pub(crate) async fn post(
    url: &str,
    kind: &str,
    body: String,
    bytes_max: usize,
) -> anyhow::Result<Answer> {
    send(Method::POST, url, Some(kind), body, bytes_max).await
}

async fn send(
    method: Method,
    url: &str,
    kind: Option<&str>,
    body: String,
    bytes_max: usize,
) -> anyhow::Result<Answer> {
    if !url.starts_with("http://") {
        bail!("{url} does not start with http://");
    }
    let mut request = Request::builder().method(method).uri(url);
    if let Some(kind) = kind {
        request = request.header(http::header::CONTENT_TYPE, kind);
    }
    let request = request.body(Full::new(Bytes::from(body)))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let exchange = async {
        let response = client.request(request).await?;
        let status = response.status().as_u16();
        let mut body = Limited::new(response.into_body(), bytes_max);
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame =
                frame.map_err(|error| anyhow::anyhow!("the answer ended prematurely: {error}"))?;
            if let Ok(data) = frame.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        Ok::<_, anyhow::Error>(Answer { status, body: bytes.into() })
    };
    tokio::time::timeout(TIMEOUT, exchange).await.context("no answer in time")?
}
