//! What every protocol's decoder is, seen from a receiver.

use std::fmt;

use signals::{MemoryReservation, Timestamp};

use crate::{Decoded, KnownSeries, Limits, WireError};

/// Decodes the request bodies of one endpoint of a protocol.
pub trait Decode: fmt::Debug + Send + Sync {
    /// Decodes an uncompressed body. What it becomes is taken from the context's memory while it
    /// grows.
    ///
    /// # Errors
    /// [`WireError`] when the body cannot be read as a whole, or there is no memory for all of it;
    /// nothing of it may then be kept.
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError>;
}

/// What a decoder needs beside the body.
#[derive(Clone, Copy)]
pub struct DecodeContext<'a> {
    /// When the request arrived.
    pub received_at: Timestamp,
    /// Bounds of one request.
    pub limits: &'a Limits,
    /// Series that may be given by reference.
    pub known: &'a dyn KnownSeries,
    /// Pays for what the body decodes to.
    pub memory: &'a MemoryReservation,
}
