//! OTLP: requests of the three signals to batches, and spans back to OTLP.
//!
//! Each decoder walks the protobuf in place and appends to Arrow builders; no struct is built for
//! a span, a record or a point. JSON bodies are first transcoded to protobuf by [`json`], so that
//! there is one decoder, and one form in the write-ahead log.

pub mod delta;
mod encode;
pub mod json;
pub mod logs;
mod memory;
pub mod metrics;
mod reject;
mod resource;
pub mod traces;
mod value;

use signals::{Batch, MemoryReservation, Signal, Timestamp};

pub use encode::{JsonStyle, encode_traces, encode_traces_json};

use crate::{Limits, WireError};

/// How an OTLP message is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

/// What a request held.
#[derive(Debug, Default)]
pub struct Decoded {
    /// What is to be stored; empty when nothing was accepted.
    pub batches: Vec<Batch>,
    /// Spans, log records or data points that were taken.
    pub accepted: usize,
    /// Those that were not.
    pub rejected: usize,
    /// First causes of rejection, and warnings; empty when there are none. For the response's
    /// `partial_success.error_message`.
    pub message: String,
    /// Points of delta temporality, accepted so far and not in `batches` yet: see
    /// [`Self::accumulate`].
    pub deltas: Vec<delta::Delta>,
}

/// Decodes an export request of a signal. What it becomes is taken from `memory` while it grows.
///
/// # Errors
/// [`WireError`] when the body cannot be read as a whole; nothing of it may then be kept.
pub fn decode(
    signal: Signal,
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    match signal {
        Signal::Spans => traces::decode(body, encoding, received_at, limits, memory),
        Signal::Logs => logs::decode(body, encoding, received_at, limits, memory),
        Signal::Metrics => metrics::decode(body, encoding, received_at, limits, memory),
    }
}

#[cfg(test)]
mod tests;
