//! What the write-ahead log's format numbers mean.
//!
//! A record's payload is an uncompressed protobuf body as it arrived; JSON bodies are transcoded
//! before they are written. Numbers are never used again for something else.

use signals::{MemoryReservation, Signal, Timestamp};

use crate::otlp::{self, Decoded, Encoding};
use crate::{Limits, WireError};

/// `ExportTraceServiceRequest`
pub const OTLP_TRACES: u8 = 1;
/// `ExportLogsServiceRequest`
pub const OTLP_LOGS: u8 = 2;
/// `ExportMetricsServiceRequest`
pub const OTLP_METRICS: u8 = 3;

/// The format in which OTLP of a signal is written.
#[must_use]
pub fn otlp_format(signal: Signal) -> u8 {
    match signal {
        Signal::Spans => OTLP_TRACES,
        Signal::Logs => OTLP_LOGS,
        Signal::Metrics => OTLP_METRICS,
    }
}

/// Decodes a record as it was decoded when it arrived: same bytes, same time, same limits, same
/// result.
///
/// # Errors
/// [`WireError::UnknownRecord`], or what the decoder of the format says.
pub fn decode_record(
    format: u8,
    received_at: Timestamp,
    payload: &[u8],
    limits: &Limits,
    memory: &MemoryReservation,
) -> Result<Decoded, WireError> {
    let signal = match format {
        OTLP_TRACES => Signal::Spans,
        OTLP_LOGS => Signal::Logs,
        OTLP_METRICS => Signal::Metrics,
        _ => return Err(WireError::UnknownRecord(format)),
    };
    otlp::decode(signal, payload, Encoding::Protobuf, received_at, limits, memory)
}
