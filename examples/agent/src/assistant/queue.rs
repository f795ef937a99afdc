//! The task queue, with limits on running and waiting tasks.

use std::sync::atomic::{AtomicU64, Ordering};

use glasshouse_sdk::Telemetry;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock;

/// Maximum number of running tasks.
pub(super) const TASKS_AT_ONCE_MAX: usize = 24;
/// Maximum number of waiting tasks; further ones are rejected.
const WAITING_MAX: u64 = 100;

#[derive(Debug)]
pub(super) struct WorkQueue {
    telemetry: Telemetry,
    places: Semaphore,
    waiting: AtomicU64,
}

impl WorkQueue {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let places = Semaphore::new(TASKS_AT_ONCE_MAX);
        Self { telemetry: telemetry.clone(), places, waiting: AtomicU64::new(0) }
    }

    /// Whether the queue has no room for another task.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= WAITING_MAX
    }

    /// Waits for a permit. `None` only during shutdown.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let begin = clock::now();
        let waiting = Waiting::begin(self);
        let place = self.places.acquire().await.ok();
        drop(waiting);
        self.telemetry.queue().wait(super::NAME, begin.elapsed());
        place
    }
}

/// Counts a waiting task until dropped, including on cancellation.
struct Waiting<'a>(&'a WorkQueue);

impl<'a> Waiting<'a> {
    fn begin(queue: &'a WorkQueue) -> Self {
        let before = queue.waiting.fetch_add(1, Ordering::Relaxed);
        queue.telemetry.queue().depth(super::NAME, before + 1);
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let before = self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.telemetry.queue().depth(super::NAME, before.saturating_sub(1));
    }
}
