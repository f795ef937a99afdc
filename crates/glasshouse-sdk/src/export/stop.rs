//! The order to stop, and the answer to it. The one who orders waits on a plain condition variable,
//! so that it works on a thread of an async runtime too.

use parking_lot::{Condvar, Mutex};
use std::time::Duration;
use tokio::{sync::watch, time::Instant};

/// Time for the last batches when every handle went away without an order.
const ABANDONED: Duration = Duration::from_secs(1);

/// Gives the order; when it goes away, that is an order too.
pub(super) struct StopSender(watch::Sender<Option<Instant>>);

/// Hears the order.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<Option<Instant>>);

pub(super) fn stop() -> (StopSender, Stop) {
    let (sender, receiver) = watch::channel(None);
    (StopSender(sender), Stop(receiver))
}

impl StopSender {
    /// Everything ends at `deadline`; only the first order counts.
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
    /// When everything must have ended; `None` before the order.
    pub(super) fn deadline(&self) -> Option<Instant> {
        *self.0.borrow()
    }

    /// Waits for the order; the deadline.
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

    /// Waits until the time given with the order is over.
    pub(super) async fn expired(&mut self) {
        let deadline = self.ordered().await;
        tokio::time::sleep_until(deadline).await;
    }
}

/// Set once, when the worker has ended: whether everything was sent.
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

    /// Waits up to `timeout`; false also when the worker has not ended by then.
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let mut complete = self.complete.lock();
        self.changed.wait_while_for(&mut complete, |complete| complete.is_none(), timeout);
        complete.unwrap_or(false)
    }
}
