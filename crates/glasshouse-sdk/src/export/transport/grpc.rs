//! OTLP over gRPC. As for HTTP, messages are encoded in advance, so that retries need no encoding
//! and one code path serves all signals.

use super::{ANSWER_LIMIT_BYTES, LONGEST_PAUSE, Outcome, shown};
use crate::export::{
    otlp::RpcStatus,
    settings::Signal,
    warnings::{Fault, printable},
};
use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, Uri, uri::PathAndQuery};
use prost::Message;
use std::time::Duration;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

/// An endpoint and its connection.
pub(in super::super) struct GrpcTransport {
    endpoint: Endpoint,
    shown: String,
    metadata: MetadataMap,
    path: PathAndQuery,
    timeout: Duration,
    /// Created on the worker, in its runtime, and again after a request without a response: the
    /// connection may be dead without either side having noticed.
    channel: Option<Channel>,
}

impl GrpcTransport {
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "roots are for TLS"))]
    pub(super) fn new(
        uri: &Uri,
        headers: HeaderMap,
        timeout: Duration,
        signal: Signal,
        roots: Option<super::Roots>,
    ) -> Result<Self, String> {
        let shown = shown(uri);
        let wrong = |error: tonic::transport::Error| {
            format!("`{shown}` is not usable for gRPC: {}", Fault::caused("address", &error).detail)
        };
        let endpoint = Endpoint::from_shared(uri.to_string())
            .and_then(|endpoint| endpoint.user_agent(super::USER_AGENT))
            .map_err(wrong)?
            .connect_timeout(timeout);
        #[cfg(feature = "tls")]
        let endpoint = if uri.scheme_str() == Some("https") {
            let config = tonic::transport::ClientTlsConfig::new();
            let config = match roots {
                Some(roots) => {
                    config.ca_certificate(tonic::transport::Certificate::from_pem(roots.into_pem()))
                }
                None => config.with_webpki_roots(),
            };
            endpoint.tls_config(config).map_err(wrong)?
        } else {
            endpoint
        };
        let path = PathAndQuery::from_static(match signal {
            Signal::Spans => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        });
        let metadata = MetadataMap::from_headers(headers);
        Ok(Self { endpoint, shown, metadata, path, timeout, channel: None })
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.shown
    }

    pub(super) async fn send(&mut self, body: Bytes) -> Outcome {
        let channel = self.channel.get_or_insert_with(|| self.endpoint.connect_lazy()).clone();
        let mut request = Request::new(body);
        *request.metadata_mut() = self.metadata.clone();
        request.set_timeout(self.timeout);
        let exchange = exchange(channel, request, self.path.clone());
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(Ok(answer)) => Outcome::Accepted(answer),
            Ok(Err(status)) => outcome(&status),
            Err(_) => {
                self.channel = None;
                let detail = format!("no answer within {} ms", self.timeout.as_millis());
                Outcome::Later { after: None, fault: Fault::new("timeout", &detail) }
            }
        }
    }
}

async fn exchange(
    channel: Channel,
    request: Request<Bytes>,
    path: PathAndQuery,
) -> Result<Bytes, Status> {
    let mut client = Grpc::new(channel).max_decoding_message_size(ANSWER_LIMIT_BYTES);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    client.unary(request, path, Encoded).await.map(tonic::Response::into_inner)
}

/// OTLP's status mapping, without `OUT_OF_RANGE`: our own limit on responses uses it, too, after
/// the batch has been accepted.
fn outcome(status: &Status) -> Outcome {
    let after = pause(status.details());
    let later = match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Cancelled
        | Code::DataLoss => true,
        // Without a delay it means that the quota is exhausted.
        Code::ResourceExhausted => after.is_some(),
        _ => false,
    };
    let kind = format!("code {:?}", status.code());
    let caused = Fault::caused(kind.clone(), status);
    let detail = if std::error::Error::source(status).is_some() {
        caused.detail
    } else {
        printable(&format!("{:?}: {}", status.code(), status.message()))
    };
    let fault = Fault { kind: kind.into(), detail };
    if later { Outcome::Later { after, fault } } else { Outcome::Refused(fault) }
}

/// `google.rpc.RetryInfo` in the details of a status.
fn pause(details: &[u8]) -> Option<Duration> {
    #[derive(Clone, PartialEq, Message)]
    struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        retry_delay: Option<Delay>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Delay {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }
    let status = RpcStatus::decode(details).ok()?;
    let detail =
        status.details.iter().find(|detail| detail.type_url.ends_with("google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(detail.value.as_slice()).ok()?.retry_delay?;
    let seconds = Duration::from_secs(u64::try_from(delay.seconds).ok()?);
    let delay = seconds.checked_add(Duration::from_nanos(u64::try_from(delay.nanos).ok()?))?;
    Some(delay.min(LONGEST_PAUSE))
}

/// A codec for encoded messages.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let length = buffer.remaining();
        Ok(Some(buffer.copy_to_bytes(length)))
    }
}
