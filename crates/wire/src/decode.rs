//! The interface between receivers and decoders.

use std::fmt;

use signals::{MemoryReservation, Timestamp};

use crate::{Decoded, KnownSeries, Limits, WireError};

/// Decodes the request bodies of one endpoint.
pub trait Decode: fmt::Debug + Send + Sync {
    /// Decodes an uncompressed body. Memory of the decoded data is charged to the context's
    /// reservation as it grows.
    ///
    /// # Errors
    /// [`WireError`] if the body cannot be decoded as a whole or memory is exhausted; nothing of it
    /// may be stored then.
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError>;
}

/// The context of a decoder.
#[derive(Clone, Copy)]
pub struct DecodeContext<'a> {
    /// When the request arrived.
    pub received_at: Timestamp,
    /// Limits of one request.
    pub limits: &'a Limits,
    /// Series to be decoded as references.
    pub known: &'a dyn KnownSeries,
    /// Reservation for the decoded data.
    pub memory: &'a MemoryReservation,
}
