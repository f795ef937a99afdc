//! Settings of the export worker: targets, limits, headers. `configure` reads them from files and
//! from the environment.

use opentelemetry_sdk::{Resource, trace::SpanData};
use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// A secret value: `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

/// The OTLP transport: `http/protobuf` or `grpc`, as in `OTEL_EXPORTER_OTLP_PROTOCOL`.
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
    /// HTTP: the full URL with its path, such as `http://localhost:4318/v1/traces`.
    /// gRPC: scheme, host and port, such as `http://localhost:4317`; a path is ignored.
    pub(crate) url: String,
    /// Sent with each request. Invalid headers are dropped with a warning.
    pub(crate) headers: Vec<(String, Secret)>,
    /// Timeout of a request, from connecting to the end of the response.
    pub(crate) timeout: Duration,
    /// PEM file of the trusted root certificates; the default ones if absent.
    pub(crate) certificate: Option<PathBuf>,
}

/// The destination of spans.
#[derive(Clone, Debug)]
pub(crate) enum SpanTarget {
    /// OTLP.
    Otlp(OtlpTarget),
    /// Zipkin v2 JSON, such as `http://localhost:9411/api/v2/spans`.
    Zipkin {
        /// The full URL.
        url: String,
    },
    /// Jaeger's Thrift over HTTP, such as `http://localhost:14268/api/traces`.
    JaegerThrift {
        /// The full URL.
        url: String,
    },
}

/// Rewrites a span on the worker before it is encoded, for naming profiles.
pub(crate) type Rewrite = Arc<dyn Fn(&mut SpanData) + Send + Sync>;

/// The worker's tasks; `None` means not exported.
#[derive(Clone)]
pub(crate) struct ExportSettings {
    pub(crate) resource: Resource,
    pub(crate) spans: Option<SpanTarget>,
    pub(crate) logs: Option<OtlpTarget>,
    /// The target and the push interval.
    pub(crate) metrics: Option<(OtlpTarget, Duration)>,
    /// The address of `/metrics`; port 0 takes a free one.
    pub(crate) listener: Option<SocketAddr>,
    pub(crate) rewrite: Option<Rewrite>,
    pub(crate) limits: ExportLimits,
}

/// Limits of queues and batches, and the retry interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportLimits {
    /// Maximum queued spans; `OTEL_BSP_MAX_QUEUE_SIZE`.
    pub(crate) span_queue: usize,
    /// Maximum queued log records; `OTEL_BLRP_MAX_QUEUE_SIZE`.
    pub(crate) log_queue: usize,
    /// Maximum spans or records per request; `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`.
    pub(crate) batch: usize,
    /// Maximum age of a batch before it is sent; `OTEL_BSP_SCHEDULE_DELAY`, but shorter.
    pub(crate) batch_delay: Duration,
    /// Estimated maximum size of one queue: spans may contain entire prompts.
    pub(crate) queue_bytes: usize,
    /// Size at which a batch is sent: Collectors reject gRPC messages beyond 4 MiB.
    pub(crate) batch_bytes: usize,
    /// Delay before the first retry; it grows by a factor of 1.5, up to 30 s.
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

/// An exported signal, named in log lines.
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
