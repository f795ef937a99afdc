//! An AI agent service instrumented with `glasshouse-sdk`: an example, and the traffic of
//! `glasshouse demo`.
//!
//! Three services in one process, each with its own telemetry, thread and HTTP port, so that traces
//! cross HTTP as between machines:
//!
//! - `alex-agent` ([`assistant`]) solves tasks in a ReAct loop and streams its progress;
//! - `llm-gateway` ([`gateway`]) emulates OpenAI's chat completions with a scripted model;
//! - `tool-runner` ([`tool_runner`]) serves tools over the Model Context Protocol.
//!
//! No model is called and no data leaves the machine. Only the model's text and its errors are
//! simulated; all requests, token counts, durations and errors in the telemetry really happened.

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
/// The SDK, for writing [`Settings::configure`].
pub use glasshouse_sdk as sdk;

/// Timeout of [`Running::stop`].
const STOP_MAX: Duration = Duration::from_secs(5);

/// Starts the three services and, optionally, simulated visitors. Returns when all of them listen.
///
/// # Errors
/// If a port is taken or a thread cannot start. Telemetry errors do not count: see
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

/// The running services. Dropping it stops them like [`Running::stop`].
#[derive(Debug)]
pub struct Running {
    services: [Service; 3],
    traffic: Option<Traffic>,
    stop: CancellationToken,
}

impl Running {
    /// Address of the agent and its page.
    pub fn page(&self) -> SocketAddr {
        let [agent, _, _] = &self.services;
        agent.address
    }

    /// Address of the model gateway.
    pub fn gateway(&self) -> SocketAddr {
        let [_, gateway, _] = &self.services;
        gateway.address
    }

    /// Address of the MCP server (path `/mcp`).
    pub fn tools(&self) -> SocketAddr {
        let [_, _, tools] = &self.services;
        tools.address
    }

    /// Address of the agent's metrics endpoint, if enabled.
    pub fn metrics(&self) -> Option<SocketAddr> {
        let [agent, _, _] = &self.services;
        agent.metrics
    }

    /// Addresses of the metrics endpoints by service name.
    pub fn metrics_of_services(&self) -> Vec<(&'static str, SocketAddr)> {
        let metrics =
            self.services.iter().filter_map(|service| Some((service.name, service.metrics?)));
        metrics.collect()
    }

    /// Telemetry errors of the services, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let problems = self.services.iter().flat_map(|service| {
            service.problems.iter().map(move |problem| format!("{}: {problem}", service.name))
        });
        problems.collect()
    }

    /// Stops visitors, tasks and services and exports the remaining telemetry, within 5 seconds.
    /// Blocks; returns whether everything ended in time.
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

/// Locks a mutex whose data remains valid after a panic elsewhere.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
