//! The thread `glasshouse-sdk`: a small runtime with one task per signal, so that a slow backend of
//! one signal does not delay the others.

use super::{
    MetricsSource, WORKER,
    deliver::{Delivered, Deliverer},
    jaeger::JaegerProcess,
    listener, otlp,
    queue::{Batch, QueueReceiver},
    settings::Rewrite,
    statistics::{ExportStatistics, add},
    stop::{Finished, Stop},
    warnings::{TARGET, watch_drops},
    zipkin::ZipkinService,
};
use bytes::Bytes;
use opentelemetry::Context;
use opentelemetry_proto::{
    tonic::logs::v1::LogRecord, transform::common::tonic::ResourceAttributesWithSchema,
};
use opentelemetry_sdk::trace::SpanData;
use prost::Message;
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};
use tracing::Dispatch;

/// Threads for DNS lookups; a stuck lookup blocks one.
const RESOLVERS: usize = 4;

/// The encoding of spans for their backend.
pub(super) enum SpanEncoding {
    Otlp(ResourceAttributesWithSchema),
    Zipkin(ZipkinService),
    Jaeger(JaegerProcess),
}

impl SpanEncoding {
    fn encode(&self, mut spans: Vec<SpanData>, rewrite: Option<&Rewrite>) -> Option<Bytes> {
        if let Some(rewrite) = rewrite {
            for span in &mut spans {
                rewrite(span);
            }
        }
        match self {
            Self::Otlp(resource) => Some(otlp::spans(spans, resource)),
            Self::Zipkin(service) => service.encode(&spans),
            Self::Jaeger(process) => Some(process.encode(&spans)),
        }
    }
}

/// Exports one queue.
pub(super) struct Drain<T, E> {
    pub(super) queue: QueueReceiver<T>,
    pub(super) deliverer: Deliverer,
    pub(super) encoding: E,
}

/// Exports metrics.
pub(super) struct Push {
    pub(super) deliverer: Deliverer,
    pub(super) interval: Duration,
}

/// All tasks of the worker.
pub(super) struct Work {
    pub(super) spans: Option<Drain<SpanData, SpanEncoding>>,
    pub(super) rewrite: Option<Rewrite>,
    pub(super) logs: Option<Drain<LogRecord, ResourceAttributesWithSchema>>,
    pub(super) push: Option<Push>,
    pub(super) listener: Option<std::net::TcpListener>,
    pub(super) metrics: Arc<dyn MetricsSource>,
    pub(super) statistics: Arc<ExportStatistics>,
    pub(super) dropped: Arc<Notify>,
    pub(super) stop: Stop,
    /// The subscriber for the worker's own lines, if it is not the global one.
    pub(super) subscribed: oneshot::Receiver<Dispatch>,
}

/// The thread's main function. Reports on `ready` whether it could start, and sets `finished` when
/// it ends, even by a panic.
pub(super) fn run(work: Work, ready: &SyncSender<io::Result<()>>, finished: Arc<Finished>) {
    struct AtEnd(Arc<Finished>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            self.0.set(false);
        }
    }
    let at_end = AtEnd(finished);
    WORKER.set(true);
    // Spans and log lines created by the export are not exported.
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(RESOLVERS)
        .thread_name("glasshouse-sdk-dns")
        .on_thread_start(|| WORKER.set(true))
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.try_send(Err(error));
            return;
        }
    };
    let _ = ready.try_send(Ok(()));
    let complete = runtime.block_on(all(work));
    at_end.0.set(complete);
    // A DNS lookup may hang for a long time.
    runtime.shutdown_background();
}

/// Runs until shutdown; returns whether everything was exported.
async fn all(work: Work) -> bool {
    let Work {
        spans,
        rewrite,
        logs,
        push,
        listener,
        metrics,
        statistics,
        dropped,
        mut stop,
        subscribed,
    } = work;
    let mut signals = JoinSet::new();
    if let Some(drain) = spans {
        let encode = move |encoding: &SpanEncoding, items| encoding.encode(items, rewrite.as_ref());
        signals.spawn(drain_queue(drain, encode, Arc::clone(&statistics), stop.clone()));
    }
    if let Some(drain) = logs {
        let encode =
            |resource: &ResourceAttributesWithSchema, items| Some(otlp::logs(items, resource));
        signals.spawn(drain_queue(drain, encode, Arc::clone(&statistics), stop.clone()));
    }
    if let Some(push) = push {
        signals.spawn(push_metrics(push, Arc::clone(&metrics), stop.clone()));
    }
    let mut services = JoinSet::new();
    services.spawn(watch_drops(statistics, dropped));
    if let Some(socket) = listener {
        services.spawn(listener::serve(socket, metrics));
    }
    tokio::select! {
        // First, so that a service that stops immediately still logs export errors.
        biased;
        dispatch = subscribed => if let Ok(dispatch) = dispatch {
            // Until the end of the thread, which ends with the guard.
            std::mem::forget(tracing::dispatcher::set_default(&dispatch));
        },
        _ = stop.ordered() => {}
    }
    stop.ordered().await;
    services.shutdown().await;
    let mut complete = true;
    while let Some(ended) = signals.join_next().await {
        complete &= ended.unwrap_or_else(|error| {
            tracing::error!(target: TARGET, %error, "a part of the export failed");
            false
        });
    }
    complete
}

/// Exports items as they are queued, and the rest at shutdown.
async fn drain_queue<T, E>(
    drain: Drain<T, E>,
    encode: impl Fn(&E, Vec<T>) -> Option<Bytes>,
    statistics: Arc<ExportStatistics>,
    mut stop: Stop,
) -> bool {
    let Drain { mut queue, mut deliverer, encoding } = drain;
    let encode = |items| encode(&encoding, items);
    let mut complete = true;
    loop {
        let batch = tokio::select! {
            batch = queue.next_batch() => batch,
            _ = stop.ordered() => None,
        };
        let Some(batch) = batch else { break };
        if send(&mut deliverer, batch, &encode).await == Delivered::Left {
            complete = false;
            break;
        }
    }
    queue.close();
    while complete && let Some(batch) = queue.next_remaining().await {
        complete = send(&mut deliverer, batch, &encode).await == Delivered::Answered;
    }
    let discarded = queue.discard().await;
    add(&statistics.of(queue.signal()).dropped_shutdown, discarded);
    complete && discarded == 0
}

async fn send<T>(
    deliverer: &mut Deliverer,
    batch: Batch<T>,
    encode: &impl Fn(Vec<T>) -> Option<Bytes>,
) -> Delivered {
    let (items, flushed) = batch.into_parts();
    let count = items.len() as u64;
    if count == 0 {
        Batch::<T>::acknowledge(flushed);
        return Delivered::Answered;
    }
    // A panic in a rewrite or in an encoder loses only this batch.
    let body = catch_unwind(AssertUnwindSafe(|| encode(items))).ok().flatten();
    let delivered = if let Some(body) = body {
        deliverer.deliver(body, count, None).await
    } else {
        deliverer.not_encoded(count);
        Delivered::Answered
    };
    if delivered == Delivered::Answered {
        Batch::<T>::acknowledge(flushed);
    }
    delivered
}

/// Pushes all metrics at each interval and once more at shutdown. A failed push is retried until
/// the next one is due, which supersedes it.
async fn push_metrics(push: Push, metrics: Arc<dyn MetricsSource>, mut stop: Stop) -> bool {
    let Push { mut deliverer, interval } = push;
    let interval = interval.max(Duration::from_millis(10));
    let mut ticks = tokio::time::interval_at(Instant::now() + interval, interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.ordered() => break,
        }
        let until = Instant::now() + interval;
        tokio::select! {
            _ = push_once(&mut deliverer, metrics.as_ref(), Some(until)) => {}
            // The final push supersedes this one.
            _ = stop.ordered() => break,
        }
    }
    push_once(&mut deliverer, metrics.as_ref(), None).await == Delivered::Answered
}

async fn push_once(
    deliverer: &mut Deliverer,
    metrics: &dyn MetricsSource,
    until: Option<Instant>,
) -> Delivered {
    let Ok(request) = catch_unwind(AssertUnwindSafe(|| metrics.collect_otlp())) else {
        deliverer.not_encoded(0);
        return Delivered::Answered;
    };
    let points = otlp::data_points(&request);
    if points == 0 {
        return Delivered::Answered;
    }
    deliverer.deliver(request.encode_to_vec().into(), points, until).await
}
