//! Makes a Rust AI service observable: LLM calls, agents, tools, MCP, HTTP, event streams,
//! background tasks and Web Vitals, as metrics, traces and logs.

mod export;
pub mod http;
pub mod llm;
pub mod metrics;
pub mod propagation;
pub mod record;
mod scope;
pub mod sse;
pub mod task;
mod telemetry;

pub use telemetry::Telemetry;
