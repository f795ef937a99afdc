//! Instruments background tasks: a span, an active gauge, a duration, and exactly one outcome.
//!
//! Wrap the future before you spawn it. The task counts as started then, and later exactly once as
//! `success`, `error` or `cancelled`: a future dropped before its end as `cancelled`, one that
//! panics as `error`.
//!
//! ```
//! use glasshouse_sdk::task;
//!
//! async fn reindex() -> Result<u64, std::io::Error> {
//!     Ok(42)
//! }
//!
//! # async fn example(telemetry: &glasshouse_sdk::Telemetry) {
//! let _handle = tokio::spawn(task::observe(telemetry, "reindex", reindex()));
//! # }
//! ```
//!
//! A task that stops itself on request reports this in its output: see [`observe_with`].

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::{Context, KeyValue, StringValue};
use pin_project_lite::pin_project;

use crate::Telemetry;
use crate::record::ActiveSession;
pub use crate::record::TaskOutcome;
use crate::session::{Session, id_in};
use crate::span::HelperSpan;

/// Options of a task.
#[derive(Clone, Debug, Default)]
pub struct TaskOptions {
    /// The id of this run: a span attribute (`glasshouse.task.id`), never a label.
    pub task_id: Option<String>,
    /// The session of the task: an attribute of its span and baggage inside it (`session.id`),
    /// never a label. The session counts as active during the task.
    pub session_id: Option<String>,
}

/// Instruments a future that returns a `Result`: `Ok` is success, `Err` is error.
///
/// `name` is the kind of task and a label: use few names, not ids. The span is a child of the
/// current one.
pub fn observe<F, T, E>(
    telemetry: &Telemetry,
    name: impl Into<Cow<'static, str>>,
    future: F,
) -> Observed<F, ByResult<T, E>>
where
    F: Future<Output = Result<T, E>>,
{
    observe_with(telemetry, name, TaskOptions::default(), future, by_result)
}

/// The classification of [`observe`].
pub type ByResult<T, E> = fn(&Result<T, E>) -> TaskOutcome;

/// Maps a `Result` to success or error, for [`observe_with`].
pub fn by_result<T, E>(result: &Result<T, E>) -> TaskOutcome {
    if result.is_ok() { TaskOutcome::Success } else { TaskOutcome::Error }
}

/// Instruments any future; `classify` determines the outcome from its output.
///
/// ```
/// use glasshouse_sdk::task::{self, TaskOptions, TaskOutcome};
///
/// enum Stop { Cancelled, Failed }
/// async fn solve() -> Result<String, Stop> { Err(Stop::Cancelled) }
///
/// # async fn example(telemetry: &glasshouse_sdk::Telemetry) {
/// let options = TaskOptions { session_id: Some("7f3a".into()), ..TaskOptions::default() };
/// let task = task::observe_with(telemetry, "solve_task", options, solve(), |result| match result {
///     Ok(_) => TaskOutcome::Success,
///     Err(Stop::Cancelled) => TaskOutcome::Cancelled,
///     Err(Stop::Failed) => TaskOutcome::Error,
/// });
/// # }
/// ```
pub fn observe_with<F, C>(
    telemetry: &Telemetry,
    name: impl Into<Cow<'static, str>>,
    options: TaskOptions,
    future: F,
    classify: C,
) -> Observed<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> TaskOutcome,
{
    let run = Run::begin(telemetry, name.into(), options);
    Observed { future, run: Some(run), classify: Some(classify) }
}

pin_project! {
    /// An instrumented task; created by [`observe`] and [`observe_with`].
    pub struct Observed<F, C> {
        #[pin]
        future: F,
        run: Option<Run>,
        classify: Option<C>,
    }
}

impl<F, C> Future for Observed<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> TaskOutcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // Taken out of its slot while code runs that may panic: the drop then records the panic.
        let Some(run) = this.run.take() else { return this.future.poll(cx) };
        match run.span.in_scope(|| this.future.poll(cx)) {
            Poll::Pending => {
                *this.run = Some(run);
                Poll::Pending
            }
            Poll::Ready(output) => {
                let classify = this.classify.take();
                let outcome = classify.map_or(TaskOutcome::Success, |classify| classify(&output));
                run.finish(outcome);
                Poll::Ready(output)
            }
        }
    }
}

impl<F, C> fmt::Debug for Observed<F, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Observed").field("run", &self.run).finish_non_exhaustive()
    }
}

/// A running task. It is recorded exactly once, however it ends.
#[derive(Debug)]
struct Run {
    telemetry: Telemetry,
    name: Cow<'static, str>,
    span: HelperSpan,
    /// Counted as active until dropped.
    session: Option<ActiveSession>,
    finished: bool,
}

impl Run {
    fn begin(telemetry: &Telemetry, name: Cow<'static, str>, options: TaskOptions) -> Self {
        let TaskOptions { task_id, session_id } = options;
        let surroundings = Context::current();
        let context = match &session_id {
            Some(session_id) => Session::new(session_id).within(&surroundings),
            None => surroundings,
        };
        let in_context = id_in(&context);
        let span = HelperSpan::start_within(context, || {
            tracing::info_span!(
                target: "glasshouse_sdk::task",
                "task",
                otel.name = format!("task {name}"),
                otel.kind = "internal",
                glasshouse.task.name = &*name,
                glasshouse.task.id = task_id.as_deref(),
                session.id = in_context.as_ref().map(StringValue::as_str),
            )
        });
        telemetry.tasks().started(&name);
        let session = session_id.is_some().then(|| telemetry.sessions().begin());
        let telemetry = telemetry.clone();
        Self { telemetry, name, span, session, finished: false }
    }

    fn finish(mut self, outcome: TaskOutcome) {
        self.record(outcome, outcome.as_str());
    }

    fn record(&mut self, outcome: TaskOutcome, error_type: &'static str) {
        if self.finished {
            return;
        }
        self.finished = true;
        drop(self.session.take());
        let is_fault = outcome != TaskOutcome::Success;
        let duration = self.span.elapsed();
        self.span.finish(
            is_fault.then(|| (Cow::Borrowed(error_type), String::new())),
            |attributes| {
                attributes.push(KeyValue::new("glasshouse.task.outcome", outcome.as_str()));
            },
            || self.telemetry.tasks().finished(&self.name, outcome, duration),
        );
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.record(TaskOutcome::Error, "panic");
        } else {
            self.record(TaskOutcome::Cancelled, TaskOutcome::Cancelled.as_str());
        }
    }
}

#[cfg(test)]
mod tests;
