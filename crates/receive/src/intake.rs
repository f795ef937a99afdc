//! The one path of every accepted request: unpack, decode, store, count.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;
use bytes::Bytes;
use signals::{Batch, Clock, MemoryBudget, MemoryReservation, Signal, Timestamp};
use store::{Record, Store};
use tokio::sync::Semaphore;
use wire::WireError;
use wire::otlp::{Decoded, Encoding};

use crate::decode::Decoder;
use crate::limits::{INLINE_BYTES_MAX, Limits, RETRY_AFTER};
use crate::poison::Poison;
use crate::rejection::Rejection;
use crate::statistics::Statistics;

/// A compressed body is expected to grow by this factor; what it really takes is settled after.
const EXPECTED_RATIO: usize = 8;

/// Takes requests in, whatever protocol brought them.
pub struct Receiver {
    store: Store,
    decoder: Arc<Decoder>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    decoders: Semaphore,
    poison: Poison,
    statistics: Arc<Statistics>,
    is_closing: AtomicBool,
}

/// One request, out of its protocol's framing.
pub(crate) struct Export {
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    /// What `wire` should unpack; it knows which it can.
    pub(crate) compression: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) memory: MemoryReservation,
    pub(crate) body_bytes_max: usize,
}

/// What became of a stored request.
#[derive(Debug)]
pub(crate) struct Outcome {
    rejected: usize,
    message: String,
}

impl Outcome {
    /// What the sender should know, if anything.
    pub(crate) fn complaint(&self) -> Option<&str> {
        (!self.message.is_empty()).then_some(self.message.as_str())
    }

    /// The Export…Response.
    pub(crate) fn response(&self, signal: Signal, encoding: Encoding) -> Bytes {
        wire::response::export(signal, encoding, self.rejected, &self.message).into()
    }
}

impl Receiver {
    /// A receiver in front of a store. `decoder` is the one that replayed the store's log.
    #[must_use]
    pub fn new(store: Store, decoder: Arc<Decoder>, limits: Limits, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            decoder,
            decoders: Semaphore::new(limits.decoders_max.max(1)),
            poison: Poison::default(),
            statistics: Arc::new(Statistics::new(Arc::clone(&clock), limits.services_max)),
            is_closing: AtomicBool::new(false),
            limits,
            clock,
        }
    }

    /// What has arrived.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.statistics
    }

    /// Memory of requests in flight.
    pub fn memory(&self) -> &MemoryBudget {
        &self.limits.memory
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// From now on every request is answered "try again", so that the store can close.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// Stores one request and returns once it is durable.
    ///
    /// Runs as a task of its own: a sender that goes away does not leave half a request behind,
    /// and a panic anywhere on the path ends here.
    pub(crate) async fn export(self: &Arc<Self>, export: Export) -> Result<Outcome, Rejection> {
        let receiver = Arc::clone(self);
        match tokio::spawn(async move { receiver.run(export).await }).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(Rejection::Panicked { retry_after: RETRY_AFTER }),
            Err(_) => Err(closing()),
        }
    }

    async fn run(self: &Arc<Self>, export: Export) -> Result<Outcome, Rejection> {
        if self.is_closing.load(Ordering::SeqCst) {
            return Err(closing());
        }
        let Export { signal, encoding, compression, body, memory, body_bytes_max } = export;
        let received_at = self.clock.now();
        let is_small = compression.is_none() && body.len() <= INLINE_BYTES_MAX;
        let work = {
            let receiver = Arc::clone(self);
            move || {
                let body =
                    receiver.unpack(compression.as_deref(), body, &memory, body_bytes_max)?;
                let (payload, decoded) =
                    receiver.decode(signal, encoding, received_at, &body, &memory)?;
                Ok::<_, Rejection>((payload, decoded, memory))
            }
        };
        let (payload, decoded, _memory) = if is_small {
            work()?
        } else {
            let _turn = self.decoders.acquire().await.map_err(|_| closing())?;
            tokio::task::spawn_blocking(work).await.map_err(|_| closing())??
        };
        self.keep(signal, received_at, payload, decoded).await
    }

    /// Stores what was decoded, and counts it.
    async fn keep(
        &self,
        signal: Signal,
        received_at: Timestamp,
        payload: Bytes,
        mut decoded: Decoded,
    ) -> Result<Outcome, Rejection> {
        let mut deltas = None;
        if !decoded.deltas.is_empty() {
            let mut held = self.decoder.deltas().await;
            let undo = decoded.accumulate(&mut held, received_at);
            deltas = Some((held, undo));
        }
        let Decoded { mut batches, mut rejected, mut message, .. } = decoded;
        let refused = self.store.admit(&mut batches);
        if refused > 0 {
            rejected += refused;
            let refusal = format!(
                "{refused} samples of new series or days are more than the store holds at once"
            );
            message = if message.is_empty() { refusal } else { format!("{message}; {refusal}") };
            batches.retain(|batch| batch.items() > 0);
        }
        // Rows and samples: what a client counts as one data point may be a whole histogram.
        let stored_items: usize = batches.iter().map(Batch::items).sum();
        let services = count_services(&batches);
        if !batches.is_empty() {
            let record = Record { format: wire::record::otlp_format(signal), received_at, payload };
            let stored = self.store.append(record, batches).await;
            if let (Err(_), Some((mut held, undo))) = (&stored, deltas.take()) {
                held.undo(undo);
            }
            stored?;
        }
        drop(deltas);
        let services = services.iter().map(|(name, items)| (name.as_str(), *items)).collect();
        self.statistics.items(signal, stored_items as u64, rejected as u64, &services);
        Ok(Outcome { rejected, message })
    }

    /// The uncompressed body, its memory settled with the permit.
    fn unpack(
        &self,
        compression: Option<&str>,
        body: Bytes,
        memory: &MemoryReservation,
        bytes_max: usize,
    ) -> Result<Bytes, Rejection> {
        let Some(compression) = compression else {
            if body.len() > bytes_max {
                return Err(Rejection::TooLarge(format!(
                    "request body is larger than {bytes_max} bytes"
                )));
            }
            return Ok(body);
        };
        let expected = body.len().saturating_mul(EXPECTED_RATIO).min(bytes_max);
        memory.try_grow(expected)?;
        let unpacked = wire::body::decompress(Some(compression), body, bytes_max)?;
        if unpacked.len() > expected {
            memory.try_grow(unpacked.len() - expected)?;
        }
        // The packed body is gone.
        memory.shrink(memory.bytes().saturating_sub(unpacked.len()));
        Ok(unpacked)
    }

    fn decode(
        &self,
        signal: Signal,
        encoding: Encoding,
        received_at: Timestamp,
        body: &Bytes,
        memory: &MemoryReservation,
    ) -> Result<(Bytes, Decoded), Rejection> {
        self.guarded(body, || {
            self.decoder.decode(signal, encoding, received_at, body.clone(), memory)
        })
    }

    /// Turns a panic into an answer: once "try again", then "never".
    fn guarded<T>(
        &self,
        body: &[u8],
        decode: impl FnOnce() -> Result<T, WireError>,
    ) -> Result<T, Rejection> {
        // Decoding is pure: nothing that outlives it is left half changed.
        match catch_unwind(AssertUnwindSafe(decode)) {
            Ok(decoded) => Ok(decoded?),
            Err(_) if self.poison.is_repeated(body) => Err(Rejection::Malformed(
                "the request cannot be read (an internal error, twice)".to_owned(),
            )),
            Err(_) => {
                tracing::error!(bytes = body.len(), "decoding a request panicked");
                Err(Rejection::Panicked { retry_after: RETRY_AFTER })
            }
        }
    }
}

fn closing() -> Rejection {
    Rejection::Unavailable { message: "shutting down".to_owned(), retry_after: RETRY_AFTER }
}

/// Items of each service in the batches.
fn count_services(batches: &[Batch]) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for batch in batches {
        match batch {
            Batch::Spans(rows) => {
                count_rows(rows, signals::span::column::SERVICE_NAME, &mut counts);
            }
            Batch::Logs(rows) => count_rows(rows, signals::log::column::SERVICE_NAME, &mut counts),
            Batch::Metrics(batch) => {
                let mut items = vec![0_u64; batch.labels.len()];
                let series = batch.samples.iter().map(|sample| sample.series);
                for i in series.chain(batch.histograms.iter().map(|sample| sample.series)) {
                    if let Some(items) = items.get_mut(i as usize) {
                        *items += 1;
                    }
                }
                for (labels, items) in batch.labels.iter().zip(items) {
                    // `job` is `namespace/service` or the service alone.
                    let job = labels.get("job").unwrap_or("unknown_service");
                    add(&mut counts, job.rsplit('/').next().unwrap_or(job), items);
                }
            }
        }
    }
    counts
}

fn count_rows(rows: &RecordBatch, column: &str, counts: &mut HashMap<String, u64>) {
    let Some(column) =
        rows.column_by_name(column).and_then(|column| column.as_dictionary_opt::<Int32Type>())
    else {
        return;
    };
    let Some(names) = column.values().as_string_opt::<i32>() else { return };
    let mut items = vec![0_u64; names.len()];
    for key in column.keys().iter().flatten() {
        if let Some(items) = usize::try_from(key).ok().and_then(|key| items.get_mut(key)) {
            *items += 1;
        }
    }
    for (name, items) in names.iter().zip(items) {
        add(counts, name.unwrap_or_default(), items);
    }
}

fn add(counts: &mut HashMap<String, u64>, name: &str, items: u64) {
    if items == 0 {
        return;
    }
    match counts.get_mut(name) {
        Some(count) => *count += items,
        None => _ = counts.insert(name.to_owned(), items),
    }
}

#[cfg(test)]
mod tests;
