//! The export against real servers on loopback.

mod backend;
mod faults;
mod formats;
#[cfg(feature = "grpc")]
mod grpc;
mod lines;
mod listener;
mod stopping;
mod thrift;
#[cfg(feature = "tls")]
mod tls;

use super::{statistics::SignalStatistics, *};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks, SpanProcessor};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

/// Exceeds the duration of any test.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gauge that counts how often it was read.
#[derive(Default)]
struct Metrics(AtomicU64);

impl MetricsSource for Metrics {
    fn collect_otlp(&self) -> ExportMetricsServiceRequest {
        let reads = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let point = NumberDataPoint { time_unix_nano: reads, ..NumberDataPoint::default() };
        let metric = Metric {
            name: "reads".to_owned(),
            data: Some(Data::Gauge(Gauge { data_points: vec![point] })),
            ..Metric::default()
        };
        let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
        let resource = ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() };
        ExportMetricsServiceRequest { resource_metrics: vec![resource] }
    }

    fn exposition(&self, accept: &str) -> (&'static str, String) {
        ("text/plain; version=0.0.4", format!("# accept: {accept}\nup 1\n"))
    }
}

fn resource() -> Resource {
    Resource::builder_empty()
        .with_service_name("shop")
        .with_attributes([KeyValue::new("deployment.environment.name", "test")])
        .build()
}

fn settings() -> ExportSettings {
    ExportSettings {
        resource: resource(),
        spans: None,
        logs: None,
        metrics: None,
        listener: None,
        rewrite: None,
        limits: ExportLimits {
            batch_delay: Duration::from_millis(5),
            first_retry: Duration::from_millis(5),
            ..ExportLimits::default()
        },
    }
}

fn http(url: String) -> OtlpTarget {
    OtlpTarget {
        protocol: Protocol::HttpProtobuf,
        url,
        headers: Vec::new(),
        timeout: PATIENCE,
        certificate: None,
    }
}

fn start(settings: ExportSettings) -> Export {
    let (export, warnings) = Export::start(settings, Arc::new(Metrics::default()));
    assert_eq!(warnings, Vec::<String>::new());
    export
}

/// An export of spans to an address, with modified settings.
fn spans_to(url: &str, change: impl FnOnce(&mut ExportSettings)) -> Export {
    let mut settings = settings();
    settings.spans = Some(SpanTarget::Otlp(http(format!("{url}/v1/traces"))));
    change(&mut settings);
    start(settings)
}

fn span(number: u64) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(0xf000_0000_0000_0000_0000_0000_0000_0001),
            SpanId::from(number),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "work".into(),
        start_time: SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000),
        end_time: SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_002_500),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("shop").with_version("1.2").build(),
    }
}

/// Ends spans with these numbers.
fn end(export: &Export, numbers: std::ops::Range<u64>) {
    let processor = export.span_processor().expect("spans are exported");
    numbers.for_each(|number| processor.on_end(span(number)));
}

/// Exported, dropped because of a full queue, rejected, left at shutdown; and failed requests.
fn counts(signal: &SignalStatistics) -> [u64; 5] {
    [
        read(&signal.exported),
        read(&signal.dropped_queue_full),
        read(&signal.dropped_rejected),
        read(&signal.dropped_shutdown),
        read(&signal.failed_exports),
    ]
}

fn span_counts(export: &Export) -> [u64; 5] {
    counts(&export.statistics().spans)
}
