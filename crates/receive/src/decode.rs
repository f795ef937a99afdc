//! Bodies to batches, the same way when they arrive and when they are replayed.
//!
//! Owns the sums of delta series: they live as long as the process and are rebuilt at start by
//! replaying the write-ahead log.

use bytes::Bytes;
use signals::{Signal, Timestamp};
use tokio::sync::{Mutex, MutexGuard};
use wire::WireError;
use wire::otlp::delta::DeltaAccumulator;
use wire::otlp::{self, Decoded, Encoding, json};

/// Decodes requests and replayed records. One for the whole process.
#[derive(Debug)]
pub struct Decoder {
    limits: wire::Limits,
    deltas: Mutex<DeltaAccumulator>,
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    #[must_use]
    pub fn new(limits: wire::Limits) -> Self {
        Self { limits, deltas: Mutex::default() }
    }

    /// What a request holds.
    ///
    /// # Errors
    /// [`WireError`] when the body cannot be read as a whole.
    pub(crate) fn decode(
        &self,
        signal: Signal,
        encoding: Encoding,
        received_at: Timestamp,
        body: Bytes,
    ) -> Result<Decoded, WireError> {
        let payload = match encoding {
            Encoding::Protobuf => body,
            Encoding::Json => match signal {
                Signal::Spans => json::traces_to_protobuf(&body)?,
                Signal::Logs => json::logs_to_protobuf(&body)?,
                Signal::Metrics => json::metrics_to_protobuf(&body)?,
            }
            .into(),
        };
        otlp::decode(signal, &payload, Encoding::Protobuf, received_at, &self.limits)
    }
}

impl Decoder {
    /// The sums of delta series. To be held until the batch that they made is stored: the log must
    /// have requests in the order in which they were added up.
    pub(crate) async fn deltas(&self) -> MutexGuard<'_, DeltaAccumulator> {
        self.deltas.lock().await
    }
}
