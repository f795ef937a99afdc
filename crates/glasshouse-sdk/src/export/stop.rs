//! The shutdown signal and its result. The waiter uses a condition variable, so that it can run on
//! a thread of an async runtime.

use parking_lot::{Condvar, Mutex};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// Shutdown budget if all handles are dropped without a signal.
const ABANDONED: Duration = Duration::from_secs(1);

/// Sends the shutdown signal; dropping it has the same effect.
pub(super) struct StopSender(watch::Sender<Option<Instant>>);

/// Receives the shutdown signal.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<Option<Instant>>);

pub(super) fn stop() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(None);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    /// Requests a shutdown until `deadline`; only the first request counts.
    pub(super) fn order(&self, deadline: Instant) {
        self.0.send_if_modified(|order| {
            let first = order.is_none();
            order.get_or_insert(deadline);
            first
        });
    }
}

impl Drop for StopSender {
    fn drop(&mut self) {
        self.order(Instant::now() + ABANDONED);
    }
}

impl Stop {
    /// The shutdown deadline; `None` before the signal.
    pub(super) fn deadline(&self) -> Option<Instant> {
        *self.0.borrow()
    }

    /// Waits for the signal and returns the deadline.
    pub(super) async fn ordered(&mut self) -> Instant {
        loop {
            let order = *self.0.borrow_and_update();
            if let Some(deadline) = order {
                return deadline;
            }
            if self.0.changed().await.is_err() {
                return Instant::now();
            }
        }
    }

    /// Waits for the shutdown deadline.
    pub(super) async fn expired(&mut self) {
        let deadline = self.ordered().await;
        tokio::time::sleep_until(deadline).await;
    }
}

/// Set once when the worker has ended: whether everything was exported.
#[derive(Default)]
pub(super) struct Finished {
    complete: Mutex<Option<bool>>,
    changed: Condvar,
}

impl Finished {
    /// Only the first call counts.
    pub(super) fn set(&self, complete: bool) {
        self.complete.lock().get_or_insert(complete);
        self.changed.notify_all();
    }

    /// Waits up to `timeout`; false also if the worker has not ended by then.
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let mut complete = self.complete.lock();
        self.changed.wait_while_for(&mut complete, |complete| complete.is_none(), timeout);
        complete.unwrap_or(false)
    }
}
