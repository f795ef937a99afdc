//! Bodies to batches.

use signals::{Signal, Timestamp};
use wire::known::NoneKnown;
use wire::otlp::{self, Encoding};
use wire::{Decoded, KnownSeries, WireError};

use crate::known::KnownFingerprints;

/// A body as it came, and what is needed to read it.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) received_at: Timestamp,
    pub(crate) bytes: bytes::Bytes,
}

/// Decodes requests, series by reference where they are known.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: wire::Limits,
    pub(crate) known: KnownFingerprints,
}

impl Decoder {
    /// Nothing is known yet.
    pub(crate) fn new(limits: wire::Limits, known_bytes_max: usize) -> Self {
        Self { limits, known: KnownFingerprints::new(known_bytes_max) }
    }

    /// What a request holds.
    ///
    /// # Errors
    /// [`WireError`] when the body cannot be read as a whole.
    pub(crate) fn decode(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &self.known)
    }

    /// The same, every series by its labels.
    ///
    /// # Errors
    /// [`WireError`] when the body cannot be read as a whole.
    pub(crate) fn decode_plainly(&self, body: &Body) -> Result<Decoded, WireError> {
        self.decode_with(body, &NoneKnown)
    }

    fn decode_with(&self, body: &Body, known: &dyn KnownSeries) -> Result<Decoded, WireError> {
        let Body { signal, encoding, received_at, bytes } = body;
        otlp::decode_with(*signal, bytes, *encoding, *received_at, &self.limits, known)
    }
}
