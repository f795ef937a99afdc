//! Bodies to batches, the same way when they arrive and when they are replayed.
//!
//! Owns the sums of delta series: they live as long as the process and are rebuilt at start by
//! replaying the write-ahead log.

use bytes::Bytes;
use signals::{Batch, MemoryBudget, MemoryReservation, Signal, Timestamp};
use store::{Record, Replay};
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
        memory: &MemoryReservation,
    ) -> Result<(Bytes, Decoded), WireError> {
        let payload = match encoding {
            Encoding::Protobuf => body,
            Encoding::Json => {
                // Protobuf is the shorter of the two.
                memory.try_grow(body.len())?;
                match signal {
                    Signal::Spans => json::traces_to_protobuf(&body)?,
                    Signal::Logs => json::logs_to_protobuf(&body)?,
                    Signal::Metrics => json::metrics_to_protobuf(&body)?,
                }
                .into()
            }
        };
        let decoded =
            otlp::decode(signal, &payload, Encoding::Protobuf, received_at, &self.limits, memory)?;
        Ok((payload, decoded))
    }
}

impl Decoder {
    /// The sums of delta series. To be held until the batch that they made is stored: the log must
    /// have requests in the order in which they were added up.
    pub(crate) async fn deltas(&self) -> MutexGuard<'_, DeltaAccumulator> {
        self.deltas.lock().await
    }
}

impl Replay for Decoder {
    fn decode(&self, record: &Record) -> Result<Vec<Batch>, String> {
        let Record { format, received_at, payload } = record;
        // What was taken once is not refused at start.
        let memory = MemoryBudget::new("replay", usize::MAX).reservation();
        let limits = &self.limits;
        let mut decoded =
            wire::record::decode_record(*format, *received_at, payload, limits, &memory)
                .map_err(|error| error.to_string())?;
        if !decoded.deltas.is_empty() {
            // Nothing arrives while the log is replayed, so nobody else can hold the sums.
            let mut deltas = self.deltas.try_lock().map_err(|error| error.to_string())?;
            // What is in the log was stored: there is nothing to take back.
            drop(decoded.accumulate(&mut deltas, *received_at));
        }
        Ok(decoded.batches)
    }
}
