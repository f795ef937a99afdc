//! Remote write 1.0 and 2.0, and remote read.
//!
//! [`WriteMessage`] decodes and encodes requests to write; [`read`] has both sides of remote read.
//! All bodies are snappy blocks. Source: "Prometheus Remote-Write Specification" 1.0 and 2.0,
//! Prometheus' document "Remote read API", and its `remote.proto` and `types.proto`; where they
//! leave a choice, the receiver of Prometheus 3.

mod decoder;
mod encode;
mod histogram;
mod labels;
mod metadata;
mod negotiate;
pub mod read;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

pub use self::encode::OutgoingSeries;
pub use self::negotiate::{CONTENT_ENCODING, check_content_encoding};

use crate::{Decode, DecodeContext, Decoded, WireError};

/// The message of a request to write. Decodes a body after [`crate::body::decompress_snappy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriteMessage {
    /// `prometheus.WriteRequest`: remote write 1.0.
    V1,
    /// `io.prometheus.write.v2.Request`: remote write 2.0.
    V2,
}

/// Series with invalid labels and invalid items are rejected one by one, and the message is empty
/// only if nothing was. For 2.0, [`Decoded::item_counts`] gives the numbers of its response
/// headers before the store rejects anything.
impl Decode for WriteMessage {
    fn decode(&self, body: &[u8], context: &DecodeContext<'_>) -> Result<Decoded, WireError> {
        match self {
            Self::V1 => v1::decode(body, context),
            Self::V2 => v2::decode(body, context),
        }
    }
}
