//! Readers beside a writer, flushes and merges: no answer doubles or drops a row, at any moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::harness::*;
use crate::Store;

const ITEMS: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_snapshot_holds_all_that_was_acknowledged_once() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let upkeep = tokio::spawn(upkeep(store.clone(), Arc::clone(&acknowledged)));
    let readers: Vec<_> =
        (0..2).map(|_| tokio::spawn(read(store.clone(), Arc::clone(&acknowledged)))).collect();
    for id in 0..ITEMS {
        send(&store, &[span(id), log(id), sample(id)]).await.unwrap();
        acknowledged.store(id + 1, Ordering::Release);
    }
    upkeep.await.unwrap();
    for reader in readers {
        reader.await.unwrap();
    }
    let all = (0..ITEMS).flat_map(|id| [span(id), log(id), sample(id)]);
    assert_eq!(stored(&store).await, ledger(all));
    store.close().await.unwrap();
}

async fn upkeep(store: Store, acknowledged: Arc<AtomicU64>) {
    while acknowledged.load(Ordering::Acquire) < ITEMS {
        store.flush().await.unwrap();
        store.maintain().await.unwrap();
    }
}

async fn read(store: Store, acknowledged: Arc<AtomicU64>) {
    let mut before = 0;
    while before < ITEMS {
        before = acknowledged.load(Ordering::Acquire);
        let stored = stored(&store).await;
        for id in 0..before {
            for item in [span(id), log(id), sample(id)] {
                assert_eq!(stored.get(&item), Some(&1), "{item:?}, {before} acknowledged");
            }
        }
        assert!(stored.values().all(|count| *count == 1));
    }
}
