//! Exports spans, log records and metrics, and serves the metrics endpoint. All of it runs on one
//! dedicated thread; handing data over never blocks, queues are bounded, and losses are counted.
//! Other modules decide what is exported, and when.

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

pub use settings::Protocol;
pub(crate) use settings::{
    ExportLimits, ExportSettings, OtlpTarget, Rewrite, Secret, Signal, SpanTarget,
};
pub(crate) use spans::{LogQueue, QueueSpanProcessor};
pub(crate) use statistics::{ExportStatistics, read};

use deliver::Deliverer;
use jaeger::JaegerProcess;
use opentelemetry_proto::{
    tonic::{collector::metrics::v1::ExportMetricsServiceRequest, logs::v1::LogRecord},
    transform::common::tonic::ResourceAttributesWithSchema,
};
use opentelemetry_sdk::{Resource, trace::SpanData};
use parking_lot::Mutex;
use queue::{QueueReceiver, QueueSender};
use std::{
    cell::Cell,
    net::SocketAddr,
    sync::{Arc, mpsc::sync_channel},
    thread,
    time::Duration,
};
use stop::{Finished, Stop, StopSender};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};
use tracing::Dispatch;
use transport::Transport;
use worker::{Drain, Push, SpanEncoding, Work};
use zipkin::ZipkinService;

/// Time that the worker reserves to report losses: a tenth of the budget, at most this.
const MARGIN: Duration = Duration::from_millis(100);

thread_local! {
    static WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this is the export thread. Its own log lines and spans are not exported, because each
/// export would create new ones.
pub(crate) fn is_worker_thread() -> bool {
    WORKER.get()
}

/// The source of metrics for the export.
pub(crate) trait MetricsSource: Send + Sync + 'static {
    /// All metrics, for a push.
    fn collect_otlp(&self) -> ExportMetricsServiceRequest;
    /// All metrics, for a scrape: content type and body, negotiated by `Accept`.
    fn exposition(&self, accept: &str) -> (&'static str, String);
}

/// A running export. Dropping it without `shutdown` gives the worker one second.
pub(crate) struct Export {
    spans: Option<QueueSpanProcessor>,
    logs: Option<LogQueue>,
    listener: Option<SocketAddr>,
    statistics: Arc<ExportStatistics>,
    stop: StopSender,
    finished: Arc<Finished>,
    subscriber: Mutex<Option<oneshot::Sender<Dispatch>>>,
}

impl Export {
    /// Starts the worker. Never fails: a part that cannot start causes a warning and does nothing.
    pub(crate) fn start(
        settings: ExportSettings,
        metrics: Arc<dyn MetricsSource>,
    ) -> (Self, Vec<String>) {
        let ExportSettings { resource, spans, logs, metrics: push, listener, rewrite, limits } =
            settings;
        let (stop_sender, stop) = stop::stop();
        let mut parts = Parts {
            limits,
            statistics: Arc::default(),
            dropped: Arc::default(),
            stop,
            warnings: Vec::new(),
        };
        let (spans, span_drain) = spans.and_then(|target| parts.spans(&target, &resource)).unzip();
        let (logs, log_drain) = logs.and_then(|target| parts.logs(&target, &resource)).unzip();
        let push = push.and_then(|(target, interval)| {
            Some(Push { deliverer: parts.otlp(&target, Signal::Metrics)?, interval })
        });
        let (socket, listener) = listener.and_then(|address| parts.listener(address)).unzip();
        let Parts { statistics, dropped, stop, mut warnings, .. } = parts;
        let (subscriber, subscribed) = oneshot::channel();
        let mut export = Self {
            spans,
            logs,
            listener,
            statistics: Arc::clone(&statistics),
            stop: stop_sender,
            finished: Arc::default(),
            subscriber: Mutex::new(Some(subscriber)),
        };
        if span_drain.is_none() && log_drain.is_none() && push.is_none() && socket.is_none() {
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
            subscribed,
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

    /// Sets the subscriber for the worker's own log lines, if it is not the global one.
    pub(crate) fn report_to(&self, dispatch: Dispatch) {
        if let Some(subscriber) = self.subscriber.lock().take() {
            // Without a worker there is no receiver.
            let _ = subscriber.send(dispatch);
        }
    }

    /// The processor for finished spans; `None` if spans are not exported.
    pub(crate) fn span_processor(&self) -> Option<QueueSpanProcessor> {
        self.spans.clone()
    }

    /// The queue for log records; `None` if they are not exported.
    pub(crate) fn log_queue(&self) -> Option<LogQueue> {
        self.logs.clone()
    }

    /// The actual address of `/metrics`.
    pub(crate) fn listener(&self) -> Option<SocketAddr> {
        self.listener
    }

    /// The counts so far.
    pub(crate) fn statistics(&self) -> Arc<ExportStatistics> {
        Arc::clone(&self.statistics)
    }

    /// Exports everything in the queues, pushes the metrics a last time and closes the listener,
    /// within `budget`. Returns false if anything remained, which then counts as dropped. Further
    /// calls wait for the same result.
    ///
    /// Blocks without a runtime, so that it can be called anywhere, including in `Drop`.
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

/// State shared by the parts of the export during startup. A part that cannot start is `None` and
/// causes a warning.
struct Parts {
    limits: ExportLimits,
    statistics: Arc<ExportStatistics>,
    dropped: Arc<Notify>,
    stop: Stop,
    warnings: Vec<String>,
}

impl Parts {
    fn spans(
        &mut self,
        target: &SpanTarget,
        resource: &Resource,
    ) -> Option<(QueueSpanProcessor, Drain<SpanData, SpanEncoding>)> {
        let (deliverer, encoding) = match target {
            SpanTarget::Otlp(target) => {
                (self.otlp(target, Signal::Spans)?, SpanEncoding::Otlp(resource.into()))
            }
            SpanTarget::Zipkin { url } => (
                self.deliverer(Signal::Spans, Transport::zipkin(url))?,
                SpanEncoding::Zipkin(ZipkinService::new(resource)),
            ),
            SpanTarget::JaegerThrift { url } => (
                self.deliverer(Signal::Spans, Transport::jaeger(url))?,
                SpanEncoding::Jaeger(JaegerProcess::new(resource)),
            ),
        };
        let (sender, queue) = self.queue(Signal::Spans, self.limits.span_queue);
        Some((QueueSpanProcessor(sender), Drain { queue, deliverer, encoding }))
    }

    fn logs(
        &mut self,
        target: &OtlpTarget,
        resource: &Resource,
    ) -> Option<(LogQueue, Drain<LogRecord, ResourceAttributesWithSchema>)> {
        let deliverer = self.otlp(target, Signal::Logs)?;
        let (sender, queue) = self.queue(Signal::Logs, self.limits.log_queue);
        Some((LogQueue(sender), Drain { queue, deliverer, encoding: resource.into() }))
    }

    fn otlp(&mut self, target: &OtlpTarget, signal: Signal) -> Option<Deliverer> {
        let transport = Transport::otlp(target, signal, &mut self.warnings);
        self.deliverer(signal, transport)
    }

    fn deliverer(
        &mut self,
        signal: Signal,
        transport: Result<Transport, String>,
    ) -> Option<Deliverer> {
        let transport = transport.map_err(|reason| {
            self.warnings.push(format!("{} are not exported: {reason}", signal.as_str()));
        });
        let statistics = Arc::clone(&self.statistics);
        let stop = self.stop.clone();
        Some(Deliverer::new(signal, transport.ok()?, statistics, stop, self.limits.first_retry))
    }

    fn queue<T>(&self, signal: Signal, capacity: usize) -> (QueueSender<T>, QueueReceiver<T>) {
        let (statistics, dropped) = (Arc::clone(&self.statistics), Arc::clone(&self.dropped));
        queue::queue(signal, capacity, self.limits, statistics, dropped)
    }

    fn listener(&mut self, address: SocketAddr) -> Option<(std::net::TcpListener, SocketAddr)> {
        listener::bind(address).map_err(|warning| self.warnings.push(warning)).ok()
    }
}

/// `service.name` of a resource, or OpenTelemetry's default.
fn service_name(resource: &Resource) -> String {
    resource
        .get_ref(&opentelemetry::Key::from_static_str("service.name"))
        .map_or_else(|| "unknown_service".to_owned(), |name| value::text(name).into_owned())
}
