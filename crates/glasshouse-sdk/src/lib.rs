//! Instruments Rust AI services: LLM calls, agents, tools, MCP, HTTP, event streams, background
//! tasks and Web Vitals, as metrics, traces and logs, for Glasshouse and any other OpenTelemetry or
//! Prometheus backend.
//!
//! ```no_run
//! use glasshouse_sdk::{http::ObservabilityLayer, tool};
//!
//! # async fn search() -> std::io::Result<String> { Ok(String::new()) }
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let (telemetry, _guard) = glasshouse_sdk::configure().service_name("agent").start();
//!     let found = tool::execute(&telemetry, "web_search").run(search()).await;
//!     tracing::info!(is_found = found.is_ok(), "searched");
//!     let app = axum::Router::new().layer(ObservabilityLayer::new(&telemetry));
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, app).await
//! }
//! ```
//!
//! Traces, metrics and logs are now sent over OTLP to `http://localhost:4318`; log lines with trace
//! and session ids go to standard output. `OTEL_*` variables, a YAML file or the builder change the
//! defaults ([`configure`](fn@configure)).
//!
//! # Modules
//! | Part of a service | Module |
//! |---|---|
//! | start, configuration, precedence | [`configure`](fn@configure), [`Telemetry`], [`Guard`] |
//! | model calls, tokens, cost, time to first token | [`llm`], with hooks for async-openai and rig |
//! | agents, ReAct iterations, tools, MCP | [`agent`], [`tool`], [`mcp`], with a hook for rmcp |
//! | HTTP server, event streams, background tasks | [`http`], [`sse`], [`task`] |
//! | Web Vitals of browsers | `web_vitals`, with the npm package in `sdk/web` |
//! | sessions, propagation to other services | [`session`], [`propagation`] |
//! | memory, budgets, drift, routing, queues, caches, GPUs, databases | [`record`] |
//! | custom metrics | [`metrics`], [`Telemetry::counter`] and its neighbours |
//! | log lines | [`log`] |
//!
//! # Guarantees
//! - It never stops the service: an invalid configuration, a port in use, or a slow or unavailable
//!   backend cause one clear warning each; queues are bounded, and losses are counted
//!   (`glasshouse.sdk.dropped`).
//! - Metrics are exact whatever the sampling of traces. Measurements in sampled spans become
//!   exemplars.
//! - No label has a value per user, session or number. Each metric has a limit of series, beyond
//!   which an overflow series is used.
//! - Prompts, answers and tool arguments do not leave the process unless
//!   [`capture_content`](Configuration::capture_content) is enabled.
//! - Names are those of OpenTelemetry's conventions; a naming profile translates them to those of
//!   an existing stack, so that its dashboards and rules keep working
//!   ([`naming_profile`](Configuration::naming_profile)).
//!
//! # Features
//! `axum` (default): route templates and the Web Vitals router. `grpc`: OTLP over gRPC. `tls`:
//! endpoints with `https`. `async-openai`, `rmcp`: hooks for these crates.

/// Compiles the examples of the README.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

pub mod agent;
mod configure;
mod export;
pub mod http;
pub mod llm;
pub mod log;
pub mod mcp;
pub mod metrics;
#[cfg(feature = "async-openai")]
pub mod openai;
pub mod propagation;
pub mod record;
pub mod rig;
#[cfg(feature = "rmcp")]
pub mod rmcp;
mod scope;
pub mod session;
mod span;
pub mod sse;
mod start;
pub mod task;
mod telemetry;
pub mod tool;
#[cfg(feature = "axum")]
pub mod web_vitals;

pub use configure::{Configuration, Exporter, OtlpProtocol, configure};
pub use log::LogFormat;
pub use span::InSpan;
pub use start::Guard;
pub use telemetry::Telemetry;
