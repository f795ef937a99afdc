//! Runs queries on their own threads, at a lower priority; a query that does not end is abandoned.
//!
//! Each query has its own small runtime, so that one that never yields blocks neither sockets nor
//! the log nor other queries. The caller's runtime watches the timeout and whether the client still
//! waits. A query that does not stop when it is cancelled keeps its threads while another takes its
//! permit; when too many are abandoned, queries are refused until some have stopped.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use signals::MemoryBudget;
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinError;
use tokio::time::Instant;

use crate::admission::{Class, Permit, Queues};
use crate::instruments::{Instruments, Language};
use crate::running::{Running, Watched};
use crate::{QueryError, deadline, warnings};

/// A lower priority than that of sockets and the log, which go first when all cores are busy.
const NICENESS: i32 = 5;
/// Threads of one query; more gain little.
const WORKERS_MAX: usize = 8;
/// Threads of one query for blocking file access.
const BLOCKING_MAX: usize = 16;
/// Stack of a thread that evaluates queries: unoptimized, deep ones need more.
pub const STACK_BYTES: usize = if cfg!(debug_assertions) { 8 << 20 } else { 2 << 20 };
/// How long a cancelled query may keep its thread before it counts as abandoned.
const GRACE: Duration = Duration::from_secs(2);
/// Interval between checks of a query that does not end.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Runs queries; see the module.
#[derive(Debug)]
pub(crate) struct Executor {
    queues: Queues,
    timeout: Duration,
    memory: MemoryBudget,
    idle: Mutex<Vec<Threads>>,
    abandoned: AtomicUsize,
    abandoned_max: usize,
    /// While this is true, running queries are ended and no other starts.
    is_paused: watch::Sender<bool>,
    instruments: Instruments,
}

/// The threads of one query.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> Result<Self, QueryError> {
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers.min(WORKERS_MAX))
            .max_blocking_threads(BLOCKING_MAX)
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .on_thread_start(lower_priority)
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
            .map_err(|error| QueryError::Busy(format!("cannot start threads: {error}")))
    }

    /// Whether no task of a query is left on them.
    fn are_idle(&self) -> bool {
        self.0.as_ref().is_none_or(|runtime| runtime.metrics().num_alive_tasks() == 0)
    }
}

/// What a query runs with.
struct Task {
    language: Language,
    permit: Permit,
    threads: Threads,
    deadline: Instant,
}

/// Gives the calling thread the priority of queries; threads that encode answers use it, too.
pub fn lower_priority() {
    // On Linux it applies to one thread. If it is refused, queries keep the normal priority.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A running query; dropping it ends the query.
#[derive(Debug)]
pub(crate) struct Pending<T>(oneshot::Receiver<Result<T, QueryError>>);

impl<T> Pending<T> {
    /// The answer.
    pub(crate) async fn answer(&mut self) -> Result<T, QueryError> {
        match (&mut self.0).await {
            Ok(answer) => answer,
            Err(closed) => Err(QueryError::Internal(closed.to_string())),
        }
    }
}

impl Executor {
    /// An executor for `concurrency` interactive queries at once; each is answered within `timeout`
    /// (see [`deadline`]), and all share `memory`.
    pub(crate) fn new(concurrency: usize, timeout: Duration, memory: MemoryBudget) -> Self {
        Self {
            queues: Queues::new(concurrency),
            timeout,
            memory,
            idle: Mutex::default(),
            abandoned: AtomicUsize::new(0),
            abandoned_max: concurrency.saturating_mul(2).max(2),
            is_paused: watch::Sender::default(),
            instruments: Instruments::default(),
        }
    }

    /// Number of cancelled queries that still run.
    pub(crate) fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Ends all running queries and starts no others until [`Self::resume`].
    pub(crate) fn pause(&self) {
        self.is_paused.send_replace(true);
    }

    /// Starts queries again.
    pub(crate) fn resume(&self) {
        self.is_paused.send_replace(false);
    }

    /// Waits for a permit and starts a query.
    ///
    /// # Errors
    /// [`QueryError::Busy`] when too many queries wait or do not end; [`QueryError::Timeout`] at the
    /// deadline.
    pub(crate) async fn start<T: Send + 'static>(
        self: &Arc<Self>,
        class: Class,
        language: Language,
        query: impl Future<Output = Result<T, QueryError>> + Send + 'static,
    ) -> Result<Pending<T>, QueryError> {
        let (began, deadline) = (Instant::now(), deadline::of_query(self.timeout));
        let late = tokio::time::timeout_at(deadline, self.admit(class)).await;
        let admitted = late.unwrap_or_else(|_elapsed| Err(QueryError::Timeout(self.timeout)));
        if admitted.is_err() {
            self.instruments.ended(language, began.elapsed(), &admitted);
        }
        let (permit, threads) = admitted?;
        let (sender, receiver) = oneshot::channel();
        let instruments = self.instruments.clone();
        let ended = move |answer: &_| instruments.ended(language, began.elapsed(), answer);
        let query = warnings::inherit(query);
        let task = Task { language, permit, threads, deadline };
        tokio::spawn(Arc::clone(self).supervise(task, query, sender, ended));
        Ok(Pending(receiver))
    }

    /// Runs a query on the thread of the caller, which has the priority of queries and nothing to do
    /// that cannot wait: changing threads takes longer than the query of a rule.
    ///
    /// # Errors
    /// [`QueryError::Timeout`] at the deadline; [`QueryError::TooLarge`] when queries are paused.
    pub(crate) async fn run_here<T>(
        &self,
        language: Language,
        query: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        let (began, deadline) = (Instant::now(), deadline::of_query(self.timeout));
        let watched = Watched { deadline, is_paused: self.is_paused.subscribe() };
        let running = Arc::new(Running::watching(&self.memory, watched));
        let resumed = async {
            self.resumed().await;
            running.scope(query).await
        };
        let answer = tokio::time::timeout_at(deadline, resumed).await;
        let mut answer = answer.unwrap_or_else(|_elapsed| Err(QueryError::Timeout(self.timeout)));
        if answer.is_err() && *self.is_paused.borrow() {
            answer = Err(QueryError::TooLarge(OUT_OF_MEMORY.to_owned()));
        } else if answer.is_err() && Instant::now() >= deadline {
            answer = Err(QueryError::Timeout(self.timeout));
        }
        self.instruments.ended(language, began.elapsed(), &answer);
        answer
    }

    /// Waits for a permit, and takes threads.
    async fn admit(&self, class: Class) -> Result<(Permit, Threads), QueryError> {
        let permit = self.queues.enter(class).await?;
        self.resumed().await;
        let abandoned = self.abandoned();
        if abandoned >= self.abandoned_max {
            return Err(QueryError::Busy(format!(
                "{abandoned} cancelled queries still run; try again later"
            )));
        }
        let threads = self.idle.lock().pop();
        Ok((permit, threads.map_or_else(Threads::start, Ok)?))
    }

    /// Histograms of all queries.
    pub(crate) fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// Waits while queries are paused.
    async fn resumed(&self) {
        // It fails only without a sender, which `self` is.
        let _ = self.is_paused.subscribe().wait_for(|paused| !paused).await;
    }

    /// Runs a query until it ends, times out or its client disconnects.
    async fn supervise<T: Send + 'static>(
        self: Arc<Self>,
        task: Task,
        query: impl Future<Output = Result<T, QueryError>> + Send + 'static,
        mut sender: oneshot::Sender<Result<T, QueryError>>,
        ended: impl FnOnce(&Result<T, QueryError>) + Send + 'static,
    ) {
        let Task { language, permit, threads, deadline } = task;
        let Some(runtime) = &threads.0 else { return };
        let running = Arc::new(Running::new(&self.memory));
        let mut is_paused = self.is_paused.subscribe();
        let mut task = runtime.spawn(Arc::clone(&running).scope(query));
        let answer = tokio::select! {
            ended = &mut task => ended.unwrap_or_else(|error| Err(failed(error))),
            () = tokio::time::sleep_until(deadline) => Err(QueryError::Timeout(self.timeout)),
            _ = is_paused.wait_for(|paused| *paused) => {
                Err(QueryError::TooLarge(OUT_OF_MEMORY.to_owned()))
            }
            () = sender.closed() => Err(QueryError::Internal("the client disconnected".to_owned())),
        };
        running.end();
        task.abort();
        ended(&answer);
        let _ = sender.send(answer);
        self.release_threads(language, permit, threads).await;
    }

    /// Releases the threads for the next query as soon as no task is left on them.
    async fn release_threads(&self, language: Language, permit: Permit, threads: Threads) {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(1);
        while !threads.are_idle() && waited < GRACE {
            tokio::time::sleep(pause).await;
            waited += pause;
            pause *= 2;
        }
        if !threads.are_idle() {
            drop(permit);
            self.abandoned.fetch_add(1, Ordering::Relaxed);
            tracing::error!(?language, "a cancelled query is still running; its slot was released");
            let since = Instant::now();
            while !threads.are_idle() {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
            self.abandoned.fetch_sub(1, Ordering::Relaxed);
            let seconds = since.elapsed().as_secs_f64() + GRACE.as_secs_f64();
            tracing::warn!(?language, seconds, "a cancelled query has stopped");
        }
        self.idle.lock().push(threads);
    }
}

/// For all queries that run when memory exceeds its limit.
const OUT_OF_MEMORY: &str = "the process reached its memory limit (limits.memory) and ended all \
                             running queries; narrow the time range, group by fewer values or add \
                             a LIMIT";

fn failed(error: JoinError) -> QueryError {
    let message = match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            text.unwrap_or("panic").to_owned()
        }
        Err(cancelled) => cancelled.to_string(),
    };
    QueryError::Internal(format!("the query failed: {message}"))
}

#[cfg(test)]
mod tests;
