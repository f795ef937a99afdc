//! Decodes request bodies into batches.

use bytes::Bytes;
use signals::{MemoryBudget, MemoryReservation, Signal, Timestamp};
use wire::known::NoKnownSeries;
use wire::{Decode, DecodeContext, Decoded, KnownSeries, WireError};

use crate::known::KnownFingerprints;

/// An uncompressed body and its decoder.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) signal: Signal,
    pub(crate) decoder: Box<dyn Decode>,
    pub(crate) received_at: Timestamp,
    pub(crate) bytes: Bytes,
    /// The memory of the body and of the decoded data.
    pub(crate) memory: MemoryReservation,
}

/// Decodes bodies; known series are decoded to references.
#[derive(Debug)]
pub(crate) struct Decoding {
    limits: wire::Limits,
    pub(crate) known: KnownFingerprints,
}

impl Decoding {
    /// Starts without known series; the memory for them is charged to `known`.
    pub(crate) fn new(limits: wire::Limits, known: &MemoryBudget) -> Self {
        Self { limits, known: KnownFingerprints::new(known) }
    }

    /// Decodes a body.
    ///
    /// # Errors
    /// See [`Decode::decode`].
    pub(crate) fn decode(&self, body: &Body) -> Result<Decoded, WireError> {
        if body.signal == Signal::Metrics {
            self.decode_with(body, &self.known.read())
        } else {
            self.decode_with(body, &NoKnownSeries)
        }
    }

    /// Decodes a body with all series by label.
    ///
    /// # Errors
    /// See [`Decode::decode`].
    pub(crate) fn decode_by_labels(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &NoKnownSeries)
    }

    fn decode_with(&self, body: &Body, known: &dyn KnownSeries) -> Result<Decoded, WireError> {
        let Body { decoder, received_at, bytes, memory, .. } = body;
        // Releases the memory of an earlier decoding.
        memory.shrink(memory.bytes().saturating_sub(bytes.len()));
        let (received_at, limits) = (*received_at, &self.limits);
        decoder.decode(bytes, &DecodeContext { received_at, limits, known, memory })
    }
}
