//! The ingest path shared by all protocols: decompress, decode, store, count.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use signals::{Batch, Clock, MemoryReservation, Signal, Timestamp};
use store::metrics::{Item, Refused};
use store::{Store, StoreError, WriteRequest};
use tokio::sync::Semaphore;
use wire::otlp::delta::Accumulated;
use wire::otlp::metrics::Translation;
use wire::otlp::{Encoding, Export};
use wire::{Decode, Decoded, ItemCounts, WireError};

use crate::decode::{Body, Decoding};
use crate::deltas::DeltaTotals;
use crate::limits::{INLINE_BYTES_MAX, Limits, RETRY_AFTER};
use crate::outcome::{AppendResult, Outcome};
use crate::panicked_bodies::PanickedBodies;
use crate::rejection::Rejection;
use crate::statistics::Statistics;

/// Expected ratio of decompressed to compressed size; the actual size is charged afterwards.
const EXPECTED_RATIO: usize = 8;

/// Stores the requests of all protocols.
pub struct Receiver {
    store: Store,
    decoding: Decoding,
    translation: RwLock<Arc<Translation>>,
    totals: Arc<DeltaTotals>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    decoders: Semaphore,
    panicked_bodies: PanickedBodies,
    statistics: Arc<Statistics>,
    is_closing: AtomicBool,
}

/// How a body is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    /// The content encoding as sent; `wire` validates it.
    Encoding(String),
    /// A block of snappy, as remote write uses.
    SnappyBlock,
}

/// A request without the framing of its protocol.
pub(crate) struct IngestRequest {
    pub(crate) signal: Signal,
    /// The decoder of the endpoint.
    pub(crate) decoder: Box<dyn Decode>,
    pub(crate) compression: Compression,
    pub(crate) body: Bytes,
    pub(crate) memory: MemoryReservation,
    pub(crate) body_bytes_max: usize,
}

impl Receiver {
    /// A receiver in front of a store; `totals` are those restored by the store.
    #[must_use]
    pub fn new(
        store: Store,
        totals: Arc<DeltaTotals>,
        limits: Limits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            store,
            decoding: Decoding::new(limits.wire.clone(), &limits.known),
            translation: RwLock::default(),
            totals,
            decoders: Semaphore::new(limits.decoders_max.max(1)),
            panicked_bodies: PanickedBodies::default(),
            statistics: Arc::new(Statistics::new(Arc::clone(&clock), limits.services_max)),
            is_closing: AtomicBool::new(false),
            limits,
            clock,
        }
    }

    /// Statistics of received data.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.statistics
    }

    /// Sets how OTLP metrics are translated to series, for requests that arrive from now on.
    pub fn translate(&self, translation: Translation) {
        *self.translation.write() = Arc::new(translation);
    }

    /// The decoder of an OTLP request.
    pub(crate) fn export(&self, signal: Signal, encoding: Encoding) -> Export {
        Export { signal, encoding, translation: Arc::clone(&self.translation.read()) }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Rejects all further requests as retryable, so that the store can close.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
    }

    /// Stores a request and returns once it is durable.
    ///
    /// Runs as its own task: a client disconnect does not leave a request half processed, and
    /// panics are contained.
    pub(crate) async fn ingest(
        self: &Arc<Self>,
        request: IngestRequest,
    ) -> Result<Outcome, Rejection> {
        let receiver = Arc::clone(self);
        match tokio::spawn(async move { receiver.run(request).await }).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(Rejection::Panicked { retry_after: RETRY_AFTER }),
            Err(_) => Err(closing()),
        }
    }

    async fn run(self: &Arc<Self>, request: IngestRequest) -> Result<Outcome, Rejection> {
        if self.is_closing.load(Ordering::SeqCst) {
            return Err(closing());
        }
        let IngestRequest { signal, decoder, compression, body, memory, body_bytes_max } = request;
        let received_at = self.clock.now();
        let is_small = match compression {
            Compression::None => body.len() <= INLINE_BYTES_MAX,
            Compression::SnappyBlock => body.len() <= INLINE_BYTES_MAX / 8,
            Compression::Encoding(_) => false,
        };
        let work = move |receiver: &Self| {
            let bytes = unpack(&compression, body, &memory, body_bytes_max)?;
            receiver.statistics.body(signal, bytes.len());
            let body = Body { signal, decoder, received_at, bytes, memory };
            let mut decoded =
                receiver.catch_panic(&body.bytes, || receiver.decoding.decode(&body))?;
            let deltas = receiver.totals.add(std::mem::take(&mut decoded.deltas), received_at);
            Ok::<_, Rejection>((body, decoded, deltas))
        };
        let (body, decoded, deltas) = self.run_blocking(is_small, work).await?;
        let stored = self.store(is_small, body, decoded, &deltas).await;
        if stored.is_err() {
            self.totals.undo(deltas.undo);
        }
        stored
    }

    /// Runs work on large bodies on the blocking pool, with bounded concurrency.
    async fn run_blocking<T: Send + 'static>(
        self: &Arc<Self>,
        is_small: bool,
        work: impl FnOnce(&Self) -> Result<T, Rejection> + Send + 'static,
    ) -> Result<T, Rejection> {
        if is_small {
            return work(self);
        }
        let receiver = Arc::clone(self);
        let _turn = self.decoders.acquire().await.map_err(|_| closing())?;
        tokio::task::spawn_blocking(move || work(&receiver)).await.map_err(|_| closing())?
    }

    /// Stores decoded data and updates statistics.
    async fn store(
        self: &Arc<Self>,
        is_small: bool,
        body: Body,
        mut decoded: Decoded,
        deltas: &Accumulated,
    ) -> Result<Outcome, Rejection> {
        let (signal, received_at) = (body.signal, body.received_at);
        let mut counts = decoded.item_counts();
        let batches = std::mem::take(&mut decoded.batches);
        let appended = match self.append(received_at, batches, deltas).await {
            Err(StoreError::UnknownSeries) => {
                let again = move |receiver: &Self| {
                    let decode = || receiver.decoding.decode_by_labels(&body);
                    let decoded = receiver.catch_panic(&body.bytes, decode)?;
                    Ok((body, decoded))
                };
                // The deltas were accumulated already. `_body` holds the memory reservation.
                let (_body, plain) = self.run_blocking(is_small, again).await?;
                decoded = plain;
                counts = decoded.item_counts();
                let batches = std::mem::take(&mut decoded.batches);
                self.append(received_at, batches, deltas).await?
            }
            appended => appended?,
        };
        let [decoded_appended, deltas_appended] = appended;
        self.decoding.known.learn(&decoded.unknown, &decoded_appended.series);
        let mut outcome = Outcome::new(signal, decoded.rejected, &decoded.message);
        outcome.add(deltas.rejected, &deltas.message);
        outcome.refused(&decoded_appended, &decoded.points);
        outcome.stored = stored(counts, &decoded_appended.refused);
        outcome.refused(&deltas_appended, &deltas.points);
        outcome.of_too_many_days(decoded_appended.too_many_days);
        // Rows and samples: one data point, such as a histogram, may be many samples.
        let items = decoded_appended.items + deltas_appended.items;
        self.statistics.items(signal, items as u64, outcome.rejected as u64, &decoded.services);
        self.statistics.truncated(signal, decoded.truncated as u64);
        Ok(outcome)
    }

    /// Appends decoded data, and accumulated deltas as samples with their new totals. Returns the
    /// result of each.
    async fn append(
        &self,
        received_at: Timestamp,
        decoded: Vec<Batch>,
        deltas: &Accumulated,
    ) -> Result<[AppendResult; 2], StoreError> {
        let mut batches = decoded;
        let decoded_count = batches.len();
        if !deltas.batch.is_empty() {
            batches.push(Batch::Metrics(deltas.batch.clone()));
        }
        if batches.is_empty() {
            return Ok(<[AppendResult; 2]>::default());
        }
        let totals = deltas.totals.clone();
        let request = WriteRequest { received_at, batches, totals, ..WriteRequest::default() };
        let mut appended = self.store.append(request).await?.batches.into_iter();
        let decoded =
            appended.by_ref().take(decoded_count).fold(AppendResult::default(), AppendResult::and);
        Ok([decoded, appended.fold(AppendResult::default(), AppendResult::and)])
    }

    /// Converts a panic into an error: retryable the first time, final the second.
    fn catch_panic<T>(
        &self,
        body: &[u8],
        decode: impl FnOnce() -> Result<T, WireError>,
    ) -> Result<T, Rejection> {
        // Unwind safe: decoding is pure and leaves no shared state half updated.
        match catch_unwind(AssertUnwindSafe(decode)) {
            Ok(decoded) => Ok(decoded?),
            Err(_) if self.panicked_bodies.is_repeated(body) => Err(Rejection::Malformed(
                "the request cannot be read (an internal error, twice)".to_owned(),
            )),
            Err(_) => {
                tracing::error!(bytes = body.len(), "decoding a request panicked");
                Err(Rejection::Panicked { retry_after: RETRY_AFTER })
            }
        }
    }
}

/// Decompresses the body and charges its actual size.
fn unpack(
    compression: &Compression,
    body: Bytes,
    memory: &MemoryReservation,
    bytes_max: usize,
) -> Result<Bytes, Rejection> {
    if *compression == Compression::None {
        if body.len() > bytes_max {
            return Err(Rejection::TooLarge(format!(
                "request body is larger than {bytes_max} bytes"
            )));
        }
        return Ok(body);
    }
    let expected = body.len().saturating_mul(EXPECTED_RATIO).min(bytes_max);
    memory.try_grow(expected)?;
    let unpacked = match compression {
        Compression::None => body,
        Compression::Encoding(name) => wire::body::decompress(Some(name), body, bytes_max)?,
        Compression::SnappyBlock => wire::body::decompress_snappy(&body, bytes_max)?,
    };
    if unpacked.len() > expected {
        memory.try_grow(unpacked.len() - expected)?;
    }
    // Releases the memory of the compressed body.
    memory.shrink(memory.bytes().saturating_sub(unpacked.len()));
    Ok(unpacked)
}

/// The items that were stored.
fn stored(mut counts: ItemCounts, refused: &[Refused]) -> ItemCounts {
    for refused in refused {
        let count = match refused.item {
            Item::Sample => &mut counts.samples,
            Item::Histogram => &mut counts.histograms,
            Item::Exemplar => &mut counts.exemplars,
        };
        *count = count.saturating_sub(1);
    }
    counts
}

fn closing() -> Rejection {
    Rejection::Unavailable { message: "shutting down".to_owned(), retry_after: RETRY_AFTER }
}

#[cfg(test)]
mod tests;
