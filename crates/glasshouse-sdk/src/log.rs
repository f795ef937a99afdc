//! Log lines: every `tracing` event becomes one line of JSON or text on the standard output and,
//! where wanted, one OTLP log record. Inside a span both carry trace id, span id and session.
//!
//! ```
//! use std::time::Duration;
//!
//! tracing::info!(user_id = "u1", duration_ms = 12.5, "question answered");
//! glasshouse_sdk::log::inference("llama-3.3-8b", Duration::from_millis(250), 4);
//! ```
//!
//! # Fields
//! The naming profile decides how the fixed keys are spelled (`docs/sdk.md` has the sets). A field
//! of an event that has the name of a fixed key of the line is written as `fields.<name>`, so that
//! no field can replace level, message or trace id. Control characters are escaped in both formats:
//! a value never starts a new line. A value longer than 32 KiB is cut, and a line above 256 KiB
//! loses its last fields and says how many.
//!
//! # What this is not
//! No files and no rotation: lines go where the process writes its output, and whoever runs it
//! collects them. A line is written before the call returns, as with every logger of `tracing`; a
//! reader of the output that stops reading stops the writer.

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

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One object a line.
    Json,
    /// For people.
    Text,
    /// No lines. Log records still go by OTLP where that is on.
    Off,
}

#[cfg(test)]
mod tests;
