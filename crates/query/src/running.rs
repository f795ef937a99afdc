//! State of a running query, cancellation and memory, accessible deep inside its loops.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use datafusion::common::runtime::{JoinSetTracer, set_join_set_tracer};
use futures::FutureExt;
use futures::future::BoxFuture;
use signals::{MemoryBudget, MemoryReservation};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::QueryError;

/// Maximum bytes of text that the templates and functions of one query may produce in total.
const MADE_BYTES_MAX: usize = 4 << 30;

tokio::task_local! {
    static CURRENT: Arc<Running>;
}

/// A running query.
#[derive(Debug)]
pub(crate) struct Running {
    is_over: AtomicBool,
    made_bytes: AtomicUsize,
    /// The most rows that a window had.
    window_rows: AtomicUsize,
    memory: Arc<MemoryReservation>,
    /// Checked where no other thread watches the query.
    watched: Option<Watched>,
}

/// What ends a query that nobody watches.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) deadline: Instant,
    pub(crate) is_paused: watch::Receiver<bool>,
}

impl Watched {
    /// Whether the query must end.
    pub(crate) fn is_over(&self) -> bool {
        *self.is_paused.borrow() || Instant::now() >= self.deadline
    }
}

impl Running {
    /// A query whose memory is charged to a budget.
    pub(crate) fn new(memory: &MemoryBudget) -> Self {
        Self {
            is_over: AtomicBool::new(false),
            made_bytes: AtomicUsize::new(0),
            window_rows: AtomicUsize::new(0),
            memory: Arc::new(memory.reservation()),
            watched: None,
        }
    }

    /// A query that watches itself.
    pub(crate) fn watching(memory: &MemoryBudget, watched: Watched) -> Self {
        Self { watched: Some(watched), ..Self::new(memory) }
    }

    /// Cancels the query: no client waits for its answer.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), QueryError> {
        let is_over = self.is_over.load(Ordering::Relaxed);
        if is_over || self.watched.as_ref().is_some_and(Watched::is_over) {
            return Err(QueryError::Internal("the query has ended".to_owned()));
        }
        if self.made_bytes.load(Ordering::Relaxed) > MADE_BYTES_MAX {
            return Err(QueryError::TooLarge(format!(
                "the templates of the query produce more than {} GiB of text; narrow its time range \
                 or filter lines first",
                MADE_BYTES_MAX >> 30
            )));
        }
        Ok(())
    }

    /// Runs a future of this query.
    pub(crate) fn scope<F: Future>(self: Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}

/// Called in every potentially long loop: returns an error when the query has ended or has produced
/// too much text. Cheap.
///
/// # Errors
/// [`QueryError::TooLarge`]; [`QueryError::Internal`], which is never reported to a client.
pub(crate) fn check() -> Result<(), QueryError> {
    CURRENT.try_with(|running| running.check()).unwrap_or(Ok(()))
}

/// The memory reservation of the query, for DataFusion's operators and functions; `None` outside of
/// a query.
pub(crate) fn memory() -> Option<Arc<MemoryReservation>> {
    CURRENT.try_with(|running| Arc::clone(&running.memory)).ok()
}

/// Counts bytes of text that the query produced.
///
/// # Errors
/// As [`check`].
pub(crate) fn made(bytes: usize) -> Result<(), QueryError> {
    let counted = CURRENT.try_with(|running| {
        running.made_bytes.fetch_add(bytes, Ordering::Relaxed);
        running.check()
    });
    counted.unwrap_or(Ok(()))
}

/// Notes the number of rows of a window.
pub(crate) fn note_window_rows(rows: usize) {
    let _ = CURRENT.try_with(|running| running.window_rows.fetch_max(rows, Ordering::Relaxed));
}

/// The most rows that a window of the query has so far.
pub(crate) fn window_rows() -> usize {
    CURRENT.try_with(|running| running.window_rows.load(Ordering::Relaxed)).unwrap_or_default()
}

/// Makes tasks that DataFusion starts for a query inherit its state.
pub(crate) fn follow_tasks() {
    // Set once for the process; all sessions use the same tracer.
    let _ = set_join_set_tracer(&Inherit);
}

struct Inherit;

impl JoinSetTracer for Inherit {
    fn trace_future(
        &self,
        future: BoxFuture<'static, Box<dyn Any + Send>>,
    ) -> BoxFuture<'static, Box<dyn Any + Send>> {
        match CURRENT.try_with(Arc::clone) {
            Ok(running) => running.scope(future).boxed(),
            Err(_) => future,
        }
    }

    fn trace_block(
        &self,
        block: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>,
    ) -> Box<dyn FnOnce() -> Box<dyn Any + Send> + Send> {
        match CURRENT.try_with(Arc::clone) {
            Ok(running) => Box::new(move || CURRENT.sync_scope(running, block)),
            Err(_) => block,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_query_that_made_too_much_text_fails_and_not_only_its_lines() {
        assert!(made(usize::MAX).is_ok(), "outside of a query");
        let running = Arc::new(Running::new(&MemoryBudget::new("queries", 1 << 30)));
        let (first, next, looked) =
            Arc::clone(&running).scope(async { (made(MADE_BYTES_MAX), made(1), check()) }).await;
        assert!(first.is_ok());
        for result in [next, looked] {
            assert!(matches!(result, Err(QueryError::TooLarge(_))), "{result:?}");
        }
        running.end();
        let ended = running.scope(async { check() }).await;
        assert!(matches!(ended, Err(QueryError::Internal(_))), "{ended:?}");
    }
}
