//! Bodies to batches.

use signals::{MemoryBudget, MemoryReservation, Signal, Timestamp};
use wire::known::NoneKnown;
use wire::otlp::{self, Encoding};
use wire::{Decoded, KnownSeries, WireError};

use crate::known::KnownFingerprints;

/// A body as it came, and what is needed to read it.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) received_at: Timestamp,
    pub(crate) bytes: bytes::Bytes,
    /// What the body takes, and what it decodes to.
    pub(crate) memory: MemoryReservation,
}

/// Decodes requests, series by reference where they are known.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: wire::Limits,
    pub(crate) known: KnownFingerprints,
}

impl Decoder {
    /// Nothing is known yet; what becomes known takes its memory from `known`.
    pub(crate) fn new(limits: wire::Limits, known: &MemoryBudget) -> Self {
        Self { limits, known: KnownFingerprints::new(known) }
    }

    /// What a request holds.
    ///
    /// # Errors
    /// [`WireError`] when the body cannot be read as a whole, or there is no memory for what it
    /// decodes to.
    pub(crate) fn decode(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &self.known)
    }

    /// The same, every series by its labels.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub(crate) fn decode_plainly(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &NoneKnown)
    }

    fn decode_with(&self, body: &Body, known: &dyn KnownSeries) -> Result<Decoded, WireError> {
        let Body { signal, encoding, received_at, bytes, memory } = body;
        // What was decoded before is gone.
        memory.shrink(memory.bytes().saturating_sub(bytes.len()));
        otlp::decode_with(*signal, bytes, *encoding, *received_at, &self.limits, known, memory)
    }
}
