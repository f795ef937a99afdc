//! Requests that wait to be written to the log.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use signals::MemoryReservation;
use tokio::sync::oneshot;

use super::format::Encoded;
use crate::StoreError;
use crate::append::Durability;
use crate::state::Work;

/// Size at which a group is closed.
pub(super) const GROUP_BYTES: usize = 8 << 20;

/// What the writing thread is asked for.
pub(super) enum Item {
    Append(Pending),
    Rotate(oneshot::Sender<Result<(), StoreError>>),
    Stop,
}

/// A request that is not written yet, or not visible yet.
pub(super) struct Pending {
    pub(super) encoded: Encoded,
    pub(super) work: Work,
    pub(super) durability: Durability,
    pub(super) permit: MemoryReservation,
    pub(super) answer: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Item>,
    /// Why no more requests are accepted.
    closed: Option<String>,
}

impl Queue {
    pub(super) fn push(&self, item: Item) -> Result<(), StoreError> {
        {
            let mut waiting = self.waiting.lock();
            if let Some(reason) = &waiting.closed {
                return Err(StoreError::Unavailable(reason.clone()));
            }
            waiting.items.push_back(item);
        }
        self.wake.notify_one();
        Ok(())
    }

    /// Accepts no more requests, because the log failed.
    pub(super) fn close(&self, reason: String) {
        self.waiting.lock().closed = Some(reason);
    }

    /// Accepts no more requests; the writing thread ends after those that wait.
    pub(super) fn stop(&self) {
        {
            let mut waiting = self.waiting.lock();
            waiting.closed.get_or_insert_with(|| "the store is closed".into());
            waiting.items.push_back(Item::Stop);
        }
        self.wake.notify_one();
    }

    /// Drops all requests, which answers them.
    pub(super) fn clear(&self) {
        self.waiting.lock().items.clear();
    }

    /// Waits for work: records for one group, and the item that follows them. Nothing if there is
    /// none within `wait_max`.
    pub(super) fn gather(&self, wait_max: Option<Duration>) -> (Vec<Pending>, Option<Item>) {
        let mut waiting = self.waiting.lock();
        let mut group = Vec::new();
        let mut bytes = 0;
        loop {
            while let Some(item) = waiting.items.pop_front() {
                match item {
                    Item::Append(pending) => {
                        bytes += pending.encoded.stored_bytes();
                        group.push(pending);
                        if bytes >= GROUP_BYTES {
                            return (group, None);
                        }
                    }
                    other => return (group, Some(other)),
                }
            }
            if !group.is_empty() {
                return (group, None);
            }
            match wait_max {
                None => self.wake.wait(&mut waiting),
                Some(wait_max) => {
                    if self.wake.wait_for(&mut waiting, wait_max).timed_out() {
                        return (group, None);
                    }
                }
            }
        }
    }
}
