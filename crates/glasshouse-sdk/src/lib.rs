//! Makes a Rust AI service observable: LLM calls, agents, tools, MCP, HTTP, event streams,
//! background tasks and Web Vitals, as metrics, traces and logs.

mod export;
pub mod llm;
pub mod metrics;
pub mod propagation;
pub mod record;
mod telemetry;

pub use telemetry::Telemetry;
