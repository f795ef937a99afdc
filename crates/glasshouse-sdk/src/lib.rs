//! Makes a Rust AI service observable: LLM calls, agents, tools, MCP, HTTP, event streams,
//! background tasks and Web Vitals, as metrics, traces and logs.

pub mod agent;
mod configure;
mod export;
pub mod http;
pub mod llm;
pub mod log;
pub mod mcp;
pub mod metrics;
pub mod propagation;
pub mod record;
mod scope;
pub mod session;
mod span;
pub mod sse;
mod start;
pub mod task;
mod telemetry;
pub mod tool;

pub use configure::{Configuration, Exporter, configure};
pub use log::LogFormat;
pub use span::InSpan;
pub use start::Guard;
pub use telemetry::Telemetry;
