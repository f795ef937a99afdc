//! What the export worker is told at its start: targets, limits, headers. Reading it from files and
//! from the environment is not done here.

use opentelemetry_sdk::{Resource, trace::SpanData};
use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// A value that is sent but never shown: `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// How OTLP travels: `http/protobuf` or `grpc`, the values of `OTEL_EXPORTER_OTLP_PROTOCOL`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `POST` of protobuf; 4318 by convention.
    HttpProtobuf,
    /// gRPC over HTTP/2; 4317 by convention; needs the feature `grpc`.
    Grpc,
}

/// An OTLP receiver for one signal.
#[derive(Clone, Debug)]
pub(crate) struct OtlpTarget {
    pub(crate) protocol: Protocol,
    /// HTTP: the whole address with its path, as `http://localhost:4318/v1/traces`.
    /// gRPC: scheme, host and port, as `http://localhost:4317`; a path is ignored.
    pub(crate) url: String,
    /// Sent with each request. What is no valid header is warned of and left out.
    pub(crate) headers: Vec<(String, Secret)>,
    /// Of one request, from connecting to the end of the answer.
    pub(crate) timeout: Duration,
    /// PEM with the roots that are trusted with `https`; without, the usual ones are.
    pub(crate) certificate: Option<PathBuf>,
}

/// Where spans go.
#[derive(Clone, Debug)]
pub(crate) enum SpanTarget {
    /// OTLP.
    Otlp(OtlpTarget),
    /// Zipkin v2 JSON, as `http://localhost:9411/api/v2/spans`.
    Zipkin {
        /// The whole address.
        url: String,
    },
    /// Jaeger's Thrift over HTTP, as `http://localhost:14268/api/traces`.
    JaegerThrift {
        /// The whole address.
        url: String,
    },
}

/// Changes a span on the worker, before it is encoded: a naming profile.
pub(crate) type Rewrite = Arc<dyn Fn(&mut SpanData) + Send + Sync>;

/// Everything that the worker does; what is `None` is not exported.
#[derive(Clone)]
pub(crate) struct ExportSettings {
    pub(crate) resource: Resource,
    pub(crate) spans: Option<SpanTarget>,
    pub(crate) logs: Option<OtlpTarget>,
    /// The target and the time from one push to the next.
    pub(crate) metrics: Option<(OtlpTarget, Duration)>,
    /// The address of `/metrics`; port 0 takes a free one.
    pub(crate) listener: Option<SocketAddr>,
    pub(crate) rewrite: Option<Rewrite>,
    pub(crate) limits: ExportLimits,
}

/// Bounds of queues and batches, and the pace of retries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportLimits {
    /// Spans that wait at most; `OTEL_BSP_MAX_QUEUE_SIZE`.
    pub(crate) span_queue: usize,
    /// Log records that wait at most; `OTEL_BLRP_MAX_QUEUE_SIZE`.
    pub(crate) log_queue: usize,
    /// Spans or records of one request at most; `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
    pub(crate) batch: usize,
    /// How long the first of a batch waits for the others; `OTEL_BSP_SCHEDULE_DELAY`, but shorter.
    pub(crate) batch_delay: Duration,
    /// What waits in one queue at most, estimated: spans may carry whole prompts.
    pub(crate) queue_bytes: usize,
    /// A batch is sent when it holds that much: collectors refuse gRPC messages beyond 4 MiB.
    pub(crate) batch_bytes: usize,
    /// Wait before the first retry; each further one is 1.5 times as long, up to 30 s.
    pub(crate) first_retry: Duration,
}

impl Default for ExportLimits {
    fn default() -> Self {
        Self {
            span_queue: 2048,
            log_queue: 2048,
            batch: 512,
            batch_delay: Duration::from_secs(1),
            queue_bytes: 64 << 20,
            batch_bytes: 2 << 20,
            first_retry: Duration::from_secs(1),
        }
    }
}

/// What is exported; the name goes into log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Spans,
    Logs,
    Metrics,
}

impl Signal {
    /// As log lines spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }
}
