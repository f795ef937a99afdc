//! Requests that need not be durable when they are answered.

use std::time::Duration;

use super::harness::*;
use crate::{Durability, Store, WriteRequest};

/// Appends without waiting for a sync.
async fn append_unsynced(store: &Store, items: &[Item]) {
    let durability = Durability::WithinSecond;
    let batches = batches(items);
    let request =
        WriteRequest { received_at: NOON, batches, durability, ..WriteRequest::default() };
    assert_eq!(store.append(request).await.unwrap().items(), items.len());
}

/// What is stored after a loss of power, or a kill for no seed.
async fn after_restart(bench: &Bench, power_loss: Option<u64>) -> Ledger {
    match power_loss {
        Some(seed) => bench.files.lose_power(seed),
        None => bench.files.kill(),
    }
    let (store, _) = bench.open().await.unwrap();
    stored(&store).await
}

#[tokio::test]
async fn a_kill_loses_nothing_that_is_not_synced() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    append_unsynced(&store, &[sample(1)]).await;
    assert_eq!(stored(&store).await, ledger(vec![sample(1)]), "it is visible at once");
    assert_eq!(after_restart(&bench, None).await, ledger(vec![sample(1)]));
}

#[tokio::test]
async fn a_power_loss_takes_only_what_is_not_synced() {
    for seed in 0..8 {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        append_unsynced(&store, &[sample(1)]).await;
        // The sync of another request includes it.
        send(&store, &[sample(2)]).await.unwrap();
        append_unsynced(&store, &[sample(3)]).await;
        let mut found = after_restart(&bench, Some(seed)).await;
        found.remove(&sample(3));
        assert_eq!(found, ledger(vec![sample(1), sample(2)]), "seed {seed}");
    }
}

#[tokio::test]
async fn what_follows_a_lost_record_is_kept() {
    for seed in 0..8 {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        append_unsynced(&store, &[sample(1)]).await;
        after_restart(&bench, Some(seed)).await;
        let (store, _) = bench.open().await.unwrap();
        send(&store, &[sample(2)]).await.unwrap();
        let mut found = after_restart(&bench, Some(seed)).await;
        found.remove(&sample(1));
        assert_eq!(found, ledger(vec![sample(2)]), "seed {seed}");
    }
}

#[tokio::test]
async fn everything_is_synced_within_a_second() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    append_unsynced(&store, &[sample(1)]).await;
    bench.clock.advance(Duration::from_secs(1));
    // The log waits for a second of real time.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for seed in 0..8 {
        let files = bench.files.fork();
        files.lose_power(seed);
        let after = Bench { clock: bench.clock.clone(), files, config: config() };
        let (store, _) = after.open().await.unwrap();
        assert_eq!(stored(&store).await, ledger(vec![sample(1)]), "seed {seed}");
    }
}

#[tokio::test]
async fn closing_a_segment_and_closing_the_store_sync_everything() {
    for seed in 0..8 {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        append_unsynced(&store, &[sample(1)]).await;
        store.flush().await.unwrap();
        append_unsynced(&store, &[sample(2)]).await;
        store.close().await.unwrap();
        let found = after_restart(&bench, Some(seed)).await;
        assert_eq!(found, ledger(vec![sample(1), sample(2)]), "seed {seed}");
    }
}
