//! Processes that compact or read without a data folder and a write-ahead log.

use signals::Signal;

use super::cluster::*;
use crate::tests::harness::*;

/// Every span and log record in the parts that a role sees.
async fn rows(role: &Role) -> Ledger {
    let mut ledger = Ledger::new();
    for signal in [Signal::Spans, Signal::Logs] {
        let parts = role.parts.read().overlapping(signal, EVERYTHING);
        for part in parts {
            count_rows(signal, &part_rows(&role.client, &part).await, &mut ledger);
        }
    }
    ledger
}

#[tokio::test]
async fn a_process_without_a_log_compacts_and_reads_what_others_stored() {
    let cluster = Cluster::new();
    let (mut a, mut b) = (cluster.start(1).await, cluster.start(2).await);
    let mut role = cluster.role().await;
    for process in [&mut a, &mut b] {
        process.send().await;
        process.store().flush().await.unwrap();
    }
    assert_eq!(rows(&role).await, Ledger::new());
    role.catalog.refresh().await.unwrap();
    let items: Vec<Item> = [a.acknowledged.clone(), b.acknowledged.clone()].concat();
    let mut expected = items.clone();
    expected.retain(|item| item.signal != Signal::Metrics);
    assert_eq!(rows(&role).await, ledger(expected.clone()));
    role.maintenance.run().await.unwrap();
    assert_eq!(role.parts.read().counts(Signal::Spans).parts, 1);
    assert_eq!(rows(&role).await, ledger(expected));
    // The writers find their parts merged.
    for process in [&a, &b] {
        process.store().inner.catalog.refresh().await.unwrap();
        assert_eq!(process.store().status().spans.parts, 1);
        assert_eq!(stored(process.store()).await, ledger(items.clone()));
    }
}
