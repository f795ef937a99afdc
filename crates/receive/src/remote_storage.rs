//! Remote write to other servers: the metrics that the store admits are sent to each server of
//! `remote_write`.
//!
//! The queue is the write-ahead log. A server has a task that follows the log and sends a round of
//! samples: the series are spread over shards, which send at the same time, and the round is
//! confirmed to the log when all of it was answered. After a crash the samples of an unconfirmed
//! round are sent again, which receivers take as duplicates. Source: "Prometheus Remote-Write
//! Specification" 1.0 and 2.0, and Prometheus' document "Remote write tuning".

mod round;
mod sender;
mod series;
mod server;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use adopt::prometheus::RemoteWrite;
use parking_lot::Mutex;
use signals::{Clock, Labels, MemoryBudget};
use store::Store;
use tokio_util::task::AbortOnDropHandle;

use self::sender::Sender;
use http_client::HostAddresses;

/// Sends metrics to all servers of `remote_write`.
pub struct RemoteStorage {
    store: Store,
    clock: Arc<dyn Clock>,
    addresses: Arc<HostAddresses>,
    memory: MemoryBudget,
    servers: Mutex<HashMap<String, Server>>,
}

/// A server with the task that sends to it.
struct Server {
    config: RemoteWrite,
    external_labels: Labels,
    counts: Arc<Counts>,
    _task: AbortOnDropHandle<()>,
}

/// What was done for a server since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    sent: AtomicU64,
    failed: AtomicU64,
    retried: AtomicU64,
    dropped: AtomicU64,
    sent_bytes: AtomicU64,
    shards: AtomicU64,
    behind: AtomicU64,
    lost_records: AtomicU64,
    last_error: Mutex<Option<String>>,
}

/// State of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerStatus {
    /// The name of its section, or its URL without a password.
    pub name: String,
    /// Samples and native histograms that the server accepted.
    pub sent: u64,
    /// Those that it refused for good.
    pub failed: u64,
    /// Those that were sent again, each time that they were.
    pub retried: u64,
    /// Those that were not sent: too old, native histograms that are not to be sent, or without
    /// labels after relabelling.
    pub dropped: u64,
    /// Bytes of the bodies that it accepted.
    pub sent_bytes: u64,
    /// Requests that are sent at the same time.
    pub shards: u64,
    /// Records of the write-ahead log that were not read yet.
    pub behind: u64,
    /// Records of the write-ahead log that were removed before they were read.
    pub lost_records: u64,
    /// Why the last request failed; `None` if it did not.
    pub last_error: Option<String>,
}

impl RemoteStorage {
    /// Sends to no server yet. `memory` is charged for what is being sent.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        addresses: HostAddresses,
        memory: MemoryBudget,
    ) -> Self {
        let addresses = Arc::new(addresses);
        Self { store, clock, addresses, memory, servers: Mutex::default() }
    }

    /// Replaces all servers. Those whose settings did not change go on; one that is new gets what
    /// is admitted from now on.
    ///
    /// # Errors
    /// What is wrong with a server, with its name; all servers stay as they were.
    pub fn apply(&self, configs: Vec<RemoteWrite>, external: &Labels) -> Result<(), String> {
        let mut servers = self.servers.lock();
        let mut senders = Vec::new();
        for (key, config) in keyed(configs) {
            let name = name(&config);
            let fail = |error: String| format!("remote_write {name:?}: {error}");
            let sender = Sender::new(&config, external, self).map_err(fail)?;
            senders.push((key, config, sender));
        }
        let names: Vec<String> = senders.iter().map(|(key, ..)| key.clone()).collect();
        let mut old = std::mem::take(&mut *servers);
        for (key, config, sender) in senders {
            let server = match old.remove(&key) {
                Some(server) if server.config == config && server.external_labels == *external => {
                    server
                }
                // Ends the old task first: two must not follow the log under one name.
                replaced => {
                    drop(replaced);
                    let counts = sender.counts();
                    let task = tokio::spawn(sender.run(key.clone()));
                    let external_labels = external.clone();
                    Server { config, external_labels, counts, _task: AbortOnDropHandle::new(task) }
                }
            };
            servers.insert(key, server);
        }
        drop(old);
        self.store.retain_followers(&names).map_err(|error| error.to_string())
    }

    /// The state of all servers, sorted by name.
    #[must_use]
    pub fn status(&self) -> Vec<ServerStatus> {
        let servers = self.servers.lock();
        let mut status: Vec<_> = servers
            .values()
            .map(|server| ServerStatus { name: name(&server.config), ..server.counts.snapshot() })
            .collect();
        status.sort_by(|a, b| a.name.cmp(&b.name));
        status
    }

    /// Ends all tasks. What was not sent is sent by the next process.
    pub fn close(&self) {
        self.servers.lock().clear();
    }
}

impl Counts {
    fn snapshot(&self) -> ServerStatus {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ServerStatus {
            name: String::new(),
            sent: get(&self.sent),
            failed: get(&self.failed),
            retried: get(&self.retried),
            dropped: get(&self.dropped),
            sent_bytes: get(&self.sent_bytes),
            shards: get(&self.shards),
            behind: get(&self.behind),
            lost_records: get(&self.lost_records),
            last_error: self.last_error.lock().clone(),
        }
    }
}

fn name(config: &RemoteWrite) -> String {
    config.name.clone().unwrap_or_else(|| config.url.to_string())
}

/// The servers by names under which they follow the log: the same after a restart, also if other
/// settings have changed.
fn keyed(configs: Vec<RemoteWrite>) -> Vec<(String, RemoteWrite)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut keyed = Vec::new();
    for config in configs {
        let name = name(&config);
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        keyed.push((format!("remote-write-{:016x}-{count}", fnv(name.as_bytes())), config));
    }
    keyed
}

/// The hash FNV-1a with 64 bits, which stays the same in all versions.
fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
