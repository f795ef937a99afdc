//! Bodies to batches, the same way when they arrive and when they are replayed.

use bytes::Bytes;
use signals::{Batch, Signal, Timestamp};
use store::{Record, Replay};
use wire::WireError;
use wire::otlp::{self, Decoded, Encoding, json};

/// Decodes requests and replayed records. One for the whole process.
#[derive(Debug)]
pub struct Decoder {
    limits: wire::Limits,
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    #[must_use]
    pub fn new(limits: wire::Limits) -> Self {
        Self { limits }
    }

    /// What a request holds, and its body as it is written ahead: protobuf, whatever it came as.
    ///
    /// # Errors
    /// [`WireError`] when the body cannot be read as a whole.
    pub(crate) fn decode(
        &self,
        signal: Signal,
        encoding: Encoding,
        received_at: Timestamp,
        body: Bytes,
    ) -> Result<(Bytes, Decoded), WireError> {
        let payload = match encoding {
            Encoding::Protobuf => body,
            Encoding::Json => match signal {
                Signal::Spans => json::traces_to_protobuf(&body)?,
                Signal::Logs => json::logs_to_protobuf(&body)?,
                Signal::Metrics => json::metrics_to_protobuf(&body)?,
            }
            .into(),
        };
        let decoded =
            otlp::decode(signal, &payload, Encoding::Protobuf, received_at, &self.limits)?;
        Ok((payload, decoded))
    }
}

impl Replay for Decoder {
    fn decode(&self, record: &Record) -> Result<Vec<Batch>, String> {
        wire::record::decode_record(
            record.format,
            record.received_at,
            &record.payload,
            &self.limits,
        )
        .map(|decoded| decoded.batches)
        .map_err(|error| error.to_string())
    }
}
