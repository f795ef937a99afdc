//! Glasshouse: the whole observability stack of an AI application in one process.
//!
//! This crate is the binary: command line, configuration, listeners, startup and shutdown, own
//! metrics and the status overview.

mod admin;
mod adopted;
mod adopted_jobs;
mod alerting;
mod app;
mod command;
mod config;
mod dashboards;
#[cfg(feature = "demo")]
mod demo;
#[cfg(not(feature = "demo"))]
#[path = "no_demo.rs"]
mod demo;
mod exposition;
mod http_client;
mod listener;
mod log;
mod own_metrics;
mod process;
mod run;

use std::process::ExitCode;

use clap::Parser;

use command::Arguments;

/// Compared with glibc and mimalloc in `docs/decisions/0020-jemalloc.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    command::execute(Arguments::parse())
}
