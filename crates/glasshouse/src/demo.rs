//! Live traffic of an AI agent service, sent through the OpenTelemetry SDK to our own OTLP ports.
//!
//! Three services work together as in the stacks that Glasshouse replaces: `alex-agent` solves
//! tasks in a ReAct loop, `llm-gateway` forwards its model calls, `tool-runner` executes its
//! tools. No model is called: durations, tokens, prices and errors are drawn from fixed tables.

mod agent;
mod exemplars;
mod story;
mod telemetry;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Semaphore;

use self::agent::Agent;

/// Tasks that are worked on at the same time.
const SESSIONS_MAX: usize = 24;
/// Mean time between two new tasks.
const PAUSE_MEAN_MS: u64 = 900;

/// Where the demo sends to.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    /// OTLP/gRPC, such as `http://127.0.0.1:4317`: traces and logs.
    pub(crate) grpc: String,
    /// OTLP/HTTP, such as `http://127.0.0.1:4318`: metrics.
    pub(crate) http: String,
}

/// Sends traffic until `stop` resolves, then flushes what is still in the SDK's queues.
///
/// # Errors
/// When an exporter cannot be built from the endpoints.
pub(crate) async fn run(endpoints: &Endpoints, stop: impl Future<Output = ()>) -> Result<()> {
    let agent = Arc::new(Agent::new(endpoints)?);
    let permits = Arc::new(Semaphore::new(SESSIONS_MAX));
    let mut random = StdRng::seed_from_u64(7);
    tokio::pin!(stop);
    loop {
        let pause =
            Duration::from_millis(random.random_range(PAUSE_MEAN_MS / 3..PAUSE_MEAN_MS * 5 / 3));
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(pause) => {}
        }
        if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
            let agent = Arc::clone(&agent);
            let seed = random.random();
            tokio::spawn(async move {
                agent.serve_task(StdRng::seed_from_u64(seed)).await;
                drop(permit);
            });
        }
    }
    tokio::task::spawn_blocking(move || agent.flush()).await?;
    Ok(())
}
