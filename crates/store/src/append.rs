//! Storing batches: decide what is admitted, log exactly that, apply it.

use arrow::array::RecordBatch;
use signals::{Batch, MemoryReservation, SeriesRef, Signal, Timestamp};

use crate::StoreError;
use crate::days::{Admitted, STORED_DAYS_MAX};
use crate::head::memory_of;
use crate::metrics::{Limits, SeriesAppended};
use crate::open_store::OpenStore;
use crate::part::write::schema;
use crate::state::Work;
use crate::write_ahead::format::Encoded;
use crate::write_ahead::record::Payload;

const DAY_SECONDS: u64 = 86_400;

/// Larger batches are encoded on a blocking thread.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// The batches of one request, scrape or rule evaluation.
#[derive(Debug, Clone, Default)]
pub struct WriteRequest {
    /// When it arrived.
    pub received_at: Timestamp,
    /// The batches to store.
    pub batches: Vec<Batch>,
    /// An update of the delta totals, passed to [`Totals::restore`] after a restart.
    pub totals: Vec<u8>,
    /// When it is durable.
    pub durability: Durability,
}

/// When an appended request is durable, that is, survives a loss of power. Every request that was
/// answered survives a crash of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Before the append returns: a sender that is told so does not send again.
    #[default]
    BeforeResponse,
    /// At most a second later: for what no sender waits for, like scraped samples.
    WithinSecond,
}

/// The result of an append. Everything that was not refused is visible, and durable as
/// [`WriteRequest::durability`] says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// One result for each batch, in the same order.
    pub batches: Vec<BatchAppended>,
}

/// The result for a batch of spans or log records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsAppended {
    /// Number of stored rows.
    pub rows: usize,
    /// Number of rows refused because they span too many days.
    pub too_many_days: usize,
}

/// The result for one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchAppended {
    /// Spans or log records.
    Rows(RowsAppended),
    /// Samples.
    Metrics(SeriesAppended),
}

impl BatchAppended {
    /// Number of stored spans, log records or samples.
    #[must_use]
    pub fn items(&self) -> usize {
        match self {
            Self::Rows(appended) => appended.rows,
            Self::Metrics(appended) => appended.samples,
        }
    }
}

impl Appended {
    /// Number of stored spans, log records and samples.
    #[must_use]
    pub fn items(&self) -> usize {
        self.batches.iter().map(BatchAppended::items).sum()
    }
}

/// The running totals of delta series. Requests change them, and they must outlive the log segments
/// of those requests.
pub trait Totals: Send + Sync {
    /// Applies an update that an earlier process logged. Updates may arrive in any order and more
    /// than once.
    ///
    /// # Errors
    /// A description, if the update cannot be read; it is then quarantined.
    fn restore(&self, update: &[u8]) -> Result<(), String>;

    /// All totals, as updates of at most 8 MiB each. Called at each flush, before log segments are
    /// removed.
    fn snapshot(&self) -> Vec<Vec<u8>>;
}

/// No totals to keep.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTotals;

impl Totals for NoTotals {
    fn restore(&self, _update: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn snapshot(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

/// An admitted and encoded request.
struct Prepared {
    encoded: Encoded,
    work: Work,
    appended: Appended,
    bytes: usize,
}

impl OpenStore {
    pub(crate) async fn append(
        self: &std::sync::Arc<Self>,
        request: WriteRequest,
    ) -> Result<Appended, StoreError> {
        if *self.closing.borrow() {
            return Err(StoreError::Unavailable("the store is closing".into()));
        }
        self.check_room()?;
        let durability = request.durability;
        let bytes: usize = request.batches.iter().map(batch_bytes).sum();
        let prepared = if bytes <= INLINE_BYTES_MAX {
            self.prepare(request, bytes)?
        } else {
            let inner = std::sync::Arc::clone(self);
            tokio::task::spawn_blocking(move || inner.prepare(request, bytes))
                .await
                .map_err(|error| StoreError::Io(format!("encoding a request: {error}")))??
        };
        let Prepared { encoded, work, appended, bytes } = prepared;
        if work.is_empty() {
            return Ok(appended);
        }
        let permit = self.config.memory.queue.reserve(encoded.stored_bytes() + bytes)?;
        self.log_and_apply(encoded, work, durability, permit).await?;
        Ok(appended)
    }

    /// Logs a snapshot of the totals of delta series, durably.
    pub(crate) async fn append_totals(&self) -> Result<(), StoreError> {
        for update in self.totals.snapshot() {
            let mut payload = Payload::default();
            payload.push_totals(&update);
            let encoded = Encoded::new(self.clock.now(), payload.into_bytes())?;
            // Never refused: a flush needs this record to free memory.
            let permit = self.config.memory.queue.reservation();
            permit.grow(encoded.stored_bytes());
            let durability = Durability::BeforeResponse;
            self.log_and_apply(encoded, Work::default(), durability, permit).await?;
        }
        Ok(())
    }

    pub(crate) async fn log_and_apply(
        &self,
        encoded: Encoded,
        work: Work,
        durability: Durability,
        permit: MemoryReservation,
    ) -> Result<(), StoreError> {
        let answer = self.log()?.append(encoded, work, durability, permit)?;
        answer
            .await
            .map_err(|_| StoreError::Unavailable("the write-ahead log has stopped".into()))?
    }

    fn prepare(&self, request: WriteRequest, bytes: usize) -> Result<Prepared, StoreError> {
        let WriteRequest { received_at, batches, totals, durability: _ } = request;
        let mut payload = Payload::default();
        let mut work = Work::default();
        let mut appended = Appended::default();
        for batch in batches {
            let signal = batch.signal();
            match batch {
                Batch::Spans(rows) | Batch::Logs(rows) if rows.num_rows() == 0 => {
                    appended.batches.push(BatchAppended::Rows(RowsAppended::default()));
                }
                Batch::Spans(rows) | Batch::Logs(rows) => {
                    if rows.schema_ref() != &schema(signal) {
                        return Err(StoreError::Io(format!(
                            "the schema of a batch is not that of {}",
                            signal.name()
                        )));
                    }
                    let Admitted { rows, refused } = self.admit_days(signal, rows)?;
                    let stored = rows.num_rows();
                    let outcome = RowsAppended { rows: stored, too_many_days: refused };
                    appended.batches.push(BatchAppended::Rows(outcome));
                    if stored > 0 {
                        payload.push_rows(signal, &rows)?;
                        work.rows.push(match signal {
                            Signal::Spans => Batch::Spans(rows),
                            _ => Batch::Logs(rows),
                        });
                    }
                }
                Batch::Metrics(mut series) => {
                    let (admitted, outcome) =
                        self.state.metrics.admit(&mut series, Limits::Apply)?;
                    if !series.is_empty() {
                        payload.push_metrics(&series, &outcome.series);
                        work.series.extend(outcome.series.iter().flatten());
                        work.metrics.push(admitted);
                    }
                    appended.batches.push(BatchAppended::Metrics(outcome));
                }
            }
        }
        if !totals.is_empty() {
            payload.push_totals(&totals);
            work.has_totals = true;
        }
        let encoded = Encoded::new(received_at, payload.into_bytes())?;
        Ok(Prepared { encoded, work, appended, bytes })
    }
}

impl OpenStore {
    fn admit_days(&self, signal: Signal, rows: RecordBatch) -> Result<Admitted, StoreError> {
        let kept = self.config.retention(signal).as_secs() / DAY_SECONDS;
        let stored_max = STORED_DAYS_MAX.max(2 * usize::try_from(kept).unwrap_or(usize::MAX / 2));
        let stored = || self.state.days(signal);
        let admitted =
            self.state.head_days.admit(signal, rows, self.clock.now(), stored, stored_max);
        if admitted.is_err() {
            self.state.is_full.notify_one();
        }
        admitted
    }
}

/// Approximate memory of a batch, in bytes.
fn batch_bytes(batch: &Batch) -> usize {
    match batch {
        Batch::Spans(rows) | Batch::Logs(rows) => memory_of(rows),
        Batch::Metrics(batch) => {
            let labels = batch.series.iter().map(|series| {
                series.labels().map_or(0, |labels| labels.as_bytes().len()) + size_of::<SeriesRef>()
            });
            // Each sample is held twice: in the batch and, by shard, in its admitted form.
            labels.sum::<usize>()
                + 48 * batch.samples.len()
                + 256 * batch.histograms.len()
                + 128 * batch.exemplars.len()
        }
    }
}
