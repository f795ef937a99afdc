//! `POST` over HTTP/1.1: OTLP in protobuf, Zipkin's JSON and Jaeger's Thrift.

use super::{ANSWER_LIMIT_BYTES, Outcome, retry_after::retry_after, shown};
use crate::export::{otlp::RpcStatus, warnings::Fault};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use prost::Message;
use std::time::Duration;

/// Retryable statuses by OTLP's specification, and 408.
const LATER: [StatusCode; 5] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

enum AnyClient {
    Plain(Client<HttpConnector, Full<Bytes>>),
    #[cfg(feature = "tls")]
    Tls(Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// An endpoint and its connection.
pub(in super::super) struct HttpTransport {
    client: AnyClient,
    uri: Uri,
    endpoint: String,
    headers: HeaderMap,
    timeout: Duration,
    otlp: bool,
}

impl HttpTransport {
    pub(super) fn new(
        uri: Uri,
        mut headers: HeaderMap,
        content: HeaderValue,
        timeout: Duration,
        otlp: bool,
        roots: Option<super::Roots>,
    ) -> Result<Self, String> {
        headers.insert(header::CONTENT_TYPE, content);
        headers
            .entry(header::USER_AGENT)
            .or_insert_with(|| HeaderValue::from_static(super::USER_AGENT));
        let endpoint = shown(&uri);
        let client = client(&uri, timeout, roots)?;
        Ok(Self { client, uri, endpoint, headers, timeout, otlp })
    }

    pub(super) fn is_otlp(&self) -> bool {
        self.otlp
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) async fn send(&self, body: Bytes) -> Outcome {
        tokio::time::timeout(self.timeout, self.exchange(body)).await.unwrap_or_else(|_| {
            let detail = format!("no answer within {} ms", self.timeout.as_millis());
            Outcome::Later { after: None, fault: Fault::new("timeout", &detail) }
        })
    }

    async fn exchange(&self, body: Bytes) -> Outcome {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => {
                return Outcome::Later { after: None, fault: Fault::caused("connection", &error) };
            }
        };
        let status = response.status();
        let after = retry_after(response.headers());
        let is_protobuf = content_type(response.headers()).contains("protobuf");
        let is_page = content_type(response.headers()).contains("text/html");
        let answer = read_answer(response.into_body()).await;
        if status.is_success() {
            // A page from another server on that port: the data is lost, so report it.
            return if is_page && answer.trim_ascii_start().starts_with(b"<") {
                Outcome::Refused(Fault::new("page", "a web page answered: is the address right?"))
            } else {
                Outcome::Accepted(answer)
            };
        }
        let fault = refusal(status, is_protobuf, &answer);
        if LATER.contains(&status) {
            Outcome::Later { after, fault }
        } else {
            Outcome::Refused(fault)
        }
    }
}

impl AnyClient {
    async fn request(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        match self {
            Self::Plain(client) => client.request(request).await,
            #[cfg(feature = "tls")]
            Self::Tls(client) => client.request(request).await,
        }
    }
}

#[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "roots are for TLS"))]
fn client(uri: &Uri, timeout: Duration, roots: Option<super::Roots>) -> Result<AnyClient, String> {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(timeout));
    connector.set_nodelay(true);
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_max_idle_per_host(1);
    if uri.scheme_str() != Some("https") {
        return Ok(AnyClient::Plain(builder.build(connector)));
    }
    #[cfg(feature = "tls")]
    {
        connector.enforce_http(false);
        let wrong = |error| format!("TLS cannot start: {error}");
        // Explicit, so that other providers linked into the program have no effect.
        let provider = tokio_rustls::rustls::crypto::ring::default_provider();
        let https = hyper_rustls::HttpsConnectorBuilder::new();
        let https = match roots {
            Some(roots) => https.with_tls_config(roots.client(provider).map_err(wrong)?),
            None => https.with_provider_and_webpki_roots(provider).map_err(wrong)?,
        };
        let https = https.https_or_http().enable_http1();
        Ok(AnyClient::Tls(builder.build(https.wrap_connector(connector))))
    }
    #[cfg(not(feature = "tls"))]
    Err(format!("`{}` needs the feature `tls` of glasshouse-sdk", shown(uri)))
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// The start of a body, up to the limit or an error.
async fn read_answer(mut body: Incoming) -> Bytes {
    let mut answer = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            answer.put(data.take(ANSWER_LIMIT_BYTES.saturating_sub(answer.len())));
        }
        if answer.len() >= ANSWER_LIMIT_BYTES {
            break;
        }
    }
    answer.freeze()
}

/// The message of an error response, in one line.
fn refusal(status: StatusCode, is_protobuf: bool, answer: &[u8]) -> Fault {
    let message = if is_protobuf {
        RpcStatus::decode(answer).map(|status| status.message).unwrap_or_default()
    } else {
        String::from_utf8_lossy(answer).trim().to_owned()
    };
    let detail =
        if message.is_empty() { status.to_string() } else { format!("{status}: {message}") };
    Fault::new(format!("status {}", status.as_u16()), &detail)
}
