//! Everything that leaves the service: spans, log records and metrics to their backends, and the
//! address that Prometheus scrapes. One thread of its own does it; handing something over never
//! blocks, queues are bounded, and what is lost is counted. What is exported, and when, is decided
//! elsewhere.

mod deliver;
mod jaeger;
mod listener;
mod otlp;
mod queue;
mod settings;
mod spans;
mod statistics;
mod stop;
#[cfg(test)]
mod tests;
mod transport;
mod value;
mod warnings;
mod worker;
mod zipkin;

pub(crate) use settings::{
    ExportLimits, ExportSettings, OtlpTarget, Protocol, Rewrite, Secret, Signal, SpanTarget,
};
pub(crate) use spans::{LogQueue, QueueSpanProcessor};
pub(crate) use statistics::{ExportStatistics, read};

use deliver::Deliverer;
use opentelemetry_proto::{
    tonic::collector::metrics::v1::ExportMetricsServiceRequest,
    transform::common::tonic::ResourceAttributesWithSchema,
};
use opentelemetry_sdk::Resource;
use std::{
    cell::Cell,
    net::SocketAddr,
    sync::{Arc, mpsc::sync_channel},
    thread,
    time::Duration,
};
use stop::{Finished, StopSender};
use tokio::{sync::Notify, time::Instant};
use transport::Transport;
use worker::{Drain, Push, SpanEncoding, Work};

/// The worker ends this much before the budget, to say what it left: a tenth of it, at most this.
const MARGIN: Duration = Duration::from_millis(100);

thread_local! {
    static WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the thread that exports. Its own lines and spans are not exported: each export
/// would make new ones.
pub(crate) fn is_worker_thread() -> bool {
    WORKER.get()
}

/// The metrics as the export sees them.
pub(crate) trait MetricsSource: Send + Sync + 'static {
    /// All of them, for a push.
    fn collect_otlp(&self) -> ExportMetricsServiceRequest;
    /// All of them, for a scrape: content type and body, by the header `Accept`.
    fn exposition(&self, accept: &str) -> (&'static str, String);
}

/// The running export. Dropping it without `shutdown` leaves the worker one second.
pub(crate) struct Export {
    spans: Option<QueueSpanProcessor>,
    logs: Option<LogQueue>,
    listener: Option<SocketAddr>,
    statistics: Arc<ExportStatistics>,
    stop: StopSender,
    finished: Arc<Finished>,
}

impl Export {
    /// Starts the worker. Never fails: each part that cannot be started is one warning, and then
    /// does nothing.
    pub(crate) fn start(
        settings: ExportSettings,
        metrics: Arc<dyn MetricsSource>,
    ) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let statistics = Arc::new(ExportStatistics::default());
        let dropped = Arc::new(Notify::new());
        let (stop_sender, stop) = stop::stop();
        let finished = Arc::new(Finished::default());
        let ExportSettings { resource, spans, logs, metrics: push, listener, rewrite, limits } =
            settings;
        let deliverer = |signal, transport| {
            let statistics = Arc::clone(&statistics);
            Deliverer::new(signal, transport, statistics, stop.clone(), limits.first_retry)
        };
        let (spans, span_drain) = spans
            .and_then(|target| {
                let (transport, encoding) = span_target(&target, &resource, &mut warnings)?;
                let (sender, queue) = queue::queue(
                    Signal::Spans,
                    limits.span_queue,
                    limits,
                    Arc::clone(&statistics),
                    Arc::clone(&dropped),
                );
                let deliverer = deliverer(Signal::Spans, transport);
                Some((QueueSpanProcessor(sender), Drain { queue, deliverer, encoding }))
            })
            .unzip();
        let (logs, log_drain) = logs
            .and_then(|target| {
                let transport = otlp_target(&target, Signal::Logs, &mut warnings)?;
                let (sender, queue) = queue::queue(
                    Signal::Logs,
                    limits.log_queue,
                    limits,
                    Arc::clone(&statistics),
                    Arc::clone(&dropped),
                );
                let deliverer = deliverer(Signal::Logs, transport);
                let encoding = ResourceAttributesWithSchema::from(&resource);
                Some((LogQueue(sender), Drain { queue, deliverer, encoding }))
            })
            .unzip();
        let push = push.and_then(|(target, interval)| {
            let transport = otlp_target(&target, Signal::Metrics, &mut warnings)?;
            Some(Push { deliverer: deliverer(Signal::Metrics, transport), interval })
        });
        let (socket, listener) = listener
            .and_then(|address| {
                listener::bind(address).map_err(|warning| warnings.push(warning)).ok()
            })
            .unzip();
        let mut export = Self {
            spans,
            logs,
            listener,
            statistics: Arc::clone(&statistics),
            stop: stop_sender,
            finished,
        };
        let idle =
            span_drain.is_none() && log_drain.is_none() && push.is_none() && socket.is_none();
        if idle {
            export.finished.set(true);
            return (export, warnings);
        }
        let work = Work {
            spans: span_drain,
            rewrite,
            logs: log_drain,
            push,
            listener: socket,
            metrics,
            statistics,
            dropped,
            stop,
        };
        if let Err(error) = export.spawn(work) {
            warnings.push(format!("nothing is exported: its thread cannot start: {error}"));
            (export.spans, export.logs, export.listener) = (None, None, None);
            export.finished.set(true);
        }
        (export, warnings)
    }

    fn spawn(&self, work: Work) -> std::io::Result<()> {
        let (ready, started) = sync_channel(1);
        let finished = Arc::clone(&self.finished);
        thread::Builder::new()
            .name("glasshouse-sdk".to_owned())
            .spawn(move || worker::run(work, &ready, finished))?;
        started.recv().unwrap_or_else(|_| Err(std::io::Error::other("it ended at once")))
    }

    /// Takes finished spans; `None` when spans are not exported.
    pub(crate) fn span_processor(&self) -> Option<QueueSpanProcessor> {
        self.spans.clone()
    }

    /// Takes log records; `None` when they are not exported.
    pub(crate) fn log_queue(&self) -> Option<LogQueue> {
        self.logs.clone()
    }

    /// Where `/metrics` is served, with the real port.
    pub(crate) fn listener(&self) -> Option<SocketAddr> {
        self.listener
    }

    /// What became of everything so far.
    pub(crate) fn statistics(&self) -> Arc<ExportStatistics> {
        Arc::clone(&self.statistics)
    }

    /// Sends everything that is queued, pushes the metrics a last time and closes the listener, all
    /// within `budget`. False when something was left, which then counts as dropped. Further calls
    /// wait for the same end.
    ///
    /// Waits without a runtime, so that it may be called anywhere, in `Drop` too.
    pub(crate) fn shutdown(&self, budget: Duration) -> bool {
        let time = budget.saturating_sub(MARGIN.min(budget / 10));
        let now = Instant::now();
        self.stop.order(now.checked_add(time).unwrap_or(now));
        if is_worker_thread() {
            // The worker cannot wait for itself.
            return false;
        }
        self.finished.wait(budget)
    }
}

fn span_target(
    target: &SpanTarget,
    resource: &Resource,
    warnings: &mut Vec<String>,
) -> Option<(Transport, SpanEncoding)> {
    let transport = match target {
        SpanTarget::Otlp(target) => {
            return otlp_target(target, Signal::Spans, warnings)
                .map(|transport| (transport, SpanEncoding::Otlp(resource.into())));
        }
        SpanTarget::Zipkin { url } => Transport::zipkin(url).map(|transport| {
            (transport, SpanEncoding::Zipkin(zipkin::ZipkinService::new(resource)))
        }),
        SpanTarget::JaegerThrift { url } => Transport::jaeger(url).map(|transport| {
            (transport, SpanEncoding::Jaeger(jaeger::JaegerProcess::new(resource)))
        }),
    };
    transport.map_err(|reason| not_exported(Signal::Spans, &reason, warnings)).ok()
}

fn otlp_target(
    target: &OtlpTarget,
    signal: Signal,
    warnings: &mut Vec<String>,
) -> Option<Transport> {
    let transport = Transport::otlp(target, signal, warnings);
    transport.map_err(|reason| not_exported(signal, &reason, warnings)).ok()
}

fn not_exported(signal: Signal, reason: &str, warnings: &mut Vec<String>) {
    warnings.push(format!("{} are not exported: {reason}", signal.as_str()));
}

/// `service.name` of a resource, or what OpenTelemetry says instead.
fn service_name(resource: &Resource) -> String {
    resource
        .get_ref(&opentelemetry::Key::from_static_str("service.name"))
        .map_or_else(|| "unknown_service".to_owned(), |name| value::text(name).into_owned())
}
