//! Tests of remote write and remote read.

mod arbitrary;
mod corpora;
mod cost;
mod messages;
mod oracle;
mod properties;
mod read;
mod write;

use signals::time::MILLISECOND;

use super::WriteMessage;
use crate::known::NoKnownSeries;
use crate::otlp::tests::{NOW, unbounded};
use crate::{Decode, DecodeContext, Decoded, KnownSeries, Limits, WireError};

const NOW_MS: i64 = NOW / MILLISECOND;

/// Decodes a request that is not compressed.
fn try_decoded(
    message: WriteMessage,
    body: &[u8],
    known: &dyn KnownSeries,
) -> Result<Decoded, WireError> {
    let (limits, memory) = (&Limits::default(), &unbounded());
    message.decode(body, &DecodeContext { received_at: NOW, limits, known, memory })
}

fn decoded(message: WriteMessage, body: &[u8]) -> Decoded {
    try_decoded(message, body, &NoKnownSeries).unwrap()
}
