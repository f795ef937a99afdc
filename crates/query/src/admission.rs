//! Admission control: for each class of queries a fair queue that bounds running and waiting
//! queries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::QueryError;

/// Queries that may wait for each running one.
const WAITING_PER_RUNNING_MAX: usize = 32;

/// The origin of a query. Each class has its own permits, so that no class delays another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    /// Users: the page, Grafana, the command line.
    #[default]
    Interactive,
    /// Recording and alerting rules, which must keep their interval.
    Rules,
    /// Work that no user waits for, such as scrapes.
    Background,
}

/// The queues of all classes.
#[derive(Debug)]
pub(crate) struct Queues {
    interactive: Queue,
    rules: Queue,
    background: Queue,
}

impl Queues {
    /// Queues for `concurrency` interactive queries, half as many for rules, one for the background.
    pub(crate) fn new(concurrency: usize) -> Self {
        Self {
            interactive: Queue::new(concurrency),
            rules: Queue::new(concurrency.div_ceil(2)),
            background: Queue::new(1),
        }
    }

    /// Waits for a permit.
    pub(crate) async fn enter(&self, class: Class) -> Result<Permit, QueryError> {
        let queue = match class {
            Class::Interactive => &self.interactive,
            Class::Rules => &self.rules,
            Class::Background => &self.background,
        };
        queue.enter().await
    }
}

/// Permission to run one query, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _inside: OwnedSemaphorePermit,
}

/// Admits queries in order of arrival.
#[derive(Debug)]
struct Queue {
    inside: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// Counts one waiting query until it is dropped, also when its future is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Queue {
    /// A queue for `concurrency` queries (at least one).
    fn new(concurrency: usize) -> Self {
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            inside: Arc::new(Semaphore::new(concurrency)),
            waiting: AtomicUsize::new(0),
            waiting_max: concurrency.saturating_mul(WAITING_PER_RUNNING_MAX),
        }
    }

    /// Waits for a permit.
    async fn enter(&self) -> Result<Permit, QueryError> {
        if let Ok(inside) = Arc::clone(&self.inside).try_acquire_owned() {
            return Ok(Permit { _inside: inside });
        }
        let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        if ahead >= self.waiting_max {
            return Err(QueryError::Busy(format!(
                "{ahead} queries are waiting already; try again later"
            )));
        }
        let entered = Arc::clone(&self.inside).acquire_owned().await;
        drop(waiting);
        match entered {
            Ok(inside) => Ok(Permit { _inside: inside }),
            Err(closed) => Err(QueryError::Internal(closed.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn a_query_waits_for_its_permit_and_may_give_up() {
        let queue = Queue::new(1);
        let first = queue.enter().await.unwrap();
        assert!(timeout(MILLISECOND, queue.enter()).await.is_err());
        drop(first);
        assert!(queue.enter().await.is_ok());
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn no_class_waits_for_another() {
        let queues = Queues::new(1);
        let mut permits = Vec::new();
        for class in [Class::Interactive, Class::Rules, Class::Background] {
            permits.push(queues.enter(class).await.unwrap());
            assert!(timeout(MILLISECOND, queues.enter(class)).await.is_err(), "{class:?}");
        }
    }

    #[tokio::test]
    async fn too_many_waiting_queries_are_refused_at_once() {
        let queue = Arc::new(Queue::new(1));
        let _first = queue.enter().await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..WAITING_PER_RUNNING_MAX {
            let queue = Arc::clone(&queue);
            waiting.spawn(async move { queue.enter().await.map(drop) });
        }
        while queue.waiting.load(Ordering::Relaxed) < WAITING_PER_RUNNING_MAX {
            tokio::task::yield_now().await;
        }
        assert!(matches!(queue.enter().await, Err(QueryError::Busy(_))));
        waiting.shutdown().await;
        assert_eq!(queue.waiting.load(Ordering::Relaxed), 0);
    }
}
