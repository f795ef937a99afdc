//! Bounded queues between the service's threads and the worker. Sending never blocks: items are
//! dropped and counted if the queue is full.
//!
//! A producer wakes the worker only for the first item of a batch and for a full batch: a wake-up
//! per span would cost more than the span itself.

use super::{
    settings::{ExportLimits, Signal},
    statistics::{ExportStatistics, SignalStatistics, add},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::SyncSender,
    },
    time::Duration,
};
use tokio::{
    sync::{
        Notify,
        mpsc::{self, error::TrySendError},
    },
    time::Instant,
};

/// Estimates the size of an item, in bytes.
pub(super) trait Weigh {
    fn weight_bytes(&self) -> usize;
}

enum Entry<T> {
    Item {
        item: T,
        weight: usize,
    },
    /// Acknowledged when all previous items have been sent.
    Flush(SyncSender<()>),
}

struct Shared {
    signal: Signal,
    statistics: Arc<ExportStatistics>,
    limits: ExportLimits,
    bytes: AtomicUsize,
    /// Signals a full or requested batch.
    ready: Notify,
    /// Signals dropped items to the logging task.
    dropped: Arc<Notify>,
}

impl Shared {
    fn statistics(&self) -> &SignalStatistics {
        self.statistics.of(self.signal)
    }
}

/// The sending half.
pub(super) struct QueueSender<T> {
    sender: mpsc::Sender<Entry<T>>,
    shared: Arc<Shared>,
}

impl<T> Clone for QueueSender<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for QueueSender<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("QueueSender")
            .field("signal", &self.shared.signal)
            .finish_non_exhaustive()
    }
}

impl<T: Weigh> QueueSender<T> {
    /// Queues `item` for the worker, or drops and counts it.
    pub(super) fn send(&self, item: T) {
        let weight = item.weight_bytes();
        let shared = &self.shared;
        let before = shared.bytes.fetch_add(weight, Ordering::Relaxed);
        if before.saturating_add(weight) > shared.limits.queue_bytes {
            shared.bytes.fetch_sub(weight, Ordering::Relaxed);
            add(&shared.statistics().dropped_queue_full, 1);
            shared.dropped.notify_one();
            return;
        }
        match self.sender.try_send(Entry::Item { item, weight }) {
            Ok(()) => {
                if self.waiting() >= shared.limits.batch || before >= shared.limits.batch_bytes {
                    shared.ready.notify_one();
                }
            }
            Err(error) => {
                shared.bytes.fetch_sub(weight, Ordering::Relaxed);
                match error {
                    TrySendError::Full(_) => {
                        add(&shared.statistics().dropped_queue_full, 1);
                        shared.dropped.notify_one();
                    }
                    TrySendError::Closed(_) => add(&shared.statistics().dropped_shutdown, 1),
                }
            }
        }
    }

    fn waiting(&self) -> usize {
        self.sender.max_capacity().saturating_sub(self.sender.capacity())
    }

    /// Requests an export of everything in the queue, and waits up to `timeout` for it. Returns
    /// false on a timeout.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let (acknowledge, acknowledged) = std::sync::mpsc::sync_channel(1);
        if self.sender.try_send(Entry::Flush(acknowledge)).is_err() {
            return false;
        }
        self.shared.ready.notify_one();
        acknowledged.recv_timeout(timeout).is_ok()
    }
}

/// The items of one request, and the waiter for it.
pub(super) struct Batch<T> {
    pub(super) items: Vec<T>,
    flushed: Option<SyncSender<()>>,
}

impl<T> Batch<T> {
    /// Notifies the waiter of a flush that the batch has been processed.
    pub(super) fn acknowledge(flushed: Option<SyncSender<()>>) {
        if let Some(flushed) = flushed {
            // The waiter may have timed out.
            let _ = flushed.try_send(());
        }
    }

    pub(super) fn into_parts(self) -> (Vec<T>, Option<SyncSender<()>>) {
        (self.items, self.flushed)
    }
}

/// The receiving half.
pub(super) struct QueueReceiver<T> {
    receiver: mpsc::Receiver<Entry<T>>,
    shared: Arc<Shared>,
    /// Received, but not part of a batch yet.
    first: Option<(Entry<T>, Instant)>,
}

/// A queue of `capacity` items.
pub(super) fn queue<T>(
    signal: Signal,
    capacity: usize,
    limits: ExportLimits,
    statistics: Arc<ExportStatistics>,
    dropped: Arc<Notify>,
) -> (QueueSender<T>, QueueReceiver<T>) {
    let (sender, receiver) = mpsc::channel(capacity.clamp(1, 1 << 20));
    let limits = ExportLimits { batch: limits.batch.clamp(1, capacity.max(1)), ..limits };
    let shared = Arc::new(Shared {
        signal,
        statistics,
        limits,
        bytes: AtomicUsize::new(0),
        ready: Notify::new(),
        dropped,
    });
    let sender = QueueSender { sender, shared: Arc::clone(&shared) };
    (sender, QueueReceiver { receiver, shared, first: None })
}

impl<T> QueueReceiver<T> {
    pub(super) fn signal(&self) -> Signal {
        self.shared.signal
    }

    /// The next batch: full, old enough, or requested by a flush. `None` if all senders are gone.
    /// Cancel safe.
    pub(super) async fn next_batch(&mut self) -> Option<Batch<T>> {
        let deadline = if let Some((_, deadline)) = &self.first {
            *deadline
        } else {
            let entry = self.receiver.recv().await?;
            let deadline = Instant::now() + self.shared.limits.batch_delay;
            self.first = Some((entry, deadline));
            deadline
        };
        let flush = matches!(self.first, Some((Entry::Flush(_), _)));
        let full = self.receiver.len() + 1 >= self.shared.limits.batch
            || self.shared.bytes.load(Ordering::Relaxed) >= self.shared.limits.batch_bytes;
        if !flush && !full {
            tokio::select! {
                () = self.shared.ready.notified() => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
        Some(self.collect())
    }

    /// Closes the queue: further items count as dropped.
    pub(super) fn close(&mut self) {
        self.receiver.close();
    }

    /// The next batch of a closed queue.
    pub(super) async fn next_remaining(&mut self) -> Option<Batch<T>> {
        if self.first.is_none() {
            let entry = self.receiver.recv().await?;
            self.first = Some((entry, Instant::now()));
        }
        Some(self.collect())
    }

    /// Discards the rest of a closed queue and returns the number of items.
    pub(super) async fn discard(&mut self) -> u64 {
        let mut discarded = 0;
        while let Some(batch) = self.next_remaining().await {
            discarded += batch.items.len() as u64;
        }
        discarded
    }

    fn collect(&mut self) -> Batch<T> {
        let limits = self.shared.limits;
        let mut batch = Batch { items: Vec::with_capacity(16), flushed: None };
        let mut bytes = 0_usize;
        let mut next = self.first.take().map(|(entry, _)| entry);
        loop {
            match next.take().or_else(|| self.receiver.try_recv().ok()) {
                Some(Entry::Item { item, weight }) => {
                    self.shared.bytes.fetch_sub(weight, Ordering::Relaxed);
                    bytes = bytes.saturating_add(weight);
                    batch.items.push(item);
                }
                Some(Entry::Flush(acknowledge)) => {
                    batch.flushed = Some(acknowledge);
                    return batch;
                }
                None => return batch,
            }
            if batch.items.len() >= limits.batch || bytes >= limits.batch_bytes {
                return batch;
            }
        }
    }
}
