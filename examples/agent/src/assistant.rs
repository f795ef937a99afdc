//! `alex-agent`: accepts tasks over HTTP, solves them in a ReAct loop and streams its progress.
//!
//! ```text
//! POST /api/tasks                     {"task", "session_id"?, "model"?} → 202 {"task_id", "session_id"}
//! GET  /api/tasks/{task_id}           state of a task
//! GET  /api/tasks/{task_id}/events    event stream; resumes after `Last-Event-ID`
//! POST /api/tasks/{task_id}/cancel
//! GET  /api/sessions/{session_id}/tasks
//! POST /api/metrics/web-vitals        Web Vitals reported by browsers
//! GET  /healthz, /, /tasks/{id}       health, and the page
//! ```

mod choice;
mod drift;
mod memory;
mod model;
mod page;
mod queue;
mod remote;
mod solve;
mod tasks;
mod toolbox;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;

use glasshouse_sdk::Telemetry;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::drift::Drift;
use self::model::ModelClient;
use self::queue::WorkQueue;
use self::tasks::Tasks;
use self::toolbox::Toolbox;
use crate::database::Database;
use crate::service::{Service, Surroundings};
use crate::settings::{Pace, Settings};

/// The service's name, also in its queue's metrics.
const NAME: &str = "alex-agent";

/// State shared by handlers and tasks.
struct Assistant {
    telemetry: Telemetry,
    tasks: Tasks,
    models: ModelClient,
    toolbox: Toolbox,
    queue: WorkQueue,
    drift: Drift,
    /// Turns of conversations.
    archive: Database,
    pace: Pace,
    glasshouse_url: Option<String>,
    stop: CancellationToken,
    work: TaskTracker,
}

/// Starts the service.
pub(crate) fn start(
    settings: &Settings,
    gateway: SocketAddr,
    tools: SocketAddr,
    stop: &CancellationToken,
) -> anyhow::Result<Service> {
    let configuration = settings.configuration(NAME, 0);
    let (pace, model_timeout) = (Pace(settings.pace), settings.model_timeout);
    let glasshouse_url = settings.glasshouse_url.clone();
    let models = ModelClient::transport(model_timeout)?;
    let build = move |surroundings: Surroundings| async move {
        let Surroundings { telemetry, stop, work } = surroundings;
        let assistant = Arc::new(Assistant {
            models: ModelClient::new(&telemetry, models, gateway),
            toolbox: Toolbox::new(&telemetry, pace, tools),
            tasks: Tasks::default(),
            queue: WorkQueue::new(&telemetry),
            drift: Drift::default(),
            archive: Database::new(&telemetry, pace, [("turns", Vec::new())]),
            pace,
            glasshouse_url,
            stop: stop.clone(),
            work: work.clone(),
            telemetry,
        });
        let watched = Arc::clone(&assistant);
        work.spawn(async move { watched.drift.watch(&watched.telemetry, &stop).await });
        web::router(assistant)
    };
    Service::start(NAME, configuration, settings.address, stop, build)
}
