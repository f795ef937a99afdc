//! OTLP: decodes export requests of the three signals, and encodes spans.
//!
//! Decoders walk the protobuf in place and append to Arrow builders, without a struct per span,
//! record or point. JSON bodies are transcoded to protobuf by [`json`], so that there is one
//! decoder.

mod bounded_messages;
pub mod delta;
mod encode;
pub mod json;
pub mod logs;
pub(crate) mod memory;
pub mod metrics;
pub(crate) mod reject;
mod resource;
pub mod response;
pub mod traces;
pub(crate) mod value;

use std::sync::Arc;

use signals::Signal;

pub use encode::{JsonStyle, encode_traces, encode_traces_json};

use crate::{Decode, DecodeContext, Decoded, WireError};

/// The encoding of an OTLP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

/// An export request of one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The signal.
    pub signal: Signal,
    /// The encoding of the body.
    pub encoding: Encoding,
    /// How metrics are translated to series.
    pub translation: Arc<metrics::Translation>,
}

impl Decode for Export {
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError> {
        let Self { signal, encoding, translation } = self;
        let (signal, encoding) = (*signal, *encoding);
        let DecodeContext { received_at, limits, known, memory } = *context;
        if encoding == Encoding::Json {
            // Reserves memory for the transcoded protobuf, which is shorter than the JSON.
            memory.try_grow(body.len())?;
        }
        match signal {
            Signal::Spans => traces::decode(body, encoding, received_at, limits, memory),
            Signal::Logs => logs::decode(body, encoding, received_at, limits, memory),
            Signal::Metrics => metrics::decode_with(
                body,
                encoding,
                received_at,
                limits,
                translation,
                known,
                memory,
            ),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
