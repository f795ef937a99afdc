//! Bodies to batches.

use bytes::Bytes;
use signals::{MemoryBudget, MemoryReservation, Signal, Timestamp};
use wire::known::NoneKnown;
use wire::{Decode, DecodeContext, Decoded, KnownSeries, WireError};

use crate::known::KnownFingerprints;

/// An uncompressed body, and what is needed to decode it.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) signal: Signal,
    pub(crate) decoder: Box<dyn Decode>,
    pub(crate) received_at: Timestamp,
    pub(crate) bytes: Bytes,
    /// What the body takes, and what it decodes to.
    pub(crate) memory: MemoryReservation,
}

/// Decodes bodies, series by reference where they are known.
#[derive(Debug)]
pub(crate) struct Decoding {
    limits: wire::Limits,
    pub(crate) known: KnownFingerprints,
}

impl Decoding {
    /// Nothing is known yet; what becomes known takes its memory from `known`.
    pub(crate) fn new(limits: wire::Limits, known: &MemoryBudget) -> Self {
        Self { limits, known: KnownFingerprints::new(known) }
    }

    /// Decodes a body.
    ///
    /// # Errors
    /// As [`Decode::decode`].
    pub(crate) fn decode(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &self.known)
    }

    /// The same, every series by its labels.
    ///
    /// # Errors
    /// As [`Decode::decode`].
    pub(crate) fn decode_plainly(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &NoneKnown)
    }

    fn decode_with(&self, body: &Body, known: &dyn KnownSeries) -> Result<Decoded, WireError> {
        let Body { decoder, received_at, bytes, memory, .. } = body;
        // What was decoded before is gone.
        memory.shrink(memory.bytes().saturating_sub(bytes.len()));
        let (received_at, limits) = (*received_at, &self.limits);
        decoder.decode(bytes, &DecodeContext { received_at, limits, known, memory })
    }
}
