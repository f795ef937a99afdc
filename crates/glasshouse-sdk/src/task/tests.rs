//! Outcomes of tasks, for all ways in which they can end.

use opentelemetry::trace::Status;

use super::*;
use crate::scope::recorded::{Recorded, attributes};
use crate::session::id_in;

const DURATION: &str = "glasshouse.task.duration";
const ACTIVE: &str = "glasshouse.tasks.active";
const SESSIONS: &str = "glasshouse.sessions.active";

fn options() -> TaskOptions {
    TaskOptions { task_id: Some("t-1".to_owned()), session_id: Some("s-1".to_owned()) }
}

fn assert_one(recorded: &Recorded, outcome: &str) {
    for candidate in ["success", "error", "cancelled"] {
        let count = recorded.count(DURATION, &[("glasshouse.task.outcome", candidate)]);
        assert_eq!(count, f64::from(u8::from(candidate == outcome)), "{candidate}");
    }
    assert_eq!(recorded.count(ACTIVE, &[]), 0.0);
    assert_eq!(recorded.count(SESSIONS, &[]), 0.0);
    let spans = recorded.spans();
    assert_eq!(spans.len(), 1);
    let span = &spans[0];
    assert_eq!(span.name, "task solve");
    assert_eq!(span.status == Status::Unset, outcome == "success", "{:?}", span.status);
    let attributes = attributes(span);
    assert_eq!(attributes["glasshouse.task.outcome"], outcome);
    assert_eq!(attributes["glasshouse.task.id"], "t-1");
    assert_eq!(attributes["session.id"], "s-1");
}

#[tokio::test]
async fn o_06_a_task_ends_in_exactly_one_of_success_error_and_cancelled() {
    for (result, outcome) in [(Ok(()), "success"), (Err("boom"), "error")] {
        let recorded = Recorded::new();
        let future = async move { result };
        let task = observe_with(&recorded.telemetry, "solve", options(), future, by_result);
        assert_eq!(recorded.count(ACTIVE, &[("glasshouse.task.name", "solve")]), 1.0);
        assert_eq!(recorded.count(SESSIONS, &[]), 1.0);
        assert_eq!(task.await, result);
        assert_one(&recorded, outcome);
    }
}

#[tokio::test]
async fn o_06_a_task_that_is_dropped_was_cancelled() {
    // Before the first poll, and after one.
    for polls in [0, 1] {
        let recorded = Recorded::new();
        let future = std::future::pending::<Result<(), ()>>();
        let task = observe_with(&recorded.telemetry, "solve", options(), future, by_result);
        let mut task = Box::pin(task);
        for _ in 0..polls {
            assert!(futures::poll!(&mut task).is_pending());
        }
        assert_eq!(recorded.count(ACTIVE, &[]), 1.0);
        drop(task);
        assert_one(&recorded, "cancelled");
    }
}

#[tokio::test]
async fn o_06_a_task_that_is_aborted_was_cancelled() {
    let recorded = Recorded::new();
    let future = std::future::pending::<Result<(), ()>>();
    let handle =
        tokio::spawn(observe_with(&recorded.telemetry, "solve", options(), future, by_result));
    tokio::task::yield_now().await;
    handle.abort();
    assert!(handle.await.unwrap_err().is_cancelled());
    assert_one(&recorded, "cancelled");
}

#[tokio::test]
async fn o_06_a_task_that_stops_by_itself_says_so() {
    let recorded = Recorded::new();
    let future = async { Err::<(), _>("stopped") };
    let classify = |result: &Result<(), &str>| match result {
        Ok(()) => TaskOutcome::Success,
        Err(reason) if *reason == "stopped" => TaskOutcome::Cancelled,
        Err(_) => TaskOutcome::Error,
    };
    let task = observe_with(&recorded.telemetry, "solve", options(), future, classify);
    assert!(task.await.is_err());
    assert_one(&recorded, "cancelled");
}

#[tokio::test]
async fn o_06_a_task_that_panics_ended_in_error() {
    // Caught by the runtime, and by a wrapper that drops the future later.
    for is_spawned in [true, false] {
        let recorded = Recorded::new();
        let future = async { panic!("for the test") };
        let classify = |(): &()| TaskOutcome::Success;
        let task = observe_with(&recorded.telemetry, "solve", options(), future, classify);
        if is_spawned {
            assert!(tokio::spawn(task).await.unwrap_err().is_panic());
        } else {
            let task = std::panic::AssertUnwindSafe(task);
            assert!(futures::FutureExt::catch_unwind(task).await.is_err());
        }
        assert_one(&recorded, "error");
        assert_eq!(attributes(&recorded.spans()[0])["error.type"], "panic");
    }
}

#[tokio::test]
async fn what_runs_in_a_task_sees_its_session_even_without_tracing() {
    for has_tracing in [true, false] {
        let recorded = Recorded::new();
        let _silent = (!has_tracing)
            .then(|| tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::new()));
        let future = async {
            let session = |context: &Context| id_in(context).map(String::from);
            let before = Context::map_current(session);
            tokio::task::yield_now().await;
            assert_eq!(before, Context::map_current(session));
            before
        };
        let classify = |_: &Option<String>| TaskOutcome::Success;
        let task = observe_with(&recorded.telemetry, "solve", options(), future, classify);
        assert_eq!(task.await.as_deref(), Some("s-1"), "{has_tracing}");
        assert!(!Context::map_current(|context| id_in(context).is_some()));
    }
}

#[tokio::test]
async fn a_task_is_a_child_of_where_it_was_made_and_ends_on_its_own() {
    let recorded = Recorded::new();
    let request = tracing::info_span!("request");
    let task = request.in_scope(|| {
        observe(&recorded.telemetry, "solve", async { Ok::<_, ()>(tracing::Span::current()) })
    });
    drop(request);
    // A retained handle of the span does not keep it open.
    let kept = task.await.unwrap();
    let spans = recorded.spans();
    assert_eq!(spans[0].name, "task solve");
    drop(kept);
    let spans = recorded.spans();
    assert_eq!(spans[0].parent_span_id, spans[1].span_context.span_id());
}

#[tokio::test]
async fn a_task_without_a_session_counts_none() {
    let recorded = Recorded::new();
    let task = observe(&recorded.telemetry, "solve", async { Ok::<_, ()>(()) });
    assert_eq!(recorded.count(SESSIONS, &[]), 0.0);
    assert_eq!(task.await, Ok(()));
}
