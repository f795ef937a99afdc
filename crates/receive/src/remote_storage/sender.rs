//! The task that sends to one server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use adopt::prometheus::RemoteWrite;
use signals::{Clock, Labels, MemoryBudget};
use store::{Confirmations, Follower, Store, StoreError};
use tokio::time::Instant;

use super::round::{Round, Selection};
use super::series::{Families, SentSeries};
use super::server::Server;
use super::{Counts, RemoteStorage};

/// How often the log is read while a round is gathered.
const READ_INTERVAL: Duration = Duration::from_millis(100);
/// Delay before the log is read again after an error.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Sends to one server.
pub(super) struct Sender {
    log: Log,
    server: Server,
    families: Families,
    families_at: Option<Instant>,
    memory: MemoryBudget,
}

/// What is read of the log.
struct Log {
    store: Store,
    clock: Arc<dyn Clock>,
    config: RemoteWrite,
    series: SentSeries,
    counts: Arc<Counts>,
}

impl Sender {
    /// A sender with the settings of a server.
    ///
    /// # Errors
    /// What is wrong with its URL, TLS files or proxy.
    pub(super) fn new(
        config: &RemoteWrite,
        external: &Labels,
        storage: &RemoteStorage,
    ) -> Result<Self, String> {
        let counts: Arc<Counts> = Arc::default();
        let clock = Arc::clone(&storage.clock);
        let server = Server::new(config, &storage.addresses, clock, Arc::clone(&counts))?;
        let rules = config.write_relabel_configs.clone();
        let log = Log {
            store: storage.store.clone(),
            clock: Arc::clone(&storage.clock),
            config: config.clone(),
            series: SentSeries::new(external.clone(), rules, storage.memory.reservation()),
            counts,
        };
        let memory = storage.memory.clone();
        Ok(Self { log, server, families: Families::default(), families_at: None, memory })
    }

    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.log.counts)
    }

    /// Follows the log under a name and sends what it reads, until the task is dropped.
    pub(super) async fn run(mut self, name: String) {
        loop {
            let store = self.log.store.clone();
            let following = name.clone();
            let follower = blocking(move || store.follow_metrics(&following)).await;
            let error = match follower.and_then(|follower| follower) {
                Ok(follower) => self.send_all(follower).await,
                Err(error) => error,
            };
            tracing::error!(%error, name, "remote write cannot read the write-ahead log");
            tokio::time::sleep(RETRY_AFTER).await;
            self.log.series.clear();
        }
    }

    /// Sends round after round; the next one is gathered while one is sent. Returns why it ended.
    async fn send_all(&mut self, follower: Follower) -> StoreError {
        let queue = self.log.config.queue.clone();
        let (fewest, most) = (shards(queue.min_shards), shards(queue.max_shards));
        let items_max = usize::try_from(queue.max_samples_per_send).unwrap_or(usize::MAX).max(1);
        let confirmations = follower.confirmations();
        let mut shards = fewest;
        let mut gathered = self.log.gather(follower, shards.saturating_mul(items_max)).await;
        loop {
            let (follower, mut round) = match gathered {
                Ok(gathered) => gathered,
                Err(error) => return error,
            };
            self.log.counts.shards.store(shards as u64, Ordering::Relaxed);
            self.refresh_families();
            let (is_full, sequence) =
                (round.items >= shards.saturating_mul(items_max), round.sequence);
            let requests = round.requests(shards, items_max);
            let sending = async {
                let (memory, began) = (self.memory.reservation(), Instant::now());
                memory.grow(round.bytes);
                self.server.send(requests, &self.families).await;
                let taken = began.elapsed();
                // Now, since it may take long until the next round is gathered.
                confirm(confirmations.clone(), sequence).await;
                taken
            };
            let gathering = self.log.gather(follower, shards.saturating_mul(items_max));
            let taken;
            (taken, gathered) = tokio::join!(sending, gathering);
            // More requests at a time help if there is more to send than is sent in time.
            if is_full && gathered.as_ref().is_ok_and(|(follower, _)| follower.behind() > 0) {
                shards = shards.saturating_mul(2).min(most);
            } else if !is_full && taken < queue.batch_send_deadline / 2 {
                shards = (shards / 2).max(fewest);
            }
        }
    }

    /// Reads the metadata of all families when it is due.
    fn refresh_families(&mut self) {
        let metadata = &self.log.config.metadata;
        let is_due = self.families_at.is_none_or(|at| at.elapsed() >= metadata.send_interval);
        if metadata.send && is_due {
            let families = self.log.store.metadata().into_iter();
            self.families = families.map(|family| (family.metric.clone(), family)).collect();
            self.families_at = Some(Instant::now());
            self.server.metadata_is_due();
        }
    }
}

impl Log {
    /// Waits for samples, and gathers so many of them, or those of the deadline.
    async fn gather(
        &mut self,
        mut follower: Follower,
        items_max: usize,
    ) -> Result<(Follower, Round), StoreError> {
        let mut round = Round::default();
        follower.wait().await;
        let deadline = Instant::now() + self.config.queue.batch_send_deadline;
        // Ends also without samples: the log need not keep other records.
        loop {
            let items_left = items_max - round.items;
            let (reader, read) = blocking(move || {
                let read = follower.read(items_left);
                (follower, read)
            })
            .await?;
            follower = reader;
            let selection = Selection::new(&self.config, self.clock.now());
            round.add(read?, &mut self.series, selection);
            self.counts.behind.store(follower.behind(), Ordering::Relaxed);
            if round.items >= items_max || Instant::now() >= deadline {
                break;
            }
            if follower.behind() == 0 {
                tokio::time::sleep_until(deadline.min(Instant::now() + READ_INTERVAL)).await;
            }
        }
        self.counts.dropped.fetch_add(round.dropped, Ordering::Relaxed);
        if round.lost_records > 0 {
            self.counts.lost_records.fetch_add(round.lost_records, Ordering::Relaxed);
            let records = round.lost_records;
            tracing::error!(
                records,
                "records of the write-ahead log were removed or damaged before remote write could send them"
            );
        }
        Ok((follower, round))
    }
}

async fn confirm(confirmations: Confirmations, sequence: u64) {
    let confirmed = blocking(move || confirmations.confirm(sequence)).await;
    // The log keeps more than it has to, and the next position is stored again.
    if let Err(error) = confirmed.and_then(|confirmed| confirmed) {
        tracing::warn!(%error, "the position of remote write cannot be stored");
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Io(error.to_string()))
}

fn shards(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).max(1)
}
