//! Batches of many targets are stored together, with one sync of the write-ahead log.
//!
//! Nobody is told that a scrape is durable, so that a short delay costs nothing; a sync for each of
//! fifty scrapes a second costs more than reading them.

use std::sync::Arc;
use std::time::Duration;

use signals::{Batch, Clock, SeriesBatch};
use store::metrics::SeriesAppended;
use store::{BatchAppended, Store, StoreError, WriteRequest};
use tokio::sync::{mpsc, oneshot};

/// How long a batch waits for others.
const GATHER: Duration = Duration::from_millis(100);
/// Samples that are stored together; a batch may have more.
const SAMPLES_MAX: usize = 100_000;
/// Batches that are stored together.
const BATCHES_MAX: usize = 256;

type Stored = Result<SeriesAppended, StoreError>;

/// A batch, and who waits for what became of it.
struct Waiting {
    batch: SeriesBatch,
    answer: oneshot::Sender<Stored>,
}

/// Stores batches. It ends when it is dropped.
pub(super) struct Gatherer {
    sender: mpsc::Sender<Waiting>,
}

impl Gatherer {
    /// Starts the task that stores batches.
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>) -> Self {
        let (sender, receiver) = mpsc::channel(BATCHES_MAX);
        tokio::spawn(run(receiver, store, clock));
        Self { sender }
    }

    /// Stores a batch and waits until it is durable.
    pub(super) async fn append(&self, batch: SeriesBatch) -> Stored {
        let ended = || StoreError::Unavailable("the scraper has ended".to_owned());
        let (answer, stored) = oneshot::channel();
        self.sender.send(Waiting { batch, answer }).await.map_err(|_| ended())?;
        stored.await.map_err(|_| ended())?
    }
}

async fn run(mut receiver: mpsc::Receiver<Waiting>, store: Store, clock: Arc<dyn Clock>) {
    while let Some(first) = receiver.recv().await {
        let mut samples = first.batch.samples.len();
        let mut waiting = vec![first];
        let more = async {
            while samples < SAMPLES_MAX && waiting.len() < BATCHES_MAX {
                let Some(next) = receiver.recv().await else { break };
                samples += next.batch.samples.len();
                waiting.push(next);
            }
        };
        let _elapsed = tokio::time::timeout(GATHER, more).await;
        // The next batches gather during the sync.
        tokio::spawn(store_all(waiting, store.clone(), Arc::clone(&clock)));
    }
}

/// Stores the batches as one request: an error is that of all of them. A reference that is not
/// valid any more makes all targets send their series again, which is rare.
async fn store_all(waiting: Vec<Waiting>, store: Store, clock: Arc<dyn Clock>) {
    let (batches, answers): (Vec<_>, Vec<_>) =
        waiting.into_iter().map(|waiting| (Batch::Metrics(waiting.batch), waiting.answer)).unzip();
    let request = WriteRequest { received_at: clock.now(), batches, totals: Vec::new() };
    match store.append(request).await {
        Ok(appended) => {
            for (appended, answer) in appended.batches.into_iter().zip(answers) {
                let _gone = answer.send(Ok(of_metrics(appended)));
            }
        }
        Err(error) => {
            for answer in answers {
                let _gone = answer.send(Err(error.clone()));
            }
        }
    }
}

fn of_metrics(appended: BatchAppended) -> SeriesAppended {
    match appended {
        BatchAppended::Metrics(appended) => appended,
        BatchAppended::Rows(_) => SeriesAppended::default(),
    }
}
