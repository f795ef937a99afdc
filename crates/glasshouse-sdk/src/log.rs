//! Log lines: every `tracing` event becomes one line of JSON or text on standard output and,
//! optionally, one OTLP log record. Within a span both have the trace id, span id and session.
//!
//! ```
//! use std::time::Duration;
//!
//! tracing::info!(user_id = "u1", duration_ms = 12.5, "question answered");
//! glasshouse_sdk::log::inference("llama-3.3-8b", Duration::from_millis(250), 4);
//! ```
//!
//! # Fields
//! The naming profile determines the fixed keys (listed in `docs/sdk.md`). An event field with the
//! name of a fixed key is written as `fields.<name>`, so that no field can replace the level,
//! message or trace id. Control characters are escaped in both formats, so that no value starts a
//! new line. Values longer than 32 KiB are truncated, and a line above 256 KiB loses its last
//! fields, with their number in the line.
//!
//! # Limitations
//! There are no files and no rotation: lines go to the process's output, and its supervisor
//! collects them. As with every `tracing` logger, a line is written before the call returns: a
//! reader that stops reading blocks the writer.

mod clock;
mod correlation;
mod escape;
mod fields;
mod layer;
mod line;
mod lines;
mod output;
mod scratch;
mod shape;
mod visit;

pub use correlation::{trace_context, with_trace};
pub(crate) use fields::LogFields;
pub(crate) use layer::{LogLayer, LogLines};
pub use lines::{drift, inference, mcp, request};
pub(crate) use output::Output;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Human-readable text.
    Text,
    /// No lines. Log records are still exported over OTLP if enabled.
    Off,
}

#[cfg(test)]
mod tests;
