//! An AI agent service that is watched through `glasshouse-sdk`: an example, and what
//! `glasshouse demo` runs.
//!
//! Three services in one process, each with its own telemetry, thread and HTTP port, so that traces
//! cross HTTP as they do between machines:
//!
//! - `alex-agent` ([`assistant`]) takes tasks, solves them in a ReAct loop and streams what happens;
//! - `llm-gateway` ([`gateway`]) answers like OpenAI's chat completions, with a scripted model;
//! - `tool-runner` ([`tool_runner`]) serves tools over the Model Context Protocol.
//!
//! Nothing here calls a model or leaves the machine. Only the model's words and its ways to fail
//! are made up; every request, token count, duration and error that the telemetry shows happened.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod arithmetic;
mod assistant;
mod clock;
mod database;
mod gateway;
mod service;
mod settings;
mod tool_runner;
mod traffic;

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use self::service::Service;
pub use self::settings::{Configure, Settings};
use self::traffic::Traffic;
/// What [`Settings::configure`] is written with.
pub use glasshouse_sdk as sdk;

/// How long [`Running::stop`] may take.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Starts the three services and, if wanted, their visitors. Returns when all of them listen.
///
/// # Errors
/// When a port is taken or a thread cannot start. What is wrong with the telemetry is no error: see
/// [`Running::problems`].
pub fn start(settings: &Settings) -> anyhow::Result<Running> {
    let stop = CancellationToken::new();
    let tools = tool_runner::start(settings, &stop).context("cannot start tool-runner")?;
    let gateway = gateway::start(settings, &stop).context("cannot start llm-gateway")?;
    let agent = assistant::start(settings, gateway.address, tools.address, &stop)
        .context("cannot start alex-agent")?;
    let traffic = settings.traffic.then(|| Traffic::start(agent.address, &stop)).transpose()?;
    Ok(Running { services: [agent, gateway, tools], traffic, stop })
}

/// The services at work. Dropping it stops them as [`Running::stop`] does.
#[derive(Debug)]
pub struct Running {
    services: [Service; 3],
    traffic: Option<Traffic>,
    stop: CancellationToken,
}

impl Running {
    /// Where the agent and its page are.
    pub fn page(&self) -> SocketAddr {
        let [agent, _, _] = &self.services;
        agent.address
    }

    /// Where the model gateway is.
    pub fn gateway(&self) -> SocketAddr {
        let [_, gateway, _] = &self.services;
        gateway.address
    }

    /// Where the MCP server is (path `/mcp`).
    pub fn tools(&self) -> SocketAddr {
        let [_, _, tools] = &self.services;
        tools.address
    }

    /// Where the agent's metrics are scraped, if they are.
    pub fn metrics(&self) -> Option<SocketAddr> {
        let [agent, _, _] = &self.services;
        agent.metrics
    }

    /// Where each service's metrics are scraped, by name of the service.
    pub fn metrics_of_services(&self) -> Vec<(&'static str, SocketAddr)> {
        let metrics =
            self.services.iter().filter_map(|service| Some((service.name, service.metrics?)));
        metrics.collect()
    }

    /// What is wrong with the telemetry of a service, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let problems = self.services.iter().flat_map(|service| {
            service.problems.iter().map(move |problem| format!("{}: {problem}", service.name))
        });
        problems.collect()
    }

    /// Ends visitors, tasks and services and sends the telemetry that is left, within 5 seconds.
    /// Blocks; says whether everything ended in time.
    pub fn stop(mut self) -> bool {
        self.end()
    }

    fn end(&mut self) -> bool {
        self.stop.cancel();
        let deadline = clock::now() + STOP_MAX;
        let traffic_ended = self.traffic.take().is_none_or(|traffic| traffic.join(deadline));
        let mut ended = traffic_ended;
        for service in &mut self.services {
            ended &= service.join(deadline);
        }
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Locks a mutex whose data is sound even after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
