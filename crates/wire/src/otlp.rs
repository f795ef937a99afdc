//! OTLP: requests of the three signals to batches, and spans back to OTLP.
//!
//! Each decoder walks the protobuf in place and appends to Arrow builders; no struct is built for
//! a span, a record or a point. JSON bodies are first transcoded to protobuf by [`json`], so that
//! there is one decoder.

pub mod delta;
mod encode;
pub mod json;
mod kept;
pub mod logs;
mod memory;
pub mod metrics;
mod reject;
mod resource;
pub mod traces;
mod value;

use signals::{MemoryReservation, Signal, Timestamp};

pub use encode::{JsonStyle, encode_traces, encode_traces_json};

use crate::known::NoneKnown;
use crate::{Decoded, KnownSeries, Limits, WireError};

/// How an OTLP message is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

/// Decodes an export request of a signal, every series by its labels; see [`decode_with`].
///
/// # Errors
/// As [`decode_with`].
pub fn decode(
    signal: Signal,
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    decode_with(signal, body, encoding, received_at, limits, &NoneKnown, memory)
}

/// Decodes an export request of a signal. What it becomes is taken from `memory` while it grows.
///
/// # Errors
/// [`WireError`] when the body cannot be read as a whole, or `memory` has no room for all of it;
/// nothing of it may then be kept.
pub fn decode_with(
    signal: Signal,
    body: &[u8],
    encoding: Encoding,
    received_at: Timestamp,
    limits: &Limits,
    known: &dyn KnownSeries,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    if encoding == Encoding::Json {
        // It becomes protobuf first, which is the shorter of the two.
        memory.try_grow(body.len())?;
    }
    match signal {
        Signal::Spans => traces::decode(body, encoding, received_at, limits, memory),
        Signal::Logs => logs::decode(body, encoding, received_at, limits, memory),
        Signal::Metrics => {
            let translation = metrics::Translation::default();
            metrics::decode_with(body, encoding, received_at, limits, &translation, known, memory)
        }
    }
}

#[cfg(test)]
mod tests;
