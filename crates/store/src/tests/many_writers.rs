//! Several processes on one bucket: writers, a compactor and readers, with crashes, errors, lost
//! answers and pauses at every operation. Nothing that was acknowledged is lost, and nothing is
//! seen twice.

mod at_any_moment;
mod cluster;
mod gc;
mod random;
mod roles;

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::StoreError;
use crate::tests::harness::*;
use cluster::*;

#[tokio::test]
async fn two_writers_that_do_not_know_of_each_other_keep_both_their_parts() {
    let cluster = Cluster::new();
    let mut a = cluster.start(1).await;
    let mut b = cluster.start(2).await;
    for _ in 0..3 {
        for process in [&mut a, &mut b] {
            process.send().await;
            process.store().flush().await.unwrap();
        }
    }
    assert!(cluster.bucket.conflicts.load(Ordering::Relaxed) > 3, "each found the other's version");
    check_restart(&cluster, &mut [&mut a, &mut b], "two writers").await;
    assert_eq!(a.store().status().spans.parts, 6);
}

#[tokio::test]
async fn every_process_sees_what_the_others_have_stored_once_it_refreshes() {
    let cluster = Cluster::new();
    let mut a = cluster.start(1).await;
    let b = cluster.start(2).await;
    a.send().await;
    a.store().flush().await.unwrap();
    assert_eq!(stored(b.store()).await, Ledger::new());
    b.store().inner.catalog.refresh().await.unwrap();
    assert_eq!(stored(b.store()).await, ledger(a.acknowledged.clone()));
}

#[tokio::test]
async fn a_writer_that_paused_while_its_version_was_used_and_removed_commits_on_the_newest() {
    let cluster = Cluster::new();
    let mut a = cluster.start(1).await;
    let mut b = cluster.start(2).await;
    a.send_only(span(10_000)).await;
    // The first operation puts the part, the second the manifest.
    let paused = a.pause(2, Action::Flush).await.unwrap();
    for _ in 0..6 {
        b.send_only(span(20_000 + b.sent.len() as u64)).await;
        b.store().flush().await.unwrap();
    }
    let manifests = cluster.bucket.paths("manifest/spans").await;
    assert!(!manifests.iter().any(|path| path.ends_with("00000001.json")), "{manifests:?}");
    a.client.resume();
    paused.await.unwrap().unwrap();
    check_restart(&cluster, &mut [&mut a, &mut b], "paused").await;
}

#[tokio::test]
async fn a_reader_whose_parts_were_merged_and_removed_reads_those_that_replaced_them() {
    let cluster = Cluster::new();
    let mut a = cluster.start(1).await;
    for _ in 0..4 {
        a.send().await;
        a.store().flush().await.unwrap();
    }
    let reader = cluster.start(2).await;
    for _ in 0..3 {
        a.store().maintain().await.unwrap();
        cluster.clock.advance(Duration::from_mins(6));
    }
    a.store().maintain().await.unwrap();
    assert_eq!(cluster.bucket.paths("parts/metrics").await.len(), 1);
    // The reader was not refreshed.
    assert_eq!(reader.store().status().metrics.parts, 4);
    let mut samples = Ledger::new();
    stored_samples(reader.store(), &mut samples).await;
    let sent = a.acknowledged.iter().filter(|item| item.signal == signals::Signal::Metrics);
    assert_eq!(samples, ledger(sent.copied()));
    assert_eq!(reader.store().status().metrics.parts, 1);
}

#[tokio::test]
async fn a_copy_of_a_data_folder_in_use_is_found_out_and_hides_nothing() {
    let cluster = Cluster::new();
    let mut a = cluster.start(1).await;
    a.send().await;
    a.store().flush().await.unwrap();
    let mut copy = cluster.start_on(1, a.files.fork()).await;
    for _ in 0..2 {
        copy.send().await;
    }
    copy.store().flush().await.unwrap();
    for _ in 0..3 {
        a.send().await;
    }
    let error = a.store().flush().await.unwrap_err();
    assert!(matches!(error, StoreError::Fatal(_)), "{error:?}");
    assert!(error.to_string().contains("copy of this data folder"), "{error}");
}

#[tokio::test]
async fn a_bucket_that_writes_over_objects_is_refused() {
    let cluster = Cluster::new();
    cluster.bucket.ignore_conditions();
    let error = cluster.open(&cluster.files(), &cluster.bucket.client()).await.unwrap_err();
    assert!(matches!(error, StoreError::Config(_)), "{error:?}");
    assert!(error.to_string().contains("If-None-Match"), "{error}");
}

#[tokio::test]
async fn manifests_that_are_gone_are_put_together_with_the_parts_of_all_writers() {
    let cluster = Cluster::new();
    let (mut a, mut b) = (cluster.start(1).await, cluster.start(2).await);
    let mut role = cluster.role().await;
    for _ in 0..4 {
        for process in [&mut a, &mut b] {
            process.send().await;
            process.store().flush().await.unwrap();
        }
        role.maintenance.run().await.unwrap();
    }
    cluster.bucket.remove("manifest").await;
    check_restart(&cluster, &mut [&mut a, &mut b], "manifests are gone").await;
}
