//! One instrumented service: its tracer, logger and meter, all exporting to us.

use std::time::Duration;

use anyhow::Result;
use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::{SpanContext, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::Endpoints;
use super::exemplars::{ExemplarClient, Exemplars};

/// How often metrics are exported: often enough that a new page has a curve within a minute.
const METRIC_INTERVAL: Duration = Duration::from_secs(5);

/// A service that reports traces, logs and metrics under its own name.
pub(super) struct Service {
    traces: SdkTracerProvider,
    logs: SdkLoggerProvider,
    metrics: SdkMeterProvider,
    tracer: SdkTracer,
    logger: SdkLogger,
    pub(super) meter: Meter,
    pub(super) exemplars: Exemplars,
}

impl Service {
    /// A service of this name; must be called inside a Tokio runtime.
    pub(super) fn new(
        name: &'static str,
        version: &'static str,
        endpoints: &Endpoints,
    ) -> Result<Self> {
        let resource = Resource::builder()
            .with_service_name(name)
            .with_attributes([
                KeyValue::new("service.version", version),
                KeyValue::new("service.namespace", "demo"),
                KeyValue::new("service.instance.id", format!("{name}-1")),
                KeyValue::new("deployment.environment.name", "demo"),
                KeyValue::new("host.name", "laptop"),
            ])
            .build();
        let spans = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&endpoints.grpc)
            .build()?;
        let records = opentelemetry_otlp::LogExporter::builder()
            .with_tonic()
            .with_endpoint(&endpoints.grpc)
            .build()?;
        let exemplars = Exemplars::default();
        let samples = opentelemetry_otlp::MetricExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(format!("{}/v1/metrics", endpoints.http))
            .with_http_client(ExemplarClient::new(exemplars.clone()))
            .build()?;
        let traces = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_batch_exporter(spans)
            .build();
        let logs = SdkLoggerProvider::builder()
            .with_resource(resource.clone())
            .with_batch_exporter(records)
            .build();
        let reader = PeriodicReader::builder(samples).with_interval(METRIC_INTERVAL).build();
        let metrics =
            SdkMeterProvider::builder().with_resource(resource).with_reader(reader).build();
        Ok(Self {
            tracer: traces.tracer("glasshouse-demo"),
            logger: logs.logger("glasshouse-demo"),
            meter: metrics.meter("glasshouse-demo"),
            exemplars,
            traces,
            logs,
            metrics,
        })
    }

    /// Starts a span inside `parent` and returns the context that holds it.
    pub(super) fn start(
        &self,
        parent: &Context,
        name: &'static str,
        kind: SpanKind,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> Context {
        let span = self
            .tracer
            .span_builder(name)
            .with_kind(kind)
            .with_attributes(attributes)
            .start_with_context(&self.tracer, parent);
        parent.with_span(span)
    }

    /// Starts a span that continues `remote`, as after a call over the network.
    pub(super) fn continue_from(
        &self,
        remote: &SpanContext,
        name: &'static str,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) -> Context {
        let parent = Context::new().with_remote_span_context(remote.clone());
        self.start(&parent, name, SpanKind::Server, attributes)
    }

    /// Writes a JSON log line inside the span of `context`.
    pub(super) fn log(
        &self,
        context: &Context,
        severity: Severity,
        message: &str,
        fields: &[(&'static str, serde_json::Value)],
    ) {
        let span = context.span().span_context().clone();
        let mut line = serde_json::Map::new();
        line.insert("level".into(), severity.name().to_lowercase().into());
        line.insert("message".into(), message.into());
        line.insert("trace_id".into(), span.trace_id().to_string().into());
        line.insert("span_id".into(), span.span_id().to_string().into());
        line.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let mut record = self.logger.create_log_record();
        record.set_timestamp(opentelemetry::time::now());
        record.set_severity_number(severity);
        record.set_severity_text(severity.name());
        record.set_body(AnyValue::from(serde_json::Value::Object(line).to_string()));
        record.set_trace_context(span.trace_id(), span.span_id(), Some(span.trace_flags()));
        self.logger.emit(record);
    }

    /// Sends what is still queued.
    pub(super) fn flush(&self) {
        let results = [self.traces.shutdown(), self.logs.shutdown(), self.metrics.shutdown()];
        for error in results.into_iter().filter_map(Result::err) {
            tracing::debug!(%error, "the demo could not send its last batch");
        }
    }
}
