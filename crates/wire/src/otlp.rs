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
pub mod response;
pub mod traces;
mod value;

use signals::Signal;

pub use encode::{JsonStyle, encode_traces, encode_traces_json};

use crate::{Decode, DecodeContext, Decoded, WireError};

/// How an OTLP message is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

/// An export request of one signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// Which of the three.
    pub signal: Signal,
    /// How it is written down.
    pub encoding: Encoding,
}

impl Decode for Export {
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError> {
        let Self { signal, encoding } = *self;
        let DecodeContext { received_at, limits, known, memory } = *context;
        if encoding == Encoding::Json {
            // It becomes protobuf first, which is the shorter of the two.
            memory.try_grow(body.len())?;
        }
        match signal {
            Signal::Spans => traces::decode(body, encoding, received_at, limits, memory),
            Signal::Logs => logs::decode(body, encoding, received_at, limits, memory),
            Signal::Metrics => {
                let translation = metrics::Translation::default();
                metrics::decode_with(
                    body,
                    encoding,
                    received_at,
                    limits,
                    &translation,
                    known,
                    memory,
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
