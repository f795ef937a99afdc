//! A bucket, the processes that use it, and the law that must hold for them.

use std::sync::Arc;

use parking_lot::RwLock;
use signals::Clock;
use signals::time::ManualClock;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::context::Context;
use crate::instruments::Instruments;
use crate::maintenance::Maintenance;
use crate::manifest::catalog::Catalog;
use crate::manifest::documents::Documents;
use crate::manifest::drafts::Drafts;
use crate::manifest::load::load;
use crate::manifest::part_list::PartList;
use crate::metrics::PartReader;
use crate::tests::harness::*;
use crate::tests::sim_files::SimFiles;
use crate::tests::sim_objects::{Bucket, Client, Fault};
use crate::write_ahead::format::WriterId;
use crate::{Config, Dependencies, NoTotals, Store, StoreError};

pub(super) struct Cluster {
    pub(super) clock: Arc<ManualClock>,
    pub(super) bucket: Arc<Bucket>,
    pub(super) config: Config,
}

/// A writer with a folder of its own.
pub(super) struct Process {
    /// Whose items are whose.
    number: u64,
    pub(super) files: SimFiles,
    pub(super) client: Client,
    store: Option<Store>,
    pub(super) sent: Vec<Item>,
    pub(super) acknowledged: Vec<Item>,
}

/// A process that takes nothing in: no folder, no write-ahead log.
pub(super) struct Role {
    pub(super) client: Client,
    pub(super) catalog: Arc<Catalog>,
    pub(super) parts: Arc<RwLock<PartList>>,
    pub(super) maintenance: Maintenance,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    Flush,
    Maintain,
}

impl Cluster {
    pub(super) fn new() -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let bucket = Bucket::new(Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, bucket, config: config() }
    }

    /// Parts stay as they are flushed.
    pub(super) fn without_merges() -> Self {
        let cluster = Self::new();
        Self { config: Config { part_bytes_target: 1, ..cluster.config }, ..cluster }
    }

    pub(super) fn files(&self) -> SimFiles {
        SimFiles::new(Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    pub(super) async fn open(
        &self,
        files: &SimFiles,
        client: &Client,
    ) -> Result<Store, StoreError> {
        let (files, clock) = (Arc::new(files.clone()), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let dependencies = Dependencies::shared(files, clock, Arc::new(client.clone()));
        Ok(Store::open(self.config.clone(), dependencies, Arc::new(NoTotals)).await?.0)
    }

    /// A writer on an empty folder.
    pub(super) async fn start(&self, number: u64) -> Process {
        self.start_on(number, self.files()).await
    }

    pub(super) async fn start_on(&self, number: u64, files: SimFiles) -> Process {
        let client = self.bucket.client();
        let store = Some(self.open(&files, &client).await.unwrap());
        Process { number, files, client, store, sent: Vec::new(), acknowledged: Vec::new() }
    }

    /// A process that compacts and reads.
    pub(super) async fn role(&self) -> Role {
        let client = self.bucket.client();
        let (objects, clock) = (Arc::new(client.clone()), Arc::clone(&self.clock));
        let documents = Documents::new(Arc::clone(&objects) as _, Arc::clone(&clock) as _);
        let days = load(&documents, None, None).await.unwrap().days;
        let parts = Arc::new(RwLock::new(PartList::default()));
        let catalog = Arc::new(Catalog::new(documents, Arc::clone(&parts) as _, days));
        let context = Context {
            objects: Arc::clone(&objects) as _,
            disk: None,
            clock: Arc::clone(&clock) as _,
            catalog: Arc::clone(&catalog),
            drafts: Drafts::new(WriterId::random(), clock),
            reader: PartReader::new(objects, &self.config.memory.caches),
            merges: self.config.memory.merges.clone(),
            quarantined: Arc::default(),
            lost: Arc::default(),
            instruments: Instruments::default(),
            closing: watch::channel(false).1,
        };
        let maintenance = Maintenance::new(context, &self.config);
        Role { client, catalog, parts, maintenance }
    }
}

impl Process {
    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Sends one of each signal.
    pub(super) async fn send(&mut self) {
        let id = self.number * 10_000 + self.sent.len() as u64;
        self.send_all(&[span(id), log(id + 1), sample(id + 2)]).await;
    }

    pub(super) async fn send_only(&mut self, item: Item) {
        self.send_all(&[item]).await;
    }

    async fn send_all(&mut self, items: &[Item]) {
        self.sent.extend(items);
        if send(self.store(), items).await.is_ok() {
            self.acknowledged.extend(items);
        }
    }

    pub(super) async fn act(&self, action: Action) -> Result<(), StoreError> {
        act(self.store().clone(), action).await
    }

    /// Begins something that stops before the n-th operation on the bucket, counted from 1; `None`
    /// when it was over before.
    pub(super) async fn pause(
        &self,
        operation: u64,
        action: Action,
    ) -> Option<JoinHandle<Result<(), StoreError>>> {
        self.client.fail_at(operation, Fault::Pause);
        let mut task = tokio::spawn(act(self.store().clone(), action));
        tokio::select! {
            done = &mut task => {
                done.unwrap().unwrap();
                self.client.cancel_fault();
                None
            }
            () = self.client.paused() => Some(task),
        }
    }

    /// The process ends at once and is started again on its folder.
    pub(super) async fn restart(&mut self, cluster: &Cluster) {
        self.client.kill();
        drop(self.store.take());
        self.files.kill();
        self.client = cluster.bucket.client();
        self.store = Some(cluster.open(&self.files, &self.client).await.unwrap());
    }
}

impl Drop for Process {
    /// What is paused must not keep a test that failed from ending.
    fn drop(&mut self) {
        self.client.kill();
    }
}

async fn act(store: Store, action: Action) -> Result<(), StoreError> {
    match action {
        Action::Flush => store.flush().await,
        Action::Maintain => store.maintain().await,
    }
}

/// What a process must see: its own items, and of others' what was sent, each once.
pub(super) async fn check(process: &Process, all: &[&[Item]], context: &str) {
    let seen = stored(process.store()).await;
    for item in &process.acknowledged {
        assert_eq!(seen.get(item), Some(&1), "{context}: lost or doubled {item:?}");
    }
    for (item, count) in &seen {
        let was_sent = all.iter().any(|sent| sent.contains(item));
        assert!(was_sent && *count == 1, "{context}: {item:?} × {count}");
    }
}

/// All processes are killed, start again and flush; then each of them sees everything once.
pub(super) async fn check_restart(
    cluster: &Cluster,
    processes: &mut [&mut Process],
    context: &str,
) {
    for process in &mut *processes {
        process.restart(cluster).await;
    }
    for process in &mut *processes {
        process.store().flush().await.unwrap_or_else(|error| panic!("{context}: {error}"));
    }
    let sent: Vec<Vec<Item>> = processes.iter().map(|process| process.sent.clone()).collect();
    let sent: Vec<&[Item]> = sent.iter().map(Vec::as_slice).collect();
    let acknowledged: Vec<Item> =
        processes.iter().flat_map(|process| process.acknowledged.clone()).collect();
    for process in processes {
        process.store().inner.catalog.refresh().await.unwrap();
        check(process, &sent, context).await;
        let seen = stored(process.store()).await;
        for item in &acknowledged {
            assert_eq!(seen.get(item), Some(&1), "{context}: lost or doubled {item:?}");
        }
    }
}
