//! Recent tasks with a bounded event history, which event streams follow.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures::{Stream, stream};
use glasshouse_sdk::sse::{Event, SerializationError};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{clock, lock};

/// Maximum number of tasks; the oldest finished one is evicted.
const TASKS_MAX: usize = 1000;
/// Maximum number of events per task; the oldest are evicted.
const EVENTS_MAX: usize = 500;
/// Maximum number of listed tasks per session, newest first.
const LISTED_MAX: usize = 100;

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Running,
    Success,
    Error,
    Cancelled,
}

/// An event of a task.
#[derive(Debug, Clone)]
struct Happened {
    id: u64,
    kind: &'static str,
    data: Value,
}

impl Happened {
    fn event(self) -> Result<Event, SerializationError> {
        Event::new(self.kind).id(self.id.to_string()).json(&self.data)
    }
}

/// A task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) session_id: String,
    pub(super) text: String,
    /// The model requested by the user.
    pub(super) model: Option<String>,
    pub(super) cancel: CancellationToken,
    started: Instant,
    history: Mutex<History>,
    /// Notifies subscribers of each event.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct History {
    state: State,
    trace_id: String,
    events: VecDeque<Happened>,
    last_id: u64,
}

impl Task {
    pub(super) fn new(
        session_id: String,
        text: String,
        model: Option<String>,
        trace_id: String,
    ) -> Arc<Self> {
        let history =
            History { state: State::Running, trace_id, events: VecDeque::new(), last_id: 0 };
        Arc::new(Self {
            id: random_id(),
            session_id,
            text,
            model,
            cancel: CancellationToken::new(),
            started: clock::now(),
            history: Mutex::new(history),
            changed: watch::Sender::new(()),
        })
    }

    /// Publishes an event to subscribers.
    pub(super) fn tell(&self, kind: &'static str, data: Value) {
        {
            let mut history = lock(&self.history);
            history.last_id += 1;
            let id = history.last_id;
            if history.events.len() >= EVENTS_MAX {
                history.events.pop_front();
            }
            history.events.push_back(Happened { id, kind, data });
        }
        self.changed.send_replace(());
    }

    /// Ends the task with a last event.
    pub(super) fn end(&self, state: State) {
        let duration_ms = self.started.elapsed().as_millis() as u64;
        let is_first = {
            let mut history = lock(&self.history);
            let is_first = history.state == State::Running;
            if is_first {
                history.state = state;
            }
            is_first
        };
        if is_first {
            self.tell("done", json!({ "outcome": state, "duration_ms": duration_ms }));
        }
    }

    pub(super) fn state(&self) -> State {
        lock(&self.history).state
    }

    /// The task as returned by the API.
    pub(super) fn summary(&self) -> Value {
        let history = lock(&self.history);
        json!({
            "task_id": self.id,
            "session_id": self.session_id,
            "task": self.text,
            "state": history.state,
            "trace_id": history.trace_id,
            "events": history.last_id,
        })
    }

    /// The first event of every stream.
    pub(super) fn connected(&self) -> Event {
        let data = json!({
            "task_id": self.id,
            "session_id": self.session_id,
            "task": self.text,
            "trace_id": lock(&self.history).trace_id,
        });
        Event::new("connected").data(data.to_string())
    }

    /// The events after this one, and the number of the last one.
    pub(super) fn history(&self, after: u64) -> (Vec<Event>, u64) {
        let (happened, last_id) = {
            let history = lock(&self.history);
            let later = history.events.iter().filter(|happened| happened.id > after);
            (later.cloned().collect::<Vec<_>>(), history.last_id)
        };
        (happened.into_iter().filter_map(|happened| happened.event().ok()).collect(), last_id)
    }

    /// Streams the events after this one until the task ends.
    pub(super) fn follow(
        self: Arc<Self>,
        after: u64,
    ) -> impl Stream<Item = Result<Event, SerializationError>> + Send {
        let changed = self.changed.subscribe();
        stream::unfold((self, changed, after), |(task, mut changed, after)| async move {
            loop {
                changed.mark_unchanged();
                let (next, is_over) = {
                    let history = lock(&task.history);
                    let next = history.events.iter().find(|happened| happened.id > after).cloned();
                    let is_over = history.events.back().is_some_and(|last| last.kind == "done");
                    (next, is_over)
                };
                if let Some(happened) = next {
                    let id = happened.id;
                    return Some((happened.event(), (task, changed, id)));
                }
                if is_over || changed.changed().await.is_err() {
                    return None;
                }
            }
        })
    }
}

/// The recent tasks.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_id: HashMap<String, Arc<Task>>,
    order: VecDeque<Arc<Task>>,
}

impl Tasks {
    pub(super) fn insert(&self, task: &Arc<Task>) {
        let mut kept = lock(&self.kept);
        kept.by_id.insert(task.id.clone(), Arc::clone(task));
        kept.order.push_back(Arc::clone(task));
        if kept.order.len() > TASKS_MAX {
            // The queue holds far fewer tasks, so at least one of a thousand has finished.
            let over = kept.order.iter().position(|task| task.state() != State::Running);
            if let Some(oldest) = kept.order.remove(over.unwrap_or(0)) {
                kept.by_id.remove(&oldest.id);
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Task>> {
        lock(&self.kept).by_id.get(id).cloned()
    }

    /// The latest tasks of a session, newest first.
    pub(super) fn of_session(&self, session_id: &str) -> Vec<Value> {
        let kept = lock(&self.kept);
        let of_session = kept.order.iter().rev().filter(|task| task.session_id == session_id);
        of_session.take(LISTED_MAX).map(|task| task.summary()).collect()
    }
}

/// A random, unguessable id: 128 bits in hexadecimal.
pub(super) fn random_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    fn task(session: &str) -> Arc<Task> {
        Task::new(session.into(), "x".into(), None, String::new())
    }

    #[tokio::test]
    async fn a_follower_sees_each_event_once_and_the_stream_ends_with_the_task() {
        let task = task("s");
        task.tell("iteration", json!({ "iteration": 1 }));
        let (history, last) = task.history(0);
        assert_eq!((history.len(), last), (1, 1));
        let live = Arc::clone(&task).follow(last);
        task.tell("result", json!({ "text": "y" }));
        task.end(State::Success);
        task.end(State::Error);
        let live: Vec<Event> = live.map(Result::unwrap).collect().await;
        assert_eq!(live.len(), 2);
        assert!(String::from_utf8_lossy(&live[1].to_bytes()).contains(r#""outcome":"success""#));
        assert_eq!(task.history(1).0.len(), 2);
    }

    #[tokio::test]
    async fn a_history_that_overflows_goes_on_with_what_is_left() {
        let task = task("s");
        (0..EVENTS_MAX + 50).for_each(|_| task.tell("token", json!({})));
        task.end(State::Success);
        let events: Vec<_> = Arc::clone(&task).follow(0).collect().await;
        assert_eq!(events.len(), EVENTS_MAX);
    }

    #[test]
    fn a_thousand_tasks_are_remembered_and_those_that_run_are_not_forgotten() {
        let tasks = Tasks::default();
        let running = task("s");
        tasks.insert(&running);
        for _ in 0..TASKS_MAX + 10 {
            let done = task("s");
            done.end(State::Success);
            tasks.insert(&done);
        }
        assert!(tasks.get(&running.id).is_some());
        assert_eq!(lock(&tasks.kept).by_id.len(), TASKS_MAX);
        assert_eq!(tasks.of_session("s").len(), LISTED_MAX);
    }
}
